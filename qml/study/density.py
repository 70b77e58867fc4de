"""What part of the qubits looks like: reduced density matrices and Bloch vectors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from qml.backends import Executor
from qml.base.errors import ShapeError
from qml.circuits.program import Program
from qml.circuits.readout import Expectations, PauliSum
from qml.study.rows import able_executor, as_inputs, as_weights, row_blocks, rows_of


def bloch_vectors(
    program: Program, inputs: ArrayLike, weights: ArrayLike | None = None, *, executor: str | Executor | None = None
) -> np.ndarray:
    """<X>, <Y> and <Z> of every qubit: its one-qubit density matrix is `(1 + x X + y Y + z Z) / 2`.

    Read as expectation values, so that no state is kept and any executor serves.

    Args:
        program: what to run; its readout plays no part.
        inputs: `(B, D)`.
        weights: `(P,)` or `(B, P)`; None where the Program has none.
        executor: the engine when left out.

    Returns:
        `(B, Q, 3)`, each number in [-1, 1].

    Raises:
        ShapeError: inputs or weights do not fit the Program.
        CapabilityError: the executor cannot run it.

    Example:
        >>> from qml.circuits import angle
        >>> bloch_vectors(angle(2), [[0.0, np.pi / 2]]).round(6) + 0.0
        array([[[0., 0., 1.],
                [1., 0., 0.]]])
    """
    who, n_qubits = "bloch_vectors", program.n_qubits
    words = [PauliSum(((1.0, ((wire, letter),)),)) for wire in range(n_qubits) for letter in "XYZ"]
    reading = program.with_readout(Expectations(tuple(words)))
    runs = able_executor(who, reading, executor)
    inputs_BD = as_inputs(who, program, inputs)
    weights_ = as_weights(who, program, weights, inputs_BD)
    vectors = np.empty((len(inputs_BD), 3 * n_qubits), inputs_BD.dtype)
    for rows in row_blocks(len(inputs_BD), vectors.itemsize * 3 * n_qubits):
        vectors[rows] = runs.forward(reading, inputs_BD[rows], rows_of(weights_, rows)).values_BK
    return vectors.reshape(-1, n_qubits, 3)


def reduced_density_matrices(states_BA: np.ndarray, wires: Sequence[int]) -> np.ndarray:
    """The density matrix of some qubits of each pure state, the others traced out.

        rho[a, b] = sum_e psi[a, e] conj(psi[b, e])

    Args:
        states_BA: unit state vectors, `(B, A)` with `A = 2**Q`; qubit 0 most significant.
        wires: the qubits that stay, `k` of them; the first is the most significant of the result.

    Returns:
        `(B, 2**k, 2**k)` complex, Hermitian, of trace one.

    Raises:
        ShapeError: `A` is not a power of two, or the wires are not distinct qubits of the states.

    Example:
        >>> bell = np.array([[1, 0, 0, 1]]) / np.sqrt(2)
        >>> reduced_density_matrices(bell, [1]).real.round(6)
        array([[[0.5, 0. ],
                [0. , 0.5]]])
    """
    parts = split_states(states_BA, wires)
    return parts @ np.swapaxes(parts.conj(), 1, 2)


def split_states(states_BA: np.ndarray, wires: Sequence[int]) -> np.ndarray:
    """`(B, 2**k, rest)`: the amplitudes of `(B, A)` with the bits of `wires` in front, in that order.

    Raises:
        ShapeError: as for `reduced_density_matrices`.
    """
    n_qubits = qubits_of(states_BA)
    wires = [int(wire) for wire in wires]
    if len(set(wires)) != len(wires) or not all(0 <= wire < n_qubits for wire in wires):
        raise ShapeError(f"Wires of states {states_BA.shape} are distinct and within 0..{n_qubits - 1}; got {wires}.")
    tensor = states_BA.reshape(-1, *(2,) * n_qubits)
    moved = np.moveaxis(tensor, [wire + 1 for wire in wires], range(1, len(wires) + 1))
    return moved.reshape(len(states_BA), 2 ** len(wires), -1)


def qubits_of(states_BA: np.ndarray) -> int:
    """Qubits `Q` of states `(B, A)`.

    Raises:
        ShapeError: not two axes, or `A` is not a power of two.
    """
    n_qubits = states_BA.shape[1].bit_length() - 1 if states_BA.ndim == 2 else -1
    if n_qubits < 0 or states_BA.shape[1] != 1 << n_qubits:
        raise ShapeError(f"States have the shape (B, 2**Q); got {states_BA.shape}.")
    return n_qubits
