"""States and their derivatives in one sweep: a batch of kets that grows by the words of each block of turns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from qml.base.memory import check_memory
from qml.circuits.angle import Angle
from qml.circuits.program import Program
from qml.circuits.steps import global_phase
from qml.engine.columns import Columns
from qml.engine.compile import CACHED_PROGRAMS, Request
from qml.engine.passes import split_prefix
from qml.engine.plan import Block, Plan, Turn
from qml.engine.states import STATE_PASSES, Ending, drafted

TANGENT_PASSES = tuple(step for step in STATE_PASSES if step.run is not split_prefix)
RunKets = Callable[[Plan, np.ndarray, np.ndarray, np.ndarray], np.ndarray]


class Factors(NamedTuple):
    """`d state / d slot_n = sum_c slopes_BCN[:, c, n] along_BCA[:, c]`, inputs before weights; and the states."""

    states_BA: np.ndarray
    along_BCA: np.ndarray
    slopes_BCN: np.ndarray


class New(NamedTuple):
    """Turns whose tangents enter at one place: masks, factors `-i/2 coefficient i^popcount(x & z)`, and where to."""

    x: np.ndarray
    z: np.ndarray
    factors: np.ndarray
    places: tuple[int, ...]


@dataclass(frozen=True)
class Stretch:
    """Diagonal blocks and a mixing block behind them, run together on the first `n_kets` kets.

    A tangent of a turn may enter in front of the turns that it commutes with or behind them: those of the diagonal
    turns enter in front, those of the mixing turns behind, and one run serves both.
    """

    plan: Plan
    before: New
    after: New
    n_kets: int


@dataclass(frozen=True)
class CompiledTangents:
    """A Program ready to give states and tangents.

    Args:
        stretches: in order.
        columns: what their plans are handed.
        ending: what makes states of kets.
        slopes: the columns that are turned about, in the order of their tangents, as functions of slots; the global
            phase is the last of them where it depends on a slot.
        prepared: the slots that the initial amplitudes depend on; their tangents come first.
        phased: whether the global phase has a tangent.
    """

    stretches: tuple[Stretch, ...]
    columns: Columns
    ending: Ending
    slopes: Columns
    prepared: tuple[int, ...]
    phased: bool

    @property
    def n_along(self) -> int:
        """Tangents `C` a row."""
        return len(self.prepared) + self.slopes.n_rows

    def run(self, inputs_BD: np.ndarray, weights: np.ndarray, run_kets: RunKets) -> Factors:
        """States and tangents of every row.

        Args:
            inputs_BD: `(B, D)`.
            weights: `(P,)` or `(B, P)`.
            run_kets: `(plan, rows_RM, shared_S, initial_RA) -> kets_RA`.

        Returns:
            The factors, in the precision of the inputs.
        """
        n_rows, rows_and_shared = len(inputs_BD), self.columns.values(inputs_BD, weights)
        weights_BP = np.ascontiguousarray(np.broadcast_to(weights, (n_rows, self.slopes.n_weights)))
        kets_GBA = self._first(inputs_BD, weights, weights_BP)
        n_amplitudes = kets_GBA.shape[2]
        for stretch in self.stretches:
            _enter(stretch.before, kets_GBA)
            active = kets_GBA[: stretch.n_kets].reshape(-1, n_amplitudes)
            rows = np.tile(rows_and_shared.rows_BM, (stretch.n_kets, 1))
            active[:] = run_kets(stretch.plan, rows, np.ascontiguousarray(rows_and_shared.shared_S), active)
            _enter(stretch.after, kets_GBA)
        if self.phased:
            kets_GBA[-1] = 1j * kets_GBA[0]
        factors = self.ending.factors(inputs_BD, weights)
        factors = factors if len(factors) == 1 else np.tile(factors, len(kets_GBA))
        self.ending.frame.place(kets_GBA.reshape(-1, n_amplitudes), factors)
        return Factors(kets_GBA[0], np.moveaxis(kets_GBA[1:], 0, 1), self._slopes(inputs_BD, weights_BP))

    def _first(self, inputs_BD: np.ndarray, weights: np.ndarray, weights_BP: np.ndarray) -> np.ndarray:
        """Room for the kets and all tangents, `(1 + C, B, A)`, with what the Program prepares."""
        n_amplitudes = 1 << self.stretches[0].plan.n_qubits
        dtype = np.result_type(inputs_BD.dtype, np.complex64)
        kets_GBA = np.zeros((1 + self.n_along, len(inputs_BD), n_amplitudes), dtype)
        initial = self.columns.initial_amplitudes(inputs_BD, weights)
        if initial is None:
            kets_GBA[0, :, 0] = 1
        else:
            kets_GBA[0] = initial
        tangents_BNA = self.slopes.initial_tangents(inputs_BD, weights_BP)
        if tangents_BNA is not None:
            kets_GBA[1 : 1 + len(self.prepared)] = np.moveaxis(tangents_BNA[:, list(self.prepared)], 1, 0)
        return kets_GBA

    def _slopes(self, inputs_BD: np.ndarray, weights_BP: np.ndarray) -> np.ndarray:
        """Derivative of everything that has a tangent by every slot, `(B, C, N)`."""
        slopes_BCN = self.slopes.slopes(inputs_BD, weights_BP)
        if not self.prepared:
            return slopes_BCN
        n_rows, _, n_slots = slopes_BCN.shape
        units = np.eye(n_slots, dtype=inputs_BD.dtype)[list(self.prepared)]
        return np.concatenate([np.broadcast_to(units, (n_rows, *units.shape)), slopes_BCN], axis=1)


def compile_tangents(program: Program, row_weights: bool = False) -> CompiledTangents:
    """Compile `program` for its tangents, or return what was compiled before; the readout plays no part.

    Example:
        >>> from qml.circuits import angle, sel
        >>> compiled = compile_tangents(angle(4) + sel(4, depth=2))
        >>> len(compiled.stretches), compiled.n_along
        (4, 28)
    """
    return _compiled(Request(program.digest, bool(row_weights), program))


def check_tangents_memory(program: Program, n_along: int, n_rows: int, dtype: np.dtype) -> None:
    """Refuse more tangents than memory holds, before anything is allocated.

    Raises:
        CapabilityError: the message names both figures.
    """
    check_memory(
        2 * (1 + n_along) * n_rows * 2 * np.dtype(dtype).itemsize << program.n_qubits,
        f"{n_along} derivatives of {n_rows} state{'s' * (n_rows != 1)} of {program.n_qubits} qubits ({dtype} parts)",
        "Ask for fewer rows at a time, or float32 instead of float64.",
    )


@lru_cache(maxsize=CACHED_PROGRAMS)
def _compiled(request: Request) -> CompiledTangents:
    program, draft, (plan, shared, rows) = drafted(request, TANGENT_PASSES)
    gates = [gate for gate in program.gates if gate.name == "Amplitudes"]
    slots = {slot for gate in gates for angle in gate.angles for term in angle.terms for slot in term.slots}
    prepared = tuple(sorted(s.index + program.n_inputs * (s.kind == "weight") for s in slots))
    stretches, turned = _stretches(replace(plan, words=(), initial=True), 1 + len(prepared))
    of_kind = {"shared": shared, "row": rows}
    angles = [of_kind[kind][column] for kind, column in turned]
    phase = global_phase(program)
    phased = [Angle(0.0, phase.terms)] if phase.terms else []
    return CompiledTangents(
        stretches,
        Columns(program, shared, rows, request.row_weights),
        Ending(program, draft, request.row_weights),
        Columns(program, [], angles + phased, row_weights=True),
        prepared,
        bool(phased),
    )


def _stretches(plan: Plan, n_first: int) -> tuple[tuple[Stretch, ...], list[tuple[str, int]]]:
    """The stretches of `plan`, and the columns that have a tangent, in order, behind `n_first` kets."""
    places: dict[tuple[str, int], int] = {}
    stretches = []
    for blocks in _runs(plan.blocks):
        diagonal = [turn for block in blocks if block.kind != "mixing" for turn in block.turns]
        mixing = [turn for block in blocks if block.kind == "mixing" for turn in block.turns]
        before = _new(diagonal, places, n_first)
        n_kets = n_first + len(places)
        after = _new(mixing, places, n_first)
        stretches.append(Stretch(replace(plan, blocks=blocks), before, after, n_kets))
    return tuple(stretches), list(places)


def _runs(blocks: Sequence[Block]) -> list[tuple[Block, ...]]:
    """The blocks cut behind every mixing one; one empty run where there is none."""
    runs: list[list[Block]] = [[]]
    for block in blocks:
        if runs[-1] and runs[-1][-1].kind == "mixing":
            runs.append([])
        runs[-1].append(block)
    return [tuple(run) for run in runs]


def _new(turns: Sequence[Turn], places: dict[tuple[str, int], int], n_first: int) -> New:
    """The tangents of `turns`; each new column gets the next place."""
    turns = [turn for turn in turns if turn.kind != "constant"]
    x, z = (np.array([mask for mask in masks], np.int64) for masks in ([t.x for t in turns], [t.z for t in turns]))
    factors = np.array(
        [-0.5j * turn.coefficient * 1j ** ((turn.x & turn.z).bit_count() & 3) for turn in turns], complex
    )
    numbers = tuple(n_first + places.setdefault((turn.kind, turn.column), len(places)) for turn in turns)
    return New(x, z, factors, numbers)


def _enter(new: New, kets_GBA: np.ndarray) -> None:
    """Add `factor P ket` of every turn to the tangent of its column."""
    if not new.places:
        return
    index = np.arange(kets_GBA.shape[2])
    for x, z, factor, place in zip(new.x, new.z, new.factors, new.places, strict=True):
        source = index ^ x
        phases = (factor * (1 - 2 * (np.bitwise_count(source & z) & 1).astype(float))).astype(kets_GBA.dtype)
        kets_GBA[place] += phases * np.take(kets_GBA[0], source, axis=1)
