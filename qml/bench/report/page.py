"""The page: seven sections in an order in which each reader may stop early; one file, no network, no framework."""

from __future__ import annotations

import datetime
import re
from importlib import resources

from qml.bench.report import cell_tables, sentences, tables
from qml.bench.report.canvas import esc
from qml.bench.report.content import Content
from qml.bench.report.figures.dots import DotAxis
from qml.bench.report.protocol_text import detail_pairs, protocol_pairs, provenance_pairs
from qml.bench.report.sure import sure_table
from qml.bench.report.view import View
from qml.bench.scale import listed, minus, plural
from qml.bench.words import STRIP

Sections = tuple[tuple[str, str], ...]
SECTIONS: Sections = (
    ("verdict-h", "Verdict"),
    ("s2", "Protocol"),
    ("s3", "Scores"),
    ("s4", "Ablations"),
    ("s5", "Curves"),
    ("s6", "Findings"),
    ("s7", "Provenance"),
)


class Page:
    """Numbers the figures as they come; everything else is text."""

    def __init__(self, content: Content):
        self.content, self.view, self.findings = content, content.view, content.findings
        self._figures = 0

    def html(self) -> str:
        """The whole page."""
        view = self.view
        body = (
            self._header()
            + self._verdict()
            + self._protocol()
            + self._scores()
            + self._ladder()
            + self._curves()
            + self._findings()
            + self._provenance()
        )
        return document(page_title(view), sentences.headline_text(view), SECTIONS, body)

    def _drawn(self, section: str) -> str:
        """The figures of a section, numbered as they come."""
        drawn = ""
        for figure in self.content.figures[section]:
            self._figures += 1
            drawn += figure.html(self._figures)
        return drawn

    def _header(self) -> str:
        p = self.view.summary.protocol
        date = report_date(self.view)
        return (
            f'<header><p class="over">Experiment report, {esc(date)}, protocol <code>{p.hash[:12]}</code></p>'
            f"<h1>{esc(page_title(self.view))}</h1>{self._alarm()}</header>\n"
        )

    def _alarm(self) -> str:
        """Failures stand above everything else."""
        said = sentences.alarm(self.findings)
        return f'<p class="trial">{bold(said)} See the <a href="#s6">findings</a>.</p>' if said else ""

    def _verdict(self) -> str:
        view = self.view
        marked = "".join(
            f"<li{' class=on aria-current=true' if view.summary.state in states else ''}>{text}</li>"
            for states, text in STRIP
        )
        facts = "".join(
            f"<div><dt>{esc(what)}</dt><dd>{esc(number)} <small>{esc(unit)}</small></dd></div>"
            for number, unit, what in sentences.key_facts(view)
        )
        return (
            f'<section class="verdict" aria-labelledby="verdict-h"><p class="q">1&ensp;{sentences.QUESTION}</p>'
            f'<h2 class="v" id="verdict-h">{esc(sentences.headline_text(view))}</h2>'
            f'<p class="lede">{bold(sentences.lede(view))}</p><p class="sub">{bold(sentences.subordinate(view))}</p>'
            f'<ol class="states" aria-label="Possible verdicts; the one reached is marked">{marked}</ol>'
            f'{self._drawn("verdict")}<dl class="facts">{facts}</dl>'
            f'<h3>What this does not say</h3><p class="sub">{sentences.LIMITS}</p></section>\n'
        )

    def _protocol(self) -> str:
        pairs = tables.pairs_table(protocol_pairs(self.view))
        return heading(2, "What was compared, and how") + self._drawn("protocol") + pairs

    def _scores(self) -> str:
        view = self.view
        if not view.summary.ranked:
            return heading(3, "Scores") + '<p class="sub">No arm has a score: every cell failed.</p>'
        marks = DotAxis.of(view).marks
        capped = " ▲ marks capped arms." if any(arm.capped for arm in view.summary.ranked) else ""
        note = (
            f"Mean of {plural(len(view.summary.protocol.seeds), 'seed')} with 95 % interval, "
            f"{view.summary.rows('test')} test rows "
            f"each. Small dots are single seeds; the axis runs from {minus(f'{marks[0]:g}')} to "
            f"{minus(f'{marks[-1]:g}')}."
            f"{capped} Beside the mean the median with the quartiles. Circuit runs: evaluations of a circuit in the "
            "training of the chosen fit. Rows a second are wall time on the machine named below."
        )
        return (
            heading(3, "Scores")
            + f'<p class="sub">{esc(note)} <span class="dsk">Underlined headings sort.</span></p>'
            + tables.scores_table(view)
        )

    def _ladder(self) -> str:
        view = self.view
        drawn = self._drawn("ladder")
        text = heading(4, "Ablation ladder") + (
            drawn or '<p class="sub">No ablation of a hybrid has finished cells.</p>'
        )
        if view.summary.comparisons:
            text += "<h3>How sure, in numbers</h3>" + sure_table(view)
        return text

    def _curves(self) -> str:
        view = self.view
        drawn = self._drawn("curves")
        absent = sentences.absences(view, {figure.name for figure in self.content.figures["curves"]})
        return heading(5, "Curves, cost and errors") + drawn + f'<p class="note absent">{esc(" ".join(absent))}</p>'

    def _findings(self) -> str:
        return (
            heading(6, "Failures, capped cells, audit findings")
            + cell_tables.findings_list(self.findings)
            + cell_tables.failures_table(self.view)
            + "<h3>Cells by seed</h3>"
            + cell_tables.cells_table(self.view)
        )

    def _provenance(self) -> str:
        view = self.view
        text = heading(7, "Provenance") + tables.pairs_table(provenance_pairs(view))
        drawings: dict[str, list[str]] = {}
        for arm in view.summary.arms:
            if "drawing" in arm.details:
                drawings.setdefault(str(arm.details["drawing"]), []).append(arm.title)
        for drawing, names in drawings.items():
            text += f"<h3>Circuit: {esc(listed(names))}</h3>"
            text += f'<div class="scroll" tabindex="0"><pre>{esc(drawing)}</pre></div>'
        details = [(arm, detail_pairs(arm)) for arm in view.summary.arms]
        for arm, pairs in details:
            if pairs:
                facts = tables.pairs_table(pairs)
                text += f'<details class="data"><summary>Facts of {esc(arm.title)}</summary>{facts}</details>'
        return text + "<h3>One command a row</h3>" + cell_tables.commands_table(view)


def document(title: str, description: str, sections: Sections, body: str) -> str:
    """A whole page around its sections: style, script, navigation; one file that needs nothing else."""
    links = "".join(f'<a href="#{anchor}">{name}</a>' for anchor, name in sections)
    text = (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<title>{esc(title)}</title><meta name="description" content="{esc(description)}">'
        f"<style>{asset('style.css')}</style></head><body>\n"
        '<a class="skip" href="#verdict-h">Skip to the verdict</a>\n'
        f'<nav aria-label="Sections"><div class="page">{links}'
        '<button id="theme" type="button">Light / dark</button></div></nav>\n'
        f'<main class="page">\n{body}'
        "<footer>Self-contained page: no network, no external fonts. Each figure carries its "
        "data.</footer></main>\n"
        f'<div id="tip" role="status"></div>\n<script>{asset("page.js")}</script></body></html>\n'
    )
    return re.sub(r"(\d) %", "\\1\u00a0%", text)


def heading(number: int, text: str) -> str:
    """A numbered section heading."""
    return f'\n<h2 id="s{number}"><span class="no">{number}</span>{esc(text)}</h2>\n'


def bold(text: str) -> str:
    """Escaped text with `**...**` set in bold."""
    return re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", esc(text))


def page_title(view: View) -> str:
    """The protocol's title, or one made of the name of the data."""
    p = view.summary.protocol
    return p.title or f"{p.data.replace('_', ' ').capitalize()}: hybrid quantum-classical model against classical arms"


def report_date(view: View) -> str:
    """Day of the newest cell, so that the same cells give the same page."""
    cells = [cell for arm in view.summary.arms for cell in arm.every]
    newest = max(str(cell.provenance["time"]) for cell in cells)
    day = datetime.datetime.fromisoformat(newest)
    return f"{day.day} {day:%B %Y}"


def asset(name: str) -> str:
    """A style sheet or script that lies beside this file."""
    return resources.files("qml.bench.report").joinpath(name).read_text(encoding="utf-8")
