"""Two handwritten digits in few columns: MNIST through a standardisation and principal components."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from qml.base.extras import require
from qml.data.generators.labelled import Labelled
from qml.data.opening import open_table
from qml.data.table import PARTS


def mnist_pca(
    n_columns: int, *, digits: tuple[int, int] = (3, 5), root: str | Path | None = None
) -> tuple[Labelled, Labelled]:
    """Training and test rows of two digits: pixels standardised, then principal components, fitted on training rows.

    The published files cannot be made again: their components came from a randomised decomposition without a seed
    (component 10 differs by up to 3.2), and their small sets from unseeded draws with replacement. This one is exact
    and has no random part. For the published rows themselves at 10 columns open "qml_benchmarks/mnist_pca".

    Args:
        n_columns: components `D`.
        digits: the digit of label -1, then that of label +1.
        root: the data root with "mnist"; None reads `QML_DATA`.

    Raises:
        DataError: MNIST is not below the data root.
    """
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
