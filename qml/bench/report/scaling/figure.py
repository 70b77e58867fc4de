"""The headline figure: loss against training rows, both logarithmic, a panel a data set, laws only where there are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qml.base.words import plural
from qml.bench.report.canvas import Canvas, Map, decades, logarithmic, ticks
from qml.bench.report.scaling.panels import Panels
from qml.bench.report.view import NARROW, WIDE, Figure
from qml.bench.scale import short, three
from qml.bench.scaling.growth import BEYOND, TWIN, Curve, Growth
from qml.bench.scaling.words import rows_text

HIGH, TOP, LEGEND_ROW, STEPS = 314, 40, 20, 25
COLUMNS = ("data set", "loss", "arm", "training rows", "mean", "low", "high", "what")


def growth_figure(panels: Panels, place: int) -> Figure | None:
    """Loss against training rows; None where no data set has the measure of that place, or curves.

    Args:
        panels: the data sets.
        place: which measure of each: 0 the first, such as the log-loss.
    """
    shown = [growth for growth in panels.growths if panels.drawn(growth, place)]
    if not shown:
        return None
    seeds = len(shown[0].whole.protocol.seeds)
    how = (
        f"Test loss, geometric mean of {plural(seeds, 'seed')}, against training rows, both axes logarithmic, the "
        "same test rows at every size where the set has a published test part. Lines: the law that AICc prefers, only "
        "where a constant does not fit as well and the 95\u00a0% interval of its exponent, in brackets above, leaves 0 "
        "out; points without a line follow none. Solid: the hybrid and its twin, dashed where extrapolated. Dotted: "
        "the others. Whiskers and bands, of the hybrid and its twin: 95\u00a0% over seeds and test rows, cut at the "
        "frame. Settings were chosen anew at each size."
    )
    rows = tuple(row for growth in shown for row in _rows(panels, growth, place))
    names = {0: "growth", 1: "growth_error"}
    return Figure(
        names.get(place, f"growth_{place}"),
        _title(panels, shown, place),
        how,
        lambda wide: _draw(panels, shown, place, wide),
        COLUMNS,
        rows,
    )


def _title(panels: Panels, shown: Sequence[Growth], place: int) -> str:
    """The exponents of the hybrid and of its twin, set by set."""
    said = []
    for growth in shown:
        curves = {curve.role: curve for curve in panels.drawn(growth, place)}
        found = [f"{panels.title(role)} {_power(curves[role])}" for role in (growth.hero, TWIN) if role in curves]
        label = next(iter(curves.values())).measure.label
        said.append(f"{growth.data}, {label}: {', '.join(found) or 'no hybrid'}")
    return "; ".join(said)


def _power(curve: Curve) -> str:
    """The exponent of a curve in a title."""
    law = curve.choice.law
    if curve.choice.kind != "law" or law is None:
        return {"constant": "no law", "rises": "rises", "refused": "too few sizes"}[curve.choice.kind]
    lo, hi = curve.parameter("exponent")
    floor = " to a floor" if law.form == "floored" else ""
    return f"falls{floor} with exponent {three(law.exponent)} [{three(lo)} to {three(hi)}]"


def _rows(panels: Panels, growth: Growth, place: int) -> list[tuple[str, ...]]:
    """Points and lines as text."""
    rows = []
    for curve in panels.drawn(growth, place):
        begin = (growth.data, curve.measure.label, panels.title(curve.role))
        for size, reading in enumerate(curve.readings):
            rows.append((*begin, f"{reading.rows:.0f}", *map(_text, (reading.mean, *curve.interval(size))), "measured"))
        if curve.choice.kind == "law" and curve.choice.law is not None:
            grid = _grid(curve, 9)
            band = curve.band(grid.tolist())
            for number, size in enumerate(grid):
                ends = band[:, number] if band.size else (math.nan, math.nan)
                what = "extrapolated" if size > curve.sizes[-1] * (1 + 1e-9) else "law"
                rows.append((*begin, f"{size:.0f}", *map(_text, (curve.choice.law(size), *ends)), what))
    return rows


def _text(value: float) -> str:
    return f"{value:.5g}" if math.isfinite(value) else ""


def _grid(curve: Curve, steps: int) -> np.ndarray:
    """Training rows from the fewest to beyond the most, evenly in the logarithm."""
    return np.geomspace(curve.sizes[0], curve.sizes[-1] * BEYOND, steps)


@dataclass(frozen=True)
class _Frame:
    """Where one panel stands, and its axes."""

    left: float
    right: float
    top: float
    bottom: float
    x: Map
    y: Map
    low: float
    high: float

    def height(self, loss: float) -> float:
        """Height of a loss, cut at the frame."""
        return self.y(min(self.high, max(self.low, loss)))


def _draw(panels: Panels, shown: Sequence[Growth], place: int, wide: bool) -> Canvas:
    columns = min(3, len(shown)) if wide else 1
    lines = -(-len(shown) // columns)
    across, legend = (WIDE if wide else NARROW), (4 if wide else 2)
    below = 26 + LEGEND_ROW * -(-len(panels.roles) // legend)
    names = ", ".join(growth.data for growth in shown)
    canvas = Canvas(across, lines * HIGH + below, f"Test loss against training rows on {names}, both axes logarithmic.")
    for number, growth in enumerate(shown):
        width = across / columns
        left, up = number % columns * width, number // columns * HIGH + TOP
        _panel(canvas, panels, growth, place, (left + 40, left + width - 12, up, up + 214))
    top = lines * HIGH + 18
    per_column = -(-len(panels.roles) // legend)
    for number, role in enumerate(panels.roles):
        x, y = 12 + across / legend * (number // per_column), top + LEGEND_ROW * (number % per_column)
        canvas.add(panels.glyph(role, x, y - 4, 4.5, ""))
        strong = any(panels.is_strong(growth, role) for growth in shown)
        canvas.text(x + 12, y, panels.title(role), "t b" if strong else "t")
    return canvas


def _panel(canvas: Canvas, panels: Panels, growth: Growth, place: int, box: tuple[float, float, float, float]) -> None:
    """One data set."""
    curves = panels.drawn(growth, place)
    frame = _frame(curves, box)
    canvas.text(frame.left - 28, frame.top - 24, growth.data, "t b")
    canvas.text(frame.left - 28, frame.top - 8, f"test {curves[0].measure.axis}", "t s")
    for value in _loss_marks(frame.low, frame.high):
        canvas.line(frame.left, frame.y(value), frame.right, frame.y(value), "hair")
        canvas.text(frame.left - 6, frame.y(value) + 4, f"{value:g}", "t s", "end")
    last = max(curve.sizes[-1] for curve in curves)
    first = min(curve.sizes[0] for curve in curves)
    for value in decades(first * 0.99, last * BEYOND, (1, 3) if frame.right - frame.left > 300 else (1,)):
        canvas.line(frame.x(value), frame.bottom, frame.x(value), frame.bottom + 4)
        canvas.text(frame.x(value), frame.bottom + 18, short(value), "t s", "middle")
    canvas.path([(frame.x(last), frame.top), (frame.x(last), frame.bottom)], "ref")
    canvas.text((frame.left + frame.right) / 2, frame.bottom + 36, "training rows", "t s", "middle")
    for curve in curves:
        if panels.is_strong(growth, curve.role):
            _band(canvas, panels, curve, frame)
    for curve in curves:
        _curve(canvas, panels, curve, frame, panels.is_strong(growth, curve.role))


def _frame(curves: Sequence[Curve], box: tuple[float, float, float, float]) -> _Frame:
    """The axes that hold all points of a panel, and its laws."""
    left, right, top, bottom = box
    means = [reading.mean for curve in curves for reading in curve.readings if reading.mean > 0] or [1.0]
    ends = [
        curve.choice.law(curve.sizes[-1] * BEYOND) for curve in curves if curve.choice.law and curve.choice.law.falls
    ]
    low, high = min([*means, *ends]) / 1.06, max(means) * 1.06
    low = max(low, min(means) / 2)
    first, last = min(curve.sizes[0] for curve in curves), max(curve.sizes[-1] for curve in curves)
    x = logarithmic(first / 1.15, last * BEYOND, left, right)
    return _Frame(left, right, top, bottom, x, logarithmic(low, high, bottom, top), low, high)


def _loss_marks(low: float, high: float) -> list[float]:
    """Round losses on the axis; evenly spaced ones where the range is narrow."""
    for factors in ((1, 2, 5), (1, 1.5, 2, 3, 5, 7)):
        found = decades(low, high, factors)  # pyright: ignore[reportArgumentType]
        if len(found) >= 3:
            return found
    return [value for value in ticks(low, high, 6) if low <= value <= high]


def _band(canvas: Canvas, panels: Panels, curve: Curve, frame: _Frame) -> None:
    """What the law leaves open."""
    grid = _grid(curve, STEPS)
    band = curve.band(grid.tolist())
    if curve.choice.kind != "law" or not band.size or np.isnan(band).any():
        return
    low, high = ([frame.height(float(value)) for value in side] for side in band)
    canvas.area([frame.x(float(n)) for n in grid], low, high, "a" + panels.letter(curve.role))


def _curve(canvas: Canvas, panels: Panels, curve: Curve, frame: _Frame, strong: bool) -> None:
    """The law of a contestant, if any, and its points with their intervals."""
    kind = f"l{panels.letter(curve.role)}" if strong else f"k{panels.letter(curve.role)} other"
    law = curve.choice.law
    if curve.choice.kind == "law" and law is not None:
        last = float(curve.sizes[-1])
        inside = np.geomspace(curve.sizes[0], last, STEPS)
        canvas.path([(frame.x(float(n)), frame.height(law(float(n)))) for n in inside], kind)
        if strong:
            outside = np.geomspace(last, last * BEYOND, 8)
            canvas.path([(frame.x(float(n)), frame.height(law(float(n)))) for n in outside], f"{kind} beyond")
    for size, reading in enumerate(curve.readings):
        lo, hi = curve.interval(size)
        x = frame.x(reading.rows)
        if strong and math.isfinite(lo) and math.isfinite(hi):
            canvas.line(x, frame.height(lo), x, frame.height(hi), "ivt")
        tip = f"{panels.title(curve.role)}, {rows_text(reading.rows)} rows: {curve.measure.label} {three(reading.mean)}"
        canvas.add(panels.glyph(curve.role, x, frame.height(reading.mean), 4.5 if strong else 3.4, tip))
