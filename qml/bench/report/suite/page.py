"""The page of a suite: growth with data where that was asked, the verdict across sets, each set with its own page."""

from __future__ import annotations

from qml.bench.finding import Finding
from qml.bench.report.canvas import esc
from qml.bench.report.cell_tables import findings_list
from qml.bench.report.document import Numbered, document, header, heading, key_facts, strip, verdict_section
from qml.bench.report.page import report_date
from qml.bench.report.protocol_text import provenance_pairs
from qml.bench.report.scaling.part import sections_with
from qml.bench.report.suite import sentences, tables
from qml.bench.report.suite.content import SuiteContent
from qml.bench.report.suite.view import SuiteView
from qml.bench.report.tables import pairs_table

SECTIONS = (
    ("verdict-h", "Verdict"),
    ("s2", "Data sets"),
    ("s3", "Scores"),
    ("s4", "Arms"),
    ("s5", "Terms"),
    ("s6", "Findings"),
    ("s7", "Provenance"),
)


class SuitePage:
    """Numbers the figures as they come; everything else is text."""

    def __init__(self, content: SuiteContent):
        self.content, self.view = content, content.view
        self._drawn = Numbered(content.figures)

    def html(self) -> str:
        """The whole page."""
        parts = (
            self._header(),
            self.content.part.html(self._drawn) if self.content.part is not None else "",  # what was asked of sizes
            self._verdict(),
            heading(2, "Each data set"),
            tables.sets_table(self.content),
            heading(3, "Scores"),
            tables.scores_table(self.content),
            tables.fold(self.content, "scores"),
            self._pairs(),
            heading(5, "What was compared, and how"),
            pairs_table(tables.terms(self.view)),
            heading(6, "Audit findings"),
            findings_list(named(self.content.told)),
            '<p class="note under">Of the sets only severe findings, failures and suspect numbers are repeated here; '
            "everything else stands on their own pages.</p>",
            self._provenance(),
        )
        sections = sections_with(SECTIONS, self.content.part, first=True)
        return document(suite_title(self.view), sentences.headline_text(self.view), sections, "".join(parts))

    def _header(self) -> str:
        over = f"Suite report, {esc(suite_date(self.view))}, suite"
        return header(over, self.view.suite.hash[:12], suite_title(self.view), sentences.alarm(self.content.told))

    def _verdict(self) -> str:
        view = self.view
        said = "".join(f"<li>{esc(text)}</li>" for text in sentences.contrast_texts(view))
        return verdict_section(
            sentences.QUESTION,
            sentences.headline_text(view),
            (sentences.lede(view), sentences.by_set(view)),
            strip(sentences.reached(view))
            + self._drawn("verdict")
            + key_facts(sentences.key_facts(view))
            + f'<h3>Each contrast in words</h3><ul class="said">{said}</ul>',
            sentences.LIMITS,
        )

    def _pairs(self) -> str:
        drawn = self._drawn("pairs")
        absent = " ".join(absences(self.content))
        note = f'<p class="note absent">{esc(absent)}</p>' if absent else ""
        text = heading(4, "All arms, and how sure") + drawn + note
        if self.view.contrasts:
            text += "<h3>Contrasts in numbers</h3>" + tables.statistics_table(self.content)
            text += tables.fold(self.content, "statistics")
        return text

    def _provenance(self) -> str:
        found = [dict(provenance_pairs(view)) for view in self.view.views]
        keys = ("Versions", "Python", "Machine", "Code")
        pairs = tuple((key, "; ".join(dict.fromkeys(item[key] for item in found))) for key in keys)
        of_sets = tuple(
            (f"{key}, {data}", item[key])
            for key in ("Cells", "Data digest")
            for data, item in zip(self.view.suite.data, found, strict=True)
        )
        note = '<p class="note under">Commands that make each row again stand on the pages of the sets.</p>'
        return heading(7, "Provenance") + pairs_table((*pairs, *of_sets)) + note


def named(told: tuple[tuple[str, Finding], ...]) -> tuple[Finding, ...]:
    """Findings with the name of their set before the title."""
    return tuple(
        Finding(f.level, f"{data}: {f.title}" if data else f.title, f.text, f.evidence, f.consequence)
        for data, f in told
    )


def absences(content: SuiteContent) -> tuple[str, ...]:
    """One sentence for each figure that these data sets cannot feed."""
    present = {figure.name for figures in content.figures.values() for figure in figures}
    reasons = {
        "ranks": "No critical-difference diagram: it takes at least five data sets and three arms.",
        "posteriors": "No posteriors: they take at least five data sets, and a hybrid that is whole on each.",
        "power": "No power curve: so few data sets could have shown no difference, however large.",
    }
    return tuple(text for name, text in reasons.items() if name not in present)


def suite_title(view: SuiteView) -> str:
    """The suite's title, or one made of its name."""
    sets = f"{view.n_data} data sets" if view.n_data > 1 else "one data set"
    return view.suite.title or f"{view.suite.name.replace('_', ' ').capitalize()}: hybrid and classical arms on {sets}"


def suite_date(view: SuiteView) -> str:
    """Day of the newest cell."""
    return report_date(*view.views)
