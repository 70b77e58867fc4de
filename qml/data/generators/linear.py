"""Rows on two sides of a plane through the origin, none near it."""

from __future__ import annotations

import numpy as np

from qml.base.bounds import check_number, check_whole
from qml.base.errors import DataError
from qml.data.generators.labelled import Labelled
from qml.data.generators.stream import check_stream


def linearly_separable(random: np.random.RandomState, n_rows: int, n_columns: int, margin: float) -> Labelled:
    """Uniform rows of the cube [-1, 1]^D with |sum_i x_i| > margin; the label is -1 where the sum is positive.

    Twice as many rows are drawn as are asked for, and the first outside the margin are kept.

    Args:
        random: NumPy's legacy generator, whose stream the published sets came from.
        n_rows: rows to keep.
        n_columns: features `D`.
        margin: least distance of the sum from 0.

    Raises:
        ConfigError: another generator of random numbers, or a size or margin out of its range.
        DataError: too few of the drawn rows lie outside the margin.

    References:
        Bowles, Ahmed and Schuld, arXiv:2403.07059, "linearly separable".

    Example:
        >>> rows = linearly_separable(np.random.RandomState(0), 6, 2, margin=0.04)
        >>> bool((np.sign(rows.inputs_ND.sum(axis=1)) == -rows.labels_N).all())
        True
    """
    check_stream(random)
    check_whole("linearly_separable", 1, n_rows=n_rows, n_columns=n_columns)
    check_number("linearly_separable", least=0, margin=margin)
    drawn = 2 * random.rand(2 * n_rows, n_columns) - 1
    kept = drawn[np.abs(drawn @ np.ones(n_columns)) > margin][:n_rows]
    if len(kept) < n_rows:
        raise DataError(
            f"{n_rows} rows with |sum| > {margin} were asked for; {len(kept)} of {len(drawn)} drawn rows have it. "
            f"Take a smaller margin; the sum of {n_columns} columns spreads by {(n_columns / 3) ** 0.5:.2f}."
        )
    return Labelled(kept, np.where(kept @ np.ones(n_columns) > 0, -1, 1))
