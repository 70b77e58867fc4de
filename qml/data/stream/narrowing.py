"""Which columns lose digits on their way to float32, the type of the inputs, told before anything is learnt of them."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import numpy as np

from qml.data.stream.formats import RowFormat

log = logging.getLogger(__name__)
EXACT = 2.0**24
"""Whole numbers up to here are all different as float32."""
DIGITS = 7
NAMED = 5


def may_merge(arrow: Any, greatest: float | None) -> bool | None:
    """Whether different numbers of an Arrow type can be one as float32; None where the size of the values decides it.

    Args:
        arrow: the type; only of whole numbers and decimals, which have steps, the answer can be yes.
        greatest: size of the values; None where it is not known.

    Example:
        >>> import pyarrow as pa
        >>> may_merge(pa.int64(), 2.0**24 + 1), may_merge(pa.decimal128(9, 2), 1000.0), may_merge(pa.int64(), None)
        (True, False, None)
    """
    import pyarrow.types as types

    arrow = arrow.value_type if types.is_dictionary(arrow) else arrow
    if types.is_decimal(arrow):
        digits, steps = arrow.precision, 10.0**arrow.scale
    elif types.is_integer(arrow):
        digits, steps = np.log10(2.0) * arrow.bit_width, 1.0
    else:
        return False
    if digits <= DIGITS:
        return False
    return None if greatest is None else greatest * steps > EXACT


def tell_narrowed(where: str, form: RowFormat, types: Mapping[str, Any], greatest: Mapping[str, float]) -> None:
    """Say which columns of numbers lose digits, and warn of those whose different values become one.

    Args:
        where: the files lie.
        form: of a row.
        types: column -> its Arrow type.
        greatest: column -> size of its values, where the files tell it.
    """
    names = [feature.column.name for feature in form.features if feature.how == "number"]
    if form.target is not None and form.target.kind == "number":
        names.append(form.target.name)
    found = {name: may_merge(types[name], greatest.get(name)) for name in names}
    rounded = [name for name in names if found[name] is None or str(types[name]) == "double"]
    if rounded:
        named = ", ".join(map(repr, rounded[:NAMED]))
        log.info("%s: columns become float32, of %d digits: %s", where, DIGITS, named)
    merging = [name for name in names if found[name]]
    if merging:
        log.warning(
            "%s: columns of whole numbers or decimals become float32, of %d digits, and different values become one: "
            "%s. Of ids say drop= or kinds='category'; of moments and amounts "
            "subtract a start when the files are written",
            where,
            DIGITS,
            ", ".join(f"{name!r} (up to {greatest[name]:,.12g})" for name in merging[:NAMED]),
        )
