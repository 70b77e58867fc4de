"""What is put in the circuit's place to find out what the circuit does, in torch.

| kind | in place of the circuit | trained numbers |
|---|---|---|
| twin | a tanh network of the same signature (`qml.models.block`) | those of the circuit within 10 % |
| frozen | the same circuit, its random weights never trained | 0 |
| product | the same circuit without entangling gates, the same weights | those of the circuit |
| removed | the identity where `D == K`, else one trained linear map | 0, else `D K + K` |
| surrogate | a trained sum of sines and cosines of the circuit's own frequencies | `K (2 W + 1)` |
| random_features | the same with as many random frequencies (`qml.models.fourier`) | `K (2 W + 1)` |

The ablation "unweighted" leaves the circuit and replaces the head: see `PlainReadout`.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np

from qml.base.errors import CapabilityError
from qml.base.extras import require
from qml.base.registry import unknown
from qml.circuits.program import Program
from qml.models.block import Block, Layer, twin_of
from qml.models.fourier import random_spectrum, spectrum
from qml.models.networks import seeded
from qml.models.plain_readout import plain_shares
from qml.models.product import product

require("torch", extra="torch", purpose="an ablation of a torch model")
import torch
from torch import nn


def replaced(circuit: nn.Module, kind: str, seed: int = 0, executor: Any = None, **options: Any) -> nn.Module:
    """What stands in the place of `circuit` under the ablation `kind`; `circuit` itself is left alone.

    Args:
        circuit: a `CircuitLayer`.
        kind: a key of `REPLACEMENTS`.
        seed: of what is drawn anew.
        executor: who runs the circuit of "product"; None takes the executor of that name that `circuit` has.
        **options: `bandwidth` of "random_features".

    Raises:
        ConfigError: no such ablation.
        CapabilityError: `circuit` is no circuit layer, or has no such ablation.
    """
    if kind not in REPLACEMENTS:
        raise unknown("ablation", kind, list(REPLACEMENTS))
    program = getattr(circuit, "program", None)
    if not isinstance(program, Program):
        raise CapabilityError(
            f"The ablation {kind!r} was asked of {type(circuit).__name__}, which holds no Program. "
            f"Use a CircuitLayer as the circuit of the hybrid."
        )
    return REPLACEMENTS[kind](circuit, program, seed, executor, **options)


def twin(circuit: Any, program: Program, seed: int, executor: Any) -> nn.Module:
    """The classical block of the same signature and size."""
    with seeded(seed, "twin"):
        return TwinBlock(twin_of(program))


def frozen(circuit: Any, program: Program, seed: int, executor: Any) -> nn.Module:
    """The same circuit at its random weights, which no optimiser will change."""
    copied = copy.deepcopy(circuit)
    for parameter in copied.parameters():
        parameter.requires_grad_(False)
    return copied


def without_entanglement(circuit: Any, program: Program, seed: int, executor: Any) -> nn.Module:
    """The circuit without its entangling gates, starting from the same weights."""
    plain = type(circuit)(product(program), executor=circuit.executor if executor is None else executor)
    plain.load_state_dict(circuit.state_dict())
    return plain


def removed(circuit: Any, program: Program, seed: int, executor: Any) -> nn.Module:
    """The identity, or a linear map where the numbers of inputs and values differ."""
    if program.n_inputs == program.n_values:
        return nn.Identity()
    with seeded(seed, "removed"):
        return nn.Linear(program.n_inputs, program.n_values)


def surrogate(circuit: Any, program: Program, seed: int, executor: Any) -> nn.Module:
    """Sines and cosines of the circuit's own frequencies."""
    with seeded(seed, "fourier"):
        return FourierBlock(spectrum(program), program.n_values)


def random_features(circuit: Any, program: Program, seed: int, executor: Any, bandwidth: float = 1.0) -> nn.Module:
    """As many sines and cosines of random frequencies."""
    width = len(spectrum(program))
    with seeded(seed, "fourier"):
        return FourierBlock(random_spectrum(program.n_inputs, width, bandwidth, seed), program.n_values)


REPLACEMENTS: dict[str, Callable[..., nn.Module]] = {
    "twin": twin,
    "frozen": frozen,
    "product": without_entanglement,
    "removed": removed,
    "surrogate": surrogate,
    "random_features": random_features,
}


class TwinBlock(nn.Module):
    """The network of a `Block`: `(B, D)` to `(B, K)`.

    Its attribute `part` is "twin": it is classical, and may have a learning rate of its own, as the circuit has.
    """

    part = "twin"

    def __init__(self, block: Block):
        super().__init__()
        self.block = block
        self.layers = nn.ModuleList(GroupedLinear(layer) for layer in block.layers)

    def forward(self, inputs_BD: torch.Tensor) -> torch.Tensor:
        """Linear layers with tanh between; tanh or softmax at the end."""
        hidden = inputs_BD
        for index, layer in enumerate(self.layers):
            hidden = layer(torch.tanh(hidden) if index else hidden)
        return torch.tanh(hidden) if self.block.output == "tanh" else torch.softmax(hidden, dim=-1)


class GroupedLinear(nn.Module):
    """A linear map in equal blocks; its outputs are dealt out in turn so that the next layer mixes the groups."""

    def __init__(self, layer: Layer):
        super().__init__()
        self.layer = layer
        n_in, n_out = layer.n_in // layer.groups, layer.n_out // layer.groups
        bound = n_in**-0.5
        self.weight = nn.Parameter(torch.empty(layer.groups, n_out, n_in).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(layer.n_biases).uniform_(-bound, bound)) if layer.n_biases else None

    def forward(self, inputs_BD: torch.Tensor) -> torch.Tensor:
        """`(B, n_in)` to `(B, n_out)`."""
        grouped = inputs_BD.unflatten(-1, (self.layer.groups, -1))
        outputs = torch.einsum("...gi,goi->...og", grouped, self.weight).flatten(-2)
        if self.bias is None:
            return outputs
        return outputs + nn.functional.pad(self.bias, (0, self.layer.n_out - self.layer.n_biases))


class FourierBlock(nn.Module):
    """A trained sum of sines and cosines of fixed frequency vectors: `(B, D)` to `(B, K)`.

        value_k = c_k + sum over w of  a_kw cos(w.x) + b_kw sin(w.x)

    Args:
        frequencies_WD: the vectors, fixed.
        n_values: K.
    """

    part = "twin"
    frequencies_WD: torch.Tensor

    def __init__(self, frequencies_WD: np.ndarray, n_values: int):
        super().__init__()
        vectors = torch.from_numpy(np.asarray(frequencies_WD)).to(torch.get_default_dtype())
        self.register_buffer("frequencies_WD", vectors)
        self.sum = nn.Linear(2 * len(frequencies_WD), n_values)

    def forward(self, inputs_BD: torch.Tensor) -> torch.Tensor:
        """The values."""
        phases_BW = inputs_BD @ self.frequencies_WD.T
        return self.sum(torch.cat([torch.cos(phases_BW), torch.sin(phases_BW)], dim=-1))


class PlainReadout(nn.Module):
    """The head without weights: output c is the mean of values c, c + C, c + 2C, ...; `(B, K)` to `(B, C)`.

    Args:
        n_values: K, at least C.
        n_outputs: C.

    Raises:
        CapabilityError: fewer values than outputs.
    """

    shares_KC: torch.Tensor

    def __init__(self, n_values: int, n_outputs: int):
        super().__init__()
        self.register_buffer("shares_KC", torch.from_numpy(plain_shares(n_values, n_outputs)).float(), persistent=False)

    def forward(self, values_BK: torch.Tensor) -> torch.Tensor:
        """The means."""
        return values_BK @ self.shares_KC.to(values_BK.dtype)
