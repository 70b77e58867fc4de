"""Expectation values of Gibbs states, and the quantum Boltzmann machine made of them."""

from __future__ import annotations

from itertools import combinations
from typing import Any, Literal

import numpy as np

from qml.base.errors import CapabilityError
from qml.base.extras import require
from qml.models.networks import seeded
from qml.models.published.networks import Scaled

require("torch", extra="torch", purpose="a Gibbs state in torch")
import torch
from torch import nn

Pairs = Literal["shared", "own", "none"]


class GibbsNetwork(nn.Module):
    """The mean of <Z> over some qubits in a Gibbs state whose Hamiltonian is linear in the row: `(B, D)` to `(B, 1)`.

    Computed in float64, whatever the dtype of the rows: at low temperature the values are next to +1 and -1, and
    their logarithms are the loss. Outputs are float64.

    Args:
        n_features: D, and qubits.
        n_read: qubits that are read, from the first on.
        temperature: T.
        pairs: "shared", "own" or "none"; see `Boltzmann`.
        seed: of the weights, which start standard normal.
    """

    def __init__(self, n_features: int, n_read: int, temperature: float, pairs: Pairs, seed: int):
        super().__init__()
        self.scaled = Scaled(n_features)
        self.state = GibbsMean(n_features, n_read, temperature, pairs, seed)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """The value of each row, `(B, ...)` to `(B, 1)`."""
        return self.state(self.scaled(inputs).double())


class GibbsMean(nn.Module):
    """`Tr[O exp(-H/T)] / Tr[exp(-H/T)]` of rows `(B, D)`, `(B, 1)`, with O the mean of Z over some qubits."""

    part = "quantum"

    def __init__(self, n_qubits: int, n_read: int, temperature: float, pairs: Pairs, seed: int):
        super().__init__()
        self.n_qubits, self.n_read, self.temperature, self.pairs = n_qubits, n_read, temperature, pairs
        n_pairs = 0 if pairs == "none" else n_qubits * (n_qubits - 1) // 2
        with seeded(seed, "circuit"):
            self.thetas = nn.Parameter(torch.randn(2 * n_qubits + n_pairs, n_qubits))
        if pairs != "none":
            signs_QA = signs(n_qubits)
            chosen = list(combinations(range(n_qubits), 2))
            products = np.array([signs_QA[i] * signs_QA[j] for i, j in chosen]).reshape(len(chosen), -1)
            diagonals = np.concatenate([signs_QA, products.sum(0, keepdims=True) if pairs == "shared" else products])
            self.register_buffer("diagonals_WA", torch.from_numpy(diagonals), persistent=False)
            self.register_buffer("observable_A", torch.from_numpy(signs_QA[:n_read].mean(0)), persistent=False)

    def forward(self, rows_BD: torch.Tensor) -> torch.Tensor:
        """The value of each row, float64."""
        fields = rows_BD @ self.thetas.double().T
        z_BQ, x_BQ = fields[:, 0 : 2 * self.n_qubits : 2], fields[:, 1 : 2 * self.n_qubits : 2]
        if self.pairs == "none":
            return separable_means(z_BQ, x_BQ, self.temperature)[:, : self.n_read].mean(1, keepdim=True)
        pairs = fields[:, 2 * self.n_qubits :]
        if self.pairs == "shared":
            pairs = pairs[:, :1]
        diagonal_BA = torch.cat([z_BQ, pairs], dim=1) @ self._buffer("diagonals_WA")[: self.n_qubits + pairs.shape[1]]
        return gibbs_mean(diagonal_BA, x_BQ, self._buffer("observable_A"), self.temperature)[:, None]

    def _buffer(self, name: str) -> torch.Tensor:
        buffer: Any = self.get_buffer(name)
        return buffer


def signs(n_qubits: int) -> np.ndarray:
    """The diagonal of Z of each qubit, `(Q, A)`; qubit 0 is the most significant bit.

    Example:
        >>> signs(2).tolist()
        [[1.0, 1.0, -1.0, -1.0], [1.0, -1.0, 1.0, -1.0]]
    """
    index = np.arange(2**n_qubits)
    return np.stack([1.0 - 2.0 * ((index >> (n_qubits - 1 - qubit)) & 1) for qubit in range(n_qubits)])


def separable_means(z_BQ: torch.Tensor, x_BQ: torch.Tensor, temperature: float) -> torch.Tensor:
    """<Z> of each qubit in the Gibbs state of `z Z + x X`, `(B, Q)`: `-(z / r) tanh(r / T)` with `r = |(z, x)|`."""
    length = torch.sqrt(z_BQ.square() + x_BQ.square() + 1e-30)
    return -z_BQ * torch.tanh(length / temperature) / length


def gibbs_mean(
    diagonal_BA: torch.Tensor, x_BQ: torch.Tensor, observable_A: torch.Tensor, temperature: float
) -> torch.Tensor:
    """`Tr[O rho]` of `rho ~ exp(-H/T)` with a diagonal O and `H = diag(d) + sum_q x_q X_q`, `(B,)`.

    One Hermitian eigenproblem a row. The derivative is that of the matrix exponential in the eigenbasis,

        d Tr[O exp(A)] = Tr[ V (G o V^T O V) V^T dA ],    G_ij = (exp(a_i) - exp(a_j)) / (a_i - a_j)

    which is finite also where eigenvalues agree. First derivatives only.

    Args:
        diagonal_BA: diagonal parts of H.
        x_BQ: coefficient of X of each qubit.
        observable_A: the diagonal of O.
        temperature: T.
    """
    mean: Any = _GibbsMean.apply(diagonal_BA, x_BQ, observable_A, temperature)
    return mean


class _GibbsMean(torch.autograd.Function):
    """The value with its gradient, both from one eigenproblem."""

    @staticmethod
    def forward(ctx: Any, diagonal_BA: Any, x_BQ: Any, observable_A: Any, temperature: float) -> torch.Tensor:
        """Values `(B,)`; what the gradient is made of is kept."""
        size, n_qubits = diagonal_BA.shape[1], x_BQ.shape[1]
        flips_QA = torch.arange(size) ^ (1 << (n_qubits - 1 - torch.arange(n_qubits)))[:, None]
        exponent = torch.diag_embed(-diagonal_BA / temperature)
        for qubit in range(n_qubits):
            exponent[:, torch.arange(size), flips_QA[qubit]] -= x_BQ[:, qubit, None] / temperature
        levels_BA, vectors_BAA = torch.linalg.eigh(exponent)
        levels_BA = levels_BA - levels_BA[:, -1:]
        weights_BA = levels_BA.exp()
        total_B = weights_BA.sum(1)
        inside_BAA = vectors_BAA.mT @ (observable_A[:, None] * vectors_BAA)
        mean_B = (weights_BA * inside_BAA.diagonal(dim1=1, dim2=2)).sum(1) / total_B
        ctx.save_for_backward(levels_BA, vectors_BAA, inside_BAA, mean_B, total_B)
        ctx.flips_QA, ctx.temperature = flips_QA, temperature
        return mean_B

    @staticmethod
    def backward(ctx: Any, *cotangents: Any) -> Any:
        """Gradients to the diagonal `(B, A)` and to the X coefficients `(B, Q)`."""
        (cotangent_B,) = cotangents
        if torch.is_grad_enabled():
            raise CapabilityError(
                "A second derivative of a Gibbs state was asked for; it has first derivatives only. Leave create_graph "
                "out."
            )
        levels_BA, vectors_BAA, inside_BAA, mean_B, total_B = ctx.saved_tensors
        divided = divided_differences(levels_BA)
        slope = vectors_BAA @ (divided * inside_BAA) @ vectors_BAA.mT
        weights_BA = levels_BA.exp()
        density = (vectors_BAA * weights_BA[:, None, :]) @ vectors_BAA.mT
        slope = (slope - mean_B[:, None, None] * density) / total_B[:, None, None]
        slope = slope * (-cotangent_B / ctx.temperature)[:, None, None]
        size = slope.shape[1]
        to_x = torch.stack([slope[:, torch.arange(size), flips].sum(1) for flips in ctx.flips_QA], dim=1)
        return slope.diagonal(dim1=1, dim2=2), to_x, None, None


def divided_differences(levels_BA: torch.Tensor) -> torch.Tensor:
    """`(exp(a_i) - exp(a_j)) / (a_i - a_j)` of each pair, `(B, A, A)`: the slope exp(a_i) where the two agree.

    Written as `exp((a_i + a_j)/2) sinh(h)/h` with `h = (a_i - a_j)/2`; beyond h of 20 by the difference itself.
    """
    first, second = levels_BA[:, :, None], levels_BA[:, None, :]
    half = ((first - second) / 2).abs()
    near = half < 20
    h = torch.where(near, half, torch.ones_like(half))
    series = 1 + h.square() / 6
    ratio = torch.where(h < 1e-4, series, torch.sinh(h) / torch.where(h < 1e-4, torch.ones_like(h), h))
    close = ((first + second) / 2).exp() * ratio
    far = torch.maximum(first, second).exp() / torch.where(near, torch.ones_like(half), 2 * half)
    return torch.where(near, close, far)
