"""Plain matrices of gates, steps and Programs: the slow and obvious way, for comparison."""

import numpy as np

from qml.circuits import GATES, Rotation, Slot
from qml.circuits.rows import PAULI, pauli_matrix

CLIFFORDS = {
    "H": (PAULI["X"] + PAULI["Z"]) / np.sqrt(2),
    "X": PAULI["X"],
    "Y": PAULI["Y"],
    "Z": PAULI["Z"],
    "S": np.diag([1, 1j]),
    "Sdg": np.diag([1, -1j]),
    "CX": np.eye(4)[[0, 1, 3, 2]],
    "CZ": np.diag([1, 1, 1, -1]),
    "SWAP": np.eye(4)[[0, 2, 1, 3]],
}


def value_of(angle, inputs=(), weights=()):
    arrays = {"input": inputs, "weight": weights}
    terms = (c * np.prod([arrays[s.kind][s.index] for s in map(Slot._make, slots)]) for c, slots in angle.terms)
    return angle.constant + sum(terms)


def on_wires(matrix, wires, n_qubits):
    """The matrix of a gate as one of all wires, wire 0 most significant."""
    k = len(wires)
    full = np.eye(2**n_qubits, dtype=complex).reshape((2,) * n_qubits + (-1,))
    full = np.tensordot(np.asarray(matrix).reshape((2,) * 2 * k), full, axes=(range(k, 2 * k), wires))
    return np.moveaxis(full, range(k), wires).reshape(2**n_qubits, -1)


def steps_word(word, n_qubits):
    letters = dict(word)
    return pauli_matrix("".join(letters.get(wire, "I") for wire in range(n_qubits)))


def steps_matrix(steps, n_qubits, inputs=(), weights=()):
    product = np.eye(2**n_qubits, dtype=complex)
    for step in steps:
        if isinstance(step, Rotation):
            word = steps_word(step.word, n_qubits)
            half = value_of(step.angle, inputs, weights) / 2
            matrix = np.cos(half) * np.eye(len(word)) - 1j * np.sin(half) * word
        else:
            matrix = on_wires(CLIFFORDS[step.name], step.wires, n_qubits)
        product = matrix @ product
    return product


def gates_matrix(gates, n_qubits, inputs=(), weights=()):
    product = np.eye(2**n_qubits, dtype=complex)
    for gate in gates:
        values = np.array([value_of(angle, inputs, weights) for angle in gate.angles])
        product = on_wires(GATES[gate.name].matrix(gate, values), gate.wires, n_qubits) @ product
    return product


def distance(left, right):
    """Largest difference after the best common phase."""
    phase = np.vdot(right, left)
    return np.abs(left * (abs(phase) / phase if phase else 1.0) - right).max()
