"""Two arms on many data sets: the signed-rank test, Holm's correction, effect sizes and a bootstrap interval."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from scipy import stats

from qml.base.errors import ShapeError
from qml.base.seeds import generator
from qml.bench.statistics import CONFIDENCE, ROUNDING

RESAMPLES = 9999
EXACT, EXACT_WITH_TIES = 50, 13
"""Up to so many differences the signed-rank test is exact, as `scipy.stats.wilcoxon` has it."""
Zeros = Literal["split", "drop"]


@dataclass(frozen=True)
class SignedRank:
    """Wilcoxon's signed-rank test of differences against a median of zero.

    Args:
        plus, minus: sums of the ranks of sizes, of positive and of negative differences.
        wins, ties, losses: how many differences are positive, zero, negative.
        p: two-sided probability under the null of symmetry about zero.
    """

    plus: float
    minus: float
    wins: int
    ties: int
    losses: int
    p: float

    @property
    def statistic(self) -> float:
        """The smaller of the two sums, as tables of critical values have it."""
        return min(self.plus, self.minus)

    @property
    def rank_biserial(self) -> float:
        """Effect size in -1..1: the share of rank mass in favour less the share against (Kerby 2014)."""
        total = self.plus + self.minus
        return (self.plus - self.minus) / total if total else 0.0


def signed_rank(differences: np.ndarray | Sequence[float], zeros: Zeros = "split") -> SignedRank:
    """The signed-rank test of `differences`, positive where the first arm is better.

    Sizes are ranked, equal sizes share their mean rank. Zeros are ranked too and their ranks split evenly ("split",
    as Demšar has it), or left out ("drop", Wilcoxon's own way). Exact for up to 50 differences without ties or zeros
    and by all sign changes for up to 13 with them; beyond, the normal approximation corrected for ties.

    It says nothing of size, and fewer than six differences can never fall below 5 %.

    Args:
        differences: `(D,)`, one a data set.
        zeros: what is done with differences of zero.

    Raises:
        ShapeError: no differences, or one that is not finite.

    References:
        Wilcoxon, Biometrics Bulletin 1, 80 (1945); Demšar, JMLR 7, 1 (2006), section 3.1.3. Kerby, Comprehensive
        Psychology 3, 11.IT.3.1 (2014) for the effect size.

    Example:
        >>> test = signed_rank([0.03, 0.01, 0.02, 0.05, 0.04, -0.01, 0.06])
        >>> test.plus, test.minus, test.p
        (26.5, 1.5, 0.046875)
    """
    differences = row_of(differences)
    used = differences[differences != 0] if zeros == "drop" else differences
    ranks = stats.rankdata(np.abs(used))
    rest = ranks[used == 0].sum() / 2
    plus, minus = float(ranks[used > 0].sum() + rest), float(ranks[used < 0].sum() + rest)
    wins, losses = int((differences > 0).sum()), int((differences < 0).sum())
    p = 1.0
    if wins + losses:
        tied = len(np.unique(ranks)) < len(ranks) or wins + losses < len(used)
        if len(used) <= (EXACT_WITH_TIES if tied else EXACT):
            p = _exact(ranks[used != 0], abs(plus - minus))
        else:
            method = {"split": "zsplit", "drop": "wilcox"}[zeros]
            found: Any = stats.wilcoxon(differences, zero_method=method, method="asymptotic")
            p = float(found.pvalue)
    return SignedRank(plus, minus, wins, len(differences) - wins - losses, losses, p)


def _exact(ranks: np.ndarray, gap: float) -> float:
    """Share of all sign changes whose sums differ by `gap` or more."""
    shares = sum_shares(np.rint(2 * ranks).astype(int))  # doubled, a shared rank is an integer too
    sums = np.arange(len(shares))
    return float(min(1.0, shares[np.abs(2 * sums - sums[-1]) >= 2 * gap - 0.5].sum()))


def sum_shares(ranks: Iterable[int]) -> np.ndarray:
    """Distribution of the sum of the positive ones when each of the integers `ranks` has a random sign.

    Returns:
        Probability of each sum from 0 to that of all ranks.

    Example:
        >>> sum_shares([1, 2]).tolist()
        [0.25, 0.25, 0.25, 0.25]
    """
    ranks = [int(rank) for rank in ranks]
    shares = np.zeros(sum(ranks) + 1)
    shares[0] = 1.0
    for rank in ranks:
        moved = np.zeros_like(shares)
        moved[rank:] = shares[: len(shares) - rank]
        shares = (shares + moved) / 2
    return shares


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Holm's step-down correction: each p-value as it counts among all of them.

        p_(i) -> max_{j <= i} min(1, (m - j + 1) p_(j))

    It keeps the chance of any false claim among the m at the level, whatever their dependence.

    Raises:
        ShapeError: a value outside 0..1.

    References:
        Holm, Scandinavian Journal of Statistics 6, 65 (1979).

    Example:
        >>> holm([0.01, 0.04, 0.03])
        (0.03, 0.06, 0.06)
    """
    found = np.asarray(p_values, dtype=np.float64)
    if found.ndim != 1 or not ((found >= 0) & (found <= 1)).all():
        raise ShapeError(f"holm got {list(p_values)}; it needs a list of probabilities between 0 and 1.")
    order = np.argsort(found, kind="stable")
    steps = np.minimum(1.0, found[order] * np.arange(len(found), 0, -1))
    adjusted = np.empty_like(found)
    adjusted[order] = np.maximum.accumulate(steps) if len(found) else steps
    return tuple(float(p) for p in adjusted)


def bca(
    values: np.ndarray | Sequence[float],
    statistic: Callable[..., np.ndarray] = np.mean,
    *,
    confidence: float = CONFIDENCE,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> tuple[float, float]:
    """Bootstrap interval of a statistic over data sets, bias-corrected and accelerated.

    Not for fewer than about ten values, where it is too short; there it is no more than a description.

    Args:
        values: `(D,)`, one a data set.
        statistic: with an `axis` argument, such as `np.mean` or `np.median`.
        confidence: of the interval.
        resamples: how many.
        seed: which draw; equal for equal arguments.

    Returns:
        Both ends; infinite where there is no interval: one value, or all equal.

    References:
        Efron, J. Am. Stat. Assoc. 82, 171 (1987); `scipy.stats.bootstrap`.

    Example:
        >>> lo, hi = bca([0.01, 0.02, 0.05, 0.03, 0.00, 0.02, 0.04, 0.01, 0.03, 0.02])
        >>> 0.01 < lo < 0.02 < hi < 0.04
        True
    """
    values = row_of(values)
    if np.ptp(values) <= ROUNDING * np.abs(values).max():
        return -math.inf, math.inf
    found = stats.bootstrap(
        (values,),
        statistic,
        confidence_level=confidence,
        n_resamples=resamples,
        method="BCa",
        vectorized=True,
        rng=generator(seed, "bca", len(values)),
    )
    lo, hi = (float(end) for end in found.confidence_interval)
    return (lo, hi) if math.isfinite(lo) and math.isfinite(hi) else (-math.inf, math.inf)


def standardised(differences: np.ndarray | Sequence[float]) -> float:
    """Mean of paired differences `(D,)` over their standard deviation (Cohen's d of pairs); NaN where it has none.

    Example:
        >>> round(standardised([0.01, 0.02, 0.03]), 6)
        2.0
    """
    differences = row_of(differences)
    if len(differences) < 2 or np.ptp(differences) <= ROUNDING * np.abs(differences).max():
        return math.nan
    return float(differences.mean() / differences.std(ddof=1))


def row_of(values: np.ndarray | Sequence[float]) -> np.ndarray:
    """Finite numbers `(D,)`, at least one.

    Raises:
        ShapeError: something else.
    """
    found = np.asarray(values, dtype=np.float64)
    if found.ndim != 1 or not len(found) or not np.isfinite(found).all():
        raise ShapeError(f"One finite number a data set is needed, at least one; got shape {found.shape}.")
    return found
