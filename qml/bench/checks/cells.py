"""What only our records can show: a choice that was not the best, one run under two seeds, an arm of two circuits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace

from qml.base.words import plural
from qml.bench.budget_curve import best_finished
from qml.bench.cell import CellResult
from qml.bench.checks.budgets import chosen_on_test, failed_trials, unequal_trials
from qml.bench.checks.predictions import scores_of_predictions
from qml.bench.checks.provenance import missing_provenance
from qml.bench.checks.repetitions import seeds_without_effect
from qml.bench.checks.tables import TABLE_CHECKS, TableCheck, table_findings
from qml.bench.finding import Finding
from qml.bench.results_store import table_of
from qml.bench.scale import listed
from qml.bench.summary import Summary

CHECKED = "checked"
"""Under this name the details of an arm hold what was found of its training, as plain data."""
STRICTER: tuple[TableCheck, ...] = (  # `audit` and this file ask the same of the cells themselves
    unequal_trials,
    failed_trials,
    chosen_on_test,
    seeds_without_effect,
    missing_provenance,
)


def chosen_by_validation(s: Summary) -> Iterator[Finding]:
    """Cells whose chosen trial is not the best on validation rows."""
    wrong = []
    for cell in s.cells:
        facts = cell.metric_facts.get(s.protocol.rank, {})
        best = best_finished(cell.trials, bool(facts.get("higher_is_better", True)))
        if cell.chosen is not None and cell.chosen != best:
            wrong.append(f"{_name(cell)}: trial {cell.chosen} was taken, {best} is the best")
    if wrong:
        yield Finding(
            "severe",
            f"{plural(len(wrong), 'cell')} whose trial was not chosen by validation",
            "Another trial has the better validation score.",
            "; ".join(wrong[:3]),
            "Something else chose: if it was the test score, the score is too good. Run these cells again.",
        )


def tested_on_training(s: Summary) -> Iterator[Finding]:
    """Cells all of whose test rows were trained on."""
    found = [
        cell
        for cell in s.cells
        if cell.data.get("test_in_training") and cell.data["test_in_training"] >= cell.data["rows"]["test"]
    ]
    if found:
        yield Finding(
            "severe",
            f"{plural(len(found), 'cell')} whose test rows are training rows",
            "Every test row equals a training or validation row in every input.",
            f"{_name(found[0])}: {found[0].data['test_in_training']} of {found[0].data['rows']['test']} rows",
            "Every test score of these cells is a training score.",
        )


def same_run_twice(s: Summary) -> Iterator[Finding]:
    """Arms that learn by steps and predict the same to the last digit under two seeds."""
    twice: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for arm in s.arms:
        seen: dict[bytes, int] = {}
        for cell in arm.cells:
            if not _is_drawn(cell) or _is_constant(cell):
                continue
            names = ("test_predictions", "test_targets", "test_rows")
            key = b"".join(cell.arrays[name].tobytes() for name in names if name in cell.arrays)
            first = seen.setdefault(key, cell.cell.seed)
            if first != cell.cell.seed:
                twice[(str(first), str(cell.cell.seed))].append(arm.title)
    for (first, second), arms in sorted(twice.items()):
        yield Finding(
            "severe",
            f"Seeds {first} and {second} are one run: {listed(arms)}",
            "Predictions for the test rows are equal to the last digit, of arms whose training is drawn from the seed.",
            consequence="Repetitions are fewer than the protocol says, so intervals are too narrow.",
        )


def _is_drawn(cell: CellResult) -> bool:
    """Whether the seed must show in the predictions kept: learnt by epochs, from weights that it draws."""
    epochs = {record.epoch for _, record in cell.records}
    by_epochs = len(epochs) > 1 or any(record.metric == "loss" for _, record in cell.records)
    return by_epochs and "test_predictions" in cell.arrays


def unrecorded(s: Summary) -> Iterator[Finding]:
    """Cells without the versions they ran with, and circuits without a digest."""
    blank = [cell for cell in s.cells if not cell.provenance.get("versions")]
    if blank:
        title = f"{plural(len(blank), 'cell')} without versions of packages"
        yield Finding("warn", title, "A package that changed under them cannot be seen.")
    nameless = [arm.title for arm in s.ranked if arm.parameters.get("quantum") and not arm.details.get("program")]
    if nameless:
        text = "Which gates they ran cannot be told from the record."
        yield Finding("warn", f"No digest of the circuit of {listed(nameless)}", text)


def one_circuit(s: Summary) -> Iterator[Finding]:
    """Arms of one configuration whose cells ran different circuits."""
    for arm in s.arms:
        seeds: dict[str, list[int]] = defaultdict(list)
        for cell in (*arm.cells, *arm.failed):
            seeds[str(cell.cell.arm.details.get("program", ""))].append(cell.cell.seed)
        if len(seeds) > 1:
            said = {digest[:12] or "no digest": listed(list(map(str, found))) for digest, found in seeds.items()}
            yield Finding(
                "severe",
                f"Cells of {arm.title} ran {len(seeds)} circuits",
                "One configuration was built into different circuits: the code that builds them has changed.",
                "; ".join(f"{digest} in seeds {found}" for digest, found in said.items()),
                "Seeds are no repetitions of one model. Run them again with one version, in a new store.",
            )


def trained_as_said(s: Summary) -> Iterator[Finding]:
    """What was found of losses and optimisers before the first cell, and kept with every cell."""
    asked = []
    for arm in s.arms:
        kept = [item for cell in (*arm.cells, *arm.failed) for item in cell.cell.arm.details.get(CHECKED, ())]
        found = dict.fromkeys(Finding.from_json(item) for item in kept)
        asked += [arm.title] if found else []
        for one in found:
            if one.level != "pass":
                yield replace(one, title=f"{arm.title}: {one.title[:1].lower()}{one.title[1:]}")
    if asked:
        text = "a loss is made of each row's output and its own target, and an optimiser uses its past."
        yield Finding("pass", f"Losses and optimisers of {plural(len(asked), 'arm')} asked before training", text)


def as_a_table(s: Summary) -> Iterator[Finding]:
    """What the checks of anyone's table find in these cells; checks that have a stricter one here are left out."""
    if s.cells:
        found = table_findings(table_of(s.cells), [check for check in TABLE_CHECKS if check not in STRICTER])
        for one in found:  # rows of a table that nobody sees
            yield replace(one, rows=(), title=one.title if one.level != "pass" else f"{one.title}, read as a table")


def recorded_circuits(s: Summary) -> dict[str, str]:
    """Digest of each arm's circuit by the key of the arm, for `circuit_findings`."""
    return {arm.key: str(arm.details["program"]) for arm in s.arms if arm.details.get("program")}


def _is_constant(cell: CellResult) -> bool:
    """Whether one answer was given for every test row: two splits with equal shares of the classes give it twice."""
    found = cell.arrays["test_predictions"]
    return len(found) > 0 and bool((found == found[:1]).all())


def _name(cell: CellResult) -> str:
    return f"{cell.cell.arm.title}, seed {cell.cell.seed}"


CELL_CHECKS: tuple[Callable[[Summary], Iterator[Finding]], ...] = (
    scores_of_predictions,
    chosen_by_validation,
    tested_on_training,
    same_run_twice,
    one_circuit,
    trained_as_said,
    unrecorded,
    as_a_table,
)
