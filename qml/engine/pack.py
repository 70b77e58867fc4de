"""A Plan as the flat tables that compiled code reads; packed once a plan and precision, kept while it is used."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby

import numpy as np

from qml.engine import layout as L
from qml.engine.cache import library
from qml.engine.kernels import kernel_number
from qml.engine.plan import Plan, Turn
from qml.engine.tile import Segment, cosets, coupling, groups, normal_sign, reading, segments
from qml.engine.vector import VECTOR_BYTES

KINDS = {"constant": L.KIND_CONSTANT, "shared": L.KIND_SHARED, "row": L.KIND_ROW}

# Kets that are swept together must not start at the same offset modulo 4096: stores would alias with loads.
STAGGER = 704


class Records:
    """Rows of one record type; fields are given by the constants of `qml.engine.layout`."""

    def __init__(self, size: int):
        self.size = size
        self._rows: list[np.ndarray] = []

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, fields: Mapping[int, int | float]) -> int:
        """Append a record and return its number; a float is stored as float64."""
        row = np.zeros(self.size, np.int64)
        for place, value in fields.items():
            if isinstance(value, float):
                row.view(np.float64)[place] = value
            else:
                row[place] = value
        self._rows.append(row)
        return len(self._rows) - 1

    def array(self) -> np.ndarray:
        """All records behind one another; at least one number long, so that it has an address."""
        return np.concatenate([*self._rows, np.zeros(1, np.int64)])


def turn_fields(turn: Turn, z: int) -> dict[int, int | float]:
    """The record of a turn; `z` is what its place in the plan needs of the masks."""
    return {
        L.TURN_KIND: KINDS[turn.kind],
        L.TURN_COLUMN: max(turn.column, 0),
        L.TURN_X: turn.x,
        L.TURN_Z: z,
        L.TURN_COEFFICIENT: float(turn.coefficient),
        L.TURN_CONSTANT: float(turn.constant),
    }


def ket_bytes(plan: Plan) -> int:
    """Distance of two kets of one tile in memory."""
    return (2 << plan.n_qubits) * VECTOR_BYTES + STAGGER


def _rounded(count: int) -> int:
    """`count` float64 numbers in whole vectors."""
    lanes = VECTOR_BYTES // 8
    return -(-count // lanes) * lanes


class Packed:
    """A plan in tables, with the compiled pieces it needs.

    Args:
        plan: what to run.
        dtype: `"float32"` or `"float64"`.
        lean: for gradients that un-compute kets.
    """

    def __init__(self, plan: Plan, dtype: str, lean: bool = False):
        self.plan, self.dtype, self.lean = plan, dtype, lean
        self.library = library(dtype)
        self.amplitudes = 1 << plan.n_qubits
        self.vector_lanes = VECTOR_BYTES // np.dtype(dtype).itemsize
        self.ket_bytes = ket_bytes(plan)
        self._segments, self._groups = Records(L.SEGMENT_SIZE), Records(L.GROUP_SIZE)
        self._gates, self._turns = Records(L.GATE_SIZE), Records(L.TURN_SIZE)
        self._table_turns, self._lane_turns = Records(L.TURN_SIZE), Records(L.TURN_SIZE)
        self._table_first, self.n_lanes = [0], 0
        self._arrays: list[np.ndarray] = []  # keeps alive what the tables point to
        self._kernels: list[str] = []
        # A lean run un-computes kets, which must come back at their true length: every segment needs a table.
        for segment in segments(plan, 0) if lean else segments(plan):
            self._add_segment(segment)
        self.n_segments, self.n_groups = len(self._segments), len(self._groups)
        self.n_gates, self.n_turns, self.n_tables = len(self._gates), len(self._turns), len(self._table_first) - 1
        fields = self._prefix() | self._words() | self._tables()
        self.wire_vectors = 4 * plan.n_qubits + 2 * self.n_steps
        self.kept_bytes = self.wire_vectors * VECTOR_BYTES + self.n_segments * self.ket_bytes
        head, tables = plan.n_shared + 3 * self.n_shared_steps, 0 if lean else self.n_tables
        self._sums_head = _rounded(head)
        self.n_sums = self._sums_head + _rounded(tables * self.amplitudes)
        fields |= self._sizes()
        table = Records(L.PLAN_SIZE)
        table.add(fields)
        self.address = self._address(table.array())
        self.nbytes = sum(array.nbytes for array in self._arrays)
        # A rough model of a gradient, measured on one AVX-512 machine; it only steers threads and chunks.
        self.tile_seconds = 1e-9 * self.amplitudes * (10 + self.n_gates + 4 * self.n_tables + 15 * self.n_lanes)

    def _sizes(self) -> dict[int, int | float]:
        """Fields that are numbers."""
        plan = self.plan
        return {
            L.PLAN_QUBITS: plan.n_qubits,
            L.PLAN_AMPLITUDES: self.amplitudes,
            L.PLAN_SHARED: plan.n_shared,
            L.PLAN_ROWS: plan.n_rows,
            L.PLAN_WORDS: len(plan.words),
            L.PLAN_INITIAL: int(plan.initial),
            L.PLAN_KET_BYTES: self.ket_bytes,
            L.PLAN_KEPT_BYTES: self.kept_bytes,
            L.PLAN_SUMS: self.n_sums,
            L.PLAN_SUMS_HEAD: self._sums_head,
            L.PLAN_LATE: int(any(turn.kind == "row" for block in plan.blocks for turn in block.turns)),
            L.PLAN_N_SEGMENTS: self.n_segments,
            L.PLAN_N_GROUPS: self.n_groups,
            L.PLAN_N_GATES: self.n_gates,
            L.PLAN_N_TABLES: self.n_tables,
        }

    def _tables(self) -> dict[int, int | float]:
        """Fields that are addresses of what the segments left."""
        return {
            L.PLAN_SEGMENTS: self._address(self._segments.array()),
            L.PLAN_GROUPS: self._address(self._groups.array()),
            L.PLAN_GATES: self._address(self._gates.array()),
            L.PLAN_TURNS: self._address(self._turns.array()),
            L.PLAN_TABLE_TURNS: self._address(self._table_turns.array()),
            L.PLAN_TABLE_FIRST: self._address(np.array(self._table_first, np.int64)),
            L.PLAN_LANE_TURNS: self._address(self._lane_turns.array()),
            L.PLAN_ENTRIES: self._address(self.library.addresses),
        }

    def _address(self, array: np.ndarray) -> int:
        self._arrays.append(array)
        return array.ctypes.data

    def _add_segment(self, segment: Segment) -> None:
        """A record of the segment, and its turns."""
        table, first_lane, first_group = -1, len(self._lane_turns), len(self._groups)
        if segment.table is not None:
            table = len(self._table_first) - 1
            for turn in segment.table:
                self._table_turns.add(turn_fields(turn, turn.z))
            self._table_first.append(len(self._table_turns))
        for turn in segment.lane or ():
            self._lane_turns.add(turn_fields(turn, turn.z))
        for group in groups(segment.mixing):
            self._add_group(group, table)
        fields: dict[int, int | float] = {
            L.SEGMENT_TABLE: table,
            L.SEGMENT_LANE: first_lane,
            L.SEGMENT_LANE_END: len(self._lane_turns),
            L.SEGMENT_GROUP: first_group,
            L.SEGMENT_GROUP_END: len(self._groups),
            L.SEGMENT_PHASES: self.n_lanes,
        }
        self._segments.add(fields)
        self.n_lanes += segment.lane is not None

    def _add_group(self, group: tuple[Turn, ...], table: int) -> None:
        """A record for each sign class of the group's cosets; the classes share the turns, each has its own gates."""
        split = cosets(self.plan.n_qubits, group)
        numbers = [self._turns.add(turn_fields(turn, turn.z)) for turn in group]
        offsets = self._address(split.offsets * 2 * VECTOR_BYTES)
        first_gate, twin = len(self._gates), -1
        shape, form = f"{len(group)}_{coupling(group[0])}", "c" if group[0].kind == "row" else "t"
        moves = [f"{kind}_{shape}_{form}_{with_table}" for kind in "fu" for with_table in (0, 1)]
        self._kernels += moves if table >= 0 else moves[::2]
        self._kernels.append(f"d_{shape}")
        for signs in np.unique(split.signs):
            bases = (split.bases[split.signs == signs] * 2 * VECTOR_BYTES).astype(np.uint32)
            gate = len(self._gates)
            for place, turn in enumerate(group):
                sign = normal_sign(turn) * (-1 if signs >> place & 1 else 1)
                fields = {L.GATE_TURN: numbers[place], L.GATE_SIGN: sign, L.GATE_FIRST: first_gate + place}
                self._gates.add(fields)
            fields = {
                L.GROUP_WIDTH: len(group),
                L.GROUP_COSETS: len(bases),
                L.GROUP_BASES: self._address(bases),
                L.GROUP_OFFSETS: offsets,
                L.GROUP_GATE: gate,
                L.GROUP_TWIN: twin,
                L.GROUP_TABLE: table,
                L.GROUP_FORWARD: kernel_number(moves[0]),
                L.GROUP_UNDO: kernel_number(moves[2]),
                L.GROUP_SLOPES: kernel_number(f"d_{shape}"),
            }
            number = self._groups.add(fields)
            twin = number if twin < 0 else twin

    def _prefix(self) -> dict[int, int | float]:
        """Turns of single bits, gathered into steps, and the first step of every bit."""
        turns, steps, first = Records(L.TURN_SIZE), Records(L.STEP_SIZE), [0]
        axes = {(1, 0): 0, (1, 1): 1, (0, 1): 2}
        self.n_shared_steps = 0
        for bit, chain in enumerate(self.plan.prefix):
            for by_row, neighbours in groupby(chain, key=lambda turn: turn.kind == "row"):
                for run in ([turn] for turn in neighbours) if by_row else [list(neighbours)]:
                    start = len(turns)
                    for turn in run:
                        turns.add(turn_fields(turn, axes[turn.x >> bit & 1, turn.z >> bit & 1]))
                    number = -1 if by_row else self.n_shared_steps
                    steps.add({L.STEP_TURN: start, L.STEP_END: len(turns), L.STEP_SHARED: number})
                    self.n_shared_steps += not by_row
            first.append(len(steps))
        first += [len(steps)] * (self.plan.n_qubits + 1 - len(first))
        self.n_prefix, self.n_steps = len(turns), len(steps)
        return {
            L.PLAN_N_STEPS: self.n_steps,
            L.PLAN_N_SHARED_STEPS: self.n_shared_steps,
            L.PLAN_PREFIX: self._address(turns.array()),
            L.PLAN_STEPS: self._address(steps.array()),
            L.PLAN_STEP_FIRST: self._address(np.array(first, np.int64)),
        }

    def _words(self) -> dict[int, int | float]:
        """Words of Z alone, which are read together, and words that flip bits."""
        z_words, flip_words = Records(L.Z_WORD_SIZE), Records(L.FLIP_WORD_SIZE)
        for place, (x, z) in enumerate(self.plan.words):
            if x == 0:
                z_words.add({L.Z_WORD_MASK: z, L.Z_WORD_PLACE: place})
                continue
            quarter = (x & z).bit_count() % 4  # i ** quarter = sign, or sign * i
            fields = {
                L.FLIP_WORD_X: x,
                L.FLIP_WORD_Z: z,
                L.FLIP_WORD_ODD: quarter & 1,
                L.FLIP_WORD_SIGN: 1 - 2 * (quarter >> 1),
                L.FLIP_WORD_PLACE: place,
            }
            flip_words.add(fields)
        self.n_flip_words, self.n_z_words = len(flip_words), len(z_words)
        return {
            L.PLAN_N_Z_WORDS: len(z_words),
            L.PLAN_N_FLIP_WORDS: len(flip_words),
            L.PLAN_Z_WORDS: self._address(z_words.array()),
            L.PLAN_FLIP_WORDS: self._address(flip_words.array()),
            L.PLAN_READING: self._reading(),
        }

    def _reading(self) -> int:
        """Address of the record that says how the words of Z are read apart, 0 if they are not."""
        found = reading(self.plan.n_qubits, list(self.plan.words))
        self.reads_apart = found is not None
        if found is None:
            return 0
        width = len(found.offsets).bit_length() - 1
        self._kernels += [f"r_{width}", f"b_{width}"]
        record = Records(L.READING_SIZE)
        fields = {
            L.READING_WIDTH: width,
            L.READING_COSETS: len(found.bases),
            L.READING_BASES: self._address((found.bases * 2 * VECTOR_BYTES).astype(np.uint32)),
            L.READING_OFFSETS: self._address(found.offsets * 2 * VECTOR_BYTES),
            L.READING_SUM: kernel_number(f"r_{width}"),
            L.READING_BRA: kernel_number(f"b_{width}"),
        }
        record.add(fields)
        return self._address(record.array())

    def entries(self, gradient: bool) -> list[str]:
        """Names of the compiled pieces that a call needs, kernels included."""
        plan, apart = self.plan, self.reads_apart
        names = ["begin", "step", "finish", "prepare", "load_shared", "load_rows", "run_forward", "run_chunks"]
        names += ["load_states"] if plan.initial else ["prefix_forward"]
        names += ["prepare_tables", "transform_scalars"] if self.n_tables else []
        names += ["row_phases", "transform_vectors"] if self.n_lanes else []
        names += ["read_apart" if apart else "read_z_words", "transform_vectors"] if self.n_z_words else []
        names += ["read_flip_word"] if self.n_flip_words else []
        names += ["diagonal_forward"] if self._has_plain_diagonal else []
        names += [name for name in self._kernels if name[0] in "fr"]
        if gradient:
            names += ["start_apart" if apart else "start_bra", "transform_vectors"]
            names += ["run_backward", "store_row_gradient", "close_chunk"]
            names += ["store_state_gradient"] if plan.initial else ["prefix_backward"]
            names += ["add_flip_word"] if self.n_flip_words else []
            names += ["diagonal_backward"] if self._has_plain_diagonal else []
            names += ["undo_segment"] if self.lean else []
            names += ["diagonal_undo"] if self.lean and (self.n_tables or self.n_lanes) else []
            names += ["table_slopes", "transform_vectors"] if self.lean and self.n_tables else []
            names += [name for name in self._kernels if name[0] in "udb"]
        return list(dict.fromkeys(names))

    @property
    def _has_plain_diagonal(self) -> bool:
        """Whether some segment's diagonals need a sweep of their own."""
        rows = self._segments.array()[:-1].reshape(-1, L.SEGMENT_SIZE)
        return self.n_lanes > 0 or bool((rows[:, L.SEGMENT_GROUP] == rows[:, L.SEGMENT_GROUP_END]).any())
