"""A Plan as the arrays that the kernels read, in one block of bytes; the structures mirror `kernels/types.cuh`."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from qml.engine.gpu.bits import Span, signature
from qml.engine.gpu.coordinates import TRIALS, AddressMap, Coordinates, address_map, coordinates, single_bits
from qml.engine.gpu.instance import FLIPS, SIGNED, VARIED, WORDS_FLIP, Instance
from qml.engine.gpu.schedule import Pass, large_schedule, small_schedule
from qml.engine.plan import Plan, Turn

MAX_K, MAX_TILE, MAX_OUTER = 5, 14, 20
GROUPED = 48  # rotations whose cosines are applied at once: at worst 2**-24 stays far from underflow
ALIGNED = 256
KIND = {"constant": 0, "shared": 1, "row": 2}
PREFIX, TABLE, PHASE, ROTATION, ROW_ROTATION = range(5)

_INTEGERS = ("kind", "column", "role", "pass", "axis", "local", "slot", "coordinate")
TURN = np.dtype(
    [("coefficient", "<f8"), ("constant", "<f8"), ("x", "<u4"), ("z", "<u4"), *((name, "<i4") for name in _INTEGERS)]
)
PASS = np.dtype(
    [(name, "<u2", MAX_K) for name in ("reg", "pattern", "thread_z", "kind")]
    + [("turn", "<i4", MAX_K), *((name, "<i4") for name in ("table", "spot", "spots", "scaled", "plain"))]
)
GROUP = np.dtype([(name, "<i4") for name in ("first", "last", "pass", "pad")])
SPOT = np.dtype([(name, "<i4") for name in ("coordinate", "first", "count", "pad")])
WORD = np.dtype([("x", "<u4"), ("z", "<u4"), ("sign", "<i4"), ("pad", "<i4")])
CHANNEL = np.dtype([("x", "<u4"), *((name, "<i4") for name in ("odd", "address", "spot", "spots", "pad"))])
SWEEP = np.dtype(
    [("tile", "<u4", MAX_TILE), ("outer", "<u4", MAX_OUTER)]
    + [(name, "<i4") for name in ("pass0", "pass1", "natural", "turn0", "turn1", "pad")]
)

PROGRAM = (
    *("turns", "passes", "groups", "diagonals", "spots", "members", "words", "channels", "sweeps", "bases", "masks"),
    *("prefix", "wires", "locals", "column_first", "column_locals", "shared_turns", "shared_first", "shared_slots"),
)
SETUP = ("angles", "cosines", "scales", "frames", "forms", "word_signs", "tables")
DATA = ("rows", "shared", "initial", "cotangent", "values", "grad_rows", "grad_shared", "grad_initial", "kets")
SUMS = ("parts", "table_sums", "arena", "row_parts", "word_parts", "wire_parts")
STATE = ("local_values", "source", "ket", "bra")
COUNTS = ("n", "n_turns", "n_prefix", "n_local", "n_slots", "n_passes", "n_groups", "n_tables", "n_words")
COUNTS += ("n_channels", "n_rows", "n_shared")
CONTROLS = ("batch", "mode", "arena_shared", "arena_words", "sweep", "tiles", "part_blocks", "accumulate")
CONTROLS += ("tables_inside", "pad")


class Call(ctypes.Structure):
    """The one argument of every kernel, handed over by value."""

    _fields_ = [
        *((name, ctypes.c_void_p) for name in PROGRAM + SETUP + DATA + SUMS + STATE),
        ("initial_stride", ctypes.c_int64),
        *((name, ctypes.c_int) for name in COUNTS + CONTROLS),
    ]


@dataclass(frozen=True)
class Packed:
    """A Plan for one instance.

    Args:
        instance: the compilation that runs it.
        plan: what it is.
        blob: all arrays, one behind the other.
        offsets: where each begins.
        counts: the numbers of `COUNTS`.
        sweeps: sweeps over the state; the natural one, of single bits, is not counted.
        conflicts: passes whose accesses to shared memory meet a bank twice.
    """

    instance: Instance
    plan: Plan
    blob: np.ndarray
    offsets: dict[str, int]
    counts: dict[str, int]
    sweeps: int
    conflicts: int


def pack(plan: Plan, instance: Instance) -> Packed:
    """Arrange `plan` for `instance`, whose paths are narrowed to those that the Plan takes."""
    return _Packer(plan, instance).packed()


class _Packer:
    """The arrays while they are filled; turns are numbered in order of application."""

    def __init__(self, plan: Plan, instance: Instance):
        self.plan, self.instance = plan, instance
        k, tile = instance.register_bits, instance.tile_bits
        self.sweeps = large_schedule(plan, k, tile) if instance.large else small_schedule(plan, k)
        self.passes = [p for sweep in self.sweeps for p in sweep.passes]
        self.spans = [Span(sweep.tile) for sweep in self.sweeps for _ in sweep.passes]
        self.turns: list[tuple] = []
        self.spots: list[tuple] = []
        self.members: list[int] = []
        self.locals: list[int] = []
        self.shared_turns: list[int] = []
        self.paths = 0

    def packed(self) -> Packed:
        """All arrays in one block."""
        address, systems, naturals, conflicts = self._systems()
        prefix = self._prefix()
        n_prefix = len(self.turns)
        packed_passes = [self._pass(i, p, systems[i], address) for i, p in enumerate(self.passes)]
        groups, diagonals = self._groups(packed_passes, n_prefix)
        words, channels = self._words(systems[-1] if not self.instance.large else naturals[0], address)
        passes = np.array(packed_passes + [self._natural(c, address) for c in naturals], PASS)
        every = [*systems, *naturals]
        arrays = {
            "turns": np.array(self.turns, TURN),
            "passes": passes,
            "groups": groups,
            "diagonals": diagonals,
            "spots": np.array(self.spots, SPOT),
            "members": np.array(self.members, np.int32),
            "words": words,
            "channels": channels,
            "sweeps": self._sweeps(),
            "bases": np.array([self._bases(c, address) for c in every], np.uint16),
            "masks": np.array([c.masks + (0,) * (MAX_TILE - len(c.masks)) for c in every], np.uint32),
            "prefix": np.array(prefix, np.int32),
            "wires": np.array(self._wires(naturals), np.int32),
            "locals": np.array(self.locals, np.int32),
            **self._columns(),
        }
        counts: dict[str, int] = dict(
            zip(COUNTS, self._counts(n_prefix, len(groups), len(diagonals), len(channels)), strict=True)
        )
        blob, offsets = _joined(arrays)
        instance = replace(self.instance, paths=self.paths)
        return Packed(instance, self.plan, blob, offsets, counts, len(self.sweeps), conflicts)

    def _counts(self, n_prefix: int, groups: int, diagonals: int, channels: int) -> tuple[int, ...]:
        plan = self.plan
        own = (plan.n_qubits, len(self.turns), n_prefix, len(self.locals), len(self.shared_turns), len(self.passes))
        return (*own, groups, diagonals, plan.n_words, channels, plan.n_rows, plan.n_shared)

    # ------------------------------------------------------------------------------------------- coordinates

    def _systems(self) -> tuple[AddressMap, list[Coordinates], list[Coordinates], int]:
        """Coordinates of all passes, and of the natural order; the address map with the fewest conflicts."""
        k, tile = self.instance.register_bits, self.instance.tile_bits
        local = [
            ([span.coordinates(t.x) for t in p.rotations], [signature(t.z, span.masks) for t in p.rotations])
            for p, span in zip(self.passes, self.spans, strict=True)
        ]
        found = []
        for number in range(TRIALS):
            address = address_map(tile, number)
            known: dict[tuple, Coordinates] = {}
            for xs, zs in local:
                key = (tuple(xs), tuple(zs))
                if key not in known:
                    known[key] = coordinates(xs, zs, k, tile, address)
            systems = [known[tuple(xs), tuple(zs)] for xs, zs in local]
            natural = single_bits(k, tile, address, self.instance.large or self.plan.initial)
            conflicts = sum(c.conflicts for c in systems)
            found.append(
                (
                    conflicts + (natural.conflicts and not self.instance.large),
                    number,
                    address,
                    systems,
                    natural,
                    conflicts,
                )
            )
            if found[-1][0] == 0:
                break
        _, _, address, systems, natural, conflicts = min(found, key=lambda trial: trial[:2])
        return address, systems, [natural] * (len(self.sweeps) if self.instance.large else 1), conflicts

    def _bases(self, system: Coordinates, address: AddressMap) -> list[int]:
        places = [0]
        for mask in system.thread:
            step = address.place(mask)
            places += [place ^ step for place in places]
        return places

    def _wires(self, naturals: Sequence[Coordinates]) -> list[int]:
        """Bits of the index in the natural order: registers, threads, outside."""
        inside = [mask.bit_length() - 1 for mask in naturals[0].masks]
        return inside + list(range(self.instance.tile_bits, self.plan.n_qubits))

    # ------------------------------------------------------------------------------------------------- turns

    def _turn(self, turn: Turn, role: int, number: int, axis: int = -1, coordinate: int = 0, sign: int = 1) -> int:
        index = len(self.turns)
        local = slot = -1
        if role == PREFIX or turn.kind == "row":
            local = len(self.locals)
            self.locals.append(index)
        if turn.kind == "shared":
            slot = len(self.shared_turns)
            self.shared_turns.append(index)
        places = (KIND[turn.kind], turn.column, role, number, axis, local, slot, coordinate)
        self.turns.append((sign * turn.coefficient, sign * turn.constant, turn.x, turn.z, *places))
        return index

    def _prefix(self) -> list[int]:
        starts = []
        for bit in self.plan.prefix:
            starts.append(len(self.turns))
            for turn in bit:
                self._turn(turn, PREFIX, -1, axis=2 if not turn.x else 1 if turn.z else 0)
        return [*starts, len(self.turns)]

    def _pass(self, number: int, p: Pass, system: Coordinates, address: AddressMap) -> tuple:
        span, k = self.spans[number], self.instance.register_bits

        def pattern(turn: Turn) -> int:
            return signature(signature(turn.z, span.masks), system.masks)

        table = number if p.table else -1  # numbered by `_groups`
        for turn in p.table:
            self._turn(turn, TABLE, number, coordinate=pattern(turn))
        found = [(pattern(turn), self._turn(turn, PHASE, number)) for turn in p.phases]
        spot, spots = self._spots(found)
        self.paths |= VARIED if found else 0
        columns = [[0] * MAX_K for _ in range(4)]
        for j, mask in enumerate(system.register):
            columns[0][j] = address.place(mask)
        indices = [-1] * MAX_K
        for j, turn in enumerate(p.rotations):
            letters, row = (turn.x & turn.z).bit_count() & 3, turn.kind == "row"
            signs = pattern(turn) & ~(1 << j)
            indices[j] = self._turn(
                turn, ROW_ROTATION if row else ROTATION, number, sign=1 if letters in (0, 1) else -1
            )
            columns[1][j], columns[2][j] = signs & (1 << k) - 1, signs >> k
            columns[3][j] = (1 if letters & 1 else 2) + 2 * row
            self.paths |= (SIGNED if signs else 0) | (0 if letters & 1 else FLIPS) | (VARIED if row else 0)
        plain = len(p.rotations) == k and columns[3][:k] == [1] * k and not any(columns[1] + columns[2]) and not spots
        return (*columns, indices, table, spot, spots, 0, int(plain))

    def _natural(self, system: Coordinates, address: AddressMap) -> tuple:
        reg = [address.place(mask) for mask in system.register] + [0] * (MAX_K - len(system.register))
        nothing = [0] * MAX_K
        return (reg, nothing, nothing, nothing, [-1] * MAX_K, -1, 0, 0, 0, 0)

    def _spots(self, found: Sequence[tuple[int, int]]) -> tuple[int, int]:
        """Members by their coordinate; returns the first spot and how many there are."""
        first, by_coordinate = len(self.spots), {}
        for coordinate, member in found:
            by_coordinate.setdefault(coordinate, []).append(member)
        for coordinate, members in by_coordinate.items():
            self.spots.append((coordinate, len(self.members), len(members), 0))
            self.members.extend(members)
        return first, len(by_coordinate)

    def _groups(self, packed: list[tuple], n_prefix: int) -> tuple[np.ndarray, np.ndarray]:
        """Which pass applies the cosines of which turns; marks those passes in `packed`, and numbers the tables."""
        starts, at = [], n_prefix
        for p in self.passes:
            starts.append(at)
            at += len(p.turns)
        starts.append(at)
        owners, waiting, diagonals = [], 0, []
        for number, p in enumerate(self.passes):
            shared = sum(turn.kind != "row" for turn in p.rotations)
            if number == 0 or p.table or waiting + shared > GROUPED:
                owners.append(number)
                waiting = 0
            waiting += shared
            if p.table:
                packed[number] = (*packed[number][:5], len(diagonals), *packed[number][6:])
                diagonals.append((starts[number], starts[number] + len(p.table), number, 0))
        groups = []
        for owner, following in zip(owners, [*owners[1:], len(self.passes)], strict=True):
            groups.append((starts[owner], starts[following], owner, 0))
            if not self.passes[owner].table:
                packed[owner] = (*packed[owner][:8], 1, packed[owner][9])
        return np.array(groups, GROUP), np.array(diagonals, GROUP)

    def _words(self, system: Coordinates, address: AddressMap) -> tuple[np.ndarray, np.ndarray]:
        """Words and their channels, read in the coordinates of the last pass, or natural ones of a large state."""
        large = self.instance.large
        span = Span(1 << bit for bit in range(self.instance.tile_bits)) if large else self.spans[-1]
        words, by_channel = [], {}
        for number, (x, z) in enumerate(self.plan.words):
            letters = (x & z).bit_count() & 3
            words.append((x, z, 1 if letters in (0, 1) else -1, 0))
            coordinate = signature(signature(z, span.masks), system.masks)
            by_channel.setdefault((x, letters & 1), []).append((coordinate, number))
            self.paths |= WORDS_FLIP if x else 0
        channels = []
        for (x, odd), found in by_channel.items():
            place = 0 if large else address.place(span.coordinates(x))
            channels.append((x, odd, place, *self._spots(found), 0))
        return np.array(words, WORD), np.array(channels, CHANNEL)

    def _sweeps(self) -> np.ndarray:
        result = np.zeros(len(self.sweeps) + 1, SWEEP)
        start, turns = 0, len(self.turns) - sum(len(p.turns) for p in self.passes)
        for number, sweep in enumerate(self.sweeps):
            entry, count = result[number], sum(len(p.turns) for p in sweep.passes)
            entry["tile"][: len(sweep.tile)], entry["outer"][: len(sweep.outer)] = sweep.tile, sweep.outer
            entry["pass0"], entry["pass1"] = start, start + len(sweep.passes)
            entry["turn0"], entry["turn1"] = turns, turns + count
            entry["natural"] = len(self.passes) + (number if self.instance.large else 0)
            start, turns = start + len(sweep.passes), turns + count
        tile, n = self.instance.tile_bits, self.plan.n_qubits
        result[-1]["tile"][:tile] = [1 << bit for bit in range(tile)]
        result[-1]["outer"][: n - tile] = [1 << bit for bit in range(tile, n)]
        return result

    def _columns(self) -> dict[str, np.ndarray]:
        """Which turns read which column, as lists one behind the other."""
        plan, rows, shared = self.plan, {}, {}
        for local, index in enumerate(self.locals):
            if self.turns[index][4] == KIND["row"]:
                rows.setdefault(self.turns[index][5], []).append(local)
        for slot, index in enumerate(self.shared_turns):
            shared.setdefault(self.turns[index][5], []).append(slot)
        return {
            "column_first": _starts(rows, plan.n_rows),
            "column_locals": np.array([v for c in range(plan.n_rows) for v in rows.get(c, ())], np.int32),
            "shared_turns": np.array(self.shared_turns, np.int32),
            "shared_first": _starts(shared, plan.n_shared),
            "shared_slots": np.array([v for c in range(plan.n_shared) for v in shared.get(c, ())], np.int32),
        }


def _starts(lists: dict[int, list[int]], count: int) -> np.ndarray:
    return np.cumsum([0] + [len(lists.get(c, ())) for c in range(count)]).astype(np.int32)


def _joined(arrays: dict[str, np.ndarray]) -> tuple[np.ndarray, dict[str, int]]:
    offsets, size = {}, 0
    for name, array in arrays.items():
        offsets[name] = size
        size += -(-max(array.nbytes, 1) // ALIGNED) * ALIGNED
    blob = np.zeros(size, np.uint8)
    for name, array in arrays.items():
        blob[offsets[name] : offsets[name] + array.nbytes] = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
    return blob, offsets
