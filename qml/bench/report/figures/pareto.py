"""Score against cost (CPU seconds, trained parameters, circuit evaluations), with the front that nobody beats."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from qml.bench.contestant import Contestant
from qml.bench.report.canvas import Box, Canvas, logarithmic, place
from qml.bench.report.figures.axes import ScoreAxis
from qml.bench.report.figures.names import ROW, name_list
from qml.bench.report.view import NARROW, WIDE, Figure, View
from qml.bench.scale import listed, short, three

Costs = list[tuple[Contestant, float]]


def front(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Points (cost, goodness) that no other point beats at the same or a lower cost, by rising cost.

    Example:
        >>> front([(1, 0.5), (2, 0.4), (3, 0.9)])
        [(1, 0.5), (3, 0.9)]
    """
    kept: list[tuple[float, float]] = []
    for point in sorted(points, key=lambda p: (p[0], -p[1])):
        if not kept or point[1] > kept[-1][1]:
            kept.append(point)
    return kept


@dataclass(frozen=True)
class Side:
    """One panel: a cost an arm, what it is, and whether arms without that cost are left out."""

    name: str
    label: str
    costs: Costs


def pareto_figure(view: View) -> Figure | None:
    """A panel for CPU seconds, for trained parameters and for circuit evaluations."""
    arms = [arm for arm in view.summary.ranked if arm.cells]
    sides = _sides(arms)
    if len(arms) < 2 or not sides:
        return None
    on = {arm.key: arm for side in sides for arm in _on_front(view, side.costs) if arm.family == "hybrid"}
    where = {key: listed([s.name for s in sides if on[key] in _on_front(view, s.costs)]) for key in on}
    said = "; ".join(f"{on[key].title} ({where[key]})" for key in on)
    title = f"On a Pareto front: {said}" if on else "No arm with a circuit is on a Pareto front"
    axis = _axis(view, 1, 0)
    how = (
        "Up and to the left is better. Dashed step line: best mean score reachable at that cost. Whiskers: "
        f"95\u00a0% interval, cut at the frame. {axis.said(view.scale)} Cost of the chosen fit, median over seeds. "
        "Arms without trained numbers, or without a circuit, are left out on that side."
    )
    columns = ("arm", view.scale.axis, "low", "high", "CPU seconds", "quantum", "classical", "circuit evaluations")
    rows = tuple(_row(view, arm) for arm in arms)
    return Figure("pareto", title, how, lambda wide: _draw(view, arms, sides, wide), columns, rows)


def _row(view: View, arm: Contestant) -> tuple[str, ...]:
    e = view.scores[arm.key]
    sizes = [f"{arm.parameters.get(part, 0):.0f}" for part in ("quantum", "classical")]
    ends = [_plain(view.scale.shown(v)) for v in (e.mean, e.lo, e.hi)]
    return (arm.title, *ends, f"{arm.typical_cost('cpu_s'):.3g}", *sizes, f"{arm.evaluations:.5g}")


def _plain(value: float) -> str:
    return f"{value:.4g}" if math.isfinite(value) else ""


def _sides(arms: Sequence[Contestant]) -> list[Side]:
    """The panels that some arms can be drawn in."""
    every = [
        Side("CPU time", "training, CPU seconds", [(a, max(a.typical_cost("cpu_s"), 1e-4)) for a in arms]),
        Side("parameters", "trained parameters", [(a, a.all_parameters) for a in arms if a.all_parameters > 0]),
        Side("circuit evaluations", "circuit evaluations", [(a, a.evaluations) for a in arms if a.evaluations > 0]),
    ]
    return [side for side in every if len(side.costs) > 1]


def _on_front(view: View, costs: Costs) -> list[Contestant]:
    good = {arm.key: view.scale.sign * view.scores[arm.key].mean for arm, _ in costs}
    edge = front([(cost, good[arm.key]) for arm, cost in costs])
    return [arm for arm, cost in costs if (cost, good[arm.key]) in edge]


def _axis(view: View, bottom: float, top: float) -> ScoreAxis:
    means = [e.mean for e in view.scores.values()]
    ends = [view.scale.bounded(v) for e in view.scores.values() if e.known for v in (e.lo, e.hi)]
    if view.scale.percent:
        ends = [v for v in ends if v < 1.0]
    span = max(means) - min(means) or abs(means[0]) or 1.0
    near = [v for v in ends if min(means) - span <= v <= max(means) + span]
    return ScoreAxis.of(view.scale, [*means, *near], bottom, top)


def _draw(view: View, arms: Sequence[Contestant], sides: Sequence[Side], wide: bool) -> Canvas:
    """Two panels a row with the names in the free place, or one below the other with the names last."""
    columns = 2 if wide else 1
    lines = -(-len(sides) // columns)
    free = wide and len(sides) % 2 == 1
    per_line = 2 if free or not wide else 4
    listed_below = 0 if free else 30 + ROW * -(-len(arms) // per_line)
    height = 350 * lines + listed_below if wide else 320 * lines + listed_below
    title = f"Test {view.scale.label} against {listed([side.name for side in sides])}, with the Pareto front."
    canvas = Canvas(WIDE if wide else NARROW, height, title)
    for number, side in enumerate(sides):
        across, down = number % columns, number // columns
        if wide:
            frame = (38 + across * 388, 20 + down * 350, 356 + across * 388, 306 + down * 350)
        else:
            frame = (38, 14 + down * 320, 352, 270 + down * 320)
        _panel(canvas, view, side.costs, f"{side.label} (log scale)", frame)
    left, top = (412, height - 340) if free else (8, height - listed_below + 22)
    name_list(canvas, view, arms, (left, top), per_line)
    return canvas


def _panel(canvas: Canvas, view: View, costs: Costs, label: str, frame: tuple[float, float, float, float]) -> None:
    left, top, right, bottom = frame
    axis = _axis(view, bottom, top)
    axis.draw(canvas, left, right)
    values = [cost for _, cost in costs]
    low = 10.0 ** math.floor(math.log10(min(values) * 0.95))
    high = 10.0 ** math.ceil(math.log10(max(values) * 1.05))
    x = logarithmic(low, high, left, right)
    first, last = round(math.log10(low)), round(math.log10(high))
    for power in range(first, last + 1):
        canvas.line(x(10.0**power), bottom, x(10.0**power), bottom + 4)
        text = short(10.0**power) if power > 0 else f"{10.0**power:g}"
        canvas.text(x(10.0**power), bottom + 18, text, "t s", "middle")
    canvas.text((left + right) / 2, bottom + 36, label, "t s", "middle")
    shown, sign = view.scale.shown, view.scale.sign
    height = {arm.key: axis.y(shown(view.scores[arm.key].mean)) for arm, _ in costs}
    steps = [(x(c), axis.y(shown(sign * g))) for c, g in front([(c, sign * view.scores[a.key].mean) for a, c in costs])]
    line = [steps[0]]
    for px, py in steps[1:]:
        line += [(px, line[-1][1]), (px, py)]
    canvas.path([*line, (right, line[-1][1])], "front")
    blocks: list[Box] = [(a[0], a[1] - 3, b[0], a[1] + 3) for a, b in zip(line, [*line[1:], (right, 0.0)], strict=True)]
    points = [(x(cost), height[arm.key]) for arm, cost in costs]
    for (arm, _), (px, _) in zip(costs, points, strict=True):
        e = view.scores[arm.key]
        if e.known:
            ends = sorted((axis.y(shown(e.lo)), axis.y(shown(e.hi))))
            canvas.line(px, max(top, ends[0]), px, min(bottom, ends[1]), "ivt")
            blocks.append((px - 1, ends[0], px + 1, ends[1]))
    for (arm, cost), (px, py) in zip(costs, points, strict=True):
        tip = f"{arm.title}: {view.scale.score(view.scores[arm.key].mean)}, {three(cost)}"
        canvas.add(view.marks.glyph(arm, px, py, 5.5, tip))
    _names(canvas, view, [arm for arm, _ in costs], points, (left, top - 18, right + 8, bottom), blocks)


def _names(
    canvas: Canvas,
    view: View,
    arms: list[Contestant],
    points: list[tuple[float, float]],
    frame: Box,
    blocks: list[Box],
) -> None:
    """Names beside the points where there is room, the arms of the verdict first; all of them stand in the list."""
    order = sorted(range(len(arms)), key=lambda i: not view.is_strong(arms[i]))
    names = [view.name(arms[i], False, 18) for i in order]
    labels = place([points[i] for i in order], names, frame, blocks)
    for i, name, (x, y, anchor, free) in zip(order, names, labels, strict=True):
        if free:
            bold = view.hero is not None and arms[i].key == view.hero.key
            canvas.text(x, y, name, "t s halo b" if bold else "t s halo", anchor)
