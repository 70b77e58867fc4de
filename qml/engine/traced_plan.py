"""A Plan as plain array operations: the derivative of its gradient, where a run of the Plan is one opaque operator."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from qml.engine.array_ops import operations
from qml.engine.evolve import Action, Course
from qml.engine.mapped import transformed
from qml.engine.plan import Plan, Turn


def traced_plan(plan: Plan, xp: Any, rows_BM: Any, shared_S: Any, *initial: Any) -> Any:
    """Values of the words of a Plan, `(B, W)`, differentiable in every mode and to every order.

    Args:
        plan: any Plan of a size whose states, one a turn, fit into memory.
        xp: the array package, `torch` or `jax.numpy`.
        rows_BM: `(B, n_rows)` real array of that package.
        shared_S: `(n_shared,)`.
        initial: `(B or 1, 2**n_qubits)` complex amplitudes where the Plan takes them.

    Raises:
        ConfigError: `xp` is another package.

    Example:
        >>> import jax.numpy as jnp
        >>> from qml.engine.plan import Plan, Turn
        >>> plan = Plan(1, ((Turn(1, 1, "row", 0, 1.0),),), (), ((0, 1),), n_shared=0, n_rows=1)
        >>> float(traced_plan(plan, jnp, jnp.full((1, 1), jnp.pi), jnp.zeros(0))[0, 0])
        -1.0
    """
    ops = operations(xp, rows_BM)
    size, amplitudes = rows_BM.shape[0], 2**plan.n_qubits
    turns = plan.turns
    columns = ops.join((rows_BM, ops.rows(shared_S, size), ops.real(np.zeros((size, 1)))))
    place = {"row": 0, "shared": plan.n_rows, "constant": plan.n_rows + plan.n_shared + 1}
    index = np.array([place[turn.kind] + turn.column for turn in turns], int)
    coefficient, constant = (ops.real(np.array([getattr(t, k) for t in turns])) for k in ("coefficient", "constant"))
    half = 0.5 * (ops.take(columns, index) * coefficient + constant)
    if initial:
        state = initial[0] * ops.constant(np.ones((size, 1)))
    else:
        start = np.zeros((size, amplitudes))
        start[:, 0] = 1
        state = ops.constant(start)
    state = _course(plan.n_qubits, turns).run(ops, state, half)
    return _words(plan, ops, state)


@lru_cache(maxsize=64)
def _course(n_qubits: int, turns: tuple[Turn, ...]) -> Course:
    """Each turn as a move: `exp(-i t/2 P) = cos(t/2) - i sin(t/2) P`."""
    index = np.arange(2**n_qubits)
    identity = Action(index, np.ones(2**n_qubits))

    def rotation(turn: Turn) -> Action:
        source = index ^ turn.x
        signs = 1.0 - 2.0 * (np.bitwise_count(source & turn.z) & 1)
        return Action(source, -1j * 1j ** (turn.x & turn.z).bit_count() * signs)

    return Course(n_qubits, [((identity, rotation(turn)), number) for number, turn in enumerate(turns)])


def _words(plan: Plan, ops: Any, state: Any) -> Any:
    """Expectation values of all words: those that flip the same bits are read by one transform.

    The word `(x, z)` is `Re((-i)^popcount(x & z) sum_a (-1)^popcount(a & z) c_a)` with `c_a = conj(psi_a) psi_(a ^ x)`.
    """
    columns: list[Any] = [None] * plan.n_words
    index = np.arange(state.shape[1])
    for x in dict.fromkeys(x for x, _ in plan.words):
        flipped = ops.take(state, index ^ x)
        real = transformed(ops, state.real * flipped.real + state.imag * flipped.imag)
        imaginary = transformed(ops, state.real * flipped.imag - state.imag * flipped.real)
        parts = (real, imaginary, -real, -imaginary)
        for number, (flips, z) in enumerate(plan.words):
            if flips == x:
                columns[number] = parts[(x & z).bit_count() % 4][:, z]
    return ops.stack(columns, 1) if columns else ops.real(np.zeros((state.shape[0], 0)))
