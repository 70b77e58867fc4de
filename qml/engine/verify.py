"""A Plan run the slow and obvious way: the oracle of the kernels, and of every pass that rewrites a Plan."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from qml.base.errors import QmlError, ShapeError
from qml.engine.plan import Draft, Plan, Turn, Word, one_by_one

CHECKED_QUBITS = 8
CHECKED_ROWS = 3
CHECKED_TOLERANCE = 1e-9


class PassError(QmlError, RuntimeError):
    """A pass of the compiler changed what a circuit computes: a bug, never the fault of the circuit."""


@dataclass(frozen=True)
class PlanGradients:
    """Derivatives of `sum(words_BW * cotangent_BW)`.

    `initial_BA` is complex (None without initial amplitudes) and means `d loss = sum_i Re(conj(g_i) d a_i)`, for
    each row that was handed in: one row that serves the whole batch collects the sum over the batch.
    """

    rows_BM: np.ndarray
    shared_S: np.ndarray
    initial_BA: np.ndarray | None


def apply_word(states_BA: np.ndarray, word: Word) -> np.ndarray:
    """`i^popcount(x & z) X^x Z^z` applied to each state, `(B, A)` complex."""
    x, z = word
    source = np.arange(states_BA.shape[1]) ^ x
    signs = 1.0 - 2.0 * (np.bitwise_count(source & z) & 1)
    return 1j ** ((x & z).bit_count() & 3) * signs * states_BA[:, source]


def run_plan(plan: Plan, rows_BM: np.ndarray, shared_S: np.ndarray, initial: np.ndarray | None = None) -> np.ndarray:
    """Expectation value of each word of `plan` for each row, in complex128 and one turn at a time.

    Args:
        plan: what to run.
        rows_BM: row values, `(B, n_rows)`; `B` is the batch even when `n_rows` is 0.
        shared_S: shared values, `(n_shared,)`.
        initial: `(B or 1, 2**n_qubits)` complex amplitudes; needed exactly when `plan.initial` is true.

    Returns:
        `(B, W)` float64.

    Raises:
        ShapeError: an argument does not have the shape that `plan` asks for.

    Example:
        >>> plan = Plan(1, ((Turn(1, 1, "row", 0, 1.0),),), (), ((0, 1),), n_shared=0, n_rows=1)
        >>> run_plan(plan, np.array([[0.0], [np.pi / 3]]), np.zeros(0)).round(6)
        array([[1. ],
               [0.5]])
    """
    return read_words(plan_states(plan, rows_BM, shared_S, initial), plan.words)


def plan_states(plan: Plan, rows_BM: np.ndarray, shared_S: np.ndarray, initial: np.ndarray | None = None) -> np.ndarray:
    """The states at the end of `plan`, `(B, A)` complex128; arguments as for `run_plan`."""
    rows_BM, shared_S = _checked(plan, rows_BM, shared_S, initial)
    states_BA = _first_states(plan, len(rows_BM), initial)
    for turn in plan.turns:
        states_BA = _turned(states_BA, turn, turn_angles(turn, rows_BM, shared_S))
    return states_BA


def read_words(states_BA: np.ndarray, words: tuple[Word, ...]) -> np.ndarray:
    """Expectation value of each word in each state, `(B, W)` float64."""
    values = [np.einsum("ba,ba->b", states_BA.conj(), apply_word(states_BA, word)).real for word in words]
    return np.stack(values, axis=1) if values else np.zeros((len(states_BA), 0))


def turn_angles(turn: Turn, rows_BM: np.ndarray, shared_S: np.ndarray) -> np.ndarray:
    """Radians that `turn` turns by in each row, `(B,)`."""
    if turn.kind == "row":
        return turn.coefficient * rows_BM[:, turn.column] + turn.constant
    value = turn.coefficient * shared_S[turn.column] if turn.kind == "shared" else 0.0
    return np.full(len(rows_BM), value + turn.constant)


def plan_gradients(
    plan: Plan,
    rows_BM: np.ndarray,
    shared_S: np.ndarray,
    cotangent_BW: np.ndarray,
    initial: np.ndarray | None = None,
) -> PlanGradients:
    """Gradients of `sum(run_plan(...) * cotangent_BW)`, by un-applying one turn at a time.

    Args:
        plan: what to differentiate.
        rows_BM: as for `run_plan`.
        shared_S: as for `run_plan`.
        cotangent_BW: `(B, W)`.
        initial: as for `run_plan`.

    Returns:
        Gradients in the shapes of `rows_BM`, `shared_S` and `initial`.
    """
    rows_BM, shared_S = _checked(plan, rows_BM, shared_S, initial)
    kets = plan_states(plan, rows_BM, shared_S, initial)
    bras = np.zeros_like(kets)
    for column, word in enumerate(plan.words):
        bras += cotangent_BW[:, column, None] * apply_word(kets, word)
    grad_rows, grad_shared = np.zeros_like(rows_BM), np.zeros_like(shared_S)
    for turn in reversed(plan.turns):
        slopes = np.einsum("ba,ba->b", bras.conj(), apply_word(kets, (turn.x, turn.z))).imag * turn.coefficient
        if turn.kind == "row":
            grad_rows[:, turn.column] += slopes
        elif turn.kind == "shared":
            grad_shared[turn.column] += slopes.sum()
        angles = -turn_angles(turn, rows_BM, shared_S)
        kets, bras = _turned(kets, turn, angles), _turned(bras, turn, angles)
    grad_initial = None
    if initial is not None:
        grad_initial = 2 * bras if len(initial) == len(bras) else 2 * bras.sum(axis=0, keepdims=True)
    return PlanGradients(grad_rows, grad_shared, grad_initial)


def check_pass(name: str, keeps: Literal["unitary", "values"], before: Draft, after: Draft, seed: int = 0) -> None:
    """Raise `PassError` unless `after` does what `before` does, on random column values.

    Args:
        name: of the pass, for the message.
        keeps: `"unitary"`: random states must end as the same states up to a phase, and the words must be the
            same. `"values"`: the signed words must have the same values from the state that the Plan starts from.
        before: in front of the pass.
        after: behind it.
        seed: of the random values.

    Raises:
        PassError: they differ. Plans above 8 qubits are not checked.
    """
    if before.plan.n_qubits > CHECKED_QUBITS:
        return
    draw = np.random.default_rng(seed)
    rows_BM = draw.normal(size=(CHECKED_ROWS, before.plan.n_rows))
    shared_S = draw.normal(size=before.plan.n_shared)
    initial = draw.normal(size=(2, CHECKED_ROWS, 2**before.plan.n_qubits))
    initial = (initial[0] + 1j * initial[1]) / np.sqrt(np.sum(initial**2, axis=(0, 2)))[:, None]
    if keeps == "unitary":
        ends = [plan_states(_opened(draft.plan), rows_BM, shared_S, initial) for draft in (before, after)]
        distance = float(np.abs(1 - np.abs(np.sum(ends[0].conj() * ends[1], axis=1))).max())
        same_words = (before.plan.words, before.signs) == (after.plan.words, after.signs)
    else:
        start = initial if before.plan.initial else None
        reads = [run_plan(d.plan, rows_BM, shared_S, start) * np.array(d.signs) for d in (before, after)]
        same_words = reads[0].shape == reads[1].shape and before.plan.initial == after.plan.initial
        distance = float(np.abs(reads[0] - reads[1]).max()) if same_words else np.inf
    if not (same_words and distance <= CHECKED_TOLERANCE):
        raise PassError(
            f"The pass {name!r} must keep the {keeps} of a Plan; the result differs by {distance:.3g} "
            f"(allowed {CHECKED_TOLERANCE:.0e}){'' if same_words else ' and reads other words'}. "
            f"Please report it with the Program; run_passes takes the list of passes, so that it can be left out."
        )


def _opened(plan: Plan) -> Plan:
    """The same turns from any initial state, the prefix among them."""
    return replace(plan, prefix=((),) * plan.n_qubits, blocks=one_by_one(plan.turns), initial=True)


def _turned(states_BA: np.ndarray, turn: Turn, angles_B: np.ndarray) -> np.ndarray:
    cosine, sine = np.cos(angles_B / 2)[:, None], np.sin(angles_B / 2)[:, None]
    return cosine * states_BA - 1j * sine * apply_word(states_BA, (turn.x, turn.z))


def _first_states(plan: Plan, n_states: int, initial: np.ndarray | None) -> np.ndarray:
    if initial is not None:
        return np.broadcast_to(initial, (n_states, initial.shape[1])).astype(complex)
    states_BA = np.zeros((n_states, 2**plan.n_qubits), dtype=complex)
    states_BA[:, 0] = 1
    return states_BA


def _checked(plan: Plan, rows_BM, shared_S, initial) -> tuple[np.ndarray, np.ndarray]:
    """Row and shared values as float64, or the reason why they do not fit."""
    rows_BM, shared_S = np.asarray(rows_BM, dtype=float), np.asarray(shared_S, dtype=float)
    if rows_BM.ndim != 2 or rows_BM.shape[1] != plan.n_rows or shared_S.shape != (plan.n_shared,):
        raise ShapeError(
            f"This Plan needs rows of shape (B, {plan.n_rows}) and shared values of shape ({plan.n_shared},); "
            f"got {rows_BM.shape} and {shared_S.shape}."
        )
    if (initial is not None) != plan.initial:
        wanted = "needs initial amplitudes" if plan.initial else "starts from its own product state"
        raise ShapeError(f"This Plan {wanted}; got initial={'an array' if initial is not None else None}.")
    if initial is not None and initial.shape not in ((len(rows_BM), 2**plan.n_qubits), (1, 2**plan.n_qubits)):
        raise ShapeError(
            f"Initial amplitudes must have shape ({len(rows_BM)} or 1, {2**plan.n_qubits}); got {initial.shape}."
        )
    return rows_BM, shared_S
