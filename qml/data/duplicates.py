"""Rows that occur in more than one part of a split: counted and told, never dropped in silence."""

from __future__ import annotations

import numpy as np

from qml.data.splits import Split

CHUNK = 65_536


def row_keys(rows: np.ndarray) -> np.ndarray:
    """`(N,)` int64, equal for equal rows (by the hash of their bytes; a chance match is one in 10**18 pairs).

    The keys hold within this process only.

    Example:
        >>> keys = row_keys(np.array([[1, 2], [3, 4], [1, 2]]))
        >>> bool(keys[0] == keys[2]), bool(keys[0] == keys[1])
        (True, False)
    """
    if rows.dtype == object:
        return np.fromiter(map(hash, rows), np.int64, len(rows))
    flat = np.ascontiguousarray(rows).reshape(len(rows), -1)
    if flat.dtype.kind == "f":
        flat = flat + flat.dtype.type(0)  # -0.0 and 0.0 are one value
    width = flat.shape[1] * flat.itemsize
    keys = np.empty(len(flat), np.int64)
    for first in range(0, len(flat), CHUNK):
        chunk = flat[first : first + CHUNK].view(np.dtype((np.void, width))).ravel()
        keys[first : first + CHUNK] = np.fromiter(map(hash, chunk.tolist()), np.int64, len(chunk))
    return keys


def groups_of_equal_rows(rows: np.ndarray) -> np.ndarray:
    """`(N,)` int64 groups of equal rows, numbered as they first occur: the same in every process.

    Example:
        >>> groups_of_equal_rows(np.array([[7], [3], [7], [5]]))
        array([0, 1, 0, 2])
    """
    return numbered(row_keys(rows))[0]


def numbered(keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Groups of equal `(n,)` keys, numbered as they first occur, whatever their order among themselves.

    Returns:
        `(n,)` int64 group of each row, and `(G,)` rows of each group.

    Example:
        >>> numbered(np.array([70, -3, 70, 5]))
        (array([0, 1, 0, 2]), array([2, 1, 1]))
    """
    _, first, inverse, sizes = np.unique(keys, return_index=True, return_inverse=True, return_counts=True)
    order = np.argsort(first)
    number = np.empty(len(first), np.int64)
    number[order] = np.arange(len(first))
    return number[inverse], sizes[order]


def shared_rows(keys: np.ndarray, split: Split) -> dict[str, int]:
    """How many rows of a part are equal, by their `(N,)` keys, to a row of an earlier part.

    Example:
        >>> split = Split({"train": np.array([0, 1]), "test": np.array([2])}, "by hand")
        >>> shared_rows(row_keys(np.array([[1], [2], [1]])), split)
        {'test in train': 1}
    """
    return {f"{later} in {earlier}": len(rows) for (later, earlier), rows in shared(keys, split).items()}


def shared(keys: np.ndarray, split: Split) -> dict[tuple[str, str], np.ndarray]:
    """(later part, earlier part) -> `(n,)` rows of the later one whose `(N,)` key occurs in the earlier one.

    Example:
        >>> split = Split({"train": np.array([0, 1]), "test": np.array([2])}, "by hand")
        >>> shared(row_keys(np.array([[1], [2], [1]])), split)
        {('test', 'train'): array([2])}
    """
    return {
        (later, earlier): split[later][np.isin(keys[split[later]], keys[split[earlier]])]
        for later, earlier in split.pairs
    }


def left_behind(sizes: np.ndarray, test: float = 0.2) -> float:
    """Expected share of test rows with an equal row outside, if `(G,)` groups of rows are dealt row by row.

    Args:
        sizes: rows of each group.
        test: share of the rows that are dealt to the test part.

    Example:
        >>> left_behind(np.array([1, 1])), left_behind(np.array([2]))
        (0.0, 0.8)
    """
    return float((sizes * (1 - test ** (sizes - 1.0))).sum() / sizes.sum())
