"""Nested selection: inner folds of training and validation rows, one budget for all of them, test rows nowhere."""

import json
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from qml.base.errors import DataError
from qml.bench.arm import ArmInfo
from qml.bench.facts import targets
from qml.bench.inner import inner_folds
from qml.bench.inner_trial import part_of
from qml.bench.protocol import Protocol
from qml.bench.run import run_cell
from qml.bench.sealed import SealedSource
from qml.bench.store import Store
from qml.data import make_source
from qml.learn.fit import Budget, Cost, Fitted
from tests.bench.contestants import (
    EpochArm,
    ExchangedSource,
    WholeArm,
    diabetes_source,
    digits_source,
    info,
    inputs_of,
    make_task,
    whole,
)

SOURCE = partial(digits_source, rows=300)
PROTOCOL = Protocol("nested", "digits", seeds=(0, 1), trials=3, inner=4, epochs=2, cpu_s=8.0)
LOGISTIC = WholeArm(
    info("logistic", "baseline", "Logistic", {}, {"C": (1e-4, 1.0, 1e-2)}),
    lambda s, seed: LogisticRegression(C=s["C"], max_iter=3000),
)


def test_folds_deal_the_pool_and_no_test_row():
    source = SOURCE(0)
    inputs, labels = (
        np.concatenate(parts) for parts in zip(*(whole(source, s) for s in ("train", "validation")), strict=True)
    )
    judged = []
    for fold in inner_folds(source, 4, seed=3):
        assert set(fold.schema.sizes) == {"train", "validation"}
        rows, wanted = whole(fold, "validation")
        assert len(rows) + len(inputs_of(fold, "train")) == len(inputs) == 240
        assert np.ptp(np.bincount(wanted) - np.bincount(labels) / 4) < 2
        judged.append(np.column_stack([rows, wanted]))
        with pytest.raises(DataError, match="'test' was asked for"):
            next(fold.batches("test", 4))
    dealt = np.concatenate(judged)
    pool = np.column_stack([inputs, labels])
    assert np.array_equal(dealt[np.lexsort(dealt.T)], pool[np.lexsort(pool.T)])


def test_folds_give_batches_as_sources_do():
    fold = inner_folds(SOURCE(0), 3, seed=0)[1]
    once, again = (np.concatenate([b.rows for b in fold.batches("train", 32, 5, epoch=2)]) for _ in range(2))
    assert np.array_equal(once, again)
    assert sorted(once.tolist()) == list(range(160))
    assert not np.array_equal(once, np.concatenate([b.rows for b in fold.batches("train", 32, 5, epoch=3)]))
    parts = [np.concatenate([b.rows for b in fold.batches("train", 32, 5, epoch=2, shard=(r, 2))]) for r in (0, 1)]
    assert sorted(np.concatenate(parts).tolist()) == list(range(160))
    rest = [b.rows for b in fold.batches("train", 32, 5, epoch=2, start=2)]
    assert np.array_equal(np.concatenate(rest), once[64:])


def test_the_choice_is_by_the_mean_of_the_folds_and_the_setting_is_fitted_once_more(tmp_path):
    result = run_cell(LOGISTIC, SOURCE, make_task, PROTOCOL, 0, Store(tmp_path))
    assert all(len(trial.folds) == 4 for trial in result.trials)
    assert [trial.score for trial in result.trials] == pytest.approx([np.mean(trial.folds) for trial in result.trials])
    assert result.chosen == int(np.argmax([trial.score for trial in result.trials]))
    assert result.best is result.refit
    assert result.refit.settings == {"C": 1.0}
    plain = run_cell(LOGISTIC, SOURCE, make_task, replace(PROTOCOL, inner="holdout"), 0, Store(tmp_path / "plain"))
    assert plain.best.settings == {"C": 1.0}
    assert result.metrics == plain.metrics
    assert np.array_equal(result.arrays["test_predictions"], plain.arrays["test_predictions"])
    assert result.cpu_s == pytest.approx(sum(t.cost["cpu_s"] for t in result.trials) + result.refit.cost["cpu_s"])
    assert [point.test is None for point in result.budget_curve] == [
        max(range(n), key=lambda i: result.trials[i].score) != result.chosen for n in (1, 2, 3)
    ]
    assert Store(tmp_path).get(result.cell).refit == result.refit


def test_a_score_of_folds_is_that_of_scikit_learn(tmp_path):
    result = run_cell(LOGISTIC, SOURCE, make_task, PROTOCOL, 0, Store(tmp_path))
    from qml.base.seeds import derive

    for trial in result.trials:
        scores = []
        for fold in inner_folds(SOURCE(0), 4, derive(0, "inner")):
            model = LogisticRegression(C=trial.settings["C"], max_iter=3000).fit(*whole(fold, "train"))
            scores.append(model.score(*whole(fold, "validation")))
        assert trial.folds == pytest.approx(scores)


def test_test_targets_change_nothing_but_the_test_score(tmp_path):
    def exchanged(seed):
        return ExchangedSource(SOURCE(seed))

    true, other = (
        run_cell(LOGISTIC, make, make_task, PROTOCOL, 0, Store(tmp_path / str(make is SOURCE)))
        for make in (SOURCE, exchanged)
    )
    assert [trial.folds for trial in true.trials] == [trial.folds for trial in other.trials]
    assert np.array_equal(true.arrays["test_predictions"], other.arrays["test_predictions"])
    assert other.metrics["test"]["accuracy"] < 0.2 < true.metrics["test"]["accuracy"]


@dataclass(frozen=True)
class SpendingArm:
    """Spends a second more each time, as far as the budget goes; notes what it was given."""

    info: ArmInfo
    given: list = field(default_factory=list)
    fails_in: tuple = ()

    def fit(self, source, settings, budget, seed, folder):
        self.given.append(budget.cpu_s)
        if len(self.given) in self.fails_in:
            raise ArithmeticError("no convergence")
        spent = min(len(self.given), budget.cpu_s)
        cost = Cost(spent, spent, 1, 1.0, 10, spent == budget.cpu_s, "cpu_s" if spent == budget.cpu_s else "epochs")
        predict = lambda src, split: np.eye(10)[np.zeros(len(inputs_of(src, split)), int)]  # noqa: E731
        return Fitted(None, predict, (), cost, {"classical": 10})


def test_one_budget_covers_all_folds(tmp_path):
    arm = SpendingArm(info("spend", "baseline", "Spend", {}, {"x": (1, 2)}))
    result = run_cell(arm, SOURCE, make_task, replace(PROTOCOL, trials=2), 0, Store(tmp_path))
    assert arm.given[:4] == pytest.approx([2.0, 7 / 3, 2.5, 2.5])  # of 8 seconds 1, 2 and 2.5 are spent before the last
    assert result.trials[0].cost["cpu_s"] == pytest.approx(8.0)
    assert result.trials[0].cost["capped"]
    assert all(trial.cost["cpu_s"] <= 8.0 + 1e-9 for trial in result.trials)
    assert arm.given[-1] == 8.0  # the last fit has the budget of one fit
    assert part_of(Budget(cpu_s=8.0), spent=20.0, left=1, folds=4).cpu_s == pytest.approx(0.1)


def test_a_fold_that_fails_fails_its_trial(tmp_path):
    arm = SpendingArm(info("spend", "baseline", "Spend", {}, {"x": (1, 2)}), fails_in=(3,))
    result = run_cell(arm, SOURCE, make_task, replace(PROTOCOL, trials=2), 0, Store(tmp_path))
    assert [trial.status for trial in result.trials] == ["failed", "finished"]
    assert result.trials[0].score == result.chance["validation"]["accuracy"]
    assert result.chosen == 1
    arm = SpendingArm(info("spend", "baseline", "Spend", {}, {"x": (1, 2)}), fails_in=(9,))
    result = run_cell(arm, SOURCE, make_task, replace(PROTOCOL, trials=2), 0, Store(tmp_path / "last"))
    assert result.status == "failed"
    assert "the chosen setting failed on the whole training part: ArithmeticError" in result.reason
    assert result.counted["test"] == result.chance["test"]


def test_finished_folds_are_not_repeated(tmp_path):
    log = tmp_path / "fits"

    class Stopping(SpendingArm):
        def fit(self, *args):
            if log.exists() and len(log.read_text()) == 6 and not self.fails_in:
                raise KeyboardInterrupt
            with open(log, "a") as file:
                file.write("x")
            return super().fit(*args)

    named = info("spend", "baseline", "Spend", {}, {"x": (1, 2)})
    protocol, store = replace(PROTOCOL, trials=2), Store(tmp_path / "s")
    with pytest.raises(KeyboardInterrupt):
        run_cell(Stopping(named), SOURCE, make_task, protocol, 0, store)
    result = run_cell(Stopping(named, fails_in=(99,)), SOURCE, make_task, protocol, 0, store)
    assert result.status == "finished"
    assert len(log.read_text()) == 4 + 4 + 1


def test_a_class_smaller_than_the_folds_is_refused_before_any_fit(tmp_path):
    arm = SpendingArm(info("spend", "baseline", "Spend"))
    with pytest.raises(
        DataError, match=r"inner=30 was asked for on 'digits'; class '\d' has 2\d training and validation rows"
    ):
        run_cell(arm, SOURCE, make_task, replace(PROTOCOL, inner=30), 0, Store(tmp_path))
    assert arm.given == []


def test_rows_that_belong_together_are_not_dealt():
    source = SOURCE(0)
    source.schema = replace(source.schema, groups="patient")
    with pytest.raises(DataError, match=r"belong together by groups \(patient\)"):
        inner_folds(source, 3, seed=0)


def test_numbers_are_dealt_at_random():
    source = diabetes_source(0)
    dealt = np.concatenate([targets(fold, "validation") for fold in inner_folds(source, 5, seed=0)])
    pool = np.concatenate([targets(source, split) for split in ("train", "validation")])
    assert np.array_equal(np.sort(dealt), np.sort(pool))


def test_steps_are_resumed_in_the_fold_they_stopped_in(tmp_path):
    arm = EpochArm(info("hybrid", "hybrid", "Hybrid", {}, {"lr": (0.01, 0.03)}), 5, 72)
    result = run_cell(arm, SOURCE, make_task, replace(PROTOCOL, trials=2, seeds=(0,)), 0, Store(tmp_path))
    assert {number for number, _ in result.records} == {result.chosen}
    assert len(result.curve("accuracy")) == 2
    assert json.dumps(result.to_json())


def test_folds_and_sealed_rows_keep_what_a_source_promises():
    from qml.contracts import check_source

    check_source(inner_folds(SOURCE(0), 3, seed=0)[0]).raise_if_failed()
    check_source(SealedSource(make_source("wine"), watched=True)).raise_if_failed()
