"""Training batches drawn with replacement, as studies do that count updates and not passes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from qml.base.errors import ConfigError, DataError
from qml.base.lazy import cached_property
from qml.base.seeds import generator
from qml.data.arrays import whole
from qml.data.source import Batch, Schema, Source


@dataclass(frozen=True)
class ResampledSource:
    """`source`, whose training batches are drawn with replacement, every one of full size.

    A pass has as many batches as a pass over the rows would have, so that epochs mean about the same; each of its
    batches is a draw of its own. In file order (`seed=None`) and on other splits it is `source`. The training split
    is read once and held in memory.

    Args:
        source: labelled, with a training split of known size.
        pairs: draw pairs of one row of class 0 and one of class 1, in equal number, class 0 first. Both are the rows
            of one drawn number within their classes, as in the published metric learner, so that a row always meets
            the same partner; beyond the smaller class the last row stands in.

    Raises:
        DataError: at the first batch, the training split is unlabelled or lacks a class that pairs need.

    Example:
        >>> from qml.data import ArraySource
        >>> source = ArraySource.from_arrays(np.arange(20.0)[:, None], np.arange(20) % 2)
        >>> [len(batch) for batch in ResampledSource(source).batches("train", 8, seed=0)]
        [8, 8]
        >>> next(ResampledSource(source, pairs=True).batches("train", 4, seed=0)).targets
        array([0, 0, 1, 1])
    """

    source: Source
    pairs: bool = False

    @property
    def schema(self) -> Schema:
        """That of the source."""
        return self.source.schema

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
        """Batches of `size` rows; see `qml.data.Source`."""
        if split != "train" or seed is None:
            yield from self.source.batches(split, size, seed, epoch=epoch, start=start, shard=shard)
            return
        if self.pairs and size % 2:
            raise ConfigError(
                f"Pairs fill batches of an even number of rows; got batches of {size}. Change batch_size."
            )
        inputs, targets = self._rows
        draws = self._draws(-(-len(inputs) // size), size, generator(seed, "resampled", epoch))
        rank, world = shard
        for drawn in draws[start:]:
            rows = drawn[rank::world]
            yield Batch(inputs[rows], targets[rows], rows)

    def _draws(self, n_batches: int, size: int, rng: np.random.Generator) -> np.ndarray:
        """Row numbers of every batch of a pass, `(n_batches, size)`."""
        if not self.pairs:
            return rng.integers(0, len(self._rows[0]), (n_batches, size))
        first, second = self._classes
        numbers = rng.integers(0, len(first), (n_batches, size // 2))
        return np.concatenate([first[numbers], second[np.minimum(numbers, len(second) - 1)]], axis=1)

    @cached_property
    def _rows(self) -> tuple[np.ndarray, np.ndarray]:
        rows = whole(self.source, "train")
        if rows.targets is None:
            raise DataError(f"Labelled rows are drawn; 'train' of {self.schema.name!r} has none. Check the split.")
        return rows.inputs, rows.targets

    @cached_property
    def _classes(self) -> tuple[np.ndarray, np.ndarray]:
        first, second = (np.flatnonzero(self._rows[1] == label) for label in (0, 1))
        if not len(first) or not len(second):
            raise DataError(
                f"Pairs of two classes were asked for; 'train' of {self.schema.name!r} has {len(first)} rows of class "
                f"0 and {len(second)} of class 1. Split by class."
            )
        return first, second


@dataclass(frozen=True)
class ShuffledLabels:
    """`source`, whose training and validation labels are dealt out anew among the rows of their split.

    What a model learns of it is chance: whoever still scores on the true test labels has seen them some other way.

    Args:
        source: labelled, with splits of known size.
        seed: of the exchange.

    Example:
        >>> from qml.data import ArraySource
        >>> source = ArraySource.from_arrays(np.arange(40.0)[:, None], np.arange(40) // 20)
        >>> shuffled = next(ShuffledLabels(source, seed=0).batches("train", 24))
        >>> int(shuffled.targets.sum()), bool((shuffled.targets == (shuffled.inputs[:, 0] >= 20)).all())
        (12, False)
    """

    source: Source
    seed: int

    @property
    def schema(self) -> Schema:
        """That of the source."""
        return self.source.schema

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
        """Batches of the source with other labels; test rows keep theirs."""
        labels = self._labels.get(split)
        for batch in self.source.batches(split, size, seed, epoch=epoch, start=start, shard=shard):
            yield batch if labels is None else Batch(batch.inputs, labels[batch.rows], batch.rows)

    @cached_property
    def _labels(self) -> dict[str, np.ndarray]:
        found = {}
        for split in ("train", "validation"):
            if not self.schema.sizes.get(split):
                continue
            parts = [(batch.rows, batch.targets) for batch in self.source.batches(split, 4096)]
            if any(targets is None for _, targets in parts):
                raise DataError(f"Labels were to be shuffled; {split!r} of {self.schema.name!r} has none.")
            rows = np.concatenate([rows for rows, _ in parts])
            targets = np.concatenate([np.asarray(targets) for _, targets in parts])
            ordered = np.empty_like(targets)
            ordered[rows] = targets
            found[split] = generator(self.seed, "shuffled labels", split).permutation(ordered)
        return found
