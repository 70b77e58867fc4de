"""Parts taken out of the training rows by a hash of seed and row number: exact sizes, and no list of rows is kept.

The key of row `i` is a bijection of 64-bit integers (splitmix64) applied to `i` and the seed, so no two rows share a
key, and a part is an interval of keys. Which rows belong to it is computed anew for each row group that is read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from qml.base.errors import ConfigError, DataError
from qml.base.seeds import derive
from qml.data.stream.layout import Layout
from qml.data.table import share

TOP = 1 << 64
CHUNK = 1 << 18
_STEPS = ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB))


def row_keys(first: int, count: int, key_seed: int) -> np.ndarray:
    """`(count,)` uint64 keys of the rows `first`, `first + 1`, ...; no two rows of a seed share one.

    Example:
        >>> keys = row_keys(0, 1000, 7)
        >>> len(np.unique(keys)), bool((row_keys(500, 500, 7) == keys[500:]).all())
        (1000, True)
    """
    with np.errstate(over="ignore"):
        keys = (np.arange(first, first + count, dtype=np.uint64) + np.uint64(key_seed)) * np.uint64(0x9E3779B97F4A7C15)
        for shift, factor in _STEPS:
            keys = (keys ^ (keys >> np.uint64(shift))) * np.uint64(factor)
        return keys ^ (keys >> np.uint64(31))


def in_interval(first: int, count: int, key_seed: int, interval: tuple[int, int]) -> np.ndarray:
    """`(count,)` bool: which rows from `first` on have keys in `low <= key < high`."""
    low, high = interval
    keys = row_keys(first, count, key_seed)
    above = keys >= np.uint64(low)
    return above if high == TOP else above & (keys < np.uint64(high))


def carved(layouts: Mapping[str, Layout], shares: Mapping[str, float], seed: int) -> dict[str, Layout]:
    """The layouts with further parts taken out of "train", each of exactly its share of those rows (rounded).

    Args:
        layouts: part -> its row groups.
        shares: new part -> share of the training rows, 0 < share < 1.
        seed: which rows.

    Raises:
        ConfigError: a part that is there already, or shares that leave no training row.
        DataError: a part would be empty.
    """
    train = layouts["train"]
    for part, value in shares.items():
        share(value, f"shares.{part}")
        if part in layouts:
            raise ConfigError(f"shares={{{part!r}: {value}}} was asked for; the files have a part {part!r} already.")
    if sum(shares.values()) >= 1:
        raise ConfigError(f"shares={dict(shares)} leave no row to train on. Give less than 1 together.")
    key_seed = derive(seed, "shares")
    counts = [round(value * train.n_rows) for value in shares.values()]
    if min(counts) == 0 or sum(counts) >= train.n_rows:
        raise DataError(
            f"{train.n_rows} training rows were to give shares={dict(shares)}; a part would hold no row. Give each "
            "part at least one, and leave one to train on."
        )
    edges = [0, *_thresholds(train, key_seed, np.cumsum(counts)), TOP]
    rows_PG = _counts(train, key_seed, edges)
    names = [*shares, "train"]
    parts = {}
    for place, part in enumerate(names):
        interval = (edges[place], edges[place + 1])
        parts[part] = replace(train, rows_G=rows_PG[place], interval=interval, key_seed=key_seed)
    return {"train": parts.pop("train"), **parts, **{name: layouts[name] for name in layouts if name != "train"}}


def _chunks(layout: Layout, key_seed: int) -> Iterator[np.ndarray]:
    """The keys of all rows, a chunk at a time."""
    total = int(layout.stored_G.sum())
    for first in range(0, total, CHUNK):
        yield row_keys(first, min(CHUNK, total - first), key_seed)


def _thresholds(layout: Layout, key_seed: int, ranks: np.ndarray) -> list[int]:
    """For each rank the key below which exactly so many rows lie, by counting top bits and looking into one bin."""
    counts = np.zeros(1 << 16, np.int64)
    for keys in _chunks(layout, key_seed):
        counts += np.bincount((keys >> np.uint64(48)).astype(np.int64), minlength=1 << 16)
    below = np.concatenate([[0], np.cumsum(counts)])
    bins = np.searchsorted(below, ranks, side="right") - 1
    inside: dict[int, list[np.ndarray]] = {int(place): [] for place in bins}
    for keys in _chunks(layout, key_seed):
        tops = (keys >> np.uint64(48)).astype(np.int64)
        for place, found in inside.items():
            found.append(keys[tops == place])
    found = []
    for rank, place in zip(ranks.tolist(), bins.tolist(), strict=True):
        ordered = np.sort(np.concatenate(inside[place]))
        behind = rank - int(below[place])
        found.append(int(ordered[behind]) if behind < len(ordered) else (place + 1) << 48)
    return found


def _counts(layout: Layout, key_seed: int, edges: list[int]) -> np.ndarray:
    """`(P, G)` rows of each part in each row group."""
    first_G = layout.stored_first_G
    inner = np.array(edges[1:-1], np.uint64)
    rows_PG = np.zeros((len(edges) - 1, len(layout.stored_G)), np.int64)
    for group, stored in enumerate(layout.stored_G.tolist()):
        parts = np.searchsorted(inner, row_keys(int(first_G[group]), stored, key_seed), side="right")
        rows_PG[:, group] = np.bincount(parts, minlength=len(edges) - 1)
    return rows_PG


def rows_of(layouts: Mapping[str, Layout], split: str) -> np.ndarray:
    """`(n,)` int64 numbers of the rows of a part, counted over the files of all parts end to end.

    Parts that were taken out of "train" are counted among its files.
    """
    layout = layouts[split]
    before, counted = 0, False
    for name, other in layouts.items():
        if name == split or (other.interval is not None and layout.interval is not None):
            break
        if other.interval is None or not counted:  # all that were carved out of one part share its files
            before += int(other.stored_G.sum())
        counted = counted or other.interval is not None
    total = int(layout.stored_G.sum())
    if layout.interval is None:
        return np.arange(before, before + total)
    chunks = range(0, total, CHUNK)
    kept = [in_interval(first, min(CHUNK, total - first), layout.key_seed, layout.interval) for first in chunks]
    return before + np.flatnonzero(np.concatenate(kept))
