"""Paired differences as a forest: direction, size, band and seeds in one picture; the verdict strip and the ladder."""

from __future__ import annotations

from collections.abc import Sequence

from qml.bench.protocol import CHAMPION
from qml.bench.report.canvas import Canvas, Map, digits, esc, linear, ticks
from qml.bench.report.view import WIDE, Figure, View
from qml.bench.scale import listed, minus, plural
from qml.bench.summary import Comparison
from qml.bench.words import phrase, rung

QUESTIONS = {
    "removed": "is the circuit of use at all?",
    "twin": "is it the circuit or the size?",
    CHAMPION: "does the model compete?",
    "product": "does entanglement help?",
    "frozen": "does training the circuit help?",
}
SUBJECTS = {
    "product": "Entanglement",
    "frozen": "Training the circuit",
    "twin": "Circuit instead of twin",
    "removed": "The circuit as such",
}
RUNGS = ("product", "frozen", "", "twin", "removed")


def verdict_figure(view: View) -> Figure | None:
    """The hybrid against circuit removed, twin and champion."""
    s = view.summary
    chosen = [c for role in ("removed", "twin", CHAMPION) if (c := s.comparison(role))]
    if not chosen:
        return None
    names = {"removed": "the circuit taken out", "twin": "its twin", CHAMPION: "the champion"}
    title = f"{chosen[0].arm.title} against " + " and ".join(
        part for part in (", ".join(names[c.role] for c in chosen[:-1]), names[chosen[-1].role]) if part
    )
    band = view.scale.band(s.protocol.rope)
    how = (
        f"Diamond: mean over {plural(len(s.protocol.seeds), 'seed')}. Line: 95\u00a0% interval. Small dots: "
        "single seeds. "
        f"Shaded: differences under {band} count as practically equal. Wholly inside the band: practically equal. "
        "Wholly beyond zero: better or worse; wholly beyond the band: clearly so. Everything else: no "
        "evidence either way."
    )
    alt = f"Paired differences {chosen[0].arm.title} minus {plural(len(chosen), 'reference')}."
    columns, rows = difference_rows(view, chosen)
    return Figure(
        "verdict", title, how + _unjudged(view, chosen), lambda wide: forest(view, chosen, alt, wide), columns, rows
    )


def ladder(view: View) -> tuple[Comparison, ...]:
    """The comparisons with ablations, from the smallest to the largest removal."""

    def place(comparison: Comparison) -> int:
        role = comparison.role
        return RUNGS.index(role) if role in RUNGS else RUNGS.index("")

    return tuple(sorted((c for c in view.summary.comparisons if c.role != CHAMPION), key=place))


def ladder_figure(view: View) -> Figure | None:
    """The hybrid against each ablation."""
    rungs = ladder(view)
    if not rungs:
        return None
    title = ". ".join(_claim(view, c) for c in rungs) + "."
    how = (
        "Each rung takes one thing away from the hybrid and trains again on the same splits. To the right of the band: "
        "the thing taken away was useful. Order: from smallest to largest removal. "
        "No correction is made for the number of rungs." + _unjudged(view, rungs)
    )
    alt = f"Ablation ladder: paired differences {rungs[0].arm.title} minus each ablation."
    columns, rows = difference_rows(view, rungs)
    return Figure("ladder", title, how, lambda wide: forest(view, rungs, alt, wide), columns, rows)


def _claim(view: View, c: Comparison) -> str:
    """What a rung says; nothing where an arm was capped or lacks seeds."""
    subject = SUBJECTS.get(c.role, c.against.title)
    return f"{subject}: not judged" if view.summary.barred(c) else rung(c.word, subject, view.scale.label)


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
        *("mean", "low", "high", "P(worse)", "P(equal)", "P(better)", "smallest visible"),
    )
    rows = []
    for c in comparisons:
        e = c.estimate
        numbers = [*e.values, *[float("nan")] * (count - len(e.values)), e.mean, e.lo, e.hi]
        chances = e.posterior(view.summary.protocol.rope)
        rows.append(
            (
                c.against.title,
                *(_plain(view.scale.shown(v)) for v in numbers),
                *(_plain(v) for v in chances),
                _plain(view.scale.shown(e.visible)),
            )
        )
    return columns, tuple(rows)


def _plain(value: float) -> str:
    return f"{value:.4g}" if abs(value) < float("inf") else ""


def forest(view: View, comparisons: Sequence[Comparison], alt: str, wide: bool) -> Canvas:
    """The drawing: one row a comparison."""
    row, top = (58, 34) if wide else (78, 50)
    bottom = top + row * len(comparisons)
    canvas = Canvas(WIDE if wide else 360, bottom + 40, f"{alt} {'; '.join(_words(view, c) for c in comparisons)}")
    x, marks = _axis(view, comparisons, wide)
    _frame(canvas, view, x, marks, comparisons[0].arm.short, wide, (top, row, bottom))
    for number, comparison in enumerate(comparisons):
        _row(canvas, view, comparison, x, wide, top + row * number, number > 0)
    return canvas


def _words(view: View, c: Comparison) -> str:
    e = c.estimate
    size = f"{view.scale.signed(e.mean)} {view.scale.units}".strip()
    ends = f"95 % interval {view.scale.signed(e.lo)} to {view.scale.signed(e.hi)}" if e.known else "no interval"
    return f"{c.against.title}: {size}, {ends}, {phrase(c.word, view.scale.band(view.summary.protocol.rope))}"


def _axis(view: View, comparisons: Sequence[Comparison], wide: bool) -> tuple[Map, list[float]]:
    """Scale of shown differences with its ticks."""
    rope = view.summary.protocol.rope
    ends = [-1.5 * rope, 1.5 * rope]
    for c in comparisons:
        ends += [*c.estimate.values, *((c.estimate.lo, c.estimate.hi) if c.estimate.known else ())]
    shown = [view.scale.shown(v) for v in ends]
    marks = ticks(min(shown), max(shown), 10 if wide else 7)
    return linear(marks[0], marks[-1], *((212, 548) if wide else (14, 346))), marks


def _frame(
    canvas: Canvas,
    view: View,
    x: Map,
    marks: list[float],
    name: str,
    wide: bool,
    rows: tuple[float, float, float],
) -> None:
    top, row, bottom = rows
    rope = view.scale.shown(view.summary.protocol.rope)
    canvas.text(22 if wide else 0, top - 14 if wide else 14, f"{name} minus", "t s")
    count = 1 if wide else round((bottom - top) / row)
    for i in range(count):  # on a phone the band is cut so that it does not run under text
        first, last = (top - 6, bottom) if wide else (top + row * i + 40, top + row * i + 74)
        canvas.rect(x(-rope), first, x(rope) - x(-rope), last - first, "band")
        canvas.line(x(0), first, x(0), last, "zero")
    for value in marks:
        canvas.line(x(value), bottom, x(value), bottom + 4)
        canvas.text(x(value), bottom + 17, "0" if value == 0 else minus(f"{value:+g}"), "t s", "middle")
    canvas.line(x(marks[0]), bottom, x(marks[-1]), bottom)
    better = "improvement" if not view.scale.higher_is_better else "difference"
    label = f"{better} in {view.scale.label}" + (f", {view.scale.units}" if view.scale.units else "")
    canvas.text((x(marks[0]) + x(marks[-1])) / 2, bottom + 34, label, "t s", "middle")
    _directions(canvas, x, rope, marks, top - 14)


def _directions(canvas: Canvas, x: Map, rope: float, marks: list[float], y: float) -> None:
    """Which side is which, beside the band and within the drawing."""
    left, right = x(-rope) - 6, x(rope) + 6
    first, last = x(marks[0]), x(marks[-1])
    if left - first >= 44:
        canvas.text(left, y, "← worse", "t s", "end")
    else:
        canvas.text(first, y, "← worse", "t s", "start")
    if last - right >= 44:
        canvas.text(right, y, "better →", "t s")
    else:
        canvas.text(last, y, "better →", "t s", "end")


def _row(canvas: Canvas, view: View, c: Comparison, x: Map, wide: bool, top: float, ruled: bool) -> None:
    e, scale = c.estimate, view.scale
    y = top + (29 if wide else 54)
    if ruled:
        canvas.line(0, top, canvas.width, top, "hair")
    canvas.add(view.marks.glyph(c.against, 8, y - 8 if wide else y - 36, 5.5))
    question = QUESTIONS.get(c.role, "")
    word = phrase(c.word, scale.band(view.summary.protocol.rope))
    if view.summary.barred(c):
        word = "shown, not judged"
    if not wide and len(question) + len(word) > 56:
        question = ""
    first, second = (y - 4, y + 13) if wide else (y - 32, y - 17)
    canvas.text(22, first, view.name(c.against, wide, 16 if wide else 18), "t b")
    canvas.text(22, second, question, "t s")
    canvas.text(
        canvas.width, first, f"{scale.signed(e.mean)}{'  ' if wide else ' '}{view.interval_text(e)}", "t b n", "end"
    )
    canvas.text(canvas.width, second, word, "t s", "end")
    _marks(canvas, view, c, x, y)


def _marks(canvas: Canvas, view: View, c: Comparison, x: Map, y: float) -> None:
    e, scale = c.estimate, view.scale
    if e.known:
        canvas.interval(x(scale.shown(e.lo)), x(scale.shown(e.hi)), y)
    for number, value in enumerate(e.values):
        tip = f"pair {number}: {scale.signed(value)} {scale.units}".rstrip()
        canvas.circle(x(scale.shown(value)), y + 11, 3, "seed", tip)
    middle = x(scale.shown(e.mean))
    tip = esc(f"mean {scale.signed(e.mean)}, 95 % interval {view.interval_text(e)}, n = {len(e.values)}")
    canvas.add(
        f'<rect x="{digits(middle - 5)}" y="{digits(y - 5)}" width="10" height="10" '
        f'transform="rotate(45 {digits(middle)} {digits(y)})" class="ink m" data-t="{tip}"/>'
    )
