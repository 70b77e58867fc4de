"""Means, spreads and counts that contradict the repetitions beside them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from qml.base.words import plural
from qml.bench.checks.evidence import examples, figure, rows_of
from qml.bench.finding import Finding
from qml.bench.results_row import ResultRow, ResultTable


def contradicting_moments(table: ResultTable) -> Iterator[Finding]:
    """Stated means, standard deviations, extremes and counts that the listed repetitions do not have."""
    found = {row.number: said for row in table.rows if (said := contradiction(table, row))}
    rows = [row for row in table.rows if row.number in found]
    if rows:
        yield Finding(
            "severe",
            f"{plural(len(rows), 'row')} whose summary contradicts its repetitions",
            "What is stated of the repetitions is not what they give.",
            examples(rows, lambda row: found[row.number]),
            "Either the repetitions or their summary are of another run; no comparison can use both.",
            rows_of(rows),
        )


def contradiction(table: ResultTable, row: ResultRow) -> str:
    """The first stated figure of a row that its test scores do not give; "" where all agree.

    A standard deviation may be that of the population or of a sample, and last digits may be cut off.

    Example:
        >>> row = ResultRow(0, "a.csv:2", "svm", "wine", test=(0.8, 0.9), test_mean=0.87)
        >>> contradiction(ResultTable((row,), frozenset()), row)
        'states a mean of 0.87; its repetitions give 0.85'
    """
    values = np.asarray(row.test, np.float64)
    if not len(values):
        return ""
    if row.n_seeds is not None and row.n_seeds != len(values):
        return f"states {row.n_seeds} repetitions; it lists {len(values)}"
    stated = {
        "mean": (row.test_mean, (values.mean(),), "test_mean"),
        "standard deviation": (row.test_sd, (values.std(), values.std(ddof=min(1, len(values) - 1))), "test_sd"),
        "least value": (row.test_min, (values.min(),), "test_min"),
        "greatest value": (row.test_max, (values.max(),), "test_max"),
    }
    for name, (said, possible, field) in stated.items():
        if said is None:
            continue
        allowed = 2 * (table.rounding(field, said) + table.rounding("test", *row.test)) + 1e-9
        if min(abs(said - value) for value in possible) > allowed:
            return f"states a {name} of {figure(said)}; its repetitions give {figure(float(possible[0]))}"
    return ""
