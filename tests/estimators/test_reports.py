"""What a job says when it is done: a job of a sweep speaks of its own hybrid, a suite of all its data sets."""

from dataclasses import replace

import numpy as np
import pytest

from qml.bench import Store
from qml.bench.summary import summarise
from qml.estimators import Terms, compare
from qml.estimators.choices import Training
from qml.estimators.data_choice import DataChoice
from qml.estimators.jobs import BenchmarkJob
from qml.estimators.suite_job import SuiteJob
from qml.models import MODELS, CircuitSpec, HybridSpec

TERMS = Terms("look", seeds=(0, 1), epochs=2, rank="accuracy")


@pytest.fixture(scope="module")
def jobs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sweep")

    def job(circuit):
        hybrid = HybridSpec(circuit=CircuitSpec(circuit, 2, 1))
        places = {"store": str(folder / "store"), "out": str(folder / "out")}
        return BenchmarkJob(DataChoice("wine"), hybrid, Training(), TERMS, arms=["removed"], **places)

    return {name: job(name) for name in ("sel", "iqp")}


def test_each_job_of_a_sweep_says_the_verdict_of_its_own_hybrid(jobs):
    said = {name: job.run(progress=False).report.verdict for name, job in jobs.items()}
    summary = summarise(Store(jobs["sel"].store))
    hybrids = {arm.title: arm for arm in summary.arms if arm.role == "hybrid"}
    assert set(hybrids) == {"Hybrid (sel)", "Hybrid (iqp)"}
    again = jobs["sel"].run(progress=False).report.verdict  # now the store has both
    mean = np.mean(list(hybrids["Hybrid (sel)"].scores.values()))
    assert f"With the circuit {100 * mean:.1f} %" in said["sel"]
    assert f"With the circuit {100 * mean:.1f} %" in again
    assert "the hybrid (sel)" in again
    assert "the hybrid (iqp)" in said["iqp"]


def test_a_suite_writes_one_page_of_all_and_one_of_each(tmp_path):
    places = {"store": str(tmp_path / "store"), "out": str(tmp_path / "out")}
    hybrid = HybridSpec(circuit=CircuitSpec("sel", 2, 1))
    outcome = compare([hybrid, "removed"], ["wine", "breast_cancer"], TERMS, progress=False, **places)
    report = outcome.report
    assert report.html.name == "suite.html"
    assert "2 are too few" in report.verdict
    assert [item.html.parent.name for item in report.reports] == ["wine", "breast_cancer"]
    assert all(item.html.is_file() for item in report.reports)
    assert str(report.html) in str(outcome)


def test_a_damaged_cell_of_a_suite_is_a_missing_one(tmp_path):
    places = {"store": str(tmp_path / "store"), "out": str(tmp_path / "out")}
    jobs = [
        BenchmarkJob(DataChoice(name, rows=60), MODELS["majority"](), Training(), TERMS, **places)
        for name in ("wine", "breast_cancer")
    ]
    assert SuiteJob(tuple(jobs)).run(progress=False).missing == 0
    folders = {cell.cell.seed: Store(tmp_path / "store").path(cell.cell) for cell in Store(tmp_path / "store")}
    (folders[1] / "records.csv").write_text("cut")
    first = SuiteJob(tuple(replace(job, seed=0) for job in jobs)).run(progress=False)
    assert (first.missing, first.report) == (1, None)
    assert SuiteJob(tuple(jobs)).run(progress=False).report is not None
