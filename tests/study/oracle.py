"""PennyLane's account of a Program: its gates, its state and its kernel."""

import numpy as np
import pennylane as qp

from qml.circuits import Program
from qml.circuits.bridges.pennylane import to_pennylane


def operations(program: Program, inputs_D, weights_P) -> list:
    """The gates of `program` as PennyLane operations."""
    return qp.tape.make_qscript(to_pennylane(program))(inputs_D, weights_P).operations


def pennylane_state(program: Program, inputs_D, weights_P) -> np.ndarray:
    device = qp.device("default.qubit", wires=program.n_qubits)
    script = qp.tape.QuantumScript(operations(program, inputs_D, weights_P), [qp.state()])
    return qp.execute([script], device)[0]


def pennylane_kernel(program: Program, weights_P):
    """`kernel(x, y)`: the probability of |0...0> after the map of `x` and the inverse map of `y`."""
    wires = range(program.n_qubits)

    @qp.qnode(qp.device("default.qubit", wires=wires), diff_method=None)
    def overlap(x, y):
        for gate in operations(program, x, weights_P):
            qp.apply(gate)
        for gate in reversed(operations(program, y, weights_P)):
            qp.adjoint(gate)  # which queues it
        return qp.probs(wires=wires)

    return lambda x, y: overlap(x, y)[0]
