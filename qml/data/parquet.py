"""Parquet and CSV files as NumPy columns; the only file that knows pyarrow."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from qml.base.errors import DataError
from qml.base.extras import require
from qml.base.files import replacing
from qml.data.source import ColumnKind
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


def parquet_types(path: Path) -> dict[str, str]:
    """Column -> its Arrow type in words, from the end of the file alone.

    Raises:
        DataError: the file is no sound Parquet file.
    """
    require("pyarrow", extra="data", purpose="reading Parquet files")
    import pyarrow.parquet as pq

    schema = _guarded(path, lambda: pq.read_schema(path))
    return {field.name: str(field.type) for field in schema}


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


@dataclass(frozen=True, eq=False)
class Read:
    """A column of a file whose kinds nobody has described.

    Args:
        kind: by the type in the file; "id" where it is of no kind that can be learnt from.
        what: it holds, in words: "whole numbers", "numbers", "words", "truth values", "moments", ...
        values: as `qml.data.Table` holds them.
        categories: of a category.
        raw: `(N,)` as in the file; None or NaN where missing.
    """

    kind: ColumnKind
    what: str
    values: ColumnValues
    categories: tuple[str, ...]
    raw: np.ndarray


def read_all(path: Path, categories: Collection[str] = ()) -> dict[str, Read]:
    """Every column of a CSV or Parquet file, by name.

    Args:
        path: ends in `.csv` or `.parquet`.
        categories: columns of numbers that are codes.

    Raises:
        DataError: there is no such file, it has another ending, cannot be read, has no row or two columns of one name.
    """
    require("pyarrow", extra="data", purpose="reading CSV and Parquet files")
    import pyarrow.csv as pcsv
    import pyarrow.parquet as pq

    if not path.is_file():
        raise DataError(f"{path} is to be read as a table; there is no such file. Check the path.")
    words = pcsv.ConvertOptions(strings_can_be_null=True)
    readers = {".csv": lambda: pcsv.read_csv(path, convert_options=words), ".parquet": lambda: pq.read_table(path)}
    if path.suffix.lower() not in readers:
        raise DataError(f"{path} is to be read as a table; its name must end in {' or '.join(readers)}. Convert it.")
    table = _guarded(path, readers[path.suffix.lower()])
    twice = sorted({name for name in table.column_names if table.column_names.count(name) > 1})
    if twice:
        raise DataError(f"{path} has the column {twice[0]!r} more than once. Rename one of them.")
    if not table.num_rows:
        raise DataError(f"{path} has no row under its column names. Check how it was written.")
    _check_text(path, table)
    return {name: _read(table.column(name), name in categories) for name in table.column_names}


def _check_text(path: Path, table: Any) -> None:
    """Refuse a CSV file that was read, and was not meant so: another separator, or no UTF-8.

    Raises:
        DataError: the message says which.
    """
    import pyarrow as pa

    if path.suffix.lower() != ".csv":
        return
    name = table.column_names[0]
    for mark, word in ((";", "semicolons"), ("\t", "tabs"), ("|", "bars")):
        if table.num_columns == 1 and mark in name:
            raise DataError(f"{path} seems to be separated by {word}; save it again with commas.")
    binary = [name for name in table.column_names if pa.types.is_binary(table.column(name).type)]
    if binary:
        raise DataError(f"{path}: column {binary[0]!r} holds text that is not UTF-8. Save the file again as UTF-8.")


def _read(column: Any, is_codes: bool) -> Read:
    """One Arrow column by its own type."""
    import pyarrow as pa

    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    kind, what = _kind_of(column.type)
    kind = "category" if is_codes and kind == "number" else kind
    if kind == "id":
        return Read(kind, what, np.zeros(len(column), np.int8), (), np.zeros(len(column), np.int8))
    values, categories = _converted(column, kind)
    raw = column.to_numpy() if pa.types.is_floating(column.type) else np.array(column.to_pylist(), object)
    return Read(kind, what, values, categories, raw)


def _kind_of(arrow: Any) -> tuple[ColumnKind, str]:
    """The kind of a column by its type, and what it holds in words."""
    import pyarrow.types as types

    if types.is_boolean(arrow):
        return "category", "truth values"
    if types.is_integer(arrow):
        return "number", "whole numbers"
    if types.is_floating(arrow):
        return "number", "numbers"
    if types.is_string(arrow) or types.is_large_string(arrow):
        return "category", "words"
    if types.is_temporal(arrow):
        return "time", "moments"
    return "id", f"values of type {arrow}"


def write_columns(path: Path, columns: Mapping[str, np.ndarray]) -> None:
    """Write `(N,)` columns as a Parquet file, atomically; None and NaN are missing values.

    Raises:
        DataError: a column that no Parquet type fits.
    """
    require("pyarrow", extra="data", purpose="writing Parquet files")
    import pyarrow as pa
    import pyarrow.parquet as pq

    arrays = {}
    for name, values in columns.items():
        try:
            arrays[name] = pa.array(values, from_pandas=True)
        except (pa.ArrowException, TypeError, ValueError) as error:
            raise DataError(f"column {name!r} cannot be stored ({error}). Give numbers or words, one a row.") from error
    with replacing(path) as temporary:
        pq.write_table(pa.table(arrays), temporary)


def _guarded(path: Path, read: Callable[[], T]) -> T:
    """What `read` gives, or an error that names the file."""
    import pyarrow as pa

    try:
        return read()
    except (pa.ArrowException, OSError, ValueError) as error:
        is_text = path.suffix.lower() == ".csv"  # which a person writes and can mend
        form, remedy = ("CSV", "Correct it there") if is_text else ("Parquet", "Get the file again")
        raise DataError(
            f"{path} is not a sound {form} file ({str(error).partition(chr(10))[0]}). Nothing was loaded. {remedy}."
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
