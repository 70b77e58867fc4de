"""Ours, through the torch layer."""

from __future__ import annotations

from benchmarks.peers.in_torch import torch_step
from benchmarks.peers.peer import Peer, Step
from benchmarks.workload import Numbers, Size

PEER = Peer("qml-torch", "qml, torch layer", "torch", "ours", ("qml-hybrid", "numba", "torch"), devices=("cpu", "cuda"))


def build(size: Size, given: Numbers, device: str) -> Step:
    """A CircuitLayer in float32."""
    import torch

    from benchmarks.circuit import program
    from qml.layers.torch import CircuitLayer

    executor = "engine_cuda" if device == "cuda" else None
    layer = CircuitLayer(program(size), executor=executor, device=device, dtype=torch.float32)
    (weights,) = layer.parameters()
    return torch_step(lambda inputs, _: layer(inputs), size, given, device, parameter=weights)
