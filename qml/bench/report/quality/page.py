"""The page of an inspection: the answer, the findings with their examples, classes, columns, thresholds."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict

from qml.bench.report.canvas import esc
from qml.bench.report.document import Numbered, Sections, document, header, heading, key_facts, verdict_section
from qml.bench.report.quality import sentences
from qml.bench.report.quality.figures import balance_figure, drift_figure
from qml.bench.report.view import Figure, data_table
from qml.bench.scale import three
from qml.data.quality.checks import CHECKS, Inspection
from qml.data.quality.finding import LEVELS, Finding

SECTIONS: Sections = (
    ("verdict-h", "Verdict"),
    ("s2", "Findings"),
    ("s3", "Classes and columns"),
    ("s4", "Thresholds"),
    ("s5", "Not asked"),
)
KINDS = {"severe": "fail", "suspect": "warn", "warn": "warn", "note": "info", "pass": "ok"}
Pictures = Mapping[int, bytes]
"""Row of the table -> its image as PNG."""


def inspection_page(inspection: Inspection, pictures: Pictures) -> str:
    """The whole page.

    Args:
        inspection: what was found.
        pictures: of the rows that findings name in pairs; empty where rows are no images.
    """
    figures = {"parts": _figures(inspection)}
    body = (
        header("Inspection of data, split", esc(inspection.how), f"Data set {inspection.name}", "")
        + _verdict(inspection)
        + heading(2, "What was found")
        + _findings(inspection, pictures)
        + heading(3, "Classes and columns")
        + (Numbered(figures)("parts") or '<p class="sub">There are no classes, and no column differs.</p>')
        + heading(4, "Thresholds")
        + _limits(inspection)
        + heading(5, "What was not asked")
        + _skipped(inspection)
    )
    return document(f"Inspection of {inspection.name}", sentences.headline(inspection), SECTIONS, body)


def _verdict(inspection: Inspection) -> str:
    counts = Counter(finding.level for finding in inspection.findings)
    facts = [(str(counts[level]), "", level) for level in LEVELS if counts[level]]
    facts += [(f"{sum(inspection.sizes.values()):,}", "", "rows")]
    return verdict_section(
        sentences.QUESTION,
        sentences.headline(inspection),
        (sentences.lede(inspection), sentences.subordinate(inspection)),
        key_facts(facts),
        sentences.LIMITS,
    )


def _figures(inspection: Inspection) -> list[Figure]:
    made = (balance_figure(inspection), drift_figure(inspection))
    return [figure for figure in made if figure is not None]


def _findings(inspection: Inspection, pictures: Pictures) -> str:
    items = "".join(_finding(number, finding, pictures) for number, finding in enumerate(inspection.findings))
    return f'<ul class="audit">{items}</ul>'


def _finding(number: int, finding: Finding, pictures: Pictures) -> str:
    """One finding: level, title, words, counts, examples."""
    parts = [f"<b>{esc(finding.title)}</b>"]
    parts += [f" {esc(finding.text)}"] if finding.text else []
    parts += [f'<br><span class="sub">{esc(finding.remedy)}</span>'] if finding.remedy else []
    drawn = _pairs(finding, pictures)
    if finding.examples and not drawn:
        lines = "".join(f"<li><code>{esc(example)}</code></li>" for example in finding.examples)
        parts.append(f'<ul class="said">{lines}</ul>')
    parts.append(drawn)
    if finding.counts:
        rows = tuple((key, _number(value)) for key, value in finding.counts.items())
        parts.append(data_table(f"{finding.check}-{number}", ("what", "number"), rows, "finding"))
    if finding.rows:
        numbers = tuple((str(row),) for row in finding.rows)
        parts.append(data_table(f"{finding.check}-{number}-rows", ("row",), numbers, "list of rows"))
    kind = KINDS[finding.level]
    return f'<li><span class="st {kind}">{finding.level}</span><span>{"".join(parts)}</span></li>'


def _pairs(finding: Finding, pictures: Pictures) -> str:
    """Images of two rows side by side with their numbers; nothing where some image is not at hand."""
    if not finding.pairs or not all(row in pictures for pair in finding.pairs for row in pair):
        return ""
    drawn = "".join(
        f"<span>{_image(pictures[a], a)}{_image(pictures[b], b)}<small>rows {a} and {b}</small></span>"
        for a, b in finding.pairs
    )
    return f'<div class="pairs">{drawn}</div>'


def _image(data: bytes, row: int) -> str:
    text = base64.b64encode(data).decode("ascii")
    return f'<img src="data:image/png;base64,{text}" alt="row {row}">'


def _number(value: float) -> str:
    return str(value) if isinstance(value, int) else three(value)


def _limits(inspection: Inspection) -> str:
    rows = tuple((name, f"{value:g}") for name, value in asdict(inspection.limits).items())
    said = '<p class="sub">Each can be changed: <code>limits.copies=0.02</code>.</p>'
    return said + data_table("limits", ("threshold", "value"), rows, "section")


def _skipped(inspection: Inspection) -> str:
    if not inspection.skipped:
        return '<p class="sub">Every check was asked.</p>'
    lines = "".join(
        f"<li>{esc(CHECKS[name].title if name in CHECKS else name)}: {esc(why)}</li>"
        for name, why in inspection.skipped.items()
    )
    return f'<ul class="said">{lines}</ul>'
