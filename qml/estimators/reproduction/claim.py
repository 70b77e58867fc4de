"""A published score, its repetitions here, and whether the two agree by a rule that was chosen beforehand."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np

from qml.base.errors import DataError
from qml.base.registry import unknown

Rule = Literal["exact", "one", "means", "training", "training means", "shown"]
JUDGED_BY_ROW = ("exact", "one", "training")  # judged repetition by repetition
ERRORS = 2.0  # standard errors of the difference of two means within which they agree


@dataclass(frozen=True)
class Claim:
    """A published accuracy of one arm on one data set.

    | rule | the two agree where |
    |---|---|
    | exact | every repetition has as many right test rows |
    | one | no repetition differs by more than one test row |
    | means | the means differ by no more than twice the standard error of their difference |
    | training | the published *test* accuracies are our *training* accuracies, to the row |
    | training means | the same of means, within twice the standard error |
    | shown | nothing is judged |

    By the rules "exact", "one" and "training" one repetition that differs is enough to differ; to agree every published
    one must have been run.

    Args:
        arm: the contestant.
        data: the data set.
        published: test accuracies, one a repetition; number `i` is compared with that of seed `first + i`. None where
            the row is one of ours, shown beside the others.
        n_test: test rows.
        rule: how agreement is judged.
        corrected: test accuracies where the published ones are known to be wrong, or only their mean.
        fit_s: published seconds of a fit; None where it is not told.
        steps: fewest and most updates of the published code, where they are known.
        trained: whether a circuit is trained in it.
        note: what a reader must know of it.
        source: where the numbers stand.
        first: seed of the first published number.
        seedless: whether a fit has no chance in it, so that one of ours is compared with every published number.

    Raises:
        DataError: nothing is published, or an accuracy is no share.
    """

    arm: str
    data: str
    published: tuple[float, ...]
    n_test: int
    rule: Rule = "means"
    corrected: tuple[float, ...] = ()
    fit_s: float | None = None
    steps: tuple[int, int] | None = None
    trained: bool = False
    note: str = ""
    source: str = ""
    first: int = 0
    seedless: bool = False

    def __post_init__(self) -> None:
        if self.rule not in get_args(Rule):
            raise unknown("rule", self.rule, list(get_args(Rule)))
        empty = not self.published and self.rule != "shown"
        if empty or not all(0 <= share <= 1 for share in (*self.published, *self.corrected)):
            raise DataError(
                f"{self.arm} on {self.data}: published accuracies are shares of 0 to 1, one or more; got "
                f"{list(self.published)}, corrected {list(self.corrected)}."
            )

    @property
    def expected(self) -> tuple[float, ...]:
        """What a measured test accuracy is compared with: corrected where there is such."""
        return self.corrected or self.published


@dataclass(frozen=True)
class Measured:
    """One repetition of ours.

    Args:
        seed: of weights and batches, or of the split.
        correct: test rows predicted rightly.
        n_test: test rows.
        steps: updates.
        wall_s, cpu_s: of the fit.
        train: share of the training rows predicted rightly; None where it was not counted.
        failed: why there is no prediction; "" where there is. A failed fit has no right row.
    """

    seed: int
    correct: int
    n_test: int
    steps: int
    wall_s: float
    cpu_s: float
    train: float | None = None
    failed: str = ""

    @property
    def accuracy(self) -> float:
        """Share of the test rows."""
        return self.correct / self.n_test


@dataclass(frozen=True)
class Agreement:
    """Published and measured side by side.

    Args:
        claim: what was published.
        measured: ours, one a seed.
    """

    claim: Claim
    measured: tuple[Measured, ...]

    @property
    def accuracies(self) -> list[float]:
        """Measured test accuracies."""
        return [m.accuracy for m in self.measured]

    @property
    def difference(self) -> float:
        """Measured minus expected mean test accuracy; NaN where nothing was published."""
        if not self.claim.expected:
            return math.nan
        return float(np.mean(self.accuracies) - np.mean(self.claim.expected))

    @property
    def test_rows(self) -> float:
        """The difference in test rows."""
        return self.difference * self.claim.n_test

    @property
    def error(self) -> float:
        """Standard error of the difference of means; NaN with fewer than two numbers on either side."""
        return standard_error(self.claim.expected, self.accuracies)

    @property
    def pairs(self) -> list[tuple[Measured, float]]:
        """Ours with the published number of the same seed, for each seed that has one; of a seedless fit with all."""
        numbers, first = self.claim.published, self.claim.first
        if self.claim.seedless:
            return [(m, number) for m in self.measured[:1] for number in numbers]
        return [(m, numbers[m.seed - first]) for m in self.measured if 0 <= m.seed - first < len(numbers)]

    @property
    def gaps(self) -> list[int]:
        """Of each of these pairs, our right test rows minus the published ones."""
        return [ours.correct - round(theirs * self.claim.n_test) for ours, theirs in self.pairs]

    @property
    def agrees(self) -> bool | None:
        """Whether the two agree by the rule of the claim; None where there is nothing, or not yet all, to judge by."""
        rule, published = self.claim.rule, self.claim.published
        train = [m.train for m in self.measured if m.train is not None]
        if rule == "shown" or any(m.failed for m in self.measured):
            return None if rule == "shown" else False
        if rule in JUDGED_BY_ROW:
            whole = len(self.pairs) == len(published)
            return (True if whole else None) if all(map(self._fits, self.pairs)) else False
        theirs, ours = (published, train) if rule == "training means" else (self.claim.expected, self.accuracies)
        error = standard_error(theirs, ours)
        if math.isnan(error):
            return None
        return bool(abs(np.mean(ours) - np.mean(theirs)) <= ERRORS * error + 1e-12)

    def _fits(self, pair: tuple[Measured, float]) -> bool:
        """Whether one repetition keeps a rule of `JUDGED_BY_ROW`."""
        ours, theirs = pair
        if self.claim.rule == "training":
            return ours.train is not None and abs(ours.train - theirs) < 1e-5
        return abs(ours.correct - round(theirs * self.claim.n_test)) <= (self.claim.rule == "one")

    @property
    def seconds(self) -> float:
        """Mean seconds of a fit of ours."""
        return float(np.mean([m.wall_s for m in self.measured]))

    @property
    def faster(self) -> float | None:
        """Published seconds of a fit over ours; the machines differ."""
        return None if self.claim.fit_s is None or not self.seconds else self.claim.fit_s / self.seconds

    @property
    def verdict(self) -> str:
        """In words: whether the two agree, and by which rule."""
        words = {True: "agrees", False: "DIFFERS", None: "not judged"}[self.agrees]
        found = {"exact": "exact", "one": "within one row", "training": "is the training score"}
        if self.agrees is None and self.claim.rule in JUDGED_BY_ROW and self.pairs:
            return f"{found[self.claim.rule]} so far, {len(self.pairs)} of {len(self.claim.published)}"
        if self.agrees and self.claim.rule == "one" and not any(self.gaps):
            return "exact"
        if self.agrees and self.claim.rule == "training means":
            return found["training"]
        return found.get(self.claim.rule, words) if self.agrees else words

    def plain(self) -> dict[str, Any]:
        """One line of a table as plain data."""
        claim, steps = self.claim, sorted(m.steps for m in self.measured)
        train = [m.train for m in self.measured if m.train is not None]
        return {
            "arm": claim.arm,
            "data": claim.data,
            "n_test": claim.n_test,
            "published": float(np.mean(claim.published)) if claim.published else None,
            "corrected": float(np.mean(claim.corrected)) if claim.corrected else None,
            "measured": float(np.mean(self.accuracies)),
            "measured_by_seed": self.accuracies,
            "training": float(np.mean(train)) if train else None,
            "test_rows": None if math.isnan(self.test_rows) else self.test_rows,
            "error_rows": None if math.isnan(self.error) else self.error * claim.n_test,
            "rule": claim.rule,
            "verdict": self.verdict,
            "steps": [steps[0], steps[-1]],
            "published_steps": list(claim.steps) if claim.steps else None,
            "fit_s": self.seconds,
            "cpu_s": float(np.mean([m.cpu_s for m in self.measured])),
            "published_fit_s": claim.fit_s,
            "faster": self.faster,
            "trained": claim.trained,
            "seeds": [m.seed for m in self.measured],
            "failed": [m.failed for m in self.measured if m.failed],
            "note": claim.note,
            "source": claim.source,
        }


def standard_error(first: Any, second: Any) -> float:
    """Standard error of the difference of two means of independent numbers; NaN with fewer than two of either.

    Example:
        >>> standard_error([0.0, 1.0], [1.0, 1.0])
        0.5
    """
    sides = [np.asarray(first, dtype=float), np.asarray(second, dtype=float)]
    if min(map(len, sides)) < 2:
        return math.nan
    return math.sqrt(sum(float(side.var(ddof=1)) / len(side) for side in sides))
