"""How a row of the gate table is written down: matrices of Pauli rotations, and rows made of turns or Cliffords."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np

from qml.circuits.angle import Angle
from qml.circuits.gate import Clifford, Gate, GateType, Rotation, Step
from qml.circuits.readout import pauli_word

PAULI = {
    "I": np.eye(2, dtype=complex),
    "X": np.array([[0, 1], [1, 0]], dtype=complex),
    "Y": np.array([[0, -1j], [1j, 0]]),
    "Z": np.diag([1, -1]).astype(complex),
}


def pauli_matrix(word: str) -> np.ndarray:
    """The Kronecker product of the letters of `word`, `(2**k, 2**k)`, first letter most significant."""
    matrix = np.eye(1, dtype=complex)
    for letter in word:
        matrix = np.kron(matrix, PAULI[letter])
    return matrix


def rotation_matrix(word: str, theta: float) -> np.ndarray:
    """exp(-i theta/2 word) for letters `word`, `(2**k, 2**k)`."""
    generator = pauli_matrix(word)
    return np.cos(theta / 2) * np.eye(len(generator)) - 1j * np.sin(theta / 2) * generator


def controlled(matrix: np.ndarray) -> np.ndarray:
    """`matrix` `(A, A)` where a new most significant wire is 1, the identity elsewhere: `(2 A, 2 A)`."""
    size = len(matrix)
    result = np.eye(2 * size, dtype=complex)
    result[size:, size:] = matrix
    return result


def turn(gate: Gate, letters: str, angle: Angle) -> Rotation:
    """The rotation by `angle` about `letters`, one a wire of `gate`."""
    return Rotation(pauli_word(zip(gate.wires, letters, strict=True)), angle)


def negated(gate: Gate) -> tuple[Gate, ...]:
    """The same gate by the opposite angles."""
    return (replace(gate, angles=tuple(-angle for angle in gate.angles)),)


def reversed_and_negated(gate: Gate) -> tuple[Gate, ...]:
    """The same gate by the opposite angles in the opposite order."""
    return (replace(gate, angles=tuple(-angle for angle in reversed(gate.angles))),)


def same(gate: Gate) -> tuple[Gate, ...]:
    """A gate that undoes itself."""
    return (gate,)


def called(name: str) -> Callable[[Gate], tuple[Gate, ...]]:
    """An inverse that is the gate of another name on the same wires."""
    return lambda gate: (replace(gate, name=name),)


def turning_row(
    name: str,
    matrix: Callable[[float], np.ndarray],
    turns: Iterable[tuple[str, float]],
    *,
    draw: str = "",
    phase: float = 0.0,
) -> GateType:
    """A row of one angle: exp(-i angle/2 sum of factor * letters), equal to the product of the rotations in order.

    `matrix(theta)` is `(2**k, 2**k)` for the `k` letters of each turn, its phase included; the product has to be
    multiplied by exp(i phase theta) to be that matrix.
    """
    turns = tuple(turns)
    return GateType(
        name,
        n_wires=len(turns[0][0]),
        n_angles=1,
        matrix=lambda gate, values: matrix(values[0]),
        steps=lambda gate: tuple(turn(gate, letters, factor * gate.angles[0]) for letters, factor in turns),
        inverse=negated,
        draw=draw,
        phase=lambda gate: phase * gate.angles[0],
    )


def fixed_row(
    name: str,
    matrix: np.ndarray,
    moves: Iterable[tuple],
    *,
    inverse: Callable[[Gate], tuple[Gate, ...]] = same,
    draw: str = "",
    phase: float = 0.0,
) -> GateType:
    """A row without angles, of the constant `matrix` `(2**k, 2**k)`, exp(i phase) times the product of its moves.

    `moves` are applied in order; each is `("CX", 0, 1)`, a Clifford with positions of the gate's wires, or
    `("turn", letters, angle)`, a rotation by a constant.
    """
    moves = tuple(moves)

    def steps(gate: Gate) -> tuple[Step, ...]:
        return tuple(
            turn(gate, move[1], Angle(move[2]))
            if move[0] == "turn"
            else Clifford(move[0], tuple(gate.wires[position] for position in move[1:]))
            for move in moves
        )

    matrix = np.asarray(matrix, dtype=complex)
    n_wires = len(matrix).bit_length() - 1
    return GateType(
        name,
        n_wires,
        0,
        matrix=lambda gate, values: matrix,
        steps=steps,
        inverse=inverse,
        draw=draw,
        phase=lambda gate: Angle(phase),
    )
