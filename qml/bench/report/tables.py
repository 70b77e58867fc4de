"""The tables of the page: scores with dots, posterior probabilities, cells by seed, findings, commands."""

from __future__ import annotations

import math
from collections.abc import Callable

from qml.bench.audit import Finding
from qml.bench.report.canvas import esc
from qml.bench.report.figures.dots import DotAxis, dots
from qml.bench.report.figures.slot import filling_text
from qml.bench.report.protocol_text import Pairs, command
from qml.bench.report.view import View, data_table
from qml.bench.scale import plural, short, three
from qml.bench.summary import Contestant

GROUPS = {"hybrid": "With a circuit", "control": "Same model, circuit replaced", "baseline": "Classical baselines"}
COLUMNS = 8


def pairs_table(pairs: Pairs) -> str:
    """Terms and their words; digests in a fixed-width face."""
    rows = "".join(f"<dt>{esc(term)}</dt><dd>{_code(term, text)}</dd>" for term, text in pairs)
    return f'<dl class="kv">{rows}</dl>'


def _code(term: str, text: str) -> str:
    return f"<code>{esc(text)}</code>" if any(w in term.lower() for w in ("hash", "digest", "program")) else esc(text)


def arm_name(view: View, arm: Contestant) -> str:
    """Glyph and title, for narrow tables."""
    return f'<span class="arm">{view.marks.icon(arm)}<span>{esc(arm.title)}</span></span>'


def scores_table(view: View) -> str:
    """One row an arm, grouped by family."""
    axis = DotAxis.of(view)
    body, family = "", None
    for place, arm in enumerate(view.summary.ranked):
        if arm.family != family:
            family = arm.family
            again = f'<span class="pax">{axis.svg()}</span>'
            body += f'<tr class="grp"><td colspan="{COLUMNS}">{GROUPS[family]}{again}</td></tr>'
        body += _score_row(view, arm, axis, place)
    heads = [
        _head(0, "Arm"),
        f'<th scope="col" data-k="1" class="dp">{axis.svg()}</th>',
        _head(2, esc(view.scale.axis).replace(", ", ",<br>")),
        _head(3, "quantum"),
        _head(4, "classical"),
        _head(5, "training,<br>CPU s"),
        _head(6, "predicted<br>rows/s"),
        _head(7, "trained<br>rows/s"),
    ]
    table = (
        f'<table class="scores"><caption class="skip">Scores of {plural(len(view.summary.ranked), "arm")}</caption>'
        "<thead>"
        '<tr><td></td><td></td><td></td><th colspan="2" scope="colgroup">trained parameters</th>'
        '<th colspan="3" scope="colgroup">cost of the chosen fit, median</th></tr>'
        f"<tr>{''.join(heads)}</tr></thead><tbody>{body}</tbody></table>"
    )
    return table + data_table("scores", *score_rows(view), of="table")


def _head(number: int, text: str) -> str:
    return f'<th scope="col" data-k="{number}"><button type="button">{text}</button></th>'


def _score_row(view: View, arm: Contestant, axis: DotAxis, place: int) -> str:
    scale, e = view.scale, view.scores[arm.key]
    interval = (
        f"{scale.number(scale.bounded(e.lo))} to {scale.number(scale.bounded(e.hi))}" if e.known else "no interval"
    )
    notes = [filling_text(arm) if arm.family != "baseline" else str(arm.details.get("summary", ""))]
    notes += [f"capped in {arm.capped} of {plural(len(arm.cells), 'cell')}"] if arm.capped else []
    notes += (
        []
        if view.summary.is_whole(arm)
        else [f"{len(arm.scores)} of {plural(len(view.summary.protocol.seeds), 'seed')}"]
    )
    note = "; ".join(n for n in notes if n)
    mark = " ▲" if arm.capped else ""
    quantum, classical = arm.parameters.get("quantum"), arm.parameters.get("classical")
    return (
        f'<tr><td data-v="{place}"><span class="arm">{view.marks.icon(arm)}<b>{esc(arm.title)}{mark}</b>'
        f"<small>{esc(note)}</small></span></td>"
        f'<td class="dp" data-v="{e.mean}">{dots(view, arm, axis)}</td>'
        f'<td class="ac" data-l="{esc(scale.axis)}" data-v="{e.mean}"><span><b>{scale.number(e.mean)}</b>'
        f'<span class="iv">{interval}</span></span></td>'
        + _number("quantum", quantum, three)
        + _number("classical", classical, three)
        + _number("training, CPU s", arm.typical_cost("cpu_s"), three)
        + _number("predicted rows/s", arm.typical_rate("predict_rows_s"), short)
        + _number("trained rows/s", arm.typical_rate("train_rows_s"), short)
        + "</tr>"
    )


def _number(label: str, value: float | None, write: Callable[[float | None], str]) -> str:
    absent = value is None or not math.isfinite(value) or (label == "quantum" and value == 0)
    shown = "–" if absent else write(value)
    return f'<td data-l="{label}" data-v="{0 if absent else value}"{" class=na" if absent else ""}>{shown}</td>'


def score_rows(view: View) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """Columns and rows of the score table as text, for CSV and Markdown."""
    seeds = view.summary.protocol.seeds
    others = sorted({m for c in view.summary.cells for m in c.metrics["test"]} - {view.summary.protocol.rank})
    columns = (
        *("arm", "family", f"{view.scale.axis}: mean", "low", "high", *(f"seed {seed}" for seed in seeds)),
        *("validation", "quantum", "classical", "CPU s", "CPU s of the cell", "predicted rows/s", "trained rows/s"),
        *("rows sent through the model", *(f"test {name}" for name in others)),
    )
    rows = []
    for arm in view.summary.ranked:
        e, shown = view.scores[arm.key], view.scale.shown
        values = [
            shown(e.mean),
            *(shown(view.scale.bounded(v)) if e.known else math.nan for v in (e.lo, e.hi)),
            *(shown(arm.scores.get(s, math.nan)) for s in seeds),
        ]
        costs = [
            shown(arm.validation),
            *(arm.parameters.get(part, 0) for part in ("quantum", "classical")),
            arm.typical_cost("cpu_s"),
            sum(c.cpu_s for c in arm.cells) / len(arm.cells),
            arm.typical_rate("predict_rows_s"),
            arm.typical_rate("train_rows_s"),
            arm.typical_cost("rows"),
        ]
        means = [_mean([c.metrics["test"][m] for c in arm.cells if m in c.metrics["test"]]) for m in others]
        rows.append((arm.title, arm.family, *(_text(v) for v in (*values, *costs, *means))))
    return columns, tuple(rows)


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else math.nan


def _text(value: float | None) -> str:
    return f"{value:.5g}" if value is not None and math.isfinite(value) else ""


def posterior_table(view: View) -> str:
    """Probabilities of worse, equal and better, and what each comparison could have seen."""
    rope = view.summary.protocol.rope
    rows = ""
    for c in view.summary.comparisons:
        chances = "".join(
            f'<td class="c">{f"{100 * p:.0f} %" if math.isfinite(p) else "–"}</td>' for p in c.estimate.posterior(rope)
        )
        seen = f"{view.scale.shown(c.estimate.visible):.{view.scale.decimals}f}" if c.estimate.known else "–"
        rows += f'<tr><td>{arm_name(view, c.against)}</td>{chances}<td class="c">{seen}</td></tr>'
    heads = "".join(f'<th class="c" scope="col">{h}</th>' for h in ("worse", "equal", "better", "seen from"))
    title = esc(view.hero.title) if view.hero else ""
    band = esc(view.scale.band(rope))
    units = f", in {view.scale.units}," if view.scale.units else ""
    return (
        '<div class="two"><div class="scroll free"><table class="cells"><thead>'
        f'<tr><th scope="col">{title} against</th>{heads}</tr></thead>'
        f'<tbody>{rows}</tbody></table></div><p class="note">Probability that the true difference lies below, in or '
        f"above the band of ±{band} (correlated t-test, Corani and Benavoli 2015). “Seen from”: smallest "
        f"difference{units} that this comparison finds with 80 % power. For reading only: the words in the text "
        "follow the intervals, which ask for more.</p></div>"
    )


def cells_table(view: View) -> str:
    """Which cells there are: complete, capped, failed, missing."""
    seeds = view.summary.protocol.seeds
    heads = "".join(f'<th class="c" scope="col">{seed}</th>' for seed in seeds)
    rows = ""
    for arm in view.summary.arms:
        marks = "".join(f'<td class="c">{_cell(arm, seed)}</td>' for seed in seeds)
        spent = _mean([cell.cpu_s for cell in (*arm.cells, *arm.failed)])
        rows += f'<tr><td>{arm_name(view, arm)}</td>{marks}<td class="c">{three(spent)}</td></tr>'
    return (
        f'<div class="scroll free"><table class="cells"><thead><tr><th scope="col">Arm</th>{heads}'
        f'<th class="c" scope="col">CPU s</th></tr></thead><tbody>{rows}</tbody></table></div>'
        f'<p class="note under">✓ all of {plural(view.summary.protocol.trials, "setting")} tried. ▲ a fit met the cap. '
        "✕ failed. – no cell. CPU s: mean of a cell, search included.</p>"
    )


def _cell(arm: Contestant, seed: int) -> str:
    found = next((c for c in (*arm.cells, *arm.failed) if c.cell.seed == seed), None)
    if found is None:
        return '<span role="img" aria-label="no cell">–</span>'
    if found.status == "failed":
        return '<span role="img" class="st fail bare" aria-label="failed"></span>'
    if found.capped:
        return f'<span class="st warn bare"></span>{found.capped}/{len(found.trials)}'
    return '<span role="img" aria-label="complete">✓</span>'


def findings_list(found: tuple[Finding, ...]) -> str:
    """The audit, one line a finding."""
    kinds = {"severe": "fail", "fail": "fail", "suspect": "warn", "warn": "warn", "note": "info", "pass": "ok"}
    lines = "".join(
        f'<li><span class="st {kinds[f.level]}">{f.level}</span><span><b>{esc(f.title)}</b>'
        f"{': ' + esc(f.words) if f.words else '.'}</span></li>"
        for f in found
    )
    return f'<ul class="audit">{lines}</ul>'


def commands_table(view: View) -> str:
    """One command a row."""
    rows = "".join(
        f"<tr><td>{arm_name(view, arm)}</td><td><code>{esc(command(arm))}</code> "
        '<button class="copy" type="button">copy</button></td></tr>'
        for arm in view.summary.arms
    )
    return f'<table class="cmd"><tbody>{rows}</tbody></table>'
