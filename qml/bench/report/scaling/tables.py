"""The numbers of growth with data: the laws, the hybrid against others size by size, and rows for equal loss."""

from __future__ import annotations

import math

from qml.bench.report.scaling.panels import Panels
from qml.bench.report.view import Table
from qml.bench.scale import minus
from qml.bench.scaling.growth import COMPARED, Curve, Growth
from qml.bench.scaling.law import FORMS
from qml.bench.scaling.words import factor, rows_text
from qml.bench.words import phrase

FORMULA = {"constant": "constant", "power": "b n^-c", "floored": "a + b n^-c"}


def tables(panels: Panels) -> tuple[Table, ...]:
    """Every table of the part."""
    return laws_table(panels), contrasts_table(panels), ratios_table(panels)


def laws_table(panels: Panels) -> Table:
    """A row a data set, loss and contestant: the form, its parameters with intervals, AICc of each form."""
    columns = (
        *("data set", "loss", "arm", "sizes", "seeds", "law", "exponent c", "low", "high", "floor a", "low", "high"),
        *("scale b", *(f"AICc {form}" for form in FORMS), "why no law"),
    )
    rows = [
        _law_row(panels, growth, curve)
        for growth in panels.growths
        for place in range(len(growth.measures))
        for curve in sorted(panels.drawn(growth, place), key=lambda curve: growth.roles.index(curve.role))
    ]
    return Table("growth_laws", columns, tuple(rows))


def _law_row(panels: Panels, growth: Growth, curve: Curve) -> tuple[str, ...]:
    choice, unknown = curve.choice, (math.nan, math.nan, math.nan)
    law = choice.law if choice.kind == "law" else None
    exponent = unknown if law is None else (law.exponent, *curve.parameter("exponent"))
    floor = unknown if law is None or law.form != "floored" else (law.floor, *curve.parameter("floor"))
    return (
        *(growth.data, curve.measure.label, panels.title(curve.role)),
        *(str(len(curve.readings)), str(len(curve.readings[0].losses))),
        "none" if law is None else FORMULA[law.form],
        *map(_text, (*exponent, *floor, math.nan if law is None else law.scale)),
        *(_text(choice.aicc.get(form, math.nan)) for form in FORMS),
        choice.reason,
    )


def contrasts_table(panels: Panels) -> Table:
    """A row a data set, comparison and size: the hybrid minus the other, in the words of its interval."""
    columns = (
        *("data set", "hybrid minus", "training rows", "metric", "difference", "low", "high", "reading"),
        *("reading, all sizes together", "smallest visible"),
    )
    rows = []
    for growth in panels.growths:
        scale, band = growth.whole.scale, growth.whole.scale.band(growth.whole.protocol.rope)
        for role in COMPARED:
            for c in growth.contrasts.get(role, ()):
                e = c.estimate
                numbers = (scale.shown(value) for value in (e.mean, e.lo, e.hi))
                rows.append(
                    (
                        *(growth.data, panels.title(role), f"{c.rows:.0f}", scale.axis),
                        *map(_text, numbers),
                        *(phrase(c.word, band), phrase(c.strict, band), _text(scale.shown(e.visible))),
                    )
                )
    return Table("growth_contrasts", columns, tuple(rows))


def ratios_table(panels: Panels) -> Table:
    """A row a data set and comparison: how many times as many rows the other needs for the hybrid's loss."""
    columns = ("data set", "loss", "arm", "hybrid's rows", "times as many", "low", "high", "note")
    rows = []
    for growth in panels.growths:
        for measure in growth.measures:
            for role in COMPARED:
                if growth.curve(role, measure) is None:
                    continue
                ratio = growth.ratio(role, measure)
                note = ratio.reason or ("extrapolated" if ratio.extrapolated else "")
                numbers = ("" if v is None or math.isnan(v) else factor(v) for v in (ratio.value, ratio.lo, ratio.hi))
                rows.append((growth.data, measure.label, panels.title(role), rows_text(ratio.at), *numbers, note))
    return Table("growth_rows", columns, tuple(rows))


def _text(value: float) -> str:
    """Four figures; nothing for what is not known."""
    return minus(f"{value:.4g}") if math.isfinite(value) else ""
