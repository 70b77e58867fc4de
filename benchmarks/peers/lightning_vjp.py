"""lightning.qubit with the adjoint method, contracted with the cotangent by the device."""

from __future__ import annotations

from benchmarks.peers.lightning import adjoint_step
from benchmarks.peers.peer import Peer, Step
from benchmarks.workload import Numbers, Size

PEER = Peer(
    "lightning-vjp",
    "PennyLane lightning.qubit, device VJP",
    "torch",
    "library",
    ("pennylane-lightning", "pennylane", "torch"),
    growth="rows",
)


def build(size: Size, given: Numbers, device: str) -> Step:
    """A QNode of torch tensors."""
    return adjoint_step(size, given, device, device_vjp=True)
