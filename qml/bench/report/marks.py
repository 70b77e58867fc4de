"""One glyph an arm: shape names the arm, colour its family; shapes survive grey print and colour blindness."""

from __future__ import annotations

from collections.abc import Callable

from qml.bench.contestant import Contestant
from qml.bench.report.canvas import digits, esc
from qml.bench.summary import Summary

LETTER = {"hybrid": "q", "control": "c", "baseline": "b"}
USUAL = {
    "hybrid": "disc",
    "product": "ring",
    "frozen": "half",
    "twin": "square",
    "removed": "box",
    "unweighted": "bar",
    "surrogate": "split",
    "random_features": "corner",
    "shuffled": "crossed",
    "logistic": "up",
    "svm": "diamond",
    "boosting": "down",
    "mlp": "cross",
    "cnn": "star",
    "knn": "hexagon",
    "majority": "hourglass",
}
SPARE = {
    "hybrid": ("disc", "bull", "quarter", "ring", "half", "bar", "wheel", "level", "low", "right"),
    "control": ("square", "split", "box", "corner", "crossed", "dot", "lower", "beam", "window"),
    "baseline": ("up", "diamond", "down", "cross", "star", "hexagon", "hourglass", "plus", "hollow"),
}


class Marks:
    """The glyph and colour of every arm of a summary; arms beyond the stock of shapes share the last one."""

    def __init__(self, summary: Summary):
        self._shape: dict[str, str] = {}
        self._letter = {arm.key: LETTER[arm.family] for arm in summary.arms}
        self._title = {arm.key: arm.title for arm in summary.arms}
        for arm in summary.arms:
            wanted = self._wanted(arm, summary)
            if wanted and wanted not in self._taken(arm.family, summary):
                self._shape[arm.key] = wanted
        for arm in summary.arms:
            if arm.key not in self._shape:
                stock = SPARE[arm.family]
                free = [shape for shape in stock if shape not in self._taken(arm.family, summary)]
                self._shape[arm.key] = free[0] if free else stock[-1]

    def _wanted(self, arm: Contestant, summary: Summary) -> str | None:
        if summary.hero is not None and arm.key == summary.hero.key:
            return "disc"
        wanted = USUAL.get(arm.role)
        return None if wanted == "disc" else wanted if wanted in (*SPARE[arm.family], *USUAL.values()) else None

    def _taken(self, family: str, summary: Summary) -> set[str]:
        return {self._shape[a.key] for a in summary.arms if a.family == family and a.key in self._shape}

    def letter(self, arm: Contestant) -> str:
        """Family letter of the CSS classes: q, c or b."""
        return self._letter[arm.key]

    def glyph(self, arm: Contestant, x: float, y: float, radius: float = 5, tip: str = "") -> str:
        """The mark of an arm at a point, as SVG."""
        return drawn(self._shape[arm.key], self._letter[arm.key], x, y, radius, tip)

    def icon(self, arm: Contestant) -> str:
        """The mark as a 14 px drawing for tables."""
        return boxed(self.glyph(arm, 7, 7))


def drawn(shape: str, letter: str, x: float, y: float, radius: float = 5, tip: str = "") -> str:
    """A shape by its name in the colour of a family letter, at a point, as SVG."""
    more = f' class="m" data-t="{esc(tip)}"' if tip else ""
    return f"<g{more}>{_SHAPES[shape](x, y, radius, letter)}</g>"


def boxed(glyph: str) -> str:
    """A glyph drawn at (7, 7), as a 14 px drawing for tables."""
    return f'<svg class="ic" width="14" height="14" viewBox="0 0 14 14" aria-hidden="true">{glyph}</svg>'


Draw = Callable[[float, float, float, str], str]


def _polygon(corners: tuple[tuple[float, float], ...], kind: str) -> Draw:
    def draw(x: float, y: float, r: float, family: str) -> str:
        points = "L".join(f"{digits(x + a * r)},{digits(y + b * r)}" for a, b in corners)
        return f'<path d="M{points}Z" class="{kind}{family}"/>'

    return draw


def _strokes(*lines: tuple[float, float, float, float]) -> Draw:
    def draw(x: float, y: float, r: float, family: str) -> str:
        path = "".join(
            f"M{digits(x + a * r)},{digits(y + b * r)}L{digits(x + c * r)},{digits(y + d * r)}" for a, b, c, d in lines
        )
        return f'<path d="{path}" class="o{family}"/>'

    return draw


def _disc(x: float, y: float, r: float, family: str, kind: str = "f") -> str:
    return f'<circle cx="{digits(x)}" cy="{digits(y)}" r="{digits(r)}" class="{kind}{family}"/>'


def _ring(x: float, y: float, r: float, family: str) -> str:
    return _disc(x, y, r - 0.9, family, "o")


def _round(*corners: tuple[float, float]) -> Draw:
    """A ring with a polygon or a line inside."""
    inside = _polygon(corners, "f") if len(corners) > 2 else _strokes((*corners[0], *corners[1]))
    return lambda x, y, r, family: _ring(x, y, r, family) + inside(x, y, r, family)


def _half(x: float, y: float, r: float, family: str) -> str:
    left = (
        f'<path d="M{digits(x)},{digits(y - r)}a{digits(r)},{digits(r)} 0 0 0 0,{digits(2 * r)}Z" class="f{family}"/>'
    )
    return _ring(x, y, r, family) + left


def _quarter(x: float, y: float, r: float, family: str) -> str:
    part = f"M{digits(x)},{digits(y)}V{digits(y - r)}a{digits(r)},{digits(r)} 0 0 1 {digits(r)},{digits(r)}Z"
    return _ring(x, y, r, family) + f'<path d="{part}" class="f{family}"/>'


def _bull(x: float, y: float, r: float, family: str) -> str:
    return _ring(x, y, r, family) + _disc(x, y, r * 0.36, family)


def _box(side: float, kind: str) -> Draw:
    return _polygon(((-side, -side), (side, -side), (side, side), (-side, side)), kind)


def _both(*draws: Draw) -> Draw:
    return lambda x, y, r, family: "".join(draw(x, y, r, family) for draw in draws)


_SHAPES: dict[str, Draw] = {
    "disc": _disc,
    "ring": _ring,
    "half": _half,
    "quarter": _quarter,
    "bull": _bull,
    "bar": _round((0, -0.8), (0, 0.8)),
    "level": _round((-0.8, 0), (0.8, 0)),
    "wheel": lambda x, y, r, family: _ring(x, y, r, family) + _strokes((0, -1, 0, 1), (-1, 0, 1, 0))(x, y, r, family),
    "low": _round((-0.75, 0.1), (0.75, 0.1), (0.4, 0.75), (-0.4, 0.75)),
    "right": _round((0.1, -0.75), (0.1, 0.75), (0.75, 0.4), (0.75, -0.4)),
    "square": _box(0.88, "f"),
    "box": _box(0.75, "o"),
    "split": _both(_box(0.75, "o"), _polygon(((-0.75, -0.75), (0, -0.75), (0, 0.75), (-0.75, 0.75)), "f")),
    "corner": _both(_box(0.75, "o"), _polygon(((-0.75, -0.75), (0.75, -0.75), (-0.75, 0.75)), "f")),
    "crossed": _both(_box(0.75, "o"), _strokes((-0.75, -0.75, 0.75, 0.75), (0.75, -0.75, -0.75, 0.75))),
    "dot": _both(_box(0.75, "o"), _box(0.35, "f")),
    "lower": _both(_box(0.75, "o"), _polygon(((-0.75, 0), (0.75, 0), (0.75, 0.75), (-0.75, 0.75)), "f")),
    "beam": _both(_box(0.75, "o"), _strokes((-0.75, 0, 0.75, 0))),
    "window": _both(_box(0.75, "o"), _strokes((-0.75, 0, 0.75, 0), (0, -0.75, 0, 0.75))),
    "up": _polygon(((0, -1.1), (1, 0.75), (-1, 0.75)), "f"),
    "down": _polygon(((0, 1.1), (1, -0.75), (-1, -0.75)), "f"),
    "hollow": _polygon(((0, -1.0), (0.85, 0.65), (-0.85, 0.65)), "o"),
    "diamond": _polygon(((0, -1.2), (1, 0), (0, 1.2), (-1, 0)), "f"),
    "hexagon": _polygon(((-1, 0), (-0.5, -0.9), (0.5, -0.9), (1, 0), (0.5, 0.9), (-0.5, 0.9)), "f"),
    "cross": _strokes((-0.8, -0.8, 0.8, 0.8), (0.8, -0.8, -0.8, 0.8)),
    "plus": _strokes((0, -1, 0, 1), (-1, 0, 1, 0)),
    "hourglass": _polygon(((-0.9, -1), (0.9, -1), (-0.9, 1), (0.9, 1)), "f"),
    "star": _strokes((0, -1, 0, 1), (-0.87, -0.5, 0.87, 0.5), (-0.87, 0.5, 0.87, -0.5)),
}
