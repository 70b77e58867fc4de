"""Columns that name subjects: rows of one patient, record or gene are alike, and must not be on both sides of a split.

The column is found by the structure of its repetitions and not by its name. Its values are whole numbers, words, or
other numbers that mostly occur again; there are many of them, each with few rows, or fewer of about equal size; and
two rows of one value are more alike than two rows of neighbouring values (of words, which have no neighbours: of any
other). A quantity fails the last: rows at 41 and 42 are as alike as rows at 41. A category such as a diagnosis fails
the one before: few of its values hold most rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from qml.base.seeds import generator
from qml.base.words import plural
from qml.data.duplicates import left_behind, numbered, shared
from qml.data.quality.checks import CHECKS, Check
from qml.data.quality.examined import Examined
from qml.data.quality.finding import Finding, Level
from qml.data.quality.likeness import Likeness
from qml.data.quality.limits import Limits
from qml.data.source import Column
from qml.data.table import Ragged

PAIRS = 8000
"""Rows whose likeness is compared."""
CANDIDATES = 64
"""Most columns that are measured; those that a model does not see come first."""
ALIAS = 2.0
"""Most pairs of values that two columns have, over the values of the one with fewer, if they say the same."""
FRACTIONS = 0.5
"""Share of rows whose value occurs again, below which numbers with fractions are quantities: none is measured twice."""
SURE = 6.0
"""Standard errors by which the likeness must exceed one half."""


@dataclass(frozen=True)
class Repetition:
    """How the values of a column repeat.

    Args:
        column: its name.
        values: different ones.
        rows: that are looked at.
        repeated: share of them whose value occurs again.
        even: inverse Simpson index over `values`: 1 where all occur equally often.
        alike: share of comparisons in which two rows of one value are more alike than two of neighbouring values; NaN
            where it was not asked.
        error: standard error of `alike`.
    """

    column: str
    values: int
    rows: int
    repeated: float
    even: float
    alike: float = float("nan")
    error: float = 0.0

    @property
    def each(self) -> float:
        """Rows a value, on average."""
        return self.rows / max(self.values, 1)

    def may_group(self, limits: Limits) -> bool:
        """Whether the counts alone are those of subjects."""
        if self.values < limits.group_values or self.repeated < limits.group_repeated:
            return False
        return self.even >= (limits.group_open_even if self.each <= limits.group_rows else limits.group_even)

    def groups(self, limits: Limits) -> bool:
        """Whether rows of one value are alike beyond doubt, too."""
        return self.alike >= limits.group_alike and self.alike - 0.5 >= SURE * self.error


def groups(examined: Examined, limits: Limits) -> Iterator[Finding]:
    """Columns whose equal values are rows of one subject, by the structure of their repetitions."""
    found = [item for item in repetitions(examined, limits) if item.groups(limits)]
    for item in sorted(found, key=lambda item: -item.alike):
        yield _told(examined, item, limits)


def declared_groups(examined: Examined, limits: Limits) -> Iterator[Finding]:
    """Rows that belong together, as the description of the set says, in more than one part."""
    told = examined.table.groups
    if told is None:
        return
    for (later, earlier), rows in shared(np.asarray(told, np.int64), examined.split).items():
        if len(rows):
            share = len(rows) / len(examined.split[later])
            count = len(np.unique(told[rows]))
            yield Finding(
                "declared_groups",
                "severe" if share >= limits.copies else "warn",
                f"{plural(count, 'group is', 'groups are')} in {later} and in {earlier}",
                f"{len(rows)} rows of {later} ({share:.1%}) are of groups that have rows in {earlier}; the description "
                f"of the set says that rows of one group belong together.",
                {"groups": count, "rows": len(rows), "share": share},
                "Split by group (data.how=group).",
                rows=tuple(rows[: limits.listed].tolist()),
            )


def repetitions(examined: Examined, limits: Limits) -> list[Repetition]:
    """How the values of each column repeat that may name subjects; the likeness of its rows is measured.

    Args:
        examined: table and parts; also columns that a model does not see are looked at.
        limits: thresholds.
    """
    found: list[Repetition] = []
    for column in (*examined.unseen, *examined.inputs):
        codes = _codes(examined, column)
        if codes is None:
            continue
        item = _counted(column.name, codes)
        if item.may_group(limits) and len(found) < CANDIDATES:
            found.append(_measured(examined, item, codes))
    return found


def _codes(examined: Examined, column: Column) -> np.ndarray | None:
    """`(n,)` values in their order, numbered from 0, of the rows in use; None for quantities, images and texts."""
    values = examined.table[column.name]
    if isinstance(values, Ragged) or values.ndim != 1 or column.kind in ("image", "time"):
        return None
    if column.name in examined.texts:
        return None  # equal texts are copies, which another check counts
    values = values[examined.rows]
    if values.dtype == object:
        values = values.astype(str)
    codes = np.unique(values, return_inverse=True)[1]
    if values.dtype.kind == "f":
        known = values[np.isfinite(values)]
        if not np.array_equal(known, np.rint(known)) and _counted(column.name, codes).repeated < FRACTIONS:
            return None
    return codes


def _counted(name: str, codes: np.ndarray) -> Repetition:
    """The counts of a column."""
    sizes = np.bincount(codes)
    shares = sizes / len(codes)
    return Repetition(
        column=name,
        values=len(sizes),
        rows=len(codes),
        repeated=float(sizes[sizes > 1].sum() / len(codes)),
        even=float(1 / np.square(shares).sum() / len(sizes)),
    )


def _measured(examined: Examined, item: Repetition, codes: np.ndarray) -> Repetition:
    """The likeness of rows of one value against that of rows of neighbouring values."""
    ordered = np.asarray(examined.table[item.column]).dtype != object
    anchor, same, near = neighbours(codes, PAIRS, ordered)
    places, inverse = np.unique(np.concatenate([anchor, same, near]), return_inverse=True)
    likeness = Likeness(examined, aliases(examined, item.column, codes), examined.rows[places])
    if likeness.empty or len(anchor) < 20:
        return item
    anchor, same, near = np.split(inverse, 3)
    gap = likeness.distance(anchor, near) - likeness.distance(anchor, same)
    wins = np.where(gap > 1e-6, 1.0, np.where(gap < -1e-6, 0.0, 0.5))
    error = float(wins.std() / np.sqrt(len(wins)))
    return Repetition(item.column, item.values, item.rows, item.repeated, item.even, float(wins.mean()), error)


def aliases(examined: Examined, name: str, codes: np.ndarray) -> tuple[str, ...]:
    """A column and those that say the same in other words, such as a destination and its distance.

    Args:
        examined: table and parts.
        name: of the column.
        codes: its values, numbered, of shape `(N,)`.
    """
    found, values = [name], int(codes.max(initial=0)) + 1
    for column in examined.inputs:
        other = None if column.name == name else _codes(examined, column)
        if other is None:
            continue
        least = min(values, int(other.max(initial=0)) + 1)
        if least < values / 2:
            continue
        if len(np.unique(codes.astype(np.int64) * (int(other.max()) + 1) + other)) <= ALIAS * least:
            found.append(column.name)
    return tuple(found)


def neighbours(codes: np.ndarray, most: int, ordered: bool = True) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Triples of rows: one, another of the same value, and one of the next value, or of any other.

    Args:
        codes: `(n,)` values, numbered in their order.
        most: triples.
        ordered: whether values are numbers, and neighbours mean something; else the third row is any other.

    Returns:
        Three `(P,)` arrays of places in `codes`, drawn with a fixed seed.

    Example:
        >>> codes = np.array([0, 0, 1, 1, 2, 2])
        >>> anchor, same, near = neighbours(codes, 6)
        >>> bool((codes[anchor] == codes[same]).all()), bool((np.abs(codes[anchor] - codes[near]) == 1).all())
        (True, True)
    """
    rng = generator(0, "likeness")
    order = np.lexsort((rng.random(len(codes)), codes))
    sizes = np.bincount(codes)
    start = np.cumsum(sizes) - sizes
    again = order[np.isin(codes[order], np.flatnonzero(sizes > 1))]
    anchor = np.sort(rng.permutation(again)[:most])
    value = codes[anchor]
    place = np.empty(len(codes), np.int64)
    place[order] = np.arange(len(codes))
    turn = rng.integers(1, np.maximum(sizes[value], 2))
    same = order[start[value] + (place[anchor] - start[value] + turn) % sizes[value]]
    if not ordered:
        return anchor, same, rng.integers(0, len(codes), len(anchor))
    beside = np.where(value + 1 < len(sizes), value + 1, np.maximum(value - 1, 0))
    near = order[start[beside] + rng.integers(0, sizes[beside])]
    return anchor, same, near


def _told(examined: Examined, item: Repetition, limits: Limits) -> Finding:
    """What a column that names subjects means for this split."""
    column = examined.table[item.column]
    names = np.asarray(column)
    codes = np.unique(names.astype(str) if names.dtype == object else names, return_inverse=True)[1]
    straddling = {pair: rows for pair, rows in shared(codes, examined.split).items() if len(rows)}
    parts = {f"{later} with {earlier}": len(rows) for (later, earlier), rows in straddling.items()}
    worst = max((len(rows) / len(examined.split[pair[0]]) for pair, rows in straddling.items()), default=0.0)
    level: Level = "suspect" if worst >= limits.copies else "warn" if worst else "note"
    _, sizes = numbered(codes[examined.rows])
    dealt = left_behind(sizes)
    where = (
        f"The split has such rows on both sides: {', '.join(f'{k} {v}' for k, v in parts.items())}."
        if parts
        else "The split at hand keeps them in one part each."
    )
    return Finding(
        "groups",
        level,
        f"rows come in groups: {item.values} values of {item.column} with {item.each:.3g} rows each",
        f"{item.repeated:.0%} of the rows share their value of {item.column} with another; in {item.alike:.0%} of "
        f"comparisons such rows are more alike than rows of neighbouring values (50% is chance). {where} Dealt at "
        f"random, one row in five to the test part, {dealt:.0%} of the test rows would meet their group in training.",
        {
            "groups": item.values,
            "rows": item.rows,
            "rows each": item.each,
            "shared": item.repeated,
            "alike": item.alike,
            "dealt at random": dealt,
            **parts,
        },
        f"Split by it (how=group, groups={item.column}), and count groups, not rows, when you say how sure a score is.",
        columns=(item.column,),
        rows=tuple(np.sort(np.concatenate(list(straddling.values())))[: limits.listed].tolist()) if straddling else (),
    )


CHECKS.add("declared_groups", Check("rows that belong together in several parts", declared_groups))
CHECKS.add("groups", Check("columns that name subjects", groups))
