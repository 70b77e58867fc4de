"""A Plan as the flat tables that this engine's compiled half reads; packed once a plan, precision and tile size."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from qml.base.lazy import cached_property
from qml.engine.pack import Records
from qml.engine.plan import Plan
from qml.engine.tile import normal_sign, odd
from qml.engine.vector import VECTOR_BYTES
from qml.engine.wide import layout as L
from qml.engine.wide.kernels import BACKWARD_WIDTH, FORWARD_WIDTH, LANE_WIDTH
from qml.engine.wide.lanes import ROW
from qml.engine.wide.local import Coordinates, Item, Local, groups, shares
from qml.engine.wide.memory import State
from qml.engine.wide.pieces import wide_library
from qml.engine.wide.sweeps import Sweep, sweeps
from qml.engine.wide.words import MOST_IN_TILES

MOST_CHUNKS = 64
PAIR = 2 * VECTOR_BYTES  # bytes of a vector of real parts and one of imaginary parts
TILE_BYTES = 256 << 10  # of one state: ket and bra of a tile share the second-level cache


@dataclass(frozen=True)
class Slots:
    """Where the sums of one sweep belong: slot `s` is the slope of turn `turns[s]`, the rest are values of words."""

    turns: np.ndarray
    words: np.ndarray
    chunks: int

    def __len__(self) -> int:
        return len(self.turns) + len(self.words)


class Packed:
    """A plan in tables, with the compiled pieces it needs.

    Args:
        plan: what to run.
        dtype: `"float32"` or `"float64"`.
        tile_bytes: bytes of one state in a tile.
    """

    def __init__(self, plan: Plan, dtype: str, tile_bytes: int = TILE_BYTES):
        self.library, self.real = wide_library(dtype), np.dtype(dtype)
        self.lanes = VECTOR_BYTES // self.real.itemsize
        self.lane_bits = self.lanes.bit_length() - 1
        self.plan = _with_bits(plan, self.lane_bits + ROW.bit_length() - 1)
        self.n_vectors = 1 << (self.plan.n_qubits - self.lane_bits)
        self.state_bytes = self.n_vectors * PAIR
        self.low_bits = max(self.lane_bits, self.plan.n_qubits // 2)
        tile_bits = min((tile_bytes // PAIR).bit_length() - 1, self.plan.n_qubits - self.lane_bits)
        self._arrays: list[np.ndarray] = []  # keeps alive what the tables point to
        self.factors: list[list[int]] = []  # turns whose cosines each factor multiplies
        self.kernels: dict[bool, set[str]] = {False: set(), True: set()}
        self.z_words = [number for number, (x, _) in enumerate(plan.words) if x == 0]
        self.flip_words = [number for number, (x, _) in enumerate(plan.words) if x]
        self.dense = len(self.z_words) > MOST_IN_TILES
        self.slots: list[Slots] = []
        self.most_highs = 1
        cut = sweeps(self.plan, self.lane_bits, tile_bits)
        self.sweeps = [self._sweep(sweep, last=sweep is cut[-1]) for sweep in cut]
        self.flips = {number: self._flip(*plan.words[number]) for number in self.flip_words}
        self.tile_vectors = 1 << tile_bits
        self.address = self._plan()
        self.nbytes = sum(array.nbytes for array in self._arrays)
        # A rough model of a gradient, measured on one AVX-512 machine; it only steers threads.
        self.row_seconds = 1e-9 * (1 << plan.n_qubits) * 0.1 * len(plan.turns)

    def new_state(self) -> State:
        """Room for one ket or bra."""
        return State(self.n_vectors, self.lanes, self.real)

    @cached_property
    def run_sweep(self) -> Callable[..., int]:
        """`(plan, frame, work, sweep, what)`."""
        return self.library.function("run_sweep")

    @cached_property
    def contract(self) -> Callable[..., int]:
        """`(plan, frame)`."""
        return self.library.function("contract")

    @property
    def most_sums(self) -> int:
        """Numbers that all chunks of the widest sweep leave."""
        return max(slots.chunks * len(slots) for slots in self.slots)

    def entries(self, gradient: bool) -> list[str]:
        """Names of the compiled pieces that a call needs."""
        names = ["run_sweep", "load_tile", "store_tile", "make_product", "move_forward", "phase_forward"]
        names += ["read_words"] if self.z_words and not self.dense else []
        names += ["read_flip"] if self.flip_words else []
        names += sorted(self.kernels[False])
        if gradient:
            names += ["move_backward", "phase_backward", "contract", "start_bra", *sorted(self.kernels[True])]
            names += ["add_flip"] if self.flip_words else []
        return names

    # ---------------------------------------------------------------------------------------------- tables
    def _address(self, array: np.ndarray) -> int:
        self._arrays.append(array)
        return array.ctypes.data

    def _aligned(self, values: np.ndarray) -> int:
        """Address of a copy that starts at a multiple of a vector."""
        raw = np.empty(values.nbytes + VECTOR_BYTES, np.uint8)
        start = -self._address(raw) % VECTOR_BYTES
        copy = raw[start : start + values.nbytes].view(values.dtype)
        copy[:] = values.ravel()
        return copy.ctypes.data

    def _record(self, size: int, fields: dict[int, int]) -> int:
        table = Records(size)
        table.add(fields)
        return self._address(table.array())

    def _span(self, size: int, rows: Sequence[dict[int, int]]) -> tuple[int, int]:
        """Addresses of the first record and behind the last."""
        table = Records(size)
        for row in rows:
            table.add(row)
        first = self._address(table.array())
        return first, first + 8 * size * len(rows)

    def _plan(self) -> int:
        lane = np.arange(self.lanes)
        minus = (np.bitwise_count(lane[:, None] & lane) & 1).astype(np.int8)
        whole = np.dtype(f"i{self.real.itemsize}")
        fields = {
            L.PLAN_LANE_BITS: self.lane_bits,
            L.PLAN_VECTORS: self.n_vectors,
            L.PLAN_LOW_VECTORS: 1 << (self.low_bits - self.lane_bits),
            L.PLAN_ENTRIES: self.library.addresses.ctypes.data,
            L.PLAN_LANE_SIGNS: self._aligned((1 - 2 * minus).astype(self.real)),
            L.PLAN_LANE_MASKS: self._aligned((-minus).astype(whole)),
        }
        return self._record(L.PLAN_SIZE, fields)

    def _sweep(self, sweep: Sweep, last: bool) -> int:
        place = Coordinates(sweep, self.plan.n_qubits, self.lane_bits)
        bases, shears = place.bases(), place.shears()
        turns = sorted({numbered.number for step in sweep.steps for numbered in step.turns})
        words = np.array(self.z_words if last and not self.dense else [], np.int64)
        chunks = min(len(bases), MOST_CHUNKS)
        self.slots.append(Slots(np.array(turns, np.int64), words, chunks))
        slot_of = {number: slot for slot, number in enumerate(turns)}
        steps = {False: [], True: []}
        for step in sweep.steps:
            items = [place.item(numbered) for numbered in step.turns]
            for backward, width in ((False, FORWARD_WIDTH), (True, BACKWARD_WIDTH)):
                if step.diagonal:
                    terms = [(item.number, slot_of[item.number], item.local) for item in items]
                    steps[backward] += [{L.STEP_STRINGS: s} for s in self._strings(place.bits, terms)]
                else:
                    steps[backward] += self._groups(place.bits, items, width, backward, slot_of)
        forward, backward = (self._span(L.STEP_SIZE, steps[kind]) for kind in (False, True))
        word_terms = [(int(w), len(turns) + k, place.local(*self.plan.words[w])) for k, w in enumerate(words)]
        fields = {
            L.SWEEP_VECTORS: 1 << place.bits,
            L.SWEEP_TILES: len(bases),
            L.SWEEP_CHUNKS: chunks,
            L.SWEEP_SLOTS: len(self.slots[-1]),
            L.SWEEP_BASES: self._address(bases * PAIR),
            L.SWEEP_OFFSETS: self._address(place.offsets() * PAIR),
            L.SWEEP_SHEARS: self._address(shears) if shears.any() else 0,
            L.SWEEP_FORWARD: forward[0],
            L.SWEEP_FORWARD_END: forward[1],
            L.SWEEP_BACKWARD: backward[0],
            L.SWEEP_BACKWARD_END: backward[1],
            L.SWEEP_WORDS: self._strings(place.bits, word_terms, split=False)[0] if last else 0,
        }
        return self._record(L.SWEEP_SIZE, fields)

    def _groups(self, bits: int, items: list[Item], width: int, backward: bool, slot_of: dict[int, int]) -> list:
        """Steps of mixing turns."""
        rows = []
        vectors, lanes = ([item for item in items if bool(item.local.flips) is wanted] for wanted in (True, False))
        for group in [*groups(vectors, width), *groups(lanes, LANE_WIDTH)]:
            cross = bool(group[0].local.flips and group[0].local.swap)
            family = "x" if cross else "" if group[0].local.flips else "l"
            name = f"{family}{'fb'[backward]}_{len(group)}_{group[0].coupling}"
            self.kernels[backward].add(name)
            self.factors.append([item.number for item in group])
            for share in shares(bits, group):
                offsets = share.offsets * PAIR
                if cross:
                    offsets = np.append(offsets, group[0].local.swap)
                elif family:
                    offsets = np.array([item.local.swap for item in group], np.int64)
                gates = [self._gate(item, share.signs >> k & 1, slot_of) for k, item in enumerate(group)]
                first, end = self._span(L.GATE_SIZE, gates)
                row = {
                    L.STEP_KERNEL: L.ENTRIES.index(name),
                    L.STEP_BASES: self._address((share.bases * PAIR).astype(np.uint32)),
                    L.STEP_COSETS: len(share.bases),
                    L.STEP_OFFSETS: self._address(offsets),
                    L.STEP_GATE: first,
                    L.STEP_GATE_END: end,
                    L.STEP_CROSS: int(cross),
                    L.STEP_FACTOR: len(self.factors) - 1,
                }
                rows.append(row)
        return rows

    def _gate(self, item: Item, minus: int, slot_of: dict[int, int]) -> dict[int, int]:
        return {
            L.GATE_TURN: item.number,
            L.GATE_SLOT: slot_of[item.number],
            L.GATE_SIGN: normal_sign(item.turn) * (1 - 2 * minus),
            L.GATE_BASE: item.local.base,
            L.GATE_LANES: item.local.lanes,
            L.GATE_TWIST: 1 - 2 * odd(item.local.flips & item.local.signs),
        }

    def _strings(self, bits: int, terms: list[tuple[int, int, Local]], split: bool = True) -> list[int]:
        """Records of words of Z, `(number, slot, local)` each, `MOST_STRINGS` in one where they may be split."""
        row_bits = ROW.bit_length() - 1
        low = [term for term in terms if not term[2].signs >> row_bits]
        high = sorted((term for term in terms if term[2].signs >> row_bits), key=lambda term: term[2].signs & (ROW - 1))
        most = L.MOST_STRINGS if split else max(len(high), 1)
        parts = [high[first : first + most] for first in range(0, max(len(high), 1), most)]
        return [self._strings_record(bits, low if k == 0 else [], part) for k, part in enumerate(parts)]

    def _strings_record(self, bits: int, low: list, high: list) -> int:
        self.most_highs = max(self.most_highs, len(high))
        row = np.arange(1 << bits >> (ROW.bit_length() - 1))
        masks = np.array([local.signs // ROW for _, _, local in high], np.int64)
        minus = np.bitwise_count(row[:, None] & masks) & 1
        places = np.array([local.signs % ROW for _, _, local in high], np.int64)
        picks = np.arange(len(high)) * PAIR + minus * VECTOR_BYTES
        low_first, low_end = self._span(L.TERM_SIZE, [_term(*term) for term in low])
        fields = {
            L.STRINGS_LOW: low_first,
            L.STRINGS_LOW_END: low_end,
            L.STRINGS_HIGH: self._span(L.TERM_SIZE, [_term(*term) for term in high])[0],
            L.STRINGS_HIGHS: len(high),
            L.STRINGS_FIRST: self._address(np.searchsorted(places, np.arange(ROW + 1)).astype(np.int64)),
            L.STRINGS_PICKS: self._address(np.ascontiguousarray(picks, np.uint32)),
            L.STRINGS_SIGNS: self._address(np.ascontiguousarray(1 - 2.0 * minus, self.real)),
        }
        return self._record(L.STRINGS_SIZE, fields)

    def _flip(self, x: int, z: int) -> int:
        quarter = (x & z).bit_count() % 4  # i ** quarter = sign, or sign * i
        return self._record(
            L.FLIP_SIZE, {L.FLIP_X: x, L.FLIP_Z: z, L.FLIP_ODD: quarter & 1, L.FLIP_SIGN: 1 - 2 * (quarter >> 1)}
        )


def _term(number: int, slot: int, local: Local) -> dict[int, int]:
    return {
        L.TERM_NUMBER: number,
        L.TERM_SLOT: slot,
        L.TERM_PLACE: local.signs % ROW,
        L.TERM_BASE: local.base,
        L.TERM_LANES: local.lanes,
    }


def _with_bits(plan: Plan, least: int) -> Plan:
    """The same plan on at least `least` bits; those on top stay 0."""
    more = max(least - plan.n_qubits, 0)
    return replace(plan, n_qubits=plan.n_qubits + more, prefix=(*plan.prefix, *[()] * more)) if more else plan
