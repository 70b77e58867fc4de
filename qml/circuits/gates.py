"""The gate table: every gate a Program can hold, each defined by a matrix and, independently, by Pauli rotations."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from qml.base.errors import ProgramError
from qml.base.registry import Registry
from qml.circuits.gate import Clifford, Gate, GateType, Rotation
from qml.circuits.readout import pauli_word

__all__ = ["GATES", "Gate", "check_gate", "invert"]

GATES: Registry[GateType] = Registry("gate")

PAULI = {
    "I": np.eye(2, dtype=complex),
    "X": np.array([[0, 1], [1, 0]], dtype=complex),
    "Y": np.array([[0, -1j], [1j, 0]]),
    "Z": np.diag([1, -1]).astype(complex),
}


def check_gate(gate: Gate, n_qubits: int, position: int) -> None:
    """Raise `ProgramError` unless `gate` is a row of the table with wires and angles that fit."""
    row = GATES[gate.name]
    bad = [wire for wire in gate.wires if not 0 <= wire < n_qubits]
    if bad or len(set(gate.wires)) != len(gate.wires) or not gate.wires:
        raise ProgramError(
            f"Gate {position} ({gate.name}) acts on wires {gate.wires}; they must be distinct and within 0..{n_qubits - 1}."
        )
    if row.n_wires is not None and len(gate.wires) != row.n_wires:
        raise ProgramError(f"Gate {position} ({gate.name}) got {len(gate.wires)} wires; it takes {row.n_wires}.")
    if row.n_angles is not None and len(gate.angles) != row.n_angles:
        raise ProgramError(f"Gate {position} ({gate.name}) got {len(gate.angles)} angles; it takes {row.n_angles}.")


def invert(gate: Gate) -> tuple[Gate, ...]:
    """Gates that undo `gate`, in order."""
    return GATES[gate.name].inverse(gate)


def rotation_matrix(word: str, theta: float) -> np.ndarray:
    """exp(-i theta/2 word) for letters `word`, `(2**k, 2**k)`."""
    generator = np.eye(1, dtype=complex)
    for letter in word:
        generator = np.kron(generator, PAULI[letter])
    return np.cos(theta / 2) * np.eye(len(generator)) - 1j * np.sin(theta / 2) * generator


def _negated(gate: Gate) -> tuple[Gate, ...]:
    return (replace(gate, angles=tuple(-angle for angle in gate.angles)),)


def _same(gate: Gate) -> tuple[Gate, ...]:
    return (gate,)


def _rotation(name: str, word: str) -> None:
    GATES.add(
        name,
        GateType(
            name,
            len(word),
            1,
            matrix=lambda gate, values: rotation_matrix(word, values[0]),
            steps=lambda gate: (Rotation(pauli_word(zip(gate.wires, word, strict=True)), gate.angles[0]),),
            inverse=_negated,
        ),
    )


def _clifford(name: str, short: str, matrix: np.ndarray) -> None:
    GATES.add(
        name,
        GateType(
            name,
            int(np.log2(len(matrix))),
            0,
            matrix=lambda gate, values: matrix,
            steps=lambda gate: (Clifford(short, gate.wires),),
            inverse=_same,
        ),
    )


for _name, _word in (("RX", "X"), ("RY", "Y"), ("RZ", "Z"), ("IsingXX", "XX"), ("IsingYY", "YY"), ("IsingZZ", "ZZ")):
    _rotation(_name, _word)
_clifford("Hadamard", "H", np.array([[1, 1], [1, -1]], dtype=complex) / np.sqrt(2))
_clifford("PauliX", "X", PAULI["X"])
_clifford("PauliY", "Y", PAULI["Y"])
_clifford("PauliZ", "Z", PAULI["Z"])
_clifford("CNOT", "CX", np.eye(4, dtype=complex)[[0, 1, 3, 2]])
_clifford("CZ", "CZ", np.diag([1, 1, 1, -1]).astype(complex))
_clifford("SWAP", "SWAP", np.eye(4, dtype=complex)[[0, 2, 1, 3]])
GATES.add(
    "Rot",
    GateType(
        "Rot",
        1,
        3,
        matrix=lambda gate, v: rotation_matrix("Z", v[2]) @ rotation_matrix("Y", v[1]) @ rotation_matrix("Z", v[0]),
        steps=lambda gate: tuple(
            Rotation(pauli_word({gate.wires[0]: letter}), angle) for letter, angle in zip("ZYZ", gate.angles, strict=True)
        ),
        inverse=lambda gate: (replace(gate, angles=tuple(-a for a in reversed(gate.angles))),),
    ),
)
