"""lightning.qubit with the adjoint method: a Jacobian a row."""

from __future__ import annotations

from benchmarks.peers.lightning import adjoint_step
from benchmarks.peers.peer import Peer, Step
from benchmarks.workload import Numbers, Size

PEER = Peer(
    "lightning-adjoint",
    "PennyLane lightning.qubit, adjoint",
    "torch",
    "library",
    ("pennylane-lightning", "pennylane", "torch"),
    growth="rows",
)


def build(size: Size, given: Numbers, device: str) -> Step:
    """A QNode of torch tensors."""
    return adjoint_step(size, given, device, device_vjp=False)
