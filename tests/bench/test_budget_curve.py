"""Chance scores, failed trials, and the score as a function of budget."""

from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier, DummyRegressor

from qml.bench.arm import ArmInfo
from qml.bench.budget_curve import best_finished, budget_curve
from qml.bench.cell import EVALUATIONS, CellResult, Trial
from qml.bench.chance import constant_answer, finite_scores
from qml.bench.facts import targets
from qml.bench.protocol import Protocol
from qml.bench.run import run_cell
from qml.bench.store import Store
from qml.learn.fit import Cost, Fitted
from qml.learn.metrics import class_metrics, number_metrics
from tests.bench.contestants import FailingArm, diabetes_source, digits_source, info, inputs_of, make_task, whole

SOURCE = partial(digits_source, rows=300)
PROTOCOL = Protocol("tiny", "digits", seeds=(0, 1), trials=4)
CPU_S = 0.5
SHARE = info("share", "hybrid", "Share", {}, {"share": (None, 0.2, 0.9, 0.5)})


@dataclass(frozen=True)
class ShareArm:
    """Nearest class mean for a share of the rows, class 0 for the others; a share of None fails."""

    info: ArmInfo = SHARE
    seen: list = field(default_factory=list)

    def fit(self, source, settings, budget, seed, folder):
        self.seen.append(settings["share"])
        if settings["share"] is None:
            raise FloatingPointError("diverged")
        inputs, wanted = whole(source, "train")
        means = np.stack([inputs[wanted == label].mean(0) for label in range(10)])

        def predict(src, split):
            rows = inputs_of(src, split)
            near = ((rows[:, None] - means) ** 2).sum(2).argmin(1)
            near[round(settings["share"] * len(near)) :] = 0
            return np.eye(10)[near] * 0.9 + 0.01

        cost = Cost(CPU_S, CPU_S, 1, 1.0, 10)
        return Fitted(None, predict, (), cost, {"classical": 10}, {EVALUATIONS: 100.0 * settings["share"]})


@pytest.fixture(scope="module")
def cell(tmp_path_factory):
    return run_cell(ShareArm(), SOURCE, make_task, PROTOCOL, 0, Store(tmp_path_factory.mktemp("share")))


def test_chance_is_the_prediction_that_looks_at_no_input(cell):
    source = SOURCE(0)
    dummy = DummyClassifier(strategy="prior").fit(*whole(source, "train"))
    for split in ("validation", "test"):
        rows, wanted = whole(source, split)
        shares, metrics = dummy.predict_proba(rows), make_task(source).metrics()
        assert cell.chance[split] == pytest.approx(finite_scores(metrics, shares, wanted))
        assert finite_scores(class_metrics(10), shares, wanted)["auc"] == 0.5
    numbers = diabetes_source(0)
    mean = DummyRegressor().fit(*whole(numbers, "train")).predict(whole(numbers, "test")[0])
    assert float(constant_answer(numbers)) == pytest.approx(mean[0])
    assert finite_scores(number_metrics(), mean, targets(numbers, "test"))["r2"] < 0.01


def test_a_failed_trial_counts_as_chance_and_is_not_chosen(cell):
    failed = next(trial for trial in cell.trials if trial.status == "failed")
    assert failed.score == cell.chance["validation"]["accuracy"]
    assert failed.reason == "FloatingPointError: diverged"
    assert failed.cost["cpu_s"] >= 0
    assert len(cell.trials) == 4
    assert cell.best.settings == {"share": 0.9}
    assert cell.counted == cell.metrics
    worse = [Trial(0, {}, 0, "failed", 0.9), Trial(1, {}, 0, "finished", 0.1)]
    assert best_finished(worse, True) == 1


def test_a_cell_whose_trials_all_failed_stands_at_chance(tmp_path):
    result = run_cell(FailingArm(info("bad", "baseline", "Bad")), SOURCE, make_task, PROTOCOL, 0, Store(tmp_path))
    assert result.status == "failed"
    assert result.best is None
    assert result.metrics == {}
    assert result.counted["test"] == result.chance["test"]
    assert result.chance["test"]["accuracy"] < 0.2
    shares, wanted = result.arrays["test_predictions"], result.arrays["test_targets"]
    assert np.ptp(shares, axis=0).max() == 0
    assert np.mean(shares.argmax(1) == wanted) == pytest.approx(result.chance["test"]["accuracy"])
    assert len(result.arrays["test_left_out"]) == 60
    assert {point.validation for point in result.budget_curve} == {result.chance["validation"]["accuracy"]}
    assert {point.test for point in result.budget_curve} == {result.chance["test"]["accuracy"]}
    assert Store(tmp_path).get(result.cell).counted == result.counted


def test_the_curve_is_what_each_number_of_trials_would_have_given(cell, tmp_path):
    """Against the same benchmark run with fewer trials: its choice and its test score."""
    assert [point.trials for point in cell.budget_curve] == [1, 2, 3, 4]
    for trials in (1, 2, 3):
        shorter = run_cell(
            ShareArm(), SOURCE, make_task, replace(PROTOCOL, trials=trials), 0, Store(tmp_path / str(trials))
        )
        point = cell.budget_curve[trials - 1]
        assert point.test == shorter.counted["test"]["accuracy"]
        assert point.validation == shorter.counted["validation"]["accuracy"]
        assert point.evaluations == shorter.evaluations
    last = cell.budget_curve[-1]
    assert last.test == cell.metrics["test"]["accuracy"]
    assert last.evaluations == cell.evaluations == pytest.approx(160.0)
    assert last.cpu_s == pytest.approx(cell.cpu_s)
    assert last.cpu_s >= 3 * CPU_S


def test_a_curve_of_errors_goes_down():
    tried = [Trial(i, {}, 0, "finished", score, cost={"cpu_s": 1.0}) for i, score in enumerate((3.0, 5.0, 2.0))]
    curve = budget_curve(tried, False, 9.0, {0: 3.5, 2: 2.5})
    assert [(p.cpu_s, p.validation, p.test) for p in curve] == [(1, 3.0, 3.5), (2, 3.0, 3.5), (3, 2.0, 2.5)]


def test_cells_come_back_from_the_store_and_those_of_before_read_as_empty(cell):
    kept = cell.to_json()
    assert CellResult.from_json(kept).budget_curve == cell.budget_curve
    assert CellResult.from_json(kept).trials == cell.trials
    old = {key: value for key, value in kept.items() if key not in ("chance", "budget_curve", "refit")}
    assert CellResult.from_json(old).budget_curve == ()
    assert CellResult.from_json(old).chance == {}


def test_peak_memory_is_kept_for_each_trial(cell):
    finished = [trial for trial in cell.trials if trial.status == "finished"]
    assert all(trial.cost["peak_bytes"] > 10**7 for trial in finished)
    assert all(0 <= trial.cost["grown_bytes"] <= trial.cost["peak_bytes"] for trial in finished)
    assert cell.peak_bytes == max(trial.cost["peak_bytes"] for trial in finished)
