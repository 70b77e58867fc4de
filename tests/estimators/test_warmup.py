"""The warm-up changes no number of a cell, is left out where nothing will run, and fails nothing."""

from dataclasses import replace

import numpy as np
import pytest

from qml.bench import Store
from qml.data import make_source
from qml.estimators import warmup
from qml.estimators.arms import arm_of
from qml.estimators.choices import Training
from qml.estimators.data_choice import DataChoice, signature_of
from qml.estimators.jobs import BenchmarkJob
from qml.estimators.terms import Terms
from qml.learn.fit import Budget
from qml.models import CircuitSpec, HybridSpec

MODEL = HybridSpec(circuit=CircuitSpec("sel", 3, 1))


def job(folder, **more):
    terms = Terms("small", seeds=(0, 1), epochs=1)
    return BenchmarkJob(
        DataChoice("wine"),
        MODEL,
        Training(),
        terms,
        arms=("removed", "logistic", "mlp"),
        store=str(folder),
        report=False,
        **more,
    )


def numbers(folder):
    return {(r.cell.arm.name, r.cell.seed): r for r in Store(folder).finished()}


def test_cells_are_equal_with_and_without_it(tmp_path, monkeypatch):
    job(tmp_path / "warm").run(progress=False)
    monkeypatch.setattr(warmup, "warm_up", lambda arms, source: None)
    job(tmp_path / "cold").run(progress=False)
    warm, cold = numbers(tmp_path / "warm"), numbers(tmp_path / "cold")
    assert len(warm) == 8
    assert warm.keys() == cold.keys()
    for key, result in warm.items():
        assert result.metrics == cold[key].metrics
        assert result.best.info == cold[key].best.info
        for name, array in result.arrays.items():
            np.testing.assert_array_equal(array, cold[key].arrays[name])


def test_only_arms_with_a_cell_to_run_are_warmed_up(tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(warmup, "warm_up", lambda arms, source: seen.append([arm.info.name for arm in arms]))
    replace(job(tmp_path), arms=("logistic",)).run(progress=False)
    job(tmp_path).run(progress=False)
    job(tmp_path).run(progress=False)
    assert seen == [["hybrid", "logistic"], ["removed", "mlp"]]


@pytest.fixture
def arm():
    return arm_of(MODEL.on(signature_of(make_source("wine", seed=0))), Training(), name="hybrid")


def test_it_is_two_updates_on_few_training_rows(arm):
    class OnlyTrain:
        def __init__(self, source):
            self.source, self.schema = source, source.schema

        def batches(self, split, *words, **more):
            assert split == "train"
            return self.source.batches(split, *words, **more)

    few = warmup.FewRows(OnlyTrain(make_source("wine", seed=0)))
    assert few.schema.sizes == {"train": warmup.ROWS, "validation": warmup.ROWS}
    fitted = arm.fit(few, {}, Budget(epochs=1, steps=2), 0)
    assert (fitted.cost.steps, fitted.cost.rows) == (2, warmup.ROWS)


class Arm:
    """A contestant that ends in its own way; `replace` gives itself."""

    def __init__(self, arm, ends):
        self.info, self.spec, self.ends = arm.info, arm.spec, ends

    def fit(self, *words):
        return self.ends()


def test_a_failure_is_left_to_the_cell_and_ctrl_c_is_not(arm, monkeypatch):
    def fails():
        raise ValueError("no")

    source = make_source("wine", seed=0)
    stopped = arm.fit(source, {}, Budget(epochs=1), 0)
    stopped = replace(stopped, cost=replace(stopped.cost, stopped="interrupted"))
    monkeypatch.setattr(
        warmup, "replace", lambda value, **more: value if isinstance(value, Arm) else replace(value, **more)
    )
    warmup.warm_up([Arm(arm, fails)], source)
    with pytest.raises(KeyboardInterrupt):
        warmup.warm_up([Arm(arm, lambda: stopped)], source)


def test_an_executor_that_may_cost_money_is_not_run(arm, monkeypatch):
    begun = []
    monkeypatch.setattr(warmup, "FewRows", begun.append)
    source = make_source("wine", seed=0)
    monkeypatch.setattr(warmup, "is_exact", lambda spec: False)
    warmup.warm_up([arm], source)
    assert begun == []
    monkeypatch.setattr(warmup, "is_exact", lambda spec: True)
    warmup.warm_up([arm], source)
    assert begun == [source]
