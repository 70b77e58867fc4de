"""Scores of the same contestants at growing rates of a fault in the data: curves, and who loses how much."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from qml.base.errors import DataError
from qml.bench.contestant import Contestant
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

    Raises:
        DataError: fewer than two rates, or no contestant that has a score at all of them.
    """

    fault: str
    rates: tuple[float, ...]
    summaries: tuple[Summary, ...]
    curves: tuple[RateCurve, ...]
    contrast: tuple[Estimate | None, ...]

    @classmethod
    def of(cls, fault: str, rates: Sequence[float], summaries: Sequence[Summary]) -> Robustness:
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
        return cls(fault, tuple(rates), tuple(summaries), curves, tuple(_contrast(summary) for summary in summaries))

    def sentence(self) -> str:
        """What the curves say, by rule: losses of hybrid and twin, and where their difference is beyond chance."""
        scale = self.summaries[0].scale
        hero, twin = self.summaries[0].hero, self.summaries[0].reference(TWIN)
        by_title = {curve.title: curve for curve in self.curves}
        told = [by_title[arm.title] for arm in (hero, twin) if arm is not None and arm.title in by_title]
        first, last = f"{self.rates[0]:g}", f"{self.rates[-1]:g}"
        losses = [
            f"{curve.title} moves by {scale.signed(curve.estimates[-1].mean - curve.estimates[0].mean)}"
            for curve in told
        ]
        said = f"From {first} to {last} of {self.fault} {' and '.join(losses)} {scale.units}.".replace(" .", ".")
        beyond = [
            (rate, each)
            for rate, each in zip(self.rates, self.contrast, strict=True)
            if each is not None and each.known and (each.lo > 0 or each.hi < 0)
        ]
        if any(each is None for each in self.contrast) or len(told) < 2:
            return said
        if not beyond:
            return f"{said} At no rate is the difference between hybrid and twin beyond its 95 % interval."
        words = ", ".join(f"{rate:g} ({'hybrid' if each.mean > 0 else 'twin'} ahead)" for rate, each in beyond)
        looks = f"no correction for {len(self.rates)} looks"
        return f"{said} Their difference is beyond its 95 % interval at {words}; {looks}."

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "fault": self.fault,
            "rates": list(self.rates),
            "protocols": [summary.protocol.hash for summary in self.summaries],
            "curves": [{"arm": c.title, "scores": [_plain(e) for e in c.estimates]} for c in self.curves],
            "hybrid minus twin": [None if e is None else _plain(e) for e in self.contrast],
            "sentence": self.sentence(),
        }


def _contrast(summary: Summary) -> Estimate | None:
    hero, twin = summary.hero, summary.reference(TWIN)
    return summary.difference(hero, twin) if hero is not None and twin is not None else None


def _plain(estimate: Estimate) -> dict[str, Any]:
    ends = {"lo": estimate.lo, "hi": estimate.hi} if estimate.known else {"lo": None, "hi": None}
    return {"mean": estimate.mean, **ends, "values": list(estimate.values)}
