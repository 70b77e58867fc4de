"""What a design over several data sets could have seen: power of the signed-rank test, and the smallest difference."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from scipy import stats

from qml.base.errors import ShapeError
from qml.base.seeds import generator
from qml.bench.paired import row_of, sum_shares
from qml.bench.statistics import POWER, ROUNDING

DRAWS = 4000
HALVINGS = 40


@lru_cache(maxsize=256)
def critical_sum(count: int, level: float) -> int | None:
    """Largest smaller rank sum at which the signed-rank test of `count` differences is below `level`, two-sided.

    By the exact distribution without ties. None where even the smallest sum, 0, is not below: for `count` below six
    at 5 %.

    Example:
        >>> critical_sum(14, 0.05), critical_sum(6, 0.05), critical_sum(5, 0.05)
        (21, 0, None)
    """
    shares = sum_shares(range(1, count + 1))
    reached = np.nonzero(2 * np.cumsum(shares) <= level)[0]
    return int(reached[-1]) if len(reached) else None


def power(
    differences: np.ndarray | Sequence[float],
    shift: float | Sequence[float],
    level: float = 0.05,
    *,
    draws: int = DRAWS,
    seed: int = 0,
) -> np.ndarray:
    """Chance that the signed-rank test says "better" if the true difference were `shift` on every data set.

    New sets of data sets are drawn: each difference is the shift plus a residual of `differences` about their median,
    with a random sign (the null of the test is symmetry). Residuals are drawn with replacement, so that `level` is
    kept to about a tenth of itself; the answer tells what a design can see, to two figures.

    Args:
        differences: `(D,)`, one a data set, as measured.
        shift: one true difference, or several.
        level: two-sided; for one of m contrasts under Holm's correction level / m is the strictest that it may meet.
        draws: how many sets of data sets.
        seed: which draws; the same for every shift, so that the answer rises with it.

    Returns:
        One chance for each shift `(N,)`.

    Raises:
        ShapeError: no differences, or a level outside (0, 1).
    """
    differences = row_of(differences)
    if not 0 < level < 1:
        raise ShapeError(f"power got level={level}; it must lie between 0 and 1, such as 0.05.")
    shifts = np.atleast_1d(np.asarray(shift, dtype=np.float64))
    worst = critical_sum(len(differences), level)
    if worst is None:
        return np.zeros(len(shifts))
    noise = _noise(differences, draws, seed)
    return np.array([_found(noise + one, worst) for one in shifts])


def visible(
    differences: np.ndarray | Sequence[float],
    level: float = 0.05,
    *,
    wanted: float = POWER,
    draws: int = DRAWS,
    seed: int = 0,
) -> float:
    """Smallest true difference that the design finds with the wanted power, 80 % as it stands.

    Args:
        differences: `(D,)`, one a data set, as measured.
        level: two-sided; see `power`.
        wanted: chance of finding it.
        draws: how many sets of data sets.
        seed: which draws.

    Returns:
        In the units of the differences. Infinite where no difference could be seen: too few data sets for the level,
        or all differences equal, which tells nothing of their spread.

    Example:
        >>> visible([0.01, -0.02, 0.03, 0.0, 0.02]) == math.inf
        True
    """
    differences = row_of(differences)
    worst = critical_sum(len(differences), level)
    if worst is None or np.ptp(differences) <= ROUNDING * np.abs(differences).max():
        return math.inf
    noise = _noise(differences, draws, seed)
    low, high = 0.0, float(np.abs(noise).max()) * (1 + ROUNDING)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if _found(noise + middle, worst) >= wanted else (middle, high)
    return high


def _noise(differences: np.ndarray, draws: int, seed: int) -> np.ndarray:
    """Residuals with random signs `(draws, D)`; a trace of uniform noise keeps sizes apart."""
    rng = generator(seed, "power", len(differences))
    residuals = differences - np.median(differences)
    size = (draws, len(differences))
    drawn = rng.choice(residuals, size) * rng.choice((-1.0, 1.0), size)
    return drawn + 1e-6 * max(float(np.abs(residuals).max()), 1e-300) * rng.uniform(-1, 1, size)


def _found(values: np.ndarray, worst: int) -> float:
    """Share of rows whose rank sum of negative values is at most `worst`."""
    ranks = stats.rankdata(np.abs(values), axis=1)
    return float(np.mean(np.where(values < 0, ranks, 0.0).sum(axis=1) <= worst))
