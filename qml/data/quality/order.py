"""The order of the rows: blocks of one label, and columns that move with the number of the row."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy import stats

from qml.base.words import plural
from qml.data.quality.checks import CHECKS, Check
from qml.data.quality.examined import NUMERIC, Examined
from qml.data.quality.finding import Finding
from qml.data.quality.limits import Limits


def order(examined: Examined, limits: Limits) -> Iterator[Finding]:
    """Labels in blocks, and numbers with a trend, in the order of the file."""
    rows = examined.rows
    if examined.classes is not None:
        found = examined.classes[rows]
        yield from _blocks(examined, found[found >= 0], limits)
    names, targets, target = {}, examined.table.targets, examined.table.target
    for column in examined.inputs:
        values = np.asarray(examined.table[column.name]) if column.kind in NUMERIC else np.zeros((1, 1))
        if column.kind == "number" and values.ndim == 1:
            names[column.name] = values[rows]
    if target is not None and targets is not None and (target.kind == "number" or target.n_classes == 2):
        names[f"{target.name} (the target)"] = targets[rows]
    trends = {name: trend(values) for name, values in names.items()}
    told = {name: value for name, value in trends.items() if abs(value) >= limits.trend}
    if told:
        worst = sorted(told.items(), key=lambda item: -abs(item[1]))
        yield Finding(
            "order",
            "warn",
            f"{plural(len(told), 'column moves', 'columns move')} with the number of the row",
            "Rank correlation with the order of the file: "
            + ", ".join(f"{name} {value:+.2f}" for name, value in worst[:5])
            + ". Rows that lie near each other are alike, as those of a time series are: a random split flatters.",
            {name: value for name, value in worst[:20]},
            "If the order is one of time, split by it (how=time).",
            columns=tuple(name for name, _ in worst),
        )


def declared_time(examined: Examined, limits: Limits) -> Iterator[Finding]:
    """Rows of an earlier part that are of a later moment than the first row of a later part."""
    split = examined.split
    for said, moments in _moments(examined).items():
        begins = {part: np.min(moments[rows]) for part, rows in split.parts.items()}
        for later, earlier in split.pairs:
            rows = split[earlier][moments[split[earlier]] > begins[later]]
            if not len(rows):
                continue
            share = len(rows) / len(split[earlier])
            yield Finding(
                "declared_time",
                "suspect" if share >= limits.copies else "warn",
                f"{plural(len(rows), f'row of {earlier} is', f'rows of {earlier} are')} later than the first of "
                f"{later}",
                f"By {said}, {len(rows)} of {len(split[earlier])} rows of {earlier} ({share:.1%}) come after the "
                f"first row of {later}: what is learnt from them was not known then.",
                {f"{earlier} after {later} begins": len(rows), "share": share},
                "Split by time (data.how=time), unless moments mean nothing here.",
                rows=tuple(rows[: limits.listed].tolist()),
            )


def _moments(examined: Examined) -> dict[str, np.ndarray]:
    """What tells the moment of a row, in words -> `(N,)` moments: as declared, else columns of kind "time"."""
    table = examined.table
    if table.time is not None:
        return {"the moments that order the set": np.asarray(table.time)}
    columns = {column.name: np.asarray(table[column.name]) for column in table.columns if column.kind == "time"}
    return {name: values for name, values in columns.items() if values.ndim == 1 and values.dtype.kind in "iufM"}


def _without_time(examined: Examined) -> str:
    return "" if _moments(examined) else "the set has no moments"


def _blocks(examined: Examined, classes: np.ndarray, limits: Limits) -> Iterator[Finding]:
    """Runs of one label, fewer than a shuffled file would have."""
    runs, expected = runs_of(classes)
    if expected < 2 or runs / expected > limits.blocks:
        return
    yield Finding(
        "order",
        "warn",
        "rows come in blocks of one label",
        f"In file order {len(classes)} labels make {runs} runs; shuffled they would make about {expected:.0f}.",
        {"runs": runs, "expected": expected},
        "Shuffle before rows are cut into parts or batches. A shuffle buffer smaller than a block is not enough.",
    )


def runs_of(classes: np.ndarray) -> tuple[int, float]:
    """Runs of equal values in `(n,)`, and how many a shuffled order has on average: 1 + (n - 1) (1 - sum of pairs).

    Example:
        >>> runs_of(np.array([0, 0, 0, 1, 1, 1]))
        (2, 4.0)
    """
    if not len(classes):
        return 0, 0.0
    counts = np.unique(classes, return_counts=True)[1].astype(float)
    n = len(classes)
    same = (counts * (counts - 1)).sum() / max(n * (n - 1), 1)
    return int(1 + (classes[1:] != classes[:-1]).sum()), float(1 + (n - 1) * (1 - same))


def trend(values: np.ndarray) -> float:
    """Spearman's rank correlation of `(n,)` values with their place; 0 for a constant.

    Example:
        >>> round(trend(np.array([1.0, 2.0, 9.0])), 6), trend(np.ones(3))
        (1.0, 0.0)
    """
    return rank_correlation(values, np.arange(len(values)))


def rank_correlation(first: np.ndarray, second: np.ndarray) -> float:
    """Spearman's rank correlation of two `(N,)`, where both are finite; 0 if one is constant or fewer than 3 are.

    Example:
        >>> rank_correlation(np.array([1.0, 4.0, np.nan, 9.0]), np.array([-1.0, -2.0, 5.0, -3.0]))
        -1.0
    """
    known = np.isfinite(first.astype(np.float64)) & np.isfinite(second.astype(np.float64))
    first, second = first[known], second[known]
    if len(first) < 3 or (first == first[0]).all() or (second == second[0]).all():
        return 0.0
    return float(stats.spearmanr(first, second).statistic)  # pyright: ignore


CHECKS.add("declared_time", Check("training rows later than test rows", declared_time, _without_time))
CHECKS.add("order", Check("an order among the rows", order))
