"""From declared columns to rows of numbers, the same way in Spark's workers and wherever a model serves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np

from qml.base.errors import DataError
from qml.base.extras import require
from qml.data.arrow import plain_column, positions
from qml.data.etl.declared import FALSE, TRUE
from qml.data.fitted import Fitted, from_state
from qml.data.manifest import Manifest
from qml.data.source import Column

require("pyarrow", extra="data", purpose="qml.data.etl")
import pyarrow as pa
import pyarrow.compute as pc


def raw_rows(
    columns: Sequence[Column], table: pa.Table | pa.RecordBatch, types: Mapping[str, str] | None = None
) -> np.ndarray:
    """Rows as the fitted transform of a prepared folder takes them.

    Args:
        columns: of the manifest: numbers, and categories with those that are known.
        table: has a column of each name: any numbers, and the categories as text. Other columns are not looked at.
        types: of the manifest: categories that are compared as numbers or truth values, whatever their spelling.

    Returns:
        `(B, D)` float64: numbers, and positions of categories; NaN where missing and for a category that is not known.

    Raises:
        DataError: a column is not there, or holds something else.

    Example:
        >>> columns = (Column("size", "number"), Column("kind", "category", ("corner", "mall")))
        >>> raw_rows(columns, pa.table({"kind": ["mall", None], "size": [1, 2]}))
        array([[ 1.,  1.],
               [ 2., nan]])
    """
    rows = np.empty((table.num_rows, len(columns)), np.float64)
    for place, column in enumerate(columns):
        if column.name not in table.schema.names:
            raise DataError(f"The column {column.name!r} is not there; found {table.schema.names}. Give them all.")
        values = table.column(column.name)
        try:
            if column.kind == "category":
                codes = _codes(values, column, (types or {}).get(column.name, "string"))
                rows[:, place] = np.where(codes < 0, np.nan, codes)
            else:
                rows[:, place] = pc.cast(values, pa.float64(), safe=False).to_numpy(zero_copy_only=False)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise DataError(
                f"The column {column.name!r} is to hold a {column.kind}; it holds {values.type} ({error}). Declare it "
                "as what it is."
            ) from error
    return rows


def _codes(values: Any, column: Column, kind: str) -> np.ndarray:
    """`(B,)` places of the values of a category; -1 where missing or not known."""
    values = plain_column(values)
    if kind == "string":
        return positions(values, column.categories)
    if kind == "bool":
        return _truths(values, column)
    if kind == "int":
        with suppress(pa.ArrowInvalid):  # "2.0" is a whole number by way of float64 only; 2**53 + 1 is one without
            return positions(pc.cast(values, pa.int64()), tuple(map(int, column.categories)))
    return positions(pc.cast(values, pa.float64(), safe=False), tuple(float(one) for one in column.categories))


def _truths(values: Any, column: Column) -> np.ndarray:
    """Places of truth values in any spelling."""
    if pa.types.is_floating(values.type):
        values = pc.cast(values, pa.int64())
    spellings = positions(pc.utf8_lower(pc.cast(values, pa.string())), (*TRUE, *FALSE))  # pyright: ignore
    strange = (spellings < 0) & values.is_valid().to_numpy(zero_copy_only=False)
    if strange.any():
        found = values[int(np.flatnonzero(strange)[0])].as_py()
        raise DataError(
            f"The column {column.name!r} holds {found!r}, which is neither true nor false. Correct the row."
        )
    places = [column.categories.index(word) if word in column.categories else -1 for word in ("true", "false")]
    return np.array([*[places[0]] * len(TRUE), *[places[1]] * len(FALSE), -1])[spellings]


def feature_rows(manifest: Manifest, table: pa.Table | pa.RecordBatch) -> np.ndarray:
    """Features of fresh rows, by the very transform that made those of the folder.

    The rules of the columns are not asked here: a fraction in a column of whole numbers, a number beyond `least` or
    `greatest`, or a value that is none of `values` went to quarantine in training and is transformed here like any
    other. The rules stand in `manifest.made["preparation"]["columns"]` for a service that checks what it is given.

    Args:
        manifest: of the prepared folder.
        table: raw rows as `raw_rows` takes them.

    Returns:
        `(B, F)` float32, in the order of `manifest.features`.

    Raises:
        DataError: a column is not there, a number is infinite, or missing where nothing fills it in; the manifest
            holds no transform.

    Example:
        ```python
        manifest = parse_manifest(Path("prepared/manifest.json").read_text(), "prepared")
        features = feature_rows(manifest, pa.table({"size": [12.0], "kind": ["mall"]}))
        ```
    """
    if manifest.transform is None:
        raise DataError(f"The manifest of {manifest.name!r} holds no transform, so nothing is known of fresh rows.")
    fitted, rows = from_state(manifest.transform), raw_rows(manifest.columns, table, manifest.types)
    _check_rows(manifest.columns, fitted, rows)
    return fitted(rows)


def _check_rows(columns: Sequence[Column], fitted: Fitted, rows: np.ndarray) -> None:
    """Refuse numbers that are infinite as float32, and missing ones of columns that the transform does not fill."""
    for place, column in enumerate(columns):
        if column.kind != "number":
            continue
        endless, missing = np.abs(rows[:, place]) > np.finfo(np.float32).max, np.isnan(rows[:, place])
        if endless.any():
            raise DataError(
                f"The column {column.name!r} holds {rows[endless, place][0]} in row {int(np.flatnonzero(endless)[0])}, "
                "which is not finite as float32. Such rows went to quarantine in training; leave it out."
            )
        if missing.any() and not _fills(fitted, len(columns), place):
            raise DataError(
                f"The column {column.name!r} has no value in row {int(np.flatnonzero(missing)[0])}; it was required in "
                "training, so nothing is known that could take its place. Fill it in, or leave the row out."
            )


def _fills(fitted: Fitted, width: int, place: int) -> bool:
    """Whether a transform of rows of a width has a value for what is missing in a column."""
    row = np.zeros((1, width))
    row[0, place] = np.nan
    return bool(np.isfinite(fitted(row)).all())


@dataclass(frozen=True)
class Coding:
    """Labels of a target column as classes 0, 1, ...

    Args:
        labels: in the order of the classes.
    """

    labels: tuple[str, ...]

    def __call__(self, values: Any) -> pa.Array:
        """An Arrow column of texts as int64 classes.

        Raises:
            DataError: a value without a class.
        """
        codes = positions(values, self.labels)
        if (codes < 0).any():
            strange = values[int(np.flatnonzero(codes < 0)[0])].as_py()
            raise DataError(f"The target holds {strange!r}, which is none of the classes {list(self.labels)[:10]}.")
        return pa.array(codes.astype(np.int64))


@dataclass(frozen=True, eq=False)
class Applied:
    """Checked rows to rows of a prepared file, batch by batch; Spark hands it to its workers.

    Args:
        columns: the inputs.
        state: of the fitted transform.
        features: names of what comes out of it.
        target: column of the checked rows -> name and coding (None: a number) in the file; None without a target.
        kept: columns handed on as they are.
    """

    columns: tuple[Column, ...]
    state: Mapping[str, Any]
    features: tuple[str, ...]
    target: tuple[str, str, Coding | None] | None
    kept: tuple[str, ...]

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Record batches in, record batches out."""
        fitted = from_state(self.state)
        for batch in batches:
            yield self.batch(fitted, batch)

    def batch(self, fitted: Fitted, batch: pa.RecordBatch) -> pa.RecordBatch:
        """One batch: features, target, kept columns."""
        made = np.ascontiguousarray(fitted(raw_rows(self.columns, batch)).T)
        arrays = [pa.array(column) for column in made]
        names = list(self.features)
        if self.target is not None:
            column, name, coding = self.target
            values = batch.column(column)
            arrays.append(pc.cast(values, pa.float32()) if coding is None else coding(values))
            names.append(name)
        arrays.extend(batch.column(name) for name in self.kept)
        return pa.RecordBatch.from_arrays(arrays, names=[*names, *self.kept])
