"""From typed columns to one array of rows; what is fitted later is fitted on training rows only."""

from __future__ import annotations

import numpy as np

from qml.base.errors import CapabilityError, DataError
from qml.data.images import image_array
from qml.data.intake import check_finite
from qml.data.source import Column
from qml.data.table import Table
from qml.data.transforms import ByColumns, Chain, Impute, ScaleImages, Standardise, Transform

TRAINABLE = ("table", "image", "signal")
"""Forms that become features; the others are opened as typed columns."""


def feature_array(table: Table) -> tuple[np.ndarray, tuple[Column, ...]]:
    """The inputs of every row, before any transform, and the columns that they were made of.

    Tables give `(N, D)` float32: numbers, sequences of a fixed length, and category codes (NaN where missing).
    Image sets give `(N, C, H, W)` uint8. Columns of kind id and time are no features.

    Raises:
        CapabilityError: text, sequences of unequal length, graphs, interactions and series have no features yet.
        DataError: an infinite value, or an image that cannot be decoded.
    """
    if table.form not in TRAINABLE:
        raise CapabilityError(
            f"{table.name!r} holds {_contents(table)}, which have no features yet: they are typed columns only. "
            f"Open it with open_table({table.name!r}), make numbers of its columns, and hand them to "
            f"ArraySource.from_arrays."
        )
    images = table.of_kind("image")
    if images:
        column = images[0]
        if len(images) > 1 or table.of_kind("number", "category", "sequence"):
            raise CapabilityError(f"{table.name!r} has more than one image column, or numbers beside it: not done yet.")
        return image_array(np.asarray(table[column.name]), column.shape, table.name), images
    return _matrix(table)


def _contents(table: Table) -> str:
    """What a set that has no features holds, in words."""
    words = {
        "text": "texts",
        "sequence": "sequences of letters",
        "graph": "graphs",
        "interaction": "interactions of users and items",
        "series": "time series",
    }
    return f"{words[table.form]} ({', '.join(f'{column.name}: {column.kind}' for column in table.columns)})"


def _matrix(table: Table) -> tuple[np.ndarray, tuple[Column, ...]]:
    """Numbers, sequences and category codes side by side."""
    columns = table.of_kind("number", "category", "sequence")
    if not columns:
        raise DataError(f"{table.name!r} has no column of numbers or categories to learn from.")
    widths = [int(np.prod(column.shape)) if column.shape else 1 for column in columns]
    matrix = np.empty((len(table), sum(widths)), np.float32)
    first = 0
    for column, width in zip(columns, widths, strict=True):
        values = np.asarray(table[column.name])
        place = matrix[:, first : first + width]
        place[:] = values.reshape(len(values), width)
        if column.kind == "category":
            place[place < 0] = np.nan
        first += width
    check_finite(matrix, columns if len(columns) == matrix.shape[1] else None, allow_missing=True)
    return matrix, columns


def usual_transform(columns: tuple[Column, ...], one_scale: bool = False) -> Transform:
    """What `transforms="auto"` does: by the kinds of the columns.

    Images: to 0 .. 1 and each channel to mean 0 and variance 1. Numbers: missing values filled with the
    median and flagged, then mean 0 and variance 1 (all together if they have `one_scale`). Categories: one-hot.
    """
    if any(column.kind == "image" for column in columns):
        return ScaleImages()
    if one_scale:
        return Chain(Impute(), Standardise(together=True))
    return ByColumns(columns)
