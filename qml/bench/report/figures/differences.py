"""Paired differences on one data set: the verdict strip, and the ladder of ablations."""

from __future__ import annotations

from collections.abc import Sequence

from qml.base.words import plural
from qml.bench.protocol import CHAMPION
from qml.bench.report.canvas import Canvas
from qml.bench.report.figures.forest import ForestRow, forest
from qml.bench.report.view import Figure, View
from qml.bench.scale import listed
from qml.bench.summary import Comparison
from qml.bench.words import DECIDING, Word, phrase, rungs

QUESTIONS = {
    "removed": "is the circuit of use at all?",
    "twin": "is it the circuit or the size?",
    CHAMPION: "does the model compete?",
    "product": "does entanglement help?",
    "frozen": "does training the circuit help?",
    "unweighted": "do the readout weights help?",
    "surrogate": "more than its Fourier series?",
    "random_features": "more than random frequencies?",
    "shuffled": "does it learn from labels?",
}
SUBJECTS = {
    "product": "entanglement",
    "frozen": "training the circuit",
    "unweighted": "weights behind the readout",
    "surrogate": "circuit instead of its Fourier series",
    "random_features": "circuit instead of random frequencies",
    "twin": "circuit instead of twin",
    "removed": "the circuit as such",
    "shuffled": "true labels instead of shuffled ones",
}


def verdict_figure(view: View) -> Figure | None:
    """The hybrid against circuit removed, twin and champion."""
    s = view.summary
    chosen = [c for role in DECIDING if (c := s.comparison(role))]
    if not chosen:
        return None
    names = {"removed": "the circuit taken out", "twin": "its twin", CHAMPION: "the champion"}
    title = f"{chosen[0].arm.title} against {listed([names[c.role] for c in chosen])}"
    band = view.scale.band(s.protocol.rope)
    how = (
        f"Diamond: mean over {plural(len(s.protocol.seeds), 'seed')}. Line: 95\u00a0% interval. Small dots: "
        f"single seeds. Shaded: differences under {band} count as practically equal. Wholly inside the band: "
        "practically equal. Wholly beyond zero: better or worse; wholly beyond the band: clearly so. Everything else: "
        "no evidence either way."
    )
    alt = f"Paired differences {chosen[0].arm.title} minus {plural(len(chosen), 'reference')}."
    columns, rows = difference_rows(view, chosen)
    draw = lambda wide: _forest(view, chosen, alt, wide)  # noqa: E731
    return Figure("verdict", title, how + _unjudged(view, chosen), draw, columns, rows)


def ladder_figure(view: View) -> Figure | None:
    """The hybrid against each ablation that was run."""
    steps = view.summary.ladder
    if not steps:
        return None
    judged: list[tuple[Word, str]] = [
        (c.word, SUBJECTS.get(c.role, c.against.title)) for c in steps if view.summary.barred(c) is None
    ]
    how = (
        "Each rung takes one thing away from the hybrid and trains again on the same splits. To the right of the band: "
        "the thing taken away was useful. Order: from smallest to largest removal. "
        "No correction is made for the number of rungs."
    )
    beside = {c.against.key for c in view.summary.beside}
    named = [c.against.title for c in steps if c.against.key in beside]
    if named:
        how += f" Not among the contrasts that the protocol names beforehand, so read as exploration: {listed(named)}."
    alt = f"Ablation ladder: paired differences {steps[0].arm.title} minus each ablation."
    columns, rows = difference_rows(view, steps)
    title = rungs(judged, view.scale.label) or "No rung is judged."
    draw = lambda wide: _forest(view, steps, alt, wide)  # noqa: E731
    return Figure("ladder", title, how + _unjudged(view, steps), draw, columns, rows)


def reading(view: View, c: Comparison) -> str:
    """The word of a comparison as it stands beside a drawing and in tables."""
    if view.summary.barred(c) is not None:
        return "shown, not judged"
    return phrase(c.word, view.scale.band(view.summary.protocol.rope))


def _forest(view: View, comparisons: Sequence[Comparison], alt: str, wide: bool) -> Canvas:
    rows = [_row(view, c) for c in comparisons]
    head = f"{comparisons[0].arm.title} minus"
    return forest(rows, view.scale, view.summary.protocol.rope, head, alt, wide)


def _row(view: View, c: Comparison) -> ForestRow:
    def tip(number: int, value: float) -> str:
        return f"pair {number}: {view.scale.signed(value)} {view.scale.units}".rstrip()

    return ForestRow(
        lambda x, y: view.marks.glyph(c.against, x, y, 5.5),
        c.against.title,
        QUESTIONS.get(c.role, ""),
        reading(view, c),
        c.estimate.mean,
        c.estimate.lo,
        c.estimate.hi,
        tuple((value, tip(number, value)) for number, value in enumerate(c.estimate.values)),
    )


def _unjudged(view: View, comparisons: Sequence[Comparison]) -> str:
    """Which comparisons are shown only, and why."""
    reasons: dict[str, list[str]] = {}
    for c in comparisons:
        reason = view.summary.barred(c)
        if reason is not None:
            reasons.setdefault(reason, []).append(c.against.title)
    return "".join(f" Shown, not judged: {listed(names)} ({reason})." for reason, names in reasons.items())


def difference_rows(
    view: View, comparisons: Sequence[Comparison]
) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """Columns and rows of the data table of paired differences."""
    count = max(len(c.estimate.values) for c in comparisons)
    columns = (
        f"{comparisons[0].arm.title} minus",
        *(f"pair {number}" for number in range(count)),
        *("mean", "low", "high", "P(worse)", "P(equal)", "P(better)", "smallest visible", "reading"),
    )
    rows = []
    for c in comparisons:
        e = c.estimate
        numbers = [*e.values, *[float("nan")] * (count - len(e.values)), e.mean, e.lo, e.hi]
        shown = [view.scale.shown(v) for v in numbers]
        chances = e.posterior(view.summary.protocol.rope)
        cells = [_plain(v) for v in (*shown, *chances, view.scale.shown(e.visible))]
        rows.append((c.against.title, *cells, reading(view, c)))
    return columns, tuple(rows)


def _plain(value: float) -> str:
    return f"{value:.4g}" if abs(value) < float("inf") else ""
