"""Inner folds: training and validation rows dealt anew, so that a choice rests on all of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from qml.base.errors import DataError
from qml.base.seeds import generator
from qml.bench.facts import CHUNK, targets
from qml.data.arrays import dealt
from qml.data.source import Batch, Schema, Source
from qml.data.splits import folds

POOL = ("train", "validation")


@dataclass(frozen=True, eq=False)
class FoldSource:
    """One inner fold: "train" and "validation" are parts of the rows that a Source has in these two; no test rows.

    Inputs are as the source gives them: a transform was fitted, without labels, on its training rows.

    Args:
        whole: schema of the source.
        inputs: `(N, ...)` of the pool, shared by all folds.
        labels: `(N,)` of the pool.
        parts: "train" and "validation" -> numbers of rows of the pool.
        name: tells folds apart in a checkpoint.
    """

    whole: Schema
    inputs: np.ndarray
    labels: np.ndarray
    parts: dict[str, np.ndarray]
    name: str

    @property
    def schema(self) -> Schema:
        """That of the source, with the rows of this fold."""
        sizes = {split: len(rows) for split, rows in self.parts.items()}
        return replace(self.whole, sizes=sizes, digest=f"{self.whole.digest}/{self.name}")

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
        """Batches as any Source gives them.

        Raises:
            DataError: a fold has no such split.
        """
        if split not in self.parts:
            raise DataError(f"An inner fold has the splits {list(POOL)}; {split!r} was asked for.")
        rows = self.parts[split]
        order = np.arange(len(rows)) if seed is None else generator(seed, "inner", split, epoch).permutation(len(rows))
        for numbers in dealt(order, size, start, shard):
            chosen = rows[numbers]
            yield Batch(self.inputs[chosen], self.labels[chosen], numbers)


def inner_folds(source: Source, k: int, seed: int) -> tuple[FoldSource, ...]:
    """The training and validation rows of a source in `k` stratified folds; numbers are dealt at random.

    Args:
        source: labelled, with rows in both splits; test rows are not read.
        k: folds, at least 2.
        seed: of the deal.

    Raises:
        DataError: a class has fewer rows than there are folds, or rows belong together by group or time.

    Example:
        >>> from qml.data import ArraySource
        >>> source = ArraySource.from_arrays(np.arange(40.0)[:, None], np.repeat([0, 1], 20))
        >>> [dict(fold.schema.sizes) for fold in inner_folds(source, k=4, seed=0)][0]
        {'train': 24, 'validation': 8}
    """
    schema = source.schema
    if schema.groups or schema.time:
        kind, column = ("groups", schema.groups) if schema.groups else ("time", schema.time)
        raise DataError(
            f"inner={k} was asked for on {schema.name!r}; folds deal rows one by one, and these belong together by "
            f"{kind} ({column}). Use inner='holdout', whose validation rows keep them together."
        )
    inputs = np.concatenate([batch.inputs for split in POOL for batch in source.batches(split, CHUNK)])
    labels = np.concatenate([targets(source, split) for split in POOL])
    classes = labels if np.issubdtype(labels.dtype, np.integer) else np.zeros(len(labels), np.int64)
    names, counts = np.unique(classes, return_counts=True)
    if counts.min() < k:
        label = int(names[counts.argmin()])
        of = f"class {schema.target.labels[label]!r}" if schema.target and schema.target.labels else "the set"
        raise DataError(
            f"inner={k} was asked for on {schema.name!r}; {of} has {counts.min()} training and validation rows, fewer "
            f"than folds. Set inner to at most {counts.min()}, or to 'holdout'."
        )
    return tuple(
        FoldSource(schema, inputs, labels, {"train": fold["train"], "validation": fold["test"]}, f"{number}-of-{k}")
        for number, fold in enumerate(folds(classes, k, seed=seed))
    )
