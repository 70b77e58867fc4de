"""The table of scores, with a drawing in each row, and its numbers as text."""

from __future__ import annotations

import math
from collections.abc import Callable

from qml.base.words import plural
from qml.bench.contestant import Contestant
from qml.bench.report.canvas import esc
from qml.bench.report.figures.dots import DotAxis, dots
from qml.bench.report.figures.slot import filling_text
from qml.bench.report.protocol_text import Pairs
from qml.bench.report.view import View, data_table
from qml.bench.scale import Scale, short, three

GROUPS = {"hybrid": "With a circuit", "control": "Same model, circuit replaced", "baseline": "Classical baselines"}
COLUMNS = 9


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
        _head(3, "median"),
        _head(4, "quantum"),
        _head(5, "classical"),
        _head(6, "training,<br>CPU s"),
        _head(7, "circuit<br>runs"),
        _head(8, "predicted<br>rows/s", "opt"),
    ]
    table = (
        f'<table class="scores"><caption class="skip">Scores of {plural(len(view.summary.ranked), "arm")}</caption>'
        "<thead>"
        '<tr><td></td><td></td><td></td><td></td><th colspan="2" scope="colgroup">trained parameters</th>'
        '<th colspan="3" scope="colgroup">cost of the chosen fit, median</th></tr>'
        f"<tr>{''.join(heads)}</tr></thead><tbody>{body}</tbody></table>"
    )
    return table + data_table("scores", *score_rows(view), of="table")


def _head(number: int, text: str, kind: str = "") -> str:
    shown = f' class="{kind}"' if kind else ""
    return f'<th scope="col" data-k="{number}"{shown}><button type="button">{text}</button></th>'


def _score_row(view: View, arm: Contestant, axis: DotAxis, place: int) -> str:
    scale, e = view.scale, view.scores[arm.key]
    interval = (
        f"{scale.number(scale.bounded(e.lo))} to {scale.number(scale.bounded(e.hi))}" if e.known else "no interval"
    )
    full = "" if arm.title.startswith(arm.full) else arm.full
    note = "; ".join(n for n in (full, what_it_is(arm), *cautions(view, arm)) if n)
    mark = " ▲" if arm.capped else ""
    quantum, classical = arm.parameters.get("quantum"), arm.parameters.get("classical")
    return (
        f'<tr><td data-v="{place}"><span class="arm">{view.marks.icon(arm)}<b>{esc(arm.title)}{mark}</b>'
        f"<small>{esc(note)}</small></span></td>"
        f'<td class="dp" data-v="{e.mean}">{dots(view, arm, axis)}</td>'
        f'<td class="ac" data-l="{esc(scale.axis)}" data-v="{e.mean}"><span><b>{scale.number(e.mean)}</b>'
        f'<span class="iv">{interval}</span></span></td>'
        + f'<td class="ac" data-l="median, quartiles" data-v="{arm.spread.median}"><span>'
        + scale.number(arm.spread.median)
        + f'<span class="iv">{quartiles(view, arm)}</span></span></td>'
        + _number("quantum", quantum, three)
        + _number("classical", classical, three)
        + _number("training, CPU s", arm.typical_cost("cpu_s"), three)
        + _number("circuit runs", arm.evaluations, short)
        + _number("predicted rows/s", arm.typical_rate("predict_rows_s"), short, "opt")
        + "</tr>"
    )


def what_it_is(arm: Contestant) -> str:
    """One line on what the arm holds."""
    return filling_text(arm) if arm.family != "baseline" else str(arm.details.get("summary", ""))


def cautions(view: View, arm: Contestant) -> list[str]:
    """What a reader of its score must know: runs that learnt nothing, failed, met the cap or are missing."""
    said = []
    if arm.stuck and arm.name != "majority":
        said.append(f"{arm.stuck} of {plural(len(arm.cells), 'run')} answer every row alike")
    if arm.at_chance:
        said.append(f"{plural(len(arm.at_chance), 'failed cell')}, scored as chance")
    if arm.capped:
        chosen = f", the chosen one cut by it in {arm.cut}" if arm.cut else ""
        said.append(f"a fit met the cap in {arm.capped} of {plural(len(arm.cells), 'cell')}{chosen}")
    if not view.summary.is_whole(arm):
        said.append(f"{len(arm.scores)} of {plural(len(view.summary.protocol.seeds), 'seed')}")
    return said


def quartiles(view: View, arm: Contestant) -> str:
    """Lower and upper quartile of the scores; nothing for one run."""
    found = arm.spread
    return f"{view.scale.number(found.lower)} to {view.scale.number(found.upper)}" if found.runs > 1 else "one run"


def _number(label: str, value: float | None, write: Callable[[float | None], str], kind: str = "") -> str:
    absent = value is None or not math.isfinite(value) or (label in ("quantum", "circuit runs") and value == 0)
    shown = "–" if absent else write(value)
    classes = " ".join(name for name in (kind, "na" if absent else "") if name)
    marked = f' class="{classes}"' if classes else ""
    return f'<td data-l="{label}" data-v="{0 if absent else value}"{marked}>{shown}</td>'


def score_rows(view: View) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """Columns and rows of the score table as text, for CSV and Markdown."""
    seeds = view.summary.protocol.seeds
    others = _other_scales(view)
    columns = (
        *("arm", "family", f"{view.scale.axis}: mean", "low", "high", *(f"seed {seed}" for seed in seeds)),
        *("median", "lower quartile", "upper quartile", "middle half", "runs alike on every row", "scored as chance"),
        *("validation", "quantum", "classical", "CPU s", "CPU s of the cell", "predicted rows/s", "trained rows/s"),
        *(
            "rows sent through the model",
            "circuit evaluations",
            "peak memory, MB",
            *(f"test {scale.axis}" for scale in others),
        ),
    )
    rows = []
    for arm in view.summary.ranked:
        e, shown = view.scores[arm.key], view.scale.shown
        values = [
            shown(e.mean),
            *(shown(view.scale.bounded(v)) if e.known else math.nan for v in (e.lo, e.hi)),
            *(shown(arm.scores.get(s, math.nan)) for s in seeds),
        ]
        middle = [shown(v) for v in (arm.spread.median, arm.spread.lower, arm.spread.upper, arm.spread.middle)]
        costs = [
            *middle,
            arm.stuck,
            len(arm.at_chance),
            shown(arm.validation),
            *(arm.parameters.get(part, 0) for part in ("quantum", "classical")),
            arm.typical_cost("cpu_s"),
            mean_of([c.cpu_s for c in arm.every]),
            arm.typical_rate("predict_rows_s"),
            arm.typical_rate("train_rows_s"),
            arm.typical_cost("rows"),
            arm.evaluations,
            None if arm.peak_bytes is None else arm.peak_bytes / 1e6,
        ]
        means = [scale.shown(mean_of(_counted(arm, scale.name))) for scale in others]
        rows.append((arm.title, arm.family, *(text_of(v) for v in (*values, *costs, *means))))
    return columns, tuple(rows)


def _other_scales(view: View) -> list[Scale]:
    """How the metrics beside the ranking metric are written, by name."""
    facts = {name: told for cell in view.summary.cells for name, told in cell.metric_facts.items()}
    names = sorted({m for c in view.summary.cells for m in c.metrics["test"]} - {view.summary.protocol.rank})
    return [Scale.of(name, facts.get(name, {})) for name in names]


def _counted(arm: Contestant, metric: str) -> list[float]:
    """Test values of a metric in the cells that the ranking metric counts, failed ones at chance among them."""
    return [c.counted["test"][metric] for c in arm.judged if metric in c.counted["test"]]


def mean_of(values: list[float]) -> float:
    """The mean; NaN of nothing."""
    return sum(values) / len(values) if values else math.nan


def text_of(value: float | None) -> str:
    """Five figures; nothing for what is not there."""
    return f"{value:.5g}" if value is not None and math.isfinite(value) else ""
