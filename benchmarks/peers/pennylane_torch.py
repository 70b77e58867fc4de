"""PennyLane's default.qubit in torch: broadcast over the batch, differentiated by backpropagation."""

from __future__ import annotations

from benchmarks.peers.in_torch import torch_step
from benchmarks.peers.peer import Peer, Step
from benchmarks.workload import Numbers, Size

PEER = Peer(
    "pennylane-torch",
    "PennyLane default.qubit, torch backprop",
    "torch",
    "library",
    ("pennylane", "torch"),
    devices=("cpu", "cuda"),
)


def build(size: Size, given: Numbers, device: str) -> Step:
    """A QNode whose inputs carry the batch."""
    import pennylane as qp
    import torch

    n = size.n_qubits

    @qp.qnode(qp.device("default.qubit", wires=n), interface="torch", diff_method="backprop")
    def circuit(inputs, weights):
        for wire in range(n):
            qp.RY(inputs[:, wire], wires=wire)
        for layer in range(size.depth):
            for wire in range(n):
                for angle, gate in enumerate((qp.RZ, qp.RY, qp.RZ)):
                    gate(weights[layer, wire, angle], wires=wire)
            for wire in range(n):
                qp.CNOT(wires=[wire, (wire + 1) % n])
        return [qp.expval(qp.PauliZ(wire)) for wire in range(n)]

    def values_of(inputs, weights):
        return torch.stack(circuit(inputs, weights), dim=1)

    return torch_step(values_of, size, given, device)
