"""Many arms on many data sets: Friedman's test, Nemenyi's, all against one, and what a diagram is drawn from."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import stats

from qml.base.errors import ShapeError
from qml.base.lazy import cached_property
from qml.base.registry import unknown
from qml.bench.paired import holm
from qml.bench.scores import Scores

LEVEL = 0.05
FEWEST_DATA = 5
"""Data sets below which a diagram of ranks shows nothing: its critical difference is nearly the whole axis."""


@dataclass(frozen=True)
class AgainstControl:
    """One arm's mean rank against that of a control that was singled out beforehand.

    Args:
        arm: which.
        z: mean rank of the control less that of the arm, over its standard error; positive where the arm is better.
        p: two-sided, by the normal approximation.
        corrected: the same after Holm's correction for all arms but the control.
    """

    arm: str
    z: float
    p: float
    corrected: float


@dataclass(frozen=True)
class Ranking:
    """Mean ranks of arms over data sets, and which of them the design can tell apart.

    Args:
        arms: best mean rank first.
        mean_ranks: of each arm, 1 is the best possible.
        n_data: data sets.
        ties: 1 less the share of rank variance that ties have taken; 1 without ties.
        level: of the family of all pairs.
    """

    arms: tuple[str, ...]
    mean_ranks: tuple[float, ...]
    n_data: int
    ties: float
    level: float = LEVEL

    @property
    def chi2_without_ties(self) -> float:
        """Friedman's statistic by his formula, ties not considered."""
        k, squares = len(self.arms), float(np.square(self.mean_ranks).sum())
        return 12 * self.n_data / (k * (k + 1)) * (squares - k * (k + 1) ** 2 / 4)

    @property
    def chi2(self) -> float:
        """Friedman's statistic corrected for ties; 0 where all arms are equal everywhere."""
        return self.chi2_without_ties / self.ties if self.ties > 0 else 0.0

    @property
    def p(self) -> float:
        """Probability of so large a `chi2` when all arms are alike, by its chi-squared approximation."""
        return float(stats.chi2.sf(self.chi2, len(self.arms) - 1))

    @property
    def f(self) -> float:
        """Iman and Davenport's statistic, less conservative than `chi2_without_ties`, from which it is made."""
        n, rest = self.n_data, self.n_data * (len(self.arms) - 1) - self.chi2_without_ties
        return (n - 1) * self.chi2_without_ties / rest if rest > 0 else math.inf

    @property
    def f_df(self) -> tuple[int, int]:
        """Degrees of freedom of `f`."""
        k = len(self.arms)
        return k - 1, (k - 1) * (self.n_data - 1)

    @property
    def f_p(self) -> float:
        """Probability of so large an `f` when all arms are alike."""
        return float(stats.f.sf(self.f, *self.f_df))

    @property
    def se(self) -> float:
        """Standard error of the difference of two mean ranks when all arms are alike."""
        k = len(self.arms)
        return math.sqrt(k * (k + 1) / (6 * self.n_data))

    @cached_property
    def critical_difference(self) -> float:
        """Difference of two mean ranks from which on Nemenyi's test tells two arms apart."""
        return critical_value(len(self.arms), self.level) * self.se

    @cached_property
    def nemenyi(self) -> np.ndarray:
        """Nemenyi's p-value of each pair `(A, A)`, in the order of `arms`; corrected for all pairs."""
        ranks = np.array(self.mean_ranks)
        q = np.abs(ranks[:, None] - ranks[None, :]) / self.se * math.sqrt(2)
        return np.clip(stats.studentized_range.sf(q, len(ranks), np.inf), 0.0, 1.0)

    def against(self, control: str) -> tuple[AgainstControl, ...]:
        """Every other arm against `control`, the most significant first.

            z = (R_control - R_arm) / sqrt(k (k + 1) / (6 n))

        Not for a control that was chosen because of its rank.

        Raises:
            ConfigError: no such arm.

        References:
            Demšar, JMLR 7, 1 (2006), section 3.2.2: Holm's procedure after Friedman's test.
        """
        if control not in self.arms:
            raise unknown("arm of the ranking", control, list(self.arms))
        ranks = dict(zip(self.arms, self.mean_ranks, strict=True))
        z = {arm: (ranks[control] - ranks[arm]) / self.se for arm in self.arms if arm != control}
        p = {arm: float(2 * stats.norm.sf(abs(value))) for arm, value in z.items()}
        corrected = dict(zip(p, holm(list(p.values())), strict=True))
        found = (AgainstControl(arm, z[arm], p[arm], corrected[arm]) for arm in p)
        return tuple(sorted(found, key=lambda one: one.p))

    @cached_property
    def cliques(self) -> tuple[tuple[str, ...], ...]:
        """Largest groups of two or more arms, none of which is told apart from another of its group; best first."""
        found: list[tuple[int, int]] = []
        for first in range(len(self.arms)):
            near = [
                i for i, r in enumerate(self.mean_ranks) if 0 <= r - self.mean_ranks[first] < self.critical_difference
            ]
            last = max(near)
            if last > first and not any(a <= first and last <= b for a, b in found):
                found.append((first, last))
        return tuple(self.arms[a : b + 1] for a, b in found)

    @property
    def shown(self) -> bool:
        """Whether there are data sets enough for a diagram."""
        return self.n_data >= FEWEST_DATA


def rank(scores: Scores, level: float = LEVEL) -> Ranking:
    """Rank the arms of a table over its data sets.

    The diagram corrects for all pairs, so it is the weakest way to compare two named arms: use
    `qml.bench.across.read` for contrasts that were named beforehand.

    Args:
        scores: at least three arms on at least two data sets.
        level: of the family of all pairs, in (0, 1).

    Raises:
        ShapeError: fewer arms or data sets, or a level outside (0, 1).

    References:
        Friedman, J. Am. Stat. Assoc. 32, 675 (1937); Iman and Davenport, Commun. Stat. A 9, 571 (1980); Nemenyi,
        thesis, Princeton (1963); as used by Demšar, JMLR 7, 1 (2006), sections 3.2.2 and 3.2.4.

    Example:
        >>> table = Scores(("a", "b", "c"), ("x", "y", "z"), [[3, 2, 1], [3, 2, 1], [3, 1, 2]])
        >>> found = rank(table)
        >>> found.arms, [round(r, 3) for r in found.mean_ranks], round(found.chi2, 3)
        (('a', 'b', 'c'), [1.0, 2.333, 2.667], 4.667)
    """
    n, k = scores.values.shape
    if k < 3 or n < 2:
        raise ShapeError(
            f"A ranking needs at least 3 arms on 2 data sets; it got {k} on {n}. Compare two arms by `across.read`."
        )
    if not 0 < level < 1:
        raise ShapeError(f"A ranking got level={level}; it must lie between 0 and 1, such as 0.05.")
    ranks = scores.ranks()
    mean = ranks.mean(axis=0)
    order = np.argsort(mean, kind="stable")
    return Ranking(
        tuple(scores.arms[i] for i in order), tuple(float(mean[i]) for i in order), n, _tie_share(ranks), level
    )


def critical_value(arms: int, level: float = LEVEL) -> float:
    """Nemenyi's critical value: the studentized range of `arms` means at infinite degrees of freedom over sqrt(2).

    Example:
        >>> [round(critical_value(k), 3) for k in (2, 4, 10)]
        [1.96, 2.569, 3.164]
    """
    return float(stats.studentized_range.ppf(1 - level, arms, np.inf)) / math.sqrt(2)


def _tie_share(ranks: np.ndarray) -> float:
    """1 - sum (t^3 - t) / (n k (k^2 - 1)) over groups of t equal ranks."""
    n, k = ranks.shape
    sizes = np.concatenate([np.unique(row, return_counts=True)[1] for row in ranks]).astype(float)
    return 1.0 - float((sizes**3 - sizes).sum()) / (n * k * (k * k - 1))
