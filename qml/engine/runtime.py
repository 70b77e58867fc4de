"""The door of the runtime: runs a Plan on arrays that are checked first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from qml.base.errors import ShapeError
from qml.engine.memory import budget_bytes
from qml.engine.plan import Plan
from qml.engine.runner import Residual, runner_of
from qml.engine.wide.runner import WideResidual

COMPLEX = {"float32": np.dtype(np.complex64), "float64": np.dtype(np.complex128)}


@dataclass(frozen=True)
class Run:
    """What a run of `B` rows brings back; what was not asked for is None.

    `initial_BA` means `d loss = sum_i Re(conj(g_i) d a_i)`, in the shape of the amplitudes handed in.
    """

    words_BW: np.ndarray | None
    rows_BM: np.ndarray | None = None
    shared_S: np.ndarray | None = None
    initial_BA: np.ndarray | None = None
    residual: Residual | WideResidual | None = None


def run(
    plan: Plan,
    rows_BM: np.ndarray,
    shared_S: np.ndarray,
    *,
    initial: np.ndarray | None = None,
    cotangent_BW: np.ndarray | None = None,
    want_words: bool = True,
    threads: int | None = None,
    keep: bool = False,
    residual: Any = None,
    budget: int | None = None,
) -> Run:
    """Run `plan` on `B` rows, and differentiate it if a cotangent is given.

    Precision is that of `rows_BM`; nothing is promoted. NaN or infinite row values give NaN in their own rows (and
    in the shared gradients that sum over rows); shared values that are not finite are refused. Results are the same
    bits for any number of threads.

    Args:
        plan: what to run.
        rows_BM: row values, `(B, n_rows)` float32 or float64, radians before coefficients.
        shared_S: shared values, `(n_shared,)`, same dtype.
        initial: `(B or 1, 2**n_qubits)` complex amplitudes of the same precision; exactly when `plan.initial`.
        cotangent_BW: derivative of the loss by each value; None runs forward only.
        want_words: return values beside the gradients.
        threads: threads to use; None decides by the work and `qml.base.threads`.
        keep: leave a residual that makes the gradient of this run cheaper (forward only).
        residual: what an equal forward run has left.
        budget: bytes for kept kets; None reads `QML_CHECKPOINT_MIB`.

    Returns:
        A `Run`.

    Raises:
        ShapeError: shapes or dtypes do not fit the plan or one another.
        CapabilityError: too many qubits, or another dtype.
        DataError: a shared value is NaN or infinite.

    Example:
        >>> from qml.engine.plan import Plan, Turn
        >>> plan = Plan(1, ((Turn(1, 1, "row", 0, 1.0),),), (), ((0, 1),), n_shared=0, n_rows=1)
        >>> rows = np.array([[np.pi / 6], [np.pi / 2]])
        >>> result = run(plan, rows, np.zeros(0), cotangent_BW=np.ones((2, 1)))
        >>> result.rows_BM.round(6)
        array([[-0.5],
               [-1. ]])
    """
    check_arrays(plan, rows_BM, shared_S, initial, cotangent_BW)
    runner = runner_of(plan, rows_BM.dtype, budget_bytes() if budget is None else budget, len(rows_BM))
    rows_BM, shared_S = np.ascontiguousarray(rows_BM), np.ascontiguousarray(shared_S)
    initial = None if initial is None else np.ascontiguousarray(initial)
    if cotangent_BW is None:
        forward = runner.forward(rows_BM, shared_S, initial, keep=keep, threads=threads)
        return Run(forward.words_BW, residual=forward.residual)
    cotangent_BW = np.ascontiguousarray(cotangent_BW)
    slopes = runner.gradients(
        rows_BM, shared_S, cotangent_BW, initial, want_words=want_words, residual=residual, threads=threads
    )
    return Run(slopes.words_BW, slopes.rows_BM, slopes.shared_S, slopes.initial_BA)


def check_arrays(plan: Plan, rows_BM, shared_S, initial, cotangent_BW) -> None:
    """Refuse arrays that do not fit `plan`, before anything runs."""
    batch, dtype = len(rows_BM), rows_BM.dtype
    if rows_BM.shape != (batch, plan.n_rows) or shared_S.shape != (plan.n_shared,):
        raise ShapeError(
            f"This Plan needs rows of shape (B, {plan.n_rows}) and shared values of shape ({plan.n_shared},); "
            f"got {rows_BM.shape} and {shared_S.shape}."
        )
    if shared_S.dtype != dtype or (cotangent_BW is not None and cotangent_BW.dtype != dtype):
        raise ShapeError(f"All arrays must share one dtype; rows are {dtype}, shared values {shared_S.dtype}.")
    if cotangent_BW is not None and cotangent_BW.shape != (batch, plan.n_words):
        raise ShapeError(f"The cotangent must have shape ({batch}, {plan.n_words}); got {cotangent_BW.shape}.")
    if (initial is not None) != plan.initial:
        wanted = "needs initial amplitudes" if plan.initial else "starts from its own product state"
        raise ShapeError(f"This Plan {wanted}; got initial={'an array' if initial is not None else None}.")
    if initial is not None:
        fits = initial.shape in ((batch, 1 << plan.n_qubits), (1, 1 << plan.n_qubits))
        if not fits or initial.dtype != COMPLEX.get(dtype.name):
            raise ShapeError(
                f"Initial amplitudes must be {COMPLEX.get(dtype.name)} of shape ({batch} or 1, {1 << plan.n_qubits}); "
                f"got {initial.dtype} of shape {initial.shape}."
            )
