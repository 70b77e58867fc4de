"""What a strong engineer writes in torch for this one circuit, without compiling: gates fused into group matrices.

The scheme is that of `hand_jax`: few, large operations, since each costs microseconds of Python and dispatch.
"""

from __future__ import annotations

from benchmarks.peers.hand_jax import groups
from benchmarks.peers.in_torch import torch_step
from benchmarks.peers.peer import Peer, Step
from benchmarks.workload import Numbers, Size, ring_sources, signs

PEER = Peer("hand-torch", "hand-fused torch, eager", "torch", "hand", ("torch",), devices=("cpu", "cuda"))


def build(size: Size, given: Numbers, device: str) -> Step:
    """Matrices of all layers are built in one go."""
    import numpy as np
    import torch

    n, rows, layers = size.n_qubits, size.rows, size.depth - 1
    parts = groups(n)
    sources = ring_sources(n)
    forth = torch.tensor(sources, device=device)
    back = torch.tensor(np.argsort(sources), device=device)
    readout_AQ = torch.tensor(signs(n)[np.argsort(sources)], dtype=torch.float32, device=device)

    class Ring(torch.autograd.Function):
        """A ring of CNOT on an axis; autograd's own derivative of a gather would add up element by element."""

        @staticmethod
        def forward(context, state, axis):
            context.axis = axis
            return state.index_select(axis, forth)

        @staticmethod
        def backward(context, cotangent):
            return cotangent.index_select(context.axis, back), None

    def unitaries(weights):
        """RZ RY RZ of every layer and wire, `(depth, Q, 2, 2)`."""
        first, middle, last = (weights / 2).unbind(-1)
        size_of = torch.stack([middle.cos(), middle.sin()], -1)
        phase_of = torch.stack([first + last, first - last], -1)
        entries = torch.polar(torch.ones_like(phase_of), phase_of) * size_of
        cosine, sine = entries.unbind(-1)
        return torch.stack([cosine.conj(), -sine, sine.conj(), cosine], -1).reshape(*first.shape, 2, 2)

    def group_matrices(matrices):
        """Kronecker products along the second axis, `(layers, wires, 2, 2)` to `(layers, W, W)`."""
        product = matrices[:, 0]
        for wire in range(1, matrices.shape[1]):
            width = 2 * product.shape[-1]
            product = (product[:, :, None, :, None] * matrices[:, wire, None, :, None, :]).reshape(-1, width, width)
        return product

    def product_state(inputs, first):
        """The encoding and the first layer, `(B, A)`."""
        half = inputs / 2
        encoded = torch.stack([half.cos(), half.sin()], -1)
        wires = (first.to(torch.complex64) @ encoded.unsqueeze(-1).to(torch.complex64)).squeeze(-1)
        factors = list(wires.unbind(1))
        while len(factors) > 1:  # neighbours in pairs: the last product is the only large one
            pairs = zip(factors[0::2], factors[1::2], strict=False)
            joined = [(a[:, :, None] * b[:, None, :]).reshape(rows, -1) for a, b in pairs]
            factors = joined + ([factors[-1]] if len(factors) % 2 else [])
        return factors[0]

    def values_of(inputs, weights):
        each = unitaries(weights)
        state = product_state(inputs, each[0])
        matrices = [group_matrices(each[1:, wires.start : wires.stop]).unbind(0) for wires in parts] if layers else []
        rows_first = True
        for layer in range(layers):
            state = Ring.apply(state, 1 if rows_first else 0)
            for matrix in reversed(matrices) if rows_first else matrices:
                width = len(matrix[layer])
                if rows_first:  # contract the last axis, put its result first
                    state = matrix[layer] @ state.reshape(-1, width).T
                else:
                    state = state.reshape(width, -1).T @ matrix[layer].T
            state = state.reshape(-1, rows) if rows_first else state.reshape(rows, -1)
            rows_first = not rows_first
        probabilities = torch.view_as_real(state).square().sum(-1)
        return (probabilities if rows_first else probabilities.T) @ readout_AQ

    return torch_step(values_of, size, given, device)
