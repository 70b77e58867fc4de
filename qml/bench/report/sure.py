"""How sure each comparison of a page is, in numbers: posterior, smallest visible difference, test by rows."""

from __future__ import annotations

import math
from dataclasses import dataclass

from qml.bench.mcnemar import McNemar
from qml.bench.report.canvas import esc
from qml.bench.report.figures.differences import reading
from qml.bench.report.tables import arm_name, text_of
from qml.bench.report.view import Table, View
from qml.bench.summary import Comparison


@dataclass(frozen=True)
class Sure:
    """One comparison of the hero.

    Args:
        comparison: the pair.
        posterior: worse, equal, better by the correlated t-test; NaN without an interval.
        visible: smallest difference seen with 80 % power, in units of the metric; infinite where none could be.
        rows: McNemar's test where all seeds share one test set, else None.
        reading: the word.
        named: whether the protocol names it beforehand.
    """

    comparison: Comparison
    posterior: tuple[float, float, float]
    visible: float
    rows: McNemar | None
    reading: str
    named: bool


def sureness(view: View) -> tuple[Sure, ...]:
    """Every comparison of the hero: those of the protocol in its order, then the other ablations."""
    s = view.summary
    found = []
    for c in (*s.comparisons, *s.beside):
        visible = c.estimate.visible if c.estimate.visible <= c.estimate.limit else math.inf
        chances = c.estimate.posterior(s.protocol.rope)
        found.append(Sure(c, chances, visible, s.row_test(c), reading(view, c), c in s.comparisons))
    return tuple(found)


def p_text(p: float) -> str:
    """A probability with two figures, small ones as a bound.

    Example:
        >>> p_text(0.0421), p_text(0.00003)
        ('0.042', '< 0.001')
    """
    return "< 0.001" if p < 0.001 else f"{p:.2g}"


def share_text(share: float) -> str:
    """A posterior probability in per cent; a dash where there is none."""
    return f"{100 * share:.0f} %" if math.isfinite(share) else "–"


def visible_text(view: View, visible: float) -> str:
    """The smallest visible difference, or that there is none."""
    return f"{view.scale.shown(visible):.{view.scale.decimals}f}" if math.isfinite(visible) else "none"


def sure_table(view: View) -> str:
    """The comparisons as a table of the page."""
    found = sureness(view)
    by_rows = any(item.rows is not None for item in found)
    rows = ""
    for item in found:
        cells = [*map(share_text, item.posterior), visible_text(view, item.visible)]
        if by_rows:
            cells += _rows_text(item.rows)
        star = "" if item.named else " <small>(beside)</small>"
        numbers = "".join(f'<td class="c">{cell}</td>' for cell in cells)
        rows += f"<tr><td>{arm_name(view, item.comparison.against)}{star}</td>{numbers}</tr>"
    words = ["worse", "equal", "better", "seen from"] + (["right alone", "p, by rows"] if by_rows else [])
    heads = "".join(f'<th class="c" scope="col">{word}</th>' for word in words)
    title = esc(view.hero.title) if view.hero else ""
    return (
        '<div class="two"><div class="scroll free"><table class="cells"><thead>'
        f'<tr><th scope="col">{title} against</th>{heads}</tr></thead>'
        f'<tbody>{rows}</tbody></table></div><p class="note">{esc(_note(view, found, by_rows))}</p></div>'
    )


def _rows_text(test: McNemar | None) -> list[str]:
    return ["–", "–"] if test is None else [f"{test.only_first} : {test.only_second}", p_text(test.p)]


def _note(view: View, found: tuple[Sure, ...], by_rows: bool) -> str:
    band, units = view.scale.band(view.summary.protocol.rope), view.scale.units
    note = (
        f"Probability that the true difference lies below, in or above the band of ±{band} (correlated t-test, Corani "
        f"and Benavoli 2015). “Seen from”: smallest difference{f', in {units},' if units else ''} that this comparison "
        "finds with 80 % power."
    )
    if by_rows:
        note += (
            " “Right alone”: answers to test rows that one side alone has right, over all seeds; p by McNemar's test "
            "with rows as clusters. It speaks of these fits, not of training them again."
        )
    if any(not item.named for item in found):
        note += " “Beside”: not among the contrasts that the protocol names."
    return note + " For reading only: the words in the text follow the intervals, which ask for more."


def sure_rows(view: View) -> Table:
    """The same as text."""
    columns = (
        *("arm", "against", "role", "named beforehand", "mean", "low", "high", "reading"),
        *(
            "P(worse)",
            "P(equal)",
            "P(better)",
            "smallest visible",
            "only first right",
            "only second right",
            "p by rows",
        ),
    )
    rows = []
    for item in sureness(view):
        c, e, test = item.comparison, item.comparison.estimate, item.rows
        numbers = [view.scale.shown(v) for v in (e.mean, e.lo, e.hi)]
        rest = [*item.posterior, view.scale.shown(item.visible)]
        rest += [test.only_first, test.only_second, test.p] if test is not None else [None] * 3
        who = (c.arm.title, c.against.title, c.role, "yes" if item.named else "no")
        rows.append((*who, *map(text_of, numbers), item.reading, *map(text_of, rest)))
    return Table("comparisons", columns, tuple(rows))
