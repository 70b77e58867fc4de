"""Nearest neighbours among features by faiss, and the vote of the nearest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from qml.base.errors import ConfigError, DataError, ShapeError
from qml.base.extras import require
from qml.base.registry import unknown
from qml.data.arrays import whole
from qml.data.source import Source, Target

Metric = Literal["euclidean", "cosine"]
METRICS: tuple[Metric, ...] = ("euclidean", "cosine")


@dataclass(frozen=True, eq=False)
class Neighbours:
    """The nearest rows of each query, nearest first.

    Args:
        rows: `(M, k)` int64, numbers within the part that was searched; -1 where a search by lists found fewer.
        distances: `(M, k)` float32: Euclidean, or 1 - cosine (1 of a row of zeros); infinite where there is no row.
        targets: `(M, k)` of those rows, or None without labels; -1, or NaN of numbers, where there is no row.
    """

    rows: np.ndarray
    distances: np.ndarray
    targets: np.ndarray | None


class Nearest:
    """A part of a Source made ready for nearest-neighbour search.

    Exact by default: every query is compared with every row. With `n_lists` the rows are divided by k-means into so
    many lists (an inverted file), and only the `n_probes` lists nearest to a query are searched: for millions of rows,
    where a part of the true neighbours may be missed.

    Args:
        source: with `(F,)` features a row, such as a `BankedSource`.
        split: the part that is searched.
        metric: "euclidean", or "cosine" of rows scaled to length one.
        n_lists: lists of an inverted file; None searches all rows.
        n_probes: lists that a query looks into.
        seed: of the k-means.

    Raises:
        ShapeError: rows are no flat features.
        ConfigError: an unknown metric, or more lists than a 39th of the rows (k-means wants 39 rows a list).
        MissingExtraError: faiss is not installed.

    Example:
        >>> from qml.data import make_source
        >>> nearest = Nearest(make_source("wine"))
        >>> found = nearest.search(np.zeros((2, 13), np.float32), k=3)
        >>> found.rows.shape, bool((np.diff(found.distances) >= 0).all())
        ((2, 3), True)
    """

    def __init__(
        self,
        source: Source,
        split: str = "train",
        *,
        metric: Metric = "euclidean",
        n_lists: int | None = None,
        n_probes: int = 8,
        seed: int = 0,
    ):
        if metric not in METRICS:
            raise unknown("metric", metric, list(METRICS))
        if len(source.schema.input_shape) != 1:
            raise ShapeError(
                f"Neighbours among rows of shape {source.schema.input_shape} were asked for; faiss takes flat features "
                f"(F,). Put a FeatureBank or a Flatten transform between."
            )
        batch = whole(source, split)
        self.name, self.split, self.metric = source.schema.name, split, metric
        self.target: Target | None = source.schema.target
        self.targets = batch.targets
        self._width = source.schema.input_shape[0]
        self._index = _index(self._prepared(batch.inputs), metric, n_lists, n_probes, seed)

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def search(self, queries: np.ndarray, k: int = 5) -> Neighbours:
        """The `k` nearest rows of each query.

        Args:
            queries: `(M, F)` features.
            k: 1 .. rows of the part.

        Raises:
            ShapeError: queries of another width.
            ConfigError: `k` out of range.
        """
        if not 1 <= k <= len(self):
            raise ConfigError(f"k={k} neighbours were asked for; {self.split!r} has {len(self)} rows. Give 1 .. that.")
        found, rows = self._index.search(self._prepared(queries), k)
        distances = 1 - found if self.metric == "cosine" else np.sqrt(np.maximum(found, 0))
        lacking = rows < 0
        targets = None
        if self.targets is not None:
            none = np.nan if self.targets.dtype.kind == "f" else -1
            targets = np.where(lacking, self.targets.dtype.type(none), self.targets[rows])
        distances = np.where(lacking, np.inf, np.maximum(distances, 0)).astype(np.float32)
        return Neighbours(rows.astype(np.int64), distances, targets)

    def vote(self, queries: np.ndarray, k: int = 5) -> np.ndarray:
        """What the `k` nearest say: `(M, C)` shares of each class, or `(M,)` the mean of a number.

        Args:
            queries: `(M, F)` features.
            k: neighbours that vote, all alike; where a search by lists found fewer, those.

        Raises:
            DataError: there are no labels.
        """
        found = self.search(queries, k)
        if found.targets is None or self.target is None:
            raise DataError(f"A vote was asked for; the rows of {self.name!r} have no labels.")
        weights = (found.rows >= 0) / np.maximum((found.rows >= 0).sum(axis=1, keepdims=True), 1)
        if self.target.kind == "number":
            return (weights * np.where(found.rows >= 0, found.targets, 0)).sum(axis=1)
        shares = np.zeros((len(weights), self.target.n_classes))
        np.add.at(shares, (np.arange(len(weights))[:, None], found.targets), weights)
        return shares

    def score(self, source: Source, split: str = "test", k: int = 5) -> float:
        """Accuracy of the vote on a part; of a number, the share of the variance that it explains.

        Args:
            source: of the same features.
            split: its part; each row of the part that is searched finds itself.
            k: neighbours that vote. A tie goes to the class that comes first.
        """
        batch = whole(source, split)
        if batch.targets is None:
            raise DataError(f"A score was asked for; the rows of {source.schema.name!r} have no labels.")
        said = self.vote(batch.inputs, k)
        if said.ndim == 2:
            return float((said.argmax(axis=1) == batch.targets).mean())
        truth = batch.targets.astype(np.float64)
        return float(1 - ((said - truth) ** 2).sum() / ((truth - truth.mean()) ** 2).sum())

    def _prepared(self, rows: np.ndarray) -> np.ndarray:
        """`(N, F)` rows as faiss takes them."""
        array = np.ascontiguousarray(rows, np.float32)
        if array.ndim != 2 or array.shape[1] != self._width:
            raise ShapeError(f"Queries of shape {array.shape} were given; these features are (M, {self._width}).")
        if self.metric == "euclidean":
            return array
        return array / np.maximum(np.linalg.norm(array, axis=1, keepdims=True), np.finfo(np.float32).tiny)


def _index(rows: np.ndarray, metric: Metric, n_lists: int | None, n_probes: int, seed: int) -> Any:
    """The faiss index of `(N, F)` rows."""
    require("faiss", extra="retrieval", purpose="nearest neighbours among features")
    import faiss

    width, by = rows.shape[1], faiss.METRIC_INNER_PRODUCT if metric == "cosine" else faiss.METRIC_L2
    if n_lists is None:
        index: Any = faiss.IndexFlat(width, by)
    else:
        if not 1 <= n_lists * 39 <= len(rows):
            raise ConfigError(
                f"n_lists={n_lists} was asked for {len(rows)} rows; give 1 .. {len(rows) // 39}, or None."
            )
        if n_probes < 1:
            raise ConfigError(f"n_probes={n_probes} was asked for; a query looks into one list at least.")
        index = faiss.IndexIVFFlat(faiss.IndexFlat(width, by), width, n_lists, by)
        index.cp.seed = seed
        index.nprobe = n_probes
        index.train(rows)  # pyright: ignore[reportCallIssue]
    index.add(rows)  # pyright: ignore[reportCallIssue]
    return index
