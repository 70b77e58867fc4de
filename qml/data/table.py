"""A data set as it was opened: typed columns, a target, and what a fair split must respect."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from qml.base.errors import ConfigError
from qml.base.registry import unknown
from qml.data.source import Column, Target

PARTS = ("train", "validation", "test")
"""Names of the parts of a split, in the order of the codes in `Table.official`."""

NO_PART = -1
"""Code in `Table.official` of a row that belongs to no part."""


@dataclass(frozen=True, eq=False)
class Ragged:
    """A column of lists of unequal length, end to end in one array.

    Args:
        values: `(V,)` all items.
        offsets: `(N + 1,)` int64; row `i` is `values[offsets[i]:offsets[i + 1]]`.

    Example:
        >>> words = Ragged(np.array([3, 1, 4]), np.array([0, 2, 2, 3]))
        >>> len(words), words[0], words[1]
        (3, array([3, 1]), array([], dtype=int64))
    """

    values: np.ndarray
    offsets: np.ndarray

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, row: int) -> np.ndarray:
        if not 0 <= row < len(self):
            raise IndexError(f"row {row} of a column of {len(self)} rows")
        return self.values[self.offsets[row] : self.offsets[row + 1]]


ColumnValues = np.ndarray | Ragged


@dataclass(frozen=True)
class About:
    """What is known of a table beside its columns.

    Args:
        title: in words; empty takes its name.
        licence: of the data.
        traps: known ways in which a score on it can mislead.
        groups, time: columns that a fair split must respect.
        one_scale: its numbers are alike (pixels) and are standardised together.
    """

    title: str = ""
    licence: str = ""
    traps: tuple[str, ...] = ()
    groups: str | None = None
    time: str | None = None
    one_scale: bool = False


@dataclass(frozen=True, eq=False)
class Table:
    """An opened data set; nothing is turned into features yet.

    What a column holds, by its kind: `number` any real dtype, NaN where missing; `category` `(N,)` int32
    positions in `Column.categories`, -1 where missing; `image` `(N, H * W)` uint8 where the file holds raw
    bytes, else `(N,)` objects of encoded bytes; `text`, and `sequence` without a shape, `(N,)` strings;
    `sequence` with a shape `(N, *shape)`; lists of unequal length `Ragged`; `time` and `id` as in the file.

    Args:
        name: its name in the catalogue.
        form: "table", "image", "signal", "text", "sequence", "graph", "interaction" or "series".
        columns: what a row holds, in order.
        values: column name -> its rows.
        target: what is predicted, or None.
        targets: `(N,)` int64 classes (-1 where missing) or float32 numbers (NaN where missing), or None.
        official: `(N,)` int8 positions in `PARTS`, -1 for rows of no part; None where no split is published.
        groups: `(N,)` int64, equal for rows that must stay together, or None.
        time: `(N,)` int64 ranks in time, or None.
        cut: the first rank of the test part where the set fixes it, or None.
        left_out: reason -> `(N,)` bool mask of rows that no split may use.
        leaked: reason -> `(N,)` bool mask of rows that an official test part should not have held.
        beside: further tables of the same set (links, items), column by column.
        how: the fair way to split it: "official", "group", "time" or "stratified".
        carve: how validation is carved out of an official training part.
        digest: of the contents.
    """

    name: str
    form: str
    columns: tuple[Column, ...]
    values: Mapping[str, ColumnValues]
    target: Target | None
    targets: np.ndarray | None
    official: np.ndarray | None = None
    groups: np.ndarray | None = None
    time: np.ndarray | None = None
    cut: int | None = None
    left_out: Mapping[str, np.ndarray] = field(default_factory=dict)
    leaked: Mapping[str, np.ndarray] = field(default_factory=dict)
    beside: Mapping[str, Mapping[str, ColumnValues]] = field(default_factory=dict)
    how: str = "stratified"
    carve: str = "stratified"
    digest: str = ""

    def __len__(self) -> int:
        return len(next(iter(self.values.values())))

    def __getitem__(self, column: str) -> ColumnValues:
        if column not in self.values:
            raise unknown(f"column of {self.name!r}", column, list(self.values))
        return self.values[column]

    def usable(self) -> np.ndarray:
        """`(N,)` bool: rows that no reason in `left_out` excludes."""
        keep = np.ones(len(self), bool)
        for mask in self.left_out.values():
            keep &= ~mask
        return keep

    def column(self, name: str) -> Column:
        """The description of one column.

        Raises:
            ConfigError: there is none of that name.
        """
        for column in self.columns:
            if column.name == name:
                return column
        raise unknown(f"column of {self.name!r}", name, [column.name for column in self.columns])

    def of_kind(self, *kinds: str) -> tuple[Column, ...]:
        """The columns of these kinds, in order."""
        return tuple(column for column in self.columns if column.kind in kinds)


def share(value: float, what: str) -> float:
    """`value` if it is a share of rows, 0 <= value < 1.

    Raises:
        ConfigError: it is not.
    """
    if not 0 <= value < 1:
        raise ConfigError(f"{what}={value!r} is not a share of the rows. Give a number from 0 up to, not including, 1.")
    return float(value)
