"""What a contestant is handed: the rows of every split, and of the held-back ones no targets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from qml.data.source import Batch, Schema, Source

OPEN = "train"
WATCHED = "validation"


class SealedSource:
    """A Source whose targets are those of "train" alone, and of "validation" where a fit watches it.

    A fit is handed one with `watched=True`: early stopping, curves and the temperature of an SVM need validation
    scores. They are read in file order; a shuffled read, with which a model learns, is given no targets. A trained
    model predicts from one with `watched=False`. The targets of "test", and of any further split, are never there:
    who reads them finds None, and every reader of targets in this package refuses that.

    The source itself is no attribute of it. It guards against mistakes, in the arms of others as in our own: an arm
    that opens the file of the data set by itself, or takes Python apart to get at the source, is out of its reach.

    *Inputs* of all splits can be read while a fit runs, those of "test" included, because a trained model predicts
    from a source of the same kind. An arm that learns from test inputs is transductive and has to say so; none of this
    package does.

    Args:
        source: with all its targets; only the benchmark holds it.
        watched: whether validation targets are there, in file order.

    Example:
        >>> import numpy as np
        >>> from qml.data import ArraySource
        >>> source = ArraySource.from_arrays(np.arange(20.0)[:, None], np.repeat([0, 1], 10))
        >>> sealed = SealedSource(source, watched=True)
        >>> [next(sealed.batches(split, 4)).targets is None for split in ("train", "validation", "test")]
        [False, False, True]
        >>> next(sealed.batches("validation", 4, seed=0)).targets is None
        True
    """

    def __init__(self, source: Source, *, watched: bool):
        def read(split: str, size: int, seed: int | None, **place: Any) -> Iterator[Batch]:
            opened = split == OPEN or (split == WATCHED and watched and seed is None)
            for batch in source.batches(split, size, seed, **place):
                yield batch if opened else replace(batch, targets=None)

        self._read, self._schema = read, source.schema

    @property
    def schema(self) -> Schema:
        """That of the source."""
        return self._schema

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
        """Batches as the source gives them, without the targets that are held back."""
        yield from self._read(split, size, seed, epoch=epoch, start=start, shard=shard)
