"""The torch networks that features and champions are made of."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import pairwise

import numpy as np

from qml.base.errors import ShapeError
from qml.base.extras import require
from qml.base.seeds import derive
from qml.models.features import FeaturesSpec
from qml.models.signature import Signature

require("torch", extra="torch", purpose="a torch model")
import torch
from torch import nn


@contextmanager
def seeded(seed: int, *path: str) -> Iterator[None]:
    """Torch draws inside the block from `seed`; the caller's generator is as it was afterwards."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive(seed, *path))
        yield


def identity(input_shape: tuple[int, ...]) -> nn.Module:
    """`(B, *input_shape) -> (B, F)`, flattened."""
    return nn.Flatten()


def mlp(input_shape: tuple[int, ...], widths: tuple[int, ...], dropout: float = 0.0) -> nn.Sequential:
    """Linear layers, each followed by ReLU (and dropout): `(B, *input_shape) -> (B, widths[-1])`."""
    layers: list[nn.Module] = [nn.Flatten()]
    for n_in, n_out in pairwise((math.prod(input_shape), *widths)):
        layers += [nn.Linear(n_in, n_out), nn.ReLU()]
        if dropout:
            layers.append(nn.Dropout(dropout))
    return nn.Sequential(*layers)


def cnn(input_shape: tuple[int, ...], channels: tuple[int, ...], width: int, dropout: float = 0.0) -> nn.Sequential:
    """Convolution, batch normalisation, ReLU, halving, a block a channel; then linear: `(B, C, H, W) -> (B, width)`."""
    n_channels, height, wide = input_shape
    layers: list[nn.Module] = [Images(input_shape)]
    for n_in, n_out in pairwise((n_channels, *channels)):
        layers += [
            nn.Conv2d(n_in, n_out, 3, padding=1, bias=False),
            nn.BatchNorm2d(n_out),
            nn.ReLU(),
            nn.MaxPool2d(2),
        ]
        height, wide = height // 2, wide // 2
    layers.append(nn.Flatten())
    if dropout:
        layers.append(nn.Dropout(dropout))
    layers += [nn.Linear(channels[-1] * height * wide, width), nn.ReLU()]
    network = nn.Sequential(*layers)
    for layer in network:
        if isinstance(layer, nn.Conv2d):  # the same numbers in the memory order of `Images`
            layer.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    return network


class Images(nn.Module):
    """Rows as images `(B, C, H, W)` in the memory order that convolutions on a CPU like best."""

    def __init__(self, input_shape: tuple[int, ...]):
        super().__init__()
        self.input_shape = tuple(input_shape)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """`(B, H, W)` or `(B, C, H, W)` to `(B, C, H, W)`."""
        images = inputs.reshape(len(inputs), *self.input_shape)
        return images.contiguous(memory_format=torch.channels_last)


def n_features(module: nn.Module, input_shape: tuple[int, ...]) -> int:
    """Numbers `F` that a feature network returns a row, found by running two rows of zeros through it.

    Raises:
        ShapeError: it does not take such rows, or does not return `(B, F)`.
    """
    was_training = module.training
    module.eval()
    try:
        with torch.no_grad():
            outputs = module(torch.zeros(2, *input_shape))
    except (RuntimeError, ValueError, TypeError, IndexError) as error:  # what torch says of shapes that do not fit
        raise ShapeError(
            f"A feature network was tried on rows of the data, (B, {', '.join(map(str, input_shape))}) with B = 2, and "
            f"failed: {error}. Build it for the input_shape {tuple(input_shape)} that it is given."
        ) from error
    finally:
        module.train(was_training)
    if not isinstance(outputs, torch.Tensor) or outputs.ndim != 2 or len(outputs) != 2:
        found = tuple(outputs.shape) if isinstance(outputs, torch.Tensor) else type(outputs).__name__
        raise ShapeError(
            f"A feature network must map (B, {', '.join(map(str, input_shape))}) to (B, F); for B = 2 it returned "
            f"{found}. End it with nn.Flatten()."
        )
    return outputs.shape[1]


class Units(nn.Module):
    """Outputs in the units of the target: `center + scale * outputs`, `(B, C)` to `(B, C)`."""

    def __init__(self, center: float, scale: float):
        super().__init__()
        self.center, self.scale = center, scale

    def forward(self, outputs_BC: torch.Tensor) -> torch.Tensor:
        """The affine map; nothing is trained."""
        return self.center + self.scale * outputs_BC


def in_units(head: nn.Module, signature: Signature) -> nn.Module:
    """`head` with its outputs in the units of the target; `head` itself for classes."""
    if (signature.center, signature.scale) == (0.0, 1.0):
        return head
    return nn.Sequential(head, Units(signature.center, signature.scale))


def with_head(features: FeaturesSpec, signature: Signature, seed: int) -> nn.Sequential:
    """`features` and a linear layer behind them: `(B, *input_shape) -> (B, n_outputs)`, drawn from `seed`."""
    with seeded(seed, "features"):
        front = features.build(signature.input_shape)
        width = n_features(front, signature.input_shape)
    with seeded(seed, "head"):
        return nn.Sequential(front, in_units(nn.Linear(width, signature.n_outputs), signature))


def loaded(module: nn.Module, arrays: Mapping[str, np.ndarray]) -> nn.Module:
    """`module` in evaluation mode with the arrays of a `state_dict`, each of the shape that its name has there."""
    module.load_state_dict({name: torch.from_numpy(np.array(array)) for name, array in arrays.items()})
    return module.eval()


def outputs(module: nn.Module, inputs: np.ndarray, size: int = 1024) -> np.ndarray:
    """Raw outputs `(N, C)` of a module for rows `(N, ...)`, in evaluation mode, `size` rows at a time."""
    module.eval()
    with torch.no_grad():
        parts = [module(torch.from_numpy(inputs[start : start + size])) for start in range(0, len(inputs), size)]
    return torch.cat(parts).numpy()
