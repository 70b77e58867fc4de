"""Rows as numbers for the checks that train a model: a sample of them, and no more columns than such a model needs."""

from __future__ import annotations

import numpy as np

from qml.base.extras import require
from qml.base.seeds import generator
from qml.data.quality.examined import NUMERIC, Examined
from qml.data.table import Ragged

WIDE = 100
"""Columns from which on the principal ones stand for all."""
KEPT = 40
BUCKETS = 2**14


def sampled(rows: np.ndarray, most: int, purpose: str) -> np.ndarray:
    """At most `most` of `(n,)` rows, drawn with a fixed seed and sorted.

    Example:
        >>> len(sampled(np.arange(100), 10, "example"))
        10
    """
    if len(rows) <= most:
        return rows
    return np.sort(generator(0, "quality", purpose).choice(rows, most, replace=False))


def numbers_of(examined: Examined, rows: np.ndarray) -> np.ndarray | None:
    """`(N, D)` float32 of `(N,)` rows, NaN where missing; None where the inputs give no numbers.

    Texts count their words, sequences of letters their 3-grams, and both, like images and wide tables, are brought to
    40 principal columns. It knows no label.
    """
    require("sklearn", extra="data", purpose="the checks that train a model")
    blocks = []
    for column in examined.inputs:
        values = examined.table[column.name]
        if isinstance(values, Ragged):
            continue
        if column.name in examined.texts:
            blocks.append(_reduced(_counts(values[rows], letters=column.kind == "sequence")))
        elif column.kind == "image" and examined.pictures is not None:
            blocks.append(_reduced(examined.pictures[rows].reshape(len(rows), -1).astype(np.float32)))
        elif values.dtype != object and (column.kind in NUMERIC or column.kind == "sequence"):
            found = values[rows].reshape(len(rows), -1).astype(np.float32)
            missing = (found < 0) if column.kind == "category" else ~np.isfinite(found)
            blocks.append(np.where(missing, np.nan, found))
    if not blocks:
        return None
    joined = np.concatenate(blocks, axis=1)
    return joined if joined.shape[1] <= WIDE else _reduced(np.nan_to_num(_scaled(joined)))


def _scaled(values: np.ndarray) -> np.ndarray:
    """Mean 0 and variance 1 by column."""
    mean, spread = np.nanmean(values, axis=0), np.nanstd(values, axis=0)
    return (values - mean) / np.where(spread > 0, spread, 1)


def _counts(texts: np.ndarray, letters: bool):
    """Sparse counts of words, or of 3-grams of letters."""
    from sklearn.feature_extraction.text import HashingVectorizer

    how = {"analyzer": "char", "ngram_range": (3, 3)} if letters else {"analyzer": "word", "ngram_range": (1, 2)}
    return HashingVectorizer(n_features=BUCKETS, alternate_sign=False, **how).transform([str(text) for text in texts])


def _reduced(values) -> np.ndarray:
    """At most 40 principal columns."""
    from sklearn.decomposition import TruncatedSVD

    kept = min(KEPT, min(values.shape) - 1)
    if kept < 1:
        return np.zeros((values.shape[0], 1), np.float32)
    return np.asarray(TruncatedSVD(kept, n_iter=3, random_state=0).fit_transform(values), np.float32)
