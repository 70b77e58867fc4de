"""DeepQuantum: a QubitCircuit whose encoded data is a row of inputs, mapped over the batch by the library."""

from __future__ import annotations

from benchmarks.peers.in_torch import torch_step
from benchmarks.peers.peer import Peer, Step
from benchmarks.workload import Numbers, Size

PEER = Peer(
    "deepquantum",
    "DeepQuantum",
    "torch",
    "library",
    ("deepquantum", "torch"),
    environment="deepquantum",
    devices=("cpu", "cuda"),
)


def build(size: Size, given: Numbers, device: str) -> Step:
    """The weights are the circuit's own parameters, one a gate; what it holds is read into one tensor."""
    import deepquantum as dq
    import torch

    n = size.n_qubits
    circuit = dq.QubitCircuit(n)
    for wire in range(n):
        circuit.ry(wire, encode=True)
    for _ in range(size.depth):
        for wire in range(n):
            circuit.rz(wire)
            circuit.ry(wire)
            circuit.rz(wire)
        for wire in range(n):
            circuit.cnot(wire, (wire + 1) % n)
    for wire in range(n):
        circuit.observable(wire)
    circuit.to(device)
    names = [name for name, _ in circuit.named_parameters()]

    def values_of(inputs, weights):
        flat = weights.reshape(-1)
        own = {name: flat[index].reshape(shape) for index, (name, shape) in enumerate(zip(names, shapes, strict=True))}
        torch.func.functional_call(circuit, own, (inputs,))
        return circuit.expectation()

    shapes = [tuple(parameter.shape) for parameter in circuit.parameters()]
    return torch_step(values_of, size, given, device)
