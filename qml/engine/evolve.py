"""A circuit as a list of like moves on amplitudes, so that JAX compiles one of them however deep the circuit is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from qml.engine.array_ops import Ops

UNROLLED = 12  # moves up to which a loop that JAX compiles would cost more than it saves


class Action(NamedTuple):
    """What a monomial matrix does to amplitudes: `(M psi)[a] = phase_A[a] * psi[source_A[a]]`."""

    source_A: np.ndarray
    phase_A: np.ndarray


class Move(NamedTuple):
    """`psi -> c A psi + s B psi`, where A and B are numbers of actions.

    `angle` is the number of an angle, of which `c` is the cosine of the half and `s` the sine; with -1 both are one.
    `second` is -1 where there is no second term.
    """

    first: int
    second: int = -1
    angle: int = -1


class Course:
    """Moves in order, over actions that are listed once.

    Args:
        n_qubits: bits of the amplitude index.
        steps: for each move its one or two actions, and the number of its angle or -1.
    """

    def __init__(self, n_qubits: int, steps: Iterable[tuple[Sequence[Action], int]]):
        identity = Action(np.arange(2**n_qubits), np.ones(2**n_qubits))
        known: dict[bytes, int] = {}
        self._actions: list[Action] = []
        self._number(identity, known)
        self.moves = [
            Move(self._number(actions[0], known), self._number(actions[1], known) if actions[1:] else -1, angle)
            for actions, angle in steps
        ]

    def _number(self, action: Action, known: dict[bytes, int]) -> int:
        key = action.source_A.tobytes() + action.phase_A.astype(complex).tobytes()
        if key not in known:
            known[key] = len(self._actions)
            self._actions.append(action)
        return known[key]

    def run(self, ops: Ops, state_BA: Any, half_BS: Any) -> Any:
        """The state after all moves, differentiable.

        Args:
            ops: operations of the array package.
            state_BA: complex amplitudes.
            half_BS: half of each angle.
        """
        cosines, sines = ops.complex(ops.xp.cos(half_BS)), ops.complex(ops.xp.sin(half_BS))
        if len(self.moves) <= UNROLLED or not ops.compiles_loops:
            return self._one_by_one(ops, state_BA, cosines, sines)
        return self._in_a_loop(ops, state_BA, cosines, sines)

    def _one_by_one(self, ops: Ops, state: Any, cosines: Any, sines: Any) -> Any:
        for first, second, angle in self.moves:
            moved = self._applied(ops, first, state)
            if angle >= 0:
                moved = cosines[:, angle, None] * moved
            if second >= 0:
                other = self._applied(ops, second, state)
                moved = moved + (sines[:, angle, None] * other if angle >= 0 else other)
            state = moved
        return state

    def _applied(self, ops: Ops, number: int, state: Any) -> Any:
        if number == 0:
            return state
        source, phase = self._actions[number]
        return ops.constant(phase) * ops.take(state, source)

    def _in_a_loop(self, ops: Ops, state: Any, cosines: Any, sines: Any) -> Any:
        sources = ops.xp.asarray(np.stack([action.source_A for action in self._actions]), ops.xp.int32)
        phases = ops.constant(np.stack([action.phase_A for action in self._actions]))
        first, second, angle = np.array(self.moves).T
        size = state.shape[0]
        one = ops.constant(np.ones((size, 1)))
        cosines, sines = (ops.join((part, one, 0 * one)) for part in (cosines, sines))
        n_angles = cosines.shape[1] - 2  # then come a one and a zero
        by_cosine = np.where(angle >= 0, angle, n_angles)
        by_sine = np.where(second < 0, n_angles + 1, by_cosine)
        numbers = ops.index(np.stack([first, np.maximum(second, 0)], 1).astype(np.int32))

        def move(state: Any, step: tuple[Any, Any, Any]) -> Any:
            (a, b), cosine, sine = step
            kept = cosine[:, None] * (phases[a] * state[:, sources[a]])
            return kept + sine[:, None] * (phases[b] * state[:, sources[b]])

        factors = [ops.take(part, index).T for part, index in ((cosines, by_cosine), (sines, by_sine))]
        return ops.fold(move, state, (numbers, *factors))
