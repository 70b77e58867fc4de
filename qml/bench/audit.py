"""What is wrong with a benchmark, found in its own records: failures first, then warnings, notes and passes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import combinations

import numpy as np

from qml.base.words import plural
from qml.bench.cell import CellResult
from qml.bench.checks.balance import accuracy_of_rare_classes
from qml.bench.checks.cells import CELL_CHECKS
from qml.bench.checks.fits import FIT_CHECKS
from qml.bench.contestant import Contestant
from qml.bench.facts import total_rows
from qml.bench.finding import LEVELS, Finding
from qml.bench.protocol import CHAMPION
from qml.bench.scale import listed
from qml.bench.summary import Summary

LAST_PART = 0.25


def findings(summary: Summary) -> tuple[Finding, ...]:
    """Every finding, the state of the cells first, then by level.

    Example:
        ```python
        for finding in findings(summarise(Store("runs/digits"))):
            print(finding.level, finding.title, finding.text)
        ```
    """
    first = list(_failed(summary))
    rest = [found for check in CHECKS for found in check(summary)]
    return (*first, *sorted(rest, key=lambda found: LEVELS.index(found.level)))


def _failed(s: Summary) -> Iterator[Finding]:
    failed = [cell for arm in s.arms for cell in arm.failed]
    total = len(failed) + len(s.cells)
    if not failed:
        yield Finding("pass", f"0 failed cells of {total}", "")
    for arm in s.arms:
        if arm.failed:
            seeds = ", ".join(str(cell.cell.seed) for cell in arm.failed)
            reason = str(arm.failed[0].reason)
            left = "They count as chance." if arm.at_chance else "They have no score."
            title = f"{plural(len(arm.failed), 'failed cell')} of {total}: {arm.title}"
            yield Finding("fail", title, f"seed {seeds}: {reason.rstrip('.')}. {left}")
    for arm in s.arms:
        bad = [t for cell in arm.cells for t in cell.trials if t.status == "failed"]
        if bad:
            title = f"{plural(len(bad), 'failed trial')} of {arm.title}"
            text = f"They count as tried, with the score of a constant answer. First reason: {bad[0].reason}"
            yield Finding("warn", title, text)


def _store(s: Summary) -> Iterator[Finding]:
    for digest, reason in s.damaged:
        yield Finding("warn", f"Damaged cell {digest[:12]}", f"{reason} It is left out and counts as not finished.")
    if s.unfinished:
        title = f"{plural(len(s.unfinished), 'cell')} begun and not finished"
        text = f"{', '.join(d[:12] for d in s.unfinished)}. Start the benchmark again to finish them."
        yield Finding("note", title, text)
    by_hash: dict[str, list[CellResult]] = {}
    for cell in s.others:
        by_hash.setdefault(cell.cell.protocol_hash, []).append(cell)
    for key, cells in sorted(by_hash.items()):
        names = ", ".join(f"{c.cell.arm.name} seed {c.cell.seed}" for c in cells)
        title = f"{plural(len(cells), 'cell')} under another protocol, {key[:12]}"
        yield Finding("warn", title, f"They are in this store and are not used here: {names}.")


def _missing(s: Summary) -> Iterator[Finding]:
    for arm in s.arms:
        done = set(arm.scores) | {cell.cell.seed for cell in arm.failed}
        absent = [seed for seed in s.protocol.seeds if seed not in done]
        if absent:
            title = f"{arm.title} lacks {plural(len(absent), 'seed')} of {len(s.protocol.seeds)}"
            text = f"missing: {', '.join(map(str, absent))}. It is shown, and kept out of the verdict."
            yield Finding("warn", title, text)
    if s.hero is None:
        yield Finding("warn", "No arm with a circuit", "There is nothing to give a verdict on; the scores stand alone.")
        return
    for role in ("removed", "twin", CHAMPION):
        if s.comparison(role) is None:
            name = {"removed": "the model with its circuit removed", "twin": "the twin"}.get(
                role, "a classical baseline"
            )
            yield Finding(
                "warn",
                f"No usable cells of {name}",
                "The comparison with it is missing from the verdict, which claims less.",
            )


def _seeds(s: Summary) -> Iterator[Finding]:
    count = len(s.protocol.seeds)
    if count < 2:
        yield Finding("warn", "One seed only", "No interval can be given, so no comparison can be called.")
        return
    for c in s.comparisons:
        if len(c.estimate.values) > 1 and c.estimate.se == 0:
            text = "no spread can be told from equal numbers, so there is no interval and nothing is claimed."
            yield Finding("warn", f"Same difference to {c.against.title} in every seed", text)
    varied = [a for a in s.ranked if a.name != "majority"]  # a constant answer may well score the same on every split
    same = [a.title for a in varied if len(a.scores) > 2 and len(set(a.scores.values())) == 1]
    if same and not s.fixed_test:
        yield Finding(
            "warn", f"Same score in every seed: {listed(same)}", "Each seed is a new split, so this is unlikely."
        )
    elif same:
        text = (
            "On one test set an arm without chance in its training may well do so; its interval then comes "
            "from the test rows alone."
        )
        yield Finding("note", f"Same score in every seed: {listed(same)}", text)
    else:
        text = "every seed is a new start" + ("." if s.fixed_test else " on a new split.")
        yield Finding("pass", "No arm constant across seeds", text)


def _capped(s: Summary) -> Iterator[Finding]:
    capped = [arm for arm in s.ranked if arm.capped]
    if capped:
        names = listed([f"{arm.title} ({arm.capped} of {len(arm.cells)})" for arm in capped])
        cut = [arm.title for arm in capped if arm.cut]
        judged = f"It cut chosen fits of {listed(cut)}, which are not judged." if cut else "It cut no chosen fit."
        text = f"{names}: a fit met the cap of {s.protocol.cpu_s or 0:g} CPU seconds. {judged}"
        yield Finding("warn", plural(sum(arm.capped for arm in capped), "capped cell"), text)
    if not capped and s.protocol.cpu_s:
        yield Finding("pass", "No capped cell", f"every fit ended within {s.protocol.cpu_s:g} CPU seconds.")


def rise(s: Summary, arm: Contestant) -> tuple[float, int] | None:
    """Change of the validation score over the last quarter of the epochs, good = positive, and how many epochs that is.

    None for arms without a curve of at least four epochs.
    """
    changes, spans = [], []
    for cell in arm.cells:
        curve = cell.curve(s.protocol.rank)
        if len(curve) < 4:
            return None
        span = max(1, round(LAST_PART * len(curve)))
        changes.append(s.scale.sign * (curve[-1].value - curve[-1 - span].value))
        spans.append(span)
    return (float(np.mean(changes)), round(float(np.mean(spans)))) if changes else None


def _rising(s: Summary) -> Iterator[Finding]:
    limit = 0.01 if s.scale.percent else s.protocol.rope
    for arm in [c.against for c in s.comparisons] + ([s.hero] if s.hero else []):
        found = rise(s, arm)
        if found is None:
            continue
        change, span = found
        text = (
            f"validation {s.scale.label} changed by {s.scale.signed(s.scale.sign * change)} {s.scale.units} "
            f"over the last {plural(span, 'epoch')}."
        )
        if change > limit:
            tail = " The verdict holds for this budget; a longer one could change it."
            yield Finding("warn", f"{arm.title} still rising", text + tail)
        elif arm is s.hero:
            tail = " More epochs alone are unlikely to change the verdict."
            yield Finding("pass", f"{arm.title} settled", text + tail)


def _floors(s: Summary) -> Iterator[Finding]:
    for name, floor in s.protocol.floors:
        arms = [arm for arm in s.ranked if name in (arm.name, arm.role)]
        if name == CHAMPION:  # the best mean on test rows, whoever was the best on validation rows
            arms = sorted(s.champions, key=lambda arm: s.scale.sign * s.estimate(arm).mean)[-1:]
        if not arms:
            text = f"The protocol sets a floor of {s.scale.score(floor)} for it, which nothing here was held to."
            yield Finding("fail", f"No cells of {name}", text)
        for arm in arms:
            title = f"Best baseline, {arm.title}," if name == CHAMPION else arm.title
            mean = s.estimate(arm).mean
            text = f"mean test {s.scale.label} {s.scale.score(mean)}, floor {s.scale.score(floor)}."
            if s.scale.sign * (mean - floor) < 0:
                weak = " A weak champion is a defect of the benchmark: read no verdict from this page."
                low = " It did not learn what this protocol expects of it."
                tail = weak if arm.family == "baseline" else low
                yield Finding("fail", f"{title} is below its floor", text + tail)
            else:
                yield Finding("pass", f"{title} reaches its floor", text)


def chance(s: Summary) -> float | None:
    """Score of a constant answer on the test rows, for metrics where that is known; else None."""
    targets = [t for arm in s.ranked for t in arm.array("test_targets")]
    if not s.labels or not targets:
        return None
    if s.protocol.rank == "accuracy":
        return float(np.mean([np.bincount(t.astype(int)).max() / len(t) for t in targets]))
    return {"balanced_accuracy": 1 / len(s.labels), "auc": 0.5}.get(s.protocol.rank)


def _chance(s: Summary) -> Iterator[Finding]:
    level = 0.0 if s.protocol.rank == "r2" else chance(s)
    if level is None:
        return
    stuck = []
    for arm in s.ranked:
        low = sum(value <= level + 0.5 * s.protocol.rope for value in arm.scores.values())
        if low and arm.name != "majority":
            stuck.append(f"{arm.title} in {low} of {plural(len(arm.scores), 'seed')}")
    what = f"A constant answer scores {s.scale.score(level)}."
    if stuck:
        yield Finding("warn", f"At chance level: {listed(stuck)}", what)
    else:
        yield Finding("pass", "No arm at chance level", what)


def _rows(s: Summary) -> Iterator[Finding]:
    data = s.data
    shared = data.get("test_in_training")
    if shared:
        worst = max(int(cell.data.get("test_in_training", 0)) for cell in s.cells)
        text = (
            f"up to {worst} of {s.rows('test')} test rows equal a training or validation row in every input. "
            "All arms profit alike; absolute scores are optimistic."
        )
        yield Finding("warn", "Test rows that also lie in training", text)
    elif shared == 0:
        yield Finding("pass", "No test row lies in training", "compared input by input after all transforms.")
    chosen_on = data.get("validation_in_training")
    if chosen_on:
        text = (
            f"{chosen_on} of {s.rows('validation')} validation rows equal a training row in every input, so what is "
            "chosen on them (settings, the champion) favours arms that learn rows by heart."
        )
        yield Finding("warn", "Validation rows that also lie in training", text)
    repeated = data.get("repeated")
    if repeated and any(repeated.values()):
        text = ", ".join(f"{count} of {data['rows'][split]} in {split}" for split, count in repeated.items() if count)
        yield Finding("note", "Repeated rows", f"rows that equal an earlier one of their split: {text}.")
    if data.get("constant_inputs"):
        size = int(np.prod(data["input_shape"]))
        text = f"{data['constant_inputs']} of {size} input numbers never vary over the training rows."
        yield Finding("note", "Constant inputs", text)
    if data.get("groups") is None:
        text = (
            "the source names no column of groups (writers, patients, devices), so rows of one group may lie "
            "on both sides. All arms profit alike."
        )
        yield Finding("note", "Groups unknown", text)


def _overlap(s: Summary) -> Iterator[Finding]:
    if len(s.protocol.seeds) < 2 or not s.cells:
        return
    if s.fixed_test:
        text = (
            f"all seeds are tested on the same {s.rows('test')} rows; intervals take both the seeds and the "
            "test rows into account."
        )
        yield Finding("note", "One test set for all seeds", text)
        return
    by_seed = {c.cell.seed: c.arrays["test_rows"] for c in s.cells if "test_rows" in c.arrays}
    if len(by_seed) > 1:
        shares = [len(np.intersect1d(a, b)) / min(len(a), len(b)) for a, b in combinations(by_seed.values(), 2)]
        share, said = float(np.mean(shares)), "share"
    else:
        share, said = s.rows("test") / total_rows(s.data), "are expected to share"
    if share > 0:
        text = (
            f"two seeds {said} {100 * share:.0f} % of their test rows, so seeds are not independent. "
            "Intervals use the correction for repeated random splits."
        )
        yield Finding("warn", "Test sets overlap", text)


def _same_data(s: Summary) -> Iterator[Finding]:
    for seed in s.protocol.seeds:
        digests = Counter(c.data.get("digest") for c in s.cells if c.cell.seed == seed)
        if len(digests) > 1:
            odd = [
                c.cell.arm.title
                for c in s.cells
                if c.cell.seed == seed and c.data.get("digest") != digests.most_common(1)[0][0]
            ]
            text = f"seed {seed}: {listed(sorted(set(odd)))} saw rows or transforms that differ from the others'."
            yield Finding(
                "warn", "Not all arms saw the same data", text + " Only cells with equal test rows are compared."
            )


def _budget(s: Summary) -> Iterator[Finding]:
    odd = [c for c in s.cells if len(c.trials) != s.protocol.trials]
    if odd:
        names = listed(sorted({c.cell.arm.title for c in odd}))
        yield Finding(
            "fail", "Unequal numbers of trials", f"the protocol gives {s.protocol.trials}; otherwise: {names}."
        )
    else:
        text = f"{plural(s.protocol.trials, 'setting')} in each of {plural(len(s.cells), 'finished cell')}."
        yield Finding("pass", "Every arm tried as many settings", text)
    text = (
        "CPU seconds, not wall time, are reported; on a machine with other load they are good to about a factor of two."
    )
    yield Finding("note", "Cost depends on the machine", text)


def _several(s: Summary) -> Iterator[Finding]:
    if s.hero is None:
        return
    rivals = [arm for arm in s.ranked if arm.role == s.hero.role]
    if len(rivals) > 1:
        others = listed([arm.title for arm in rivals if arm.key != s.hero.key])
        text = (
            f"its mean validation {s.scale.label} is the best of {len(rivals)}; {others}: in the scores, and compared "
            "with nothing here. Comparisons are with its own ablations."
        )
        yield Finding("note", f"The verdict is about {s.hero.title}", text)


def _inside(s: Summary) -> Iterator[Finding]:
    for arm in s.ranked:
        dead, total = arm.mean_info("dead_weights"), arm.parameters.get("quantum")
        if dead:
            of = f" of {total:.0f}" if total else ""
            text = (
                "they cannot change any value of the circuit (its derivatives by them are zero everywhere), and are "
                "counted as parameters all the same."
            )
            yield Finding("warn", f"{dead:.0f}{of} weights of {arm.title} are dead", text)
    if s.hero is None:
        return
    rank = s.protocol.rank
    spread, own = s.hero.mean_info("circuit_sd"), s.hero.mean_info(f"score_circuit/{rank}")
    mixed = s.hero.mean_info(f"score_shuffled_circuit/{rank}")
    if spread is not None and own is not None and mixed is not None:
        through = s.scale.sign * (own - mixed) > s.protocol.rope
        text = (
            f"its outputs have a mean standard deviation of {spread:.2g} over validation rows; with outputs exchanged "
            f"between these rows their {s.scale.label} is {s.scale.score(mixed)} instead of {s.scale.score(own)}."
        )
        title = "The signal does go through the circuit" if through else "The circuit's outputs hardly matter"
        yield Finding("pass" if through else "warn", title, text)


def _converged(s: Summary) -> Iterator[Finding]:
    for arm in s.ranked:
        short = sum(cell.best is not None and cell.best.info.get("converged") == 0.0 for cell in arm.cells)
        if short:
            title = f"{arm.title} did not converge in {short} of {plural(len(arm.cells), 'cell')}"
            text = "its solver stopped at its bound of iterations; a larger bound might change its score."
            yield Finding("warn", title, text)


def _versions(s: Summary) -> Iterator[Finding]:
    found = {str(sorted(c.provenance.get("versions", {}).items())) for c in s.cells}
    if len(found) > 1:
        yield Finding("warn", "Cells of different versions", f"{len(found)} sets of package versions; see provenance.")
    revisions = {str(c.provenance.get("revision")) for c in s.cells}
    if len(revisions) > 1:
        yield Finding("warn", "Cells of different code revisions", f"{listed(sorted(r[:12] for r in revisions))}.")
    elif any(r.endswith("+changes") for r in revisions):
        text = (
            "the code had changes that its revision does not hold, so a checkout of it may not give the same numbers."
        )
        yield Finding("note", "Code changed since its revision", text)


CHECKS = (
    _store,
    _missing,
    _seeds,
    _capped,
    _rising,
    _floors,
    _chance,
    _rows,
    _overlap,
    _same_data,
    _budget,
    _several,
    _inside,
    _converged,
    _versions,
    accuracy_of_rare_classes,
    *FIT_CHECKS,
    *CELL_CHECKS,
)
