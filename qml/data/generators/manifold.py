"""Rows that lie on a curved surface of few dimensions, labelled by a network of its hidden coordinates."""

from __future__ import annotations

import numpy as np

from qml.base.bounds import check_whole
from qml.data.generators.labelled import Labelled
from qml.data.generators.stream import check_stream


def hidden_manifold(random: np.random.RandomState, n_rows: int, n_columns: int, n_hidden: int) -> Labelled:
    """The hidden manifold model with balanced labels.

        x = tanh(c F / sqrt(m) - b),    y = sign(v . tanh(W c) / sqrt(m) - median),    c, F, W, v normal, b in [-1, 1]

    Args:
        random: NumPy's legacy generator, whose stream the published sets came from.
        n_rows: rows, even for classes of equal size.
        n_columns: features `D`.
        n_hidden: dimension `m` of the manifold.

    Raises:
        ConfigError: another generator of random numbers, or a size out of its range.

    References:
        Goldt et al., Phys. Rev. X 10, 041044 (2020); as in Bowles, Ahmed and Schuld, arXiv:2403.07059.

    Example:
        >>> rows = hidden_manifold(np.random.RandomState(0), 10, 3, 2)
        >>> rows.inputs_ND.shape, int(rows.labels_N.sum())
        ((10, 3), 0)
    """
    check_stream(random)
    check_whole("hidden_manifold", 1, n_rows=n_rows, n_columns=n_columns, n_hidden=n_hidden)
    embedding = random.normal(size=(n_hidden, n_columns))
    hidden = random.normal(size=(n_rows, n_hidden))
    biases = 2 * random.uniform(size=n_columns) - 1
    inputs = np.tanh(hidden @ embedding / np.sqrt(n_hidden) - biases)
    weights = random.normal(size=(n_hidden, n_hidden))
    readout = random.normal(size=n_hidden)
    scores = np.tanh(hidden @ weights.T) @ readout / np.sqrt(n_hidden)
    return Labelled(inputs, np.where(scores < np.median(scores), -1, 1))
