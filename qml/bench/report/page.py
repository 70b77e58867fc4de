"""The page: seven sections in an order in which each reader may stop early; one file, no network, no framework."""

from __future__ import annotations

import datetime

from qml.base.words import plural
from qml.bench.report import cell_tables, sentences, tables
from qml.bench.report.canvas import esc
from qml.bench.report.content import Content
from qml.bench.report.document import Numbered, Sections, document, header, heading, key_facts, strip, verdict_section
from qml.bench.report.figures.dots import DotAxis
from qml.bench.report.protocol_text import detail_pairs, protocol_pairs, provenance_pairs
from qml.bench.report.scaling.part import sections_with
from qml.bench.report.sure import sure_table
from qml.bench.report.view import View
from qml.bench.scale import listed, minus
from qml.bench.words import says

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
        self._drawn = Numbered(content.figures)

    def html(self) -> str:
        """The whole page."""
        view = self.view
        body = (
            self._header()
            + self._verdict()
            + (self.content.part.html(self._drawn) if self.content.part is not None else "")
            + self._protocol()
            + self._scores()
            + self._ladder()
            + self._curves()
            + self._findings()
            + self._provenance()
        )
        sections = sections_with(SECTIONS, self.content.part)
        return document(page_title(view), sentences.headline_text(view), sections, body)

    def _header(self) -> str:
        over = f"Experiment report, {esc(report_date(self.view))}, protocol"
        key = self.view.summary.protocol.hash[:12]
        return header(over, key, page_title(self.view), sentences.alarm(self.findings))

    def _verdict(self) -> str:
        view = self.view
        return verdict_section(
            sentences.QUESTION,
            sentences.headline_text(view),
            (sentences.lede(view), sentences.subordinate(view)),
            strip(view.summary.state if says(view.summary.state, view.summary.why) else None)
            + self._drawn("verdict")
            + key_facts(sentences.key_facts(view)),
            sentences.LIMITS,
        )

    def _protocol(self) -> str:
        pairs = tables.pairs_table(protocol_pairs(self.view))
        return heading(2, "What was compared, and how") + self._drawn("protocol") + pairs

    def _scores(self) -> str:
        view = self.view
        if not view.summary.ranked:
            return heading(3, "Scores") + '<p class="sub">No arm has a score: every cell failed.</p>'
        marks = DotAxis.of(view).marks
        capped = " ▲ marks arms of which a fit met the cap." if any(arm.capped for arm in view.summary.ranked) else ""
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


def page_title(view: View) -> str:
    """The protocol's title, or one made of the name of the data."""
    p = view.summary.protocol
    return p.title or f"{p.data.replace('_', ' ').capitalize()}: hybrid quantum-classical model against classical arms"


def report_date(*views: View) -> str:
    """Day of the newest cell, so that the same cells give the same page."""
    cells = [cell for view in views for arm in view.summary.arms for cell in arm.every]
    newest = max(str(cell.provenance["time"]) for cell in cells)
    day = datetime.datetime.fromisoformat(newest)
    return f"{day.day} {day:%B %Y}"
