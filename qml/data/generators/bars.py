"""Noisy images of bars or of stripes: each tells its class by the direction of its lines alone."""

from __future__ import annotations

import numpy as np

from qml.base.bounds import check_number, check_whole
from qml.base.errors import ConfigError
from qml.data.generators.labelled import Labelled
from qml.data.generators.stream import check_stream


def bars_and_stripes(
    random: np.random.RandomState, n_rows: int, side: int, noise: float, *, stripes: int = 1
) -> Labelled:
    """Square images of -1 with random rows (stripes) or random columns (bars) of +1, and normal noise on each pixel.

    An image with no line, or with all, looks the same in both classes: no classifier reaches accuracy 1 at 4 x 4.

    Args:
        random: NumPy's legacy generator, whose stream the published sets came from.
        n_rows: images.
        side: pixels of a side, two or more.
        noise: standard deviation.
        stripes: label of stripes; -1 in the code that made the published results, +1 in its later versions.

    Returns:
        Inputs `(N, 1, side, side)`.

    Raises:
        ConfigError: another generator of random numbers, a size or a noise out of its range, or a label that is neither
            -1 nor +1.

    References:
        Bowles, Ahmed and Schuld, arXiv:2403.07059, "bars and stripes".

    Example:
        >>> rows = bars_and_stripes(np.random.RandomState(42), 3, 4, noise=0.0)
        >>> rows.inputs_ND.shape, sorted(set(rows.inputs_ND.ravel().tolist()))
        ((3, 1, 4, 4), [-1.0, 1.0])
    """
    check_stream(random)
    check_whole("bars_and_stripes", 1, n_rows=n_rows)
    check_whole("bars_and_stripes", 2, side=side)
    check_number("bars_and_stripes", least=0, noise=noise)
    if stripes not in (-1, 1):
        raise ConfigError(f"bars_and_stripes got stripes={stripes!r}; give the label -1 or 1.")
    images = np.full((n_rows, side, side), -1.0)
    labels = np.empty(n_rows, np.int64)
    for row, image in enumerate(images):
        striped = random.rand() > 0.5
        lines = random.rand(side) > 0.5
        if striped:
            image[lines, :] = 1.0
        else:
            image[:, lines] = 1.0
        image += random.normal(0, noise, size=image.shape)
        labels[row] = stripes if striped else -stripes
    return Labelled(images[:, None], labels)
