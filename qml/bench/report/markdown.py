"""The same report as Markdown: verdict, protocol, scores, ladder, findings, provenance; no drawings."""

from __future__ import annotations

import re

from qml.bench.finding import Finding
from qml.bench.report import sentences
from qml.bench.report.content import Content
from qml.bench.report.page import page_title, report_date
from qml.bench.report.protocol_text import Pairs, command, protocol_pairs, provenance_pairs
from qml.bench.report.sure import p_text, share_text, sureness, visible_text
from qml.bench.report.tables import cautions, quartiles
from qml.bench.report.view import View
from qml.bench.scale import short, three

Row = tuple[str, ...]


def markdown(content: Content) -> str:
    """The whole report."""
    view, found = content.view, content.findings
    p = view.summary.protocol
    facts = [(f"{number} {unit}".strip(), plain(what)) for number, unit, what in sentences.key_facts(view)]
    parts = [
        f"# {plain(page_title(view))}",
        f"Experiment report, {report_date(view)}, protocol `{p.hash[:12]}`",
        cleaned(sentences.alarm(found)),
        f"## 1 {sentences.QUESTION}",
        f"**{sentences.headline_text(view)}**",
        cleaned(sentences.lede(view)),
        cleaned(sentences.subordinate(view)),
        "\n".join(f"- **{number}** {what}" for number, what in facts),
        _comparisons(view),
        f"What this does not say: {sentences.LIMITS}",
        content.part.markdown(table, plain) if content.part is not None else "",
        "## 2 What was compared, and how",
        pairs_text(protocol_pairs(view)),
        "## 3 Scores",
        _scores(view),
        "## 4 Failures, capped cells, audit findings",
        findings_text(found),
        "## 5 Provenance",
        pairs_text(provenance_pairs(view)),
        commands_text(view),
    ]
    text = "\n\n".join(part for part in parts if part) + "\n"
    return re.sub(r"(\d) %", "\\1\u00a0%", text)


def plain(text: object) -> str:
    """Text that Markdown shows as it is: one line, nothing taken for markup."""
    return re.sub(r"([\\`*_|<>\[\]#])", r"\\\1", " ".join(str(text).split()))


def cleaned(text: str) -> str:
    """A sentence of the report with its bold kept and everything else escaped."""
    return "**".join(plain(part) if part.strip() == part else _spaced(part) for part in text.split("**"))


def _spaced(part: str) -> str:
    lead, trail = part[: len(part) - len(part.lstrip())], part[len(part.rstrip()) :]
    return lead + plain(part) + trail


def findings_text(found: tuple[Finding, ...]) -> str:
    """The audit as a list."""
    return "\n".join(f"- {f.level}: **{plain(f.title)}**{': ' + plain(f.words) if f.words else '.'}" for f in found)


def table(head: Row, rows: list[Row]) -> str:
    """A Markdown table; all but the first column to the right."""
    lines = [head, tuple("---" if i == 0 else "---:" for i in range(len(head))), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def pairs_text(pairs: Pairs) -> str:
    """Terms with their words as a list."""
    return "\n".join(f"- {term}: {plain(text)}" for term, text in pairs)


def commands_text(view: View) -> str:
    """One command a contestant, as a list."""
    return "\n".join(f"- {plain(arm.title)}: `{command(arm).replace('`', chr(39))}`" for arm in view.summary.arms)


def _comparisons(view: View) -> str:
    found = sureness(view)
    if not found or view.summary.hero is None:
        return ""
    by_rows = any(item.rows is not None for item in found)
    rows = []
    for item in found:
        c = item.comparison
        numbers = f"{view.scale.signed(c.estimate.mean)} {view.interval_text(c.estimate)}"
        name = plain(c.against.title) + ("" if item.named else " (beside)")
        test = (p_text(item.rows.p) if item.rows is not None else "–",) if by_rows else ()
        seen = visible_text(view, item.visible)
        rows.append((name, numbers, item.reading, *map(share_text, item.posterior), seen, *test))
    units = f", {view.scale.units}" if view.scale.units else ""
    head = (f"{plain(view.summary.hero.title)} minus", f"difference{units} [95 %]", "reading")
    more = ("P(worse)", "P(equal)", "P(better)", "seen from", *(("p, by rows",) if by_rows else ()))
    return table((*head, *more), rows)


def _scores(view: View) -> str:
    if not view.summary.ranked:
        return "No arm has a score: every cell failed."
    rows = []
    for arm in view.summary.ranked:
        e = view.scores[arm.key]
        ends = (
            f"{view.scale.number(view.scale.bounded(e.lo))} to {view.scale.number(view.scale.bounded(e.hi))}"
            if e.known
            else "–"
        )
        notes = cautions(view, arm)
        rows.append(
            (
                plain(arm.title) + (f" ({'; '.join(notes)})" if notes else ""),
                view.scale.number(e.mean),
                ends,
                view.scale.number(arm.spread.median),
                quartiles(view, arm),
                str(len(arm.scores)),
                three(arm.parameters.get("quantum") or None),
                three(arm.parameters.get("classical")),
                three(arm.typical_cost("cpu_s")),
                short(arm.typical_rate("predict_rows_s")),
                short(arm.typical_rate("train_rows_s")),
                short(arm.evaluations) if arm.evaluations else "–",
                "–" if arm.peak_bytes is None else three(arm.peak_bytes / 1e6),
            )
        )
    head = (
        "arm",
        view.scale.axis,
        "95 % interval",
        "median",
        "quartiles",
        "seeds",
        "quantum",
        "classical",
        "CPU s",
        "predicted rows/s",
        "trained rows/s",
        "circuit evaluations",
        "peak MB",
    )
    return table(head, rows)
