"""The page of a comparison over rates of a fault: curves, differences to the twin, the numbers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from qml.base.files import replacing, write_json
from qml.bench.report import cell_tables
from qml.bench.report.as_data import csv_text
from qml.bench.report.canvas import Canvas, Map, esc, linear, ticks
from qml.bench.report.document import Numbered, Sections, document, header, heading, verdict_section
from qml.bench.report.figures.axes import ScoreAxis
from qml.bench.report.figures.names import Plot, names
from qml.bench.report.markdown import commands_text, pairs_text, plain, table
from qml.bench.report.page import report_date
from qml.bench.report.protocol_text import Pairs, provenance_pairs
from qml.bench.report.tables import pairs_table
from qml.bench.report.view import Figure, Table, View, read_table
from qml.bench.robustness import Robustness
from qml.bench.scale import minus

SECTIONS: Sections = (("verdict-h", "Answer"), ("s2", "Curves"), ("s3", "Protocols"), ("s4", "Provenance"))
LIMITS = (
    "Faults were put in at random, by rule and with a seed; those of the world are seldom so. Settings are those of "
    "the protocol at every rate. Wrong labels are put into training rows only: settings and the pass that is kept are "
    "chosen on clean ones. One data set."
)
DODGE, MARGIN, ROOM = 5.0, 14.0, 22.0
"""How far whiskers of two arms stand apart, marks from the frame, and what labels with a sign take more."""
QUESTION = "Does the circuit make the model more robust?"


@dataclass(frozen=True)
class RenderedRobustness:
    """Where the report lies, and its sentence.

    Args:
        html_path: the page.
        markdown_path: the same in Markdown.
        json_path: all of it as data.
        csv_path: the curves.
        sentence: what they say.
    """

    html_path: Path
    markdown_path: Path
    json_path: Path
    csv_path: Path
    sentence: str


def render_robustness(found: Robustness, title: str, folder: Path) -> RenderedRobustness:
    """Write page, Markdown, JSON and CSV, each whole or not at all.

    Args:
        found: the curves.
        title: of the page.
        folder: made where it is not there.
    """
    paths = [folder / f"robustness.{ending}" for ending in ("html", "md", "json", "csv")]
    figures = (curves_figure(found), contrast_figure(found))
    shown = [figure for figure in figures if figure is not None]
    texts = (_page(found, title, shown), _markdown(found, title, shown), None, csv_text(shown[0].table))
    for path, text in zip(paths, texts, strict=True):
        if text is None:
            write_json(path, found.to_json())
            continue
        with replacing(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
    return RenderedRobustness(paths[0], paths[1], paths[2], paths[3], found.sentence())


def curves_figure(found: Robustness) -> Figure:
    """Score against rate, a line a contestant.

    Args:
        found: the curves.
    """
    view = View(found.summaries[0])
    rows = tuple(
        (curve.title, f"{rate:g}", *(_text(view, value) for value in (e.mean, *map(view.scale.bounded, (e.lo, e.hi)))))
        for curve in found.curves
        for rate, e in zip(curve.rates, curve.estimates, strict=True)
    )
    how = (
        f"Test {view.scale.label}, mean over seeds; whiskers: 95 % interval, for the hybrid and its twin only, cut at "
        f"the frame and set apart sideways. {_axis(found, view, 1, 0).said(view.scale)} Horizontal: share of "
        f"{found.fault}. Test labels are never changed."
    )
    columns = ("arm", "rate", "mean", "lo", "hi")
    title = f"Score against the rate of {found.fault}"
    return Figure("robustness", title, how, lambda wide: _draw(found, view, wide), columns, rows)


def contrast_figure(found: Robustness) -> Figure | None:
    """The hybrid minus its twin at each rate; None where a rate lacks one of them."""
    known = [each for each in found.contrast if each is not None]
    if len(known) < len(found.contrast):
        return None
    view = View(found.summaries[0])
    rows = tuple(
        (f"{rate:g}", view.scale.signed(each.mean), view.interval_text(each))
        for rate, each in zip(found.rates, known, strict=True)
    )

    def draw(wide: bool) -> Canvas:
        plot = Plot.of(2, wide)
        plot = replace(plot, left=plot.left + ROOM, top=plot.top + 10)
        canvas = Canvas(plot.width, plot.height, "Hybrid minus twin at each rate, with 95 % intervals.")
        shown = view.scale.shown
        ends = [shown(v) for e in known for v in ((e.lo, e.hi) if e.known else (e.mean,))]
        marks = ticks(min(0.0, *ends), max(0.0, *ends), 6)
        y = linear(marks[0], marks[-1], plot.bottom, plot.top)
        _below(canvas, found, plot)
        canvas.text(plot.left - 6, 10, units, "t s")
        for value in marks:
            canvas.line(plot.left, y(value), plot.right, y(value), "zero" if value == 0 else "hair")
            canvas.text(plot.left - 6, y(value) + 4, minus(f"{value:+g}" if value else "0"), "t s", "end")
        x = _across(found, plot)
        for rate, each in zip(found.rates, known, strict=True):
            if each.known:
                canvas.line(x(rate), y(shown(each.lo)), x(rate), y(shown(each.hi)), "iv")
            canvas.circle(x(rate), y(shown(each.mean)), 4.5, "fq", f"{rate:g}: {view.scale.signed(each.mean)}")
        return canvas

    units = view.scale.units or f"units of {view.scale.label}"
    limits = {each.limit for each in known if each.known and each.limit in (each.hi, -each.lo)}
    cut = f" Intervals end at ±{view.scale.shown(max(limits)):g}, the largest difference there is." if limits else ""
    how = f"Paired by seed, in {units}; above zero the hybrid is better. Whiskers: 95 % interval.{cut}"
    columns = ("rate", "difference", "95 % interval")
    return Figure("contrast", "The hybrid minus its twin at each rate", how, draw, columns, rows)


def changes_table(found: Robustness) -> Table:
    """What each contestant scores at the first and at the last rate, and the change; the greatest loss first.

    Args:
        found: the curves.
    """
    scale, (first, last) = found.summaries[0].scale, (found.rates[0], found.rates[-1])
    columns = ("arm", f"at {first:g}", f"at {last:g}", "change" + (f", {scale.units}" if scale.units else ""))
    ends = [(curve.title, curve.estimates[0].mean, curve.estimates[-1].mean) for curve in found.curves]
    ends.sort(key=lambda each: scale.sign * (each[2] - each[1]))
    rows = tuple((title, scale.score(a), scale.score(b), scale.signed(b - a)) for title, a, b in ends)
    return Table("robustness_changes", columns, rows)


def _text(view: View, value: float) -> str:
    return f"{view.scale.shown(value):.4g}" if abs(value) < float("inf") else ""


def _across(found: Robustness, plot: Plot) -> Map:
    """Rate -> place from left to right, away from the frame."""
    return linear(found.rates[0], found.rates[-1], plot.left + MARGIN, plot.right - MARGIN)


def _axis(found: Robustness, view: View, bottom: float, top: float) -> ScoreAxis:
    """The vertical axis of the scores."""
    every = [v for c in found.curves for e in c.estimates for v in (e.mean, *((e.lo, e.hi) if e.known else ()))]
    return ScoreAxis.of(view.scale, [view.scale.bounded(v) for v in every], bottom, top)


def _below(canvas: Canvas, found: Robustness, plot: Plot) -> None:
    """The axis of rates."""
    x = _across(found, plot)
    for rate in found.rates:
        canvas.line(x(rate), plot.bottom, x(rate), plot.bottom + 4)
        canvas.text(x(rate), plot.bottom + 18, minus(f"{rate:g}"), "t s", "middle")
    canvas.text((plot.left + plot.right) / 2, plot.axis, f"rate of {found.fault}", "t s", "middle")


def _draw(found: Robustness, view: View, wide: bool) -> Canvas:
    plot = Plot.of(len(found.curves), wide)
    canvas = Canvas(plot.width, plot.height, f"Test {view.scale.label} by rate for {len(found.curves)} arms.")
    axis = _axis(found, view, plot.bottom, plot.top)
    axis.draw(canvas, plot.left, plot.right)
    _below(canvas, found, plot)
    x, shown, told = _across(found, plot), view.scale.shown, [curve.title for curve in found.told]
    for curve in sorted(found.curves, key=lambda curve: curve.title in told):
        strong = curve.title in told
        side = DODGE * (told.index(curve.title) - 0.5) if strong else 0.0
        points = [(x(r) + side, axis.y(shown(e.mean))) for r, e in zip(curve.rates, curve.estimates, strict=True)]
        canvas.path(points, ("l" if strong else "k") + view.marks.letter(curve.arm))
        for (px, py), e in zip(points, curve.estimates, strict=True):
            if strong and e.known:
                canvas.line(px, axis.y(shown(e.lo)), px, axis.y(shown(e.hi)), "ivt")
            canvas.add(
                view.marks.glyph(curve.arm, px, py, 4.5 if strong else 3.4, f"{curve.title}: {_text(view, e.mean)}")
            )
    ends = [(plot.right + 4.0, axis.y(shown(curve.estimates[-1].mean))) for curve in found.curves]
    names(canvas, view, [curve.arm for curve in found.curves], ends, plot)
    return canvas


def _over(found: Robustness) -> str:
    """What this is, about which data, of which day."""
    return f"Robustness report, {report_date(*map(View, found.summaries))}, {found.data}, fault"


def _protocols(found: Robustness) -> Pairs:
    """The hash of the protocol at each rate."""
    pairs = zip(found.rates, found.summaries, strict=True)
    return tuple((f"Rate {rate:g}", summary.protocol.hash) for rate, summary in pairs)


def _page(found: Robustness, title: str, figures: list[Figure]) -> str:
    drawn, first = Numbered({"curves": figures}), View(found.summaries[0])
    body = (
        header(esc(_over(found)), found.fault, title, "")
        + verdict_section(QUESTION, found.headline(), (found.lede(), found.subordinate()), "", LIMITS)
        + heading(2, "Curves")
        + drawn("curves")
        + f"<h3>From rate {found.rates[0]:g} to {found.rates[-1]:g}</h3>{read_table(changes_table(found))}"
        + heading(3, "Protocols")
        + pairs_table(_protocols(found))
        + heading(4, f"Provenance, at rate {found.rates[0]:g}")
        + pairs_table(provenance_pairs(first))
        + f"<h3>One command a row, for all rates</h3>{cell_tables.commands_table(first)}"
    )
    return document(title, found.sentence(), SECTIONS, body)


def _markdown(found: Robustness, title: str, figures: list[Figure]) -> str:
    first = View(found.summaries[0])
    parts = [f"# {plain(title)}", f"{plain(_over(found))} {plain(found.fault)}"]
    parts += [f"## {QUESTION}", plain(found.sentence())]
    changes = changes_table(found)
    parts.append(table(changes.columns, [tuple(plain(cell) for cell in row) for row in changes.rows]))
    for figure in figures:
        rows = [tuple(plain(cell) for cell in row) for row in figure.rows]
        parts += [f"## {plain(figure.title)}", plain(figure.how), table(figure.columns, rows)]
    parts += [f"What this does not say: {LIMITS}", "## Protocols", pairs_text(_protocols(found))]
    parts += [f"## Provenance, at rate {found.rates[0]:g}", pairs_text(provenance_pairs(first)), commands_text(first)]
    return "\n\n".join(parts) + "\n"
