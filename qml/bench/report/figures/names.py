"""Names of the lines of a chart: at the right of their ends where there is room, in a list below on a phone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qml.bench.contestant import Contestant
from qml.bench.report.canvas import Canvas, spread
from qml.bench.report.view import NARROW, WIDE, View

LINE = 17
BESIDE = 184
COLUMN, ROW = 178, 20


@dataclass(frozen=True)
class Plot:
    """Where the lines of a chart go, for so many names.

    Args:
        width, height: of the whole drawing.
        left, right, top, bottom: of the frame of the lines.
    """

    width: float
    height: float
    left: float
    right: float
    top: float
    bottom: float

    @classmethod
    def of(cls, names: int, wide: bool) -> Plot:
        """A frame with room for `names` beside it, or below it in two columns."""
        if wide:
            height = max(310, 60 + LINE * names)
            return cls(WIDE, height, 38, WIDE - BESIDE, 14, height - 44)
        return cls(NARROW, 306 + ROW * -(-names // 2), 38, NARROW - 10, 14, 252)

    @property
    def axis(self) -> float:
        """Height of the words below the horizontal axis."""
        return self.bottom + 38


def names(
    canvas: Canvas, view: View, arms: Sequence[Contestant], ends: Sequence[tuple[float, float]], plot: Plot
) -> None:
    """Names of the arms whose lines end at `ends`."""
    if plot.width == WIDE:
        _beside(canvas, view, arms, ends, plot)
    else:
        _below(canvas, view, arms, ends, plot)


def _beside(
    canvas: Canvas, view: View, arms: Sequence[Contestant], ends: Sequence[tuple[float, float]], plot: Plot
) -> None:
    """At the right, each joined to the end of its line."""
    right = plot.right
    heights = spread([y for _, y in ends], LINE, 12, max(plot.bottom, 12 + LINE * (len(arms) - 1)))
    for arm, (x, y), height in zip(arms, ends, heights, strict=True):
        canvas.path([(min(x, right + 4), y), (right + 4, y), (right + 16, height)], "lead")
        canvas.add(view.marks.glyph(arm, right + 25, height, 4.5))
        canvas.text(right + 35, height + 4, view.name(arm, True, 14), "t b" if view.is_strong(arm) else "t")


def _below(
    canvas: Canvas, view: View, arms: Sequence[Contestant], ends: Sequence[tuple[float, float]], plot: Plot
) -> None:
    """In two columns, the highest line first; the glyph tells which line."""
    order = sorted(range(len(arms)), key=lambda i: ends[i][1])
    name_list(canvas, view, [arms[i] for i in order], (10, plot.axis + 26), 2)


def name_list(
    canvas: Canvas, view: View, arms: Sequence[Contestant], corner: tuple[float, float], columns: int
) -> None:
    """Glyph and name of every arm, column by column from a corner."""
    lines = -(-len(arms) // columns)
    for number, arm in enumerate(arms):
        x, y = corner[0] + COLUMN * (number // lines), corner[1] + ROW * (number % lines)
        canvas.add(view.marks.glyph(arm, x, y - 4, 4.5))
        canvas.text(x + 12, y, view.name(arm, False, 24), "t b" if view.is_strong(arm) else "t")
