"""Any constant unitary as Pauli rotations, by the quantum Shannon recursion without a single CNOT."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from scipy.linalg import cossin, schur

from qml.circuits.angle import Angle
from qml.circuits.gate import ComplexRows

UNITARY_TOLERANCE = 1e-8
_NEGLIGIBLE = 1e-15

Turn = tuple[str, float]  # letters, one a wire, and radians


@lru_cache(maxsize=256)
def unitary_turns(matrix: ComplexRows) -> tuple[tuple[str, Angle], ...]:
    """Letters and constant angles of rotations, in order, whose product is `matrix` up to a global phase."""
    turns = decompose(np.array(matrix, dtype=complex))
    return tuple((letters, Angle(angle)) for letters, angle in turns)


@lru_cache(maxsize=256)
def unitary_phase(matrix: ComplexRows) -> float:
    """Radians by which `matrix` is ahead of the product of its `unitary_turns`; read off its first column."""
    dense = np.array(matrix, dtype=complex)
    column = np.zeros(len(dense), complex)
    column[0] = 1
    places, n_wires = np.arange(len(dense)), len(dense).bit_length() - 1
    for letters, angle in unitary_turns(matrix):
        x, z = (
            sum(1 << n_wires - 1 - k for k, letter in enumerate(letters) if letter in kind) for kind in ("XY", "ZY")
        )
        signs = 1 - 2 * (np.bitwise_count((places ^ x) & z) & 1).astype(float)
        turned = 1j ** (x & z).bit_count() * signs * column[places ^ x]
        half = angle.constant / 2
        column = np.cos(half) * column - 1j * np.sin(half) * turned
    return float(np.angle(np.vdot(column, dense[:, 0])))


def decompose(matrix: np.ndarray) -> list[Turn]:
    """Pauli rotations whose product is the unitary `matrix` up to a global phase.

        U = (V1 + V2) CS (W1 + W2),        V1 + V2 = (1 x V) (D + D^dagger) (1 x W)

    (+ is the direct sum over the first wire.) The middle factors are an RY and an RZ of the first wire,
    chosen by the other wires: products of commuting rotations about Y or Z times Z words, with angles by
    a Walsh-Hadamard transform. Degenerate eigenvalues are safe: D comes from a Schur form.

    Args:
        matrix: `(2**k, 2**k)`, unitary; the first wire is the most significant bit.

    Returns:
        `(letters, radians)` in the order of application; rotations below 1e-15 are left out.

    References:
        Shende, Bullock and Markov, IEEE Trans. CAD 25, 1000 (2006), theorem 13. This form keeps the
        multiplexed rotations as Pauli rotations instead of CNOTs.

    Example:
        >>> [letters for letters, _ in decompose(np.eye(4)[[0, 2, 1, 3]])][:2]
        ['IZ', 'IY']
    """
    size = len(matrix)
    if np.abs(matrix - np.diag(np.diag(matrix))).max() == 0:
        return _diagonal(np.angle(np.diag(matrix)))
    if size == 2:
        return _one_wire(matrix)
    half = size // 2
    factors: Any = cossin(matrix, p=half, q=half, separate=True)
    (left_0, left_1), theta, (right_0, right_1) = factors
    return _block_diagonal(right_0, right_1) + _multiplexed("Y", 2 * theta) + _block_diagonal(left_0, left_1)


def _one_wire(matrix: np.ndarray) -> list[Turn]:
    """RZ, RY, RZ of a 2 by 2 unitary; a vanishing entry leaves its phase free, and harmless."""
    special = matrix / np.sqrt(np.linalg.det(matrix))
    total, difference = 2 * np.angle(special[1, 1]), -2 * np.angle(special[1, 0])
    theta = 2 * np.arctan2(abs(special[1, 0]), abs(special[1, 1]))
    turns = [("Z", (total + difference) / 2), ("Y", theta), ("Z", (total - difference) / 2)]
    return _kept(turns)


def _block_diagonal(upper: np.ndarray, lower: np.ndarray) -> list[Turn]:
    """`upper` where the first wire is 0 and `lower` where it is 1."""
    form: Any = schur(upper @ lower.conj().T, output="complex")
    triangular, basis = form
    phases = np.angle(np.diag(triangular))
    right = np.exp(0.5j * phases)[:, None] * (basis.conj().T @ lower)
    return _behind_identity(decompose(right)) + _multiplexed("Z", -phases) + _behind_identity(decompose(basis))


def _multiplexed(letter: str, angles: np.ndarray) -> list[Turn]:
    """A rotation of the first wire by `angles[j]` where the other wires are in the basis state j."""
    words = _z_words(len(angles))
    return _kept(zip((letter + word for word in words), _walsh_hadamard(angles) / len(angles), strict=True))


def _diagonal(phases: np.ndarray) -> list[Turn]:
    """diag(exp(i phases)); the identity word is the global phase."""
    angles = -2 * _walsh_hadamard(phases) / len(phases)
    return _kept(zip(_z_words(len(phases))[1:], angles[1:], strict=True))


def _z_words(size: int) -> list[str]:
    n_wires = size.bit_length() - 1
    return ["".join("IZ"[int(bit)] for bit in f"{mask:0{n_wires}b}") if n_wires else "" for mask in range(size)]


def _walsh_hadamard(values: np.ndarray) -> np.ndarray:
    """Sum over j of (-1)^(bits of j & mask) values[j], for each mask."""
    result = np.asarray(values, dtype=float)
    n_bits = len(result).bit_length() - 1
    result = result.reshape((2,) * n_bits)
    for axis in range(n_bits):
        low, high = np.take(result, 0, axis), np.take(result, 1, axis)
        result = np.stack([low + high, low - high], axis)
    return result.reshape(-1)


def _behind_identity(turns: list[Turn]) -> list[Turn]:
    return [("I" + letters, angle) for letters, angle in turns]


def _kept(turns) -> list[Turn]:
    return [(letters, float(angle)) for letters, angle in turns if abs(angle) > _NEGLIGIBLE]
