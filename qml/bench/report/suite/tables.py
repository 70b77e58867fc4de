"""The tables of a suite's page: its sets with links, its scores, its contrasts in numbers, its terms."""

from __future__ import annotations

import math

from qml.base.words import plural
from qml.bench.report.canvas import esc
from qml.bench.report.protocol_text import Pairs, plain_seeds
from qml.bench.report.suite.content import SuiteContent
from qml.bench.report.suite.view import HERO, SuiteView
from qml.bench.report.sure import p_text, share_text
from qml.bench.report.view import data_table
from qml.bench.scale import NBSP, listed, minus
from qml.bench.words import phrase


def sets_table(content: SuiteContent) -> str:
    """One row a data set, each with a link to its own page."""
    view, rows = content.view, ""
    for row in content.sets:
        link = f'<a href="{esc(row.folder)}/report.html">{esc(row.data)}</a>'
        score = "–" if row.hero is None else view.scale.number(row.hero)
        cells = "".join(f'<td data-l="{esc(_HEADS[role])}">{esc(text)}</td>' for role, text in row.readings.items())
        bad = sum(finding.is_severe for finding in row.findings)
        mark = f' <span class="st fail bare">{bad}</span>' if bad else ""
        rows += (
            f"<tr><td><b>{link}</b>{mark}<br><small>{esc(row.headline)}</small></td>"
            f'<td class="c" data-l="hybrid">{score}</td>{cells}</tr>'
        )
    heads = "".join(f'<th scope="col">{esc(head)}</th>' for head in _HEADS.values())
    return (
        '<table class="cells sets"><thead><tr><th scope="col">Data set, its own verdict</th>'
        '<th class="c" '
        f'scope="col">hybrid,<br>{esc(view.scale.axis)}</th>{heads}</tr></thead><tbody>{rows}</tbody></table>'
        '<p class="note under">Differences are the hybrid minus the other, mean over seeds, with the reading of its '
        "interval on that set alone. ✕ counts failures of the audit there.</p>"
    )


_HEADS = {"removed": "minus circuit removed", "twin": "minus twin", "champion": "minus champion"}


def scores_table(content: SuiteContent) -> str:
    """Arms by data sets, seeds averaged, with the mean rank."""
    view, scores, cut = content.view, content.view.table.scores, dict(content.view.table.cut)
    marked = " ▲ marks arms of which the cap has cut a chosen fit: they are not judged." if cut else ""
    rows = ""
    for role in dict.fromkeys([*view.mean_ranks, *scores.arms]):
        cells = "".join(f'<td class="c">{view.scale.number(float(v))}</td>' for v in scores.column(role))
        name = esc(view.title(role)) + (" ▲" if role in cut else "")
        name = f"<b>{name}</b>" if role == HERO else name
        place = f"{view.mean_ranks[role]:.1f}" if role in view.mean_ranks else "–"
        rows += (
            f'<tr><td><span class="arm">{view.icon(role)}<span>{name}</span></span></td>'
            f'{cells}<td class="c">{place}</td></tr>'
        )
    heads = "".join(f'<th class="c" scope="col">{esc(data)}</th>' for data in scores.data)
    return (
        f'<div class="scroll free" tabindex="0"><table class="cells"><thead><tr><th scope="col">Arm</th>{heads}'
        f'<th class="c" scope="col">mean rank</th></tr></thead><tbody>{rows}</tbody></table></div>'
        f'<p class="note under">Test {esc(view.scale.axis)}, mean over seeds. “Champion” is on each set its best '
        "baseline "
        f"by validation score, and has no rank of its own. Ordered by mean rank.{marked}</p>"
    )


def statistics_table(content: SuiteContent) -> str:
    """The contrasts in numbers."""
    view, rows = content.view, ""
    for c in view.contrasts:
        seen = view.scale.size(c.visible) if math.isfinite(c.visible) else "none"
        cells = [
            phrase(c.word, view.scale.band(c.rope)),
            f"{c.test.wins}, {c.test.ties}, {c.test.losses}",
            p_text(c.test.p),
            p_text(c.p),
            minus(f"{c.effect:+.2f}"),
            *map(share_text, c.posterior),
            seen,
        ]
        numbers = "".join(f'<td class="c">{esc(cell)}</td>' for cell in cells)
        names = f"{esc(view.title(c.arm))} − {esc(view.title(c.against))}"
        rows += f'<tr><td><span class="arm">{view.icon(c.against)}<span>{names}</span></span></td>{numbers}</tr>'
    heads = ("reading", "better, equal, worse on", "p", "p, Holm", "effect", "worse", "equal", "better", "seen from")
    cells = "".join(f'<th class="c" scope="col">{head}</th>' for head in heads)
    return (
        '<div class="scroll free" tabindex="0"><table class="cells"><thead><tr><th '
        f'scope="col">Contrast</th>{cells}</tr>'
        f'</thead><tbody>{rows}</tbody></table></div><p class="note under">p: Wilcoxon signed-rank over data sets; '
        "Holm: "
        "corrected for all contrasts of the suite. Effect: rank-biserial, −1 to +1. Worse, equal, better: Bayesian "
        "signed-rank test with the band. Seen from: smallest difference found with 80 % power at the strictest "
        "level.</p>"
    )


def fold(content: SuiteContent, name: str) -> str:
    """The data of a table behind a fold."""
    table = next(table for table in content.tables if table.name == name)
    return data_table(table.name, table.columns, table.rows, of="table")


def terms(view: SuiteView) -> Pairs:
    """What is the same on every data set, and what is not."""
    suite, first = view.suite, view.suite.protocols[0]
    pairs = " · ".join(f"{view.title(arm)} − {view.title(against)}" for arm, against in suite.contrasts)
    budget = f"{plural(first.trials, 'setting')}, {plural(first.epochs, 'epoch')} a fit at most"
    if first.cpu_s is not None:
        budget += f", {first.cpu_s:g} CPU seconds a setting, after which a fit by steps is stopped"
    sizes = [
        f"{s.protocol.data} ({s.rows('train')} training, {s.rows('validation')} validation, {s.rows('test')} test rows)"
        for s in view.summaries
    ]
    return (
        ("Data sets", listed(sizes)),
        ("Contrasts", f"{pairs}; named beforehand, at most five"),
        ("Seeds", f"{plain_seeds(first.seeds)} on every set; averaged before any test"),
        ("Budget of a cell", f"{budget}; the same for every arm and set"),
        (
            "Score",
            f"{view.scale.axis} on test rows; the arm {view.title(HERO)} is on each set the best by validation score",
        ),
        (
            "Verdict rule",
            "the signed-rank test over data sets, corrected by Holm for all contrasts, at "
            f"{100 * suite.level:g}{NBSP}%: "
            f"better or worse; clearly so where the Bayesian signed-rank test has 95{NBSP}% beyond "
            f"±{view.scale.band(suite.rope)}; practically equal where it has 95{NBSP}% within; else no evidence "
            "either way. "
            "No verdict with fewer than five data sets",
        ),
        ("Suite", suite.name),
        ("Suite hash", suite.hash),
        *((f"Protocol hash, {protocol.data}", protocol.hash) for protocol in suite.protocols),
    )
