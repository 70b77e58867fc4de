"""Columns that say nothing, that tell rows apart, or that lack values."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from qml.base.words import plural
from qml.data.quality.checks import CHECKS, Check
from qml.data.quality.examined import NUMERIC, Examined
from qml.data.quality.finding import Finding
from qml.data.quality.limits import Limits
from qml.data.source import Column
from qml.data.table import Ragged

WORDS_FOR_MISSING = frozenset(("", "?", "na", "n/a", "nan", "null", "unknown", "-", "missing"))
NUMBERS_FOR_MISSING = tuple(sign * (10.0**digits - 1) for digits in range(2, 7) for sign in (-1, 1))
"""99, 999 and so on, up and down: numbers that stand for a missing one where they lie far from all others."""


def constant(examined: Examined, limits: Limits) -> Iterator[Finding]:
    """Inputs with one value in training, or everywhere."""
    train = _training(examined)
    names, moving = [], []
    for column in _plain(examined):
        values = np.asarray(examined.table[column.name])
        if _is_constant(values[train]):
            (names if _is_constant(values[examined.rows]) else moving).append(column.name)
    if names:
        yield Finding(
            "constant",
            "note",
            f"{plural(len(names), 'column has', 'columns have')} one value throughout",
            f"Nothing can be learnt from {_listed(names)}.",
            {"columns": len(names)},
            "Leave them out.",
            columns=tuple(names),
        )
    if moving:
        yield Finding(
            "constant",
            "warn",
            f"{plural(len(moving), 'column has', 'columns have')} one value in training, and others later",
            f"{_listed(moving)}: what a model does with the other values is not learnt, it is chance.",
            {"columns": len(moving)},
            "Leave them out, or split so that training has seen them.",
            columns=tuple(moving),
        )


def ids(examined: Examined, limits: Limits) -> Iterator[Finding]:
    """Inputs that have another value in nearly every row, or that count the rows."""
    rows = examined.rows
    for column in _plain(examined):
        values = np.asarray(examined.table[column.name])[rows]
        if values.dtype.kind == "f" and not np.array_equal(values, np.rint(values)):
            continue
        distinct = len(np.unique(values))
        if distinct < limits.id_values * len(rows) or distinct < limits.group_values:
            continue
        steps = np.diff(values.astype(np.float64)) if values.dtype.kind in "iuf" else np.zeros(1)
        counts = bool(len(steps)) and bool((steps == 1).all())
        yield Finding(
            "ids",
            "warn",
            f"{column.name} has another value in {distinct} of {len(rows)} rows",
            f"{column.name} {'counts the rows' if counts else 'tells rows apart, as names and numbers of rows do'}; a "
            f"model that reads it learns rows by heart, or the order of the file.",
            {"distinct": distinct, "rows": len(rows), "counts": int(counts)},
            f"Leave {column.name} out (drop=[{column.name}]).",
            columns=(column.name,),
            examples=tuple(str(value) for value in values[: limits.shown]),
        )


def missing(examined: Examined, limits: Limits) -> Iterator[Finding]:
    """Missing values by column and part; columns without any value; words that stand for a missing one."""
    for column in examined.inputs:
        if column.kind == "number":
            yield from _stand_ins(examined, column, limits)
        absent = absent_of(examined, column)
        if absent is None:
            continue
        shares = {part: float(absent[rows].mean()) for part, rows in examined.split.parts.items()}
        count = int(absent[examined.rows].sum())
        if not count:
            continue
        share = count / len(examined.rows)
        empty = [part for part, value in shares.items() if value == 1]
        gap = max(shares.values()) - min(shares.values())
        said = ", ".join(f"{part} {value:.1%}" for part, value in shares.items())
        level = "severe" if empty else "warn" if max(share, gap) >= min(limits.missing, limits.missing_gap) else "note"
        if not empty and share < limits.missing and gap < limits.missing_gap:
            level = "note"
        where = f"in all rows of {' and '.join(empty)}" if empty else f"in {plural(count, 'row')}"
        uneven = " They are missing in one part more than in another, which itself tells parts apart."
        yield Finding(
            "missing",
            level,
            f"{column.name} is missing {where}",
            f"{column.name} is missing in {count} of {len(examined.rows)} rows ({share:.1%}): {said}."
            + (uneven if gap >= limits.missing_gap else ""),
            {"missing": count, "share": share, **{f"share in {part}": value for part, value in shares.items()}},
            f"Leave {column.name} out: nothing can fill it."
            if empty
            else "Fill it in with a transform that flags what it filled (qml.data.Impute), fitted on training rows.",
            columns=(column.name,),
            rows=tuple(examined.rows[absent[examined.rows]][: limits.listed].tolist()),
        )


def _stand_ins(examined: Examined, column: Column, limits: Limits) -> Iterator[Finding]:
    """Numbers such as -999, in many rows and farther from all others than those are from each other."""
    values = np.asarray(examined.table[column.name])
    if values.ndim != 1 or values.dtype.kind not in "iuf":
        return
    values = values[examined.rows].astype(np.float64)
    for number in NUMBERS_FOR_MISSING:
        here = values == number
        count, others = int(here.sum()), values[np.isfinite(values) & ~here]
        if not len(others) or count < limits.missing * len(values):
            continue
        if max(others.min() - number, number - others.max()) > np.ptp(others) > 0:
            yield Finding(
                "missing",
                "warn",
                f"{column.name} is {number:g} in {plural(count, 'row')}",
                f"{column.name} lies between {others.min():g} and {others.max():g} in the other rows: {number:g} looks "
                f"like a missing value, and a model reads it as a number.",
                {"rows": count, "number": number},
                "If it stands for a missing value, write it as one (an empty field, NaN).",
                columns=(column.name,),
                rows=tuple(examined.rows[here][: limits.listed].tolist()),
            )


def absent_of(examined: Examined, column: Column) -> np.ndarray | None:
    """`(N,)` bool: where a column is missing; None where that cannot be told."""
    values = examined.table[column.name]
    if isinstance(values, Ragged):
        return None
    if column.kind == "category":
        names = [word for word in column.categories if word.strip().casefold() in WORDS_FOR_MISSING]
        if len(column.categories) > 1 and all(len(word) == 2 and word.isupper() for word in column.categories):
            names = []  # codes of two capitals, among which NA is Namibia
        codes = [column.categories.index(word) for word in names]
        return np.asarray((values < 0) | np.isin(values, codes))
    if values.dtype.kind == "f":
        bad = ~np.isfinite(values)
        return np.asarray(bad.reshape(len(bad), -1).any(axis=1))
    if values.dtype == object and column.kind in ("text", "sequence"):
        return np.array([value is None or not str(value).strip() for value in values], bool)
    return None


def _plain(examined: Examined) -> list[Column]:
    """Inputs of one number or category a row."""
    found = [column for column in examined.inputs if column.kind in NUMERIC]
    return [column for column in found if np.asarray(examined.table[column.name]).ndim == 1]


def _training(examined: Examined) -> np.ndarray:
    """Rows of the training part, or all of them where there is none."""
    return examined.split.parts.get("train", examined.rows)


def _is_constant(values: np.ndarray) -> bool:
    if not len(values):
        return False
    same = values == values[0]
    return bool(same.all()) or (values.dtype.kind == "f" and bool(np.isnan(values).all()))


def _listed(names: list[str], most: int = 8) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _without_plain(examined: Examined) -> str:
    return "" if _plain(examined) else "the inputs are no columns of numbers or categories"


CHECKS.add("constant", Check("columns of one value", constant, _without_plain))
CHECKS.add("ids", Check("columns that tell rows apart", ids, _without_plain))
CHECKS.add("missing", Check("missing values", missing))
