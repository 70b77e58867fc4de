"""One data set at growing numbers of training rows: curves with laws, contrasts by size, rows for equal loss."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from scipy import stats

from qml.base.errors import DataError
from qml.base.lazy import cached_property
from qml.bench.contestant import Contestant
from qml.bench.protocol import CHAMPION, Protocol
from qml.bench.scaling.choice import Choice, choose
from qml.bench.scaling.draws import drawn_logs, ends
from qml.bench.scaling.law import fit_many, rows_for_many
from qml.bench.scaling.readings import Measure, Reading, measures_of, reading_of
from qml.bench.statistics import CONFIDENCE, Estimate
from qml.bench.suite_scores import stands_for
from qml.bench.summary import Summary
from qml.bench.words import Word, word_of, word_of_interval

TWIN, FROZEN = "twin", "frozen"
COMPARED = (TWIN, FROZEN, CHAMPION)
"""Roles that the hybrid is compared with at each number of rows."""
BY_SIZE = ("rows", "epochs", "cpu_s", "floors", "title")
"""Terms of a protocol that may differ from size to size."""
BEYOND = 3.0
"""A law is drawn so far beyond the sizes that were measured, as a factor, and marked there."""


@dataclass(frozen=True, eq=False)
class Curve:
    """The loss of one contestant by training rows, and the law that it follows, if any.

    Args:
        role: of the contestant; "champion" is at each size the best baseline by validation score.
        measure: which loss.
        readings: one a size, fewest rows first.
        logs_SD: drawn logarithms of the mean losses.
        choice: constant, law or none.
    """

    role: str
    measure: Measure
    readings: tuple[Reading, ...]
    logs_SD: np.ndarray
    choice: Choice

    @property
    def sizes(self) -> np.ndarray:
        """Training rows `(S,)`, means over seeds."""
        return np.array([reading.rows for reading in self.readings])

    @cached_property
    def laws_D3(self) -> np.ndarray:
        """The chosen form fitted to each draw: floor, scale and exponent `(D, 3)`; no row where draws are not known."""
        if self.choice.law is None or np.isnan(self.logs_SD).any():
            return np.zeros((0, 3))
        return fit_many(self.sizes, self.logs_SD.T, self.choice.law.form)

    def interval(self, size: int) -> tuple[float, float]:
        """Ends of the 95 % interval of the geometric mean loss at one size; NaN where there is none."""
        lo, hi = ends(self.logs_SD[size])
        return math.exp(lo), math.exp(hi)

    def parameter(self, name: str) -> tuple[float, float]:
        """Ends of the 95 % interval of "floor", "scale" or "exponent"; NaN where there is none."""
        return ends(self.laws_D3[:, ("floor", "scale", "exponent").index(name)])

    def band(self, rows: Sequence[float]) -> np.ndarray:
        """Ends of the 95 % interval of the law at each number of rows `(2, S)`; empty where there is none."""
        if not len(self.laws_D3):
            return np.zeros((2, 0))
        floor, scale, exponent = (part[:, None] for part in self.laws_D3.T)
        drawn = floor + scale * np.asarray(rows, np.float64) ** -exponent
        return np.array([ends(column) for column in drawn.T]).T


@dataclass(frozen=True)
class SizeContrast:
    """The hybrid against another contestant at one number of training rows.

    Args:
        rows: training rows.
        estimate: of the difference of the ranking metric, positive when the hybrid is better.
        word: of its 95 % interval.
        strict: of the interval that holds for all sizes together, by Bonferroni's correction.
    """

    rows: float
    estimate: Estimate
    word: Word
    strict: Word


@dataclass(frozen=True)
class Ratio:
    """How many times as many training rows another contestant needs for the loss of the hybrid.

    Args:
        at: training rows of the hybrid: the largest size.
        value: the ratio by the two laws; infinite where the other's floor lies above, and the interval with it: `lo`
            above 1. None where it cannot be said: without a law, and where the rows lie farther outside the sizes than
            `BEYOND` times.
        lo, hi: ends of the 95 % interval, `hi` may be infinite; NaN without draws or without two laws.
        extrapolated: whether those rows lie outside the sizes that were measured.
        reason: why it cannot be said.
    """

    at: float
    value: float | None
    lo: float = math.nan
    hi: float = math.nan
    extrapolated: bool = False
    reason: str = ""


@dataclass(frozen=True)
class Growth:
    """The cells of one data set under protocols that differ in their training rows only.

    Args:
        summaries: one a number of training rows, in any order.

    Raises:
        DataError: none, another data set among them, or terms that differ in more than the training rows.
    """

    summaries: tuple[Summary, ...]

    def __post_init__(self) -> None:
        if not self.summaries:
            raise DataError("Growth with data was to be read; there is no summary of any size. Run the cells first.")
        found = tuple(sorted(self.summaries, key=lambda summary: summary.rows("train")))
        object.__setattr__(self, "summaries", found)
        for other in found[1:]:
            check_alike(found[0].protocol, other.protocol)

    @property
    def whole(self) -> Summary:
        """The summary with most training rows."""
        return self.summaries[-1]

    @property
    def data(self) -> str:
        """Name of the data set."""
        return self.whole.protocol.data

    @cached_property
    def sizes(self) -> tuple[float, ...]:
        """Training rows at each size, mean over seeds."""
        cells = ([cell for arm in summary.arms for cell in arm.every] for summary in self.summaries)
        return tuple(float(np.mean([cell.data["rows"]["train"] for cell in found])) for found in cells)

    @cached_property
    def measures(self) -> tuple[Measure, ...]:
        """The losses that may follow a law, the first of which is spoken of."""
        return measures_of(self.whole)

    @property
    def hero(self) -> str:
        """Role of the hybrid that is spoken of: the one of the verdict at most rows; "hybrid" where there is none."""
        return self.whole.hero.role if self.whole.hero is not None else "hybrid"

    @cached_property
    def roles(self) -> tuple[str, ...]:
        """Every contestant with a curve of at least two sizes, in the order of the report at most rows."""
        roles = dict.fromkeys(arm.role for arm in self.whole.ranked)
        return tuple(role for role in roles if len(self._readings(role, self.measures[0])) > 1) if self.measures else ()

    def arm(self, role: str, size: int = -1) -> Contestant | None:
        """Who stands for a role at one size."""
        return stands_for(self.summaries[size], role)

    @cached_property
    def curves(self) -> dict[tuple[str, str], Curve]:
        """(role, name of the measure) -> curve; the champion's too, where every size has one."""
        found = {}
        for measure in self.measures:
            for role in (*self.roles, CHAMPION):
                readings = self._readings(role, measure)
                if len(readings) > 1:
                    found[role, measure.name] = _curve(role, measure, readings)
        return found

    def curve(self, role: str, measure: Measure | None = None) -> Curve | None:
        """The curve of a role; of the first measure where none is named."""
        name = (measure or self.measures[0]).name if self.measures else ""
        return self.curves.get((role, name))

    def _readings(self, role: str, measure: Measure) -> tuple[Reading, ...]:
        found = []
        for size, summary in enumerate(self.summaries):
            arm = self.arm(role, size)
            reading = reading_of(summary, arm, measure) if arm is not None else None
            if reading is not None:
                found.append(reading)
        return tuple(found)

    @cached_property
    def contrasts(self) -> dict[str, tuple[SizeContrast, ...]]:
        """Role of `COMPARED` -> the hybrid against it at each size that has both."""
        return {role: found for role in COMPARED if (found := self._contrasts(role))}

    def _contrasts(self, role: str) -> tuple[SizeContrast, ...]:
        found = []
        for size, summary in enumerate(self.summaries):
            ours, theirs = self.arm(self.hero, size), self.arm(role, size)
            if ours is None or theirs is None or ours.key == theirs.key:
                continue
            if summary.is_whole(ours) and summary.is_whole(theirs):
                estimate = summary.difference(ours, theirs)
                found += [(self.sizes[size], estimate)] if estimate is not None else []
        rope = self.whole.protocol.rope
        return tuple(
            SizeContrast(rows, estimate, word_of(estimate, rope), strict_word(estimate, rope, len(found)))
            for rows, estimate in found
        )

    def ratio(self, role: str, measure: Measure | None = None) -> Ratio:
        """How many times as many training rows `role` needs for the loss that the hybrid has at most rows."""
        ours, theirs = self.curve(self.hero, measure), self.curve(role, measure)
        if ours is None or theirs is None:
            return Ratio(self.sizes[-1], None, reason="one of the two has no curve")
        at = float(ours.sizes[-1])
        for curve in (ours, theirs):
            if curve.choice.kind != "law":
                who = "the hybrid" if curve is ours else "the other"
                return Ratio(at, None, reason=f"{who} follows no falling law ({curve.choice.reason})")
        return _ratio(ours, theirs, at)


def check_alike(first: Protocol, other: Protocol) -> None:
    """Refuse protocols that differ in more than their training rows and the passes over them.

    Raises:
        DataError: names the term and both values.
    """
    for term in fields(Protocol):
        ours, theirs = getattr(first, term.name), getattr(other, term.name)
        if term.compare and term.name not in BY_SIZE and ours != theirs:
            raise DataError(
                f"Growth with data was to be read on {first.data!r}; {term.name} is {ours!r} at one size and "
                f"{theirs!r} at another. Sizes of one data set are compared under the same terms."
            )


def _curve(role: str, measure: Measure, readings: tuple[Reading, ...]) -> Curve:
    """A curve with its law."""
    logs = drawn_logs(readings)
    choice = choose([reading.rows for reading in readings], [list(reading.losses) for reading in readings], logs)
    return Curve(role, measure, readings, logs, choice)


def _ratio(ours: Curve, theirs: Curve, at: float) -> Ratio:
    """Of two curves that both follow a law."""
    first, second = ours.choice.law, theirs.choice.law
    if first is None or second is None:
        return Ratio(at, None, reason="one of the two follows no law")
    needed, fewest, most = second.rows_for(first(at)), theirs.sizes[0] / BEYOND, theirs.sizes[-1] * BEYOND
    if needed < fewest:
        return Ratio(at, None, reason=f"the other has that loss with fewer than {fewest:.0f} rows, far below all sizes")
    if most < needed < math.inf:
        return Ratio(at, None, reason=f"the other takes more than {most:.0f} rows for that loss, far beyond all sizes")
    lo = hi = math.nan
    if len(ours.laws_D3) and len(theirs.laws_D3):
        floor, scale, exponent = ours.laws_D3.T
        lo, hi = ends(rows_for_many(theirs.laws_D3, floor + scale * at**-exponent) / at)
    if math.isinf(needed) and not lo > 1:
        reason = (
            f"by its law the other never has that loss, but the 95 % interval begins at {lo:.2g} times as many rows"
        )
        return Ratio(at, None, lo, hi, reason=reason)
    outside = not theirs.sizes[0] * (1 - 1e-9) <= needed <= theirs.sizes[-1] * (1 + 1e-9)
    return Ratio(at, needed / at, lo, hi, outside)


def strict_word(estimate: Estimate, rope: float, sizes: int) -> Word:
    """The word of an interval that holds for so many sizes together, by Bonferroni's correction.

    Example:
        >>> from qml.bench.statistics import over_splits
        >>> found = over_splits([0.025, 0.03, 0.035], n_train=80, n_test=20)
        >>> word_of(found, 0.001), strict_word(found, 0.001, sizes=5)
        ('better!', 'open')
    """
    if not estimate.known:
        return "open"
    quantile = float(stats.t.ppf(1 - (1 - CONFIDENCE) / 2 / max(sizes, 1), estimate.df))
    reach = quantile * estimate.se
    return word_of_interval(estimate.mean - reach, estimate.mean + reach, rope)
