"""A Source whose validation rows stay in the training split, for comparisons in which nothing is chosen on them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from qml.base.errors import DataError
from qml.base.lazy import cached_property
from qml.base.seeds import generator
from qml.data.arrays import dealt
from qml.data.source import Batch, Schema, Source, row_numbers


@dataclass(frozen=True)
class KeptSource:
    """`source`, with a sample of its training rows shown again as "validation".

    For a published split all of whose training rows are to be trained on: the scores of "validation" then say how
    the training goes and nothing about new rows. Not for choosing settings, for which rows must be held out.

    Args:
        source: with a training split of known size and no validation split.
        share: of the training rows to show as "validation", in 0..1.
        seed: which ones.
    """

    source: Source
    share: float
    seed: int

    @cached_property
    def _rows(self) -> np.ndarray:
        total = self.source.schema.sizes.get("train")
        if not total or not 0 < self.share < 1:
            raise DataError(
                f"Validation rows that stay in training were asked for with share {self.share} of {total} training "
                f"rows. Give a share between 0 and 1, and a source whose size is known."
            )
        count = max(1, round(self.share * total))
        return np.sort(generator(self.seed, "kept").choice(total, count, replace=False))

    @property
    def schema(self) -> Schema:
        """That of the source, with the size of "validation"."""
        return self._schema

    @cached_property
    def _schema(self) -> Schema:
        schema = self.source.schema
        return replace(schema, sizes={**schema.sizes, "validation": len(self._rows)})

    def rows(self, split: str) -> np.ndarray | None:
        """`(N,)` row numbers of the source; those of "validation" lie in "train" too. None where it tells none."""
        if split != "validation":
            return row_numbers(self.source, split)
        numbers = row_numbers(self.source, "train")
        return None if numbers is None else numbers[self._rows]

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
        """Batches of the source; of "validation" in file order, whatever the seed."""
        if split != "validation":
            yield from self.source.batches(split, size, seed, epoch=epoch, start=start, shard=shard)
            return
        inputs, targets = self._sample
        for rows in dealt(np.arange(len(self._rows)), size, start, shard):
            yield Batch(inputs[rows], None if targets is None else targets[rows], rows)

    @cached_property
    def _sample(self) -> tuple[np.ndarray, np.ndarray | None]:
        """The chosen rows, read once."""
        inputs, targets = [], []
        for batch in self.source.batches("train", 4096):
            chosen = np.isin(batch.rows, self._rows)
            inputs.append(batch.inputs[chosen])
            targets.append(None if batch.targets is None else batch.targets[chosen])
        labelled = all(part is not None for part in targets)
        return np.concatenate(inputs), np.concatenate(targets) if labelled else None
