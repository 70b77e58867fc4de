"""How a metric is written: per cent and points, or plain numbers; which way is good."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MINUS = "\u2212"
NBSP = "\u00a0"
THIN = "\u202f"
LABELS = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "auc": "AUC",
    "average_precision": "average precision",
    "log_loss": "log-loss",
    "calibration_error": "calibration error",
    "brier": "Brier score",
    "r2": "R²",
    "rmse": "RMSE",
    "mae": "mean absolute error",
}
NOT_SHARES = ("r2",)
"""Metrics of no unit that reach 1 at best and have no lower end."""


@dataclass(frozen=True)
class Scale:
    r"""A metric as a reader sees it.

    Args:
        name: of the metric, such as "balanced_accuracy".
        label: in words.
        higher_is_better: which way is good.
        percent: written in per cent, differences in points.
        unit: of plain numbers.
        decimals: digits after the point.

    Example:
        >>> scale = Scale.of("accuracy", {"higher_is_better": True, "unit": ""})
        >>> scale.score(0.8472), scale.signed(-0.1021), scale.size(0.1021)
        ('84.7\xa0%', '−10.2', '10.2 points')
    """

    name: str
    label: str
    higher_is_better: bool
    percent: bool
    unit: str
    decimals: int

    @classmethod
    def of(cls, name: str, facts: Mapping[str, Any], typical: float = 1.0) -> Scale:
        """The scale of a metric from its facts; `typical` is a usual value, which sets the digits of plain numbers."""
        unit = str(facts.get("unit", ""))
        percent = unit == "" and name not in NOT_SHARES
        decimals = 1
        if not percent:
            size = abs(typical) if math.isfinite(typical) and typical else 1.0
            decimals = min(6, max(0, 2 - math.floor(math.log10(size))))
        label = LABELS.get(name, name.replace("_", " "))
        return cls(name, label, bool(facts.get("higher_is_better", True)), percent, unit, decimals)

    @property
    def sign(self) -> float:
        """+1 when higher is better, else -1."""
        return 1.0 if self.higher_is_better else -1.0

    @property
    def units(self) -> str:
        """Unit of a difference: "points", "nats", "target units" or nothing."""
        if self.percent:
            return "points"
        return "units of the target" if self.unit == "target" else self.unit

    @property
    def axis(self) -> str:
        """The metric with its unit, for an axis or a column head."""
        if self.percent:
            return f"{self.label}, %"
        return f"{self.label}, {self.units}" if self.units else self.label

    def shown(self, value: float) -> float:
        """The number as it stands on an axis."""
        return 100 * value if self.percent else value

    def number(self, value: float) -> str:
        """The number without its unit."""
        return minus(f"{self.shown(value):.{self.decimals}f}")

    def score(self, value: float) -> str:
        """The number with its unit."""
        return self.number(value) + (f"{NBSP}%" if self.percent else "")

    def signed(self, value: float) -> str:
        """A difference with its sign always written; "no interval" for one that is not finite."""
        if not math.isfinite(value):
            return "no interval"
        return minus(f"{self.shown(value):+.{self.decimals}f}")

    def size(self, value: float) -> str:
        """A difference without sign, with its unit."""
        text = f"{abs(self.shown(value)):.{self.decimals}f}"
        return f"{text} {self.units}".rstrip()

    def band(self, rope: float) -> str:
        """Half width of the band as people say it: "1 point", "0.5 points", "0.02"."""
        value = f"{self.shown(rope):g}"
        units = self.units.replace("points", "point").replace("units", "unit") if value == "1" else self.units
        return f"{value} {units}".rstrip()

    def bounded(self, value: float) -> float:
        """An end of an interval, cut to what the metric can be: shares at 0 and 1, R² at 1, losses and errors at 0."""
        if self.name in NOT_SHARES:
            return min(1.0, value)
        if self.percent:
            return min(1.0, max(0.0, value))
        return value if self.higher_is_better else max(0.0, value)


def minus(text: str) -> str:
    """True minus signs, and no minus before a zero.

    Example:
        >>> minus("-0.0"), minus("-1.5")
        ('0.0', '−1.5')
    """
    if text[:1] in "+-" and text[1:] and not text[1:].strip("0."):
        text = text[1:]
    return text.replace("-", MINUS)


def three(value: float | None) -> str:
    r"""Three figures, thousands parted by a thin space; a dash for nothing.

    Example:
        >>> three(0.04382), three(35400).replace("\u202f", " "), three(None)
        ('0.0438', '35 400', '–')
    """
    if value is None or not math.isfinite(value):
        return "–"
    if value == 0:
        return "0"
    value = float(f"{value:.3g}")
    return f"{value:,.0f}".replace(",", THIN) if abs(value) >= 100 else minus(f"{value:g}")


def short(value: float | None) -> str:
    r"""Three figures with k, M or G above a thousand.

    Example:
        >>> short(43500).replace("\xa0", " "), short(12.0)
        ('43.5 k', '12')
    """
    if value is None or not math.isfinite(value):
        return "–"
    for factor, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= factor:
            return f"{value / factor:.3g}{NBSP}{unit}"
    return three(value)


def listed_some(words: list[str] | tuple[str, ...], most: int = 3) -> str:
    """As `listed`, the first few by name and the rest by number.

    Example:
        >>> listed_some(["a", "b", "c", "d", "e"]), listed_some(["a", "b"])
        ('a, b, c and 2 more', 'a and b')
    """
    words = list(words)
    return listed(words if len(words) <= most + 1 else [*words[:most], f"{len(words) - most} more"])


def listed(words: list[str] | tuple[str, ...]) -> str:
    """Words with commas and "and".

    Example:
        >>> listed(["a", "b", "c"])
        'a, b and c'
    """
    words = list(words)
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else ""
