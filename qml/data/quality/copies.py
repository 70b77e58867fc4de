"""Rows that occur again: across parts, where they leak, and within the set, where they count twice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from qml.data.duplicates import numbered
from qml.data.quality.checks import CHECKS, Check
from qml.data.quality.examined import Examined
from qml.data.quality.finding import Finding, Level
from qml.data.quality.keys import joined_keys
from qml.data.quality.limits import Limits

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
    exact = {pair: set(rows.tolist()) for pair, rows in shared(examined, examined.keys).items()}
    alike = "equal, but for case, links, white space and Unicode form, to"
    by_links = {f"{later} in {earlier}": len(rows) for (later, earlier), rows in shared(examined, linkless).items()}
    for finding in across(examined, keys, limits, "loose_copies", alike, known=exact):
        count = by_links[next(iter(finding.counts))]
        text = f"{finding.text} Of them {count} are equal once links alone are taken away."
        yield replace(finding, text=text, counts={**finding.counts, "but for links": count})


def shared(examined: Examined, keys: np.ndarray) -> dict[tuple[str, str], np.ndarray]:
    """(later part, earlier part) -> `(n,)` rows of the later one whose `(N,)` key occurs in the earlier one."""
    split, names = examined.split, list(examined.split.parts)
    return {
        (later, earlier): split[later][np.isin(keys[split[later]], keys[split[earlier]])]
        for place, later in enumerate(names)
        for earlier in names[:place]
    }


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
    for (later, earlier), rows in shared(examined, keys).items():
        told = (known or {}).get((later, earlier), set())
        new = [int(row) for row in rows if int(row) not in told]
        if not new:
            continue
        share = len(rows) / len(split[later])
        level: Level = "severe" if share >= limits.copies else "warn"
        same = _with_label(examined, keys, split[later], split[earlier])
        originals = first_of(keys, split[earlier])
        pairs = tuple((row, originals[int(keys[row])]) for row in new[: limits.shown])
        beyond = f", {len(new)} of them not to the letter" if told else ""
        yield Finding(
            check,
            level,
            f"{len(rows)} {later} rows are {alike} a row of {earlier}",
            f"{len(rows)} of {len(split[later])} rows of {later} ({share:.2%}) are {alike} a row of {earlier}{beyond}. "
            f"Whatever learns rows by heart is right on them; they say nothing about new rows.",
            {f"{later} in {earlier}": len(rows), "share": share, **({} if same is None else {"with its label": same})},
            REMEDY,
            rows=tuple(rows[: limits.listed].tolist()),
            examples=tuple(f"{examined.shown(a)} | of {earlier}: row {b}" for a, b in pairs),
            pairs=pairs,
        )


def _with_label(examined: Examined, keys: np.ndarray, later: np.ndarray, earlier: np.ndarray) -> int | None:
    """Rows of a later part with a copy of the same label in an earlier one; None without classes."""
    if examined.classes is None:
        return None
    both = joined_keys([keys, examined.classes.astype(np.int64)])
    return int(np.isin(both[later], both[earlier]).sum())


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
        f"{repeats} rows repeat an earlier row",
        f"{len(rows)} rows are {len(sizes)} different ones; {repeats} ({share:.2%}) repeat an earlier row. The one "
        f"that occurs most often does so {sizes[largest]} times. Dealt at random, one row in five to the test part, "
        f"{_left_behind(sizes):.1%} of the test rows would have a copy in training.",
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


def _left_behind(sizes: np.ndarray, test: float = 0.2) -> float:
    """Expected share of test rows with a copy outside, if `(G,)` groups of rows are dealt row by row."""
    return float((sizes * (1 - test ** (sizes - 1.0))).sum() / sizes.sum())


def _without_inputs(examined: Examined) -> str:
    return "" if examined.inputs else "the set has no input column"


def _without_texts(examined: Examined) -> str:
    return "" if examined.texts else "the inputs hold no text"


CHECKS.add("copies", Check("rows that occur again", copies, _without_inputs))
CHECKS.add(
    "loose_copies",
    Check("texts that are written otherwise: case, links, white space or Unicode form", loose_copies, _without_texts),
)
