"""The protocol and the provenance as pairs of a term and its plain words."""

from __future__ import annotations

import shlex
from collections import Counter
from typing import Any

from qml.base.words import plural
from qml.bench.contestant import Contestant
from qml.bench.facts import total_rows
from qml.bench.report.view import View
from qml.bench.scale import NBSP, listed, minus

Pairs = tuple[tuple[str, str], ...]
SHOWN_ELSEWHERE = frozenset(
    (
        "summary",
        "short",
        "apart",
        "n_inputs",
        "n_values",
        "role",
        "slot",
        "slot_size",
        "features",
        "head",
        "drawing",
        "checked",
        "command",
        "twin",
        "removed",
    )
)


def protocol_pairs(view: View) -> Pairs:
    """What was compared under which terms."""
    s, p = view.summary, view.summary.protocol
    champion = f"; the champion baseline likewise ({s.champion.title})" if s.champion else ""
    pairs = [
        ("Data", _data(view)),
        ("Splits", _splits(view)),
        ("Budget of a cell", _budget(view)),
        ("Choice", f"{_choice(view)}{champion}"),
        (
            "Seeds",
            f"{len(p.seeds)}: {plain_seeds(p.seeds)}; each sets {'' if s.fixed_test else 'split, '}initial weights "
            "and batch order",
        ),
        ("Score", f"{view.scale.axis} on test rows" + ("; differences in points" if view.scale.percent else "")),
        ("Intervals", _intervals(view)),
        ("Verdict rule", _rule(view)),
    ]
    if p.floors:
        pairs.append(("Floors", ", ".join(f"{name} {view.scale.score(value)}" for name, value in p.floors)))
    return (*pairs, ("Protocol", p.name), ("Protocol hash", p.hash))


def _data(view: View) -> str:
    data = view.summary.data
    shape = [int(n) for n in data["input_shape"]]
    size = f"{' × '.join(map(str, shape))} inputs" if shape else "one input"
    total = total_rows(data)
    again = {"validation"} if total < sum(data["rows"].values()) else set()  # rows that stay in training
    text = f"{data['name']}: {total} rows of {size}"
    if view.summary.labels:
        text += f", {plural(len(view.summary.labels), 'class', 'classes')}"
        counts: Counter[str] = Counter()
        for split in data.get("classes", {}).keys() - again:
            counts.update({k: int(n) for k, n in data["classes"][split].items()})
        if counts:
            low, high = min(counts.values()), max(counts.values())
            text += f", {low} rows each" if low == high else f", {low} to {high} rows each"
    return text


def _splits(view: View) -> str:
    s = view.summary
    sizes = ", ".join(
        f"{s.rows(split)} {name}"
        for split, name in (("train", "training"), ("validation", "validation"), ("test", "test"))
    )
    new = "one test set for all seeds" if s.fixed_test else "new for each seed"
    folds = s.protocol.folds
    if folds is not None:
        deals = len({seed // folds for seed in s.protocol.seeds})
        new = f"{plural(deals, 'deal')} of {folds} folds, stratified; a seed tests on one fold"
    return f"{s.protocol.split}, {new}: {sizes} rows. Test targets are read after all choices"


def _budget(view: View) -> str:
    p = view.summary.protocol
    how = {"random": "drawn at random", "tpe": "proposed by TPE", "grid": "the whole grid"}.get(p.sampler, p.sampler)
    parts = [f"{plural(p.trials, 'setting')}, {how}", f"{plural(p.epochs, 'epoch')} a fit at most"]
    if p.cpu_s is not None:
        whole = "a fit as a whole (scikit-learn) cannot be, and its seconds are told where they are more"
        parts.append(f"a fit by steps is stopped after {p.cpu_s:g} CPU seconds a setting; {whole}")
    if p.patience is not None:
        parts.append(f"a fit stops after {plural(p.patience, 'epoch')} without a better validation score")
    return "; ".join(parts) + "; the same for every arm"


def _choice(view: View) -> str:
    """On which rows a setting is chosen."""
    inner = view.summary.protocol.inner
    if isinstance(inner, int):
        rows = f"best mean {view.scale.label} over {inner} inner folds of training and validation rows"
        return f"{rows}, then one fit of that setting; for every arm alike"
    return f"best validation {view.scale.label} among the settings, for every arm alike"


def plain_seeds(seeds: tuple[int, ...]) -> str:
    """Seeds as a reader writes them: a run by its ends, others one by one."""
    run = tuple(range(seeds[0], seeds[0] + len(seeds)))
    return f"{seeds[0]} to {seeds[-1]}" if seeds == run and len(seeds) > 2 else ", ".join(map(str, seeds))


def _intervals(view: View) -> str:
    count = len(view.summary.protocol.seeds)
    if count < 2:
        return "none: one seed gives no interval"
    if view.summary.fixed_test:
        return (
            f"95{NBSP}%, Student t, variance over seeds and over test rows together (both components, "
            "jackknife over blocks of "
            "test rows, quantiles of both weighted as Cochran and Cox do); differences are paired by seed and by row"
        )
    folds = view.summary.protocol.folds
    shared = "overlapping splits" if folds is None else f"shared training rows, test to training as 1 to {folds - 1}"
    return (
        f"95{NBSP}%, Student t with {plural(count - 1, 'degree')} of freedom, variance corrected for {shared} "
        "(Nadeau and Bengio 2003); differences are paired by seed"
    )


def _rule(view: View) -> str:
    band = view.scale.band(view.summary.protocol.rope)
    return (
        f"read off the interval of the paired difference: beyond zero = better or worse, beyond ±{band} = "
        "clearly so, inside "
        f"±{band} = practically equal, else no evidence either way. “Earned” asks for clearly better than "
        "circuit removed, twin and champion, and that no classical stand-in of the circuit is better or practically "
        "equal. The cap is part of the budget: an arm is shown and not judged only where it cut a chosen fit. A cell "
        "all of whose settings failed counts with the score of a constant answer. No correction for the number of rungs"
    )


def provenance_pairs(view: View) -> Pairs:
    """Versions, machine, code and data of the cells; where they differ, all are named."""
    cells = view.summary.cells or tuple(cell for arm in view.summary.arms for cell in arm.failed)
    facts = [cell.provenance for cell in cells]
    versions = _several([", ".join(f"{k} {v}" for k, v in f.get("versions", {}).items()) for f in facts])
    machine = _several(
        [
            f"{f.get('machine')}, {plural(int(f.get('cores', 1)), 'core')}, "
            f"{plural(int(f.get('threads', 1)), 'thread')}"
            for f in facts
        ]
    )
    pairs = [
        ("Versions", versions),
        ("Python", _several([str(f.get("python")) for f in facts])),
        ("Machine", machine),
        ("Code", _several([str(f.get("revision") or "no revision known") for f in facts])),
        ("Cells", f"{len(view.summary.cells)} finished, {_span([str(f.get('time')) for f in facts])}"),
    ]
    digests = {cell.cell.seed: str(cell.data.get("digest")) for cell in cells}
    return (*pairs, ("Data digest", _several([f"seed {seed}: {text}" for seed, text in sorted(digests.items())])))


def _several(values: list[str]) -> str:
    return "; ".join(dict.fromkeys(values))


def _span(times: list[str]) -> str:
    ends = sorted({min(times), max(times)})
    return " to ".join(time.replace("T", " ").replace("+00:00", " UTC") for time in ends)


def detail_pairs(arm: Contestant) -> Pairs:
    """The plain facts that came with an arm, but for those shown elsewhere."""
    return tuple(
        (str(key).replace("_", " "), _value(value)) for key, value in arm.details.items() if key not in SHOWN_ELSEWHERE
    )


def _value(value: Any) -> str:
    if isinstance(value, float):
        return minus(f"{value:.4g}")
    if isinstance(value, (list, tuple)):
        return listed([str(item) for item in value])
    return str(value)


def command(arm: Contestant) -> str:
    """One line that makes this arm's cells again."""
    if "command" in arm.details:
        return str(arm.details["command"])
    lines = [shlex.join(cell.provenance.get("command", ())) for cell in arm.cells or arm.failed]
    return " ; ".join(dict.fromkeys(lines))
