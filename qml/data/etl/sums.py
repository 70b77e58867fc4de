"""What is counted of each column of a part: moments of numbers, how often each category occurs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from qml.base.extras import require
from qml.data.etl.session import mapped

require("pyspark", extra="spark", purpose="qml.data.etl")
import pyarrow as pa
from pyspark import TaskContext
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

MOST_KEPT = 200_000
"""Different values that a worker holds before it hands its counts on."""
SUMS = "partition int, column string, value string, n bigint, mean double, m2 double, least double, greatest double"


@dataclass(frozen=True)
class Moments:
    """Of the numbers of a column: how many there are, their mean, and the sum of squares about it.

    Args:
        n: numbers that are there.
        mean: of them.
        m2: sum of squared distances from the mean.
        least, greatest: of them; infinities where there is none.

    Example:
        >>> both = Moments.of(np.array([1.0, 2.0])) + Moments.of(np.array([6.0]))
        >>> both.n, both.mean, round(float(both.spread), 6)
        (3, 3.0, 2.160247)
    """

    n: int = 0
    mean: float = 0.0
    m2: float = 0.0
    least: float = np.inf
    greatest: float = -np.inf

    @classmethod
    def of(cls, values: np.ndarray) -> Moments:
        """Of `(N,)` numbers without NaN."""
        if not len(values):
            return cls()
        mean = float(values.mean(dtype=np.float64))
        m2 = float(np.square(np.subtract(values, mean, dtype=np.float64)).sum())
        return cls(len(values), mean, m2, float(values.min()), float(values.max()))

    def __add__(self, other: Moments) -> Moments:
        n = self.n + other.n
        if not n:
            return self
        apart = other.mean - self.mean
        mean = self.mean + apart * other.n / n
        m2 = self.m2 + other.m2 + apart * apart * self.n * other.n / n
        return Moments(n, mean, m2, min(self.least, other.least), max(self.greatest, other.greatest))

    def less(self, shift: float) -> Moments:
        """Of the same numbers with `shift` subtracted of each."""
        return Moments(self.n, self.mean - shift, self.m2, self.least - shift, self.greatest - shift)

    @property
    def spread(self) -> np.float64:
        """Standard deviation with divisor n, as transforms use it; 0 of no numbers."""
        return np.sqrt(np.float64(self.m2 / self.n if self.n else 0.0))


@dataclass(frozen=True)
class Counted:
    """What is known of a part.

    Args:
        rows: in it.
        moments: column of numbers -> moments.
        values: column of categories -> value -> rows, of the most frequent ones, the most frequent first.
        distinct: column of categories -> different values.
        missing: column -> rows without a value.
    """

    rows: int
    moments: Mapping[str, Moments]
    values: Mapping[str, Mapping[str, int]]
    distinct: Mapping[str, int]
    missing: Mapping[str, int]

    def plain(self) -> dict[str, dict[str, float]]:
        """As a manifest holds it."""
        found: dict[str, dict[str, float]] = {}
        for name, one in self.moments.items():
            there = {"mean": one.mean, "spread": float(one.spread), "least": one.least, "greatest": one.greatest}
            found[name] = {**(there if one.n else {}), "missing": float(self.missing[name])}
        for name, distinct in self.distinct.items():
            found[name] = {"distinct": float(distinct), "missing": float(self.missing[name])}
        return found


@dataclass(frozen=True, eq=False)
class Summed:
    """Checked rows to rows of sums, one partition at a time; Spark hands it to its workers.

    Args:
        numbers: columns of which moments are taken.
        words: columns whose values are counted.
    """

    numbers: tuple[str, ...]
    words: tuple[str, ...]

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Record batches in, a few record batches of sums out."""
        context = TaskContext.get()
        partition = 0 if context is None else context.partitionId()
        moments = dict.fromkeys(self.numbers, Moments())
        counts: dict[str, Counter[str]] = {name: Counter() for name in self.words}
        rows = 0
        for batch in batches:
            rows += batch.num_rows
            for name in self.numbers:
                values = batch.column(name).drop_null().to_numpy(zero_copy_only=False)
                moments[name] += Moments.of(values)
            for name in self.words:
                found = batch.column(name).drop_null().value_counts()
                values, numbers = found.field("values").to_pylist(), found.field("counts").to_pylist()
                counts[name].update(dict(zip(values, numbers, strict=True)))
            if sum(map(len, counts.values())) > MOST_KEPT:
                yield _as_batch(partition, _of_counts(counts))
                counts = {name: Counter() for name in self.words}
        of_numbers = [
            (name, None, one.n, one.mean, one.m2, one.least, one.greatest) for name, one in moments.items() if one.n
        ]
        yield _as_batch(partition, [(None, None, rows, None, None, None, None), *of_numbers, *_of_counts(counts)])


def _of_counts(counts: Mapping[str, Counter[str]]) -> list[tuple]:
    return [(name, value, n, None, None, None, None) for name, held in counts.items() for value, n in held.items()]


def _as_batch(partition: int, rows: Sequence[tuple]) -> pa.RecordBatch:
    columns = list(zip(*((partition, *row) for row in rows), strict=True))
    kinds = (pa.int32(), pa.string(), pa.string(), pa.int64(), *[pa.float64()] * 4)
    names = [field.split()[0] for field in SUMS.split(", ")]
    arrays = [pa.array(column, kind) for column, kind in zip(columns or [()] * len(kinds), kinds, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, names=names)


def counted(frame: DataFrame, numbers: Sequence[str], words: Sequence[str], limit: int) -> Counted:
    """Moments and counts of a part, in one pass over it.

    Sums of partitions are added in the order of the partitions, so the same files give the same numbers to the bit.

    Args:
        frame: checked rows.
        numbers: columns of which moments are taken.
        words: columns whose values are counted.
        limit: values kept of such a column.
    """
    sums = mapped(frame, Summed(tuple(numbers), tuple(words)), SUMS).cache()
    try:
        single = sums.where(F.col("value").isNull()).collect()
        totals = sums.where(F.col("value").isNotNull()).groupBy("column", "value").agg(F.sum("n").alias("n"))
        by_count = Window.partitionBy("column").orderBy(F.desc("n"), "value")
        whole = Window.partitionBy("column")
        ranked = totals.select(
            "*",
            F.row_number().over(by_count).alias("place"),
            F.count(F.lit(1)).over(whole).alias("distinct"),
            F.sum("n").over(whole).alias("there"),
        )
        most = ranked.where(F.col("place") <= limit).orderBy("column", "place").collect()
    finally:
        sums.unpersist()
    rows = sum(row["n"] for row in single if row["column"] is None)
    moments = {name: _added(row for row in single if row["column"] == name) for name in numbers}
    values = {name: {row["value"]: row["n"] for row in most if row["column"] == name} for name in words}
    first = {row["column"]: row for row in most if row["place"] == 1}
    distinct = {name: first[name]["distinct"] if name in first else 0 for name in words}
    missing = {name: rows - one.n for name, one in moments.items()}
    missing |= {name: rows - (first[name]["there"] if name in first else 0) for name in words}
    return Counted(rows, moments, values, distinct, missing)


def _added(rows: Iterable) -> Moments:
    """Moments of partitions, added in their order."""
    total = Moments()
    for row in sorted(rows, key=lambda row: row["partition"]):
        total += Moments(row["n"], row["mean"], row["m2"], row["least"], row["greatest"])
    return total
