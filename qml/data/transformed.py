"""A Source seen through a transform that was fitted on its training part alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from qml.base.digest import digest
from qml.base.lazy import cached_property
from qml.data.arrays import ArraySource, whole
from qml.data.fitted import Fitted
from qml.data.source import Batch, Schema, Source, row_numbers
from qml.data.transforms import Transform

EAGER_BYTES = 256 * 2**20
"""Transformed arrays up to this size are kept; larger ones, and images, are transformed a batch at a time."""


@dataclass(frozen=True, eq=False)
class TransformedSource:
    """The batches of `source` with their inputs transformed, a batch at a time.

    Args:
        source: any Source.
        fitted: applied to each batch of inputs; see `transformed` to fit one.
    """

    source: Source
    fitted: Fitted

    @property
    def schema(self) -> Schema:
        """That of `source`, with the shape of a transformed row and a digest that tells transforms apart."""
        return self._schema

    @cached_property
    def _schema(self) -> Schema:
        before = self.source.schema
        row = self.fitted(np.zeros((1, *before.input_shape), np.float32))
        key = digest({"source": before.digest, "transform": self.fitted.digest})
        return replace(before, input_shape=tuple(row.shape[1:]), digest=key)

    @property
    def info(self) -> Mapping[str, Any]:
        """The facts of an `ArraySource` below; empty for others."""
        return self.source.info if isinstance(self.source, (ArraySource, TransformedSource)) else {}

    def rows(self, split: str) -> np.ndarray | None:
        """`(n,)` which rows of the table below a part holds; None where the source below does not tell."""
        return row_numbers(self.source, split)

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
        below = self.source.batches(split, size, seed, epoch=epoch, start=start, shard=shard)
        return (Batch(self.fitted(batch.inputs), batch.targets, batch.rows) for batch in below)


def transformed(source: Source, transform: Transform, fit_on: str = "train") -> ArraySource | TransformedSource:
    """`source` through `transform`, fitted on one part.

    Small arrays are transformed at once; everything else batch by batch.

    Example:
        >>> from qml.data import ArraySource, Standardise
        >>> source = ArraySource.from_arrays(np.arange(20.0)[:, None], np.repeat([0, 1], 10))
        >>> batch = next(transformed(source, Standardise()).batches("train", 12))
        >>> abs(float(batch.inputs.mean())) < 1e-6
        True
    """
    if isinstance(source, ArraySource):
        fitted = transform.fit(source.inputs[source.rows(fit_on)])
        width = fitted(source.inputs[:1]).size
        if source.inputs.dtype != np.uint8 and 4 * width * len(source.inputs) <= EAGER_BYTES:
            return source.mapped(fitted, fitted.digest)
    else:
        fitted = transform.fit(whole(source, fit_on).inputs)
    return TransformedSource(source, fitted)
