"""What a row of the files becomes: which columns are inputs, how each is decoded, and the target."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import numpy as np

from qml.base.digest import canonical
from qml.base.errors import CapabilityError, ConfigError, DataError, kind_of
from qml.base.registry import unknown
from qml.data.source import Column, Target

Decoder = Callable[[list[Any]], np.ndarray]
"""Values of a column, as Python has them, to `(n, ...)` numbers, a row at a time: no row sees another."""

KINDS = ("number", "category", "sequence", "image", "bytes", "text")
"""Words for `kinds=`: "image" is encoded (PNG, JPEG), "bytes" raw pixels or numbers of one byte with a shape."""


@dataclass(frozen=True)
class Feature:
    """One column of the inputs.

    Args:
        column: name, kind, categories and shape.
        how: how it is decoded: a word of `KINDS`, or "own" for a decoder of the caller.
        places: numbers of a row that it fills.
        decoder: for text and "own".
    """

    column: Column
    how: str
    places: int = 1
    decoder: Decoder | None = None


@dataclass(frozen=True)
class RowFormat:
    """How Arrow columns become the inputs and the target of a row.

    Args:
        features: columns of the inputs, side by side in this order.
        input_shape: of a row.
        dtype: "float32", or "uint8" for images and bytes, which leave as float32.
        target: what is predicted; None without labels.
        target_values: what the file holds for each class, in order; None where it holds the codes themselves, or a
            number.
        allow_missing: NaN stays, for a transform to fill in.
    """

    features: tuple[Feature, ...]
    input_shape: tuple[int, ...]
    dtype: str
    target: Target | None
    target_values: tuple[Any, ...] | None = None
    allow_missing: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of all columns that are read."""
        target = () if self.target is None else (self.target.name,)
        return (*(feature.column.name for feature in self.features), *target)

    @property
    def row_bytes(self) -> int:
        """Bytes of a decoded row, target included."""
        width = int(np.prod(self.input_shape))
        return width * np.dtype(self.dtype).itemsize + (8 if self.target is not None else 0)

    def plain(self) -> Any:
        """All that decides the numbers, for a digest."""
        features = [
            (canonical(item.column), item.how, item.places, decoder_name(item.column.name, item.decoder))
            for item in self.features
        ]
        return {
            "features": features,
            "target": canonical(self.target),
            "values": [str(value) for value in self.target_values or ()],
        }


def decoder_name(column: str, decoder: Decoder | None) -> Any:
    """What tells a decoder from others, for a digest: a dataclass by its fields, a function by its module and name.

    Args:
        column: that it decodes, for the message.
        decoder: None where there is none.

    Raises:
        ConfigError: it has no name of its own, so that two of them could not be told apart: a lambda, a function
            within another, a bound method, a `functools.partial`, an object that is no dataclass of plain fields.

    Example:
        >>> decoder_name("smiles", len)
        'builtins.len'
    """
    if decoder is None:
        return None
    if dataclasses.is_dataclass(decoder) and not isinstance(decoder, type):
        with suppress(TypeError):
            return [type(decoder).__module__, canonical(decoder)]
    module, name = getattr(decoder, "__module__", None), getattr(decoder, "__qualname__", None)
    with suppress(AttributeError, KeyError):
        if module and name and attrgetter(name)(sys.modules[module]) is decoder:
            return f"{module}.{name}"
    raise ConfigError(
        f"the decoder of column {column!r} is {name or kind_of(decoder)}, which has no name of its own: two such "
        "decoders are not told apart, and a run would continue on the numbers of another. Give a function that stands "
        "in a module, or a dataclass with plain fields and a __call__."
    )


def row_format(
    features: Sequence[Feature], target: Target | None, target_values: Sequence[Any] | None, allow_missing: bool
) -> RowFormat:
    """The format of these features: one with a shape of its own keeps it, several stand side by side.

    Raises:
        DataError: there is no feature.
        CapabilityError: an image beside other columns.

    Example:
        >>> row_format([Feature(Column("a", "number"), "number")], None, None, False).input_shape
        (1,)
    """
    if not features:
        raise DataError("no column is left to learn from. Name them: columns=[...].")
    pixels = [item for item in features if item.how in ("image", "bytes")]
    if pixels and len(features) > 1:
        raise CapabilityError(
            f"column {pixels[0].column.name!r} holds images and stands beside {len(features) - 1} other columns; a row "
            "is one image, or numbers side by side. Choose with columns=[...]."
        )
    shape = (sum(item.places for item in features),)
    if pixels:
        shape = channels_first(pixels[0].column.shape)
    elif len(features) == 1 and len(features[0].column.shape) > 1:
        shape = features[0].column.shape
    dtype = "uint8" if pixels else "float32"
    values = None if target_values is None else tuple(target_values)
    return RowFormat(tuple(features), shape, dtype, target, values, allow_missing)


def channels_first(shape: tuple[int, ...]) -> tuple[int, ...]:
    """(H, W) and (H, W, C) as (C, H, W); other shapes of bytes as they are."""
    if len(shape) == 2:
        return (1, *shape)
    return (shape[2], shape[0], shape[1]) if len(shape) == 3 else shape


def check_hints(names: Sequence[str], where: str, **hints: Mapping[str, Any] | Sequence[str]) -> None:
    """Refuse a hint on a column that is not there, or a kind that is none.

    Raises:
        ConfigError: near names are given.
    """
    for what, given in hints.items():
        for name in given:
            if name not in names:
                raise unknown(f"column of {where} ({what}=)", name, list(names))
    kinds = hints.get("kinds", {})
    if isinstance(kinds, Mapping):
        for kind in kinds.values():
            if kind not in KINDS:
                raise unknown("kind", kind, list(KINDS))


def sized(shape: Any, name: str) -> tuple[int, ...]:
    """The shape of a column as a tuple of sizes.

    Raises:
        ConfigError: it is none.
    """
    found = tuple(shape) if isinstance(shape, (tuple, list)) else (shape,)
    if not all(isinstance(size, int) and size > 0 for size in found):
        raise ConfigError(f"shapes={{{name!r}: {shape!r}}} is no shape. Give sizes above 0, such as (28, 28).")
    return found
