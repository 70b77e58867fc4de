"""Gram matrices of quantum kernels, in blocks of rows: what `SVC(kernel="precomputed")` takes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from qml.backends import Executor, StateExecutor
from qml.base.errors import ConfigError, ShapeError
from qml.base.memory import check_memory
from qml.circuits.common_ending import without_common_ending
from qml.circuits.program import Program
from qml.study.density import bloch_vectors
from qml.study.rows import WORK_BYTES, able_executor, as_inputs, as_weights, row_blocks

Progress = Callable[[float], None]
ROWS_AT_ONCE = 256  # rows of a block: enough for a matrix product at full speed, few enough to leave half of it out


def fidelity_gram(
    program: Program,
    inputs: ArrayLike,
    others: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    *,
    executor: str | Executor | None = None,
    block_rows: int | None = None,
    progress: Progress | None = None,
) -> np.ndarray:
    """The fidelity kernel of every pair of rows, from their states.

        K[i, j] = |<psi(x_i)|psi(y_j)>|^2,        0 <= K <= 1

    `N + M` states and one matrix product, where a circuit a pair would take `N M` runs; gates at the end that are the
    same for every row cancel, and are not run. Do not use it to learn how a kernel behaves on hardware: it has no
    shots and no noise. With many qubits all fidelities shrink (exponential concentration); look at `projected_gram`
    then.

    Args:
        program: the feature map; its readout plays no part.
        inputs: `(N, D)`.
        others: `(M, D)`; None takes `inputs` again, computes half of the matrix, and returns it exactly symmetric.
        weights: `(P,)`, for a trained map; None where the Program has none.
        executor: one with `states`; the engine when left out.
        block_rows: rows of a block; by default 256, or as many as fit 64 MiB. Where all states together fit 64 MiB,
            they are made once; otherwise two blocks of them are alive, and are made again for each pair of blocks.
        progress: called with the fraction that is done after each pair of blocks.

    Returns:
        `(N, M)`, dimensionless, float64 (float32 for float32 inputs). The diagonal of the symmetric case is one up
        to rounding.

    Raises:
        ShapeError: inputs or weights do not fit the Program.
        CapabilityError: the executor gives no states, the Program is too wide for it, or the matrix does not fit
            the memory (nothing has run).

    References:
        Havlicek et al., Nature 567, 209 (2019); Schuld and Killoran, Phys. Rev. Lett. 122, 040504 (2019).

    Example:
        >>> from qml.circuits import angle
        >>> fidelity_gram(angle(1), [[0.0], [np.pi / 2]]).round(6)
        array([[1. , 0.5],
               [0.5, 1. ]])
    """
    who = "fidelity_gram"
    runs = able_executor(who, program, executor, "states")
    inputs_BD = as_inputs(who, program, inputs)
    others_BD = inputs_BD if others is None else as_inputs(who, program, others).astype(inputs_BD.dtype, copy=False)
    weights_P = as_weights(who, program, weights, inputs_BD)
    if weights_P.ndim != 1:
        raise ShapeError(f"{who} takes one set of weights for all rows, ({program.n_weights},); got {weights_P.shape}.")
    program = without_common_ending(program)
    gram = _room(len(inputs_BD), len(others_BD), inputs_BD.dtype)
    per_row = 2 * inputs_BD.itemsize << program.n_qubits
    step = min(ROWS_AT_ONCE, max(1, WORK_BYTES // per_row)) if block_rows is None else block_rows
    lefts = _states_of_rows(runs, program, inputs_BD, weights_P)
    rights = lefts if others is None else _states_of_rows(runs, program, others_BD, weights_P)
    for rows in row_blocks(len(inputs_BD), per_row, step):
        left = lefts(rows)
        for columns in row_blocks(len(others_BD), per_row, step):
            if others is None and columns.start < rows.start:
                continue
            same = others is None and columns == rows
            block = _fidelities(left, left if same else rights(columns))
            gram[rows, columns] = (block + block.T) / 2 if same else block
            if others is None:
                gram[columns, rows] = gram[rows, columns].T
            if progress is not None:
                progress(_done(rows, columns, gram.shape, others is None))
    return gram


def projected_gram(
    program: Program,
    inputs: ArrayLike,
    others: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    *,
    gamma: float = 1.0,
    executor: str | Executor | None = None,
    block_rows: int | None = None,
) -> np.ndarray:
    """The projected quantum kernel of every pair of rows: a Gaussian of one-qubit density matrices.

        K[i, j] = exp(-gamma sum_q |rho_q(x_i) - rho_q(y_j)|_F^2)
                = exp(-gamma/2 sum_q sum_P (<P_q>(x_i) - <P_q>(y_j))^2),        P = X, Y, Z

    It needs expectation values only, so that any executor serves, and it does not concentrate as fidelities do.
    It is blind to correlations between qubits.

    Args:
        program: the feature map; its readout plays no part.
        inputs: `(N, D)`.
        others: `(M, D)`; None takes `inputs` again.
        weights: `(P,)`; None where the Program has none.
        gamma: inverse squared width, above 0. One over the mean squared distance is a usual start.
        executor: the engine when left out.
        block_rows: rows of a block.

    Returns:
        `(N, M)`, dimensionless, symmetric and with a diagonal of exactly one where `others` is None.

    Raises:
        ConfigError: gamma is not above 0.
        ShapeError: inputs or weights do not fit the Program.
        CapabilityError: the executor cannot run it, or the matrix does not fit the memory.

    References:
        Huang et al., Nature Communications 12, 2631 (2021), equation 9 with one-qubit subsystems.

    Example:
        >>> from qml.circuits import angle
        >>> projected_gram(angle(1), [[0.0], [np.pi]]).round(6)
        array([[1.      , 0.135335],
               [0.135335, 1.      ]])
    """
    if not 0 < gamma < np.inf:
        raise ConfigError(f"projected_gram needs a finite gamma above 0; got {gamma}.")
    vectors = bloch_vectors(program, inputs, weights, executor=executor).reshape(len(np.asarray(inputs)), -1)
    if others is None:
        partners = vectors
    else:
        partners = bloch_vectors(program, others, weights, executor=executor).reshape(len(np.asarray(others)), -1)
    gram = _room(len(vectors), len(partners), vectors.dtype)
    norms = np.sum(partners * partners, axis=1)
    for rows in row_blocks(len(vectors), 2 * len(partners) * vectors.itemsize, block_rows):
        own = np.sum(vectors[rows] ** 2, axis=1)[:, None]
        squares = np.maximum(own + norms - 2 * vectors[rows] @ partners.T, 0)
        gram[rows] = np.exp(-gamma / 2 * squares)
    if others is None:
        _symmetrise(gram)
        np.fill_diagonal(gram, 1)
    return gram


def centred(gram: np.ndarray) -> np.ndarray:
    """A Gram matrix `(N, N)` of features with their mean taken away: `H K H` with `H = 1 - 1/N`.

    Raises:
        ShapeError: not a square.

    Example:
        >>> centred(np.array([[1.0, 0.0], [0.0, 1.0]]))
        array([[ 0.5, -0.5],
               [-0.5,  0.5]])
    """
    _check_square(gram)
    rows, columns = gram.mean(axis=0, keepdims=True), gram.mean(axis=1, keepdims=True)
    return gram - rows - columns + gram.mean()


def alignment(gram: np.ndarray, other: np.ndarray) -> float:
    """Centred kernel alignment of two Gram matrices `(N, N)`: the cosine of the angle between them, in [-1, 1].

        A = <HKH, HLH> / (|HKH| |HLH|)

    With `other = np.outer(y, y)` of labels -1 and 1 it tells how well a kernel fits a target, before any training.
    A matrix that is constant after centring has no direction, and gives 0.

    Raises:
        ShapeError: not two squares of one size.

    References:
        Cortes, Mohri and Rostamizadeh, J. Mach. Learn. Res. 13, 795 (2012), definition 4.

    Example:
        >>> labels = np.array([1.0, 1.0, -1.0, -1.0])
        >>> round(alignment(np.outer(labels, labels), np.outer(labels, labels)), 6)
        1.0
    """
    _check_square(gram)
    if gram.shape != other.shape:
        raise ShapeError(f"alignment needs two matrices of one shape; got {gram.shape} and {other.shape}.")
    left, right = centred(gram), centred(other)
    norms = np.linalg.norm(left) * np.linalg.norm(right)
    return float(np.sum(left * right) / norms) if norms > 0 else 0.0


def _states_of_rows(
    runs: StateExecutor, program: Program, inputs_BD: np.ndarray, weights_P: np.ndarray
) -> Callable[[slice], np.ndarray]:
    """States by the slice of their rows: cut out of all of them where these fit the room, else made when asked."""
    if 2 * len(inputs_BD) * inputs_BD.itemsize << program.n_qubits <= WORK_BYTES:
        return _shortened(runs.states(program, inputs_BD, weights_P)).__getitem__
    return lambda rows: _shortened(runs.states(program, inputs_BD[rows], weights_P))


def _shortened(states_NA: np.ndarray) -> np.ndarray:
    """The states as real numbers where they are, such as behind RY gates: a quarter of the work of their product."""
    return states_NA if np.imag(states_NA).any() else np.ascontiguousarray(np.real(states_NA))


def _fidelities(left_NA: np.ndarray, right_MA: np.ndarray) -> np.ndarray:
    """Squared moduli of all overlaps, `(N, M)`."""
    overlaps = left_NA.conj() @ right_MA.T
    if np.isrealobj(overlaps):
        return np.square(overlaps)
    return np.square(np.real(overlaps)) + np.square(np.imag(overlaps))


def _room(n_rows: int, n_columns: int, dtype: np.dtype) -> np.ndarray:
    check_memory(
        n_rows * n_columns * dtype.itemsize,
        f"A Gram matrix of {n_rows} by {n_columns} numbers ({dtype})",
        "Take fewer rows, float32 inputs, or one block of rows at a time.",
    )
    return np.empty((n_rows, n_columns), dtype)


def _done(rows: slice, columns: slice, shape: tuple[int, int], symmetric: bool) -> float:
    """The fraction of a matrix that stands after the block of these rows and columns."""
    height, (n, m) = rows.stop - rows.start, shape
    if not symmetric:
        return (rows.start * m + height * columns.stop) / (n * m)
    above = rows.start * (2 * n - rows.start + 1) / 2
    here = height * (height + 1) / 2 + height * max(columns.stop - rows.stop, 0)
    return (above + here) / (n * (n + 1) / 2)


def _symmetrise(gram: np.ndarray) -> None:
    """The upper half copied to the lower, a block of rows at a time."""
    for rows in row_blocks(len(gram), gram.shape[1] * gram.itemsize):
        for row in range(rows.start, rows.stop):
            gram[row + 1 :, row] = gram[row, row + 1 :]


def _check_square(gram: np.ndarray) -> None:
    if gram.ndim != 2 or gram.shape[0] != gram.shape[1]:
        raise ShapeError(f"A Gram matrix of one set of rows is a square; got shape {gram.shape}.")
