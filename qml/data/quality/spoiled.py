"""Faults put into sound data on purpose, seeded and nested over rates: what robustness is measured with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from qml.base.digest import digest
from qml.base.errors import ConfigError, DataError
from qml.base.lazy import cached_property
from qml.base.registry import unknown
from qml.base.seeds import derive
from qml.data.arrays import ArraySource, whole
from qml.data.catalogue import CATALOGUE
from qml.data.features import feature_array, usual_transform
from qml.data.fitted import Branched, Filled, OneHotCoded
from qml.data.make import divided
from qml.data.opening import open_table
from qml.data.source import Batch, Column, Schema, Source, row_numbers
from qml.data.transformed import transformed
from qml.data.transforms import ByColumns, Chain, Impute, Standardise

HOW_MISSING = ("at_random", "by_value")
MOST_BY_VALUE = 0.5
"""Greatest rate of values that are missing by their size: the largest are then missing always."""


def uniform(seed: int, rows: np.ndarray, width: int = 1) -> np.ndarray:
    """`(N, width)` numbers in [0, 1), a function of the seed and of the number of each row alone.

    So a rate marks the same rows whatever the batch they come in, and a smaller rate marks some of those of a larger.

    Args:
        seed: of the draw.
        rows: `(N,)` numbers of the rows.
        width: numbers a row.

    References:
        Steele, Lea and Flood, SplitMix, OOPSLA 2014: its output function over a counter.

    Example:
        >>> bool((uniform(3, np.array([5, 9]))[1] == uniform(3, np.array([9]))[0]).all())
        True
    """
    counter = rows.astype(np.uint64)[:, None] * np.uint64(width) + np.arange(width, dtype=np.uint64)
    begin = np.uint64(derive(seed, "uniform") * 0xD1342543DE82EF95 % 2**64)
    mixed = counter * np.uint64(0x9E3779B97F4A7C15) + begin
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    return (mixed >> np.uint64(11)).astype(np.float64) * 2.0**-53


@dataclass(frozen=True, eq=False)
class NoisyLabels:
    """`source`, with some *training* labels wrong; validation and test labels stay as they are.

    A label c becomes k with probability `rate * matrix[c, k]`. With the same seed the labels that are wrong at one rate
    are wrong in the same way at every greater one.

    Args:
        source: with classes as targets.
        rate: 0 .. 1.
        matrix: `(C, C)` shares a row, each row of sum 1; what it gives to `[c, c]` stays right. None is symmetric: any
            other class, each as likely.
        seed: of the draw.

    Raises:
        ConfigError: a rate outside 0 .. 1, or a matrix that is none of shares.
        DataError: the targets are no classes.

    Example:
        >>> source = ArraySource.from_arrays(np.arange(100.0)[:, None], np.arange(100) % 2)
        >>> noisy = NoisyLabels(source, 0.2, seed=1)
        >>> wrong = whole(noisy, "train").targets != whole(source, "train").targets
        >>> int(wrong.sum()), bool((whole(noisy, "test").targets == whole(source, "test").targets).all())
        (12, True)
    """

    source: Source
    rate: float
    matrix: Sequence[Sequence[float]] | np.ndarray | None = None
    seed: int = 0

    def __post_init__(self):
        target = self.source.schema.target
        if target is None or target.kind != "classes":
            raise DataError(f"Labels were to be made wrong; {self.source.schema.name!r} has no classes.")
        _check_rate(self.rate, 1.0)
        shares, count = self._shares, target.n_classes
        if shares.shape != (count, count) or (shares < 0).any() or not np.allclose(shares.sum(axis=1), 1):
            raise ConfigError(
                f"matrix of shape {shares.shape} was given; labels of {count} classes need ({count}, {count}), "
                f"each row shares of sum 1."
            )

    @cached_property
    def _shares(self) -> np.ndarray:
        if self.matrix is not None:
            return np.asarray(self.matrix, np.float64)
        target = self.source.schema.target
        count = target.n_classes if target is not None else 0
        return (np.ones((count, count)) - np.eye(count)) / max(count - 1, 1)

    @property
    def schema(self) -> Schema:
        """That of the source, with a digest that tells rates apart."""
        return self._schema

    @cached_property
    def _schema(self) -> Schema:
        made = {"noise": float(self.rate), "matrix": self._shares.tolist(), "seed": self.seed}
        before = self.source.schema
        return replace(before, digest=digest({"source": before.digest, **made}))

    def rows(self, split: str) -> np.ndarray | None:
        """`(N,)` row numbers of the table below; None where they are not told."""
        return row_numbers(self.source, split)

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
        """Batches of the source; those of "train" with some labels wrong."""
        below = self.source.batches(split, size, seed, epoch=epoch, start=start, shard=shard)
        if split != "train" or not self.rate:
            yield from below
            return
        ends = np.cumsum(self._shares, axis=1)
        for batch in below:
            if batch.targets is None:
                raise DataError(f"Labels were to be made wrong; 'train' of {self.schema.name!r} has none.")
            drawn = uniform(self.seed, batch.rows, 2)
            other = (drawn[:, 1:] >= ends[batch.targets]).sum(axis=1).clip(max=ends.shape[1] - 1)
            targets = np.where(drawn[:, 0] < self.rate, other, batch.targets).astype(np.int64)
            yield Batch(batch.inputs, targets, batch.rows)


@dataclass(frozen=True, eq=False)
class MissingValues:
    """`source`, with some inputs missing (NaN) in every part; put a transform that fills them in behind it.

    "at_random" takes each value with the same probability. "by_value" takes a value at quantile q of its training
    column with probability 2 q rate: large ones are missing more often, so that what is missing says something.

    Args:
        source: with rows of numbers.
        rate: share of values, 0 .. 1; by value at most 0.5.
        how: "at_random" or "by_value".
        seed: of the draw; with the same one a smaller rate takes some of the values of a larger.

    Raises:
        ConfigError: an unknown way, or a rate that cannot be.

    Example:
        >>> source = ArraySource.from_arrays(np.arange(400.0).reshape(100, 4), np.arange(100) % 2)
        >>> int(np.isnan(whole(MissingValues(source, 0.25), "train").inputs).sum())
        73
    """

    source: Source
    rate: float
    how: str = "at_random"
    seed: int = 0

    def __post_init__(self):
        if self.how not in HOW_MISSING:
            raise unknown("missing_how", self.how, list(HOW_MISSING))
        _check_rate(self.rate, MOST_BY_VALUE if self.how == "by_value" else 1.0)

    @property
    def schema(self) -> Schema:
        """That of the source, with a digest that tells rates apart."""
        return self._schema

    @cached_property
    def _schema(self) -> Schema:
        before = self.source.schema
        made = {"missing": float(self.rate), "how": self.how, "seed": self.seed}
        return replace(before, digest=digest({"source": before.digest, **made}))

    @cached_property
    def _ordered(self) -> np.ndarray:
        """`(n, D)` training values, each column in its order."""
        rows = whole(self.source, "train").inputs
        return np.sort(rows.reshape(len(rows), -1), axis=0)

    def rows(self, split: str) -> np.ndarray | None:
        """`(N,)` row numbers of the table below; None where they are not told."""
        return row_numbers(self.source, split)

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
        """Batches of the source with some inputs missing."""
        own = derive(self.seed, "missing", split)
        for batch in self.source.batches(split, size, seed, epoch=epoch, start=start, shard=shard):
            flat = batch.inputs.reshape(len(batch), int(np.prod(batch.inputs.shape[1:])))
            chance = self.rate if self.how == "at_random" else 2 * self.rate * self._quantiles(flat)
            taken = uniform(own, batch.rows, flat.shape[1]) < chance
            inputs = np.where(taken, flat.dtype.type(np.nan), flat).reshape(batch.inputs.shape)
            yield Batch(inputs, batch.targets, batch.rows)

    def _quantiles(self, flat: np.ndarray) -> np.ndarray:
        """`(B, D)` where each value stands among those of training, 0 .. 1; equal ones stand in their middle."""
        columns = range(flat.shape[1])
        low = np.stack([np.searchsorted(self._ordered[:, d], flat[:, d], side="left") for d in columns], axis=1)
        high = np.stack([np.searchsorted(self._ordered[:, d], flat[:, d], side="right") for d in columns], axis=1)
        return (low + high) / (2 * len(self._ordered))


@dataclass(frozen=True)
class _Flagging:
    """`Impute`, with a 0/1 column for every column, whether values are missing in it or not."""

    def fit(self, rows: np.ndarray) -> Filled:
        """From `(N, D)` numbers."""
        return replace(Impute().fit(rows), flagged=tuple(range(rows.shape[1])))


@dataclass(frozen=True, eq=False)
class _EquallyWide:
    """The usual transform, as wide at every rate: every number has its flag, and no category is lost with its values.

    Args:
        columns: what each column of the rows is.
        one_scale: whether all numbers have one.
        sound: `(N, D)` training rows before values were taken away, which tell the categories.
    """

    columns: tuple[Column, ...]
    one_scale: bool
    sound: np.ndarray

    def fit(self, rows: np.ndarray) -> Branched:
        """From `(N, D)` rows with missing values."""
        how = ByColumns(self.columns, Chain(_Flagging(), Standardise(together=self.one_scale)))
        fitted, before = how.fit(rows), how.fit(self.sound)
        pairs = zip(fitted.branches, before.branches, strict=True)
        return replace(fitted, branches=tuple(old if isinstance(old, OneHotCoded) else new for new, old in pairs))


def spoiled_source(
    seed: int,
    *,
    name: str,
    label_noise: float = 0.0,
    matrix: Sequence[Sequence[float]] | None = None,
    missing: float | None = None,
    missing_how: str = "at_random",
    how: str = "auto",
    test: float = 0.2,
    validation: float = 0.2,
    rows: int | None = None,
    root: str | Path | None = None,
) -> Source:
    """A set of the catalogue with faults put in, ready to be learnt from.

    Missing values are put in before the usual transforms, which fill them in with the medians of training; so every
    model meets the same filled rows. Every number then has a flag, at rate 0 too, and every category of the sound rows
    its place: inputs are as wide at every rate. For `data.make`: `data.options` are its arguments.

    Args:
        seed: of the split and of the faults.
        name: a set of `qml.data.CATALOGUE`.
        label_noise: share of wrong training labels; see `NoisyLabels`.
        matrix: which wrong label; None is symmetric.
        missing: share of missing inputs; see `MissingValues`. None leaves the flags out too.
        missing_how: "at_random" or "by_value".
        how: to split, as in `qml.data.make_source`.
        test: share of the rows.
        validation: share of the rows.
        rows: to keep of the training part.
        root: the data root.

    Raises:
        ConfigError: an unknown set or way, or a rate that cannot be.
        DataError: the set is missing, or values were to be missing in images.

    Example:
        >>> source = spoiled_source(0, name="wine", label_noise=0.2, missing=0.1)
        >>> source.schema.input_shape, next(source.batches("train", 8)).inputs.shape
        ((26,), (8, 26))
    """
    table = open_table(name, root)
    inputs, columns = feature_array(table)
    if missing and inputs.dtype == np.uint8:
        raise DataError(f"Inputs of {name!r} were to be missing; they are images. Choose a table or signals.")
    split = divided(table, how=how, seed=seed, test=test, validation=validation, rows=rows)
    source: Source = ArraySource.of_parts(
        name, inputs, table.target, table.targets, split, columns=columns, contents=table.digest
    )
    if missing is None or inputs.dtype == np.uint8:
        source = transformed(source, usual_transform(columns, CATALOGUE[name].one_scale))
    else:
        equally = _EquallyWide(columns, CATALOGUE[name].one_scale, whole(source, "train").inputs)
        source = transformed(MissingValues(source, missing, missing_how, seed), equally)
    return NoisyLabels(source, label_noise, matrix, seed) if label_noise or matrix is not None else source


def _check_rate(rate: float, most: float) -> None:
    if not 0 <= rate <= most:
        raise ConfigError(f"a rate of {rate!r} was asked for; it must lie in 0 .. {most:g}.")
