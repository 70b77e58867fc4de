"""Test score against training rows: the usual place for the claim that circuits help with few data."""

from __future__ import annotations

import numpy as np

from qml.base.words import plural
from qml.bench.contestant import Contestant
from qml.bench.report.canvas import Canvas, logarithmic
from qml.bench.report.figures.axes import ScoreAxis
from qml.bench.report.figures.names import Plot, names
from qml.bench.report.view import Figure, View

Sizes = dict[int, dict[int, float]]


def rows_figure(view: View) -> Figure | None:
    """None when the protocol asks for no fits on fewer rows."""
    found = [(arm, by_size(view, arm)) for arm in view.summary.ranked]
    found = [(arm, sizes) for arm, sizes in found if len(sizes) > 1]
    if not found:
        return None
    how = (
        f"Test score, mean of {plural(len(view.summary.protocol.seeds), 'seed')}, {view.summary.rows('test')} "
        "test rows each. "
        "Grey whiskers, for the arms in bold only: lowest to highest seed. Same number of epochs at every size; "
        "setting chosen at full size."
    )
    rows = tuple(
        (arm.title, str(n), *(f"{view.scale.shown(float(f(list(v.values())))):.4g}" for f in (np.mean, np.min, np.max)))
        for arm, sizes in found
        for n, v in sizes.items()
    )
    columns = ("arm", "rows", "mean", "lowest", "highest")
    return Figure(
        "rows", _title(view, dict((a.key, s) for a, s in found)), how, lambda w: _draw(view, found, w), columns, rows
    )


def by_size(view: View, arm: Contestant) -> Sizes:
    """Training rows -> seed -> test value, the whole training split last."""
    sizes: Sizes = {}
    for cell in arm.cells:
        seed = cell.cell.seed
        for rows, value in cell.rows_curve.items():
            sizes.setdefault(int(rows), {})[seed] = value
    if sizes:
        sizes[view.summary.rows("train")] = dict(arm.scores)
    return dict(sorted(sizes.items()))


def _title(view: View, found: dict[str, Sizes]) -> str:
    hero, removed = view.hero, view.summary.reference("removed")
    if hero is None or removed is None or hero.key not in found or removed.key not in found:
        return "Score by number of training rows"
    first = min(set(found[hero.key]) & set(found[removed.key]))
    ours, theirs = found[hero.key][first], found[removed.key][first]
    sign = view.scale.sign
    gaps = [sign * (ours[seed] - theirs[seed]) for seed in ours if seed in theirs]
    ends = f"{view.scale.signed(min(gaps))} and {view.scale.signed(max(gaps))} {view.scale.units}".rstrip()
    lead = "Fewer rows do not favour the circuit: at" if max(gaps) < 0 else "At"
    return f"{lead} {first} rows, {hero.title} minus {removed.title} lies between {ends} in {plural(len(gaps), 'seed')}"


def _draw(view: View, found: list[tuple[Contestant, Sizes]], wide: bool) -> Canvas:
    plot = Plot.of(len(found), wide)
    title = f"Test {view.scale.label} against number of training rows for {len(found)} arms."
    canvas = Canvas(plot.width, plot.height, title)
    sizes = sorted({n for _, s in found for n in s})
    x = logarithmic(sizes[0], sizes[-1], plot.left, plot.right)
    shown = view.scale.shown
    values = [v for _, s in found for d in s.values() for v in d.values()]
    axis = ScoreAxis.of(view.scale, values, plot.bottom, plot.top)
    axis.draw(canvas, plot.left, plot.right)
    for n in sizes:
        canvas.line(x(n), plot.bottom, x(n), plot.bottom + 4)
        canvas.text(x(n), plot.bottom + 18, n, "t s", "middle")
    canvas.text((plot.left + plot.right) / 2, plot.axis, "training rows (log scale)", "t s", "middle")
    for arm, sizes_of in sorted(found, key=lambda pair: view.is_strong(pair[0])):
        strong = view.is_strong(arm)
        points = []
        for n, by_seed in sizes_of.items():
            values = list(by_seed.values())
            points.append((x(n), axis.y(shown(float(np.mean(values))))))
            if strong:
                canvas.line(x(n), axis.y(shown(min(values))), x(n), axis.y(shown(max(values))), "ivt")
        canvas.path(points, ("l" if strong else "k") + view.marks.letter(arm))
        for px, py in points:
            canvas.add(view.marks.glyph(arm, px, py, 4.5 if strong else 3.4))
    ends = [(plot.right + 4.0, axis.y(shown(float(np.mean(list(list(s.values())[-1].values())))))) for _, s in found]
    names(canvas, view, [arm for arm, _ in found], ends, plot)
    return canvas
