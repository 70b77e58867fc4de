"""Transforms before fitting: each learns from training rows alone and gives a frozen, fitted value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from qml.base.errors import ConfigError, DataError
from qml.base.seeds import generator
from qml.data.fitted import Affine, Branched, Chained, Filled, Fitted, Flat, OneHotCoded, Projected
from qml.data.source import Column


class Transform(Protocol):
    """Learns from training rows; knows nothing of any other row."""

    def fit(self, rows: np.ndarray) -> Fitted:
        """The fitted value, from `(N, ...)` training rows."""
        ...


@dataclass(frozen=True)
class Standardise:
    """Each column to mean 0 and variance 1 over the training rows; a constant column becomes 0.

    Args:
        together: one mean and spread for all columns, for columns of one scale such as pixels.

    Example:
        >>> fitted = Standardise().fit(np.array([[0.0], [2.0]], np.float32))
        >>> fitted(np.array([[4.0]], np.float32))
        array([[3.]], dtype=float32)
    """

    together: bool = False

    def fit(self, rows: np.ndarray) -> Affine:
        """From `(N, ...)` numbers; one mean and spread for each place of a row, or for all."""
        _some(rows, "Standardise")
        axis = None if self.together else 0
        return standardising(rows.mean(axis=axis, dtype=np.float64), rows.std(axis=axis, dtype=np.float64))


def standardising(mean: np.ndarray, spread: np.ndarray) -> Affine:
    """What takes numbers of this mean and standard deviation to mean 0 and variance 1, wherever both were counted.

    Args:
        mean: float64, in the shape of a row or one that broadcasts to it.
        spread: of the same shape; where it is rounding of a constant, it counts as none.
    """
    mean, spread = np.asarray(mean), np.asarray(spread)
    spread = np.where(spread > 1e-7 * np.abs(mean), spread, 0.0)  # rounding of a constant is no spread
    return Affine(mean.astype(np.float32), _inverse(spread))


@dataclass(frozen=True)
class MinMax:
    """Each column from its training range to `low` .. `high`; later rows may lie outside; a constant becomes `low`.

    Args:
        low: least value over the training rows.
        high: greatest; use `high=np.pi` for angles.
    """

    low: float = 0.0
    high: float = 1.0

    def fit(self, rows: np.ndarray) -> Affine:
        """From `(N, ...)` numbers.

        Raises:
            ConfigError: `low` is not below `high`.
        """
        _some(rows, "MinMax")
        if not self.low < self.high:
            raise ConfigError(f"MinMax needs low < high; got {self.low} and {self.high}.")
        least, greatest = rows.min(axis=0).astype(np.float64), rows.max(axis=0).astype(np.float64)
        return ranging(least, greatest, self.low, self.high)


def ranging(least: np.ndarray, greatest: np.ndarray, low: float = 0.0, high: float = 1.0) -> Affine:
    """What takes `least` .. `greatest` to `low` .. `high`, each `(D,)` float64; a constant becomes `low`."""
    scale = _inverse(greatest - least) * (high - low)
    return Affine((least - low / scale).astype(np.float32), scale.astype(np.float32))


@dataclass(frozen=True)
class ScaleImages:
    """Bytes 0 .. 255 to 0 .. 1, then by default each channel to mean 0 and variance 1 over the training images.

    Args:
        standardise: subtract the mean of the channel and divide by its spread.
        top: the greatest value a pixel can have.
    """

    standardise: bool = True
    top: float = 255.0

    def fit(self, rows: np.ndarray) -> Affine:
        """From `(N, C, H, W)` images, uint8 or float32.

        Raises:
            DataError: not of that shape.
        """
        _some(rows, "ScaleImages")
        if rows.ndim != 4:
            raise DataError(f"ScaleImages needs images (N, C, H, W); got {rows.shape}. Put the channels first.")
        if not self.standardise:
            return Affine(np.float32(0).reshape(1, 1, 1), np.float32(1 / self.top).reshape(1, 1, 1))
        moments = [_mean_and_spread(rows[:, channel]) for channel in range(rows.shape[1])]
        mean, spread = np.array(moments).T
        shape = (rows.shape[1], 1, 1)
        return Affine(mean.astype(np.float32).reshape(shape), _inverse(spread).reshape(shape))


def _mean_and_spread(values: np.ndarray) -> tuple[float, float]:
    """Mean and standard deviation; of bytes by counting, without a large temporary."""
    if values.dtype != np.uint8:
        return float(values.mean(dtype=np.float64)), float(values.std(dtype=np.float64))
    counts = sum(np.bincount(chunk.ravel(), minlength=256) for chunk in np.array_split(values, len(values) // 4096 + 1))
    levels = np.arange(256)
    mean = np.average(levels, weights=counts)
    return float(mean), float(np.sqrt(np.average((levels - mean) ** 2, weights=counts)))


@dataclass(frozen=True)
class Impute:
    """NaN replaced by the training median or most frequent value, with a 0/1 column for each column that had any.

    Args:
        how: "median" or "most_frequent".
        indicator: add the 0/1 columns.
    """

    how: str = "median"
    indicator: bool = True

    def fit(self, rows: np.ndarray) -> Filled:
        """From `(N, D)` numbers; a column without any value is filled with 0.

        Raises:
            ConfigError: `how` is not known.
        """
        _some(rows, "Impute")
        if self.how not in ("median", "most_frequent"):
            raise ConfigError(f"Impute(how={self.how!r}) is not known. Known: 'median', 'most_frequent'.")
        missing = np.isnan(rows)
        fill = np.zeros(rows.shape[1], np.float32)
        for place in range(rows.shape[1]):
            present = rows[~missing[:, place], place]
            if len(present):
                fill[place] = np.median(present) if self.how == "median" else _most_frequent(present)
        flagged = np.flatnonzero(missing.any(axis=0)) if self.indicator else ()
        return Filled(fill, tuple(int(place) for place in flagged))


def _most_frequent(values: np.ndarray) -> float:
    """The value seen most often; the least of them in a tie."""
    distinct, counts = np.unique(values, return_counts=True)
    return float(distinct[counts.argmax()])


@dataclass(frozen=True)
class OneHot:
    """Category codes as 0/1 columns, with one more for codes that are rare, missing or unseen in training.

    Args:
        limit: categories kept of each column, the most frequent in training.
    """

    limit: int = 64

    def fit(self, rows: np.ndarray) -> OneHotCoded:
        """From `(N, D)` codes, NaN where missing."""
        _some(rows, "OneHot")
        return OneHotCoded(tuple(self._kept(rows[:, place]) for place in range(rows.shape[1])))

    def _kept(self, column: np.ndarray) -> tuple[int, ...]:
        codes, counts = np.unique(column[~np.isnan(column)], return_counts=True)
        most = np.argsort(-counts, kind="stable")[: self.limit]
        return tuple(sorted(int(code) for code in codes[most]))


@dataclass(frozen=True)
class PCA:
    """The `n_components` directions of greatest training variance, by SVD of the centred rows.

    Wide and long data (beyond 2,000 columns and rows) is done by a randomised SVD with four power iterations,
    as in Halko, Martinsson and Tropp (2011). The sign of a component is such that its largest entry is positive.

    Args:
        n_components: columns that come out.
        whiten: divide each by its training spread.
        seed: of the randomised SVD.
    """

    n_components: int
    whiten: bool = False
    seed: int = 0

    def fit(self, rows: np.ndarray) -> Projected:
        """From `(N, ...)` numbers, each row flattened.

        Raises:
            DataError: fewer rows or columns than components.
        """
        _some(rows, "PCA")
        flat = rows.reshape(len(rows), -1)
        if not 0 < self.n_components <= min(flat.shape):
            raise DataError(f"PCA({self.n_components}) of {flat.shape} training rows; give 1 .. {min(flat.shape)}.")
        mean = flat.mean(axis=0, dtype=np.float64)
        spectrum, directions = self._svd(np.subtract(flat, mean.astype(np.float32), dtype=np.float32))
        largest = np.abs(directions).argmax(axis=1)
        directions = directions * np.sign(directions[np.arange(len(directions)), largest])[:, None]
        if self.whiten:
            directions = directions * _inverse(spectrum.astype(np.float64) / np.sqrt(max(len(flat) - 1, 1)))[:, None]
        return Projected(mean.astype(np.float32), np.ascontiguousarray(directions, np.float32))

    def _svd(self, centred: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Leading singular values `(K,)` and right singular vectors `(K, D)`."""
        rows, width = centred.shape
        keep = self.n_components
        if min(rows, width) <= 2000 and rows >= width:
            values, vectors = np.linalg.eigh((centred.T @ centred).astype(np.float64))  # (D, D) is small
            return np.sqrt(np.maximum(values[::-1][:keep], 0)), vectors[:, ::-1][:, :keep].T
        if min(rows, width) <= 2000:
            _, values, directions = np.linalg.svd(centred, full_matrices=False)
            return values[:keep], directions[:keep]
        draw = generator(self.seed, "pca").standard_normal((width, min(keep + 10, rows, width))).astype(np.float32)
        basis = np.linalg.qr(centred @ draw)[0]
        for _ in range(4):
            basis = np.linalg.qr(centred @ np.linalg.qr(centred.T @ basis)[0])[0]
        _, values, directions = np.linalg.svd(basis.T @ centred, full_matrices=False)
        return values[:keep], directions[:keep]


@dataclass(frozen=True)
class Flatten:
    """Each row as one vector: `(N, C, H, W)` to `(N, C * H * W)`."""

    def fit(self, rows: np.ndarray) -> Flat:
        """Nothing is learnt from the `(N, ...)` rows."""
        return Flat()


class Chain:
    """Transforms one after another, each fitted on what the ones before made of the training rows.

    Example:
        >>> chain = Chain(Standardise(), PCA(2))
        >>> chain.fit(np.eye(5, dtype=np.float32))(np.zeros((3, 5), np.float32)).shape
        (3, 2)
    """

    def __init__(self, *steps: Transform):
        self.steps = steps

    def fit(self, rows: np.ndarray) -> Chained:
        """From `(N, ...)` training rows."""
        fitted: list[Fitted] = []
        for step in self.steps:
            fitted.append(step.fit(rows))
            rows = fitted[-1](rows)
        return Chained(tuple(fitted))


@dataclass(frozen=True)
class ByColumns:
    """Numbers filled in and standardised, categories one-hot encoded, side by side in that order.

    Args:
        columns: what each column of the rows is; a column with a shape takes as many places as it has numbers.
        numbers: for numbers and sequences.
        categories: for category codes.
    """

    columns: tuple[Column, ...]
    numbers: Transform = Chain(Impute(), Standardise())  # noqa: RUF009  transforms are immutable
    categories: Transform = OneHot()

    def fit(self, rows: np.ndarray) -> Branched:
        """From `(N, D)` rows as `qml.data.features` lays them out."""
        by_kind: dict[bool, list[int]] = {False: [], True: []}
        first = 0
        for column in self.columns:
            width = int(np.prod(column.shape)) if column.shape else 1
            by_kind[column.kind == "category"].extend(range(first, first + width))
            first += width
        if first != rows.shape[1]:
            raise DataError(f"{first} columns are described and the rows have {rows.shape[1]}. Describe them all.")
        branches = [(tuple(by_kind[is_category]), how) for is_category, how in self._branches() if by_kind[is_category]]
        fitted = tuple(how.fit(rows[:, list(places)]) for places, how in branches)
        return Branched(tuple(places for places, _ in branches), fitted)

    def _branches(self) -> Sequence[tuple[bool, Transform]]:
        return ((False, self.numbers), (True, self.categories))


def _inverse(spread: np.ndarray) -> np.ndarray:
    """1 / spread as float32; 1 where there is none."""
    safe = np.where(spread > 0, spread, 1.0)
    return (1.0 / safe).astype(np.float32)


def _some(rows: np.ndarray, name: str) -> None:
    """Refuse to learn from nothing."""
    if not len(rows):
        raise DataError(f"{name} was to be fitted on no rows. Give it the training part.")
