"""The same contestant on fewer rows: a Source with a part of its training split, and the curve made with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from qml.base.seeds import derive, generator
from qml.bench.arm import Arm
from qml.bench.attempt import attempt_in
from qml.bench.cell import Trial
from qml.bench.facts import CHUNK, targets
from qml.bench.fitting import checked_predictions
from qml.bench.protocol import Protocol
from qml.bench.sealed import SealedSource
from qml.bench.working import keep, kept
from qml.data.arrays import dealt
from qml.data.source import Batch, Schema, Source
from qml.data.splits import nested_subset
from qml.learn.fit import Budget
from qml.learn.task import Metric


class FewerRowsSource:
    """A Source whose training split holds only some of its rows; all other splits are as they were.

    The rows that stay are drawn once from `seed`, class by class where there are classes, and kept in memory.
    Transforms are those fitted on the whole training split.

    Args:
        source: the whole.
        rows: how many training rows stay: at least one a class, at most all.
        seed: which draw; fewer rows of a seed lie within more.

    Raises:
        DataError: too few or too many rows.
    """

    def __init__(self, source: Source, rows: int, seed: int):
        self._source = source
        parts = list(source.batches("train", CHUNK))
        labels = targets(source, "train")
        classes = labels if np.issubdtype(labels.dtype, np.integer) else None
        stay = nested_subset(np.arange(len(labels)), classes, rows, seed)
        self._inputs = np.concatenate([part.inputs for part in parts])[stay]
        self._targets = labels[stay]

    @property
    def schema(self) -> Schema:
        """That of the whole, with the smaller training split."""
        whole = self._source.schema
        sizes = {**whole.sizes, "train": len(self._targets)}
        return replace(whole, sizes=sizes, digest=f"{whole.digest}/{len(self._targets)}")

    def batches(
        self,
        split: str,
        size: int,
        seed: int | None = None,
        *,
        epoch: int = 0,
        start: int = 0,
        shard: tuple[int, int] = (0, 1),
    ) -> Iterator[Batch]:
        """Batches as any Source gives them."""
        if split != "train":
            yield from self._source.batches(split, size, seed, epoch=epoch, start=start, shard=shard)
            return
        count = len(self._targets)
        order = np.arange(count) if seed is None else generator(seed, "rows", epoch).permutation(count)
        for rows in dealt(order, size, start, shard):
            yield Batch(self._inputs[rows], self._targets[rows], rows)


def rows_curve(
    arm: Arm, source: Source, rank: Metric, protocol: Protocol, budget: Budget, best: Trial, folder: Path
) -> dict[str, float]:
    """Test value of the ranking metric by number of training rows, for the shares that the protocol asks for.

    The chosen setting is fitted again for each share; nothing is chosen here. A share on which the fit fails
    is left out.
    """
    found = {}
    for share in protocol.rows_curve:
        place = folder / "rows" / f"{share:g}"
        done = place / "value.json"
        point = kept(done)
        if point is None:
            point = _fit_share(arm, source, rank, budget, best, share, place / "fit")
            keep(done, point)
        rows, value = point
        if value is not None:
            found[str(rows)] = value
    return found


def _fit_share(
    arm: Arm, source: Source, rank: Metric, budget: Budget, best: Trial, share: float, folder: Path
) -> tuple[int, float | None]:
    whole = len(targets(source, "train"))
    rows = max(1, round(share * whole))

    def value() -> float:
        fewer = FewerRowsSource(source, rows, derive(best.seed, "rows"))
        fitted = arm.fit(SealedSource(fewer, watched=True), best.settings, budget, best.seed, folder)
        if fitted.cost.stopped == "interrupted":
            raise KeyboardInterrupt(f"{arm.info.name}, {rows} rows: interrupted; start again to continue.")
        return float(rank.compute(checked_predictions(fitted, fewer, "test", None), targets(source, "test")))

    found = attempt_in(folder, value)
    return rows, None if isinstance(found, Exception) or not np.isfinite(found) else found
