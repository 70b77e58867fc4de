"""Our own records with a planted fault: each is caught by its check, and sound records pass."""

from dataclasses import replace

import pytest

from qml.bench.audit import CHECKS, findings
from qml.bench.audit_job import AuditJob
from qml.bench.checks.cells import CELL_CHECKS, recorded_circuits
from qml.bench.store import Store
from qml.bench.summary import summarise


def changed(store, change):
    return summarise([change(cell) for cell in store])


def of(name, seed=None):
    return lambda cell: cell.cell.arm.name == name and seed in (None, cell.cell.seed)


def forged(cell):
    if not of("mlp", 1)(cell):
        return cell
    return replace(cell, metrics={**cell.metrics, "test": {**cell.metrics["test"], "accuracy": 0.999}})


def chosen_otherwise(cell):
    return replace(cell, chosen=1 - cell.chosen) if of("hybrid", 0)(cell) else cell


def leaked(cell):
    return replace(cell, data={**cell.data, "test_in_training": cell.data["rows"]["test"]})


def without_versions(cell):
    return replace(cell, provenance={**cell.provenance, "versions": {}}) if of("svm")(cell) else cell


def repeated(store):
    """Seed 2 of two arms holds the run of seed 1."""
    first = {cell.cell.arm.name: cell for cell in store if cell.cell.seed == 1}

    def change(cell):
        if cell.cell.seed != 2 or cell.cell.arm.name not in ("hybrid", "mlp"):
            return cell
        return replace(first[cell.cell.arm.name], cell=cell.cell)

    return change


PLANTED = {
    "scores_of_predictions": ("severe", "1 accuracy that the predictions do not give", lambda store: forged),
    "chosen_by_validation": (
        "severe",
        "1 cell whose trial was not chosen by validation",
        lambda store: chosen_otherwise,
    ),
    "tested_on_training": ("severe", "24 cells whose test rows are training rows", lambda store: leaked),
    "same_run_twice": ("severe", "Seeds 1 and 2 are one run: Hybrid and MLP", repeated),
    "unrecorded": ("warn", "3 cells without versions of packages", lambda store: without_versions),
}


def test_every_check_is_planted_and_part_of_the_audit():
    assert {check.__name__ for check in CELL_CHECKS} == set(PLANTED)
    assert set(CELL_CHECKS) <= set(CHECKS)


@pytest.mark.parametrize("check", CELL_CHECKS, ids=lambda check: check.__name__)
def test_a_planted_fault_is_caught_by_its_check_alone(digits_store, check):
    level, title, make = PLANTED[check.__name__]
    summary = changed(digits_store, make(digits_store))
    assert (level, title) in [(f.level, f.title) for f in findings(summary)]
    assert title not in [f.title for other in CHECKS if other is not check for f in other(summary)]


def test_sound_records_have_nothing_severe(digits_store, diabetes_store):
    for store in (digits_store, diabetes_store):
        assert not [f for f in findings(summarise(store)) if f.is_severe]
    titles = [f.title for f in findings(summarise(digits_store))]
    assert "Accuracies are those of the predictions" in titles


def test_a_store_is_audited_by_its_path(digits_store, tmp_path):
    outcome = AuditJob(str(digits_store.folder), out=str(tmp_path)).run()
    assert outcome.status == 0
    assert [path.name for path in outcome.files] == ["audit.md", "audit.json"]
    copy = Store(tmp_path / "copy")
    for cell in digits_store:
        copy.finish(forged(cell))
    assert AuditJob(str(copy.folder)).run().status == 2


def test_recorded_circuits_are_asked(digits_store, tmp_path):
    def told(cell):
        arm = replace(cell.cell.arm, details={**cell.cell.arm.details, "program": "ab12"})
        return replace(cell, cell=replace(cell.cell, arm=arm)) if of("hybrid")(cell) else cell

    assert recorded_circuits(changed(digits_store, told)) == {"hybrid": "ab12"}
    copy = Store(tmp_path)
    for cell in digits_store:
        copy.finish(told(cell))
    assert AuditJob(str(tmp_path), circuits={"hybrid": "ab12"}).run().status == 0
    outcome = AuditJob(str(tmp_path), circuits={"hybrid": "cd34"}).run()
    assert outcome.status == 2
    assert "hybrid is another circuit than the one recorded" in str(outcome)
