"""The verdict of a suite in words, and what stands beside it; two stars mark what is set in bold."""

from __future__ import annotations

import math

from qml.base.words import plural
from qml.bench.across import Contrast
from qml.bench.finding import Finding
from qml.bench.ranks import FEWEST_DATA
from qml.bench.report import sentences
from qml.bench.report.suite.view import HERO, SuiteView
from qml.bench.scale import listed
from qml.bench.words import (
    CREDITING,
    DECIDING,
    LESS_CIRCUIT,
    STAND_INS,
    Lack,
    State,
    Why,
    Word,
    answer,
    hangs_on,
    not_beaten,
    reason_of,
    says,
)
from qml.bench.words_across import few, headline_across, sentence

QUESTION = "Did the quantum circuit earn its place across data sets?"
LIMITS = (
    "Nothing about data sets unlike these, larger circuits, other encodings, longer training or noisy hardware. No "
    "test "
    "mends a choice of data sets."
)


def state(view: SuiteView) -> State:
    """The verdict as one word; at most "lean" where the hybrid of a data set was chosen on test rows."""
    return "lean" if _too_kind(view) else _found(view)


def _found(view: SuiteView) -> State:
    return view.across.state if view.across is not None else "open"


def _too_kind(view: SuiteView) -> bool:
    return _found(view) in CREDITING and any(summary.chosen_on_test for summary in view.summaries)


def reached(view: SuiteView) -> State | None:
    """The state to mark among all possible ones; None where the headline is "No verdict"."""
    return state(view) if view.n_data >= FEWEST_DATA and says(state(view), _reason(view)) else None


def headline_text(view: SuiteView) -> str:
    """The largest text of the page."""
    reason = _reason(view)
    removed, twin, _ = _words(view)
    return headline_across(state(view), view.n_data, reason, hangs_on(reason, removed, twin, _lacks(view)))


def _reason(view: SuiteView) -> Why:
    """What the headline says beside the state."""
    if HERO not in view.table.scores.arms and all(summary.hero is None for summary in view.summaries):
        return "no_hybrid"
    if _too_kind(view):
        return "chosen"
    return reason_of(state(view), *_words(view), _lacks(view))


def _words(view: SuiteView) -> tuple[Word | None, Word | None, Word | None]:
    return view.across.words if view.across is not None else (None, None, None)


def _lacks(view: SuiteView) -> dict[str, Lack]:
    """Role -> what keeps its contrast from deciding."""
    read, cut = {c.against for c in view.contrasts}, dict(view.table.cut)
    lacks: dict[str, Lack] = {
        role: "barred" if role in cut or HERO in cut else "absent" for role in DECIDING if role not in read
    }
    return {**lacks, **{role: "barred" for role in STAND_INS if role in cut}}


def lede(view: SuiteView) -> str:
    """What decides, in one sentence each; with too few data sets why there is no verdict."""
    short = few(view.n_data, len(view.suite.contrasts), sum(c.blind for c in view.contrasts))
    if not view.contrasts:
        return f"{short} No contrast of the suite can be judged: its arms are not whole, or cut by the cap.".strip()
    first = short or contrast_text(view, view.contrasts[0])
    told = next((text for summary in view.summaries if (text := sentences.chosen(summary))), "")
    return " ".join(part for part in (first, told, _not_beaten(view)) if part)


def _not_beaten(view: SuiteView) -> str:
    """Stand-ins of the circuit, and arms with less of it, that are as good as the hybrid or better."""
    across = view.across
    if across is None:
        return ""
    found: list[tuple[str, Word, str]] = [
        (arm, word, view.title(arm))
        for arm in (*STAND_INS, *LESS_CIRCUIT)
        if (word := across.word(HERO, arm)) is not None
    ]
    return not_beaten(found, view.scale.band(view.suite.rope))


def dropped(view: SuiteView) -> tuple[tuple[str, str], ...]:
    """The contrasts of the suite that are not judged, and why."""
    return tuple(
        (
            f"{view.title(arm)} with {view.title(against)}",
            "; ".join(f"{view.title(role)}: {why}" for role, why in reasons),
        )
        for (arm, against), reasons in view.table.dropped(view.suite)
    )


def contrast_text(view: SuiteView, c: Contrast) -> str:
    """What one contrast says, with the numbers that allow it."""
    return sentence(c, view.scale, view.spoken(c.arm), view.spoken(c.against))


def contrast_texts(view: SuiteView) -> tuple[str, ...]:
    """A sentence for each contrast of the suite, those that are not judged last."""
    judged = tuple(contrast_text(view, c) for c in view.contrasts)
    return (*judged, *(f"{pair}: not judged ({why})." for pair, why in dropped(view)))


def by_set(view: SuiteView) -> str:
    """The verdicts of the single sets, counted; the same rule, each about its own data."""
    found: dict[str, list[str]] = {}
    for summary in view.summaries:
        found.setdefault(_short(answer(summary.state, summary.why)), []).append(summary.protocol.data)
    said = [f"**{short}** on {listed(names)}" for short, names in found.items()]
    return f"Set by set: {'; '.join(said)}."


def _short(headline: str) -> str:
    """The first words of a headline, as they stand inside a sentence."""
    words = headline.split(".")[0]
    return words[:1].lower() + words[1:]


def key_facts(view: SuiteView) -> tuple[tuple[str, str, str], ...]:
    """Number, its unit and what it is; four at most."""
    judged = [c for c in view.contrasts if c.against in DECIDING]
    facts = [(str(view.n_data), "data sets" if view.n_data > 1 else "data set", "the unit of the verdict")]
    seen = [c.visible for c in judged if math.isfinite(c.visible)]
    if judged and len(seen) == len(judged):
        number, _, unit = view.scale.size(max(seen)).partition(" ")
        what = (
            f"smallest difference this design could have seen (80 % power, widest of {plural(len(judged), 'contrast')})"
        )
        facts.append((number, unit, what))
    elif judged:
        facts.append(("no", "difference", "could have been seen in every contrast of the verdict: too few data sets"))
    number, _, unit = view.scale.band(view.suite.rope).partition(" ")
    facts.append((f"±{number}", unit, "counts as practically equal (fixed in the suite)"))
    cells = sum(len(summary.cells) for summary in view.summaries)
    seeds = len(view.suite.protocols[0].seeds)
    facts.append(
        (f"{seeds} × {cells // seeds}", "", "seeds × cells of a seed; seeds are averaged before anything is tested")
    )
    return tuple(facts)


def alarm(findings: tuple[tuple[str, Finding], ...]) -> str:
    """What stands above everything else; see `report.sentences.alarm`."""
    named = tuple(Finding(found.level, f"{data}: {found.title}" if data else found.title) for data, found in findings)
    return sentences.alarm(named)
