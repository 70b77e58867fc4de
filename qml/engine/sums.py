"""Sums whose order depends on shapes alone: the same numbers give the same bits on any number of threads."""

from __future__ import annotations

import numpy as np


def batch_sum(values_BT: np.ndarray) -> np.ndarray:
    """Sum over the first axis, pairwise: the first half of the rows plus the second half, again and again.

    Args:
        values_BT: `(B, T)`; left as it is.

    Returns:
        `(T,)` in the same dtype; zeros for an empty batch.

    Example:
        >>> batch_sum(np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]))
        array([ 9., 12.])
    """
    if len(values_BT) == 0:
        return np.zeros(values_BT.shape[1:], values_BT.dtype)
    while len(values_BT) > 1:
        half = len(values_BT) // 2
        summed = values_BT[:half] + values_BT[half : 2 * half]
        if len(values_BT) % 2:
            summed[0] += values_BT[-1]
        values_BT = summed
    return values_BT[0].copy()


def segment_sums(values_BT: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Sums of neighbouring columns, `(B, len(starts))`: segment `j` is `starts[j] : starts[j + 1]`, none empty."""
    if len(starts) == values_BT.shape[1]:
        return values_BT
    if len(values_BT) == 0:
        return np.zeros((0, len(starts)), values_BT.dtype)
    return np.add.reduceat(values_BT, starts, axis=1)
