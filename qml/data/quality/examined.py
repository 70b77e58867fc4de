"""What checks look at: a table with its parts, the columns that a model sees, and keys of equal rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from qml.base.errors import DataError
from qml.base.lazy import cached_property
from qml.data.arrays import whole
from qml.data.images import image_array
from qml.data.quality.keys import array_keys, joined_keys, loose_text, text_keys, without_links
from qml.data.source import Batch, Column, Source
from qml.data.splits import Split
from qml.data.table import NO_PART, PARTS, Ragged, Table

UNSEEN = ("id", "time")
"""Kinds of columns that are never inputs of a model."""
MOST, CHUNK = 500_000, 8192
"""Rows of a part of a Source that are held, and those that are read at once."""
NUMERIC = ("number", "category")


@dataclass(frozen=True, eq=False)
class Examined:
    """A table and the parts in which it is used.

    Args:
        table: as opened; columns that a model must not see have kind "id" or "time", or are in `kept_out`.
        split: which rows are in which part.
        kept_out: columns that are read to be looked at and are no inputs.

    Example:
        >>> from qml.data import open_table, split_table
        >>> table = open_table("wine")
        >>> examined = Examined(table, split_table(table))
        >>> len(examined.rows), [column.name for column in examined.inputs][:2]
        (178, ['alcohol', 'malic_acid'])
    """

    table: Table
    split: Split
    kept_out: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Of the set."""
        return self.table.name

    @cached_property
    def rows(self) -> np.ndarray:
        """`(n,)` numbers of the rows that some part holds, ascending."""
        return np.sort(np.concatenate(list(self.split.parts.values())))

    @cached_property
    def inputs(self) -> tuple[Column, ...]:
        """The columns that a model sees."""
        return tuple(c for c in self.table.columns if c.kind not in UNSEEN and c.name not in self.kept_out)

    @cached_property
    def unseen(self) -> tuple[Column, ...]:
        """The columns that it does not see."""
        return tuple(column for column in self.table.columns if column not in self.inputs)

    @cached_property
    def classes(self) -> np.ndarray | None:
        """`(N,)` int64 classes, -1 where missing; None where the target is no class."""
        target = self.table.target
        return self.table.targets if target is not None and target.kind == "classes" else None

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the classes."""
        return self.table.target.labels if self.table.target is not None else ()

    @cached_property
    def pictures(self) -> np.ndarray | None:
        """`(N, C, H, W)` uint8 of the first image column; None where there is none."""
        columns = [column for column in self.inputs if column.kind == "image"]
        if not columns:
            return None
        values = np.asarray(self.table[columns[0].name])
        if values.ndim == 4:
            return values
        return image_array(values, columns[0].shape, self.name)

    @cached_property
    def texts(self) -> tuple[str, ...]:
        """Names of the inputs that hold strings."""
        return tuple(column.name for column in self.inputs if self._is_text(column))

    @cached_property
    def keys(self) -> np.ndarray:
        """`(N,)` int64, equal for rows whose inputs are all equal."""
        return self._joined(list)

    @cached_property
    def loose_keys(self) -> np.ndarray | None:
        """`(N,)` int64, equal for rows whose texts are equal as `loose_text` reads them; None without texts."""
        return self._joined(loose_text) if self.texts else None

    @cached_property
    def linkless_keys(self) -> np.ndarray | None:
        """`(N,)` int64, equal for rows whose texts differ in links alone; None without texts."""
        return self._joined(without_links) if self.texts else None

    def _joined(self, reading: Callable[[np.ndarray], list[str]]) -> np.ndarray:
        """Keys over all inputs, of texts as they are read."""
        if not self.inputs:
            raise DataError(f"{self.name!r} has no input column to compare rows by. Check its description.")
        plain, found = [], []
        for column in self.inputs:
            values = self.table[column.name]
            if column.kind == "image" and self.pictures is not None:
                found.append(array_keys([self.pictures]))
            elif column.name in self.texts:
                words = np.asarray(values)
                found.append(text_keys(reading(words)))
            elif isinstance(values, Ragged):
                found.append(text_keys([bytes(np.ascontiguousarray(values[row]).data) for row in range(len(values))]))
            else:
                plain.append(np.asarray(values))
        return joined_keys([*found, array_keys(plain)] if plain else found)

    def _is_text(self, column: Column) -> bool:
        values = self.table[column.name]
        return column.kind in ("text", "sequence") and not isinstance(values, Ragged) and values.ndim == 1

    def shown(self, row: int, most: int = 4) -> str:
        """A row in a few words, for an example."""
        parts = []
        for column in self.inputs[:most]:
            value = self.table[column.name][row]
            if column.kind == "category":
                value = column.categories[value] if 0 <= value < len(column.categories) else "missing"
            if column.kind == "image":
                value = "an image"
            elif np.ndim(value):
                value = f"{np.size(value)} numbers"
            text = f"{value:g}" if isinstance(value, (float, np.floating)) else str(value)
            parts.append(text if len(self.inputs) == 1 else f"{column.name}={text}")
        more = ", ..." if len(self.inputs) > most else ""
        said = ", ".join(parts) + more
        return f"row {row}: " + (said if len(said) <= 110 else said[:107].rstrip() + "...")


def published_split(table: Table) -> Split | None:
    """The parts of a set just as they are published, known leaks included; None where none are.

    Args:
        table: as opened.
    """
    if table.official is None:
        return None
    usable = table.usable() & (table.official != NO_PART)
    parts = {name: np.flatnonzero(usable & (table.official == place)) for place, name in enumerate(PARTS)}
    return Split({name: rows for name, rows in parts.items() if len(rows)}, "as published")


def examined_source(source: Source, most: int = MOST) -> Examined:
    """The rows of any Source, as its batches give them; they are held in memory.

    Args:
        source: its parts are read once, in file order.
        most: rows of a part. Of a larger one, or of a stream, so many are taken from a shuffled pass, and the split
            says so: copies and groups are then counted among these alone, and there are more in the whole.

    Raises:
        DataError: no part has a row.

    Example:
        >>> from qml.data import ArraySource
        >>> source = ArraySource.from_arrays(np.arange(40.0)[:, None], np.repeat([0, 1], 20))
        >>> examined_source(source).split.sizes()
        {'train': 24, 'validation': 8, 'test': 8}
    """
    schema = source.schema
    names = [part for part, size in schema.sizes.items() if size != 0]
    if not names:
        raise DataError(f"{schema.name!r} was to be inspected; it has no row in any part. Check how it is split.")
    read = {part: _read(source, part, most) for part in names}
    cut = [part for part in names if schema.sizes[part] is None or len(read[part]) < (schema.sizes[part] or 0)]
    how = "as the source gives them"
    how += f"; of {' and '.join(cut)} {most} rows of a shuffled pass" if cut else ""
    inputs = np.concatenate([read[part].inputs for part in names])
    targets = [read[part].targets for part in names]
    labelled = None if any(item is None for item in targets) else np.concatenate([np.asarray(t) for t in targets])
    ends = np.cumsum([0, *(len(read[part]) for part in names)])
    parts = {part: np.arange(ends[place], ends[place + 1]) for place, part in enumerate(names)}
    columns, values = _columns_of(inputs, schema.columns)
    form = "image" if inputs.ndim == 4 else "table"
    table = Table(schema.name, form, columns, values, schema.target, labelled, digest=schema.digest)
    return Examined(table, Split(parts, how))


def _read(source: Source, part: str, most: int) -> Batch:
    """A part as one batch: whole in file order, or `most` rows of a shuffled pass."""
    size = source.schema.sizes[part]
    if size is not None and size <= most:
        return whole(source, part)
    found, count = [], 0
    for batch in source.batches(part, CHUNK, seed=0):
        found.append(batch)
        count += len(batch)
        if count >= most:
            break
    targets = [batch.targets for batch in found if batch.targets is not None]
    return Batch(
        np.concatenate([batch.inputs for batch in found])[:most],
        np.concatenate(targets)[:most] if len(targets) == len(found) else None,
        np.concatenate([batch.rows for batch in found])[:most],
    )


def _columns_of(inputs: np.ndarray, known: tuple[Column, ...]) -> tuple[tuple[Column, ...], dict[str, np.ndarray]]:
    """Inputs of a source as columns: images as one, rows of numbers one by one."""
    if inputs.ndim == 4 and inputs.min() >= 0 and inputs.max() <= 255 and np.array_equal(inputs, np.rint(inputs)):
        return (Column("image", "image", shape=inputs.shape[2:]),), {"image": inputs.astype(np.uint8)}
    if inputs.ndim == 2:
        plain = len(known) == inputs.shape[1] and all(column.kind in NUMERIC for column in known)
        names = [column.name for column in known] if plain else [f"x{place}" for place in range(inputs.shape[1])]
        columns = tuple(Column(name, "number") for name in names)
        return columns, {name: inputs[:, place] for place, name in enumerate(names)}
    flat = inputs.reshape(len(inputs), -1)
    return (Column("inputs", "sequence", shape=flat.shape[1:]),), {"inputs": flat}
