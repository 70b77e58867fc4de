"""Tables of cells, failures, findings and commands, for the page and as text."""

from __future__ import annotations

import json

from qml.base.words import plural
from qml.bench.cell import CellResult
from qml.bench.contestant import Contestant
from qml.bench.finding import Finding
from qml.bench.report.canvas import esc
from qml.bench.report.protocol_text import command
from qml.bench.report.tables import arm_name, mean_of, text_of
from qml.bench.report.view import Table, View
from qml.bench.scale import three


def cells_table(view: View) -> str:
    """Which cells there are: complete, capped, failed, missing."""
    seeds = view.summary.protocol.seeds
    heads = "".join(f'<th class="c" scope="col">{seed}</th>' for seed in seeds)
    rows = ""
    for arm in view.summary.arms:
        marks = "".join(f'<td class="c">{_cell(arm, seed)}</td>' for seed in seeds)
        spent = mean_of([cell.cpu_s for cell in arm.every])
        rows += f'<tr><td>{arm_name(view, arm)}</td>{marks}<td class="c">{three(spent)}</td></tr>'
    return (
        f'<div class="scroll free"><table class="cells"><thead><tr><th scope="col">Arm</th>{heads}'
        f'<th class="c" scope="col">CPU s</th></tr></thead><tbody>{rows}</tbody></table></div>'
        f'<p class="note under">✓ all of {plural(view.summary.protocol.trials, "setting")} tried. ▲ a fit met the cap. '
        "✕ failed. – no cell. CPU s: mean of a cell, search included.</p>"
    )


def _cell(arm: Contestant, seed: int) -> str:
    found = next((c for c in arm.every if c.cell.seed == seed), None)
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


def failures_table(view: View) -> str:
    """Cells in which every trial failed, with the reason and the score that they count with; "" without any."""
    rows = "".join(
        f'<tr><td>{arm_name(view, arm)}</td><td class="c">{cell.cell.seed}</td>'
        f'<td class="c">{_counted(view, arm, cell)}</td><td class="why">{esc(cell.reason)}</td></tr>'
        for arm in view.summary.arms
        for cell in arm.failed
    )
    if not rows:
        return ""
    heads = "".join(f'<th{kind} scope="col">{h}</th>' for h, kind in _FAILURE_HEADS)
    return (
        f'<h3>Failed cells</h3><div class="scroll free"><table class="cells"><thead><tr>{heads}</tr></thead>'
        f'<tbody>{rows}</tbody></table></div><p class="note under">A failed trial counts as a trial. A cell all of '
        "whose trials failed counts with the score of a constant answer learnt from the training targets.</p>"
    )


_FAILURE_HEADS = (("Arm", ""), ("seed", ' class="c"'), ("counts with", ' class="c"'), ("reason", ""))


def _counted(view: View, arm: Contestant, cell: CellResult) -> str:
    score = arm.scores.get(cell.cell.seed)
    return "nothing" if score is None else view.scale.score(score)


def cell_rows(view: View) -> Table:
    """One row a cell."""
    rank = view.summary.protocol.rank
    columns = ("arm", "seed", "status", "test", "validation", "chosen", "trials", "failed", "capped", "CPU s", "reason")
    rows = []
    for arm in view.summary.arms:
        for cell in sorted(arm.every, key=lambda c: c.cell.seed):
            seed = cell.cell.seed
            failed = sum(trial.status == "failed" for trial in cell.trials)
            scores = (arm.scores.get(seed), cell.metrics.get("validation", {}).get(rank))
            counts = (cell.chosen, len(cell.trials), failed, cell.capped)
            numbers = [*(text_of(v) for v in scores), *("" if n is None else str(n) for n in counts)]
            rows.append((arm.title, str(seed), cell.status, *numbers, text_of(cell.cpu_s), cell.reason or ""))
    return Table("cells", columns, tuple(rows))


def trial_rows(view: View) -> Table:
    """One row a trial: what was tried, what it scored on validation rows, what it spent."""
    columns = ("arm", "seed", "trial", "settings", "status", "validation", "CPU s", "capped", "reason")
    rows = tuple(
        (
            *(arm.title, str(cell.cell.seed), str(trial.number), json.dumps(dict(trial.settings), sort_keys=True)),
            *(trial.status, text_of(trial.score), text_of(trial.cost.get("cpu_s"))),
            *("yes" if trial.cost.get("capped") else "no", trial.reason or ""),
        )
        for arm in view.summary.arms
        for cell in sorted(arm.every, key=lambda c: c.cell.seed)
        for trial in cell.trials
    )
    return Table("trials", columns, rows)


def finding_rows(found: tuple[Finding, ...]) -> Table:
    """One row a finding."""
    columns = ("level", "title", "text", "evidence", "consequence")
    return Table("findings", columns, tuple((f.level, f.title, f.text, f.evidence, f.consequence) for f in found))


def command_rows(view: View) -> Table:
    """One row an arm: the line that makes its cells again."""
    return Table("commands", ("arm", "command"), tuple((arm.title, command(arm)) for arm in view.summary.arms))
