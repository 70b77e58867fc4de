"""Score of one arm on the common axis of the score table: mean, interval, seeds; position, never a bar."""

from __future__ import annotations

from dataclasses import dataclass

from qml.bench.contestant import Contestant
from qml.bench.report.canvas import Canvas, Map, linear, ticks
from qml.bench.report.view import View
from qml.bench.scale import minus

WIDTH = 240


@dataclass(frozen=True)
class DotAxis:
    """The axis that all rows of the score table share."""

    marks: tuple[float, ...]
    x: Map

    @classmethod
    def of(cls, view: View) -> DotAxis:
        """From just below the lowest to just above the highest seed; per cent never leave 0..100."""
        shown = [view.scale.shown(value) for arm in view.summary.ranked for value in arm.scores.values()]
        marks = ticks(min(shown), max(shown), 6)
        if view.scale.percent:
            marks = [m for m in marks if 0 <= m <= 100] or [0.0, 100.0]
            if len(marks) == 1:
                marks = [marks[0] - 1, marks[0]] if marks[0] == 100 else [marks[0], marks[0] + 1]
        return cls(tuple(marks), linear(marks[0], marks[-1], 6, WIDTH - 6))

    def cut(self, value: float) -> float:
        """Position of a shown value, cut at the ends of the axis."""
        return self.x(min(self.marks[-1], max(self.marks[0], value)))

    def svg(self) -> str:
        """The numbers of the axis."""
        canvas = Canvas(WIDTH, 16, f"axis from {self.marks[0]:g} to {self.marks[-1]:g}")
        for value in self.marks:
            canvas.text(self.x(value), 12, minus(f"{value:g}"), "t s", "middle")
        return canvas.svg()


def dots(view: View, arm: Contestant, axis: DotAxis) -> str:
    """The drawing of one row."""
    estimate, scale = view.scores[arm.key], view.scale
    lo, hi = scale.bounded(estimate.lo), scale.bounded(estimate.hi)
    ends = f", 95 % interval {scale.number(lo)} to {scale.number(hi)}" if estimate.known else ""
    canvas = Canvas(WIDTH, 30, f"{arm.title}: mean {scale.score(estimate.mean)}{ends}")
    for value in axis.marks:
        canvas.line(axis.x(value), 0, axis.x(value), 30, "hair")
    if estimate.known:
        canvas.interval(axis.cut(scale.shown(lo)), axis.cut(scale.shown(hi)), 11, "iv", 3)
    for seed, value in sorted(arm.scores.items()):
        canvas.circle(axis.cut(scale.shown(value)), 22, 2.6, "seed", f"seed {seed}: {scale.score(value)}")
    tip = f"{arm.title}: {scale.score(estimate.mean)}, n = {len(estimate.values)}"
    canvas.add(view.marks.glyph(arm, axis.cut(scale.shown(estimate.mean)), 11, 5.5, tip))
    return canvas.svg()
