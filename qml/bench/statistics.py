"""Intervals of paired differences, by two designs: new random splits for each seed, or one fixed test set."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from scipy import special, stats

from qml.base.errors import ShapeError

CONFIDENCE = 0.95
POWER = 0.80
ROUNDING = 1e-9
CALIBRATION_BINS = 15
"""Bins of the metric "calibration_error" (`qml.learn.metrics`), which a test holds equal to this number."""


@dataclass(frozen=True)
class Estimate:
    """A mean with its interval, in the units of what went in.

    Args:
        values: one number a seed.
        mean: their mean.
        se: standard error of the mean under the design. Equal numbers in every seed tell nothing of their spread,
            so 0 gives no interval, as one seed does.
        df: degrees of freedom of the t distribution.
        lo, hi: ends of the 95 % interval; infinite where there is none.
        visible: smallest true difference that this design finds with 80 % power at the 5 % level.
        design: "splits" (new random split for each seed) or "fixed" (one test set for all seeds).
        limit: largest size that the number can have, such as 1 for a difference of shares; the interval ends there.
    """

    values: tuple[float, ...]
    mean: float
    se: float
    df: float
    design: str
    limit: float = math.inf
    lo: float = field(init=False)
    hi: float = field(init=False)
    visible: float = field(init=False)

    def __post_init__(self) -> None:
        if self.known:
            t = float(stats.t.ppf((1 + CONFIDENCE) / 2, self.df))
            reach, visible = t * self.se, (t + float(stats.t.ppf(POWER, self.df))) * self.se
        else:
            reach = visible = math.inf
        beyond = -math.inf if not self.known else -self.limit  # no interval stays none
        object.__setattr__(self, "lo", max(self.mean - reach, beyond))
        object.__setattr__(self, "hi", min(self.mean + reach, -beyond))
        object.__setattr__(self, "visible", visible)

    @property
    def known(self) -> bool:
        """Whether there is an interval at all."""
        return math.isfinite(self.se) and self.se > 0

    def posterior(self, rope: float) -> tuple[float, float, float]:
        """Probabilities that the true value lies below, in and above the band of +- `rope`.

        The correlated t-test of Corani and Benavoli (Machine Learning 100, 285, 2015): a t distribution around the
        mean with the design's standard error. For reading only; no word of a report follows from it.

        Example:
            >>> est = over_splits([0.02, 0.03, 0.04], n_train=800, n_test=200)
            >>> [round(p, 3) for p in est.posterior(0.01)]
            [0.017, 0.043, 0.94]
        """
        if not self.known:
            return math.nan, math.nan, math.nan
        below = float(stats.t.cdf(-rope, self.df, self.mean, self.se))
        above = float(stats.t.sf(rope, self.df, self.mean, self.se))
        return below, max(0.0, 1 - below - above), above


def over_splits(values: np.ndarray | list[float], n_train: float, n_test: float) -> Estimate:
    """Estimate when every seed is a new random split of one data set.

        se^2 = var (1/J + n_test/n_train),    J - 1 degrees of freedom

    Two splits share rows, so the plain 1/J is too small (Nadeau and Bengio, Machine Learning 52, 239, 2003). Their
    correlation is taken to be the share of rows that are tested on, n_test / (n_train + n_test), so rows that
    settings are chosen on count as learnt from. Not for one fixed test set: use `over_rows`.

    Args:
        values: `(J,)`, one number a seed; for two contestants the differences, paired by seed.
        n_train: rows learnt from or chosen on in one split: all that are not tested on; a mean where sizes differ.
        n_test: rows tested on in one split, likewise.

    Raises:
        ShapeError: no values, or a size below 1.

    Example:
        >>> est = over_splits([0.01, 0.03], n_train=80, n_test=20)
        >>> round(est.se, 6), est.df
        (0.012247, 1)
    """
    values = _row(values)
    if n_train < 1 or n_test < 1:
        raise ShapeError(f"over_splits got n_train={n_train}, n_test={n_test}; both need to be at least 1.")
    count = len(values)
    variance = _variance(values) * (1 / count + n_test / n_train) if count > 1 else math.inf
    return Estimate(tuple(values.tolist()), float(values.mean()), math.sqrt(variance), max(count - 1, 1), "splits")


def over_rows(values: np.ndarray | list[float], left_out: np.ndarray) -> Estimate:
    """Estimate over seeds and test rows together when all seeds share one test set.

    Both the seed and the choice of test rows move the score, and they cross: value = mean + seed + row + rest.
    With A = var over seeds / J (seed and rest), B = jackknife variance over rows of the mean over seeds (row
    and rest) and E = the rest alone, counted by both,

        se^2 = max(A + B - E, A, B),    t = (A t_{J-1} + R t_{G-1}) / (A + R),    R = max(B - E, 0)

    and df is that of the t distribution with this 97.5 % point: the quantiles of seeds and of rows, weighted as
    Cochran and Cox do, which errs on the safe side. With few seeds A is often small by chance; degrees of freedom
    by Satterthwaite would then be those of the rows, and the interval too short. It needs no resampling and works
    for every metric that can be computed on a part of the rows.

    Args:
        values: `(J,)`, one number a seed on all test rows; differences for two contestants.
        left_out: `(J, G)`, the same numbers with one of G equal blocks of test rows left out.

    Raises:
        ShapeError: shapes do not fit.

    References:
        Cochran and Cox, Experimental Designs (1950); Efron and Stein, Ann. Statist. 9, 586 (1981). The
        crossed design is that of Owen, Ann. Appl. Stat. 1, 386 (2007), whose bootstrap this replaces.

    Example:
        >>> over_rows([0.5, 0.7], np.array([[0.4, 0.6], [0.6, 0.8]])).design
        'fixed'
    """
    values = _row(values)
    left_out = np.asarray(left_out, dtype=np.float64)
    count = len(values)
    if left_out.ndim != 2 or len(left_out) != count or left_out.shape[1] < 2:
        raise ShapeError(
            f"over_rows got {count} values and left_out of shape {left_out.shape}; it needs ({count}, G), G >= 2."
        )
    if count < 2:
        return Estimate(tuple(values.tolist()), float(values.mean()), math.inf, 1, "fixed")
    blocks = left_out.shape[1]
    by_seed = _variance(values) / count
    by_row = _jackknife(left_out.mean(axis=0))
    each = float(np.mean([_jackknife(row) for row in left_out]))
    rest = max(0.0, (each - by_row) / (count - 1))
    variance = max(by_seed + by_row - rest, by_seed, by_row)
    df = _between(count - 1, blocks - 1, by_seed, max(by_row - rest, 0.0))
    return Estimate(tuple(values.tolist()), float(values.mean()), math.sqrt(variance), df, "fixed")


def _between(first: int, second: int, weight: float, other: float) -> float:
    """Degrees of freedom of the t whose quantile is the mean of those of `first` and `second`, weighted."""
    if weight + other == 0:
        return float(first)
    level = (1 + CONFIDENCE) / 2
    quantile = np.average(stats.t.ppf(level, [first, second]), weights=[weight, other])
    return float(special.stdtridf(level, quantile))


def _variance(values: np.ndarray) -> float:
    """Sample variance; 0 where the values differ by rounding alone, as differences of shares of rows may."""
    return 0.0 if np.ptp(values) <= ROUNDING * np.abs(values).max() else float(values.var(ddof=1))


def _jackknife(values: np.ndarray) -> float:
    """Jackknife variance of a statistic from its values with one block left out."""
    blocks = len(values)
    return float((blocks - 1) / blocks * np.sum((values - values.mean()) ** 2))


def _row(values: np.ndarray | list[float]) -> np.ndarray:
    values = np.asarray(values, dtype=np.float64)
    if values.ndim != 1 or not len(values) or not np.isfinite(values).all():
        raise ShapeError(f"An estimate needs one finite number a seed, at least one; it got shape {values.shape}.")
    return values


def wilson(right: int, rows: int) -> tuple[float, float]:
    """95 % interval of a share (Wilson, J. Am. Stat. Assoc. 22, 209, 1927).

    Example:
        >>> [round(v, 3) for v in wilson(8, 10)]
        [0.49, 0.943]
    """
    if rows < 1 or not 0 <= right <= rows:
        raise ShapeError(f"wilson got {right} of {rows}; it needs 0 <= right <= rows and at least one row.")
    z = float(stats.norm.ppf((1 + CONFIDENCE) / 2))
    share, scale = right / rows, 1 + z * z / rows
    middle = (share + z * z / (2 * rows)) / scale
    half = z * math.sqrt(share * (1 - share) / rows + z * z / (4 * rows * rows)) / scale
    return middle - half, middle + half


@dataclass(frozen=True)
class ReliabilityBin:
    """Rows whose confidence lies in one bin: mean confidence, share right, its Wilson interval, number of rows."""

    confidence: float
    right: float
    lo: float
    hi: float
    rows: int


def reliability(
    probabilities: np.ndarray, targets: np.ndarray, bins: int = CALIBRATION_BINS
) -> tuple[ReliabilityBin, ...]:
    """Stated confidence against share right, in equal bins of confidence; empty bins are left out.

    Args:
        probabilities: `(N, C)`.
        targets: `(N,)` classes.
        bins: how many bins over 0..1.
    """
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == targets
    place = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    found = []
    for number in range(bins):
        inside = place == number
        rows = int(inside.sum())
        if rows:
            lo, hi = wilson(int(right[inside].sum()), rows)
            found.append(ReliabilityBin(float(confidence[inside].mean()), float(right[inside].mean()), lo, hi, rows))
    return tuple(found)


def calibration_error(probabilities: np.ndarray, targets: np.ndarray, bins: int = CALIBRATION_BINS) -> float:
    """Expected calibration error: mean distance of confidence from share right over bins, weighted by rows.

    Args:
        probabilities: `(N, C)`.
        targets: `(N,)` classes.
        bins: how many bins over 0..1.

    Example:
        >>> calibration_error(np.array([[1.0, 0.0], [1.0, 0.0]]), np.array([0, 1]))
        0.5
    """
    found = reliability(probabilities, targets, bins)
    rows = sum(item.rows for item in found)
    return sum(item.rows * abs(item.confidence - item.right) for item in found) / rows if rows else math.nan


def confusion(probabilities: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Counts `(C, C)`: rows are true classes, columns predicted ones.

    Example:
        >>> confusion(np.array([[0.9, 0.1], [0.8, 0.2]]), np.array([0, 1])).tolist()
        [[1, 0], [1, 0]]
    """
    classes = probabilities.shape[1]
    counts = np.zeros((classes, classes), dtype=np.int64)
    np.add.at(counts, (targets.astype(int), probabilities.argmax(axis=1)), 1)
    return counts
