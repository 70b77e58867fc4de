"""The torch modules of the study's models of square images."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from qml.base.extras import require
from qml.base.seeds import derive
from qml.circuits.initialise import initialise
from qml.circuits.program import Program
from qml.models.networks import seeded
from qml.models.published.networks import Scaled

require("torch", extra="torch", purpose="a published model of images in torch")
import torch
from torch import nn

from qml.layers.torch import CircuitLayer

CHANNELS = (32, 64)
TRUNCATED = 0.87962566103423978  # standard deviation of a normal number cut off at two of its own


class MovedImages(nn.Module):
    """A mixture of circuits that move the image, and a linear map of what they read: `(B, ...)` to `(B, 1)`.

    The mixture has nine weights, a softmax of trained numbers, as many as there are places in a 3 x 3 filter; with
    one circuit they change nothing.

    Args:
        programs: one circuit, or nine.
        side: pixels a side.
        executor: who runs them.
        seed: of the weights: standard normal, divided by their number behind the circuits.
    """

    def __init__(self, programs: Sequence[Program], side: int, executor: Any, seed: int):
        super().__init__()
        self.side = side
        self.padding = math.isqrt(programs[0].n_inputs) - side
        self.scaled = Scaled(side**2)
        self.circuits = nn.ModuleList(CircuitLayer(program, executor=executor) for program in programs)
        n_read = programs[0].n_values + 1
        with seeded(seed, "mixture"):
            self.mixture = nn.Parameter(torch.randn(9))
        with seeded(seed, "behind"):
            self.behind = nn.Parameter(torch.randn(n_read) / n_read)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """One logit a row, `(B, ...)` to `(B, 1)`."""
        images = self.scaled(inputs).reshape(-1, self.side, self.side)
        rows = nn.functional.pad(images, (0, self.padding, 0, self.padding)).flatten(1)
        values_BK = self.circuits[0](rows)
        if len(self.circuits) > 1:
            read = torch.stack([circuit(rows) for circuit in self.circuits])
            values_BK = torch.einsum("m,mbk->bk", torch.softmax(self.mixture, 0), read)
        return (values_BK @ self.behind[:-1] + self.behind[-1])[:, None]


class StudyCnnNetwork(nn.Module):
    """Convolution, pooling, convolution, pooling, 128 units with ReLU, one logit: `(B, ...)` to `(B, 1)`.

    Args:
        side: pixels a side.
        kernel: pixels a side of the convolutions.
        seed: of the weights.
    """

    def __init__(self, side: int, kernel: int, seed: int):
        super().__init__()
        self.side = side
        self.scaled = Scaled(side**2)
        with seeded(seed, "cnn"):
            self.layers = cnn_layers(1, side, kernel, padded=False)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """One logit a row, `(B, ...)` to `(B, 1)`."""
        return self.layers(self.scaled(inputs).reshape(-1, 1, self.side, self.side))


class QuanvolutionNetwork(nn.Module):
    """Windows of bits through fixed random circuits, then the CNN: `(B, ...)` to `(B, 1)`.

    Args:
        program: of a window, `(window**2,)` bits to `2**(window**2)` probabilities.
        side: pixels a side.
        window: pixels a side of a window.
        channels: circuits, each with its own random weights.
        kernel: pixels a side of the convolutions.
        executor: who runs the circuits.
        seed: of all weights.
    """

    table: torch.Tensor

    def __init__(self, program: Program, side: int, window: int, channels: int, kernel: int, executor: Any, seed: int):
        super().__init__()
        self.side, self.window = side, window
        self.scaled = Scaled(side**2)
        seeds = [derive(seed, "filter", channel) for channel in range(channels)]
        self.register_buffer("table", torch.from_numpy(filter_table(program, seeds, executor)))
        with seeded(seed, "cnn"):
            self.layers = cnn_layers(channels, side - window + 1, kernel, padded=True)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """One logit a row, `(B, ...)` to `(B, 1)`."""
        return self.layers(self.filtered(inputs))

    def filtered(self, inputs: torch.Tensor) -> torch.Tensor:
        """What the circuits return, `(B, channels, H, W)`, with rows and columns exchanged as in the study's code."""
        bits = (self.scaled(inputs) > 0).to(inputs.dtype).reshape(-1, 1, self.side, self.side)
        windows_BPL = nn.functional.unfold(bits, self.window)
        places = 2.0 ** torch.arange(self.window**2 - 1, -1, -1, dtype=inputs.dtype)
        numbers_BL = torch.einsum("p,bpl->bl", places, windows_BPL).long()
        found = self.table[:, numbers_BL].transpose(0, 1).to(inputs.dtype)
        size = self.side - self.window + 1
        return found.reshape(len(bits), -1, size, size).transpose(2, 3)


def filter_table(program: Program, seeds: Sequence[int], executor: Any = "engine_cpu") -> np.ndarray:
    """Ones in the most probable outcome, for every window of bits, `(channels, 2**Q)`; the first of equals wins.

    Args:
        program: bits to probabilities.
        seeds: of the weights of each channel, uniform in [0, 2 pi).
        executor: who runs it.
    """
    from qml.backends import executor_named

    n_bits = program.n_inputs
    numbers = np.arange(2**n_bits)
    bits_BD = ((numbers[:, None] >> np.arange(n_bits - 1, -1, -1)) & 1).astype(np.float64)
    runner = executor_named(executor)
    outcomes = [
        np.argmax(
            np.round(runner.forward(program, bits_BD, initialise(program, "uniform", seed)).values_BK, 12), axis=1
        )
        for seed in seeds
    ]
    return np.bitwise_count(np.stack(outcomes)).astype(np.int64)


def cnn_layers(channels: int, side: int, kernel: int, *, padded: bool) -> nn.Sequential:
    """The layers of the study's CNN: `(B, channels, H, W)` to `(B, 1)`, weights truncated normal, biases zero.

    Args:
        channels: of the images.
        side: pixels a side.
        kernel: pixels a side of the convolutions.
        padded: whether pooling keeps an odd last row and column.
    """
    layers: list[nn.Module] = []
    near, far = (kernel - 1) // 2, kernel // 2  # an even kernel reaches further to the right and down
    for n_in, n_out in ((channels, CHANNELS[0]), CHANNELS):
        layers += [
            nn.ZeroPad2d((near, far, near, far)),
            nn.Conv2d(n_in, n_out, kernel),
            nn.MaxPool2d(2, ceil_mode=padded),
        ]
        side = -(-side // 2) if padded else side // 2
    width = 2 * CHANNELS[1]
    layers += [nn.Flatten(), nn.Linear(CHANNELS[1] * side**2, width), nn.ReLU(), nn.Linear(width, 1)]
    for layer in layers:
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            spread = (layer.weight[0].numel() ** -0.5) / TRUNCATED
            nn.init.trunc_normal_(layer.weight, std=spread, a=-2 * spread, b=2 * spread)
            nn.init.zeros_(layer.bias)  # pyright: ignore[reportArgumentType]
    return nn.Sequential(*layers)
