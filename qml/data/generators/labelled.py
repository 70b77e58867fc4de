"""What a generator returns, and how it is standardised as the published sets are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qml.base.bounds import check_whole
from qml.base.errors import DataError
from qml.base.extras import require


@dataclass(frozen=True, eq=False)
class Labelled:
    """Rows with a label each.

    Args:
        inputs_ND: `(N, D)` or, for images, `(N, 1, H, W)`; float64.
        labels_N: `(N,)` int64, each -1 or +1.
    """

    inputs_ND: np.ndarray
    labels_N: np.ndarray

    def __len__(self) -> int:
        return len(self.labels_N)

    def taken(self, rows: np.ndarray) -> Labelled:
        """The rows of these numbers `(R,)`, in that order."""
        return Labelled(self.inputs_ND[rows], self.labels_N[rows])


def standardised(inputs_ND: np.ndarray) -> np.ndarray:
    """Columns of `(N, D)` with mean 0 and variance 1, in scikit-learn's arithmetic, on which the last bit depends."""
    require("sklearn", extra="data", purpose="a published data generator")
    from sklearn.preprocessing import StandardScaler

    return StandardScaler().fit_transform(inputs_ND)


def halves(who: str, n_rows: int) -> np.ndarray:
    """`(n_rows,)` labels: a first half of -1, a second of +1.

    Args:
        who: the generator that was called, for the message.
        n_rows: rows of both.

    Raises:
        ConfigError: fewer rows than two.
        DataError: an odd number of rows.
    """
    check_whole(who, 2, n_rows=n_rows)
    if n_rows % 2:
        raise DataError(f"{who} got n_rows={n_rows}; two classes of equal size need an even number of rows.")
    return np.repeat(np.array([-1, 1]), n_rows // 2)
