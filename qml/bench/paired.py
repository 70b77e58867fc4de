"""Two arms on many data sets: the signed-rank test, Holm's correction, effect sizes and a bootstrap interval."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import stats

from qml.base.errors import ShapeError
from qml.base.seeds import generator
from qml.bench.statistics import CONFIDENCE, ROUNDING

RESAMPLES = 9999
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
        (26.5, 1.5, 0.03125)
    """
    differences = row_of(differences)
    used = differences[differences != 0] if zeros == "drop" else differences
    ranks = stats.rankdata(np.abs(used))
    rest = ranks[used == 0].sum() / 2
    plus, minus = float(ranks[used > 0].sum() + rest), float(ranks[used < 0].sum() + rest)
    wins, losses = int((differences > 0).sum()), int((differences < 0).sum())
    p = 1.0
    if wins + losses:
        method = {"split": "zsplit", "drop": "wilcox"}[zeros]
        p = float(stats.wilcoxon(differences, zero_method=method).pvalue)
    return SignedRank(plus, minus, wins, len(differences) - wins - losses, losses, p)


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
