"""Differences as a forest: direction, size, band and single values in one picture; on one data set or on many."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from qml.bench.report.canvas import Canvas, Map, digits, esc, linear, ticks
from qml.bench.report.view import NARROW, WIDE
from qml.bench.scale import Scale, minus

WORD = 44
"""Room for "← worse" and for "better →"."""


@dataclass(frozen=True)
class ForestRow:
    """One row, in units of the metric; positive is good.

    Args:
        mark: draws the glyph of the other side at a point.
        name: of the other side.
        question: what the comparison asks; "" for none.
        word: the reading.
        mean: the diamond.
        lo, hi: ends of the interval; infinite where there is none.
        values: one small dot each, with the text of its tip.
    """

    mark: Callable[[float, float], str]
    name: str
    question: str
    word: str
    mean: float
    lo: float
    hi: float
    values: tuple[tuple[float, str], ...]

    @property
    def known(self) -> bool:
        """Whether there is an interval."""
        return math.isfinite(self.lo) and math.isfinite(self.hi)

    def said(self, scale: Scale, gap: str = " ") -> str:
        """Mean and interval as text."""
        ends = f"[{scale.signed(self.lo)}, {scale.signed(self.hi)}]" if self.known else "[no interval]"
        return f"{scale.signed(self.mean)}{gap}{ends}"


def forest(rows: Sequence[ForestRow], scale: Scale, rope: float, head: str, alt: str, wide: bool) -> Canvas:
    """The drawing: one row a comparison; `head` stands above their names."""
    row, top = (58, 34) if wide else (78, 50)
    bottom = top + row * len(rows)
    words = "; ".join(_words(item, scale) for item in rows)
    canvas = Canvas(WIDE if wide else NARROW, bottom + 40, f"{alt} {words}")
    x, marks = _axis(rows, scale, rope, wide)
    _frame(canvas, scale, rope, x, marks, head, wide, (top, row, bottom))
    for number, item in enumerate(rows):
        _row(canvas, item, scale, x, wide, top + row * number, number > 0)
    return canvas


def _words(item: ForestRow, scale: Scale) -> str:
    ends = f"95 % interval {scale.signed(item.lo)} to {scale.signed(item.hi)}" if item.known else "no interval"
    return f"{item.name}: {f'{scale.signed(item.mean)} {scale.units}'.strip()}, {ends}, {item.word}"


def _axis(rows: Sequence[ForestRow], scale: Scale, rope: float, wide: bool) -> tuple[Map, list[float]]:
    """Scale of shown differences with its ticks."""
    ends = [-1.5 * rope, 1.5 * rope]
    for item in rows:
        ends += [item.mean, *(value for value, _ in item.values), *((item.lo, item.hi) if item.known else ())]
    shown = [scale.shown(v) for v in ends]
    marks = ticks(min(shown), max(shown), 10 if wide else 7)
    return linear(marks[0], marks[-1], *((212, 548) if wide else (14, 346))), marks


def _frame(
    canvas: Canvas,
    scale: Scale,
    rope: float,
    x: Map,
    marks: list[float],
    head: str,
    wide: bool,
    rows: tuple[float, float, float],
) -> None:
    top, row, bottom = rows
    half = scale.shown(rope)
    canvas.text(22 if wide else 0, top - 14 if wide else 14, head, "t s")
    count = 1 if wide else round((bottom - top) / row)
    for i in range(count):  # on a phone the band is cut so that it does not run under text
        first, last = (top - 6, bottom) if wide else (top + row * i + 40, top + row * i + 74)
        canvas.rect(x(-half), first, x(half) - x(-half), last - first, "band")
        canvas.line(x(0), first, x(0), last, "zero")
    for value in marks:
        canvas.line(x(value), bottom, x(value), bottom + 4)
        canvas.text(x(value), bottom + 17, "0" if value == 0 else minus(f"{value:+g}"), "t s", "middle")
    canvas.line(x(marks[0]), bottom, x(marks[-1]), bottom)
    better = "improvement" if not scale.higher_is_better else "difference"
    label = f"{better} in {scale.label}" + (f", {scale.units}" if scale.units else "")
    canvas.text((x(marks[0]) + x(marks[-1])) / 2, bottom + 34, label, "t s", "middle")
    _directions(canvas, x, half, marks, top - 14)


def _directions(canvas: Canvas, x: Map, rope: float, marks: list[float], y: float) -> None:
    """Which side is which, beside the band and within the drawing."""
    left, right = x(-rope) - 6, x(rope) + 6
    first, last = x(marks[0]), x(marks[-1])
    left = max(first + WORD, min(left, last - 2 * WORD - 12))
    right = min(last - WORD, max(right, left + 12))
    canvas.text(left, y, "← worse", "t s", "end")
    canvas.text(right, y, "better →", "t s")


def _row(canvas: Canvas, item: ForestRow, scale: Scale, x: Map, wide: bool, top: float, ruled: bool) -> None:
    y = top + (29 if wide else 54)
    if ruled:
        canvas.line(0, top, canvas.width, top, "hair")
    canvas.add(item.mark(8, y - 8 if wide else y - 36))
    question = item.question if wide or len(item.question) + len(item.word) <= 56 else ""
    first, second = (y - 4, y + 13) if wide else (y - 32, y - 17)
    room = 24 if wide else 26
    name = item.name if len(item.name) <= room else item.name[: room - 1].rstrip() + "…"
    canvas.text(22, first, name, "t b")
    canvas.text(22, second, question, "t s")
    canvas.text(canvas.width, first, item.said(scale, "  " if wide else " "), "t b n", "end")
    canvas.text(canvas.width, second, item.word, "t s", "end")
    _marks(canvas, item, scale, x, y)


def _marks(canvas: Canvas, item: ForestRow, scale: Scale, x: Map, y: float) -> None:
    if item.known:
        canvas.interval(x(scale.shown(item.lo)), x(scale.shown(item.hi)), y)
    for value, tip in item.values:
        canvas.circle(x(scale.shown(value)), y + 11, 3, "seed", tip)
    middle = x(scale.shown(item.mean))
    tip = esc(f"mean {item.said(scale, ', 95 % interval ')}, n = {len(item.values)}")
    canvas.add(
        f'<rect x="{digits(middle - 5)}" y="{digits(y - 5)}" width="10" height="10" '
        f'transform="rotate(45 {digits(middle)} {digits(y)})" class="ink m" data-t="{tip}"/>'
    )
