"""What the audit says of a circuit rests on the trained circuit itself."""

from dataclasses import replace

import numpy as np
import pytest

from qml.base.errors import CapabilityError
from qml.bench import Store
from qml.bench.audit import findings
from qml.bench.summary import summarise
from qml.circuits import CIRCUITS
from qml.data import make_source
from qml.engine import reference
from qml.estimators import inside
from qml.estimators.arms import arm_of
from qml.estimators.choices import Training
from qml.estimators.data_choice import signature_of
from qml.learn.fit import Budget
from qml.models import CircuitSpec, HybridSpec, product
from qml.models.dead import dead_weights


def fitted(ablation="", framework="torch", epochs=8, **more):
    source = make_source("wine", seed=0)
    spec = HybridSpec(circuit=CircuitSpec("sel", 3, 1), ablation=ablation, framework=framework, **more)
    training = Training(learning_rate=0.05)
    arm = arm_of(spec.on(signature_of(source)), training, name="hybrid", progress=False)
    return arm, arm.fit(source, {}, Budget(epochs=epochs), 3), source


@pytest.mark.parametrize("framework", ["torch", "jax"])
def test_a_trained_circuit_tells_of_itself(framework):
    _, out, _ = fitted(framework=framework)
    assert out.info["dead_weights"] == 3
    assert 0.05 < out.info["circuit_sd"] < 1
    assert out.info["score_circuit/accuracy"] == pytest.approx(out.info["validation/accuracy"])
    assert out.info["score_circuit/log_loss"] == pytest.approx(out.info["validation/log_loss"], rel=1e-4)
    assert out.info["score_shuffled_circuit/accuracy"] < out.info["score_circuit/accuracy"] - 0.2


def test_models_without_a_trained_circuit_say_less():
    assert "dead_weights" not in fitted("frozen", epochs=1)[1].info
    assert "circuit_sd" in fitted("frozen", epochs=1)[1].info
    assert "circuit_sd" not in fitted("twin", epochs=1)[1].info


class OnlyValidation:
    """A source whose other splits must not be read."""

    def __init__(self, source):
        self.source, self.schema = source, source.schema

    def batches(self, split, *words, **more):
        assert split == "validation"
        return self.source.batches(split, *words, **more)


def test_only_some_validation_rows_are_read(monkeypatch):
    arm, out, source = fitted(epochs=1)
    spec = arm.spec
    task = arm.training.task(source.schema.target)
    whole = inside.circuit_facts(spec, out, task, OnlyValidation(source), 1)
    assert whole == inside.circuit_facts(spec, out, task, OnlyValidation(source), 1)
    monkeypatch.setattr(inside, "ROWS", 10)
    rows, targets = inside._rows(OnlyValidation(source), 1)
    assert len(rows) == len(targets) == 10
    assert len(np.unique(targets)) > 1  # not the front of a file that is sorted by class
    assert inside.circuit_facts(spec, out, task, OnlyValidation(source), 1) != whole


def test_a_sampling_executor_is_not_run_once_more():
    class Sampling:
        capabilities = replace(reference_capabilities(), exact=False)

    arm, out, source = fitted(epochs=1)
    spec = replace(arm.spec, executor=Sampling())
    assert inside.circuit_facts(spec, out, arm.training.task(source.schema.target), source, 1) == {}


def reference_capabilities():
    from qml.backends import executor_named

    return executor_named("reference").capabilities


@pytest.mark.parametrize("name", ["sel", "tree", "basic", "reupload"])
def test_dead_weights_are_those_whose_change_changes_nothing(name):
    program = CIRCUITS[name](3, 2)
    for circuit in (program, product(program)):
        rng = np.random.default_rng(1)
        inputs, weights = rng.normal(size=(4, circuit.n_inputs)), rng.normal(size=circuit.n_weights)
        base = reference.values(circuit, inputs, weights)
        moved = weights + np.eye(len(weights)) * 0.7
        same = [i for i, w in enumerate(moved) if np.allclose(reference.values(circuit, inputs, w), base, atol=1e-12)]
        assert dead_weights(circuit) == tuple(same)


def test_estimated_derivatives_are_refused():
    with pytest.raises(CapabilityError, match="never just zero"):
        dead_weights(CIRCUITS["sel"](2, 1), Inexact())


class Inexact:
    """Says that it samples."""

    @property
    def capabilities(self):
        return replace(reference_capabilities(), exact=False)

    def forward(self, *words, **more):
        raise NotImplementedError

    vjp = forward


def test_the_audit_says_what_the_circuit_does(tmp_path):
    from qml.estimators.data_choice import DataChoice
    from qml.estimators.jobs import BenchmarkJob
    from qml.estimators.terms import Terms

    hybrid = HybridSpec(circuit=CircuitSpec("sel", 3, 1))
    terms = Terms("small", seeds=(0, 1), epochs=8)
    training = Training(learning_rate=0.05)
    job = BenchmarkJob(DataChoice("wine"), hybrid, training, terms, arms=["removed"], store=str(tmp_path), report=False)
    job.run(progress=False)
    found = {finding.title: finding for finding in findings(summarise(Store(tmp_path).finished()))}
    assert found["3 of 9 weights of Hybrid are dead"].level == "warn"
    through = found["The signal does go through the circuit"]
    assert through.level == "pass"
    assert "over validation rows" in through.text
