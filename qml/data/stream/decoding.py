"""Arrow columns as arrays of numbers, a row group at a time and without a Python loop over rows of numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from qml.base.errors import DataError
from qml.data.arrow import plain_column, positions
from qml.data.images import image_array
from qml.data.stream.formats import Feature, RowFormat


def decode_inputs(form: RowFormat, table: Any, out: np.ndarray, keep: np.ndarray | None, where: str) -> None:
    """The features of an Arrow table into `out`.

    Args:
        form: of a row.
        table: holds its columns; `(n,)` rows.
        out: `(m, *input_shape)` of the format's dtype; filled.
        keep: `(n,)` bool with `m` rows that are wanted; None wants all.
        where: the rows come from, for messages.

    Raises:
        DataError: values that are missing, infinite, or of another shape; the message names file and column.
    """
    if form.dtype == "uint8":
        values = _pixels(form.features[0], table.column(form.features[0].column.name), where)
        out[...] = values if keep is None else values[keep]
        return
    flat = out.reshape(len(out), -1)
    first = 0
    for feature in form.features:
        values = _numbers(feature, table.column(feature.column.name), where)
        values = values if keep is None else values[keep]
        place = flat[:, first] if feature.places == 1 else flat[:, first : first + feature.places]
        place[...] = values.reshape(place.shape)
        first += feature.places
    _check_finite(form, flat, where)


def decode_targets(form: RowFormat, table: Any, keep: np.ndarray | None, where: str) -> np.ndarray:
    """The target of an Arrow table: `(M,)` int64 classes or float32 numbers.

    Args:
        form: of a row.
        table: holds its columns; `(n,)` rows.
        keep: `(N,)` bool with `M` rows that are wanted; None wants all.
        where: the rows come from, for messages.

    Raises:
        DataError: a value is missing or no class; the message names file and column.
    """
    import pyarrow as pa

    target = form.target
    if target is None:
        raise DataError(f"{where}: a target was asked for; the source has none.")
    column = table.column(target.name)
    if column.null_count:
        raise DataError(
            f"{where}: target {target.name!r} is missing in {column.null_count} of {len(column)} rows. Leave these "
            "rows out when the file is written."
        )
    if target.kind == "number":
        values = _as_float32(column)
        bad = int((~np.isfinite(values)).sum())
        if bad:
            raise DataError(f"{where}: target {target.name!r} is NaN or infinite in {bad} rows. Leave them out.")
    elif form.target_values is None:
        values = _codes(_whole(column, target.name, where), target.name, target.n_classes, where)
    else:
        values = positions(column, form.target_values).astype(np.int64)
        if (values < 0).any():
            strange = column.take(pa.array(np.flatnonzero(values < 0)[:3])).to_pylist()
            raise DataError(
                f"{where}: target {target.name!r} holds {strange}, which is none of its classes "
                f"{list(target.labels)[:10]}. Name it among the labels, or clean the file."
            )
    return values if keep is None else values[keep]


def _codes(values: np.ndarray, name: str, n_classes: int, where: str) -> np.ndarray:
    """Codes of classes, in range."""
    low, high = int(values.min(initial=0)), int(values.max(initial=0))
    if low < 0 or high >= n_classes:
        raise DataError(
            f"{where}: target {name!r} holds class {low if low < 0 else high}; its classes are 0 .. {n_classes - 1}. "
            "Name all classes, or clean the file."
        )
    return values


def is_list(arrow: Any) -> bool:
    """Whether an Arrow type is one of lists."""
    import pyarrow.types as types

    return types.is_fixed_size_list(arrow) or types.is_list(arrow) or types.is_large_list(arrow)


def _numbers(feature: Feature, column: Any, where: str) -> np.ndarray:
    """`(n,)` or `(n, ...)` numbers of one column; NaN where missing."""
    if feature.how == "number":
        return _as_float32(column)
    if feature.how == "category":
        codes = positions(column, feature.column.categories).astype(np.float32)
        codes[codes < 0] = np.nan
        return codes
    if feature.how == "sequence":
        return _lists(feature, column, where)
    return _by_decoder(feature, column, where)


def _as_float32(column: Any) -> np.ndarray:
    """Any column of numbers as float32, NaN where missing."""
    import pyarrow as pa

    column = plain_column(column)
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.uint8())
    if column.type != pa.float32():
        column = column.cast(pa.float32(), safe=False)
    return column.to_numpy() if isinstance(column, pa.ChunkedArray) else column.to_numpy(zero_copy_only=False)


def _lists(feature: Feature, column: Any, where: str) -> np.ndarray:
    """Lists of one length as `(n, length)`; NaN where a number of a list is missing."""
    name = feature.column.name
    if column.null_count:
        raise DataError(f"{where}: column {name!r} has no list in {column.null_count} rows. Leave these rows out.")
    flat = _end_to_end(column.combine_chunks(), feature.places, name, where)
    return _as_float32(flat).reshape(len(column), feature.places)


def _end_to_end(array: Any, wanted: int, name: str, where: str) -> Any:
    """The values of all lists of an Arrow array, each of which holds as many as wanted."""
    import pyarrow as pa

    fixed = pa.types.is_fixed_size_list(array.type)
    lengths = np.array([array.type.list_size]) if fixed else np.unique(array.value_lengths().to_numpy())
    if lengths.tolist() != [wanted] and len(array):
        raise DataError(
            f"{where}: column {name!r} was to hold lists of {wanted} numbers; it holds lists of "
            f"{lengths[:5].tolist()}. Cut or pad them when the file is written."
        )
    return array.flatten()


def _whole(column: Any, name: str, where: str) -> np.ndarray:
    """A column of classes as int64."""
    import pyarrow as pa

    try:
        return column.cast(pa.int64()).to_numpy()
    except pa.ArrowInvalid as error:
        raise DataError(
            f"{where}: target {name!r} was to hold classes 0, 1, ...; {str(error).partition(chr(10))[0]}. Say "
            "task='number' where it is a number, or clean the file."
        ) from error


def _pixels(feature: Feature, column: Any, where: str) -> np.ndarray:
    """`(n, *input_shape)` uint8 of images or raw bytes."""
    import pyarrow as pa

    name, shape = feature.column.name, feature.column.shape
    if column.null_count:
        raise DataError(f"{where}: column {name!r} is missing in {column.null_count} rows. Leave these rows out.")
    if feature.how == "image":
        encoded = np.empty(len(column), object)
        encoded[:] = column.to_pylist()
        return image_array(encoded, shape, f"{where}, column {name!r}")
    array = column.combine_chunks()
    if is_list(array.type):
        flat = _end_to_end(array, feature.places, name, where)
        if flat.null_count or flat.type != pa.uint8():
            raise DataError(
                f"{where}: column {name!r} was to hold bytes; its lists hold {flat.type}"
                f"{' with nulls' if flat.null_count else ''}. Say kinds={{{name!r}: 'sequence'}} for lists of numbers."
            )
        values = flat.to_numpy(zero_copy_only=False)
    else:
        values = _bytes(array, feature.places, name, where)
    values = values.reshape(len(column), -1)
    if len(shape) in (2, 3):
        return image_array(values, shape, f"{where}, column {name!r}")
    return values.reshape(len(column), *shape)


def _bytes(array: Any, width: int, name: str, where: str) -> np.ndarray:
    """All bytes of a binary array end to end, each row as many."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not len(array):
        return np.empty(0, np.uint8)
    lengths = pc.min_max(pc.binary_length(array)).as_py()  # pyright: ignore
    if (lengths["min"], lengths["max"]) != (width, width):
        raise DataError(
            f"{where}: column {name!r} was to hold {width} bytes a row; it holds {lengths['min']} to {lengths['max']}. "
            "Give its shape, or say kinds={...: 'image'} where the bytes are PNG or JPEG."
        )
    if pa.types.is_fixed_size_binary(array.type):
        begin, data = array.offset * width, array.buffers()[1]
    else:
        begin, data = int.from_bytes(array.buffers()[1][_offset(array)], "little"), array.buffers()[2]
    return np.frombuffer(data, np.uint8)[begin : begin + len(array) * width]


def _offset(array: Any) -> slice:
    """Where the first offset of a binary array stands among its bytes."""
    import pyarrow as pa

    size = 8 if pa.types.is_large_binary(array.type) else 4
    return slice(array.offset * size, (array.offset + 1) * size)


def _by_decoder(feature: Feature, column: Any, where: str) -> np.ndarray:
    """What the decoder of a column makes of its values."""
    if feature.decoder is None:
        raise DataError(f"{where}: column {feature.column.name!r} has no decoder. Give one: decoders={{...}}.")
    values = np.asarray(feature.decoder(column.to_pylist()), np.float32)
    wanted = (len(column), *feature.column.shape)
    if values.shape != wanted:
        raise DataError(
            f"{where}: the decoder of column {feature.column.name!r} gave shape {values.shape}; it gave "
            f"{feature.column.shape} a row at first, so {wanted} was expected."
        )
    return values


def _check_finite(form: RowFormat, flat_ND: np.ndarray, where: str) -> None:
    """Refuse infinite values, and missing ones where nothing fills them in."""
    with np.errstate(invalid="ignore", over="ignore"):
        if np.isfinite(flat_ND.sum()):
            return
    first = 0
    for feature in form.features:
        values = flat_ND[:, first : first + feature.places]
        first += feature.places
        infinite, missing = int(np.isinf(values).sum()), int(np.isnan(values).sum())
        for count, word in ((infinite, "infinite"), (0 if form.allow_missing else missing, "missing (NaN)")):
            if count:
                raise DataError(
                    f"{where}: column {feature.column.name!r} has {count} {word} of {values.size} values. Leave these "
                    "rows out; missing values can also be filled in by a transform: "
                    "transform=ByColumns(...) or 'auto'."
                )
