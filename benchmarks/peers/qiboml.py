"""qiboml's torch model: one circuit a row (it takes no batch), double precision."""

from __future__ import annotations

from benchmarks.peers.in_torch import torch_step
from benchmarks.peers.peer import Peer, Step
from benchmarks.workload import Numbers, Size, signs

PEER = Peer(
    "qiboml",
    "qiboml, torch",
    "torch",
    "library",
    ("qiboml", "qibo", "torch"),
    environment="qiboml",
    growth="rows",
    note="complex128",
)


def build(size: Size, given: Numbers, device: str) -> Step:
    """<Z> of all wires comes from one run's probabilities, since its Expectation holds a single observable."""
    import torch
    from qibo import Circuit
    from qibo import gates as qibo_gates
    from qiboml.backends.pytorch import PyTorchBackend
    from qiboml.interfaces.pytorch import QuantumModel
    from qiboml.models.decoding import Probabilities
    from qiboml.models.encoding import PhaseEncoding

    n = size.n_qubits
    ansatz = Circuit(n)
    for _ in range(size.depth):
        for wire in range(n):
            for gate in (qibo_gates.RZ, qibo_gates.RY, qibo_gates.RZ):
                ansatz.add(gate(wire, theta=0.0))
        for wire in range(n):
            ansatz.add(qibo_gates.CNOT(wire, (wire + 1) % n))
    model = QuantumModel(
        circuit_structure=[PhaseEncoding(n, encoding_gate=qibo_gates.RY), ansatz],
        decoding=Probabilities(n, backend=PyTorchBackend()),
    )
    readout_AQ = torch.tensor(signs(n))

    def values_of(inputs, weights):
        own = {"circuit_parameters": weights.reshape(-1)}
        rows = [torch.func.functional_call(model, own, (row[None],)) for row in inputs]
        return torch.cat(rows) @ readout_AQ

    return torch_step(values_of, size, given, device, double=True)
