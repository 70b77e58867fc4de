"""How entangled pure states are: one number each, and one for every cut."""

from __future__ import annotations

import numpy as np

from qml.base.errors import ShapeError
from qml.study.density import qubits_of, split_states


def meyer_wallach(states_BA: np.ndarray) -> np.ndarray:
    """Meyer-Wallach entanglement of each pure state.

        Q = 2 (1 - mean_q Tr[rho_q^2]),    0 <= Q <= 1

    Zero for product states, one for GHZ. It does not see how the qubits are entangled (GHZ and
    two Bell pairs both give one); for that use `entropy_profile`.

    Args:
        states_BA: unit state vectors, `(B, A)` with `A = 2**Q`; qubit 0 most significant.

    Returns:
        `(B,)`, dimensionless.

    Raises:
        ShapeError: `A` is not a power of two.

    References:
        Meyer and Wallach, J. Math. Phys. 43, 4273 (2002). This form: Brennen, Quantum Inf.
        Comput. 3, 619 (2003).

    Example:
        >>> bell = np.array([[1, 0, 0, 1]]) / np.sqrt(2)
        >>> meyer_wallach(bell).round(6)
        array([1.])
    """
    purities = [_purity(split_states(states_BA, [wire])) for wire in range(_some_qubits(states_BA))]
    return 2 * (1 - np.mean(purities, axis=0))


def entropy_profile(states_BA: np.ndarray) -> np.ndarray:
    """Entanglement entropy across every cut of the line of qubits.

        S[k] = -sum_s s^2 log2 s^2,        s: singular values of psi as a 2^(k+1) by 2^(Q-k-1) matrix

    Cut `k` lies between qubits `k` and `k + 1`. At most `min(k + 1, Q - k - 1)` bits; zero for product states. Cuts
    of other sets of qubits need `reduced_density_matrices`.

    Args:
        states_BA: unit state vectors, `(B, A)` with `A = 2**Q`; qubit 0 most significant.

    Returns:
        `(B, Q - 1)`, in bits.

    Raises:
        ShapeError: `A` is not a power of two.

    References:
        Bennett, Bernstein, Popescu and Schumacher, Phys. Rev. A 53, 2046 (1996).

    Example:
        >>> pairs = np.kron([1, 0, 0, 1], [1, 0, 0, 1])[None] / 2
        >>> entropy_profile(pairs).round(6) + 0.0
        array([[1., 0., 1.]])
    """
    n_qubits = _some_qubits(states_BA)
    profile = np.empty((len(states_BA), n_qubits - 1), np.real(states_BA).dtype)
    for cut in range(n_qubits - 1):
        halves = states_BA.reshape(len(states_BA), 2 ** (cut + 1), -1)
        weights = np.linalg.svd(halves, compute_uv=False) ** 2
        profile[:, cut] = -np.sum(weights * np.log2(np.maximum(weights, np.finfo(weights.dtype).tiny)), axis=1)
    return profile


def _purity(parts: np.ndarray) -> np.ndarray:
    """Tr[rho^2] of the first qubit of `(B, 2, rest)`, without forming rho."""
    zero, one = parts[:, 0], parts[:, 1]
    populations = np.sum(np.abs(zero) ** 2, axis=1), np.sum(np.abs(one) ** 2, axis=1)
    coherence = np.abs(np.sum(zero * one.conj(), axis=1))
    return populations[0] ** 2 + populations[1] ** 2 + 2 * coherence**2


def _some_qubits(states_BA: np.ndarray) -> int:
    n_qubits = qubits_of(states_BA)
    if n_qubits < 1:
        raise ShapeError(f"Entanglement needs at least one qubit; got states of shape {states_BA.shape}.")
    return n_qubits
