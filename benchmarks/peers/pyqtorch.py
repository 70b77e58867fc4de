"""pyqtorch: torch operations gate by gate, angles by name, the batch in the last axis of the state."""

from __future__ import annotations

from benchmarks.peers.in_torch import torch_step
from benchmarks.peers.peer import Peer, Step
from benchmarks.workload import Numbers, Size, signs

PEER = Peer(
    "pyqtorch",
    "pyqtorch",
    "torch",
    "library",
    ("pyqtorch", "torch"),
    environment="pyqtorch",
    devices=("cpu", "cuda"),
)


def build(size: Size, given: Numbers, device: str) -> Step:
    """One run a step; <Z> of all wires is read from its probabilities, since `expectation` would run once for each."""
    import pyqtorch as pyq
    import torch

    n = size.n_qubits
    operations = [pyq.RY(wire, f"x{wire}") for wire in range(n)]
    for layer in range(size.depth):
        for wire in range(n):
            for angle, gate in enumerate((pyq.RZ, pyq.RY, pyq.RZ)):
                operations.append(gate(wire, f"w{layer}.{wire}.{angle}"))
        operations += [pyq.CNOT(wire, (wire + 1) % n) for wire in range(n)]
    circuit = pyq.QuantumCircuit(n, operations).to(device=torch.device(device), dtype=torch.complex64)
    readout_AQ = torch.tensor(signs(n), dtype=torch.float32, device=device)

    def values_of(inputs, weights):
        named = {f"x{wire}": inputs[:, wire] for wire in range(n)}
        for layer in range(size.depth):
            for wire in range(n):
                for angle in range(3):
                    named[f"w{layer}.{wire}.{angle}"] = weights[layer, wire, angle]
        state = pyq.run(circuit, circuit.init_state(size.rows), named)
        return state.reshape(2**n, size.rows).abs().square().T @ readout_AQ

    return torch_step(values_of, size, given, device)
