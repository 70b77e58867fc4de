"""The chance of finding a true difference against its size, for each contrast of a suite."""

from __future__ import annotations

import math

import numpy as np

from qml.bench.across import Contrast
from qml.bench.report.canvas import Canvas, linear, ticks
from qml.bench.report.marks import LETTER
from qml.bench.report.suite.view import SuiteView
from qml.bench.report.view import NARROW, WIDE, Figure
from qml.bench.scale import minus
from qml.bench.statistics import POWER

STEPS = 25


def power_figure(view: SuiteView) -> Figure | None:
    """The chance of finding a true difference of each size; None where no size could have been found."""
    seen = [c for c in view.contrasts if not c.blind and math.isfinite(c.visible)]
    if not seen:
        return None
    top = 2.5 * max(c.visible for c in seen)
    shifts = np.linspace(0, top, STEPS)
    curves = [(c, c.power(shifts.tolist())) for c in seen]
    title = "Smallest difference found with 80\u00a0% power: " + ", ".join(
        f"{view.scale.size(c.visible)} against {view.title(c.against)}" for c in seen
    )
    how = (
        "If the true difference were so large on every data set, how often would these data sets have shown it? By "
        "drawing "
        "data sets anew from the residuals, at the strictest level that Holm's correction asks. Dashed: 80\u00a0%."
    )
    rows = tuple(
        (view.title(c.against), f"{view.scale.shown(float(s)):.4g}", f"{p:.3f}")
        for c, curve in curves
        for s, p in zip(shifts, curve, strict=True)
    )
    columns = ("against", f"true difference, {view.scale.units or view.scale.label}", "power")
    draw = lambda wide: _power(view, shifts, curves, wide)  # noqa: E731
    return Figure("power", title, how, draw, columns, rows)


def _power(view: SuiteView, shifts: np.ndarray, curves: list[tuple[Contrast, np.ndarray]], wide: bool) -> Canvas:
    width, right = (WIDE, WIDE - 190) if wide else (NARROW, NARROW - 10)
    below = 0 if wide else 20 * len(curves)
    canvas = Canvas(width, 300 + below, "Chance of finding a true difference against its size.")
    marks = [m for m in ticks(0, view.scale.shown(float(shifts[-1])), 8) if m <= view.scale.shown(float(shifts[-1]))]
    x = linear(0, view.scale.shown(float(shifts[-1])), 40, right)
    y = linear(0, 1, 246, 14)
    for value in (0, 0.2, 0.4, 0.6, 0.8, 1.0):
        canvas.line(40, y(value), right, y(value), "hair")
        canvas.text(34, y(value) + 4, f"{100 * value:.0f}", "t s", "end")
    canvas.path([(40, y(POWER)), (right, y(POWER))], "dash")
    for value in marks:
        canvas.line(x(value), 246, x(value), 250)
        canvas.text(x(value), 264, minus(f"{value:g}"), "t s", "middle")
    unit = f", {view.scale.units}" if view.scale.units else ""
    canvas.text(
        (40 + right) / 2, 284, f"true difference in {view.scale.label}{unit}; vertical: power, %", "t s", "middle"
    )
    for number, (c, curve) in enumerate(curves):
        letter = LETTER[view.family(c.against)]
        points = [(x(view.scale.shown(float(s))), y(float(p))) for s, p in zip(shifts, curve, strict=True)]
        canvas.path(points, "l" + letter)
        half = int(np.argmin(np.abs(curve - 0.5)))
        canvas.add(view.glyph(c.against, *points[half], 5, f"{view.title(c.against)}: {view.scale.size(c.visible)}"))
        at = (right + 20, 24 + 20 * number) if wide else (12, 308 + 20 * number)
        canvas.add(view.glyph(c.against, at[0], at[1] - 4, 4.5))
        canvas.text(at[0] + 12, at[1], view.title(c.against), "t")
    return canvas
