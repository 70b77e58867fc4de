"""torch's own floor: an autograd.Function of the layer's shapes that computes nothing."""

from __future__ import annotations

from benchmarks.peers.in_torch import torch_step
from benchmarks.peers.peer import Peer, Step
from benchmarks.workload import Numbers, Size

PEER = Peer("floor-torch", "empty autograd.Function", "torch", "floor", ("torch",))


def build(size: Size, given: Numbers, device: str) -> Step:
    """Values and gradients are arrays made beforehand."""
    import torch

    made = [torch.zeros(shape) for shape in ((size.rows, size.n_qubits),) * 2]
    by_weights = torch.zeros(size.depth, size.n_qubits, 3)

    class Empty(torch.autograd.Function):
        """As many inputs and outputs as a circuit."""

        @staticmethod
        def forward(context, inputs, weights):
            context.save_for_backward(inputs, weights)
            return made[0]

        @staticmethod
        def backward(context, cotangent):
            return made[1], by_weights

    return torch_step(Empty.apply, size, given, device)
