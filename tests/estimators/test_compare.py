"""A comparison from a notebook: one set or several, and what cannot be meant."""

import subprocess
import sys
from dataclasses import dataclass

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

import qml
from qml.base.digest import canonical
from qml.base.errors import ConfigError
from qml.bench import Store
from qml.estimators import DataChoice, Terms, compare
from qml.estimators.outcome import FailedCellsError
from qml.estimators.reports import FailedBenchmarkError
from qml.models import CircuitSpec, HybridSpec
from qml.models.champions import Champion, Svm

WINE = DataChoice("wine", rows=60)
HYBRID = HybridSpec(circuit=CircuitSpec("sel", 3, 1))
QUICK = Terms("quick", seeds=(0, 1), epochs=1)


def run(folder, models, data, terms=QUICK, **more):
    return compare(models, data, terms, store=str(folder / "store"), out=str(folder / "out"), progress=False, **more)


@dataclass(frozen=True)
class Broken(Champion):
    """A contestant that always fails."""

    title = "Broken"

    def build(self, seed):
        raise ValueError("it never works")


@pytest.fixture(scope="module")
def two_sets(tmp_path_factory):
    folder = tmp_path_factory.mktemp("two")
    data = [WINE, DataChoice("breast_cancer", rows=80)]
    return folder, run(folder, [HYBRID, "removed", "logistic", Svm(C=3.0)], data)


def test_several_sets_are_one_suite_with_a_report_each(two_sets):
    folder, outcome = two_sets
    outcome.check()
    cells = Store(folder / "store").finished()
    assert sorted({(c.protocol.data, c.cell.arm.name) for c in cells}) == [
        (data, name) for data in ("breast_cancer", "wine") for name in ("hybrid", "logistic", "removed", "svm")
    ]
    assert all(c.cell.arm.config["model"]["C"] == canonical(3.0) for c in cells if c.cell.arm.name == "svm")
    assert [report.html.is_file() for report in outcome.report.reports] == [True, True]
    assert "wine" in str(outcome)
    assert "16 cells run, 0 finished before" in str(outcome)


def test_the_same_call_runs_nothing_again(two_sets):
    folder, _ = two_sets
    again = run(folder, [HYBRID, "removed", "logistic", Svm(C=3.0)], [WINE, DataChoice("breast_cancer", rows=80)])
    assert [len(outcome.ran) for outcome in again.outcomes] == [0, 0]
    assert again.validation_score == pytest.approx(two_sets[1].validation_score)


def test_the_score_for_a_search_is_of_validation_rows(two_sets):
    folder, outcome = two_sets
    own = [c for c in Store(folder / "store").finished() if c.cell.arm.name == "hybrid"]
    assert outcome.validation_score == pytest.approx(sum(c.metrics["validation"]["accuracy"] for c in own) / len(own))


def test_an_arm_that_always_fails_ends_nothing_and_is_said(tmp_path):
    outcome = run(tmp_path, ["logistic", Broken()], WINE)
    assert [r.status for r in outcome.ran if r.cell.arm.name == "broken"] == ["failed", "failed"]
    assert [r.status for r in outcome.ran if r.cell.arm.name == "logistic"] == ["finished", "finished"]
    assert "ValueError: it never works" in outcome.failed[0]
    with pytest.raises(FailedCellsError, match="it never works"):
        outcome.check()


def test_one_seed_gives_no_interval_and_no_verdict(tmp_path):
    outcome = run(tmp_path, [HYBRID, "removed"], WINE, Terms("one", seeds=(0,), epochs=1))
    text = outcome.report.markdown.read_text()
    assert "One seed only" in text
    assert "95 % interval" not in outcome.report.verdict
    assert not {"better", "worse"} & set(outcome.report.verdict.lower().split())


def test_a_champion_below_its_floor_fails_the_benchmark(tmp_path):
    terms = Terms("floor", seeds=(0, 1), epochs=1, floors={"majority": 0.99})
    outcome = run(tmp_path, ["majority", "logistic"], WINE, terms)
    with pytest.raises(FailedBenchmarkError, match="Majority class is below its floor"):
        outcome.check()


@pytest.mark.parametrize(
    ("floor", "message"),
    [("champion", "Best baseline, Logistic regression, is below its floor"), ("svm", "No cells of svm")],
)
def test_a_floor_holds_the_best_baseline_and_an_arm_that_was_not_run(floor, message, tmp_path):
    terms = Terms("floor", seeds=(0, 1), epochs=1, floors={floor: 1.0})
    with pytest.raises(FailedBenchmarkError, match=message):
        run(tmp_path, ["majority", "logistic"], DataChoice("digits", rows=100), terms).check()


def test_arrays_of_ones_own_are_compared_on(tmp_path):
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(80, 3))
    targets = np.where(inputs[:, 0] + 0.3 * rng.normal(size=80) > 0, "up", "down")
    mine = DataChoice.from_arrays(inputs, targets, "mine", folder=str(tmp_path / "data"), test=0.25)
    outcome = run(tmp_path, ["logistic", "knn"], mine, Terms("own", seeds=(0, 1), rank="accuracy"))
    assert outcome.failed == ()
    assert all(result.metrics["test"]["accuracy"] > 0.6 for result in outcome.ran)
    assert {result.cell.protocol_hash for result in outcome.ran} == {outcome.ran[0].cell.protocol_hash}
    assert "mine" in outcome.report.markdown.read_text()


def test_the_package_offers_the_function_itself():
    words = "import qml, qml.estimators.comparing; print(qml.compare is qml.estimators.compare, callable(qml.compare))"
    done = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "True"]
    assert qml.compare is compare


@pytest.mark.parametrize(
    ("models", "data", "terms", "message"),
    [
        ([], "wine", QUICK, "takes a list of models"),
        ("hybrid", "wine", QUICK, "takes a list of models"),
        (["hybird"], "wine", QUICK, "Did you mean 'hybrid'"),
        (["svm", Svm(C=3.0)], "wine", QUICK, "by name and as a value"),
        (None, "wine", QUICK, "takes a list of models; it got None"),
        (Svm(), "wine", QUICK, "takes a list of models"),
        (["svm", LogisticRegression()], "wine", QUICK, r"it got a sklearn\.linear_model.*\.LogisticRegression. Say"),
        ([object()], "wine", QUICK, "it got a object"),
        ([None], "wine", QUICK, "it got a NoneType"),
        ([Svm], "wine", QUICK, "it got the class Svm"),
        (["svm"], [], QUICK, "no data set"),
        (["svm"], np.zeros((4, 2)), QUICK, r"it got a numpy\.ndarray. .*DataChoice\.from_arrays"),
        (["svm"], [(np.zeros((4, 2)), [0, 1, 0, 1])], QUICK, "it got a tuple"),
        (["svm"], ["wine", "wine"], QUICK, "each data set once"),
        (["svm"], ["wine", "digits"], {"wine": QUICK}, "'digits' has none"),
        (["svm"], ["wine", "digits"], {"wine": QUICK, "digts": QUICK}, "Did you mean 'digits'"),
        (["svm"], ["wine", "digits"], {"wine": QUICK, "digits": Terms("quick", seeds=(0,), epochs=1)}, "seeds is"),
        (["svm"], "wine", {"seeds": (0, 1)}, r"terms are Terms\('mine', .*\{'wine': Terms\(\.\.\.\)\}"),
        (["svm"], "wine", "smoke", r"given 'smoke' as its protocol; terms are Terms"),
        (["svm"], "wine", Terms("none", seeds=()), "at least one seed"),
        (["svm"], "wine", Terms("one", seeds=3), "seeds is 3; it must be a list"),
        (["svm"], "wine", Terms("words", seeds=("a", "b")), "it must be integers from 0"),
        (["svm"], "wine", Terms("typo", seeds=(0,), epochs=1, floors={"smv": 0.9}), "with a floor 'smv'.*mean 'svm'"),
        (
            ["svm"],
            "wine",
            Terms("a", contrasts=(("svm", "nonsense"),)),
            "with a contrast 'nonsense' is not",
        ),
        (["svm"], "wine", Terms("typo", contrasts=(("hybrd", "svm"),)), "with a contrast 'hybrd'.*mean 'hybrid'"),
        (["svm"], "wine", Terms("none", contrasts=(("hybrid",),)), "a pair of two"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_a_cell_runs(models, data, terms, message, tmp_path):
    with pytest.raises(ConfigError, match=message):
        run(tmp_path, models, data, terms)
    assert not list(tmp_path.glob("store/cells/*"))
