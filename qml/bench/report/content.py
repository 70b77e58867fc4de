"""Everything that a report of one data set holds, made once and then written as HTML, Markdown, JSON and CSV."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from qml.base.lazy import cached_property
from qml.bench.finding import Finding
from qml.bench.report.cell_tables import cell_rows, command_rows, finding_rows, trial_rows
from qml.bench.report.figures.budget import budget_figure
from qml.bench.report.figures.calibration import calibration_figure
from qml.bench.report.figures.confusion import confusion_figure
from qml.bench.report.figures.cpu_time import cpu_time_figure
from qml.bench.report.figures.differences import ladder_figure, verdict_figure
from qml.bench.report.figures.learning import learning_figure
from qml.bench.report.figures.pareto import pareto_figure
from qml.bench.report.figures.rows import rows_figure
from qml.bench.report.figures.slot import slot_figure
from qml.bench.report.scaling.panels import Panels
from qml.bench.report.scaling.part import ANCHOR, GrowthPart, joined_tables
from qml.bench.report.sure import sure_rows
from qml.bench.report.tables import score_rows
from qml.bench.report.view import Figure, Table, View
from qml.bench.scaling.growth import Growth

MakeFigure = Callable[[View], Figure | None]
FIGURES: dict[str, tuple[MakeFigure, ...]] = {
    "verdict": (verdict_figure,),
    "protocol": (slot_figure,),
    "ladder": (ladder_figure,),
    "curves": (
        learning_figure,
        cpu_time_figure,
        budget_figure,
        rows_figure,
        pareto_figure,
        confusion_figure,
        calibration_figure,
    ),
}
"""Figures by the section that they stand in, in the order of the page."""


@dataclass(frozen=True)
class Content:
    """A view with its findings, its figures and its tables.

    Args:
        view: the summary with its glyphs.
        findings: the audit.
        growth: the same data at other numbers of training rows; None where they are no part of the page.
        links: (training rows, address) of the pages of those sizes.
    """

    view: View
    findings: tuple[Finding, ...]
    growth: Growth | None = None
    links: tuple[tuple[str, str], ...] = ()

    @cached_property
    def part(self) -> GrowthPart | None:
        """What is said of growth with data."""
        if self.growth is None:
            return None
        links = ((self.growth.data, self.links),) if self.links else ()
        return GrowthPart(Panels.of_set(self.growth, self.view), links)

    @cached_property
    def figures(self) -> dict[str, tuple[Figure, ...]]:
        """Figures that the records can feed, by section."""
        if not self.view.summary.ranked:
            return {section: () for section in FIGURES}
        found = {section: [make(self.view) for make in makes] for section, makes in FIGURES.items()}
        drawn = {section: tuple(f for f in figures if f is not None) for section, figures in found.items()}
        return drawn if self.part is None else {**drawn, ANCHOR: self.part.figures}

    @cached_property
    def tables(self) -> tuple[Table, ...]:
        """Every table, those of the figures among them, each under its own name."""
        made = [Table("scores", *score_rows(self.view))] if self.view.summary.ranked else []
        made += [sure_rows(self.view), cell_rows(self.view), trial_rows(self.view)]
        made += [finding_rows(self.findings), command_rows(self.view)]
        drawn = (figure.table for name, figures in self.figures.items() if name != ANCHOR for figure in figures)
        return (*made, *drawn, *joined_tables(self.part))
