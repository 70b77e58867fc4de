"""Rows that occur again: across parts, where they leak, and within the set, where they count twice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from qml.base.words import plural
from qml.data.duplicates import left_behind, numbered, shared, shared_rows
from qml.data.quality.checks import CHECKS, Check
from qml.data.quality.examined import Examined
from qml.data.quality.finding import Finding, Level
from qml.data.quality.limits import Limits
from qml.data.table import Ragged

REMEDY = (
    "Leave the copies out of the later part, or split so that equal rows stay together (a group for each distinct row)."
)


def copies(examined: Examined, limits: Limits) -> Iterator[Finding]:
    """Rows whose inputs are equal, value by value, to those of another row."""
    yield from across(examined, examined.keys, limits, "copies", "equal to")
    yield from _within(examined, limits)


def loose_copies(examined: Examined, limits: Limits) -> Iterator[Finding]:
    """Texts that are equal once case, links, white space and Unicode form are taken away, and are not equal without."""
    keys, linkless = examined.loose_keys, examined.linkless_keys
    if keys is None or linkless is None:
        return
    exact = {pair: set(rows.tolist()) for pair, rows in shared(examined.keys, examined.split).items()}
    alike = "equal, but for case, links, white space and Unicode form, to"
    by_links = shared_rows(linkless, examined.split)
    for finding in across(examined, keys, limits, "loose_copies", alike, known=exact):
        count = by_links[next(iter(finding.counts))]
        text = f"{finding.text} Of them {count} are equal once links alone are taken away."
        yield replace(finding, text=text, counts={**finding.counts, "but for links": count})


def across(
    examined: Examined,
    keys: np.ndarray,
    limits: Limits,
    check: str,
    alike: str,
    known: Mapping[tuple[str, str], set[int]] | None = None,
) -> Iterator[Finding]:
    """A finding for each pair of parts that share rows.

    Args:
        examined: table and parts.
        keys: `(N,)`, equal for rows that are copies.
        limits: thresholds.
        check: its name.
        alike: how a copy is like its original, in words.
        known: rows that another check tells already; a finding of these alone is not repeated.
    """
    split = examined.split
    for (later, earlier), rows in shared(keys, examined.split).items():
        told = (known or {}).get((later, earlier), set())
        new = [int(row) for row in rows if int(row) not in told]
        if not new:
            continue
        size = len(split[later])
        share, few = len(rows) / size, by_chance(examined, split[later], split[earlier])
        looked_up = _looked_up(examined, keys, rows, split[earlier])
        leaks = share - few >= limits.copies and (looked_up is None or looked_up.gained >= limits.copies * size)
        level: Level = "severe" if leaks else "suspect" if share >= limits.copies else "warn"
        originals = first_of(keys, split[earlier])
        pairs = tuple((row, originals[int(keys[row])]) for row in new[: limits.shown])
        beyond = f", {len(new)} of them not to the letter" if told else ""
        said = "" if looked_up is None else f" {looked_up}"
        if few >= limits.copies:
            said += f" Its values are few: were the columns independent, {few:.1%} would be equal by chance."
        yield Finding(
            check,
            level,
            f"{plural(len(rows), f'{later} row is', f'{later} rows are')} {alike} a row of {earlier}",
            f"{len(rows)} of {size} rows of {later} ({share:.2%}) {'is' if len(rows) == 1 else 'are'} {alike} a row of "
            f"{earlier}{beyond}.{said}",
            {
                f"{later} in {earlier}": len(rows),
                "share": share,
                "by chance": few,
                **({} if looked_up is None else {"with its label": looked_up.right}),
            },
            REMEDY,
            rows=tuple(rows[: limits.listed].tolist()),
            examples=tuple(f"{examined.shown(a)} | of {earlier}: row {b}" for a, b in pairs),
            pairs=pairs,
        )


@dataclass(frozen=True)
class LookedUp:
    """How well copies are answered with the commonest label of their originals.

    Args:
        rows: that have an original.
        right: of them have that label.
        constant: of them have the commonest label of the part of their originals.
        differ: of them on which one of these two answers is right and the other wrong.
    """

    rows: int
    right: int
    constant: int
    differ: int

    @property
    def gained(self) -> int:
        """Rows that are right for looking them up, beyond what chance may give; 0 where it gives as many."""
        gained = self.right - self.constant
        return gained if gained > 0 and gained**2 >= self.differ else 0

    def __str__(self) -> str:
        better = "gains by it, and tells nothing of new rows" if self.gained else "gains nothing by it"
        return (
            f"{self.right} of {self.rows} have the label that their originals have most often, {self.constant} the "
            f"commonest of all: who looks the label up {better}."
        )


def _looked_up(examined: Examined, keys: np.ndarray, rows: np.ndarray, earlier: np.ndarray) -> LookedUp | None:
    """Copies in `(n,)` rows, answered by their originals in `(m,)` rows; None without classes."""
    classes = examined.classes
    if classes is None:
        return None
    rows, known = rows[classes[rows] >= 0], earlier[classes[earlier] >= 0]
    rows = rows[np.isin(keys[rows], keys[known])]
    if not len(rows):
        return LookedUp(0, 0, 0, 0)
    pairs, counts = np.unique(np.stack([keys[known], classes[known]]), axis=1, return_counts=True)
    order = np.lexsort((counts, pairs[0]))[::-1]
    distinct, first = np.unique(pairs[0][order], return_index=True)
    right = pairs[1][order][first][np.searchsorted(distinct, keys[rows])] == classes[rows]
    constant = np.bincount(classes[known]).argmax() == classes[rows]
    return LookedUp(len(rows), int(right.sum()), int(constant.sum()), int((right != constant).sum()))


def by_chance(examined: Examined, later: np.ndarray, earlier: np.ndarray) -> float:
    """Expected share of `(n,)` rows that equal one of `(m,)` others, if the columns were independent.

    Rows of few possible values are equal without being copies: five answers of yes or no are 32 rows. The share of a
    value leaves one row out, so that a value that is there once is not expected again.

    Args:
        examined: table and parts.
        later: rows of shape `(N,)`.
        earlier: rows of shape `(M,)`.

    Example:
        >>> from qml.data import open_table, split_table
        >>> table = open_table("wine")
        >>> examined = Examined(table, split_table(table))
        >>> round(by_chance(examined, examined.split["test"], examined.split["train"]), 3)
        0.0
    """
    chance = np.ones(len(later))
    for column in examined.inputs:
        values = examined.table[column.name]
        if (
            isinstance(values, Ragged)
            or np.ndim(values) != 1
            or column.kind == "image"
            or column.name in examined.texts
        ):
            return 0.0
        codes = np.unique(values.astype(str) if values.dtype == object else values, return_inverse=True)[1]
        counts = np.bincount(codes[earlier], minlength=int(codes.max()) + 1)
        chance *= np.maximum(counts[codes[later]] - 1, 0) / len(earlier)
    return float((1 - np.power(1 - chance, len(earlier))).mean())


def first_of(keys: np.ndarray, rows: np.ndarray) -> dict[int, int]:
    """Key -> the first of `rows` that has it; `keys` are `(N,)`, `rows` `(n,)`."""
    distinct, first = np.unique(keys[rows], return_index=True)
    return dict(zip(distinct.tolist(), rows[first].tolist(), strict=True))


def _within(examined: Examined, limits: Limits) -> Iterator[Finding]:
    """Rows that repeat an earlier one, over the whole set and in each part."""
    rows, keys, split = examined.rows, examined.keys, examined.split
    group, sizes = numbered(keys[rows])
    repeats = len(rows) - len(sizes)
    if not repeats:
        return
    share = repeats / len(rows)
    by_part = {part: len(found) - len(np.unique(keys[found])) for part, found in split.parts.items()}
    again = np.ones(len(rows), bool)
    again[np.unique(group, return_index=True)[1]] = False
    largest = int(np.argmax(sizes))
    sample = rows[again][: limits.shown]
    originals = first_of(keys, rows)
    yield Finding(
        "copies",
        "warn" if share >= limits.repeats else "note",
        f"{plural(repeats, 'row repeats', 'rows repeat')} an earlier row",
        f"{len(rows)} rows are {len(sizes)} different ones; {repeats} ({share:.2%}) repeat an earlier row. The one "
        f"that occurs most often does so {sizes[largest]} times. Dealt at random, one row in five to the test part, "
        f"{left_behind(sizes):.1%} of the test rows would have a copy in training.",
        {
            "repeats": repeats,
            "distinct": len(sizes),
            "share": share,
            "most often": int(sizes[largest]),
            **{f"repeats in {part}": count for part, count in by_part.items()},
        },
        "Keep equal rows in one part (a group for each distinct row), and say whether they are counted once.",
        rows=tuple(rows[again][: limits.listed].tolist()),
        examples=(*(examined.shown(int(row)) for row in sample),),
        pairs=tuple((int(row), originals[int(keys[row])]) for row in sample),
    )


def _without_inputs(examined: Examined) -> str:
    return "" if examined.inputs else "the set has no input column"


def _without_texts(examined: Examined) -> str:
    return "" if examined.texts else "the inputs hold no text"


CHECKS.add("copies", Check("rows that occur again", copies, _without_inputs))
CHECKS.add(
    "loose_copies",
    Check("texts that are written otherwise: case, links, white space or Unicode form", loose_copies, _without_texts),
)
