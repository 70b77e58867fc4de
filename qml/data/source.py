"""What to learn from: named splits that give batches, as pure functions of their arguments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol, runtime_checkable

import numpy as np

ColumnKind = Literal["number", "category", "image", "text", "sequence", "graph", "time", "id"]


@dataclass(frozen=True)
class Column:
    """One column: its name, what it holds, and its categories or shape where they are known."""

    name: str
    kind: ColumnKind
    categories: tuple[str, ...] = ()
    shape: tuple[int, ...] = ()


@dataclass(frozen=True)
class Target:
    """What is predicted: `classes` with their labels, or a `number`."""

    name: str
    kind: Literal["classes", "number"]
    labels: tuple[str, ...] = ()

    @property
    def n_classes(self) -> int:
        """Classes, or 0 for a number."""
        return len(self.labels)


@dataclass(frozen=True)
class Schema:
    """What a Source gives: the shape of a row of inputs, the target, and the rows of each split.

    `columns` describe the inputs before any transform; `input_shape` is the shape of `Batch.inputs[0]`.
    `sizes` maps a split to its rows, or to None for a stream. `groups` and `time` name the columns that a
    fair split must respect.
    """

    name: str
    input_shape: tuple[int, ...]
    target: Target | None
    sizes: Mapping[str, int | None]
    columns: tuple[Column, ...] = ()
    groups: str | None = None
    time: str | None = None
    digest: str = field(default="")


@dataclass(frozen=True)
class Batch:
    """Rows handed to a model at once.

    Args:
        inputs: `(B, *input_shape)`, float32 unless a Source says otherwise.
        targets: `(B,)` int64 classes or float32 numbers; None where there is no label.
        rows: `(B,)` int64, the number of each row within its split, the same in every epoch.
    """

    inputs: np.ndarray
    targets: np.ndarray | None
    rows: np.ndarray

    def __len__(self) -> int:
        return len(self.rows)


class Source(Protocol):
    """Named splits ("train", "validation", "test", ...) that give batches."""

    @property
    def schema(self) -> Schema:
        """What the batches hold."""
        ...

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
        """Batches of `size` rows (the last may be smaller), pure in the arguments.

        `seed=None` gives file order; an integer shuffles by `(seed, epoch)`. `start` skips that many
        batches without reading more than it must, so that a killed run continues at the very next batch.
        `shard=(rank, world)` gives every `world`-th part of each batch, so that `world` ranks together see
        the batches of one.
        """
        ...


@runtime_checkable
class NumberedSource(Protocol):
    """A Source that can also tell which rows of its table a split holds; sources over arrays do."""

    def rows(self, split: str) -> np.ndarray | None:
        """`(N,)` row numbers in the table, in the order of the split; None where it does not know."""
        ...


def row_numbers(source: Source, split: str) -> np.ndarray | None:
    """Row numbers `(N,)` of a split in the whole table; None where the source does not tell them."""
    found = source.rows(split) if isinstance(source, NumberedSource) else None
    return None if found is None else np.asarray(found)
