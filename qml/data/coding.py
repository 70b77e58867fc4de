"""What the catalogue says of a set applied to its columns: classes, published parts, groups, moments."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from qml.base.errors import DataError
from qml.data.catalogue import Entry, TargetRule
from qml.data.duplicates import groups_of_equal_rows
from qml.data.source import Target
from qml.data.table import NO_PART, PARTS, ColumnValues

Raw = Mapping[str, ColumnValues]


def coded_targets(entry: Entry, raw: Raw) -> tuple[Target | None, np.ndarray | None]:
    """The target as `(N,)` int64 classes (-1 missing) or float32 numbers (NaN missing).

    Raises:
        DataError: a value that is no class of the catalogue.
    """
    rule = entry.target
    if rule is None:
        return None, None
    target = Target(rule.column, rule.kind, rule.labels)
    values = np.asarray(raw[rule.column])
    if rule.kind == "number":
        return target, values.astype(np.float32)
    if rule.above is not None:
        numbers = values.astype(np.float64)
        return target, np.where(np.isnan(numbers), -1, numbers > rule.above).astype(np.int64)
    return target, _classes(entry.name, rule, values)


def _classes(name: str, rule: TargetRule, values: np.ndarray) -> np.ndarray:
    """Each value as the place of its label."""
    distinct, inverse = np.unique(values, return_inverse=True)
    place = np.full(len(distinct), NO_PART if rule.rest is None else rule.rest, np.int64)
    for label, known in enumerate(rule.values):
        place[np.isin(distinct, np.array(known, distinct.dtype))] = label
    strange = distinct[place < 0]
    if len(strange):
        raise DataError(
            f"{name}: {rule.column!r} holds {strange[:3].tolist()}, which the catalogue does not know as a class "
            f"of {list(rule.labels)}. Get the file again."
        )
    return place[inverse]


def check_counts(entry: Entry, targets: np.ndarray | None, raw: Raw, part_of_row: np.ndarray) -> None:
    """Compare `(N,)` classes and missing targets with the catalogue, file by file.

    Raises:
        DataError: they differ; the message names the file and both counts.
    """
    rule = entry.target
    if rule is None or targets is None:
        return
    missing = int((targets < 0).sum()) if rule.kind == "classes" else int(np.isnan(targets).sum())
    if missing != rule.missing:
        raise DataError(f"{entry.name}: {rule.column!r} is missing in {missing} rows; the catalogue: {rule.missing}.")
    for place, item in enumerate(entry.files):
        here = part_of_row == place
        if rule.kind == "classes":
            inside = targets[here]
            counts = tuple(np.bincount(inside[inside >= 0], minlength=len(rule.labels)).tolist())
            if counts != rule.counts[item.part]:
                raise DataError(
                    f"{entry.name}/{item.file} has {counts} rows of the classes {list(rule.labels)}; the catalogue "
                    f"knows it with {rule.counts[item.part]}. Get the file again."
                )
        if item.part in rule.raw_classes:
            found = len(np.unique(np.asarray(raw[rule.column])[here]))
            if found != rule.raw_classes[item.part]:
                raise DataError(
                    f"{entry.name}/{item.file} has {found} values of {rule.column!r}; the catalogue "
                    f"{rule.raw_classes[item.part]}. Get the file again."
                )


def official_parts(entry: Entry, raw: Raw, part_of_row: np.ndarray) -> np.ndarray | None:
    """`(N,)` int8 places in `PARTS` of the published split, -1 outside; None where there is none."""
    rule = entry.split
    if rule.how != "official":
        return None
    if rule.column is None:
        return np.array([PARTS.index(item.part) for item in entry.files], np.int8)[part_of_row]
    values = np.asarray(raw[rule.column])
    parts = np.full(len(values), NO_PART, np.int8)
    for part, known in rule.parts.items():
        parts[np.isin(values, np.array(known, values.dtype))] = PARTS.index(part)
    return parts


def row_groups(entry: Entry, raw: Raw, values: Raw) -> np.ndarray | None:
    """`(N,)` int64, equal for rows that must stay together."""
    column = entry.split.groups
    if column is None:
        return None
    if column != "*":
        return np.unique(np.asarray(raw[column]), return_inverse=True)[1].astype(np.int64)
    columns = [np.asarray(values[name]) for name in values]
    return groups_of_equal_rows(np.stack(columns, axis=1) if len(columns) > 1 else columns[0])


def moments(entry: Entry, raw: Raw) -> tuple[np.ndarray | None, int | None]:
    """`(N,)` int64 ranks in time, equal for one moment, and the rank at which the test part begins."""
    rule = entry.split
    if rule.how != "time":
        return None, None
    if not rule.time:
        return np.arange(entry.rows), None
    ranks = np.zeros(entry.rows, np.int64)
    for column in rule.time:
        distinct, inverse = np.unique(np.asarray(raw[column]), return_inverse=True)
        ranks = ranks * len(distinct) + inverse
    ranks = np.unique(ranks, return_inverse=True)[1].astype(np.int64)
    if rule.cut is None:
        return ranks, None
    first = np.asarray(raw[rule.time[0]])
    cut = np.datetime64(rule.cut) if isinstance(rule.cut, str) else rule.cut
    return ranks, int(ranks[first >= cut].min())
