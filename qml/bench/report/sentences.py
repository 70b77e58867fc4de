"""The verdict in words: each sentence follows from numbers by rule and claims no more than the intervals do.

Two stars mark what is set in bold, in the page and in Markdown alike.
"""

from __future__ import annotations

import math

from qml.base.words import plural
from qml.bench.finding import SEVERE, Finding
from qml.bench.protocol import CHAMPION
from qml.bench.report.view import View
from qml.bench.scale import listed, three
from qml.bench.statistics import Estimate
from qml.bench.summary import Comparison, Summary
from qml.bench.words import DECIDING, Word, answer, not_beaten

SHOWN = 4
"""Findings that the alarm names one by one."""
QUESTION = "Did the quantum circuit earn its place?"
LIMITS = (
    "Nothing about larger circuits, other encodings, longer training, noisy hardware or other data. "
    "The verdict is about this data, this protocol and these arms."
)


def headline_text(view: View) -> str:
    """The largest text of the page."""
    s = view.summary
    return answer(s.state, s.why, s.missed)


def lede(view: View) -> str:
    """Both scores and the interval, in one sentence."""
    s = view.summary
    if s.hero is None:
        return f"The page gives the scores of {plural(len(s.ranked), 'arm')}."
    own = view.scores[s.hero.key]
    removed = s.comparison("removed")
    if removed is None:
        lo, hi = (view.scale.number(view.scale.bounded(v)) for v in (own.lo, own.hi))
        ends = f" (95 % interval {lo} to {hi})" if own.known else ""
        return (
            f"{s.hero.title} reaches a test {view.scale.label} of **{view.scale.score(own.mean)}**{ends}; the "
            "same model "
            "without its circuit was not run, so nothing can be said of the circuit itself."
        )
    other = view.scores[removed.against.key]
    if s.protocol.rank == "accuracy":
        lead = (
            f"With the circuit **{view.scale.score(own.mean)}** of test rows are right, with the circuit "
            f"taken out **{view.scale.score(other.mean)}**"
        )
    else:
        lead = (
            f"With the circuit the test {view.scale.label} is **{view.scale.score(own.mean)}**, with the "
            "circuit taken out "
            f"**{view.scale.score(other.mean)}**"
        )
    return f"{lead}: {s.hero.spoken} is {sentence(view, removed, 'the same model without it')}."


def sentence(view: View, comparison: Comparison, label: str) -> str:
    """What one comparison says, with its interval."""
    e = comparison.estimate
    if view.summary.barred(comparison) is not None:
        way = "ahead of" if e.mean > 0 else "behind"
        gap = f"{view.scale.size(e.mean)} {way}" if e.mean else "level with"
        ends = f"95 % interval {view.scale.signed(e.lo)} to {view.scale.signed(e.hi)}" if e.known else "no interval"
        return f"{gap} {label} ({ends}, not judged)"
    size = view.scale.size(e.mean)
    words = {
        "better": f"{size} better than",
        "worse": f"{size} worse than",
        "equal": "practically equal to",
        "open": "not distinguishable from",
    }[comparison.word.rstrip("!")]
    if not e.known:
        return f"{words} {label} (one seed, no interval)" if len(e.values) < 2 else f"{words} {label} (no interval)"
    return f"{words} {label} (95 % interval {view.scale.signed(e.lo)} to {view.scale.signed(e.hi)})"


def against(view: View) -> str:
    """The twin and the champion, and what keeps a comparison from being judged."""
    s = view.summary
    labels = {
        "twin": lambda arm: "a classical twin of equal size",
        CHAMPION: lambda arm: f"{arm.title}, the best classical baseline",
    }
    subject = "The hybrid" if _flat(view) else "It"
    said = [sentence(view, c, labels[role](c.against)) for role in labels if (c := s.comparison(role))]
    parts = [f"{subject} is {listed(said)}."] if said and s.hero else []
    return " ".join([*_flat(view), *parts, *_barred(view), *_missing(view)])


def _flat(view: View) -> list[str]:
    """That runs of the hybrid never left the constant answer."""
    hero = view.summary.hero
    if hero is None or not hero.stuck:
        return []
    runs = f"In {hero.stuck} of {plural(len(hero.cells), 'run')}"
    constant = hero.constant("test")
    beside = f" (the constant answer has {view.scale.score(constant)})" if math.isfinite(constant) else ""
    return [f"{runs} the hybrid answers every test row alike{beside}."]


def subordinate(view: View) -> str:
    """The twin and the champion, then every caution that applies."""
    s = view.summary
    found: list[tuple[str, Word, str]] = [(c.role, c.word, c.against.title) for c in s.ladder if s.barred(c) is None]
    others = not_beaten(found, view.scale.band(s.protocol.rope))
    return " ".join(part for part in (against(view), chosen(s), others, *_caution(view)) if part)


def _barred(view: View) -> list[str]:
    s = view.summary
    deciding = [c for role in DECIDING if (c := s.comparison(role))]
    reasons = dict.fromkeys(reason for c in (*deciding, *s.stand_ins) if (reason := s.barred(c)))
    return [f"{reason}, so that comparison is shown and not judged." for reason in reasons]


def chosen(summary: Summary) -> str:
    """What stands under a verdict about one of several hybrids, where their choice may have seen test rows; else ""."""
    if not summary.chosen_on_test:
        return ""
    return (
        f"{len(summary.rivals)} hybrids were run, and a choice among them sees rows that are test rows under other "
        "seeds: the best looks better than it is, under new seeds of the same rows too. So no circuit is credited. "
        "Choose where all seeds share one test set (data.how=official), or run the chosen hybrid alone on other data."
    )


def _missing(view: View) -> list[str]:
    s = view.summary
    if s.hero is None:
        return []
    names = {"twin": "a twin of equal size", CHAMPION: "a classical baseline"}
    absent = [name for role, name in names.items() if s.comparison(role) is None]
    return [f"There is no usable comparison with {listed(absent)}."] if absent else []


def _caution(view: View) -> list[str]:
    found = [
        c
        for c in view.summary.verdict.values()
        if c.word not in ("open", "equal") and abs(c.estimate.mean) < c.estimate.visible
    ]
    if not found:
        return []
    names = listed([c.against.spoken for c in found])
    size = view.scale.size(max(c.estimate.visible for c in found))
    verb = "difference" if len(found) == 1 else "differences"
    end = (
        "is smaller than what this design finds reliably"
        if len(found) == 1
        else "are smaller than what this design finds reliably"
    )
    tail = "it is" if len(found) == 1 else "they are"
    return [f"Caution on size: the {verb} to {names} {end} ({size}), so {tail} probably overstated."]


def key_facts(view: View) -> tuple[tuple[str, str, str], ...]:
    """Number, its unit and what it is; four at most."""
    s = view.summary
    judged = [c for role in DECIDING if (c := s.comparison(role)) and c.estimate.known]
    facts = []
    if judged:
        facts.append(_seen(view, [c.estimate for c in judged]))
    number, _, unit = view.scale.band(s.protocol.rope).partition(" ")
    facts.append((f"±{number}", unit, "counts as practically equal (fixed in the protocol)"))
    new = "one test set; each seed is a new start" if s.fixed_test else "each seed is a new split and a new start"
    seeds = max((len(arm.scores) for arm in ((s.hero,) if s.hero else s.ranked)), default=0)
    if seeds < len(s.protocol.seeds):
        new = f"{new}; the protocol asks for {plural(len(s.protocol.seeds), 'seed')}"
    facts.append((f"{seeds} × {s.rows('test')}", "", f"seeds × test rows; {new}"))
    removed = s.reference("removed")
    if s.hero is not None and removed is not None and removed.typical_cost("cpu_s") > 0:
        ratio = s.hero.typical_cost("cpu_s") / removed.typical_cost("cpu_s")
        facts.append(
            (
                f"{three(ratio)}×",
                "",
                f"training time of {s.hero.spoken} against {removed.spoken} (CPU seconds of the chosen fit)",
            )
        )
    return tuple(facts)


def _seen(view: View, estimates: list[Estimate]) -> tuple[str, str, str]:
    """The smallest difference that could have been seen, from the best to the worst of the comparisons that decide."""
    seen = sorted(e.visible for e in estimates if e.visible <= e.limit)
    if not seen:
        return "no", "difference", "could have been seen: this design needs more seeds"
    number, _, unit = view.scale.size(seen[-1]).partition(" ")
    least = view.scale.size(seen[0]).partition(" ")[0]
    what = "smallest difference this design could have seen (80 % power, 5 % level)"
    if least != number:
        number, what = f"{least} to {number}", f"{what}, by comparison"
    blind = len(estimates) - len(seen)
    return number, unit, what + (f"; none in {blind} of {len(estimates)} comparisons" if blind else "")


def alarm(findings: tuple[Finding, ...]) -> str:
    """What stands above everything else where the audit found something on which no conclusion may rest; else ""."""
    counts = {level: [f.title for f in findings if f.level == level] for level in SEVERE}
    said = [plural(len(counts["severe"]), "severe finding")] if counts["severe"] else []
    said += [plural(len(counts["fail"]), "failure")] if counts["fail"] else []
    titles = [title for level in SEVERE for title in counts[level]]
    shown = "; ".join(titles if len(titles) <= SHOWN + 1 else [*titles[:SHOWN], f"{len(titles) - SHOWN} more"])
    return f"**This run has {listed(said)}: rest no conclusion on it as it stands.** {shown}." if said else ""


def absences(view: View, present: set[str]) -> tuple[str, ...]:
    """One sentence for each figure that these records cannot feed."""
    labels = view.summary.labels
    reasons = {
        "learning": f"No learning curves: no arm has a record of validation {view.scale.label} by epoch.",
        "rows": "No curve over training rows: the protocol asks for no fits on fewer rows.",
        "budget": "No score by budget: "
        + ("one setting was tried." if view.summary.protocol.trials < 2 else "these cells keep none."),
        "pareto": "No Pareto figure: it takes two arms with a finished fit.",
        "confusion": "No confusion matrices: "
        + ("there are too many classes to draw." if labels else "the target is a number."),
        "calibration": "No calibration figure: " + ("no arm has a score." if labels else "the target is a number."),
    }
    missing = [text for name, text in reasons.items() if name not in present]
    return (*missing, "No ranks over data sets: this page is about one.")
