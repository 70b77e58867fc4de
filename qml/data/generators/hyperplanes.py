"""Rows labelled by the parity of the planes they lie above."""

from __future__ import annotations

import numpy as np

from qml.base.bounds import check_whole
from qml.base.errors import DataError
from qml.data.generators.labelled import Labelled, halves, standardised
from qml.data.generators.stream import check_stream


def hyperplanes_parity(
    random: np.random.RandomState, n_rows: int, n_columns: int, n_planes: int, n_hidden: int
) -> Labelled:
    """Normal rows of few dimensions, labelled by planes, then mapped linearly to `n_columns` and standardised.

    The label is -1 where an even number of planes has the row on its positive side. Four times as many rows are drawn
    as are asked for; the first of each class are kept, those of label -1 in front.

    Args:
        random: NumPy's legacy generator, whose stream the published sets came from.
        n_rows: rows, an even number.
        n_columns: features `D`.
        n_planes: planes `w . z + b = 0` with `w` and `b` uniform in [0, 1).
        n_hidden: dimensions of `z`.

    Raises:
        ConfigError: another generator of random numbers, or a size out of its range.
        DataError: an odd number of rows, or a class with too few drawn rows.

    References:
        Bowles, Ahmed and Schuld, arXiv:2403.07059, "hyperplanes and parity".

    Example:
        >>> rows = hyperplanes_parity(np.random.RandomState(1), 8, 5, n_planes=3, n_hidden=3)
        >>> rows.inputs_ND.shape, rows.labels_N.tolist()
        ((8, 5), [-1, -1, -1, -1, 1, 1, 1, 1])
    """
    check_stream(random)
    check_whole("hyperplanes_parity", 1, n_columns=n_columns, n_planes=n_planes, n_hidden=n_hidden)
    labels = halves("hyperplanes_parity", n_rows)
    normals = random.uniform(size=(n_planes, n_hidden))
    biases = random.uniform(size=n_planes)
    hidden = random.normal(size=(4 * n_rows, n_hidden))
    even = (hidden @ normals.T + biases > 0).sum(axis=1) % 2 == 0
    classes = [hidden[even][: n_rows // 2], hidden[~even][: n_rows // 2]]
    if min(map(len, classes)) < n_rows // 2:
        raise DataError(
            f"{n_rows // 2} rows a class were asked for; of {len(hidden)} drawn rows {even.sum()} lie above an even "
            f"number of the {n_planes} planes. Take more rows or another seed."
        )
    embedding = random.uniform(size=(n_hidden, n_columns))
    return Labelled(standardised(np.concatenate(classes) @ embedding), labels)
