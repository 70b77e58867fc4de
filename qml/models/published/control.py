"""The classical control of a published convolutional network: 26 numbers, and an optimiser that forgets."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from qml.base.extras import require
from qml.models.networks import seeded

require("torch", extra="torch", purpose="the control of a published network")
import torch
from torch import nn


def control() -> nn.Module:
    """Two convolutions of two channels with pooling, and a linear map: rows `(B, 1, 8)` to logits `(B, 2)`.

    References:
        Hur, Kim and Park, Quantum Machine Intelligence 4, 3 (2022).

    Example:
        >>> sum(parameter.numel() for parameter in control().parameters())
        26
    """
    first = [nn.Conv1d(1, 2, 2, padding=1), nn.ReLU(), nn.MaxPool1d(2)]
    second = [nn.Conv1d(2, 2, 2, padding=1), nn.ReLU(), nn.MaxPool1d(2)]
    return nn.Sequential(*first, *second, nn.Flatten(), nn.Linear(4, 2))


def trained(
    rows_N8: np.ndarray,
    labels_N: np.ndarray,
    batches: Sequence[np.ndarray],
    rate: float,
    *,
    kept: bool,
    seed: int,
) -> Callable[[np.ndarray], np.ndarray]:
    """The control behind one update a batch, as a function of rows `(B, 8)` to logits `(B, 2)`.

    Args:
        rows_N8: training rows.
        labels_N: their classes, 0 or 1.
        batches: rows of each update.
        rate: of Adam.
        kept: whether one Adam sees all updates. The study makes a new one at each, whose moments are those of a
            single gradient: every number moves by `rate`, whatever its slope.
        seed: of the weights.
    """
    with seeded(seed, "control"):
        network = control()
    inputs, labels = _tensor(rows_N8), torch.from_numpy(np.asarray(labels_N, dtype=np.int64))
    optimiser = torch.optim.Adam(network.parameters(), lr=rate)
    for rows in batches:
        loss = nn.functional.cross_entropy(network(inputs[rows]), labels[rows])
        if not kept:
            optimiser = torch.optim.Adam(network.parameters(), lr=rate)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()

    def logits(rows_B8: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            return network(_tensor(rows_B8)).numpy()

    return logits


def _tensor(rows_N8: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.asarray(rows_N8, dtype=np.float32))[:, None]
