"""The vertical axis of scores: up is better; per cent are spaced by the logarithm of the error."""

from __future__ import annotations

from dataclasses import dataclass

from qml.bench.report.canvas import Canvas, Map, linear, logarithmic, ticks
from qml.bench.scale import Scale, minus

_SHARES = (0, 10, 20, 30, 50, 60, 70, 80, 90, 95, 98, 99, 99.5, 99.8, 99.9)


@dataclass(frozen=True)
class ScoreAxis:
    """Values of a metric to heights.

    Args:
        marks: values to label, as shown (per cent or plain).
        y: shown value -> height, cut at the frame.
        by_error: whether the spacing is that of the logarithm of the error.
    """

    marks: tuple[float, ...]
    y: Map
    by_error: bool

    @classmethod
    def of(cls, scale: Scale, values: list[float], bottom: float, top: float, gap: float = 13) -> ScoreAxis:
        """The axis that holds `values` (in units of the metric) between two heights; labels at least `gap` apart."""
        shown = [scale.shown(v) for v in values]
        if scale.percent and scale.higher_is_better:
            worst = max(1.0, *(100 - v for v in shown)) * 1.08
            least = min(worst / 3, max(0.08, min(100 - v for v in shown) / 1.3))
            height = logarithmic(worst, least, bottom, top)
            marks = [m for m in _SHARES if least <= 100 - m <= worst]

            def by_error(value: float) -> float:
                return height(min(worst, max(least, 100 - value)))

            return cls(tuple(_apart(marks, by_error, gap)), by_error, True)
        marks = ticks(min(shown), max(shown), 7)
        ends = (bottom, top) if scale.higher_is_better else (top, bottom)
        straight = linear(marks[0], marks[-1], *ends)
        return cls(tuple(marks), lambda value: straight(min(marks[-1], max(marks[0], value))), False)

    def draw(self, canvas: Canvas, left: float, right: float) -> None:
        """Hairlines and numbers."""
        for value in self.marks:
            canvas.line(left, self.y(value), right, self.y(value), "hair")
            canvas.text(left - 6, self.y(value) + 4, minus(f"{value:g}"), "t s", "end")

    def said(self, scale: Scale) -> str:
        """One sentence on the axis for the reading note."""
        if self.by_error:
            return f"Vertical: {scale.axis}, spaced by the logarithm of the error."
        way = "up is better" if scale.higher_is_better else "the axis is turned round, so that up is better"
        return f"Vertical: {scale.axis}; {way}."


def _apart(marks: list[float], y: Map, gap: float) -> list[float]:
    """Marks whose labels do not touch, from the bottom up."""
    kept: list[float] = []
    for mark in marks:
        if not kept or abs(y(mark) - y(kept[-1])) >= gap:
            kept.append(mark)
    return kept
