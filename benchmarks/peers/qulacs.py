"""Qulacs: its own backpropagation with one observable a row, double precision, no batch."""

from __future__ import annotations

from typing import Any

from benchmarks.peers.peer import Peer, Step
from benchmarks.workload import Answer, Numbers, Size

PEER = Peer(
    "qulacs",
    "Qulacs, backprop, one observable",
    "other",
    "library",
    ("qulacs",),
    environment="qulacs",
    growth="rows",
    note="complex128; told the cotangent beforehand",
)


def build(size: Size, given: Numbers, device: str) -> Step:
    """Angles are set for each row; the loss of a row is the expectation of sum c_i Z_i."""
    import numpy as np
    from qulacs import Observable, ParametricQuantumCircuit, QuantumState

    n = size.n_qubits
    circuit = ParametricQuantumCircuit(n)
    for wire in range(n):
        circuit.add_parametric_RY_gate(wire, 0.0)
    for _ in range(size.depth):
        for wire in range(n):
            circuit.add_parametric_RZ_gate(wire, 0.0)
            circuit.add_parametric_RY_gate(wire, 0.0)
            circuit.add_parametric_RZ_gate(wire, 0.0)
        for wire in range(n):
            circuit.add_CNOT_gate(wire, (wire + 1) % n)
    losses = []
    for cotangent in given.cotangent_BK:
        loss = Observable(n)
        for wire, factor in enumerate(cotangent):
            loss.add_operator(float(factor), f"Z {wire}")
        losses.append(loss)
    state = QuantumState(n)

    def run() -> Any:
        for index, weight in enumerate(given.weights_P):
            circuit.set_parameter(n + index, -float(weight))  # its rotations turn by exp(+i angle/2 P)
        total, rows = 0.0, np.empty((size.rows, n + size.n_weights))
        for row, (inputs, loss) in enumerate(zip(given.inputs_BD, losses, strict=True)):
            for wire in range(n):
                circuit.set_parameter(wire, -float(inputs[wire]))
            state.set_zero_state()
            circuit.update_quantum_state(state)
            total += loss.get_expectation_value(state)
            rows[row] = circuit.backprop(loss)
        return total, rows

    def answer(result: Any) -> Answer:
        total, rows = result
        return Answer(total, None, -rows[:, :n], -rows[:, n:].sum(axis=0))

    return Step(run, answer, "complex128")
