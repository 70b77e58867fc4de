"""What every figure is handed, and what it hands back: two drawings, a title that is a finding, and its data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from qml.base.lazy import cached_property
from qml.bench.contestant import Contestant
from qml.bench.report.canvas import Canvas, esc
from qml.bench.report.marks import Marks
from qml.bench.scale import Scale
from qml.bench.statistics import Estimate
from qml.bench.summary import Summary

WIDE, NARROW = 760, 360


@dataclass(frozen=True)
class View:
    """A summary with the glyphs of its arms."""

    summary: Summary

    @cached_property
    def marks(self) -> Marks:
        """The glyphs."""
        return Marks(self.summary)

    @property
    def scale(self) -> Scale:
        """How the ranking metric is written."""
        return self.summary.scale

    @cached_property
    def scores(self) -> dict[str, Estimate]:
        """Mean test score with interval of every contestant that has one, by key."""
        return {arm.key: self.summary.estimate(arm) for arm in self.summary.ranked}

    @property
    def hero(self) -> Contestant | None:
        """The hybrid that the verdict is about."""
        return self.summary.hero

    def is_strong(self, arm: Contestant) -> bool:
        """Whether a crowded drawing should set this arm off: the hero, the model without circuit, the champion."""
        chosen = (self.hero, self.summary.reference("removed"), self.summary.champion)
        return any(other is not None and other.key == arm.key for other in chosen)

    def name(self, arm: Contestant, wide: bool, room: int = 16) -> str:
        """Title of an arm, cut where a drawing has no room for all of it; a wide one has room for eight more."""
        most = room + 8 if wide else room
        return arm.title if len(arm.title) <= most else arm.title[: most - 1].rstrip(" (") + "…"

    def interval_text(self, estimate: Estimate) -> str:
        """`[lo, hi]` of a difference, or that there is none."""
        if not estimate.known:
            return "[no interval]"
        return f"[{self.scale.signed(estimate.lo)}, {self.scale.signed(estimate.hi)}]"


@dataclass(frozen=True)
class Table:
    """Numbers of a page as text: what CSV, JSON and the folds of the page are made of."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Figure:
    """A drawing in two widths with its caption and its numbers.

    Args:
        name: short, unique on the page; also the name of the CSV file.
        title: a finding with its numbers, made by rule.
        how: how to read it.
        draw: wide? -> Canvas.
        columns, rows: the data, as text.
    """

    name: str
    title: str
    how: str
    draw: Callable[[bool], Canvas]
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    @property
    def table(self) -> Table:
        """Its data."""
        return Table(self.name, self.columns, self.rows)

    def html(self, number: int) -> str:
        """The figure element."""
        plots = self.draw(True).svg("w") + self.draw(False).svg("n")
        caption = f'<p class="ft"><span>Figure {number}</span> {esc(self.title)}</p><p class="how">{esc(self.how)}</p>'
        return (
            f'<figure id="{esc(self.name)}"><div class="plot">{plots}</div>'
            f"<figcaption>{caption}</figcaption>{data_table(self.name, self.columns, self.rows)}</figure>\n"
        )


def data_table(name: str, columns: tuple[str, ...], rows: tuple[tuple[str, ...], ...], of: str = "figure") -> str:
    """The data of a figure as a table behind a fold, from which the page also makes a CSV file."""
    head = "".join(f'<th scope="col">{esc(column)}</th>' for column in columns)
    body = "".join("<tr>" + "".join(f"<td>{esc(value)}</td>" for value in row) + "</tr>" for row in rows)
    return (
        f'<details class="data"><summary>Data of this {of} ({len(rows)} row{"" if len(rows) == 1 else "s"})</summary>'
        f'<div class="scroll" tabindex="0"><table data-name="{esc(name)}"><thead><tr>{head}</tr></thead>'
        f'<tbody>{body}</tbody></table></div><button class="csv" type="button">Download CSV</button></details>'
    )


def read_table(table: Table, *, wide: bool = False) -> str:
    """A table that is read on the page, every row of it; an empty cell is a dash.

    Args:
        table: its text.
        wide: many columns: on a narrow page it is scrolled sideways rather than set a word a line.
    """
    head = "".join(f'<th scope="col">{esc(column)}</th>' for column in table.columns)
    body = "".join("<tr>" + "".join(f"<td>{esc(cell) or '–'}</td>" for cell in row) + "</tr>" for row in table.rows)
    return (
        f'<div class="scroll free" tabindex="0"><table class="cells{" wide" if wide else ""}"><thead><tr>{head}</tr>'
        f"</thead><tbody>{body}</tbody></table></div>"
    )
