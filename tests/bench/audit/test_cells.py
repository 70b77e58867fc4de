"""Our own records with a planted fault: each is caught by its check, and sound records pass."""

from dataclasses import replace

import numpy as np
import pytest

from qml.base.errors import DataError
from qml.bench.audit import CHECKS, findings
from qml.bench.audit_job import AuditJob
from qml.bench.checks.cells import CELL_CHECKS, CHECKED, recorded_circuits
from qml.bench.checks.losses import loss_findings
from qml.bench.checks.tables import table_findings
from qml.bench.results_store import FIELDS, table_of, tables_of
from qml.bench.store import Store
from qml.bench.summary import summarise
from qml.circuits import angle, sel


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


def of_two_circuits(cell):
    """Seed 2 of the hybrid ran with a block missing; nothing but the digest of its circuit tells."""
    if not of("hybrid")(cell):
        return cell
    program = (angle(4) + sel(4, depth=2 if cell.cell.seed != 2 else 1)).digest
    arm = replace(cell.cell.arm, details={**cell.cell.arm.details, "program": program})
    return replace(cell, cell=replace(cell.cell, arm=arm))


def with_broadcast_loss(cell):
    """Before its first cell the twin's loss was asked, and what was found is in its details."""
    if not of("twin")(cell):
        return cell
    outputs, targets = np.array([[0.1], [0.9], [0.4]]), np.array([0.0, 1.0, 1.0])
    found = loss_findings(lambda o, t: ((o - t) ** 2).mean(), outputs, targets)
    details = {**cell.cell.arm.details, CHECKED: [one.to_json() for one in found]}
    return replace(cell, cell=replace(cell.cell, arm=replace(cell.cell.arm, details=details)))


def as_another_arm(store):
    """The cells of one arm stand in the store again under another name, figures, costs and all."""
    cells = list(store)
    mlp = [cell for cell in cells if of("mlp")(cell)]
    arm = replace(mlp[0].cell.arm, name="net", title="Net", config={"name": "net"})
    return [*cells, *(replace(cell, cell=replace(cell.cell, arm=arm)) for cell in mlp)]


PLANTED = {
    "scores_of_predictions": ("severe", "1 score that the predictions do not give", lambda store: forged),
    "chosen_by_validation": (
        "severe",
        "1 cell whose trial was not chosen by validation",
        lambda store: chosen_otherwise,
    ),
    "tested_on_training": ("severe", "24 cells whose test rows are training rows", lambda store: leaked),
    "same_run_twice": ("severe", "Seeds 1 and 2 are one run: Hybrid and MLP", repeated),
    "one_circuit": ("severe", "Cells of Hybrid ran 2 circuits", lambda store: of_two_circuits),
    "trained_as_said": (
        "severe",
        "Classical twin: the loss compares every output with every target",
        lambda store: with_broadcast_loss,
    ),
    "as_a_table": ("severe", "1 row copied under another name ('net' for 'mlp')", as_another_arm),
    "unrecorded": ("warn", "3 cells without versions of packages", lambda store: without_versions),
}


def test_every_check_is_planted_and_part_of_the_audit():
    assert {check.__name__ for check in CELL_CHECKS} == set(PLANTED)
    assert set(CELL_CHECKS) <= set(CHECKS)


@pytest.mark.parametrize("check", CELL_CHECKS, ids=lambda check: check.__name__)
def test_a_planted_fault_is_caught_by_its_check_alone(digits_store, check):
    level, title, make = PLANTED[check.__name__]
    made = make(digits_store)
    summary = summarise(made) if isinstance(made, list) else changed(digits_store, made)
    assert (level, title) in [(f.level, f.title) for f in findings(summary)]
    assert title not in [f.title for other in CHECKS if other is not check for f in other(summary)]


def test_sound_records_have_nothing_severe(digits_store, diabetes_store):
    for store in (digits_store, diabetes_store):
        assert not [f for f in findings(summarise(store)) if f.is_severe]
    titles = [f.title for f in findings(summarise(digits_store))]
    assert "Scores are those of the predictions" in titles


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


def test_records_make_a_table_with_every_fact_that_the_checks_read(digits_store):
    table = table_of(digits_store)
    row = next(row for row in table.rows if row.arm == "hybrid")
    cells = [cell for cell in digits_store if of("hybrid")(cell)]
    assert table.metric == "accuracy"
    assert row.test == tuple(cell.metrics["test"]["accuracy"] for cell in sorted(cells, key=lambda c: c.cell.seed))
    assert row.seeds == ("0", "1", "2")
    assert (row.n_train, row.n_test) == (cells[0].data["rows"]["train"], cells[0].data["rows"]["test"])
    assert (row.trials, row.failed, row.chosen_on) == (2, 0, "validation")
    assert {name for name in FIELDS if name != "seed" and getattr(row, name) in (None, "", ())} <= {"circuit"}
    assert not [f for f in table_findings(table) if f.is_severe]


def test_records_of_numbers_are_read_by_their_ranking_metric(diabetes_store, digits_store):
    assert table_of(diabetes_store).metric == "rmse"
    auc = {"test": {"auc": 0.5}, "validation": {"auc": 0.5}}
    others = [replace(c, protocol=replace(c.protocol, rank="auc"), metrics=auc) for c in digits_store]
    with pytest.raises(DataError, match="make no one table"):
        table_of([*diabetes_store, *others])
    with pytest.raises(DataError, match="no finished cell"):
        table_of([])


def test_cells_that_stand_again_under_another_protocol_are_told(digits_store, tmp_path):
    copy = Store(tmp_path)
    for cell in digits_store:
        copy.finish(cell)
        if of("mlp")(cell):  # the same fits, sold as those of a longer training
            longer = replace(cell.protocol, epochs=60)
            copy.finish(replace(cell, protocol=longer, cell=replace(cell.cell, protocol_hash=longer.hash)))
    outcome = AuditJob(str(tmp_path)).run()
    across = outcome.sections[0]
    assert across.subject == "All protocols as one table of 9 rows (accuracy)"
    assert [f.level for f in across.findings] == ["severe"]
    assert across.findings[0].title.startswith("1 row copied under another name")


def test_numbers_and_classes_of_one_store_are_two_tables(digits_store, diabetes_store):
    assert [table.metric for table in tables_of([*digits_store, *diabetes_store])] == ["accuracy", "rmse"]


def test_two_models_of_one_name_are_two_rows(digits_store):
    cells = list(digits_store)
    wide = [replace(c, cell=replace(c.cell, arm=replace(c.cell.arm, config={"w": 2}))) for c in cells if of("mlp")(c)]
    names = [row.arm for row in table_of([*cells, *wide]).rows if row.arm.startswith("mlp")]
    assert len(set(names)) == 2


def test_a_row_that_counts_no_whole_number_of_rows_is_told_in_records_too(digits_store):
    """Without its predictions a forged accuracy is still off the grid of its split."""

    def forged_and_stripped(cell):
        return replace(forged(cell), arrays={}) if of("mlp", 1)(cell) else cell

    titles = {f.title: f.level for f in findings(changed(digits_store, forged_and_stripped))}
    assert titles["1 row with a test score that no split of its size can give"] == "severe"
