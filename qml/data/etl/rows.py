"""From declared columns to rows of numbers, the same way in Spark's workers and wherever a model serves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from qml.base.errors import DataError
from qml.base.extras import require
from qml.data.fitted import Fitted, from_state
from qml.data.manifest import Manifest
from qml.data.source import Column

require("pyarrow", extra="data", purpose="qml.data.etl")
import pyarrow as pa
import pyarrow.compute as pc


def raw_rows(columns: Sequence[Column], table: pa.Table | pa.RecordBatch) -> np.ndarray:
    """Rows as the fitted transform of a prepared folder takes them.

    Args:
        columns: of the manifest: numbers, and categories with those that are known.
        table: has a column of each name: any numbers, and the categories as text. Other columns are not looked at.

    Returns:
        `(B, D)` float32: numbers, and positions of categories; NaN where missing and for a category that is not known.

    Raises:
        DataError: a column is not there, or holds something else.

    Example:
        >>> columns = (Column("size", "number"), Column("kind", "category", ("corner", "mall")))
        >>> raw_rows(columns, pa.table({"kind": ["mall", None], "size": [1, 2]}))
        array([[ 1.,  1.],
               [ 2., nan]], dtype=float32)
    """
    rows = np.empty((table.num_rows, len(columns)), np.float32)
    for place, column in enumerate(columns):
        if column.name not in table.schema.names:
            raise DataError(f"The column {column.name!r} is not there; found {table.schema.names}. Give them all.")
        values = table.column(column.name)
        try:
            if column.kind == "category":
                known = pa.array(column.categories, pa.string())
                values = _places(pc.cast(values, pa.string()), known)
            rows[:, place] = pc.cast(values, pa.float32(), safe=False).to_numpy(zero_copy_only=False)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise DataError(
                f"The column {column.name!r} is to hold a {column.kind}; it holds {values.type} ({error}). Declare it "
                "as what it is."
            ) from error
    return rows


def _places(values: Any, known: pa.Array) -> Any:
    """The place of each value among those that are known; null where it is not, or missing."""
    return pc.call_function("index_in", [values], pc.SetLookupOptions(known))


def feature_rows(manifest: Manifest, table: pa.Table | pa.RecordBatch) -> np.ndarray:
    """Features of fresh rows, by the very transform that made those of the folder.

    Args:
        manifest: of the prepared folder.
        table: raw rows as `raw_rows` takes them.

    Returns:
        `(B, F)` float32, in the order of `manifest.features`.

    Raises:
        DataError: a column is not there, or the manifest holds no transform.

    Example:
        ```python
        manifest = parse_manifest(Path("prepared/manifest.json").read_text(), "prepared")
        features = feature_rows(manifest, pa.table({"size": [12.0], "kind": ["mall"]}))
        ```
    """
    if manifest.transform is None:
        raise DataError(f"The manifest of {manifest.name!r} holds no transform, so nothing is known of fresh rows.")
    return from_state(manifest.transform)(raw_rows(manifest.columns, table))


@dataclass(frozen=True)
class Coding:
    """Values of a target column as classes.

    Args:
        codes: value -> class.
        rest: class of every other value; None where there is none.
    """

    codes: Mapping[str, int]
    rest: int | None = None

    def __call__(self, values: Any) -> pa.Array:
        """An Arrow column of texts as int64 classes.

        Raises:
            DataError: a value without a class.
        """
        places = _places(values, pa.array(list(self.codes), pa.string()))
        table = np.array([*self.codes.values(), -1 if self.rest is None else self.rest], np.int64)
        coded = table[pc.fill_null(places, len(self.codes)).to_numpy(zero_copy_only=False)]
        if (coded < 0).any():
            strange = values[int(np.flatnonzero(coded < 0)[0])].as_py()
            raise DataError(f"The target holds {strange!r}, which is none of the classes {list(self.codes)}.")
        return pa.array(coded)


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
