"""Everything that the report of a suite holds, made once and then written as HTML, Markdown, JSON and CSV."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from qml.base.lazy import cached_property
from qml.base.words import plural
from qml.bench.across import Contrast
from qml.bench.finding import LEVELS, Finding
from qml.bench.report.figures.differences import reading
from qml.bench.report.scaling.panels import Panels
from qml.bench.report.scaling.part import ANCHOR, GrowthPart, joined_tables
from qml.bench.report.sentences import headline_text
from qml.bench.report.suite.contrasts import contrasts_figure
from qml.bench.report.suite.posteriors import posteriors_figure
from qml.bench.report.suite.power import power_figure
from qml.bench.report.suite.ranks import ranks_figure
from qml.bench.report.suite.sentences import dropped
from qml.bench.report.suite.view import SuiteView
from qml.bench.report.tables import text_of
from qml.bench.report.view import Figure, Table
from qml.bench.scaling.growth import Growth
from qml.bench.words import DECIDING, phrase
from qml.bench.words_across import few

FIGURES: dict[str, tuple[Callable[[SuiteView], Figure | None], ...]] = {
    "verdict": (contrasts_figure,),
    "pairs": (ranks_figure, posteriors_figure, power_figure),
}
TOLD = ("severe", "fail", "suspect")
"""Levels of the findings of a set that the page of the suite repeats; all others stand on the page of the set."""


@dataclass(frozen=True)
class SetRow:
    """What the page of a suite says of one data set.

    Args:
        data: its name.
        folder: of its own report, beside that of the suite.
        headline: its verdict.
        hero: score of the hybrid; None where none has one.
        readings: role -> difference of the hybrid to it with its word, as text.
        findings: of its audit.
    """

    data: str
    folder: str
    headline: str
    hero: float | None
    readings: dict[str, str]
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class SuiteContent:
    """A suite with the findings of its data sets.

    Args:
        view: the sets, the table and what it says.
        findings: of each set, in the order of the suite.
        folders: of the reports of the sets, relative to that of the suite.
        growths: of each set at several numbers of training rows; empty where that was not asked.
    """

    view: SuiteView
    findings: tuple[tuple[Finding, ...], ...]
    folders: tuple[str, ...]
    growths: tuple[Growth, ...] = ()

    @cached_property
    def part(self) -> GrowthPart | None:
        """What is said of growth with data."""
        view = self.view
        return GrowthPart(Panels(self.growths, view.glyph, view.title, view.family)) if self.growths else None

    @cached_property
    def sets(self) -> tuple[SetRow, ...]:
        """One row a data set."""
        rows = []
        for view, found, folder in zip(self.view.views, self.findings, self.folders, strict=True):
            s = view.summary
            readings = {}
            for role in DECIDING:
                c = s.comparison(role)
                readings[role] = "–" if c is None else f"{view.scale.signed(c.estimate.mean)}: {reading(view, c)}"
            hero = None if s.hero is None else view.scores[s.hero.key].mean
            rows.append(SetRow(s.protocol.data, folder, headline_text(view), hero, readings, found))
        return tuple(rows)

    @cached_property
    def told(self) -> tuple[tuple[str, Finding], ...]:
        """Findings of the suite itself, then the bad ones of its sets, each with the name of its set; worst first."""
        found = [("", finding) for finding in self._own()]
        found += [(row.data, finding) for row in self.sets for finding in row.findings if finding.level in TOLD]
        return tuple(sorted(found, key=lambda pair: LEVELS.index(pair[1].level)))

    def _own(self) -> list[Finding]:
        view = self.view
        found = [
            Finding("warn", f"{view.title(arm)} is left out", f"It is not whole on every data set: {why}.")
            for arm, why in view.table.left_out
        ]
        for pair, reason in dropped(view):
            text = f"{reason}. It counts in Holm's correction all the same; the verdict claims less."
            found.append(Finding("warn", f"No contrast of {pair}", text))
        said = few(view.n_data, len(view.suite.contrasts), sum(c.blind for c in view.contrasts))
        if said:
            found.append(Finding("warn", f"Only {plural(view.n_data, 'data set')}", said))
        text = "their protocols differ in what follows from the data only, and are hashed together."
        return [*found, Finding("pass", f"The same terms on {plural(view.n_data, 'data set')}", text)]

    @cached_property
    def figures(self) -> dict[str, tuple[Figure, ...]]:
        """Figures that the data can feed, by section."""
        found = {section: [make(self.view) for make in makes] for section, makes in FIGURES.items()}
        drawn = {section: tuple(f for f in figures if f is not None) for section, figures in found.items()}
        return drawn if self.part is None else {**drawn, ANCHOR: self.part.figures}

    @cached_property
    def tables(self) -> tuple[Table, ...]:
        """Every table, those of the figures among them."""
        own = (self._scores(), self._contrasts(), self._sets(), self._findings())
        drawn = (figure.table for name, figures in self.figures.items() if name != ANCHOR for figure in figures)
        return (*own, *drawn, *joined_tables(self.part))

    def _scores(self) -> Table:
        scores, rows = self.view.table.scores, []
        for role in scores.arms:
            shown = [self.view.scale.shown(float(v)) for v in scores.column(role)]
            place = self.view.mean_ranks.get(role)
            numbers = [*shown, sum(shown) / len(shown), place]
            rows.append((role, self.view.title(role), *map(text_of, numbers)))
        return Table("scores", ("role", "arm", *scores.data, "mean", "mean rank"), tuple(rows))

    def _contrasts(self) -> Table:
        columns = (
            *("arm", "against", "reading", "mean", "low", "high", "median", "better on", "equal on", "worse on"),
            *("p, signed-rank", "p, Holm", "rank-biserial", "standardised", "P(worse)", "P(equal)", "P(better)"),
            "smallest visible",
        )
        return Table("statistics", columns, tuple(contrast_cells(self.view, c) for c in self.view.contrasts))

    def _sets(self) -> Table:
        columns = ("data set", "verdict", "hybrid", *(f"hybrid minus {role}" for role in DECIDING), "report")
        rows = tuple(
            (
                *(row.data, row.headline, text_of(None if row.hero is None else self.view.scale.shown(row.hero))),
                *(row.readings[role] for role in DECIDING),
                f"{row.folder}/report.html",
            )
            for row in self.sets
        )
        return Table("sets", columns, rows)

    def _findings(self) -> Table:
        columns = ("level", "data set", "title", "text", "evidence", "consequence")
        rows = tuple((f.level, data, f.title, f.text, f.evidence, f.consequence) for data, f in self.told)
        return Table("findings", columns, rows)


def contrast_cells(view: SuiteView, c: Contrast) -> tuple[str, ...]:
    """The numbers of one contrast as text, in units as shown."""
    shown = [view.scale.shown(v) for v in (c.mean, *c.interval, c.median)]
    counts = (c.test.wins, c.test.ties, c.test.losses)
    rest = (c.test.p, c.p, c.effect, c.standardised, *c.posterior)
    word = phrase(c.word, view.scale.band(c.rope))
    visible = view.scale.shown(c.visible) if math.isfinite(c.visible) else math.nan
    numbers = (*map(text_of, shown), *map(str, counts), *map(text_of, rest), text_of(visible))
    return (view.title(c.arm), view.title(c.against), word, *numbers)
