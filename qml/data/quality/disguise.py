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
from qml.data.source import Column
from qml.data.table import Ragged

BINS = 256
"""Ranges, of as many different values each, into which numbers of more different values are cut."""
PIECES = 4
"""Pieces of a name, parted by punctuation, that are looked at one by one."""
LONG = 200
"""Letters of a name that are looked at."""
PUNCTUATION = re.compile(r"[^0-9A-Za-z]+")


def disguise(examined: Examined, limits: Limits) -> Iterator[Finding]:
    """Columns that give the label away, those that a model does not see included."""
    classes = examined.classes
    if classes is None:
        return
    rows = examined.rows[classes[examined.rows] >= 0]
    for column in examined.table.columns:
        found = [
            (removed(codes[rows], classes[rows], len(examined.labels)), piece)
            for piece, codes in _readings(examined, column)
        ]
        if not found:
            continue
        share, piece = max(found, key=lambda pair: pair[0])
        if share >= limits.nearly:
            yield _told(examined, column, share, piece, limits)


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


def _readings(examined: Examined, column: Column) -> Iterator[tuple[str, np.ndarray]]:
    """A column as `(N,)` codes in each way that it can be read, with the words for it."""
    values = examined.table[column.name]
    if isinstance(values, Ragged) or values.ndim != 1 or column.kind == "image" or column.name in examined.texts:
        return  # equal texts and images are copies, which another check counts
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
    if len(distinct) > BINS:
        ends = np.linspace(0, len(distinct), BINS + 1).astype(int)[1:-1]
        yield " in ranges", np.searchsorted(ends, codes, side="right")


def _pieces(words: list[str]) -> Iterator[tuple[str, np.ndarray]]:
    """The first few pieces of names, such as the folder of a path."""
    parted = [PUNCTUATION.split(word[:LONG].strip("/")) for word in words]
    for place in range(PIECES):
        pieces = [parts[place] if place < len(parts) else "" for parts in parted]
        distinct, codes = np.unique(text_keys(pieces), return_inverse=True)
        if 1 < len(distinct) < len(words) / 2:
            yield f", by piece {place + 1} of its name", codes


def _told(examined: Examined, column: Column, share: float, piece: str, limits: Limits) -> Finding:
    """One such column; grave where a model sees it."""
    whole = share >= limits.disguise
    seen = column in examined.inputs
    level: Level = ("severe" if whole else "suspect") if seen else "note"
    what = "is the label in disguise" if whole else "is nearly the label"
    return Finding(
        "disguise",
        level,
        f"{column.name} {what}" + ("" if seen else ", and is no input"),
        f"Known alone{piece}, {column.name} removes {share:.2%} of the errors of the best constant answer. "
        + (
            "A model that reads it repeats the answer and predicts nothing."
            if seen
            else "It is rightly kept from models; it must stay so."
        ),
        {"errors removed": share},
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


def _without_classes(examined: Examined) -> str:
    return "" if examined.classes is not None else "the target is no class"


CHECKS.add("disguise", Check("the label in disguise", disguise, _without_classes))
