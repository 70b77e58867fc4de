"""Contestants are asked before their first cell; what is found goes with their cells; circuits are those on record."""

from dataclasses import replace

import numpy as np
import pytest

from qml.base.errors import DataError
from qml.bench import Store
from qml.bench.audit import findings
from qml.bench.checks.cells import CHECKED
from qml.bench.summary import summarise
from qml.estimators import BenchmarkJob, DataChoice, Training, asked
from qml.estimators.arms import arms_for
from qml.estimators.data_choice import signature_of
from qml.estimators.terms import Terms
from qml.learn.supervised import Supervised
from qml.models import CircuitSpec, HybridSpec
from tests.bench.audit.test_training_checks import Forgetful

HYBRID = HybridSpec(circuit=CircuitSpec("sel", 3, 1))


class Broadcast(Supervised):
    """The fault of a published loss: outputs `(B, 1)` less targets `(B,)` are `(B, B)`."""

    def losses(self, ops, apply, batch, key):
        return {"model": ops.mean(ops.square(apply(batch.inputs)[:, :1] - batch.targets))}, {}


def job(folder, **more):
    terms = Terms("small", seeds=(0, 1), epochs=1)
    options = {"arms": ["removed", "logistic"], "store": str(folder), "report": False, **more}
    return BenchmarkJob(DataChoice("wine"), HYBRID, Training(), terms, **options)


def arm_named(name, data="wine", training=None, framework="torch"):
    source = DataChoice(data).source(0)
    hybrid = replace(HYBRID, framework=framework)
    made = arms_for(hybrid, [name], training or Training(), signature_of(source), searched=False, progress=False)
    return made[0], source


def levels(found):
    return [one.level for one in found]


@pytest.mark.parametrize("data", ["wine", "diabetes"])
@pytest.mark.parametrize("name", ["hybrid", "twin", "frozen", "removed", "surrogate", "shuffled", "mlp"])
def test_our_own_arms_pass(name, data):
    assert levels(asked.training_findings(*arm_named(name, data))) == ["pass", "pass"]


@pytest.mark.parametrize(
    "training",
    [
        Training(optimiser="sgd"),
        Training(class_weights="balanced"),
        Training(schedule="cosine", clip=0.1),
        Training(batch_size=1000),
    ],
    ids=["sgd", "weights", "schedule", "one batch"],
)
def test_however_they_are_trained(training):
    assert set(levels(asked.training_findings(*arm_named("removed", training=training)))) == {"pass"}


def test_the_pair_of_jax_is_asked_too():
    pytest.importorskip("jax")
    assert levels(asked.training_findings(*arm_named("removed", framework="jax"))) == ["pass", "pass"]


def test_models_that_are_fitted_as_a_whole_are_not_asked():
    assert asked.training_findings(*arm_named("logistic")) == ()


def test_a_broadcast_loss_is_severe(monkeypatch):
    monkeypatch.setattr(asked, "task_of", lambda spec, training, target: Broadcast(target))
    found = asked.training_findings(*arm_named("removed", "diabetes"))
    assert [one.title for one in found if one.is_severe] == ["The loss compares every output with every target"]


def test_an_optimiser_made_anew_at_every_step_is_severe(monkeypatch):
    monkeypatch.setattr(asked, "step_of", lambda spec, training: Forgetful(learning_rate=0.01))
    found = asked.training_findings(*arm_named("removed"))
    assert [one.title for one in found if one.is_severe] == ["The optimiser is made anew at every step"]


def test_a_contestant_that_fails_is_left_to_its_cell(monkeypatch):
    def fails(spec, training):
        raise ValueError("no such step")

    monkeypatch.setattr(asked, "step_of", fails)
    assert asked.training_findings(*arm_named("removed")) == ()


def test_what_was_found_is_kept_with_every_cell_and_told_by_the_audit(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(asked, "step_of", lambda spec, training: Forgetful(learning_rate=0.01))
    job(tmp_path).run(progress=False)
    assert "made anew at every step" in caplog.text
    cells = list(Store(tmp_path))
    assert {cell.cell.arm.name for cell in cells if CHECKED in cell.cell.arm.details} == {"hybrid", "removed"}
    severe = [one.title for one in findings(summarise(cells)) if one.is_severe]
    assert "Circuit removed: the optimiser is made anew at every step" in severe


def test_sound_cells_say_that_they_were_asked(tmp_path):
    job(tmp_path).run(progress=False)
    titles = {one.title: one.level for one in findings(summarise(Store(tmp_path)))}
    assert titles["Losses and optimisers of 2 arms asked before training"] == "pass"
    assert "severe" not in titles.values()


def test_asking_changes_no_number(tmp_path, monkeypatch):
    job(tmp_path / "asked").run(progress=False)
    monkeypatch.setattr(asked, "training_findings", lambda arm, source: ())
    job(tmp_path / "not").run(progress=False)
    first, second = (list(Store(tmp_path / name)) for name in ("asked", "not"))
    for one, other in zip(first, second, strict=True):
        assert one.cell.digest == other.cell.digest
        assert np.array_equal(one.arrays["test_predictions"], other.arrays["test_predictions"])


def test_a_store_of_another_circuit_is_not_continued(tmp_path):
    job(tmp_path, seed=0).run(progress=False)
    assert len(job(tmp_path).run(progress=False).ran) == 3  # the same circuit: seed 1 is added
    store = Store(tmp_path)
    old = next(cell for cell in store if cell.cell.arm.name == "hybrid")
    arm = replace(old.cell.arm, details={**old.cell.arm.details, "program": "ab12" * 8})
    store.discard(old.cell)
    store.finish(replace(old, cell=replace(old.cell, arm=arm)))
    with pytest.raises(DataError, match=r"hybrid, seed 0 is another circuit .*recorded ab12ab12ab12.* in 1 of 2 cells"):
        job(tmp_path).run(progress=False)
