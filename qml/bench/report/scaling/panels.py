"""What the figure and tables of growth are handed: a panel a data set, names and marks of the contestants."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from qml.base.lazy import cached_property
from qml.bench.protocol import CHAMPION
from qml.bench.report.marks import LETTER
from qml.bench.report.view import View
from qml.bench.scaling.growth import TWIN, Curve, Growth
from qml.bench.scaling.readings import Measure

Glyph = Callable[[str, float, float, float, str], str]


@dataclass(frozen=True)
class Panels:
    """Data sets beside each other, under one name and one mark a contestant.

    Args:
        growths: one a data set.
        glyph: role, x, y, radius, tip -> its mark as SVG.
        title: role -> its one name.
        family: role -> "hybrid", "control" or "baseline".
    """

    growths: tuple[Growth, ...]
    glyph: Glyph
    title: Callable[[str], str]
    family: Callable[[str], str]

    @classmethod
    def of_set(cls, growth: Growth, view: View) -> Panels:
        """Of one data set, with the names and marks of its page."""
        arms = {role: arm for role in growth.roles if (arm := growth.arm(role)) is not None}

        def glyph(role: str, x: float, y: float, radius: float, tip: str) -> str:
            return view.marks.glyph(arms[role], x, y, radius, tip)

        return cls(
            (growth,),
            glyph,
            lambda role: "Champion" if role == CHAMPION else arms[role].title,
            lambda role: "baseline" if role == CHAMPION else arms[role].family,
        )

    @cached_property
    def roles(self) -> tuple[str, ...]:
        """Every contestant that is drawn on some data set."""
        return tuple(dict.fromkeys(role for growth in self.growths for role in growth.roles))

    def letter(self, role: str) -> str:
        """Family letter of the CSS classes."""
        return LETTER[self.family(role)]

    def is_strong(self, growth: Growth, role: str) -> bool:
        """Whether a curve is set off: the hybrid and its twin."""
        return role in (growth.hero, TWIN)

    @property
    def places(self) -> int:
        """How many measures the data sets have: each makes a figure."""
        return max((len(growth.measures) for growth in self.growths), default=0)

    def measure(self, growth: Growth, place: int) -> Measure | None:
        """The measure of a data set in the figure of that place."""
        return growth.measures[place] if place < len(growth.measures) else None

    def drawn(self, growth: Growth, place: int) -> tuple[Curve, ...]:
        """The curves of a panel, those that are set off last."""
        measure = self.measure(growth, place)
        found = [curve for role in growth.roles if (curve := growth.curve(role, measure)) is not None and measure]
        return tuple(sorted(found, key=lambda curve: self.is_strong(growth, curve.role)))
