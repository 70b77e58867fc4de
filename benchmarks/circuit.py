"""The workload as a Program of ours."""

from __future__ import annotations

from benchmarks.workload import Size
from qml.circuits import Gate, Program, input_slot, weight_slot


def program(size: Size) -> Program:
    """The circuit of a workload; the default readout is <Z> of each wire."""
    n = size.n_qubits
    gates = [Gate("RY", (i,), (input_slot(i),)) for i in range(n)]
    weight = 0
    for _ in range(size.depth):
        for wire in range(n):
            for name in ("RZ", "RY", "RZ"):
                gates.append(Gate(name, (wire,), (weight_slot(weight),)))
                weight += 1
        gates += [Gate("CNOT", (i, (i + 1) % n)) for i in range(n)]
    return Program(n, tuple(gates), n_inputs=n, n_weights=size.n_weights)
