"""From a table as a home publishes it to the columns and types of our files."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from qml.base.errors import DataError
from qml.base.extras import require
from qml.data.catalogue import Entry, Home
from qml.data.fetch.conversions import CONVERSIONS

if TYPE_CHECKING:
    import pyarrow as pa


def our_table(entry: Entry, home: Home, file: str, table: pa.Table, where: str) -> pa.Table:
    """The columns of our file, named, typed and in order.

    Args:
        entry: its shapes say how large images are.
        home: its `then`, `values` and `columns` are done, in that order.
        file: which of ours it becomes.
        table: as published.
        where: it comes from, for the message.

    Raises:
        DataError: a column is not there, or holds a value that its type cannot; the message names the column.
    """
    import pyarrow as pa

    for step in home.then:
        table = CONVERSIONS[step](table)
    arrays = []
    columns = home.columns_of(file)
    for name, (source, kind) in columns.items():
        if (source or name) not in table.column_names:
            raise DataError(f"{where} has no column {source!r}, but {table.column_names[:60]}. Nothing was kept.")
        column = table.column(source or name)
        try:
            arrays.append(_typed(column, kind, home.values.get(name), entry.shapes.get(name, ())))
        except (pa.ArrowException, ValueError, OSError) as error:
            raise DataError(
                f"{where}: column {source!r} does not become {kind} ({error}). Nothing was kept."
            ) from error
    return pa.table(arrays, names=list(columns))


def _typed(column: Any, kind: str, values: Mapping[str, Any] | None, shape: tuple[int, ...]) -> Any:
    """One column as the type that our file has."""
    import pyarrow as pa
    import pyarrow.types as types

    if types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if values is not None:
        column = pa.chunked_array([pa.array([values.get(item, item) for item in column.to_pylist()])])
    if kind == "":
        return column
    if kind == "pixels":
        return _pixels(column, shape)
    if kind == "category":
        return column.cast(pa.string()).combine_chunks().dictionary_encode().cast(pa.dictionary(pa.int8(), pa.string()))
    wanted = pa.type_for_alias(kind)
    numbers = types.is_string(column.type) and not (types.is_string(wanted) or types.is_large_string(wanted))
    if numbers:
        column = column.cast(pa.float64())  # "1.0" is a whole number too; a safe cast tells
    if types.is_float32(wanted):
        return column.cast(pa.float64()).cast(wanted, safe=False)
    return column.cast(wanted)


def _pixels(column: Any, shape: tuple[int, ...]) -> Any:
    """`(N,)` encoded images as raw bytes of one grey image each, row by row."""
    require("PIL", extra="data", purpose="decoding images")
    import pyarrow as pa
    from PIL import Image

    rows = []
    for item in column.to_pylist():
        encoded = item["bytes"] if isinstance(item, dict) else item
        with Image.open(io.BytesIO(encoded)) as image:
            pixels = np.asarray(image.convert("L"), np.uint8)
        if pixels.shape != shape:
            raise ValueError(f"an image is {pixels.shape} pixels, not {shape}")
        rows.append(pixels.tobytes())
    return pa.array(rows, pa.binary(int(np.prod(shape))))
