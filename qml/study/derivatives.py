"""Every derivative of every value of every row, in one reverse sweep."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from qml.backends import Executor
from qml.circuits.program import Program
from qml.study.rows import able_executor, as_inputs, as_weights, row_blocks


@dataclass(frozen=True)
class Jacobian:
    """Derivatives of values: `inputs_BKD` by the inputs and `weights_BKP` by the weights of each row, per radian."""

    inputs_BKD: np.ndarray
    weights_BKP: np.ndarray


def jacobian(
    program: Program,
    inputs: ArrayLike,
    weights: ArrayLike | None = None,
    *,
    executor: str | Executor | None = None,
    seed: int | None = None,
) -> Jacobian:
    """Derivatives of all values by all inputs and weights.

        J[b, k, p] = d value_k(x_b, w) / d w_p

    Each row is repeated once for each of the `K` values, with the weights as its own and a cotangent that picks the
    value: one gradient call of `B K` rows, whatever the number of weights. Where `K` is much larger than `D + P`
    (probabilities of many qubits) the tangents of the states are cheaper: `Executor.tangents`.

    Args:
        program: what to differentiate.
        inputs: `(B, D)`.
        weights: `(P,)` or `(B, P)`; None where the Program has none.
        executor: the engine when left out; one that estimates gives estimates.
        seed: for an executor that estimates.

    Returns:
        `(B, K, D)` and `(B, K, P)`.

    Raises:
        ShapeError: inputs or weights do not fit the Program.
        CapabilityError: the executor cannot run it.

    Example:
        >>> from qml.circuits import Circuit
        >>> circuit = Circuit(1)
        >>> program = circuit.ry(0, circuit.weights("theta")).build()
        >>> jacobian(program, np.zeros((1, 0)), [np.pi / 6]).weights_BKP.round(6)
        array([[[-0.5]]])
    """
    who, n_values = "jacobian", program.n_values
    runs = able_executor(who, program, executor)
    inputs_BD = as_inputs(who, program, inputs)
    n_rows, dtype = len(inputs_BD), inputs_BD.dtype
    weights_BP = np.broadcast_to(as_weights(who, program, weights, inputs_BD), (n_rows, program.n_weights))
    by_inputs = np.empty((n_rows, n_values, program.n_inputs), dtype)
    by_weights = np.empty((n_rows, n_values, program.n_weights), dtype)
    per_row = n_values * (n_values + 2 * program.n_inputs + 2 * program.n_weights) * dtype.itemsize
    for rows in row_blocks(n_rows, per_row):
        repeated, own = (np.repeat(array[rows], n_values, axis=0) for array in (inputs_BD, weights_BP))
        picks = np.tile(np.eye(n_values, dtype=dtype), (rows.stop - rows.start, 1))
        found = runs.vjp(program, repeated, own, picks, seed=seed)
        by_inputs[rows] = found.inputs_BD.reshape(by_inputs[rows].shape)
        by_weights[rows] = found.weights.reshape(by_weights[rows].shape)
    return Jacobian(by_inputs, by_weights)
