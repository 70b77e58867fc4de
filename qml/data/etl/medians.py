"""Medians by counting: exact for any number of rows, in memory that does not grow with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from qml.base.extras import require
from qml.data.etl.reading import named
from qml.data.etl.session import hushed, mapped

require("pyspark", extra="spark", purpose="qml.data.etl")
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

AT_ONCE = 32
"""Columns that are counted in one pass: a worker holds 65,536 counts of each."""
HALF, BINS = 16, 2**16
COUNTS = "column int, prefix int, bin int, n bigint"
COUNT_NAMES = [field.split()[0] for field in COUNTS.split(", ")]
Histograms = Mapping[tuple[int, int], tuple[np.ndarray, np.ndarray]]
"""(column, prefix) -> the bins that are not empty, and how many values lie in them or before."""


def medians(frame: DataFrame, columns: Sequence[str], shift: np.ndarray) -> np.ndarray:
    """The medians of columns of numbers, missing ones left out; the mean of the two in the middle of an even number.

    A float32 is 32 bits that can be ordered like a whole number. The first pass counts their upper halves, which tells
    in which of 65,536 bins the middle lies; the second counts the lower halves within that bin.

    Args:
        frame: rows with these columns, each with a value at least.
        columns: `D` of them.
        shift: `(D,)` what is subtracted of the values before they are rounded to float32.

    Returns:
        `(D,)` float32, of the shifted values.
    """
    found: list[float] = []
    for first in range(0, len(columns), AT_ONCE):
        names, moved = tuple(columns[first : first + AT_ONCE]), shift[first : first + AT_ONCE]
        upper = _histograms(frame, Halves(names, moved))
        middles = {}
        for column in range(len(names)):
            n = int(upper[column, 0][1][-1])
            middles[column] = [_bin(upper[column, 0], rank) for rank in ((n - 1) // 2, n // 2)]
        prefixes = {column: tuple(sorted({prefix for prefix, _ in pair})) for column, pair in middles.items()}
        lower = _histograms(frame, Halves(names, moved, prefixes))
        for column, pair in middles.items():
            keys = [(prefix << HALF) + _bin(lower[column, prefix], rank)[0] for prefix, rank in pair]
            found.append(float(_numbers(np.array(keys)).astype(np.float64).mean()))
    return np.array(found, np.float32)


def _bin(histogram: tuple[np.ndarray, np.ndarray], rank: int) -> tuple[int, int]:
    """The bin of the value of a rank, and its rank within that bin."""
    bins, until = histogram
    place = int(np.searchsorted(until, rank, side="right"))
    return int(bins[place]), rank - (int(until[place - 1]) if place else 0)


def _histograms(frame: DataFrame, halves: Halves) -> Histograms:
    """How often each half occurs, counted in one pass."""
    counts = mapped(frame.select(*map(named, halves.columns)), halves, COUNTS)
    with hushed():
        table = counts.groupBy("column", "prefix", "bin").agg(F.sum("n").alias("n")).toArrow()
    column, prefix, bins, n = (table.column(name).to_numpy() for name in ("column", "prefix", "bin", "n"))
    found = {}
    for key in sorted(set(zip(column.tolist(), prefix.tolist(), strict=True))):
        here = np.flatnonzero((column == key[0]) & (prefix == key[1]))
        here = here[np.argsort(bins[here])]
        found[key] = bins[here], np.cumsum(n[here])
    return found


@dataclass(frozen=True, eq=False)
class Halves:
    """Rows to counts of the halves of their numbers' bits, one partition at a time; Spark hands it to its workers.

    Args:
        columns: that are counted.
        shift: `(D,)` subtracted of the values before they are rounded to float32.
        prefixes: column -> upper halves whose lower halves are counted; None counts the upper ones.
    """

    columns: tuple[str, ...]
    shift: np.ndarray
    prefixes: Mapping[int, tuple[int, ...]] | None = None

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Record batches in, one record batch of counts out."""
        counts: dict[tuple[int, int], np.ndarray] = {}
        for batch in batches:
            for column, name in enumerate(self.columns):
                keys = _keys(batch.column(name).drop_null().to_numpy(zero_copy_only=False) - self.shift[column])
                for prefix in (0,) if self.prefixes is None else self.prefixes[column]:
                    halves = keys >> HALF if self.prefixes is None else keys[keys >> HALF == prefix] & (BINS - 1)
                    counts.setdefault((column, prefix), np.zeros(BINS, np.int64))
                    counts[column, prefix] += np.bincount(halves, minlength=BINS)
        for (column, prefix), n in counts.items():
            bins = np.flatnonzero(n)
            arrays = [np.full(len(bins), column, np.int32), np.full(len(bins), prefix, np.int32), bins.astype(np.int32)]
            yield pa.RecordBatch.from_arrays([*map(pa.array, arrays), pa.array(n[bins])], names=COUNT_NAMES)


def _keys(values: np.ndarray) -> np.ndarray:
    """`(N,)` int64 in 0 .. 2**32 - 1 in the order of the values as float32."""
    bits = (values.astype(np.float32) + np.float32(0)).view(np.uint32).astype(np.int64)  # -0 becomes 0
    return np.where(bits >> 31, 2**32 - 1 - bits, bits + 2**31)


def _numbers(keys: np.ndarray) -> np.ndarray:
    """The float32 numbers of keys."""
    bits = np.where(keys >= 2**31, keys - 2**31, 2**32 - 1 - keys)
    return bits.astype(np.uint32).view(np.float32)
