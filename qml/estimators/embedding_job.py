"""A set embedded by a frozen backbone: the bank, the vote of the nearest rows, and a few rows with their neighbours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from qml.base.errors import ConfigError
from qml.base.registry import unknown
from qml.data.arrays import whole
from qml.data.bank import BankedSource, Nearest, Neighbours
from qml.data.bank.nearest import METRICS, Metric
from qml.data.source import Source
from qml.data.transformed import transformed
from qml.data.transforms import Flatten
from qml.estimators.banked import embedded
from qml.estimators.data_choice import DataChoice
from qml.models.features import FeaturesSpec


@dataclass(frozen=True, eq=False)
class Embedding:
    """What an embedding gave.

    Args:
        banked: the features as a Source; its `info["bank"]` says where they lie and whether they were computed now.
        k: neighbours that voted.
        scores: "features", "inputs" and "without looking" -> accuracy on the test part, or explained variance.
        queries: `(M,)` numbers of the shown rows within the test part.
        neighbours: of those rows, among the training rows.
    """

    banked: BankedSource
    k: int
    scores: Mapping[str, float]
    queries: np.ndarray
    neighbours: Neighbours

    def __str__(self) -> str:
        schema, bank = self.banked.schema, self.banked.info["bank"]
        rows = ", ".join(f"{part} {size:,}" for part, size in schema.sizes.items())
        how = "computed now" if bank["computed"] else "read from the bank, nothing computed"
        what = "accuracy" if self._labels else "explained variance"
        lines = [f"{schema.name}: {self.banked.width} features a row ({rows}), {how}", f"in {bank['folder']}", ""]
        lines += [f"{what} of the vote of the {self.k} nearest training rows, on the test rows"]
        lines += [f"  {name:<16} {value:.4f}" for name, value in self.scores.items()]
        lines += ["", f"{'test row':>9}  {'is':<16} nearest training rows: what they are (distance)"]
        truth = self.banked.part("test").targets
        for query, near, far in zip(self.queries, self._targets(), self.neighbours.distances, strict=True):
            is_what = "" if truth is None else self._word(truth[query])
            said = ", ".join(
                f"{self._word(target)} ({distance:.3g})"
                for target, distance in zip(near, far, strict=True)
                if np.isfinite(distance)  # a search by lists may find fewer
            )
            lines.append(f"{query:>9}  {is_what:<16} {said}")
        return "\n".join(lines)

    @property
    def _labels(self) -> tuple[str, ...]:
        """Names of the classes; none for a number."""
        target = self.banked.schema.target
        return target.labels if target is not None else ()

    def _targets(self) -> np.ndarray:
        """Targets of the neighbours, or their row numbers without labels."""
        found = self.neighbours
        return found.rows if found.targets is None else found.targets

    def _word(self, target: Any) -> str:
        """A target in words."""
        return self._labels[int(target)] if self._labels else f"{target:.4g}"


@dataclass(frozen=True)
class EmbeddingJob:
    """Embed a set, keep the bank, and look at what lies near what.

    Args:
        data: the set.
        features: the backbone.
        weights: folder of a trained hybrid that has these features; None takes the network as it is built, at random
            but for one of your own.
        backbone_seed: of random weights.
        bank: folder of the features, shared by all runs.
        k: neighbours that vote and are shown.
        metric: "euclidean" or "cosine".
        n_lists: lists of an inverted file; None compares with every row.
        queries: test rows that are shown.
        seed: of the split and of the shown rows.
        batch_size: rows that the backbone is handed at once.
        plugins: packages that were imported for this job.

    Raises:
        ConfigError: fewer than one neighbour or query, or an unknown metric.
    """

    data: DataChoice
    features: FeaturesSpec
    weights: str | None = None
    backbone_seed: int = 0
    bank: str = "results/bank"
    k: int = 5
    metric: Metric = "euclidean"
    n_lists: int | None = None
    queries: int = 5
    seed: int = 0
    batch_size: int = 256
    plugins: tuple[str, ...] = ()

    def __post_init__(self):
        if self.k < 1 or self.queries < 1:
            raise ConfigError(f"k={self.k} and queries={self.queries} were given; both start at 1.")
        if self.metric not in METRICS:
            raise unknown("metric", self.metric, list(METRICS))

    def run(self) -> Embedding:
        """Compute what the bank lacks, search, and score.

        Raises:
            ConfigError, DataError, ShapeError: the set, the backbone or the bank is not what it must be.
        """
        source = self.data.source(self.seed)
        banked = embedded(
            source,
            self.features,
            self.bank,
            weights=self.weights,
            backbone_seed=self.backbone_seed,
            batch_size=self.batch_size,
        )
        nearest = self._nearest(banked)
        size = banked.schema.sizes["test"] or 0
        queries = np.sort(np.random.default_rng(self.seed).permutation(size)[: self.queries])
        neighbours = nearest.search(banked.part("test").features[queries], self.k)
        return Embedding(banked, self.k, self._scores(source, banked, nearest), queries, neighbours)

    def _nearest(self, source: Source) -> Nearest:
        return Nearest(source, metric=self.metric, n_lists=self.n_lists, seed=self.seed)

    def _scores(self, source: Source, banked: BankedSource, nearest: Nearest) -> dict[str, float]:
        """Of the features, of the inputs themselves by the same search, and of the best constant answer."""
        if banked.schema.target is None:
            return {}
        flat = source if len(source.schema.input_shape) == 1 else transformed(source, Flatten())
        return {
            "features": nearest.score(banked, k=self.k),
            "inputs": self._nearest(flat).score(flat, k=self.k),
            "without looking": _constant(banked),
        }


def _constant(source: Source) -> float:
    """What the most frequent class of the training rows scores on the test rows; 0 for a number, by definition."""
    train, test = whole(source, "train").targets, whole(source, "test").targets
    if train is None or test is None or source.schema.target is None or source.schema.target.kind == "number":
        return 0.0
    return float((test == np.bincount(train).argmax()).mean())
