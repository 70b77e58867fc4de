"""Scores of the same contestants at growing rates of a fault in the data: curves, and who loses how much."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from qml.base.errors import DataError
from qml.bench.contestant import Contestant
from qml.bench.failures import failures
from qml.bench.scale import listed
from qml.bench.statistics import Estimate
from qml.bench.summary import Summary

TWIN = "twin"


@dataclass(frozen=True)
class RateCurve:
    """The scores of one contestant.

    Args:
        title: its name, the same at every rate.
        arm: as it stands at the first rate.
        rates: at which it has a score, ascending.
        estimates: mean test score with interval at each.
    """

    title: str
    arm: Contestant
    rates: tuple[float, ...]
    estimates: tuple[Estimate, ...]


@dataclass(frozen=True)
class Robustness:
    """One comparison, repeated at growing rates of one fault.

    Args:
        fault: in words, such as "wrong training labels".
        rates: ascending.
        summaries: one a rate.
        curves: one a contestant that has a score at every rate.
        contrast: the hybrid minus its twin at each rate, positive when the hybrid is better; None where a rate lacks
            one of them.
        data: name of the data set.

    Raises:
        DataError: fewer than two rates, or no contestant that has a score at all of them.
    """

    fault: str
    rates: tuple[float, ...]
    summaries: tuple[Summary, ...]
    curves: tuple[RateCurve, ...]
    contrast: tuple[Estimate | None, ...]
    data: str

    @classmethod
    def of(cls, fault: str, rates: Sequence[float], summaries: Sequence[Summary], data: str) -> Robustness:
        """The curves of as many summaries as rates."""
        if len(rates) < 2 or len(rates) != len(summaries):
            raise DataError(f"Curves over {list(rates)} were asked for; they need at least two rates. Give more.")
        order = sorted(range(len(rates)), key=lambda i: rates[i])
        rates, summaries = [rates[i] for i in order], [summaries[i] for i in order]
        found = [{arm.title: arm for arm in summary.ranked} for summary in summaries]
        titles = [title for title in found[0] if all(title in other for other in found)]
        if not titles:
            raise DataError("No contestant has a score at every rate. Run the cells that are missing.")
        curves = tuple(
            RateCurve(
                title,
                found[0][title],
                tuple(rates),
                tuple(summary.estimate(arms[title]) for summary, arms in zip(summaries, found, strict=True)),
            )
            for title in titles
        )
        contrast = tuple(_contrast(summary) for summary in summaries)
        return cls(fault, tuple(rates), tuple(summaries), curves, contrast, data)

    @property
    def told(self) -> tuple[RateCurve, ...]:
        """The curves that the sentence is about: the hybrid and its twin, those of them that are there."""
        hero, twin = self.summaries[0].hero, self.summaries[0].reference(TWIN)
        by_title = {curve.title: curve for curve in self.curves}
        return tuple(by_title[arm.title] for arm in (hero, twin) if arm is not None and arm.title in by_title)

    @property
    def spared(self) -> Estimate | None:
        """What the hybrid loses less than its twin from the first rate to the last, paired by seed; None without one.

        (hybrid at last - hybrid at first) - (twin at last - twin at first), positive when the hybrid loses less.
        """
        ends = [{arm.title: arm for arm in summary.ranked} for summary in (self.summaries[-1], self.summaries[0])]
        if len(self.told) < 2:
            return None
        return self.summaries[0].contrast([arms[curve.title] for arms in ends for curve in self.told], (1, -1, -1, 1))

    def headline(self) -> str:
        """Who loses less, in a few words."""
        if self.spared is None:
            return "Nothing is said of the circuit: hybrid and twin are not both at every rate"
        if not self.spared.known:
            return "Who loses less has no interval with these seeds"
        if self.spared.lo <= 0 <= self.spared.hi:
            return "Who loses less is open"
        return f"The hybrid loses {'less' if self.spared.mean > 0 else 'more'} than its twin"

    def lede(self) -> str:
        """By how much each moves, and the difference of the two with its interval."""
        scale, spared = self.summaries[0].scale, self.spared
        moves = [
            f"{curve.title} moves by {scale.signed(curve.estimates[-1].mean - curve.estimates[0].mean)}"
            for curve in self.told
        ]
        units = f" {scale.units}" if scale.units else ""
        span = f"{self.fault[0].upper()}{self.fault[1:]} on {self.data}, from {self.rates[0]:g} to {self.rates[-1]:g}"
        said = [f"{span}: {' and '.join(moves)}{units}."] if moves else []
        if spared is not None and spared.known:
            ends = f"95 % interval {scale.signed(spared.lo)} to {scale.signed(spared.hi)}"
            said += [f"The hybrid's change minus its twin's is {scale.signed(spared.mean)}{units}, {ends}."]
        return " ".join(said)

    def subordinate(self) -> str:
        """At which rates one of the two is ahead, and what to mistrust: failed seeds, answers that are constant."""
        failed = failures((f"at {rate:g}", s) for rate, s in zip(self.rates, self.summaries, strict=True))
        return " ".join(part for part in (self._ahead(), failed, self._at_the_floor()) if part)

    def sentence(self) -> str:
        """All that the curves say, by rule."""
        return " ".join(part for part in (f"{self.headline()}.", self.lede(), self.subordinate()) if part)

    def _ahead(self) -> str:
        """The rates at which the interval of the difference excludes 0."""
        known = [(rate, each) for rate, each in zip(self.rates, self.contrast, strict=True) if each and each.known]
        ahead = [(rate, "hybrid" if e.mean > 0 else "twin") for rate, e in known if e.lo > 0 or e.hi < 0]
        if len(known) < len(self.rates):
            return ""
        where = ", ".join(f"{rate:g} ({who} ahead)" for rate, who in ahead) or "no rate"
        return f"The 95 % interval of the difference of their scores excludes 0 at {where}, taken rate by rate."

    def _at_the_floor(self) -> str:
        """Those of hybrid and twin that a constant answer equals at the first rate: they have nothing to lose."""
        first = self.summaries[0]
        found = []
        for curve in self.told:
            estimate = curve.estimates[0]
            reach = (estimate.hi - estimate.lo) / 2 if estimate.known else 0.0
            if first.scale.sign * (estimate.mean - curve.arm.constant("test")) <= reach:
                found.append(curve.title)
        if not found:
            return ""
        verb = "is" if len(found) == 1 else "are"
        return f"At {self.rates[0]:g} {listed(found)} {verb} not beyond a constant answer: there is little to lose."

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "data": self.data,
            "fault": self.fault,
            "rates": list(self.rates),
            "protocols": [summary.protocol.hash for summary in self.summaries],
            "curves": [{"arm": c.title, "scores": [_plain(e) for e in c.estimates]} for c in self.curves],
            "hybrid minus twin": [None if e is None else _plain(e) for e in self.contrast],
            "hybrid loses less": None if self.spared is None else _plain(self.spared),
            "headline": self.headline(),
            "sentence": self.sentence(),
        }


def _contrast(summary: Summary) -> Estimate | None:
    hero, twin = summary.hero, summary.reference(TWIN)
    return summary.difference(hero, twin) if hero is not None and twin is not None else None


def _plain(estimate: Estimate) -> dict[str, Any]:
    ends = {"lo": estimate.lo, "hi": estimate.hi} if estimate.known else {"lo": None, "hi": None}
    return {"mean": estimate.mean, **ends, "values": list(estimate.values)}
