"""A Program and its noise, compiled: tables that the kernels read, made once for any number of rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from qml.backends.noise.model import NoiseModel
from qml.backends.noisy import layout as L
from qml.backends.noisy.fusing import Block, Fixed, Fused, Turn, fused
from qml.backends.noisy.operations import operations_of
from qml.backends.noisy.readings import Readings, readings_of
from qml.backends.noisy.support import LETTER, groups, strides, worked
from qml.base.errors import CapabilityError
from qml.circuits.gates import PREPARATIONS
from qml.circuits.program import Program
from qml.circuits.readout import PauliWord, pauli_word
from qml.circuits.rows import PAULI
from qml.engine import reference
from qml.engine.vector import VECTOR_BYTES

MAX_WIRES = 10  # that gates and what is read act on together: 4**10 numbers a row
MASKED_WIRES = 10  # up to which entries that are zero, or never read, are left out
TINY = 1e-13  # of the initial vector


@dataclass(frozen=True, eq=False)
class Plan:
    """What a sweep needs beside angles.

    Args:
        n_wires: active wires; vectors have `4**n_wires` entries.
        columns: of `qml.circuits.slots.slots`, whose angles turn something, `(C,)`.
        ops: `(N, OP_SIZE)` int64.
        lists: uint32 entries.
        table: int64.
        numbers: what the matrices hold, by dtype.
        start: entries and values that the initial vector has beside zeros, `(2,)` arrays.
        read: entry of each word, `(W,)`.
        readings: words and the map to values.
        store: vectors that a backward sweep over everything keeps before each operation, `(N + 1,)` cumulated.
    """

    n_wires: int
    columns: np.ndarray
    ops: np.ndarray
    lists: np.ndarray
    table: np.ndarray
    numbers: dict[str, np.ndarray]
    start: tuple[np.ndarray, np.ndarray]
    read: np.ndarray
    readings: Readings
    store: np.ndarray

    @property
    def n_entries(self) -> int:
        """Numbers of a vector."""
        return 4**self.n_wires


@lru_cache(maxsize=64)
def plan_of(program: Program, noise: NoiseModel) -> Plan:
    """The plan of a Program of the machine's own gates, with the noise of each.

    Raises:
        CapabilityError: more than `MAX_WIRES` wires that act on what is read, or a gate that the noise says nothing of.
    """
    readings = readings_of(program.readout, noise)
    operations = operations_of(program, noise, readings.wires)
    prepared = [gate for gate in program.gates if gate.name in PREPARATIONS]
    touched = {wire for operation in operations for wire in operation.wires} | set(readings.wires)
    active = sorted(_with_prepared(touched, prepared)) or [0]
    if len(active) > MAX_WIRES:
        raise CapabilityError(
            f"Executor 'noisy' was asked for a Program that acts on {len(active)} wires of the machine, {active}, on "
            f"the way to what is read; it holds mixed states of at most {MAX_WIRES}. Take fewer qubits or layers, or a "
            "target whose coupling needs fewer wires."
        )
    place = {wire: number for number, wire in enumerate(active)}
    steps = [_placed(step, place) for step in fused(operations)]
    words = [tuple((place[wire], letter) for wire, letter in word) for word in readings.words]
    read = np.array([_entry(len(active), word) for word in words], np.int64)
    start = _start(program, prepared, active)
    return _Packing(len(active), steps, start, read, readings).plan()


def _with_prepared(touched: set[int], prepared) -> set[int]:
    for gate in prepared:
        if touched & set(gate.wires):
            touched = touched | set(gate.wires)
    return touched


def _placed(step: Fused, place: dict[int, int]) -> Fused:
    if isinstance(step, Block):
        return Block(place[step.wire], step.items)
    if isinstance(step, Turn):
        return Turn(pauli_word((place[wire], letter) for wire, letter in step.word), step.column)
    return Fixed(tuple(place[wire] for wire in step.wires), step.matrix)


def _entry(n_wires: int, word: PauliWord) -> int:
    return sum(LETTER[letter] * strides(n_wires, [wire])[0] for wire, letter in word)


def _start(program: Program, prepared, active: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """Means of all words before the first gate: entries that are not zero, and their values."""
    mine = [gate for gate in prepared if set(gate.wires) <= set(active)]
    if not mine:
        entries = np.zeros(1, np.int64)
        for stride in strides(len(active), range(len(active))):
            entries = (entries[:, None] + stride * np.array([0, 3])).ravel()
        return entries, np.ones(len(entries))
    place = {wire: number for number, wire in enumerate(active)}
    gates = tuple(replace(gate, wires=tuple(place[wire] for wire in gate.wires)) for gate in mine)
    small = Program(len(active), gates, n_inputs=program.n_inputs, n_weights=program.n_weights)
    ket = reference.states(small, np.zeros((1, program.n_inputs)), np.zeros(program.n_weights))[0]
    means = np.outer(ket, ket.conj()).reshape([2] * 2 * len(active))
    letters = np.array([PAULI[letter] for letter in "IXYZ"])
    for number in range(len(active)):  # rows first, then columns, then the letters made so far
        means = np.tensordot(means, letters, axes=((0, len(active) - number), (2, 1)))
    values = np.real(means).ravel()
    entries = np.flatnonzero(np.abs(values) > TINY)
    return entries, values[entries]


class _Packing:
    """Operations as tables."""

    def __init__(self, n_wires: int, steps: list[Fused], start, read: np.ndarray, readings: Readings):
        self.n_wires, self.steps, self.start, self.read, self.readings = n_wires, steps, start, read, readings
        self.table: list[int] = []
        self.numbers: list[float] = []
        self.columns: dict[int, int] = {}
        self.known: dict[float, int] = {}

    def plan(self) -> Plan:
        """All tables."""
        masks = np.zeros((2, 4**self.n_wires), bool)
        masks[0, self.start[0]] = masks[1, self.read] = True
        found = worked(self.n_wires, self.steps, *masks, sparse=self.n_wires <= MASKED_WIRES)
        ops = np.zeros((len(self.steps), L.OP_SIZE), np.int64)
        lists, end, store = [], 0, [0]
        for op, step, work in zip(ops, self.steps, found, strict=True):
            for part, where in ((work.forward, L.OP_FORWARD), (work.backward, L.OP_BACKWARD)):
                op[where], op[where + 1] = end, end + len(part)
                end += len(part)
                lists.append(part)
            kept = {Block: 4 * len(work.forward), Turn: len(work.forward)}.get(type(step), 0)
            op[L.OP_STORE] = store[-1]
            store.append(store[-1] + kept)
            self._pack(op, step)
        numbers = np.array(self.numbers)
        return Plan(
            self.n_wires,
            np.array(list(self.columns), np.int64),
            ops,
            np.concatenate([*lists, np.zeros(1, np.uint32)]),
            np.array([*self.table, 0], np.int64),
            {dtype: numbers.astype(dtype) for dtype in ("float32", "float64")},
            self.start,
            self.read,
            self.readings,
            np.array(store, np.int64),
        )

    def _pack(self, op: np.ndarray, step: Fused) -> None:
        if isinstance(step, Block):
            op[L.OP_KIND], op[L.OP_OFFSETS] = L.BLOCK, strides(self.n_wires, [step.wire])[0]
            op[L.OP_ITEMS] = len(self.table)
            for item in step.items:
                if isinstance(item, tuple):
                    self.table += [item[0], self._column(item[1])]
                else:
                    self.table += [L.MATRIX, len(self.numbers)]
                    self.numbers += item.ravel().tolist()
            op[L.OP_ITEMS_END] = len(self.table)
        elif isinstance(step, Turn):
            op[L.OP_KIND], op[L.OP_ITEMS] = L.TURN, self._column(step.column)
        else:
            op[L.OP_KIND], op[L.OP_SIDE] = L.CHANNEL, len(step.matrix)
            offsets = groups(self.n_wires, step.wires)[1] * VECTOR_BYTES
            op[L.OP_ROWS] = self._rows(step.matrix, offsets)
            op[L.OP_ROWS_BACK] = self._rows(step.matrix.T, offsets)

    def _rows(self, matrix: np.ndarray, offsets: np.ndarray) -> int:
        """The rows of a matrix that are not those of the identity: where they stand in the table."""
        where, changed = len(self.table), np.flatnonzero((matrix != np.eye(len(matrix))).any(axis=1))
        self.table.append(len(changed))
        for row in changed:
            terms = np.flatnonzero(matrix[row])
            if not len(terms):  # a row of zeros is one term of zero
                terms = np.array([row])
            self.table += [int(offsets[row]), len(terms)]
            for term in terms:
                self.table += [int(offsets[term]), self._number(float(matrix[row, term]))]
        return where

    def _number(self, value: float) -> int:
        """Where a number stands; equal ones stand once."""
        if value not in self.known:
            self.known[value] = len(self.numbers)
            self.numbers.append(value)
        return self.known[value]

    def _column(self, column: int) -> int:
        return self.columns.setdefault(column, len(self.columns))
