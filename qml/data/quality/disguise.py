"""The label in disguise: a column from which, alone, the label can be read off."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from qml.data.quality.checks import CHECKS, Check
from qml.data.quality.examined import Examined
from qml.data.quality.finding import Finding, Level
from qml.data.quality.keys import text_keys
from qml.data.quality.limits import Limits
from qml.data.quality.order import rank_correlation
from qml.data.source import Column
from qml.data.table import Ragged

BINS, EACH = 256, 20
"""Most ranges into which numbers are cut, and the fewest rows of one."""
PIECES = 4
"""Pieces of a name, parted by punctuation, that are looked at one by one."""
LONG = 200
"""Letters of a name that are looked at."""
PUNCTUATION = re.compile(r"[^0-9A-Za-z]+")


def disguise(examined: Examined, limits: Limits) -> Iterator[Finding]:
    """Columns that give the label away, those that a model does not see included."""
    if examined.classes is None:
        yield from _of_numbers(examined, limits)
        return
    rows = examined.rows[examined.classes[examined.rows] >= 0]
    classes = examined.classes[rows]
    for column in examined.table.columns:
        readings = _readings(examined, column, rows, classes)
        found = [(removed(codes, classes, len(examined.labels)), piece) for piece, codes in readings]
        if not found:
            continue
        share, piece = max(found, key=lambda pair: pair[0])
        if share >= limits.nearly:
            said = f"Known alone{piece}, {column.name} removes {share:.2%} of the errors of the best constant answer."
            yield _told(examined, column, share >= limits.disguise, said, {"errors removed": share}, limits)


def _of_numbers(examined: Examined, limits: Limits) -> Iterator[Finding]:
    """Columns whose order is that of a target that is a number."""
    targets = examined.table.targets
    for column in examined.table.columns if targets is not None else ():
        values = examined.table[column.name]
        if (
            isinstance(values, Ragged)
            or values.ndim != 1
            or values.dtype.kind not in "iuf"
            or column.kind == "category"
        ):
            continue
        alike = rank_correlation(values[examined.rows], np.asarray(targets)[examined.rows])
        if abs(alike) >= limits.disguise:
            said = f"The rank correlation of {column.name} with the target is {alike:+.4f}."
            yield _told(examined, column, True, said, {"rank correlation": alike}, limits)


def removed(codes: np.ndarray, classes: np.ndarray, n_classes: int) -> float:
    """Share of the errors of the best constant answer that is gone when one column is known.

    Each row is answered by the commonest label among the *other* rows of its value, so that a column with another
    value in every row tells nothing.

        1 - errors by value / errors of the commonest class

    Args:
        codes: `(n,)` int values of the column.
        classes: `(n,)` int labels.
        n_classes: C.

    Returns:
        At most 1, which is the label itself; 0 or less is no help at all.

    Example:
        >>> labels = np.array([0, 0, 1, 1])
        >>> removed(np.array([5, 5, 7, 7]), labels, 2), removed(np.arange(4), labels, 2)
        (1.0, 0.0)
    """
    values, place = np.unique(codes, return_inverse=True)
    total = np.bincount(classes, minlength=n_classes)
    errors = len(classes) - int(total.max())
    if not errors:
        return 0.0
    table = np.zeros((len(values), n_classes), np.int64)
    np.add.at(table, (place, classes), 1)
    sizes = table.sum(axis=1)
    others = table[place]
    others[np.arange(len(classes)), classes] -= 1
    answer = np.where(sizes[place] > 1, others.argmax(axis=1), int(total.argmax()))
    return float(1 - (answer != classes).sum() / errors)


def _readings(
    examined: Examined, column: Column, rows: np.ndarray, classes: np.ndarray
) -> Iterator[tuple[str, np.ndarray]]:
    """A column as `(n,)` codes of `(n,)` rows in each way that it can be read, with the words for it."""
    values = examined.table[column.name]
    if isinstance(values, Ragged) or values.ndim != 1 or column.kind == "image" or column.name in examined.texts:
        return  # equal texts and images are copies, which another check counts
    values = values[rows]
    if values.dtype == object or values.dtype.kind in "US":
        words = [str(value) for value in values]
        yield "", np.unique(text_keys(words), return_inverse=True)[1]
        yield from _pieces(words)
        return
    if values.dtype.kind in "mM":
        values = values.astype(np.int64)
    distinct, codes = np.unique(values, return_inverse=True)
    if len(distinct) <= BINS or values.dtype.kind not in "f":
        yield "", codes
    if column.kind != "category" and len(rows) >= 2 * EACH:
        yield " in ranges", ranges(codes, classes)


def ranges(codes: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Values cut where the commonest label changes.

    They are cut into ranges of at least 20 rows; neighbours of one commonest label are joined, and the border between
    two others is set where it parts their labels best.

    Args:
        codes: `(n,)` values, numbered in their order.
        classes: `(n,)` int labels.

    Returns:
        `(n,)` number of the range of each row.

    Example:
        >>> codes = np.arange(100)
        >>> bool((ranges(codes, (codes >= 37).astype(int)) == (codes >= 37)).all())
        True
    """
    order = np.argsort(codes, kind="stable")
    value, label = codes[order], classes[order]
    n_bins = max(1, min(BINS, len(codes) // EACH))
    starts = np.searchsorted(value, value[np.linspace(0, len(codes), n_bins + 1).astype(int)[:-1]])
    starts = np.unique(starts)  # rows of one value stay together
    place = np.repeat(np.arange(len(starts)), np.diff([*starts, len(codes)]))
    table = np.zeros((len(starts), int(classes.max()) + 1), np.int64)
    np.add.at(table, (place, label), 1)
    common = table.argmax(axis=1)
    ends = [*starts, len(codes)]
    borders = []
    for left in np.flatnonzero(common[1:] != common[:-1]):
        first, last = ends[left], ends[left + 2]
        near = label[first:last]
        wins = np.cumsum((near == common[left]).astype(int) - (near == common[left + 1]))
        may = np.flatnonzero(value[first + 1 : last] != value[first : last - 1])
        borders.append(value[first + may[wins[may].argmax()]])
    return np.searchsorted(np.sort(np.array(borders, np.int64)), codes, side="left")


def _pieces(words: list[str]) -> Iterator[tuple[str, np.ndarray]]:
    """The first few pieces of names, such as the folder of a path."""
    parted = [PUNCTUATION.split(word[:LONG].strip("/")) for word in words]
    for place in range(PIECES):
        pieces = [parts[place] if place < len(parts) else "" for parts in parted]
        distinct, codes = np.unique(text_keys(pieces), return_inverse=True)
        if 1 < len(distinct) < len(words) / 2:
            yield f", by piece {place + 1} of its name", codes


def _told(
    examined: Examined, column: Column, whole: bool, said: str, counts: dict[str, float], limits: Limits
) -> Finding:
    """One such column; grave where a model sees it."""
    seen = column in examined.inputs
    level: Level = ("severe" if whole else "suspect") if seen else "note"
    what = "is the label in disguise" if whole else "is nearly the label"
    means = (
        "A model that reads it repeats the answer and predicts nothing."
        if seen
        else "It is rightly kept from models; it must stay so."
    )
    return Finding(
        "disguise",
        level,
        f"{column.name} {what}" + ("" if seen else ", and is no input"),
        f"{said} {means}",
        counts,
        f"Leave {column.name} out, unless it is known before the label is." if seen else "",
        columns=(column.name,),
        examples=_examples(examined, column, limits),
    )


def _examples(examined: Examined, column: Column, limits: Limits) -> tuple[str, ...]:
    """Some values with their labels, of different labels where there are."""
    classes = examined.classes
    if classes is None:
        return ()
    rows = examined.rows[np.unique(classes[examined.rows], return_index=True)[1]][: limits.shown]
    values = np.asarray(examined.table[column.name])
    said = []
    for row in rows:
        value = values[row]
        if column.kind == "category" and 0 <= value < len(column.categories):
            value = column.categories[value]
        said.append(f"{column.name}={value}: {examined.labels[classes[row]]}")
    return tuple(said)


def _without_target(examined: Examined) -> str:
    return "" if examined.table.targets is not None else "the set has no target"


CHECKS.add("disguise", Check("the label in disguise", disguise, _without_target))
