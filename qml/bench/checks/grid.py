"""Scores that no split of that size can give: right rows are whole numbers, so an accuracy is a multiple of 1/N.

The test is that of Brown and Heathers (GRIM), Soc. Psychol. Personal. Sci. 8, 363 (2017), with the rounding of the
column taken into account.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from qml.bench.checks.evidence import examples, figure, rows_of
from qml.bench.finding import Finding
from qml.bench.results_row import ResultRow, ResultTable
from qml.bench.scale import plural

COARSE = 0.5  # rounding in rows from which every number fits the grid


def misses(values: Sequence[float], size: int, rounding: float) -> tuple[float, ...]:
    """Those of `values` that are no multiple of 1/size, within what rounding may have changed.

    Args:
        values: shares of right rows.
        size: rows that were scored.
        rounding: half a unit of the last digit that is written.

    Example:
        >>> misses([0.85, 0.970833, 0.983333], size=60, rounding=5e-7)
        (0.970833,)
    """
    counts = np.asarray(values, np.float64) * size
    off = np.abs(counts - np.round(counts)) > size * (rounding + 1e-9)
    return tuple(value for value, wrong in zip(values, off, strict=True) if wrong)


def off_the_grid(table: ResultTable) -> Iterator[Finding]:
    """Test and training scores that are no count of rows divided by the size of the split."""
    if table.metric != "accuracy":
        return
    for split in ("test", "train"):
        if f"n_{split}" not in table.fields and not any(getattr(row, f"n_{split}") for row in table.rows):
            if split == "test":
                text = "No column says how many rows a test set has, so scores were not checked against its size."
                yield Finding("note", "Size of the test sets unknown", text)
            continue
        yield from _off(table, split)


def _off(table: ResultTable, split: str) -> Iterator[Finding]:
    """What one split shows."""
    found, unresolved = [], []
    for row in table.rows:
        values, size, rounding = _scored(table, row, split)
        if not size or not values:
            continue
        if size * rounding >= COARSE:
            unresolved.append(row)
        elif misses(values, size, rounding):
            found.append(row)
    if unresolved:
        text = f"{plural(len(unresolved), 'row')}: {split} scores are rounded more coarsely than one row of the split."
        yield Finding("note", f"{split.capitalize()} scores too coarse for a check", text, rows=rows_of(unresolved))
    if not found:
        return
    title = f"{plural(len(found), 'row')} with a {split} score that no split of its size can give"
    text = f"The number of right rows would not be whole.{_of_training(table, found, split)}"
    consequence = (
        f"These are not scores of the {split} split that the table names. Leave them out of every ranking and every "
        "test until they are measured again; what was concluded from them falls."
    )

    def show(row: ResultRow) -> str:
        values, size, rounding = _scored(table, row, split)
        first = misses(values, size, rounding)[0]
        return f"{figure(first)} x {size} = {figure(first * size)}"

    yield Finding("severe", title, text, examples(found, show), consequence, rows_of(found))


def _scored(table: ResultTable, row: ResultRow, split: str) -> tuple[tuple[float, ...], int, float]:
    """Scores of a split, how many rows stand behind one of them, and their rounding."""
    size, single, mean = getattr(row, f"n_{split}") or 0, getattr(row, split), getattr(row, f"{split}_mean")
    if single:
        return single, size, table.rounding(split)
    seeds = row.n_seeds or len(row.test)
    return ((mean,), size * seeds, table.rounding(f"{split}_mean")) if mean is not None and seeds else ((), 0, 0.0)


def _of_training(table: ResultTable, found: Sequence[ResultRow], split: str) -> str:
    """What the numbers are instead, where they fit the training split."""
    if split != "test" or not all(row.n_train and row.test for row in found):
        return ""
    fits = [row for row in found if not misses(row.test, row.n_train or 1, table.rounding("test"))]
    alike = [row for row in fits if row.train_mean is not None and row.train_mean == row.test_mean]
    if len(fits) < len(found):
        return ""
    same = f", and in {len(alike)} the mean equals that of training" if alike else ""
    return (
        f" All of them are multiples of 1 / the size of the training split{same}: training scores in the test column."
    )
