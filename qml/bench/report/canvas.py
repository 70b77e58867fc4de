"""Inline SVG by hand: a canvas, scales, label placement. Colours are CSS variables: one drawing, three media."""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Iterable, Sequence

Points = Iterable[tuple[float, float]]
Map = Callable[[float], float]
Label = tuple[float, float, str]
Placed = tuple[float, float, str, bool]
Box = tuple[float, float, float, float]


def esc(text: object) -> str:
    """Text that is safe inside an element and inside a quoted attribute."""
    return html.escape(str(text), quote=True)


def digits(value: float) -> str:
    """A coordinate with at most one decimal."""
    text = f"{value:.1f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


class Canvas:
    """Marks in the order in which they are drawn, on `width` x `height` units; `alt` says in words what is seen."""

    def __init__(self, width: float, height: float, alt: str):
        self.width, self.height, self.alt = width, height, alt
        self._parts: list[str] = []

    def add(self, *parts: str) -> None:
        """SVG that is written already."""
        self._parts += parts

    def line(self, x1: float, y1: float, x2: float, y2: float, kind: str = "ax") -> None:
        """A straight line of a CSS class."""
        ends = f'x1="{digits(x1)}" y1="{digits(y1)}" x2="{digits(x2)}" y2="{digits(y2)}"'
        self.add(f'<line {ends} class="{kind}"/>')

    def rect(self, x: float, y: float, width: float, height: float, kind: str, radius: float = 0) -> None:
        """A rectangle."""
        size = f'width="{digits(max(0, width))}" height="{digits(max(0, height))}"'
        corner = f' rx="{digits(radius)}"' if radius else ""
        self.add(f'<rect x="{digits(x)}" y="{digits(y)}" {size} class="{kind}"{corner}/>')

    def circle(self, x: float, y: float, radius: float, kind: str, tip: str = "") -> None:
        """A disc, with a text to be read on hover or tap."""
        more = f' m" data-t="{esc(tip)}"' if tip else '"'
        self.add(f'<circle cx="{digits(x)}" cy="{digits(y)}" r="{digits(radius)}" class="{kind}{more}/>')

    def text(self, x: float, y: float, text: object, kind: str = "t", anchor: str = "start") -> None:
        """Text on its baseline; `anchor` is "start", "middle" or "end"."""
        where = f' text-anchor="{anchor}"' if anchor != "start" else ""
        self.add(f'<text x="{digits(x)}" y="{digits(y)}" class="{kind}"{where}>{esc(text)}</text>')

    def path(self, points: Points, kind: str) -> None:
        """A line through points."""
        self.add('<path d="M' + "L".join(f"{digits(x)},{digits(y)}" for x, y in points) + f'" class="{kind}"/>')

    def area(self, xs: Sequence[float], low: Sequence[float], high: Sequence[float], kind: str) -> None:
        """The area between two lines over the same xs."""
        self.path([*zip(xs, high, strict=True), *reversed(list(zip(xs, low, strict=True)))], kind)

    def interval(self, x1: float, x2: float, y: float, kind: str = "iv", cap: float = 4) -> None:
        """A level interval with its ends."""
        self.line(x1, y, x2, y, kind)
        if cap:
            self.line(x1, y - cap, x1, y + cap, kind)
            self.line(x2, y - cap, x2, y + cap, kind)

    def svg(self, kind: str = "") -> str:
        """The drawing as one element."""
        size = f'viewBox="0 0 {digits(self.width)} {digits(self.height)}" width="{digits(self.width)}"'
        head = f'<svg class="{kind}" {size} height="{digits(self.height)}" role="img" aria-label="{esc(self.alt)}">'
        return head + "".join(self._parts) + "</svg>"


def linear(low: float, high: float, start: float, end: float) -> Map:
    """A linear scale from low..high to start..end."""
    span = high - low or 1.0
    return lambda value: start + (value - low) / span * (end - start)


def logarithmic(low: float, high: float, start: float, end: float) -> Map:
    """A logarithmic scale; both ends above zero."""
    scale = linear(math.log10(low), math.log10(high), start, end)
    return lambda value: scale(math.log10(value))


def ticks(low: float, high: float, most: int = 8) -> list[float]:
    """Round numbers from at or below `low` to at or above `high`, at most about `most` of them.

    Example:
        >>> ticks(0.3, 2.2, 4)
        [0.0, 1.0, 2.0, 3.0]
    """
    span = high - low
    if not span > 0:
        span, high = 1.0, low + 1.0
    power = 10.0 ** math.floor(math.log10(span / most))
    for factor in (1, 2, 5, 10, 20, 50):
        step = factor * power
        first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
        if last - first + 1 <= most:
            break
    return [float(f"{number * step:.12g}") for number in range(first, last + 1)]


def decades(low: float, high: float, factors: tuple[int, ...] = (1, 2, 5)) -> list[float]:
    """Round numbers on a logarithmic axis within low..high."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    every = [float(f"{factor}e{power}") for power in range(first, last + 1) for factor in factors]
    return [value for value in every if low <= value <= high]


def spread(positions: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Move labels apart as little as possible, keep their order and stay in low..high."""
    order = sorted(range(len(positions)), key=lambda i: positions[i])
    moved = [positions[i] for i in order]
    for _ in range(300):
        for i in range(len(moved) - 1):
            if moved[i + 1] - moved[i] < gap - 1e-6:
                middle = (gap - moved[i + 1] + moved[i]) / 2
                moved[i] -= middle
                moved[i + 1] += middle
        if moved:
            moved[0], moved[-1] = max(moved[0], low), min(moved[-1], high)
    result = [0.0] * len(positions)
    for place, i in enumerate(order):
        result[i] = moved[place]
    return result


_PLACES = (
    (10, 4, "start"),
    (-10, 4, "end"),
    (0, -10, "middle"),
    (0, 19, "middle"),
    (9, -8, "start"),
    (-9, -8, "end"),
    (9, 16, "start"),
    (-9, 16, "end"),
    (12, 28, "start"),
    (-12, 28, "end"),
    (0, 33, "middle"),
    (0, -24, "middle"),
)


def place(
    points: Sequence[tuple[float, float]], names: Sequence[str], frame: Box, blocks: Sequence[Box] = ()
) -> list[Placed]:
    """Labels of points, greedily at the first free of some places around each; `blocks` are kept clear too.

    Returns:
        x, y of the baseline and the anchor for each point, and whether the place is free of all else.
    """
    marks = [(x - 7, y - 7, x + 7, y + 7) for x, y in points]
    taken: list[Box] = [*marks, *blocks]
    labels = []
    for (x, y), own, name in zip(points, marks, names, strict=True):
        others = [box for box in taken if box != own]
        choices = [_choice(x, y, len(name) * 6.3, spot, rank, frame, others) for rank, spot in enumerate(_PLACES)]
        cost, label, box = min(choices, key=lambda choice: choice[0])
        labels.append((*label, cost < 10))
        if cost < 10 or len(labels) == 1:
            taken.append(box)
    return labels


def _choice(
    x: float, y: float, width: float, spot: tuple[int, int, str], rank: int, frame: Box, others: list[Box]
) -> tuple[float, Label, Box]:
    """Cost of one place: overlaps, leaving the frame, and how far down the list it stands."""
    dx, dy, anchor = spot
    left = x + dx - (width if anchor == "end" else width / 2 if anchor == "middle" else 0)
    box = (left, y + dy - 10, left + width, y + dy + 3)
    hits = sum(box[0] < b[2] and b[0] < box[2] and box[1] < b[3] and b[1] < box[3] for b in others)
    out = box[0] < frame[0] or box[2] > frame[2] or box[1] < frame[1] or box[3] > frame[3]
    return hits * 10 + out * 50 + rank * 0.1, (x + dx, y + dy, anchor), box
