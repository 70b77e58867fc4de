"""TensorCircuit-NG on torch: torch.func.vmap, eager."""

from __future__ import annotations

from benchmarks.peers.in_torch import torch_step
from benchmarks.peers.peer import Peer, Step
from benchmarks.peers.tensorcircuit import row_values
from benchmarks.workload import Numbers, Size

PEER = Peer(
    "tensorcircuit-torch",
    "TensorCircuit-NG, torch vmap",
    "torch",
    "library",
    ("tensorcircuit-ng", "torch"),
    environment="tensorcircuit",
    devices=("cpu", "cuda"),
)


def build(size: Size, given: Numbers, device: str) -> Step:
    """The circuit of a row, mapped over the batch."""
    import torch

    return torch_step(torch.func.vmap(row_values(size, "pytorch"), in_dims=(0, None)), size, given, device)
