"""Stated confidence against the share that is right."""

from __future__ import annotations

import math

import numpy as np

from qml.bench.contestant import Contestant
from qml.bench.report.canvas import Canvas, linear
from qml.bench.report.view import WIDE, Figure, View
from qml.bench.statistics import CALIBRATION_BINS, ReliabilityBin, calibration_error, reliability

LEAST = 20


def calibration_figure(view: View) -> Figure | None:
    """The hybrid, the model without its circuit and the champion; None for numbers."""
    s = view.summary
    chosen = [arm for arm in (view.hero, s.reference("removed"), s.champion) if arm is not None and arm.cells]
    arms = list({arm.key: arm for arm in chosen or [arm for arm in s.ranked if arm.cells][:3]}.values())
    if not s.labels or not arms:
        return None
    found = [(arm, *_reliability(arm)) for arm in arms]
    title = "Calibration error, points: " + ", ".join(f"{arm.title} {100 * error:.1f}" for arm, _, error in found)
    how = (
        "Vertical: per cent right. On the dashed line a confidence of 80\u00a0% is right in 80\u00a0% of "
        "rows. Below it: too sure. Whiskers: Wilson 95\u00a0%, "
        "pooled seeds taken as independent, hence somewhat too short. Area: number of rows; of "
        f"{CALIBRATION_BINS} bins those with fewer than {LEAST} rows are not drawn. The error is the metric of that "
        "name, mean of seeds. Probabilities as the arms give them."
    )
    rows = tuple(
        (arm.title, *(f"{100 * v:.4g}" for v in (b.confidence, b.right, b.lo, b.hi)), str(b.rows))
        for arm, bins, _ in found
        for b in bins
    )
    columns = ("arm", "mean confidence", "% right", "low", "high", "rows")
    return Figure("calibration", title, how, lambda wide: _draw(view, found, wide), columns, rows)


def _reliability(arm: Contestant) -> tuple[tuple[ReliabilityBin, ...], float]:
    probabilities, targets = arm.array("test_predictions"), arm.array("test_targets")
    errors = [calibration_error(*pair) for pair in zip(probabilities, targets, strict=True)]
    return reliability(np.concatenate(probabilities), np.concatenate(targets)), float(np.mean(errors))


def _draw(view: View, found: list[tuple[Contestant, tuple[ReliabilityBin, ...], float]], wide: bool) -> Canvas:
    side = 208 if wide else 216
    height = side + 72 if wide else len(found) * (side + 76) + 8
    canvas = Canvas(WIDE if wide else 360, height, "Reliability diagrams: stated confidence against share right.")
    for number, (arm, bins, error) in enumerate(found):
        left, top = (34 + number * (side + 48), 26) if wide else (40, 26 + number * (side + 76))
        canvas.add(view.marks.glyph(arm, left + 5, top - 12, 5))
        canvas.text(left + 16, top - 8, view.name(arm, False, 18), "t k")
        canvas.text(left + side, top - 8, f"error {100 * error:.1f}", "t s", "end")
        _panel(canvas, bins, view.marks.letter(arm), left, top, side)
        canvas.text(left + side / 2, top + side + 34, "stated confidence, %", "t s", "middle")
    return canvas


def _panel(canvas: Canvas, bins: tuple[ReliabilityBin, ...], letter: str, left: float, top: float, side: float) -> None:
    x, y = linear(0, 100, left, left + side), linear(0, 100, top + side, top)
    for value in (0, 50, 100):
        canvas.line(left, y(value), left + side, y(value), "hair")
        canvas.text(left - 6, y(value) + 4, value, "t s", "end")
        canvas.text(x(value), top + side + 16, value, "t s", "middle")
    canvas.path([(left, top + side), (left + side, top)], "dash")
    drawn = [b for b in bins if b.rows >= LEAST]
    total = sum(b.rows for b in bins)
    if drawn:
        canvas.path([(x(100 * b.confidence), y(100 * b.right)) for b in drawn], "k" + letter)
    for b in drawn:
        px = x(100 * b.confidence)
        canvas.line(px, y(100 * b.lo), px, y(100 * b.hi), "ivt")
        tip = (
            f"confidence {100 * b.confidence:.0f} %: {100 * b.right:.0f} % right [{100 * b.lo:.0f}, "
            f"{100 * b.hi:.0f}], {b.rows} rows"
        )
        canvas.circle(px, y(100 * b.right), 2.2 + 5.5 * math.sqrt(b.rows / total), f"f{letter}", tip)
