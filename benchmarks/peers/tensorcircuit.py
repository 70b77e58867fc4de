"""TensorCircuit-NG's circuit of one row, the same words on each of its backends."""

from __future__ import annotations

from typing import Any

from benchmarks.workload import Size


def row_values(size: Size, backend: str) -> Any:
    """`(inputs (Q,), weights (depth, Q, 3)) -> (Q,)` on a backend of TensorCircuit-NG, complex64."""
    import tensorcircuit as tc

    tc.set_backend(backend)
    tc.set_dtype("complex64")
    n = size.n_qubits

    def values(inputs, weights):
        circuit = tc.Circuit(n)
        for wire in range(n):
            circuit.ry(wire, theta=inputs[wire])
        for layer in range(size.depth):
            for wire in range(n):
                circuit.rz(wire, theta=weights[layer, wire, 0])
                circuit.ry(wire, theta=weights[layer, wire, 1])
                circuit.rz(wire, theta=weights[layer, wire, 2])
            for wire in range(n):
                circuit.cnot(wire, (wire + 1) % n)
        return tc.backend.stack([tc.backend.real(circuit.expectation_ps(z=[wire])) for wire in range(n)])

    return values
