"""From the types of the files and the words of the caller to the format of a row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from qml.base.bounds import check_list, check_mapping
from qml.base.errors import ConfigError, DataError
from qml.base.registry import unknown
from qml.data.manifest import Manifest
from qml.data.source import Column, ColumnKind, Target
from qml.data.stream.decoding import is_list
from qml.data.stream.formats import Decoder, Feature, RowFormat, check_hints, decoder_name, row_format, sized
from qml.data.stream.scanning import Scanned
from qml.data.stream.text import HashedWords
from qml.data.table_file import MOST_CLASSES, MOST_WORDS

COLUMN_KINDS: dict[str, ColumnKind] = {
    "number": "number",
    "category": "category",
    "sequence": "sequence",
    "image": "image",
    "bytes": "image",
    "text": "text",
}


@dataclass(frozen=True)
class Hints:
    """What the caller says of the columns of a folder without a manifest.

    Args:
        target: column that is predicted; None for no label.
        task: "classes" or "number"; by default by its type: fractions are a number, anything else is classes.
        labels: names of the classes; for words what the file holds, in the order of the codes.
        columns: that are inputs, in order; None takes all that are nothing else.
        drop: columns that are no inputs.
        kinds: column -> "number", "category", "sequence", "image", "bytes" or "text", where the type does not say it.
        shapes: column -> shape of its images, bytes or lists.
        categories: column -> its words, in the order of their codes; where they are not given, the files are read once.
        decoders: column -> callable of your own from a list of its values to `(n, ...)` numbers; a function of a module
            or a dataclass.

    Raises:
        ConfigError: a text where a list belongs, or no mapping where one does.
    """

    target: str | None = None
    task: str | None = None
    labels: Sequence[str] | None = None
    columns: Sequence[str] | None = None
    drop: Sequence[str] = ()
    kinds: Mapping[str, str] = field(default_factory=dict)
    shapes: Mapping[str, Any] = field(default_factory=dict)
    categories: Mapping[str, Sequence[str]] = field(default_factory=dict)
    decoders: Mapping[str, Decoder] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_list("ParquetSource", labels=self.labels, columns=self.columns, drop=self.drop)
        object.__setattr__(self, "drop", tuple(self.drop or ()))
        for item, name in {
            "kind": "kinds",
            "shape": "shapes",
            "list of words": "categories",
            "callable": "decoders",
        }.items():
            check_mapping("ParquetSource", "column", item, **{name: getattr(self, name)})


def prepared_format(manifest: Manifest, types: Mapping[str, Any], allow_missing: bool, where: str) -> RowFormat:
    """The format of the files of a manifest.

    Raises:
        DataError: a column has a type that the manifest does not mean.
    """
    import pyarrow as pa

    known = {column.name: column for column in manifest.columns} if manifest.transform is None else {}
    features = []
    for name in manifest.features:
        column, arrow = known.get(name, Column(name, "number")), types[name]
        listed = _is_list(arrow)
        if column.shape and (listed or _is_bytes(arrow)):
            how = "sequence" if listed else "bytes" if pa.types.is_fixed_size_binary(arrow) else "image"
            features.append(Feature(column, how, int(np.prod(column.shape))))
        elif column.kind == "category" and _is_words(arrow):
            features.append(Feature(column, "category"))
        elif column.kind == "text" and _is_words(arrow):
            features.append(_decoded(column.name, HashedWords(), ()))
        elif _is_number(arrow):
            features.append(Feature(column, "number"))
        else:
            raise DataError(f"{where}: feature {name!r} is of type {arrow}; the manifest calls it a {column.kind}.")
    return row_format(features, manifest.target, None, allow_missing)


def described_format(
    types: Mapping[str, Any], hints: Hints, scanned: Scanned, allow_missing: bool, where: str
) -> RowFormat:
    """The format of files that nobody has described but the caller.

    Args:
        types: column -> Arrow type.
        hints: of the caller.
        scanned: what one look over the files finds, asked where words or classes are not given.
        allow_missing: NaN stays.
        where: the files lie, for messages.

    Raises:
        ConfigError: a hint on a column that is not there, or a decoder without a name of its own.
        DataError: a column that nothing can be learnt from as it is.
    """
    names = list(types)
    check_hints(
        names,
        where,
        columns=hints.columns or (),
        drop=hints.drop,
        kinds=hints.kinds,
        shapes=hints.shapes,
        categories=hints.categories,
        decoders=hints.decoders,
    )
    for name, decoder in hints.decoders.items():
        decoder_name(name, decoder)
    if hints.target is not None and hints.target not in types:
        raise unknown(f"column for target in {where}", hints.target, names)
    inputs = hints.columns if hints.columns is not None else [name for name in names if name not in hints.drop]
    features = [_feature(name, types[name], hints, scanned, where) for name in inputs if name != hints.target]
    target, values = (None, None) if hints.target is None else _target(types[hints.target], hints, scanned, where)
    return row_format(features, target, values, allow_missing)


def _feature(name: str, arrow: Any, hints: Hints, scanned: Scanned, where: str) -> Feature:
    """One column of the inputs."""
    how = hints.kinds.get(name) or _usual_kind(arrow)
    shape = sized(hints.shapes[name], name) if name in hints.shapes else ()
    if name in hints.decoders:
        return _decoded(name, hints.decoders[name], scanned.first(name))
    if how == "number" and _is_number(arrow):
        return Feature(Column(name, "number"), how)
    if how == "category" and (_is_words(arrow) or _is_number(arrow)):
        return Feature(Column(name, "category", _words(name, hints, scanned, where)), how)
    if how == "text" and _is_words(arrow):
        return _decoded(name, HashedWords(), ())
    if how == "sequence" and _is_list(arrow):
        return _listed(name, arrow, shape, where)
    if how in ("image", "bytes") and (_is_bytes(arrow) or _is_list(arrow)):
        if not shape:
            raise ConfigError(
                f"{where}: column {name!r} holds {how}; say of which shape: shapes={{{name!r}: (28, 28)}}."
            )
        raw = how == "bytes" or not _is_variable_bytes(arrow)
        return Feature(Column(name, "image", shape=shape), "bytes" if raw else "image", int(np.prod(shape)))
    raise DataError(
        f"{where}: column {name!r} is of type {arrow}, which is not read as {how!r}. Leave it out (drop=[{name!r}]), "
        f"say what it is (kinds={{{name!r}: ...}}), or decode it yourself (decoders={{{name!r}: ...}})."
    )


def _usual_kind(arrow: Any) -> str:
    if _is_words(arrow):
        return "category"
    if _is_list(arrow):
        return "sequence"
    if _is_bytes(arrow):
        return "image" if _is_variable_bytes(arrow) else "bytes"
    return "number"


def _words(name: str, hints: Hints, scanned: Scanned, where: str) -> tuple[str, ...]:
    """The categories of a column, given or found."""
    given = hints.categories.get(name)
    if given is not None:
        return tuple(str(word) for word in given)
    found = tuple(str(word) for word in scanned.words(name))
    if len(found) > MOST_WORDS:
        raise DataError(
            f"{where}: column {name!r} holds {len(found)} different words, as ids and free text do. Leave it out "
            f"(drop=[{name!r}]), call it text (kinds={{{name!r}: 'text'}}), or give its categories."
        )
    if not found:
        raise DataError(f"{where}: column {name!r} has no value in any row. Leave it out: drop=[{name!r}].")
    return found


def _listed(name: str, arrow: Any, shape: tuple[int, ...], where: str) -> Feature:
    import pyarrow as pa

    fixed = pa.types.is_fixed_size_list(arrow)
    if not shape and not fixed:
        raise ConfigError(
            f"{where}: column {name!r} holds lists; say how long each is: shapes={{{name!r}: (187,)}}. Lists of "
            "unequal length need a decoder of yours."
        )
    shape = shape or (arrow.list_size,)
    if fixed and int(np.prod(shape)) != arrow.list_size:
        raise ConfigError(f"{where}: column {name!r} holds lists of {arrow.list_size}; shapes= says {shape}.")
    return Feature(Column(name, "sequence", shape=shape), "sequence", int(np.prod(shape)))


def _decoded(name: str, decoder: Decoder, first: Sequence[Any]) -> Feature:
    """A column through a callable, whose shape is that of what it makes of the first rows."""
    if isinstance(decoder, HashedWords):
        shape: tuple[int, ...] = (decoder.width,)
    else:
        values = np.asarray(decoder(list(first)))
        if len(values) != len(first):
            raise DataError(
                f"the decoder of column {name!r} was given {len(first)} values and gave {values.shape}. It must give "
                "one row of numbers a value."
            )
        shape = values.shape[1:]
    kind: ColumnKind = "text" if isinstance(decoder, HashedWords) else "sequence" if shape else "number"
    return Feature(Column(name, kind, shape=shape), "own", int(np.prod(shape)), decoder)


def _target(arrow: Any, hints: Hints, scanned: Scanned, where: str) -> tuple[Target, tuple[Any, ...] | None]:
    """The target, and what the files hold for each class."""
    name = str(hints.target)
    if hints.task not in (None, "classes", "number"):
        raise unknown("task", hints.task, ["classes", "number"])
    is_fraction = str(arrow) in ("float", "double", "halffloat") or str(arrow).startswith("decimal")
    if hints.task == "number" or (hints.task is None and is_fraction and hints.labels is None):
        if not _is_number(arrow):
            raise DataError(f"{where}: target {name!r} is of type {arrow}; task='number' needs numbers.")
        return Target(name, "number"), None
    words = _is_words(arrow)
    if hints.labels is not None:
        labels = tuple(str(label) for label in hints.labels)
        return Target(name, "classes", labels), labels if words else None
    found = scanned.words(name) if words else scanned.numbers(name)
    if not 2 <= len(found) <= (MOST_WORDS if hints.task == "classes" else MOST_CLASSES):
        raise DataError(
            f"{where}: target {name!r} holds {len(found)} different values. Two to {MOST_CLASSES} are taken for "
            "classes; say task='number' or task='classes', or give labels=."
        )
    return Target(name, "classes", tuple(str(value) for value in found)), tuple(found)


def _is_number(arrow: Any) -> bool:
    import pyarrow.types as types

    arrow = arrow.value_type if types.is_dictionary(arrow) else arrow
    return any(test(arrow) for test in (types.is_boolean, types.is_integer, types.is_floating, types.is_decimal))


def _is_words(arrow: Any) -> bool:
    import pyarrow.types as types

    arrow = arrow.value_type if types.is_dictionary(arrow) else arrow
    return any(test(arrow) for test in (types.is_string, types.is_large_string, types.is_string_view))


def _is_list(arrow: Any) -> bool:
    """Lists of numbers; of nothing else something can be learnt."""
    return is_list(arrow) and _is_number(arrow.value_type)


def _is_variable_bytes(arrow: Any) -> bool:
    import pyarrow.types as types

    return types.is_binary(arrow) or types.is_large_binary(arrow)


def _is_bytes(arrow: Any) -> bool:
    import pyarrow.types as types

    return _is_variable_bytes(arrow) or types.is_fixed_size_binary(arrow)
