"""States of a Program with their exact global phase: a Plan that drops nothing, and the frame that it leaves open."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from qml.base.lazy import cached_property
from qml.base.memory import check_memory
from qml.circuits.angle import Angle
from qml.circuits.program import Program
from qml.circuits.readout import Expectations, PauliSum
from qml.circuits.steps import global_phase
from qml.engine.columns import Columns
from qml.engine.compile import CACHED_PROGRAMS, Request, settled_plan
from qml.engine.lower import lower
from qml.engine.passes import PASSES, Pass, drop_leading_phases, drop_unread, run_passes
from qml.engine.plan import Draft, Plan, Word

STATE_PASSES = tuple(step for step in PASSES if step.run not in (drop_unread, drop_leading_phases))
BLOCK_BYTES = 256 << 10  # kets that are put in order at a time: they stay in the cache of one core


class FinalFrame:
    """The Cliffords that end a circuit and are never run: a permutation of amplitudes with factors 1, i, -1, -i.

    They keep words of Z words of Z, so each row of their matrix has one entry. Row 0 is `<0...0| C = <origin|`, and
    row `j` follows from the images of the X words: `<j| C = <0...0| X^j C = <origin| (C^-1 X^j C)`.

    Args:
        n_qubits: bits of the amplitude index.
        words: masks of the image `C^-1 X_w C` of every wire `w`, in order.
        signs: with which each is taken.
        origin: see above.

    Example:
        >>> frame = FinalFrame(1, [(1, 0)], [1], origin=1)
        >>> frame.place(np.array([[0.6, 0.8j]]), np.ones(1))
        array([[0. +0.8j, 0.6+0.j ]])
    """

    def __init__(self, n_qubits: int, words: Sequence[Word], signs: Sequence[int], origin: int):
        x, z, quarters = (np.zeros(1, np.int64) for _ in range(3))
        for (word_x, word_z), sign in zip(reversed(words), reversed(signs), strict=True):
            lead = (word_x & word_z).bit_count() + 1 - sign
            crossing = lead + 2 * np.bitwise_count(x & word_z)
            quarters = np.concatenate([quarters, (quarters + crossing) & 3])
            x, z = np.concatenate([x, x ^ word_x]), np.concatenate([z, z ^ word_z])
        source = x ^ origin
        quarters = (quarters + 2 * np.bitwise_count(z & source)) & 3
        moved = bool((source != np.arange(1 << n_qubits)).any())
        self._source = source.astype(np.intp) if moved else None
        self._quarters = quarters.astype(np.uint8) if quarters.any() else None

    @property
    def nbytes(self) -> int:
        """Bytes of the permutation and the factors."""
        return sum(array.nbytes for array in (self._source, self._quarters) if array is not None)

    def place(self, kets_BA: np.ndarray, factors: np.ndarray) -> np.ndarray:
        """The states of `kets_BA` times `factors` `(B or 1,)`; the kets themselves are overwritten and returned."""
        step = max(1, BLOCK_BYTES // (kets_BA.itemsize * kets_BA.shape[1]))
        quarters = None
        if self._quarters is not None:
            quarters = np.array([1, 1j, -1, -1j], kets_BA.dtype)[self._quarters]
        for start in range(0, len(kets_BA), step):
            block = kets_BA[start : start + step]
            if self._source is not None:
                block[:] = np.take(block, self._source, axis=1)
            if quarters is not None:
                block *= quarters
            if len(factors) > 1 or factors[0] != 1:
                block *= (factors[start : start + step] if len(factors) > 1 else factors)[:, None]
        return kets_BA


class Ending:
    """What makes states of the kets of a plan: the final frame and the global phase.

    Args:
        program: what was compiled, its gates at least.
        draft: what the passes left, with the image of the X word of each wire as its words.
        row_weights: whether runs bring one set of weights a row.
    """

    def __init__(self, program: Program, draft: Draft, row_weights: bool):
        self._framed = program.n_qubits, draft.plan.words, draft.signs, draft.origin
        angle = global_phase(program)
        self._constant = math.remainder(draft.phase + angle.constant, 2 * math.pi)
        self._columns = None
        if angle.terms:
            slots = Program(1, n_inputs=program.n_inputs, n_weights=program.n_weights)
            self._columns = Columns(slots, [], [angle - angle.constant], row_weights)

    @cached_property
    def frame(self) -> FinalFrame:
        """The final frame; its arrays are as long as a state, so they are made when there are states."""
        return FinalFrame(*self._framed)

    def states(self, kets_BA: np.ndarray, inputs_BD: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """The states of the kets `(B, A)`, which are overwritten."""
        return self.frame.place(kets_BA, self.factors(inputs_BD, weights))

    def factors(self, inputs_BD: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """exp(i global phase) of each row, `(B,)`, or `(1,)` where all rows agree; complex of the inputs' precision."""
        dtype = np.result_type(inputs_BD.dtype, np.complex64)
        if self._columns is None:
            return np.array([np.exp(1j * self._constant)]).astype(dtype)
        exact = self._columns.values(inputs_BD.astype(float), weights.astype(float)).rows_BM[:, 0]
        return np.exp(1j * (self._constant + exact)).astype(dtype)


@dataclass(frozen=True)
class CompiledStates:
    """A Program ready to give states: its plan reads no words, and `ending` makes states of its kets."""

    plan: Plan
    columns: Columns
    ending: Ending


def compile_states(program: Program, row_weights: bool = False) -> CompiledStates:
    """Compile `program` for its states, or return what was compiled before: the last 256 are kept.

    Args:
        program: any Program; its readout plays no part.
        row_weights: whether runs bring one set of weights a row, `(B, P)`.

    Returns:
        The Plan and what makes states of its kets.

    Example:
        >>> from qml.circuits import Circuit
        >>> compiled = compile_states(Circuit(1).add("T", 0).add("PauliX", 0).build())
        >>> len(compiled.plan.turns), compiled.ending.frame.place(np.array([[1.0, 0.0]]), np.ones(1))
        (1, array([[0., 1.]]))
    """
    return _compiled(Request(program.digest, bool(row_weights), program))


def check_states_memory(program: Program, n_rows: int, dtype: np.dtype) -> None:
    """Refuse more states than memory holds, before anything is allocated.

    Raises:
        CapabilityError: the message names the size of the states and what can be had.
    """
    itemsize = 2 * np.dtype(dtype).itemsize
    rows_and_frame = (n_rows + 2) * itemsize + np.dtype(np.intp).itemsize
    check_memory(
        rows_and_frame << program.n_qubits,
        f"{n_rows} state{'s' * (n_rows != 1)} of {program.n_qubits} qubits ({dtype} parts)",
        "Ask for fewer rows at a time, float32 instead of float64, or values instead of states.",
    )


@lru_cache(maxsize=CACHED_PROGRAMS)
def _compiled(request: Request) -> CompiledStates:
    program, draft, (plan, shared, rows) = drafted(request, STATE_PASSES)
    columns = Columns(program, shared, rows, request.row_weights)
    return CompiledStates(replace(plan, words=()), columns, Ending(program, draft, request.row_weights))


def drafted(request: Request, passes: Sequence[Pass]) -> tuple[Program, Draft, tuple[Plan, list[Angle], list[Angle]]]:
    """The Program of a request, lowered and passed, for its states: the words of its Draft tell the final frame.

    Returns:
        The Program with <X> of each wire as its readout, what the passes left, and its settled Plan and columns.
    """
    program = request.program.with_readout(x_each(request.program.n_qubits))
    lowered = lower(program, request.row_weights)
    draft = run_passes(lowered.draft, passes)
    return program, draft, settled_plan(program, request.row_weights, lowered, draft)


def x_each(n_qubits: int) -> Expectations:
    """<X> of each wire: the words whose images tell the final frame."""
    return Expectations(tuple(PauliSum(((1.0, ((wire, "X"),)),)) for wire in range(n_qubits)))
