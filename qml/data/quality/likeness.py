"""How alike two rows are over the inputs, so that rows of one subject can be told from rows that share a value."""

from __future__ import annotations

import numpy as np

from qml.base.extras import require
from qml.data.quality.examined import Examined
from qml.data.source import Column
from qml.data.table import Ragged

FAR = 3.0
"""Standard deviations beyond which two numbers count as wholly different."""
BUCKETS = 1024
LETTERS = 500
"""So many letters of a text are compared."""
COLUMNS = 64
"""About so many columns are compared at most; of more, every so-many-th."""


class Likeness:
    """Distances of pairs of rows: the mean over columns of a distance between 0 and 1.

    Numbers: the difference in standard deviations, at most 3, over 3. Categories: 0 if equal, else 1. Sequences and
    images: root mean square difference of their standardised values, over 3. Texts: one minus the cosine of counts of
    3-grams of letters. Missing values are one category of their own.

    Args:
        examined: table and parts.
        leave_out: columns that are not compared.
        rows: `(n,)` numbers of the rows that pairs will be of.
    """

    def __init__(self, examined: Examined, leave_out: tuple[str, ...], rows: np.ndarray):
        self._parts = []
        compared = [column for column in examined.inputs if column.name not in leave_out]
        for column in compared[:: -(-len(compared) // COLUMNS) or 1]:
            prepared = _prepared(examined, column, rows)
            if prepared is not None:
                self._parts.append(prepared)

    @property
    def empty(self) -> bool:
        """Whether there is no column to compare by."""
        return not self._parts

    def distance(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """`(P,)` distances of pairs given as two `(P,)` places among the rows."""
        total = np.zeros(len(first))
        for kind, values in self._parts:
            total += _DISTANCES[kind](values, first, second)
        return total / len(self._parts)


def _prepared(examined: Examined, column: Column, rows: np.ndarray) -> tuple[str, np.ndarray] | None:
    """One column as numbers of these rows, and how they are compared."""
    values = examined.table[column.name]
    if isinstance(values, Ragged):
        return None
    if column.name in examined.texts:
        return "counts", _counts(np.asarray(values)[rows])
    if column.kind == "image" and examined.pictures is not None:
        return "block", _standardised(examined.pictures[rows].reshape(len(rows), -1).astype(np.float32))
    if column.kind == "category":
        return "code", np.asarray(values)[rows]
    if np.asarray(values).dtype == object:
        return None
    numbers = np.asarray(values)[rows].astype(np.float32)
    return ("block", _standardised(numbers)) if numbers.ndim > 1 else ("number", _standardised(numbers))


def _standardised(values: np.ndarray) -> np.ndarray:
    """Mean 0 and variance 1 by column; infinite values are missing."""
    values = np.where(np.isfinite(values), values, np.nan)
    known = np.isfinite(values)
    count = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, values, 0).sum(axis=0, dtype=np.float64) / count
    spread = np.sqrt(np.where(known, np.square(values - mean), 0).sum(axis=0, dtype=np.float64) / count)
    return ((values - mean) / np.where(spread > 0, spread, 1)).astype(np.float32)


def _counts(texts: np.ndarray) -> np.ndarray:
    """`(n, BUCKETS)` float32 of length one: how often each 3-gram of letters occurs, by its hash."""
    require("sklearn", extra="data", purpose="comparing texts")
    from sklearn.feature_extraction.text import HashingVectorizer

    counter = HashingVectorizer(analyzer="char", ngram_range=(3, 3), n_features=BUCKETS, alternate_sign=False)
    found = counter.transform([str(text)[:LETTERS] for text in texts])
    return np.asarray(found.toarray(), np.float32)  # pyright: ignore[reportAttributeAccessIssue]


def _number(values: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    a, b = values[first], values[second]
    away = np.minimum(np.abs(a - b), FAR) / FAR
    return np.where(np.isnan(a) & np.isnan(b), 0.0, np.where(np.isnan(a) | np.isnan(b), 1.0, away))


def _code(values: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return (values[first] != values[second]).astype(np.float64)


def _block(values: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    away = np.sqrt(np.square(np.nan_to_num(values[first]) - np.nan_to_num(values[second])).mean(axis=1))
    return np.minimum(away, FAR) / FAR


def _cosine(values: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return 1.0 - np.einsum("pd,pd->p", values[first], values[second])


_DISTANCES = {"number": _number, "code": _code, "block": _block, "counts": _cosine}
