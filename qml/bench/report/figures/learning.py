"""Validation score by epoch: one small panel an arm, the hybrid dotted in each."""

from __future__ import annotations

from qml.base.words import plural
from qml.bench.audit import chance, rise
from qml.bench.contestant import Contestant
from qml.bench.report.canvas import Canvas, Map, linear, ticks
from qml.bench.report.figures.curves import Curve, by_epoch, thinned
from qml.bench.report.view import WIDE, Figure, View
from qml.bench.scale import minus

MOST = 12


def learning_figure(view: View) -> Figure | None:
    """Small multiples of the arms that were trained by epochs."""
    s = view.summary
    found = [(arm, curve) for arm in s.ranked if (curve := by_epoch(view, arm)) is not None][:MOST]
    if not found:
        return None
    how = (
        f"Line: mean of {plural(len(s.protocol.seeds), 'seed')}. Band: lowest to highest seed. Validation rows "
        f"({s.rows('validation')} a seed), never test rows; a seed that stopped early keeps its last value."
    )
    if any(s.hero is not None and arm.key == s.hero.key for arm, _ in found) and len(found) > 1:
        how += f" Dotted line in every panel: {s.hero.title if s.hero else ''}."
    rows = tuple(
        (arm.title, f"{curve.x[i]:g}", *(f"{view.scale.shown(v[i]):.4g}" for v in (curve.mean, curve.low, curve.high)))
        for arm, curve in found
        for i in thinned(len(curve.x))
    )
    columns = ("arm", "epoch", "mean", "lowest", "highest")
    return Figure("learning", _title(view), how, lambda wide: _draw(view, found, wide), columns, rows)


def _title(view: View) -> str:
    hero = view.hero
    found = rise(view.summary, hero) if hero is not None else None
    if hero is None or found is None:
        return f"Validation {view.scale.label} by epoch"
    change, span = found
    limit = 0.01 if view.scale.percent else view.summary.protocol.rope
    state = "still improving" if change > limit else "no longer improving"
    size = f"{view.scale.signed(view.scale.sign * change)} {view.scale.units}".rstrip()
    return f"At the end of its budget {hero.spoken} is {state} ({size} in the last {plural(span, 'epoch')})"


def _draw(view: View, found: list[tuple[Contestant, Curve]], wide: bool) -> Canvas:
    columns, width, height, gap, below = (3, 216, 140, 36, 46) if wide else (2, 144, 104, 36, 44)
    lines = -(-len(found) // columns)
    title = (
        f"Validation {view.scale.label} by epoch for {plural(len(found), 'trained arm')}; mean and range over seeds."
    )
    canvas = Canvas(WIDE if wide else 360, lines * (height + below) + 26, title)
    shown = [view.scale.shown(v) for _, curve in found for v in (*curve.low, *curve.high)]
    marks = [0.0, 50.0, 100.0] if view.scale.percent else ticks(min(shown), max(shown), 4)
    hero = next((curve for arm, curve in found if view.hero is not None and arm.key == view.hero.key), None)
    for number, (arm, curve) in enumerate(found):
        left, top = 32 + (number % columns) * (width + gap), 26 + (number // columns) * (height + below)
        y = linear(marks[0], marks[-1], top + height, top)
        _grid(canvas, view, marks, y, (left, width), number % columns == 0, number == 0)
        _panel(canvas, view, arm, curve, hero, y, (left, width, top, height), wide)
    canvas.text(0, canvas.height - 4, f"epochs; vertical: validation {view.scale.axis}", "t s")
    return canvas


def _grid(
    canvas: Canvas, view: View, marks: list[float], y: Map, span: tuple[float, float], labelled: bool, first: bool
) -> None:
    left, width = span
    for value in marks:
        canvas.line(left, y(value), left + width, y(value), "ax" if value == marks[0] else "hair")
        if labelled:
            canvas.text(left - 6, y(value) + 4, minus(f"{value:g}"), "t s", "end")
    level = chance(view.summary)
    if level is not None and view.scale.percent:
        canvas.path([(left, y(100 * level)), (left + width, y(100 * level))], "dash")
        if first:
            canvas.text(left + width, y(100 * level) - 4, "chance", "t s halo", "end")


def _panel(
    canvas: Canvas,
    view: View,
    arm: Contestant,
    curve: Curve,
    hero: Curve | None,
    y: Map,
    box: tuple[float, float, float, float],
    wide: bool,
) -> None:
    left, width, top, height = box
    end = float(max(curve.x[-1], hero.x[-1] if hero is not None else 0))
    x = linear(0, end, left, left + width)
    shown = view.scale.shown
    letter = view.marks.letter(arm)
    for value in dict.fromkeys((0.0, round(end / 2), round(end))):
        canvas.text(x(value), top + height + 15, f"{value:g}", "t s", "middle")
    xs = [x(v) for v in curve.x]
    canvas.area(xs, [y(shown(v)) for v in curve.low], [y(shown(v)) for v in curve.high], "a" + letter)
    if hero is not None and curve is not hero:
        canvas.path([(x(u), y(shown(v))) for u, v in zip(hero.x, hero.mean, strict=True)], "ref")
    canvas.path(list(zip(xs, [y(shown(v)) for v in curve.mean], strict=True)), "l" + letter)
    canvas.add(view.marks.glyph(arm, left + 5, top - 12, 5))
    bold = " b" if view.is_strong(arm) else ""
    canvas.text(left + 16, top - 8, view.name(arm, wide, 14 if wide else 21), f"t{bold}" if wide else f"t s k{bold}")
    if not wide and len(arm.title) > 12:
        return  # no room for the number beside the name; it stands in the data
    last = float(curve.mean[-1])
    rounded = f"{shown(last):.0f}\u00a0%" if view.scale.percent and not wide else view.scale.score(last)
    canvas.text(left + width, top - 8, rounded, "t n", "end")
