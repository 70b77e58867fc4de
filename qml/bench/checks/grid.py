"""Scores that no split of that size can give: right rows are whole numbers, so an accuracy is a multiple of 1/N.

The test is that of Brown and Heathers (GRIM), Soc. Psychol. Personal. Sci. 8, 363 (2017), with the digits to which
scores are written taken into account: those of the column, or of the row where a column holds several lengths.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from qml.base.words import plural
from qml.bench.checks.evidence import examples, figure, rows_of
from qml.bench.finding import Finding
from qml.bench.results_row import ResultRow, ResultTable

COARSE = 0.5  # rounding in rows from which every number fits the grid
WEAK = 0.1  # likewise from which a fit says little
NOISE = 1e-9
FITS, COARSELY, CUT, OFF = range(4)


def fit_of(value: float, size: int, column: float, row: float) -> int:
    """How a share of right rows fits the multiples of 1/size.

    Args:
        value: the share.
        size: rows that were scored.
        column: half a unit of the last digit of its column.
        row: the same of its row; more where the column holds numbers of several lengths.

    Returns:
        `FITS` within rounding; `COARSELY` where it is written too coarsely to tell; `CUT` where it fits if its last
        digits were cut off instead of rounded; `OFF` where neither gives a whole number of rows.

    Example:
        >>> [fit_of(value, 60, 5e-5, 5e-5) == kind for value, kind in ((0.9667, FITS), (0.9666, CUT), (0.9708, OFF))]
        [True, True, True]
    """
    rows = value * size
    off, noise = abs(rows - round(rows)), size * NOISE
    if size * column < COARSE and off <= size * column + noise:
        return FITS
    if size * row >= COARSE:
        return COARSELY
    if off <= size * row + noise:
        return FITS if size * row < WEAK else COARSELY
    return CUT if math.ceil(rows) - rows <= 2 * size * row + noise else OFF


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
    worst: dict[int, list[ResultRow]] = {kind: [] for kind in (FITS, COARSELY, CUT, OFF)}
    for row in table.rows:
        fits = _fits(table, row, split)
        if fits:
            worst[max(fits.values())].append(row)
    if worst[COARSELY]:
        rows = worst[COARSELY]
        text = f"{plural(len(rows), 'row')}: {split} scores are written too coarsely to count rows."
        yield Finding("note", f"{split.capitalize()} scores too coarse for a check", text, rows=rows_of(rows))
    if worst[CUT]:
        rows = worst[CUT]
        yield Finding(
            "suspect",
            f"{plural(len(rows), 'row')} with a {split} score that fits its split only if digits were cut off",
            "Rounded to the digits that are written, no number of right rows gives it.",
            examples(rows, lambda row: _shown(table, row, split)),
            "Right if the table cuts digits off instead of rounding; else these are not scores of the split.",
            rows_of(rows),
        )
    if worst[OFF]:
        rows = worst[OFF]
        most = 2 * len(rows) > sum(map(len, worst.values()))
        yield _misses(table, split, rows, doubtful=table.assumed and most)


def _misses(table: ResultTable, split: str, rows: Sequence[ResultRow], doubtful: bool) -> Finding:
    """Rows off the grid; `doubtful` where they are most rows of a table that does not say what its scores are."""
    consequence = (
        f"These are not scores of the {split} split that the table names. Leave them out of every ranking and every "
        "test until they are measured again; what was concluded from them falls."
    )
    text = f"The number of right rows would not be whole.{_of_training(table, rows, split)}"
    if doubtful:
        text += " Nothing in the table says that its scores are accuracies, and most of them are off."
        consequence = "Say what they are: metric=accuracy makes this severe, metric=auc and others are not asked."
    title = f"{plural(len(rows), 'row')} with a {split} score that no split of its size can give"
    evidence = examples(rows, lambda row: _shown(table, row, split))
    return Finding("suspect" if doubtful else "severe", title, text, evidence, consequence, rows_of(rows))


def _shown(table: ResultTable, row: ResultRow, split: str) -> str:
    """The score of a row that fits worst, in rows of its split."""
    fits, size = _fits(table, row, split), _scored(row, split)[1]
    value = max(fits, key=lambda score: fits[score])
    return f"{figure(value)} x {size} = {figure(value * size)}"


def _fits(table: ResultTable, row: ResultRow, split: str) -> dict[float, int]:
    """How each score of a row fits its split; nothing where there are none, or the size is not known."""
    values, size, name = _scored(row, split)
    if not size or not values:
        return {}
    column, own = table.rounding(name), table.rounding(name, *values)
    return {value: fit_of(value, size, column, own) for value in values}


def _scored(row: ResultRow, split: str) -> tuple[tuple[float, ...], int, str]:
    """Scores of a split, how many rows stand behind one of them, and their field."""
    size, single, mean = getattr(row, f"n_{split}") or 0, getattr(row, split), getattr(row, f"{split}_mean")
    if single:
        return single, size, split
    seeds = row.n_seeds or len(row.test)
    return ((mean,), size * seeds, f"{split}_mean") if mean is not None and seeds else ((), 0, split)


def _of_training(table: ResultTable, found: Sequence[ResultRow], split: str) -> str:
    """What the numbers are instead, where they fit the training split."""
    if split != "test" or not all(row.n_train and row.test for row in found):
        return ""
    column = table.rounding("test")
    for row in found:
        own = table.rounding("test", *row.test)
        if any(fit_of(value, row.n_train or 1, column, own) != FITS for value in row.test):
            return ""
    alike = [row for row in found if row.train_mean is not None and row.train_mean == row.test_mean]
    same = f", and in {len(alike)} the mean equals that of training" if alike else ""
    return (
        f" All of them are multiples of 1 / the size of the training split{same}: training scores in the test column."
    )
