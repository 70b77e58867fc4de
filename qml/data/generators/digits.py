"""Two handwritten digits in few columns: MNIST through a standardisation and principal components."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from qml.base.bounds import check_whole, check_wholes
from qml.base.errors import ConfigError
from qml.base.extras import require
from qml.data.generators.labelled import Labelled
from qml.data.opening import open_table
from qml.data.table import PARTS

PIXELS = 28 * 28


def mnist_pca(
    n_columns: int, *, digits: tuple[int, int] = (3, 5), root: str | Path | None = None
) -> tuple[Labelled, Labelled]:
    """Training and test rows of two digits: pixels standardised, then principal components, fitted on training rows.

    The published files cannot be made again: their components came from a randomised decomposition without a seed
    (component 10 differs by up to 3.2), and their small sets from unseeded draws with replacement. This one is exact
    and has no random part. For the published rows themselves at 10 columns open "qml_benchmarks/mnist_pca".

    Args:
        n_columns: components `D`, no more than pixels.
        digits: the digit of label -1, then that of label +1.
        root: the data root with "mnist"; None reads `QML_DATA`.

    Raises:
        ConfigError: no such number of components, or no two different digits.
        DataError: MNIST is not below the data root.
    """
    check_whole("mnist_pca", 1, PIXELS, n_columns=n_columns)
    check_wholes("mnist_pca", 0, 9, digits=digits)
    if len(digits) != 2 or digits[0] == digits[1]:
        raise ConfigError(f"mnist_pca got digits={digits!r}; give two different ones, such as (3, 5).")
    require("sklearn", extra="data", purpose="principal components of MNIST")
    from sklearn.decomposition import PCA
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    table = open_table("mnist", root)
    images, targets, official = np.asarray(table["image"]), table.targets, table.official
    labels = np.select([targets == digits[0], targets == digits[1]], [-1, 1], 0)
    rows = {part: np.flatnonzero((labels != 0) & (official == PARTS.index(part))) for part in ("train", "test")}
    reduce = make_pipeline(StandardScaler(), PCA(n_columns, svd_solver="covariance_eigh"))
    train = reduce.fit_transform(images[rows["train"]].astype(np.float64))
    test = reduce.transform(images[rows["test"]].astype(np.float64))
    return Labelled(train, labels[rows["train"]]), Labelled(test, labels[rows["test"]])
