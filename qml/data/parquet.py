"""Parquet files as NumPy columns; the only file that knows pyarrow."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from qml.base.errors import DataError
from qml.base.extras import require
from qml.data.table import ColumnValues, Ragged

T = TypeVar("T")


def names_and_rows(path: Path) -> tuple[tuple[str, ...], int]:
    """Column names and the number of rows, from the end of the file alone.

    Raises:
        DataError: the file is no sound Parquet file.
    """
    require("pyarrow", extra="data", purpose="reading Parquet files")
    import pyarrow.parquet as pq

    def read() -> tuple[tuple[str, ...], int]:
        with pq.ParquetFile(path) as file:
            return tuple(file.schema_arrow.names), file.metadata.num_rows

    return _guarded(path, read)


def read_columns(paths: Sequence[Path], kinds: Mapping[str, str]) -> dict[str, tuple[ColumnValues, tuple[str, ...]]]:
    """Columns of several files end to end.

    Args:
        paths: files with these columns.
        kinds: column -> its kind; "raw" keeps what the file holds.

    Returns:
        column -> its values as `qml.data.Table` holds them, and its categories if it is one.

    Raises:
        DataError: a file cannot be read; the message names it.
    """
    require("pyarrow", extra="data", purpose="reading Parquet files")
    import pyarrow as pa
    import pyarrow.parquet as pq

    tables = [_guarded(path, lambda path=path: pq.read_table(path, columns=list(kinds))) for path in paths]
    table = pa.concat_tables(tables, promote_options="permissive")
    return {name: _converted(table.column(name), kind) for name, kind in kinds.items()}


def file_digest(path: Path) -> str:
    """SHA-256 of the bytes of a file."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _guarded(path: Path, read: Callable[[], T]) -> T:
    """What `read` gives, or an error that names the file."""
    import pyarrow as pa

    try:
        return read()
    except (pa.ArrowException, OSError, ValueError) as error:
        raise DataError(
            f"{path} is not a sound Parquet file ({str(error).partition(chr(10))[0]}). "
            f"Nothing was loaded. Get the file again."
        ) from error


def _converted(column: Any, kind: str) -> tuple[ColumnValues, tuple[str, ...]]:
    """One Arrow column as NumPy."""
    import pyarrow as pa

    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if kind == "category":
        return _category(column)
    if kind == "image":
        return _bytes(column), ()
    if pa.types.is_fixed_size_list(column.type):
        flat = column.combine_chunks().flatten().to_numpy(zero_copy_only=False)
        return flat.reshape(len(column), column.type.list_size), ()
    if pa.types.is_list(column.type):
        return _ragged(column), ()
    return column.to_numpy(), ()


def _category(column: Any) -> tuple[np.ndarray, tuple[str, ...]]:
    """`(N,)` int32 positions in the sorted categories, -1 where missing."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_floating(column.type):
        column = pc.if_else(pc.is_nan(column), pa.scalar(None, column.type), column)  # pyright: ignore
    coded = column.cast(pa.large_string()).combine_chunks().dictionary_encode()
    words = np.array(coded.dictionary.to_pylist(), object)
    order = np.argsort(words)
    place = np.empty(len(words) + 1, np.int32)
    place[order] = np.arange(len(words))
    place[-1] = -1
    codes = coded.indices.fill_null(len(words)).to_numpy(zero_copy_only=False)
    return place[codes], tuple(str(word) for word in words[order])


def _bytes(column: Any) -> np.ndarray:
    """`(N, width)` uint8 of raw pixels, or `(N,)` bytes of encoded images."""
    import pyarrow as pa

    if not pa.types.is_fixed_size_binary(column.type):
        out = np.empty(len(column), object)
        out[:] = column.to_pylist()
        return out
    array = column.combine_chunks()
    width = column.type.byte_width
    pixels = np.frombuffer(array.buffers()[1], np.uint8)
    return pixels[array.offset * width : (array.offset + len(array)) * width].reshape(len(array), width)


def _ragged(column: Any) -> Ragged:
    """Lists of unequal length."""
    array = column.combine_chunks()
    offsets = array.offsets.to_numpy().astype(np.int64)
    return Ragged(array.flatten().to_numpy(zero_copy_only=False), offsets - offsets[0])
