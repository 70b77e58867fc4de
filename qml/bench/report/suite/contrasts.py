"""The contrasts that were named beforehand, over all data sets, as a forest."""

from __future__ import annotations

import math

from qml.base.words import plural
from qml.bench.across import Contrast
from qml.bench.report.figures.differences import QUESTIONS
from qml.bench.report.figures.forest import ForestRow, forest
from qml.bench.report.suite.view import HERO, SuiteView
from qml.bench.report.view import Figure
from qml.bench.scale import listed
from qml.bench.words import phrase


def contrasts_figure(view: SuiteView) -> Figure | None:
    """The named contrasts over all data sets."""
    if not view.contrasts:
        return None
    how = (
        f"Diamond: mean over {plural(view.n_data, 'data set')}, seeds averaged first. Small dots: single data sets. "
        "Line: "
        "95\u00a0% bootstrap interval (BCa) of the mean; with fewer than ten data sets it is too short and decides "
        "nothing. "
        f"Shaded: differences under {view.scale.band(view.suite.rope)} count as practically equal. The words follow "
        "the "
        "signed-rank test, corrected by Holm, and the Bayesian signed-rank test."
    )
    heads = {c.arm for c in view.contrasts}
    head = f"{view.title(next(iter(heads)))} minus" if len(heads) == 1 else "first minus second"
    rows = [_contrast_row(view, c, len(heads) == 1) for c in view.contrasts]
    alt = f"Differences over {plural(view.n_data, 'data set')}."
    title = f"Over {plural(view.n_data, 'data set')}: {head} {listed([row.name for row in rows])}"
    draw = lambda wide: forest(rows, view.scale, view.suite.rope, head, alt, wide)  # noqa: E731
    columns = ("arm", "against", *view.suite.data, "mean", "low", "high", "median", "reading")
    data = tuple(_contrast_text(view, c) for c in view.contrasts)
    return Figure("contrasts", title, how, draw, columns, data)


def _contrast_row(view: SuiteView, c: Contrast, alone: bool) -> ForestRow:
    band = view.scale.band(c.rope)
    lo, hi = c.interval
    return ForestRow(
        lambda x, y: view.glyph(c.against, x, y, 5.5),
        view.title(c.against) if alone else f"{view.title(c.arm)} − {view.title(c.against)}",
        QUESTIONS.get(c.against, "") if c.arm == HERO else "",
        phrase(c.word, band),
        c.mean,
        lo,
        hi,
        tuple(
            (value, f"{data}: {view.scale.signed(value)} {view.scale.units}".rstrip())
            for data, value in zip(view.suite.data, c.differences, strict=True)
        ),
    )


def _contrast_text(view: SuiteView, c: Contrast) -> tuple[str, ...]:
    shown = [view.scale.shown(v) for v in (*c.differences, c.mean, *c.interval, c.median)]
    numbers = [f"{v:.4g}" if math.isfinite(v) else "" for v in shown]
    return (view.title(c.arm), view.title(c.against), *numbers, phrase(c.word, view.scale.band(c.rope)))
