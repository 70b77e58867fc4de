"""How much a slot changes the state, or its outcomes: quantum and classical Fisher information, natural gradient."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from qml.backends import Executor, Tangents
from qml.base.errors import ConfigError, ShapeError
from qml.circuits.program import Program
from qml.study.density import split_states
from qml.study.rows import able_executor, as_inputs, as_weights, row_blocks, rows_of

By = Literal["weights", "inputs", "both"]


def quantum_fisher(
    program: Program,
    inputs: ArrayLike,
    weights: ArrayLike | None = None,
    *,
    by: By = "weights",
    executor: str | Executor | None = None,
) -> np.ndarray:
    """Quantum Fisher information of the weights, the inputs or both, for each row.

        F[i, j] = 4 Re(<d_i psi|d_j psi> - <d_i psi|psi><psi|d_j psi>)

    Four times the Fubini-Study metric (PennyLane's `metric_tensor`). All derivatives of the state come from one
    sweep over the circuit, so a row costs about as much as `P` states, where shifts take `P^2` circuits. The
    readout plays no part, and so gates behind the last entangler count too.

    Args:
        program: what to look at.
        inputs: `(B, D)`.
        weights: `(P,)` or `(B, P)`; None where the Program has none.
        by: `"weights"`, `"inputs"`, or `"both"`: inputs first, then weights.
        executor: one with `tangents`; the engine when left out.

    Returns:
        `(B, N, N)` symmetric and positive semidefinite up to rounding, per square radian; `N` is `P`, `D` or `D + P`.

    Raises:
        ConfigError: another `by`.
        ShapeError: inputs or weights do not fit the Program.
        CapabilityError: the executor gives no tangents, or they do not fit the memory.

    References:
        Meyer, Quantum 5, 539 (2021); Stokes, Izaac, Killoran and Carleo, Quantum 4, 269 (2020).

    Example:
        >>> from qml.circuits import angle
        >>> quantum_fisher(angle(2), [[0.3, 0.4]], by="inputs").round(6) + 0.0
        array([[[1., 0.],
                [0., 1.]]])
    """
    return _by_blocks("quantum_fisher", program, inputs, weights, by, executor, _quantum)


def fisher_information(
    program: Program,
    inputs: ArrayLike,
    weights: ArrayLike | None = None,
    *,
    by: By = "weights",
    wires: Sequence[int] | None = None,
    executor: str | Executor | None = None,
) -> np.ndarray:
    """Classical Fisher information of the outcomes of a measurement in the computational basis.

        F[i, j] = sum_o d_i p_o d_j p_o / p_o

    At most the quantum one. Outcomes of probability zero are left out. It is exact; from shots it would be biased
    upwards, because rare outcomes are missed.

    Args:
        program: what to look at; its readout plays no part.
        inputs: `(B, D)`.
        weights: `(P,)` or `(B, P)`; None where the Program has none.
        by: as for `quantum_fisher`.
        wires: the qubits that are measured; all when left out.
        executor: one with `tangents`; the engine when left out.

    Returns:
        `(B, N, N)` symmetric, positive semidefinite up to rounding, per square radian.

    Raises:
        ConfigError: another `by`.
        ShapeError: inputs, weights or wires do not fit the Program.
        CapabilityError: the executor gives no tangents, or they do not fit the memory.

    References:
        Abbas et al., Nature Computational Science 1, 403 (2021), there with the labels as outcomes.

    Example:
        >>> from qml.circuits import angle
        >>> fisher_information(angle(1), [[0.3]], by="inputs").round(6)
        array([[[1.]]])
    """
    measured = list(range(program.n_qubits)) if wires is None else list(wires)
    return _by_blocks(
        "fisher_information", program, inputs, weights, by, executor, lambda found: _classical(found, measured)
    )


def natural_gradient(gradient_P: np.ndarray, fisher_PP: np.ndarray, *, damping: float = 1e-3) -> np.ndarray:
    """A gradient as the steepest direction in the space of states: `(F + damping)^-1 gradient`.

    `F` is singular wherever two weights do the same, so it is damped: a small number keeps more of the geometry, a
    large one gives back the plain gradient, scaled. With `damping = 0` the directions that change nothing are left
    out (pseudo-inverse). For a batch take the mean of `quantum_fisher` over its rows. With a quarter of the quantum
    Fisher information (the metric tensor) it is PennyLane's `QNGOptimizer` step.

    Args:
        gradient_P: of a loss, `(P,)`.
        fisher_PP: `(P, P)`, symmetric.
        damping: added to the diagonal, 0 or more, in the units of `fisher_PP`.

    Returns:
        `(P,)`; walk against it.

    Raises:
        ShapeError: the shapes do not fit.
        ConfigError: a negative damping.

    References:
        Stokes, Izaac, Killoran and Carleo, Quantum 4, 269 (2020).

    Example:
        >>> natural_gradient(np.array([1.0, 1.0]), np.diag([4.0, 0.0]), damping=0.0)
        array([0.25, 0.  ])
    """
    if gradient_P.ndim != 1 or fisher_PP.shape != (len(gradient_P), len(gradient_P)):
        raise ShapeError(f"natural_gradient needs (P,) and (P, P); got {gradient_P.shape} and {fisher_PP.shape}.")
    if not 0 <= damping < np.inf:
        raise ConfigError(f"natural_gradient needs a finite damping of at least 0; got {damping}.")
    values, vectors = np.linalg.eigh(fisher_PP)
    values = np.maximum(values, 0) + damping
    kept = values > len(values) * np.finfo(values.dtype).eps * values.max(initial=0)
    inverse = np.divide(1, values, out=np.zeros_like(values), where=kept)
    return vectors @ (inverse * (vectors.T @ gradient_P))


def _by_blocks(
    who: str,
    program: Program,
    inputs: ArrayLike,
    weights: ArrayLike | None,
    by: By,
    executor: str | Executor | None,
    form: Callable[[Tangents], np.ndarray],
) -> np.ndarray:
    """A quadratic form `(B, C, C)` of tangents, taken on to slots: `(B, N, N)`."""
    n_inputs, n_slots = program.n_inputs, program.n_inputs + program.n_weights
    chosen = {"weights": slice(n_inputs, n_slots), "inputs": slice(0, n_inputs), "both": slice(0, n_slots)}
    if by not in chosen:
        raise ConfigError(f"{who} is taken by 'weights', 'inputs' or 'both'; got {by!r}.")
    runs = able_executor(who, program, executor, "tangents")
    inputs_BD = as_inputs(who, program, inputs)
    weights_ = as_weights(who, program, weights, inputs_BD)
    n_kept = len(range(n_slots)[chosen[by]])
    result = np.empty((len(inputs_BD), n_kept, n_kept), inputs_BD.dtype)
    n_angles = sum(len(gate.angles) for gate in program.gates)
    per_row = 4 * inputs_BD.itemsize * (n_angles + n_slots + 1) << program.n_qubits
    for rows in row_blocks(len(inputs_BD), per_row):
        found = runs.tangents(program, inputs_BD[rows], rows_of(weights_, rows))
        slopes = found.slopes_BCN[:, :, chosen[by]]
        result[rows] = np.swapaxes(slopes, 1, 2) @ form(found) @ slopes
    return (result + np.swapaxes(result, 1, 2)) / 2


def _quantum(found: Tangents) -> np.ndarray:
    """`4 Re <t_i|t_j>` of the tangents across the state."""
    along, states = found.along_BCA, found.states_BA
    overlaps = along @ states.conj()[:, :, None]
    return 4 * _gram_of_rows(_as_real(along - overlaps * states[:, None]))


def _classical(found: Tangents, wires: Sequence[int]) -> np.ndarray:
    """`sum_o d_i p_o d_j p_o / p_o` of the outcomes of `wires`."""
    parts = split_states(found.states_BA, wires)
    n_rows, n_along, n_amplitudes = found.along_BCA.shape
    along = split_states(found.along_BCA.reshape(-1, n_amplitudes), wires).reshape(n_rows, n_along, *parts.shape[1:])
    chances = np.sum(np.abs(parts) ** 2, axis=2)
    changes = 2 * np.einsum("bor,bcor->bco", parts.conj(), along).real
    roots = np.sqrt(chances)[:, None]
    return _gram_of_rows(np.divide(changes, roots, out=np.zeros_like(changes), where=roots > 0))


def _as_real(array: np.ndarray) -> np.ndarray:
    """Complex numbers as pairs of real ones along the last axis."""
    return np.ascontiguousarray(array).view(np.real(array).dtype)


def _gram_of_rows(rows_BCR: np.ndarray) -> np.ndarray:
    return rows_BCR @ np.swapaxes(rows_BCR, 1, 2)
