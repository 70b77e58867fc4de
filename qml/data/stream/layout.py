"""Which rows lie in which row group: read once from the ends of the files, so that any row is found by arithmetic."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from qml.base.errors import DataError
from qml.data.stream.narrowing import may_merge
from qml.data.stream.places import Place

FOOTERS_AT_ONCE = 8


@dataclass(frozen=True, eq=False)
class Footer:
    """What the end of a Parquet file tells.

    Args:
        file: its path below the root.
        types: column -> its Arrow type.
        rows_G: `(G,)` int64 rows of each row group.
        missing: column -> rows without a value, where the file tells of every row group.
        greatest: column of whole numbers or decimals -> the greatest size of a value, where every row group tells it.
        digest: of the end of the file: schema, sizes and statistics.
        stamp: of the whole end of the file, by which it is noticed that another file lies there.
    """

    file: str
    types: Mapping[str, Any]
    rows_G: np.ndarray
    missing: Mapping[str, int]
    greatest: Mapping[str, float]
    digest: str
    stamp: str

    @property
    def rows(self) -> int:
        """Rows of the file."""
        return int(self.rows_G.sum())


@dataclass(frozen=True, eq=False)
class Layout:
    """The row groups of one part, in the order of its rows; `G` row groups.

    Args:
        files: paths below the root.
        file_G: `(G,)` which of `files` holds a row group.
        group_G: `(G,)` its number in that file.
        stored_G: `(G,)` rows that it holds.
        rows_G: `(G,)` rows of it that belong to the part; all of them, unless shares were taken out.
        interval: keys of the rows that belong to the part, `low <= key < high`; None where all do.
        key_seed: of the keys.
    """

    files: tuple[str, ...]
    file_G: np.ndarray
    group_G: np.ndarray
    stored_G: np.ndarray
    rows_G: np.ndarray
    interval: tuple[int, int] | None = None
    key_seed: int = 0

    @property
    def n_rows(self) -> int:
        """Rows of the part."""
        return int(self.rows_G.sum())

    @property
    def first_G(self) -> np.ndarray:
        """`(G,)` number within the part of the first row of each row group."""
        return np.concatenate([[0], np.cumsum(self.rows_G)[:-1]]).astype(np.int64)

    @property
    def stored_first_G(self) -> np.ndarray:
        """`(G,)` number of the first row of each row group among all rows of the files."""
        return np.concatenate([[0], np.cumsum(self.stored_G)[:-1]]).astype(np.int64)


def read_footers(place: Place, files: Sequence[str]) -> tuple[Footer, ...]:
    """The footers of files, several at once.

    Raises:
        DataError: a file is damaged, or holds no row; the message names it.
    """
    with ThreadPoolExecutor(min(FOOTERS_AT_ONCE, max(len(files), 1))) as pool:
        return tuple(pool.map(lambda file: _footer(place, file), files))


def _footer(place: Place, file: str) -> Footer:
    with place.parquet(file) as opened, place.sound(file):
        metadata, schema = opened.metadata, opened.schema_arrow
        twice = next((name for name, count in Counter(schema.names).items() if count > 1), None)
        if twice is not None:
            raise DataError(
                f"{place.shown(file)} has {schema.names.count(twice)} columns called {twice!r}; which of them is meant "
                "cannot be said. Write it again with a name for each."
            )
        rows = np.array([metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)], np.int64)
        if not rows.sum():
            raise DataError(f"{place.shown(file)} holds no row. Remove it, or write it again with its rows.")
        facts = [str(schema), metadata.num_rows, rows.tolist(), metadata.created_by, *_chunks(metadata)]
        told = hashlib.sha256(repr(facts).encode()).hexdigest()
        types = {field.name: field.type for field in schema}
        return Footer(
            file, types, rows, _missing(metadata, list(types)), _greatest(metadata, types), told, stamp_of(metadata)
        )


def stamp_of(metadata: Any) -> str:
    """SHA-256 of the end of a Parquet file, from its `pyarrow.parquet.FileMetaData`.

    Another file has another one, unless all sizes, places and statistics of its columns are the same.
    """
    import pyarrow as pa

    out = pa.BufferOutputStream()
    metadata.write_metadata_file(out)
    return hashlib.sha256(memoryview(out.getvalue())).hexdigest()


def _chunks(metadata: Any) -> list[Any]:
    """Sizes and statistics of every column chunk, which change where its values do."""
    facts = []
    for group in range(metadata.num_row_groups):
        row_group = metadata.row_group(group)
        for place in range(row_group.num_columns):
            chunk = row_group.column(place)
            found = chunk.statistics if chunk.is_stats_set else None
            ends = (found.min_raw, found.max_raw) if found is not None and found.has_min_max else ()
            facts.append((chunk.total_compressed_size, chunk.total_uncompressed_size, *ends))
    return facts


def _missing(metadata: Any, columns: Sequence[str]) -> dict[str, int]:
    """Column -> its nulls, where every row group tells them."""
    counts: dict[str, int | None] = dict.fromkeys(columns, 0)
    for group in range(metadata.num_row_groups):
        row_group = metadata.row_group(group)
        for place in range(row_group.num_columns):
            chunk = row_group.column(place)
            name = chunk.path_in_schema
            found = chunk.statistics if name in counts and chunk.is_stats_set else None
            told = found.null_count if found is not None and found.has_null_count else None
            before = counts.get(name)
            if name in counts:
                counts[name] = None if before is None or told is None else before + told
    return {name: count for name, count in counts.items() if count is not None}


def _greatest(metadata: Any, types: Mapping[str, Any]) -> dict[str, float]:
    """Column -> the greatest size of its values, where they are numbers in steps and every row group tells it."""
    found: dict[str, float] = {}
    silent = set()
    for group in range(metadata.num_row_groups):
        row_group = metadata.row_group(group)
        for place in range(row_group.num_columns):
            chunk = row_group.column(place)
            name = chunk.path_in_schema
            if name not in types or may_merge(types[name], None) is not None:
                continue
            told = chunk.statistics if chunk.is_stats_set else None
            if told is not None and told.has_min_max:
                found[name] = max(found.get(name, 0.0), abs(float(told.min)), abs(float(told.max)))
            elif told is None or told.num_values:
                silent.add(name)
    return {name: value for name, value in found.items() if name not in silent}


def greatest_of(footers: Iterable[Footer]) -> dict[str, float]:
    """Column -> the greatest size of its values over all files, where each of them tells it."""
    told = [footer.greatest for footer in footers]
    shared = set(told[0]).intersection(*told)
    return {name: max(item[name] for item in told) for name in shared}


def layout_of(footers: Sequence[Footer]) -> Layout:
    """The row groups of files end to end.

    Example:
        >>> footers = [
        ...     Footer(name, {}, np.array(rows), {}, {}, "", "") for name, rows in {"a": [3, 2], "b": [4]}.items()
        ... ]
        >>> layout = layout_of(footers)
        >>> layout.file_G.tolist(), layout.group_G.tolist(), layout.first_G.tolist(), layout.n_rows
        ([0, 0, 1], [0, 1, 0], [0, 3, 5], 9)
    """
    file_G = np.concatenate([np.full(len(item.rows_G), place) for place, item in enumerate(footers)])
    group_G = np.concatenate([np.arange(len(item.rows_G)) for item in footers])
    rows_G = np.concatenate([item.rows_G for item in footers])
    return Layout(tuple(item.file for item in footers), file_G, group_G, rows_G, rows_G)


def check_same_columns(place: Place, footers: Sequence[Footer], columns: Sequence[str]) -> Mapping[str, Any]:
    """The types of these columns, which must be the same in every file.

    Raises:
        DataError: a file lacks one or holds another type; the message names file and column.
    """
    first = footers[0]
    for footer in footers:
        for column in columns:
            if column not in footer.types:
                near = ", ".join(list(footer.types)[:8])
                raise DataError(
                    f"{place.shown(footer.file)} was to have the column {column!r}; it has {near} "
                    f"({len(footer.types)} columns). Write it again with the columns of the other files."
                )
            if footer.types[column] != first.types[column]:
                raise DataError(
                    f"{place.shown(footer.file)} holds column {column!r} as {footer.types[column]}; "
                    f"{place.shown(first.file)} as {first.types[column]}. Write them with one schema."
                )
    return {column: first.types[column] for column in columns}
