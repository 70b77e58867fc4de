"""Arrays as users bring them, checked and made into a matrix of numbers and a vector of targets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from qml.base.errors import ConfigError, DataError
from qml.base.registry import unknown
from qml.data.source import Column, Target

KINDS = ("number", "category")


def feature_matrix(
    inputs: Any, names: Sequence[str] | None, kinds: Mapping[str, str], allow_missing: bool
) -> tuple[np.ndarray, tuple[Column, ...]]:
    """Inputs as `(N, ...)` float32 (or uint8 as it was) and the description of their columns.

    Raises:
        DataError: a column holds no numbers, or values that are missing or infinite.
        ConfigError: `kinds` names no column, or no kind.
    """
    frame = _named_columns(inputs)
    if frame is None:
        array = _array(inputs, "inputs")
        if array.ndim < 2:
            raise DataError(f"inputs have shape {array.shape}; give one row a sample: (N, D) or (N, C, H, W).")
        if not len(array):
            raise DataError(f"inputs have shape {array.shape}: no rows. Give at least one row a part.")
        if array.dtype == np.uint8:
            return array, _columns_of(array, names)
        if array.ndim > 2:
            whole = _numeric(array, "inputs")
            check_finite(whole.reshape(len(whole), -1), None, allow_missing)
            return whole, ()
        if not array.shape[1]:
            raise DataError(f"inputs have shape {array.shape}: no columns. Give at least one.")
        frame = {name: array[:, place] for place, name in enumerate(_names(array, names))}
    for name, kind in kinds.items():
        if name not in frame:
            raise unknown("column", name, list(frame))
        if kind not in KINDS:
            raise unknown("kind", kind, list(KINDS))
    return _matrix(frame, kinds, allow_missing)


def _array(values: Any, what: str) -> np.ndarray:
    """`values` as an array; lists in lists must be of one length."""
    try:
        return np.asarray(values)
    except ValueError as error:
        lengths = sorted({len(row) for row in values if isinstance(row, Sequence)})
        raise DataError(
            f"{what} were to be an array; the rows are not of one length ({', '.join(map(str, lengths[:3]))} values). "
            f"Give every row as many values."
        ) from error


def _named_columns(inputs: Any) -> dict[str, np.ndarray] | None:
    """Column name -> values of a mapping or a DataFrame; None for a plain array."""
    names = list(inputs) if isinstance(inputs, Mapping) else getattr(inputs, "columns", None)
    if names is None:
        return None
    _once([str(name) for name in names])
    frame = {str(name): np.asarray(inputs[name]) for name in names}
    lengths = {name: len(values) for name, values in frame.items()}
    if len(set(lengths.values())) > 1:
        raise DataError(f"columns have unequal lengths: {lengths}. Give one value a row in each.")
    return frame


def table_columns(inputs: Any) -> dict[str, np.ndarray]:
    """Column name -> `(N,)` values of a mapping, a DataFrame or an `(N, D)` array, whose columns are x0, x1, ...

    Raises:
        DataError: another shape, columns of unequal lengths or of one name.
    """
    frame = _named_columns(inputs)
    if frame is not None:
        return frame
    array = np.asarray(inputs)
    if array.ndim != 2 or not array.size:
        raise DataError(
            f"inputs have shape {array.shape}; a table has rows and columns, (N, D). Images and signals of more "
            "dimensions come from a source of your own: data.make."
        )
    return {name: array[:, place] for place, name in enumerate(_names(array, None))}


def _names(array: np.ndarray, names: Sequence[str] | None) -> list[str]:
    """The given names, or x0, x1, ..."""
    if names is None:
        return [f"x{place}" for place in range(array.shape[1])]
    if len(names) != array.shape[1]:
        raise DataError(f"{len(names)} column names were given for {array.shape[1]} columns.")
    return _once([str(name) for name in names])


def _once(names: list[str]) -> list[str]:
    """`names`, each seen to occur once: a column of the name of another would take its place."""
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError(f"column names must differ; {', '.join(map(repr, twice[:3]))} occurs again. Rename it.")
    return names


def _columns_of(array: np.ndarray, names: Sequence[str] | None) -> tuple[Column, ...]:
    """Columns of a uint8 array: numbers, or one image."""
    if array.ndim == 2:
        return tuple(Column(name, "number") for name in _names(array, names))
    return (Column("image", "image", shape=array.shape[1:]),)


def _matrix(
    frame: Mapping[str, np.ndarray], kinds: Mapping[str, str], allow_missing: bool
) -> tuple[np.ndarray, tuple[Column, ...]]:
    """Numbers as they are and categories as codes, side by side as `(N, D)` float32."""
    n_rows = len(next(iter(frame.values()), ()))
    matrix = np.empty((n_rows, len(frame)), np.float32)
    columns = []
    for place, (name, values) in enumerate(frame.items()):
        if kinds.get(name) == "category":
            codes, categories = category_codes(values)
            matrix[:, place] = np.where(codes < 0, np.nan, codes)
            columns.append(Column(name, "category", categories=categories))
        else:
            matrix[:, place] = _numeric(values, f"column {name!r}", name)
            columns.append(Column(name, "number"))
    described = tuple(columns)
    check_finite(matrix, described, allow_missing)
    return matrix, described


def _numeric(values: np.ndarray, what: str, name: str = "<name>") -> np.ndarray:
    """`values` as float32, or an error that shows the first value that is no number."""
    if values.dtype.kind in "biuf":
        with np.errstate(over="ignore"):
            return values.astype(np.float32)
    if values.dtype.kind == "O":
        flat = values.ravel()
        bad = [value for value in flat if value is not None and not isinstance(value, (int, float, np.number))]
        if not bad:
            return np.array([np.nan if value is None else value for value in flat], np.float32).reshape(values.shape)
        example = bad[0]
    else:
        example = values.ravel()[0] if values.size else ""
    raise DataError(
        f"{what} was to be numbers; it holds {example!r} ({values.dtype}). "
        f'Say that it holds categories, kinds={{{name!r}: "category"}}, turn it into numbers, or leave it out.'
    )


def category_codes(values: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
    """`(N,)` int32 positions in the sorted categories, -1 for None, NaN and missing."""
    missing = np.array([is_absent(value) for value in values], bool)
    words = np.array([str(value) for value in values[~missing]], object)
    categories, positions = np.unique(words, return_inverse=True)
    codes = np.full(len(values), -1, np.int32)
    codes[~missing] = positions
    return codes, tuple(str(word) for word in categories)


def one_a_row(values: Any, what: str, n_rows: int) -> np.ndarray:
    """`values` as an array of one entry a row.

    Raises:
        DataError: they have another shape.
    """
    array = np.asarray(values)
    if array.shape != (n_rows,):
        raise DataError(f"{what} has shape {array.shape}; it needs one value a row, ({n_rows},).")
    return array


def check_present(values: np.ndarray, what: str, by: str) -> None:
    """Refuse a missing value among those by which rows are split.

    Args:
        values: shape (rows,), of any type.
        what: the name of these values in the message.
        by: what the split is by ("groups", "time").

    Raises:
        DataError: it says how many there are, and the first row.
    """
    absent = np.array([is_absent(value) for value in values], bool)
    if absent.any():
        raise DataError(
            f"{what} is missing in {absent.sum()} of {len(values)} rows (first: row {absent.argmax()}), so these rows "
            f"have no place in a split by {by}. Fill it in or leave them out."
        )


def is_absent(value: Any) -> bool:
    """None, NaN, and pandas' NA and NaT."""
    return value is None or type(value).__name__ in ("NAType", "NaTType") or bool(value != value)


def check_finite(matrix_ND: np.ndarray, columns: Sequence[Column] | None, allow_missing: bool) -> None:
    """Refuse infinite values, and missing ones where no transform is to fill them in.

    Raises:
        DataError: names the first three columns with the count of rows each.
    """
    with np.errstate(invalid="ignore"):
        total = matrix_ND.sum(dtype=np.float64)  # NaN or infinite where any value is; one pass, no temporary
    if np.isfinite(total):
        return
    found = []
    for test, word in ((np.isinf, "infinite"), (np.isnan, "missing (NaN)")):
        if word.startswith("missing") and allow_missing:
            continue
        counts = test(matrix_ND).sum(axis=0)
        for place in np.flatnonzero(counts)[:3]:
            name = columns[place].name if columns else f"value {place} of a row"
            found.append(f"{name!r} has {counts[place]} {word} of {len(matrix_ND)} rows")
    if found:
        raise DataError(
            f"features must be finite numbers, but column {'; column '.join(found)}. Leave these rows or columns "
            f"out; missing values can also be filled in: allow_missing=True and a transform such as Impute()."
        )


def target_values(
    targets: Any, name: str, labels: Sequence[str] | None, task: str | None
) -> tuple[Target | None, np.ndarray | None]:
    """The description of the target and its values: `(N,)` int64 classes or float32 numbers.

    Raises:
        DataError: not one value a row, missing values, or labels out of range.
        ConfigError: `task` is neither "classes" nor "number".
    """
    if targets is None:
        return None, None
    values = _array(targets, "targets")
    if values.ndim != 1:
        raise DataError(f"targets have shape {values.shape}; give one value a row, (N,).")
    if task not in (None, "classes", "number"):
        raise ConfigError(f"task={task!r} is not known. Known: 'classes', 'number'.")
    if task == "number" or (task is None and values.dtype.kind == "f" and labels is None):
        return Target(name, "number"), _numbers(values, name)
    if values.dtype.kind in "OUSb":
        return _named_classes(values, name, labels)
    return _coded_classes(values, name, labels)


def _numbers(values: np.ndarray, name: str) -> np.ndarray:
    """Targets as finite float32."""
    numbers = _numeric(values, f"target {name!r}")
    bad = int((~np.isfinite(numbers)).sum())
    if bad:
        raise DataError(f"target {name!r} is missing or infinite in {bad} of {len(numbers)} rows. Leave them out.")
    return numbers


def _named_classes(values: np.ndarray, name: str, labels: Sequence[str] | None) -> tuple[Target, np.ndarray]:
    """Words as classes, in sorted order or in that of `labels`."""
    codes, found = category_codes(values)
    if (codes < 0).any():
        raise DataError(f"target {name!r} is missing in {(codes < 0).sum()} of {len(codes)} rows. Leave them out.")
    if labels is None:
        return Target(name, "classes", found), codes.astype(np.int64)
    known = [str(label) for label in labels]
    strange = sorted(set(found) - set(known))
    if strange:
        raise DataError(f"target {name!r} holds {strange[:3]}, which labels={known} does not name. Add or drop them.")
    place = np.array([known.index(label) for label in found], np.int64)
    return Target(name, "classes", tuple(known)), place[codes]


def _coded_classes(values: np.ndarray, name: str, labels: Sequence[str] | None) -> tuple[Target, np.ndarray]:
    """Whole numbers 0 .. C-1 as classes."""
    with np.errstate(invalid="ignore"):
        codes = values.astype(np.int64)
    if not np.array_equal(codes, values):
        raise DataError(
            f"target {name!r} holds fractions or missing values: no classes. Say task='number', or clean it."
        )
    top = len(labels) - 1 if labels is not None else int(codes.max(initial=0))
    outside = (codes < 0) | (codes > top)
    if outside.any():
        raise DataError(
            f"target {name!r} needs labels 0 .. {top}; {int(outside.sum())} of {len(codes)} rows hold others "
            f"(first: {codes[outside][0]}). Renumber them: np.unique(y, return_inverse=True)[1], or hand in strings."
        )
    found = np.unique(codes)
    if labels is None and len(found) <= top:
        absent = np.setdiff1d(np.arange(len(found) + 1), found)
        raise DataError(
            f"target {name!r} runs up to {top}, but no row has class {absent[0]}. Renumber the classes "
            f"(np.unique(y, return_inverse=True)[1]) or name them all with labels=[...]."
        )
    names = [str(label) for label in labels] if labels is not None else [str(code) for code in range(top + 1)]
    return Target(name, "classes", tuple(names)), codes
