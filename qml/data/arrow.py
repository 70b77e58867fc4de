"""Columns of Arrow as places among values that are known: categories, classes, spellings."""

from __future__ import annotations

from typing import Any

import numpy as np


def positions(column: Any, values: tuple[Any, ...]) -> np.ndarray:
    """Place of each value of an Arrow column among `values`, compared as texts where these are texts.

    Args:
        column: an array or a chunked one, `(n,)`.
        values: at least one, each once.

    Returns:
        `(n,)` int32; -1 for what is missing, or none of them.

    Raises:
        pyarrow.ArrowInvalid, pyarrow.ArrowNotImplementedError: a type that cannot be compared with them.

    Example:
        >>> import pyarrow as pa
        >>> positions(pa.chunked_array([["b", None, "a"]]), ("a", "b"))
        array([ 1, -1,  0], dtype=int32)
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    column = plain_column(column)
    if isinstance(values[0], str):
        column = column.cast(pa.large_string())
        known = pa.array(values, pa.large_string())
    else:
        known = pa.array(values).cast(column.type, safe=False)
    return pc.fill_null(pc.index_in(column, value_set=known), -1).to_numpy()  # pyright: ignore


def plain_column(column: Any) -> Any:
    """A dictionary column as its values; any other as it is."""
    import pyarrow as pa

    return column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column
