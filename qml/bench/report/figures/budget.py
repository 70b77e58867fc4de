"""Score as a function of the budget: what one setting, two settings, ... had reached, by number and by CPU seconds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qml.base.words import plural
from qml.bench.contestant import Contestant
from qml.bench.report.canvas import Canvas, Map, linear
from qml.bench.report.figures.axes import ScoreAxis
from qml.bench.report.figures.cpu_time import seconds_axis
from qml.bench.report.figures.names import Plot, names
from qml.bench.report.view import Figure, View
from qml.bench.scale import short, three

LEAST_SECONDS = 1e-4
GAP = 34


@dataclass(frozen=True)
class Spent:
    """Means over seeds after each number of settings `(T,)`; scores in units of the metric."""

    cpu_s: np.ndarray
    evaluations: np.ndarray
    score: np.ndarray


def budget_figure(view: View) -> Figure | None:
    """One line an arm; None where one setting was tried, or where cells keep no such curve."""
    s = view.summary
    on = "test" if all(_whole(arm, "test") for arm in s.ranked) else "validation"
    found = [(arm, spent(arm, on)) for arm in s.ranked if _whole(arm, on)]
    if s.protocol.trials < 2 or not found:
        return None
    how = (
        f"Mean of {plural(len(s.protocol.seeds), 'seed')}. After each setting the one with the best validation score "
        f"so far is taken, and its {on} score shown. Left: the same number of settings for all. Right: the CPU seconds "
        "that they took together, failed ones included. "
    )
    how += (
        "Test scores of settings that were not chosen in the end are computed after the choice, for this figure alone. "
        if on == "test"
        else "Vertical: validation scores, because inner folds leave no test score of the settings on the way. "
    )
    axis = ScoreAxis.of(view.scale, _values(found), 0, 1)
    rows = tuple(
        (
            arm.title,
            str(number + 1),
            f"{curve.cpu_s[number]:.4g}",
            f"{curve.evaluations[number]:.4g}",
            f"{view.scale.shown(float(curve.score[number])):.4g}",
        )
        for arm, curve in found
        for number in range(len(curve.score))
    )
    columns = ("arm", "settings", "CPU seconds", "circuit evaluations", f"{on} {view.scale.axis}")
    draw = lambda wide: _draw(view, found, on, wide)  # noqa: E731
    return Figure("budget", _title(view, found, on), how + axis.said(view.scale), draw, columns, rows)


def spent(arm: Contestant, on: str) -> Spent:
    """The mean curve of an arm; `on` is "test" or "validation"."""
    curves = [cell.budget_curve for cell in arm.judged]
    table = np.array([[(p.cpu_s, p.evaluations, p.test if on == "test" else p.validation) for p in c] for c in curves])
    cpu_s, evaluations, score = table.astype(np.float64).mean(axis=0).T
    return Spent(np.maximum(cpu_s, LEAST_SECONDS), evaluations, score)


def _whole(arm: Contestant, on: str) -> bool:
    """Whether every cell of an arm has a score of that split at every step."""
    curves = [cell.budget_curve for cell in arm.judged]
    known = all(on == "validation" or point.test is not None for curve in curves for point in curve)
    return bool(curves) and len({len(curve) for curve in curves}) == 1 and len(curves[0]) > 1 and known


def _values(found: Sequence[tuple[Contestant, Spent]]) -> list[float]:
    return [float(v) for _, curve in found for v in curve.score]


def _title(view: View, found: Sequence[tuple[Contestant, Spent]], on: str) -> str:
    """What the hero and the model without its circuit had at the start and at the end of the budget."""
    curves = {arm.key: (arm, curve) for arm, curve in found}
    wanted = (view.hero, view.summary.reference("removed"))
    chosen = [curves[arm.key] for arm in wanted if arm is not None and arm.key in curves]
    if not chosen:
        return f"Score on {on} rows by budget"
    count = len(chosen[0][1].score)
    said = [
        f"{arm.title} {view.scale.score(float(c.score[0]))}, then {view.scale.score(float(c.score[-1]))}"
        for arm, c in chosen
    ]
    return f"After 1 and after {count} settings: {'; '.join(said)}"


def _draw(view: View, found: Sequence[tuple[Contestant, Spent]], on: str, wide: bool) -> Canvas:
    plot = Plot.of(len(found), wide)
    shift = 0.0 if wide else plot.bottom - plot.top + 62
    canvas = Canvas(
        plot.width, plot.height + shift, f"Best {on} {view.scale.label} so far by settings and CPU seconds."
    )
    middle = (plot.left + plot.right) / 2
    first = Plot(plot.width, plot.height, plot.left, middle - GAP if wide else plot.right, plot.top, plot.bottom)
    second = Plot(
        plot.width,
        plot.height + shift,
        middle + 12 if wide else plot.left,
        plot.right,
        plot.top + shift,
        plot.bottom + shift,
    )
    count = len(found[0][1].score)
    settings = linear(1, count, first.left + 8, first.right - 8)
    for number in _counts(count):
        canvas.line(settings(number), first.bottom, settings(number), first.bottom + 4)
        canvas.text(settings(number), first.bottom + 18, number, "t s", "middle")
    _words(canvas, first, "settings tried")
    starts, ends = [c.cpu_s[0] for _, c in found], [c.cpu_s[-1] for _, c in found]
    seconds = seconds_axis(canvas, second, starts, ends, wide)
    _words(canvas, second, "CPU seconds of the search" + (" (log scale)" if wide else ", log scale"))
    _lines(canvas, view, found, first, lambda c: [settings(n + 1) for n in range(count)])
    last = _lines(canvas, view, found, second, lambda c: [seconds(t) for t in c.cpu_s])
    names(canvas, view, [arm for arm, _ in found], last, second)
    return canvas


def _words(canvas: Canvas, plot: Plot, words: str) -> None:
    canvas.text((plot.left + plot.right) / 2, plot.axis, words, "t s", "middle")


def _counts(count: int) -> list[int]:
    """Numbers of settings to label: all of a few, else a few of all."""
    return list(range(1, count + 1)) if count <= 10 else sorted({1, *range(0, count + 1, -(-count // 8))} - {0})


def _lines(canvas: Canvas, view: View, found, plot: Plot, xs) -> list[tuple[float, float]]:
    """One step line an arm with its glyph at the end; gives the ends."""
    axis = ScoreAxis.of(view.scale, _values(found), plot.bottom, plot.top)
    axis.draw(canvas, plot.left, plot.right)
    ends = []
    for arm, curve in sorted(found, key=lambda pair: view.is_strong(pair[0])):
        heights: Map = lambda v: axis.y(view.scale.shown(float(v)))  # noqa: E731
        points = list(zip(xs(curve), map(heights, curve.score), strict=True))
        steps = [points[0]]
        for px, py in points[1:]:
            steps += [(px, steps[-1][1]), (px, py)]
        canvas.path(steps, ("l" if view.is_strong(arm) else "k") + view.marks.letter(arm))
    for arm, curve in found:
        px, py = xs(curve)[-1], axis.y(view.scale.shown(float(curve.score[-1])))
        tip = (
            f"{arm.title}: {view.scale.score(float(curve.score[-1]))} after {three(float(curve.cpu_s[-1]))} CPU s, "
            f"{short(float(curve.evaluations[-1]))} circuit evaluations"
        )
        canvas.add(view.marks.glyph(arm, px, py, 4.5, tip))
        ends.append((px + 7, py))
    return ends
