"""The part of a page on growth with data: sentences, the headline figure, tables; as HTML, Markdown and JSON."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from qml.base.lazy import cached_property
from qml.bench.report.canvas import esc
from qml.bench.report.document import Numbered
from qml.bench.report.scaling.figure import growth_figure
from qml.bench.report.scaling.panels import Panels
from qml.bench.report.scaling.tables import tables
from qml.bench.report.view import Figure, Table, data_table, read_table
from qml.bench.scaling.growth import COMPARED, TWIN, Curve, Growth
from qml.bench.scaling.words import bought, sentence

ANCHOR, HEADING, TITLE, QUESTION = "growth", "growth-h", "Growth", "How does performance grow with data?"
NOTE = (
    "Positive differences are in the hybrid's favour. A reading stands for one size alone, the next column "
    "for all sizes together. A law is a description of these sizes, and no promise beyond them."
)


@dataclass(frozen=True)
class GrowthPart:
    """What a page says of growth with data.

    Args:
        panels: the data sets.
        links: data set -> (training rows, address) of the pages of its single sizes, relative to this page.
    """

    panels: Panels
    links: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = ()

    @cached_property
    def figures(self) -> tuple[Figure, ...]:
        """A figure a measure, the headline figure first."""
        found = (growth_figure(self.panels, place) for place in range(self.panels.places))
        return tuple(figure for figure in found if figure is not None)

    @cached_property
    def tables(self) -> tuple[Table, ...]:
        """Every table but those of the figures."""
        return tables(self.panels)

    @cached_property
    def sentences(self) -> tuple[str, ...]:
        """One a data set."""
        return tuple(sentence(growth) for growth in self.panels.growths)

    def html(self, drawn: Numbered) -> str:
        """The section."""
        said = "".join(f"<li>{esc(text)}</li>" for text in self.sentences)
        laws, contrasts, ratios = (data_table(t.name, t.columns, t.rows, of="table") for t in self.tables)
        links = "".join(
            f'<p class="note">{esc(data)}, pages of single sizes: '
            + ", ".join(f'<a href="{esc(address)}">{esc(rows)}</a>' for rows, address in pages)
            + "</p>"
            for data, pages in self.links
        )
        return (
            f'\n<h2 id="{HEADING}">{QUESTION}</h2>\n<ul class="said">{said}</ul>{drawn(ANCHOR)}'
            f"<h3>The hybrid against others, size by size</h3>{read_table(self.tables[1], wide=True)}"
            f'<p class="note under">{esc(NOTE)}</p>{contrasts}'
            f"<h3>Rows for equal loss</h3>{read_table(self.tables[2], wide=True)}{ratios}"
            f"<h3>Laws</h3>{laws}{links}"
        )

    def markdown(self, table: Any, plain: Any) -> str:
        """The section.

        Args:
            table: head and rows -> a Markdown table.
            plain: text -> text without markup.
        """
        made = [
            table(tuple(map(plain, t.columns)), [tuple(plain(cell) for cell in row) for row in t.rows])
            for t in self.tables
            if t.rows
        ]
        said = "\n".join(f"- {plain(text)}" for text in self.sentences)
        return "\n\n".join([f"## {QUESTION}", said, NOTE, *made])

    def to_json(self) -> list[dict[str, Any]]:
        """A mapping a data set: sentence, curves with laws and intervals, contrasts, ratios; None for unknown."""
        return [_growth_json(g, text) for g, text in zip(self.panels.growths, self.sentences, strict=True)]


def _growth_json(growth: Growth, text: str) -> dict[str, Any]:
    ratios = [
        {"against": role, "loss": measure.name, **_ratio_json(growth, role, measure)}
        for measure in growth.measures
        for role in COMPARED
        if growth.curve(role, measure) is not None
    ]
    return {
        "data": growth.data,
        "sentence": text.replace("\u00a0", " "),
        "bought": bought(growth.contrasts.get(TWIN, ()), len(growth.sizes)),
        "sizes": [_number(size) for size in growth.sizes],
        "protocols": [summary.protocol.hash for summary in growth.summaries],
        "curves": [_curve_json(curve) for curve in growth.curves.values()],
        "contrasts": [
            {
                "against": role,
                "rows": _number(c.rows),
                "mean": _number(c.estimate.mean),
                "lo": _number(c.estimate.lo),
                "hi": _number(c.estimate.hi),
                "word": c.word,
                "word_all_sizes": c.strict,
            }
            for role, found in growth.contrasts.items()
            for c in found
        ],
        "ratios": ratios,
    }


def _ratio_json(growth: Growth, role: str, measure: Any) -> dict[str, Any]:
    ratio = growth.ratio(role, measure)
    infinite = ratio.value is not None and math.isinf(ratio.value)
    return {
        "at": _number(ratio.at),
        "value": _number(ratio.value),
        "never": infinite,
        "lo": _number(ratio.lo),
        "hi": _number(ratio.hi),
        "extrapolated": ratio.extrapolated,
        "reason": ratio.reason or None,
    }


def _curve_json(curve: Curve) -> dict[str, Any]:
    law = curve.choice.law
    return {
        "role": curve.role,
        "loss": curve.measure.name,
        "rows": [_number(r.rows) for r in curve.readings],
        "losses": [[_number(v) for v in r.losses] for r in curve.readings],
        "intervals": [[_number(v) for v in curve.interval(size)] for size in range(len(curve.readings))],
        "failed": [r.failed for r in curve.readings],
        "kind": curve.choice.kind,
        "reason": curve.choice.reason or None,
        "aicc": {form: _number(value) for form, value in curve.choice.aicc.items()},
        "law": None
        if law is None
        else {
            "form": law.form,
            **{name: _parameter(curve, name, getattr(law, name)) for name in ("floor", "scale", "exponent")},
        },
    }


def _parameter(curve: Curve, name: str, value: float) -> dict[str, Any]:
    lo, hi = curve.parameter(name)
    return {"value": _number(value), "lo": _number(lo), "hi": _number(hi)}


def _number(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)


def joined_tables(part: GrowthPart | None) -> tuple[Table, ...]:
    """Every table of the part, those of its figures among them; none without a part."""
    return () if part is None else (*part.tables, *(figure.table for figure in part.figures))


def sections_with(
    sections: Sequence[tuple[str, str]], part: GrowthPart | None, *, first: bool = False
) -> tuple[tuple[str, str], ...]:
    """The sections of a page, with that of growth where there is one: behind the verdict, or `first`."""
    place = 0 if first else 1
    return tuple(sections) if part is None else (*sections[:place], (HEADING, TITLE), *sections[place:])
