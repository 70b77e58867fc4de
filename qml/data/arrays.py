"""Sources over arrays in memory: batches are one indexing operation each, pure in their arguments."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from qml.base.digest import digest
from qml.base.errors import ConfigError, DataError
from qml.base.registry import unknown
from qml.base.seeds import generator
from qml.data.intake import check_present, feature_matrix, one_a_row, target_values
from qml.data.source import Batch, Column, Schema, Source, Target
from qml.data.splits import Split, at_random, by_group, by_time, stratified


@dataclass(frozen=True, eq=False)
class ArraySource:
    """A Source whose rows are all in memory.

    Use `ArraySource.from_arrays` for your own arrays: it checks them. Batches are fresh arrays; changing one
    changes nothing else.

    Args:
        schema: what the batches hold; `sizes` has the parts of `split`.
        inputs: `(N, *input_shape)` float32, uint8 or float64; uint8 leaves as float32, the others as they are.
        targets: `(N,)` int64 classes or float32 numbers, or None.
        split: which rows are in which part.
        info: plain facts about how it was made: the split, rows left out, duplicates, known traps.
    """

    schema: Schema
    inputs: np.ndarray
    targets: np.ndarray | None
    split: Split
    info: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_arrays(
        cls,
        inputs: Any,
        targets: Any = None,
        *,
        name: str = "arrays",
        columns: Sequence[str] | None = None,
        kinds: Mapping[str, str] | None = None,
        labels: Sequence[str] | None = None,
        target: str = "target",
        task: str | None = None,
        allow_missing: bool = False,
        split: Split | str = "stratified",
        test: float = 0.2,
        validation: float = 0.2,
        seed: int = 0,
        groups: Any = None,
        time: Any = None,
    ) -> ArraySource:
        """A Source of your own arrays, checked.

        Args:
            inputs: `(N, ...)` numbers, a DataFrame, or a mapping of column name to `(N,)` values.
            targets: `(N,)` integers 0 .. C-1, strings, or floats (then a number is predicted); None for no label.
            name: what reports call it.
            columns: names of the columns of a 2-D array; `x0`, `x1`, ... by default.
            kinds: column name -> "category" where a column holds words or codes; the rest are numbers. A category
                becomes a code, to be one-hot encoded by a transform.
            labels: names of the classes in the order of their codes; where `targets` are strings, the order to use.
            target: name of what is predicted.
            task: "classes" or "number"; by default by the dtype of `targets`.
            allow_missing: keep NaN for a transform that fills it in; infinity is always refused.
            split: "stratified", "random", "group", "time", or a `Split` of your own.
            test: share of the rows in the test part.
            validation: share of the rows in the validation part.
            seed: of the split.
            groups: `(N,)` equal for rows that must stay together; needed by split="group".
            time: `(N,)` sortable moments; needed by split="time".

        Raises:
            DataError: missing or infinite values, columns that are no numbers, labels out of range, unequal
                lengths, a class too rare to split, an empty part. The message names the column or the class.
            ConfigError: an unknown split or kind.

        Example:
            >>> rng = np.random.default_rng(0)
            >>> source = ArraySource.from_arrays(rng.normal(size=(100, 4)), rng.integers(0, 2, 100))
            >>> source.schema.sizes
            {'train': 60, 'validation': 20, 'test': 20}
            >>> next(source.batches("train", 32, seed=0)).inputs.shape
            (32, 4)
        """
        values, described = feature_matrix(inputs, columns, kinds or {}, allow_missing)
        about, coded = target_values(targets, target, labels, task)
        if coded is not None and len(coded) != len(values):
            raise DataError(f"inputs have {len(values)} rows and targets {len(coded)}. Give one target a row.")
        if isinstance(split, str):
            classes = coded if about is not None and about.kind == "classes" else None
            split = _split(split, len(values), classes, about, test, validation, seed, groups, time)
        return cls.of_parts(name, values, about, coded, split, columns=described)

    @classmethod
    def of_parts(
        cls,
        name: str,
        inputs: np.ndarray,
        target: Target | None,
        targets: np.ndarray | None,
        split: Split,
        *,
        columns: tuple[Column, ...] = (),
        contents: str | None = None,
        info: Mapping[str, Any] | None = None,
    ) -> ArraySource:
        """A Source of `(N, ...)` inputs and `(N,)` targets that are known to be sound.

        `contents` is their digest where it is known already, which saves reading them all.

        Raises:
            DataError: the split names rows that there are not.
        """
        least = min(int(rows[0]) for rows in split.parts.values())
        greatest = max(int(rows[-1]) for rows in split.parts.values())
        if least < 0 or greatest >= len(inputs):
            raise DataError(f"the split names rows {least} .. {greatest}; there are {len(inputs)}, numbered from 0.")
        contents = contents or digest({"inputs": inputs, "targets": targets, "target": target})
        schema = Schema(
            name=name,
            input_shape=tuple(inputs.shape[1:]),
            target=target,
            sizes=split.sizes(),
            columns=columns,
            digest=digest({"contents": contents, "parts": dict(split.parts)}),
        )
        return cls(schema, inputs, targets, split, {"split": split.how, **(info or {})})

    def rows(self, split: str) -> np.ndarray:
        """`(n,)` which rows of the arrays a part holds, in file order.

        Raises:
            ConfigError: there is no such part; near names are given.
        """
        if split not in self.split.parts:
            raise unknown(f"split of {self.schema.name!r}", split, list(self.split.parts))
        return self.split.parts[split]

    def batches(
        self,
        split: str,
        size: int,
        seed: int | None = None,
        *,
        epoch: int = 0,
        start: int = 0,
        shard: tuple[int, int] = (0, 1),
    ) -> Iterator[Batch]:
        """Batches of `size` rows; see `qml.data.Source`. Rank r of a shard takes rows r, r + world, ... of each."""
        rows = self.rows(split)
        order = batch_order(len(rows), split, size, seed, epoch, start, shard)
        return self._batches(rows, order, size, start, shard)

    def _batches(
        self, rows: np.ndarray, order: np.ndarray, size: int, start: int, shard: tuple[int, int]
    ) -> Iterator[Batch]:
        for numbers in dealt(order, size, start, shard):
            chosen = rows[numbers]
            inputs = self.inputs[chosen]
            targets = None if self.targets is None else self.targets[chosen]
            dtype = np.float64 if inputs.dtype == np.float64 else np.float32
            yield Batch(inputs.astype(dtype, copy=False), targets, numbers)

    def mapped(self, function: Callable[[np.ndarray], np.ndarray], digest_of: str) -> ArraySource:
        """The Source with `function` applied to all `(N, ...)` inputs at once; `digest_of` tells functions apart."""
        inputs = function(self.inputs)
        key = digest({"source": self.schema.digest, "transform": digest_of})
        schema = replace(self.schema, input_shape=tuple(inputs.shape[1:]), digest=key)
        return replace(self, schema=schema, inputs=inputs)


def dealt(order: np.ndarray, size: int, start: int, shard: tuple[int, int]) -> Iterator[np.ndarray]:
    """Row numbers of each batch from `start` on: rank r of a shard takes rows r, r + world, ... of each.

    Args:
        order: `(N,)` row numbers of one epoch.
        size: rows of a batch, over all ranks.
        start: batches to skip.
        shard: `(rank, world)`.

    Example:
        >>> [numbers.tolist() for numbers in dealt(np.arange(5), 2, start=1, shard=(0, 1))]
        [[2, 3], [4]]
    """
    rank, world = shard
    for first in range(start * size, len(order), size):
        yield order[first : first + size][rank::world]


def batch_order(
    n_rows: int, split: str, size: int, seed: int | None, epoch: int, start: int, shard: tuple[int, int]
) -> np.ndarray:
    """`(n_rows,)` int64 row numbers in the order of one epoch, after a check of the arguments of `batches`.

    Raises:
        ConfigError: a size below 1, a start or epoch below 0, or a rank outside the world.
    """
    check_asked(size, start, epoch, shard)
    if seed is None:
        return np.arange(n_rows)
    return generator(seed, "batches", split, epoch).permutation(n_rows)


def check_asked(size: int, start: int, epoch: int, shard: tuple[int, int]) -> None:
    """Check the arguments of `batches`.

    Raises:
        ConfigError: a size below 1, a start or epoch below 0, or a rank outside the world.
    """
    rank, world = shard
    if size < 1 or start < 0 or epoch < 0:
        raise ConfigError(f"batches need size >= 1, start >= 0, epoch >= 0; got {size}, {start}, {epoch}.")
    if not 0 <= rank < world:
        raise ConfigError(f"shard=({rank}, {world}) is (rank, world); the rank must lie in 0 .. {world - 1}.")


def whole(source: Source, split: str) -> Batch:
    """All rows of a part as one batch, in file order.

    Raises:
        DataError: the part is a stream without an end, or has no row.

    Example:
        >>> source = ArraySource.from_arrays(np.arange(20.0)[:, None], np.repeat([0, 1], 10))
        >>> len(whole(source, "test"))
        4
    """
    sizes = source.schema.sizes
    if split not in sizes:
        raise unknown(f"split of {source.schema.name!r}", split, list(sizes))
    size = sizes[split]
    if not size:
        found = "is a stream" if size is None else "has no row"
        raise DataError(f"all rows of {split!r} of {source.schema.name!r} were asked for, but it {found}.")
    return next(source.batches(split, size))


def _split(
    how: str,
    n_rows: int,
    classes: np.ndarray | None,
    about: Target | None,
    test: float,
    validation: float,
    seed: int,
    groups: Any,
    time: Any,
) -> Split:
    """The split named by `how`, over all rows."""
    shares: dict[str, float] = {"test": test, "validation": validation}
    if how == "stratified" and classes is not None:
        return stratified(classes, seed=seed, labels=about.labels if about else (), **shares)
    if how in ("stratified", "random"):
        return at_random(n_rows, seed=seed, **shares)
    if how == "group":
        return by_group(_given(groups, "groups", how, n_rows), classes, seed=seed, **shares)
    if how == "time":
        return by_time(_given(time, "time", how, n_rows), **shares)
    raise unknown("split", how, ["stratified", "random", "group", "time"])


def _given(values: Any, what: str, how: str, n_rows: int) -> np.ndarray:
    """`values` as an array of one entry a row."""
    if values is None:
        raise ConfigError(f"split={how!r} needs {what}=, one value a row; it was not given.")
    array = one_a_row(values, what, n_rows)
    check_present(array, what, how)
    return array
