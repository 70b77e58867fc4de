"""Several data sets read together: contrasts that were named beforehand, each with its word, and ranks of all arms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from qml.base.errors import ConfigError
from qml.base.lazy import cached_property
from qml.base.registry import unknown
from qml.bench.paired import SignedRank, Zeros, bca, holm, signed_rank, standardised
from qml.bench.posterior import DRAWS, Posterior, bayesian_signed_rank
from qml.bench.power import critical_sum, power, visible
from qml.bench.protocol import CHAMPION
from qml.bench.ranks import Ranking, rank
from qml.bench.scores import Scores
from qml.bench.spread import Spread, spread
from qml.bench.words import DECIDING, STAND_INS, State, Word, headline
from qml.bench.words_across import LEVEL, word_across

__all__ = ["Across", "Contrast", "Scores", "all_pairs", "read"]


@dataclass(frozen=True)
class Contrast:
    """`arm` against `against` over several data sets; positive differences are good for `arm`.

    Args:
        arm, against: names of columns.
        differences: one a data set, in the units of the metric.
        test: the signed-rank test, not corrected.
        p: its probability corrected by Holm among all contrasts that were named.
        posterior: worse, within the band, better.
        rope: half width of the band.
        word: what follows, by `words_across.word_across`.
        strictest: level that the smallest of the p-values must meet under Holm: the level over the number of contrasts.
    """

    arm: str
    against: str
    differences: tuple[float, ...]
    test: SignedRank
    p: float
    posterior: Posterior
    rope: float
    word: Word
    strictest: float

    @property
    def n_data(self) -> int:
        """Data sets."""
        return len(self.differences)

    @property
    def mean(self) -> float:
        """Mean difference."""
        return float(np.mean(self.differences))

    @property
    def median(self) -> float:
        """Median difference."""
        return float(np.median(self.differences))

    @property
    def effect(self) -> float:
        """Rank-biserial effect size, in -1..1."""
        return self.test.rank_biserial

    @property
    def standardised(self) -> float:
        """Mean difference over the standard deviation of differences; NaN where it has none."""
        return standardised(self.differences)

    @property
    def spread(self) -> Spread:
        """Median, quartiles and ends of the differences."""
        return spread(self.differences)

    @property
    def blind(self) -> bool:
        """Whether there are so few data sets that no difference, however large, could have been seen."""
        return critical_sum(self.n_data, self.strictest) is None

    @cached_property
    def interval(self) -> tuple[float, float]:
        """BCa bootstrap interval, 95 %, of the mean difference; infinite where there is none."""
        return bca(self.differences)

    @cached_property
    def visible(self) -> float:
        """Smallest true difference found with 80 % power at the strictest level; infinite where none could be."""
        return visible(self.differences, self.strictest)

    def power(self, shifts: Sequence[float]) -> np.ndarray:
        """Chance of finding true differences `(N,)` at the strictest level, for a power curve."""
        return power(self.differences, shifts, self.strictest)


@dataclass(frozen=True)
class Across:
    """What several data sets say together.

    Args:
        scores: the table.
        contrasts: in the order in which they were named.
        rope: half width of the band.
        level: of all contrasts together, and of the family of all pairs in the ranking.
        unjudged: arms of the tables on which no verdict may rest.
        parts: tables of stand-ins of the circuit that are not on every data set, each beside the hybrid.
    """

    scores: Scores
    contrasts: tuple[Contrast, ...]
    rope: float
    level: float = LEVEL
    unjudged: tuple[str, ...] = ()
    parts: tuple[Scores, ...] = ()

    def contrast(self, arm: str, against: str) -> Contrast:
        """The contrast of these two, as it was named.

        Raises:
            ConfigError: it was not named beforehand.
        """
        for found in self.contrasts:
            if (found.arm, found.against) == (arm, against):
                return found
        known = [f"{found.arm}, {found.against}" for found in self.contrasts]
        raise unknown("contrast", f"{arm}, {against}", known)

    @cached_property
    def ranking(self) -> Ranking | None:
        """Ranks of all arms; None with fewer than three arms or five data sets, where they show nothing."""
        if len(self.scores.arms) < 3 or len(self.scores.data) < 2:
            return None
        found = rank(self.scores, self.level)
        return found if found.shown else None

    @cached_property
    def state(self) -> State:
        """The verdict as one word, by the rule of `words.headline`.

        From contrasts with removed, twin and champion, and from what the tables say of stand-ins of the circuit.
        """
        heroes = [found.arm for found in self.contrasts if found.against in DECIDING]
        present = [arm for arm in STAND_INS if heroes and self.table(heroes[0], arm) is not None]
        return headline(*self.words, [self.word(heroes[0], arm) for arm in present])

    @property
    def words(self) -> tuple[Word | None, Word | None, Word | None]:
        """Words of the contrasts with removed, twin and champion; None of one that was not read."""
        found: dict[str, Word] = {found.against: found.word for found in self.contrasts}
        return found.get("removed"), found.get("twin"), found.get(CHAMPION)

    def table(self, *arms: str) -> Scores | None:
        """The table that holds these arms; None where none does."""
        return next((table for table in (self.scores, *self.parts) if {*arms} <= {*table.arms}), None)

    def word(self, arm: str, against: str) -> Word | None:
        """The word of any two arms of one table; None where there is none, or an arm is `unjudged`.

        Of a contrast its own. Others are no part of Holm's family and not corrected, which finds a stand-in better than
        the hybrid more readily: it can take a claim away and give none.
        """
        for found in self.contrasts:
            if (found.arm, found.against) == (arm, against):
                return found.word
        table = self.table(arm, against)
        if table is None or {arm, against} & {*self.unjudged}:
            return None
        differences = table.differences(arm, against)
        test, posterior = signed_rank(differences), bayesian_signed_rank(differences, self.rope)
        return word_across(test.p, test.rank_biserial, posterior, len(differences), level=self.level)


def read(
    scores: Scores,
    contrasts: Sequence[tuple[str, str]],
    rope: float,
    *,
    level: float = LEVEL,
    named: int | None = None,
    unjudged: Sequence[str] = (),
    parts: Sequence[Scores] = (),
    zeros: Zeros = "split",
    draws: int = DRAWS,
) -> Across:
    """Read a table by contrasts that were named before it was made.

    Holm's correction counts the contrasts that were named, so few contrasts see more: over all pairs of ten arms it
    takes most of the power away.

    Args:
        scores: one number an arm and data set.
        contrasts: pairs (arm, against), each once.
        rope: half width of "practically equal" in the units of the scores.
        level: of all contrasts together.
        named: how many contrasts were named beforehand, where some of them cannot be read; by default those given.
            One that fell away counts all the same: what falls away must not help the others.
        unjudged: arms of the tables on which no verdict may rest.
        parts: tables of stand-ins of the circuit that are not on every data set, each beside the hybrid.
        zeros: what the signed-rank test does with differences of zero.
        draws: of the posterior.

    Raises:
        ConfigError: no contrast, one twice or of one arm with itself, an arm that is not in the table, or fewer
            contrasts named than given.
        ShapeError: a band that is not above 0.

    Example:
        >>> rows = [[0.90 + 0.01 * i, 0.85 + 0.01 * i, 0.90 + 0.01 * i] for i in range(8)]
        >>> table = Scores(("hybrid", "removed", "twin"), tuple("abcdefgh"), rows)
        >>> found = read(table, [("hybrid", "removed"), ("hybrid", "twin")], rope=0.01, draws=2000)
        >>> [c.word for c in found.contrasts], found.state
        (['better!', 'equal'], 'replaceable')
    """
    pairs = [(arm, against) for arm, against in contrasts]
    wrong = next((pair for pair in pairs if pair[0] == pair[1] or pairs.count(pair) > 1), None)
    if not pairs or wrong is not None:
        raise ConfigError(
            f"Contrasts are {pairs}; at least one pair of two different arms is needed, each once. "
            + (f"Leave out {wrong}." if wrong else "Name one, such as ('hybrid', 'twin').")
        )
    family = len(pairs) if named is None else named
    if family < len(pairs):
        raise ConfigError(f"named={named} was given with {len(pairs)} contrasts. It counts them all, read or not.")
    differences = [scores.differences(arm, against) for arm, against in pairs]
    tests = [signed_rank(row, zeros) for row in differences]
    corrected = holm([*(test.p for test in tests), *[1.0] * (family - len(pairs))])[: len(pairs)]
    made = []
    for pair, row, test, p in zip(pairs, differences, tests, corrected, strict=True):
        posterior = bayesian_signed_rank(row, rope, draws=draws)
        word = word_across(p, test.rank_biserial, posterior, len(row), level=level)
        made.append(Contrast(*pair, tuple(row.tolist()), test, p, posterior, rope, word, level / family))
    return Across(scores, tuple(made), rope, level, tuple(unjudged), tuple(parts))


def all_pairs(arms: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Every pair of arms once, for an exploration; a verdict needs contrasts named beforehand.

    Example:
        >>> all_pairs(["a", "b", "c"])
        (('a', 'b'), ('a', 'c'), ('b', 'c'))
    """
    return tuple(combinations(arms, 2))
