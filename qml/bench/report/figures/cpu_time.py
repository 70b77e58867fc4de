"""Best validation score so far against CPU seconds: would another budget change the order?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from qml.base.words import plural
from qml.bench.contestant import Contestant
from qml.bench.report.canvas import Canvas, Map, decades, logarithmic
from qml.bench.report.figures.axes import ScoreAxis
from qml.bench.report.figures.curves import Curve, by_cpu, thinned
from qml.bench.report.figures.names import Plot, names
from qml.bench.report.view import Figure, View
from qml.bench.scale import three


def cpu_time_figure(view: View) -> Figure | None:
    """One line for each arm trained by epochs, one point for each fitted in one go."""
    s = view.summary
    found = [(arm, by_cpu(view, arm)) for arm in s.ranked if arm.cells]
    if not found:
        return None
    axis = _score_axis(view, found, 0, 1)
    how = (
        f"Best validation score so far, mean of {plural(len(s.protocol.seeds), 'seed')}, chosen setting. Arms "
        "fitted in one "
        f"go are single points at their full cost. {axis.said(view.scale)} Intervals of test scores: see the "
        "Pareto figure."
    )
    rows = tuple(
        (arm.title, f"{curve.x[i]:.3g}", f"{view.scale.shown(float(curve.mean[i])):.4g}")
        for arm, curve in found
        for i in thinned(len(curve.x), 8)
    )
    columns = ("arm", "CPU seconds", "best so far")
    return Figure("anytime", _title(view, found), how, lambda wide: _draw(view, found, wide), columns, rows)


def _title(view: View, found: list[tuple[Contestant, Curve]]) -> str:
    """How long the hybrid and the model without its circuit take to reach what both reach."""
    curves = {arm.key: curve for arm, curve in found}
    hero, removed = view.hero, view.summary.reference("removed")
    if hero is None or removed is None or hero.key not in curves or removed.key not in curves:
        return f"Validation {view.scale.label} against CPU seconds"
    sign = view.scale.sign
    pair = [curves[hero.key], curves[removed.key]]
    goal = sign * min(sign * float(curve.mean[-1]) for curve in pair)
    goal -= sign * 0.01 * abs(goal)
    if sign * goal <= sign * hero.constant("validation"):
        return f"Validation {view.scale.label} against CPU seconds: not both leave the constant answer"
    times = [float(curve.x[int(np.argmax(sign * curve.mean >= sign * goal))]) for curve in pair]
    return (
        f"To reach {view.scale.score(goal)} on validation rows {hero.spoken} takes {three(times[0])} CPU seconds, "
        f"{removed.spoken} {three(times[1])}"
    )


def _score_axis(view: View, found: list[tuple[Contestant, Curve]], bottom: float, top: float) -> ScoreAxis:
    values = [float(v) for _, curve in found for v in (curve.mean.min(), curve.mean.max())]
    return ScoreAxis.of(view.scale, values, bottom, top)


def _draw(view: View, found: list[tuple[Contestant, Curve]], wide: bool) -> Canvas:
    plot = Plot.of(len(found), wide)
    canvas = Canvas(plot.width, plot.height, f"Best validation {view.scale.label} so far against CPU seconds.")
    x = seconds_axis(canvas, plot, [c.x[0] for _, c in found], [c.x[-1] for _, c in found], wide)
    axis = _score_axis(view, found, plot.bottom, plot.top)
    axis.draw(canvas, plot.left, plot.right)
    canvas.text((plot.left + plot.right) / 2, plot.axis, "CPU seconds of one fit (log scale)", "t s", "middle")
    shown = view.scale.shown
    for arm, curve in found:
        if len(curve.x) > 1:
            kind = ("l" if view.is_strong(arm) else "k") + view.marks.letter(arm)
            canvas.path([(x(t), axis.y(shown(v))) for t, v in zip(curve.x, curve.mean, strict=True)], kind)
    for arm, curve in found:
        tip = f"{arm.title}: {view.scale.score(float(curve.mean[-1]))} after {three(float(curve.x[-1]))} s"
        canvas.add(view.marks.glyph(arm, x(curve.x[-1]), axis.y(shown(curve.mean[-1])), 5, tip))
    ends = [(x(c.x[-1]) + 7, axis.y(shown(c.mean[-1]))) for _, c in found]
    names(canvas, view, [arm for arm, _ in found], ends, plot)
    return canvas


def seconds_axis(canvas: Canvas, plot: Plot, starts: Sequence[float], ends: Sequence[float], wide: bool) -> Map:
    """A logarithmic axis of seconds along the bottom of a plot, drawn; from the first start to the last end."""
    low, high = min(starts) / 1.3, max(ends) * 1.15
    x = logarithmic(low, high, plot.left, plot.right)
    decades_apart = high / low
    for value in decades(low, high, (1, 2, 5) if wide and decades_apart < 3000 else (1,)):
        canvas.line(x(value), plot.bottom, x(value), plot.bottom + 4)
        canvas.text(x(value), plot.bottom + 18, f"{value:g}", "t s", "middle")
    return x
