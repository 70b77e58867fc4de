"""Two arms on one test set, row by row: McNemar's test, also where several fits have answered the same rows."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import stats

from qml.base.errors import ShapeError
from qml.bench.paired import sum_shares

EXACT = 500
"""Up to so many rows on which the arms differ, every change of sign is counted."""


@dataclass(frozen=True)
class McNemar:
    """Rows that one arm answers rightly and the other wrongly.

    Args:
        only_first: answers that the first arm alone has right.
        only_second: that the second alone has right.
        answers: answers compared: rows, times fits.
        rows: different rows among them.
        p: two-sided probability under the null that both arms are right equally often.
    """

    only_first: int
    only_second: int
    answers: int
    rows: int
    p: float

    @property
    def difference(self) -> float:
        """Accuracy of the first arm less that of the second."""
        return (self.only_first - self.only_second) / self.answers


def mcnemar(first: np.ndarray, second: np.ndarray, rows: np.ndarray | None = None) -> McNemar:
    """McNemar's test of two arms from what they had right.

    With several answers a row, as when every seed has answered the same rows, answers to one row go together and plain
    pooling would count each row anew. So rows are the clusters,

        d_r = right answers of the first less of the second on row r

    and under the null each d_r has either sign equally often. Up to `EXACT` rows with d_r other than 0 all changes of
    sign are counted; beyond, z = sum_r d_r / sqrt(sum_r d_r^2) is taken as normal. With one answer a row that is
    the binomial test, exact for any number of rows. A fit that is written down twice changes nothing.

    It speaks about these fitted models on rows like these, not about training them again: for that use
    `statistics.over_splits` or `statistics.over_rows`.

    Args:
        first: whether the answers of the first arm are right `(N,)`, or `(S, N)` for S fits on the same N rows.
        second: likewise for the second arm.
        rows: which row each answer is about `(N,)`, or `(S, N)`; None numbers the last axis.

    Raises:
        ShapeError: shapes that do not fit, no answer, or values that are not true or false.

    References:
        McNemar, Psychometrika 12, 153 (1947); Dietterich, Neural Computation 10, 1895 (1998). For clusters:
        Durkalski et al., Statistics in Medicine 22, 2417 (2003), its statistic; changes of sign as in Fisher's
        randomisation of pairs, The Design of Experiments (1935), section 21.

    Example:
        >>> found = mcnemar(np.array([1, 1, 1, 1, 0, 1]), np.array([0, 0, 1, 0, 0, 0]))
        >>> found.only_first, found.only_second, found.p
        (4, 0, 0.125)
    """
    first, second = np.asarray(first), np.asarray(second)
    if first.shape != second.shape or first.ndim not in (1, 2) or not first.size:
        raise ShapeError(f"mcnemar got answers of shapes {first.shape} and {second.shape}; both need (N,) or (S, N).")
    if not all(np.isin(side, (0, 1)).all() for side in (first, second)):
        raise ShapeError("mcnemar needs for each answer whether it is right: true or false, or 1 or 0.")
    numbers = np.arange(first.shape[-1]) if rows is None else np.asarray(rows)
    if numbers.shape not in (first.shape, first.shape[-1:]):
        raise ShapeError(f"mcnemar got rows of shape {numbers.shape} for answers of shape {first.shape}.")
    each = first.astype(int).ravel() - second.astype(int).ravel()
    which, place = np.unique(np.broadcast_to(numbers, first.shape).ravel(), return_inverse=True)
    better, worse = int((each > 0).sum()), int((each < 0).sum())
    of_row = np.rint(np.bincount(place, weights=each, minlength=len(which))).astype(int)
    return McNemar(better, worse, each.size, len(which), _p_of(of_row[of_row != 0]))


def _p_of(of_row: np.ndarray) -> float:
    """Two-sided probability of so large a sum of the integers `of_row`, none of them 0, when each may change sign."""
    if not of_row.size:
        return 1.0
    of_row = of_row // np.gcd.reduce(of_row)
    plus, total = int(of_row[of_row > 0].sum()), int(np.abs(of_row).sum())
    if total == of_row.size:
        return float(stats.binomtest(plus, total, 0.5).pvalue)
    if of_row.size > EXACT:
        return float(2 * stats.norm.sf(abs(2 * plus - total) / math.sqrt(np.square(of_row).sum())))
    shares, sums = sum_shares(np.abs(of_row)), np.arange(total + 1)
    return float(min(1.0, shares[np.abs(2 * sums - total) >= abs(2 * plus - total)].sum()))
