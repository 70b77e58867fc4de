"""What a run is, as plain data that can be compared and printed: the fingerprint of a checkpoint."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from qml.data.source import Source
from qml.learn.step import Snapshot

_ADDRESS = re.compile(r" at 0x[0-9a-f]+")


def plain(value: Any) -> Any:
    """`value` as JSON data: dataclasses by class and compared fields, anything else by its text without addresses.

    Example:
        >>> plain({"rates": (0.1, 0.2), "path": Path("a")})
        {'rates': [0.1, 0.2], 'path': 'a'}
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            "class": type(value).__name__,
            **{field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value) if field.compare},
        }
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [plain(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return sorted(str(plain(item)) for item in value)
    if isinstance(value, np.generic):
        return value.item()
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, Path):
        return str(value)
    return text_of(value)


def text_of(value: Any) -> str:
    """The text of an object without memory addresses, the same in every process."""
    return _ADDRESS.sub("", repr(value))


def structure(snapshot: Snapshot) -> dict[str, Any]:
    """Shapes and dtypes of a snapshot's arrays, and its plain data."""
    arrays = {name: f"{array.dtype}{list(array.shape)}" for name, array in snapshot.arrays.items()}
    return {"arrays": arrays, "data": plain(snapshot.data)}


def source_of(source: Source) -> dict[str, Any]:
    """What a run learns from: name, digest, shape of a row, rows of each split."""
    schema = source.schema
    return {
        "name": schema.name,
        "digest": schema.digest,
        "input_shape": list(schema.input_shape),
        "sizes": dict(schema.sizes),
    }


def difference(stored: Any, asked: Any, where: str = "") -> str:
    """The first place where two pieces of plain data differ, in words; "" when they are equal.

    Example:
        >>> difference({"model": {"w": [2, 3]}}, {"model": {"w": [2, 4]}})
        'model.w is [2, 3] in the checkpoint and [2, 4] here'
    """
    if isinstance(stored, Mapping) and isinstance(asked, Mapping):
        for key in sorted({*stored, *asked}):
            path = f"{where}.{key}" if where else str(key)
            if key not in asked:
                return f"{path} is in the checkpoint only"
            if key not in stored:
                return f"{path} is asked for and not in the checkpoint"
            found = difference(stored[key], asked[key], path)
            if found:
                return found
        return ""
    return "" if stored == asked else f"{where} is {stored!r} in the checkpoint and {asked!r} here"
