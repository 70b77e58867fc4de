"""How likely the hybrid is worse than each arm, practically equal, better, over data sets."""

from __future__ import annotations

from qml.bench.posterior import Posterior
from qml.bench.ranks import FEWEST_DATA
from qml.bench.report.canvas import Canvas, esc, linear
from qml.bench.report.suite.view import HERO, SuiteView
from qml.bench.report.view import NARROW, WIDE, Figure
from qml.bench.scale import listed_some
from qml.bench.words_across import SURE

LABELLED = 0.09
"""Part of a strip from which on its number stands in it."""


def posteriors_figure(view: SuiteView) -> Figure | None:
    """How likely the hybrid is worse than each arm, equal to it, better; None below five sets: the prior weighs."""
    found = view.posteriors
    if not found or view.n_data < FEWEST_DATA:
        return None
    named = {c.against for c in view.contrasts if c.arm == HERO}
    sure = {role: _sure(post) for role, post in found.items() if _sure(post)}
    heads = {"below": "worse than", "inside": "practically equal to", "above": "better than"}
    said = [
        f"{words} {listed_some([view.title(role) for role in sure if sure[role] == part])}"
        for part, words in heads.items()
        if part in sure.values()
    ]
    title = (
        f"With probability of 95\u00a0% or more {view.title(HERO)} is {'; '.join(said)}" if said else "Nothing is sure"
    )
    how = (
        "Bayesian signed-rank test over data sets (Benavoli and others 2017). Each strip is parted into the "
        "probabilities "
        f"that the hybrid is worse by more than {view.scale.band(view.suite.rope)}, practically equal, better by "
        "more than "
        "that. Bold: contrasts named beforehand; the others are exploration."
    )
    rows = tuple((view.title(role), *(f"{p:.4f}" for p in post)) for role, post in found.items())
    columns = ("hybrid against", "P(worse)", "P(equal)", "P(better)")
    return Figure("posteriors", title, how, lambda wide: _strips(view, named, wide), columns, rows)


def _sure(post: Posterior) -> str:
    """The part that has at least 95 %."""
    parts = {"below": post.below, "inside": post.inside, "above": post.above}
    return next((part for part, p in parts.items() if p >= SURE), "")


def _strips(view: SuiteView, named: set[str], wide: bool) -> Canvas:
    found = list(view.posteriors.items())
    row, top = (26, 28) if wide else (44, 28)
    alt = "Posterior probabilities of worse, equal, better: " + "; ".join(
        f"{view.title(role)} {' / '.join(f'{100 * p:.0f}' for p in post)} %" for role, post in found
    )
    canvas = Canvas(WIDE if wide else NARROW, top + row * len(found) + 6, alt)
    left, right = (212, WIDE - 6) if wide else (4, NARROW - 4)
    x = linear(0, 1, left, right)
    for at, words, anchor in (
        (left, "worse", "start"),
        ((left + right) / 2, "equal", "middle"),
        (right, "better", "end"),
    ):
        canvas.text(at, 14, words, "t s", anchor)
    for number, (role, post) in enumerate(found):
        y = top + row * number
        canvas.add(view.glyph(role, 8, y + 8, 5))
        canvas.text(22, y + 12, view.title(role), "t b" if role in named else "t")
        bar = y if wide else y + 20
        said = zip(("worse", "equal", "better"), post, strict=True)
        tip = esc(f"{view.title(role)}: " + ", ".join(f"{word} {100 * p:.0f} %" for word, p in said))
        for start, end, kind in _parts(post):
            canvas.add(f'<g class="m" data-t="{tip}">')
            canvas.rect(x(start), bar, x(end) - x(start), 16, kind)
            canvas.add("</g>")
            if end - start >= LABELLED:
                text = f"{100 * (end - start):.0f}"
                canvas.text(
                    (x(start) + x(end)) / 2, bar + 12.5, text, "t s on" if kind != "band" else "t s k", "middle"
                )
    return canvas


def _parts(post: Posterior) -> list[tuple[float, float, str]]:
    """Ends of the three parts, those that can be seen."""
    inner, outer = post.below, post.below + post.inside
    parts = [(0.0, inner, "fb"), (inner, outer, "band"), (outer, 1.0, "fq")]
    return [part for part in parts if part[1] - part[0] > 0.002]
