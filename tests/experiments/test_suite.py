"""A suite from the command line: two workers, a report for each set, the same from the store, and what is refused."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from qml import config
from qml.base.errors import DataError
from qml.bench import Store
from qml.estimators import planned_run, side_by_side
from qml.estimators.side_by_side import WorkerError

ROOT = Path(__file__).resolve().parents[2]
SETS = ("breast_cancer", "digits", "wine")
SMALL = ["recipe=fair_smoke", "arms=[removed,logistic]", "protocol.trials=1"]


def words_for(folder, *more):
    return [*SMALL, f"store={folder / 'store'}", f"out={folder / 'out'}", *more]


def run(entry, words, folder):
    command = [sys.executable, "-m", f"experiments.{entry}", *words, f"hydra.run.dir={folder / 'hydra'}"]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT)


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    folder = tmp_path_factory.mktemp("suite")
    return folder, run("benchmark", words_for(folder, "workers=2"), folder)


def test_two_workers_run_each_cell_once_and_write_a_report_of_each_set(done):
    folder, ended = done
    assert ended.returncode == 0, ended.stderr[-3000:]
    assert "18 cells run, 0 finished before or by others, 0 failed." in ended.stdout
    cells = Store(folder / "store").finished()
    assert sorted({cell.protocol.data for cell in cells}) == sorted(SETS)
    assert len(cells) == 18
    assert {cell.protocol.rank for cell in cells} == {"auc"}
    assert all((folder / "out" / "fair_smoke" / name / "report.html").is_file() for name in SETS)
    assert (folder / "out" / "fair_smoke" / "suite.html").is_file()


def test_a_cell_of_a_worker_keeps_the_words_that_run_it_again(done):
    folder, _ = done
    commands = {cell.cell.arm.name: cell.provenance["command"] for cell in Store(folder / "store")}
    assert {name: words[-1] for name, words in commands.items()} == {
        "hybrid": "arms=[]",
        "removed": "arms=[removed]",
        "logistic": "arms=[logistic]",
    }
    assert all("recipe=fair_smoke" in words and "protocol.trials=1" in words for words in commands.values())
    again = config.build([*commands["logistic"][3:], "sets=[]", "data=wine", "data.rows=80"])
    found = {cell.digest for _, _, cell in again.planned(progress=False).cells}
    assert found < {cell.cell.digest for cell in Store(folder / "store")}


def test_workers_are_started_with_a_share_of_the_cores_each(monkeypatch):
    monkeypatch.setattr(side_by_side, "available_cores", lambda: 8)
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("QML_THREADS", raising=False)
    with side_by_side._share_of_cores(3):
        assert {os.environ[name] for name in side_by_side.THREADS} == {"2"}
    assert os.environ["OMP_NUM_THREADS"] == "7"
    assert "QML_THREADS" not in os.environ


@pytest.mark.parametrize(("due", "cores", "running"), [(2, 8, 2), (9, 3, 3), (1, 8, 1)])
def test_no_more_workers_are_started_than_there_are_cells_and_cores(due, cores, running, tmp_path, monkeypatch, caplog):
    started = []
    monkeypatch.setattr(planned_run, "available_cores", lambda: cores)
    monkeypatch.setattr(side_by_side, "run_side_by_side", lambda _, workers, *rest: started.append(workers))
    job = config.build(["data=wine", "model=svm", "arms=[]", "workers=1000", f"store={tmp_path}"])
    cells = [replace(cell, seed=seed) for seed in range(due) for *_, cell in job.planned(progress=False).cells[:1]]
    planned_run._in_workers([job], cells, Store(tmp_path), False, ())
    assert started == [running]
    assert f"workers=1000 was asked for; {due} cell" in caplog.text
    assert f"{cores} cores. Running {running}." in caplog.text


def test_an_arm_of_some_sets_only_is_said(caplog):
    suite = config.build(["sets=[['data=wine','arms=[svm]'],['data=digits']]", "model=logistic"])
    suite._say_uneven_arms()
    assert "svm is asked for on ['wine'] alone" in caplog.text


def test_a_cell_of_two_workers_is_that_of_one_process(done, tmp_path):
    folder, _ = done
    alone = config.build(words_for(tmp_path, "arms=[logistic]", "seed=1", "workers=1"))
    outcome = alone.run(progress=False)
    assert outcome.report is None
    assert "No report yet: 6 cells" in str(outcome)
    ran = {result.cell.digest: result for each in outcome.outcomes for result in each.ran}
    shared = {result.cell.digest: result for result in Store(folder / "store")}
    assert len(ran) == 6
    for key, result in ran.items():
        assert result.arrays["test_predictions"].tobytes() == shared[key].arrays["test_predictions"].tobytes()


def test_the_reports_are_made_again_from_the_store(done, tmp_path):
    folder, _ = done
    words = [*SMALL, f"store={folder / 'store'}", f"out={tmp_path}"]
    report = config.build(words, "report").run()
    assert report.data == ("breast_cancer", "wine", "digits")
    assert all(each.html.is_file() for each in report.reports)
    assert report.failures == ()


def test_the_cells_of_two_machines_make_one_report(done, tmp_path):
    folder, _ = done
    here, there, elsewhere = (Store(tmp_path / name) for name in ("here", "there", "elsewhere"))
    for cell in Store(folder / "store"):
        (here if cell.cell.seed == 0 else there).finish(cell)
    words = [*SMALL, f"store={here.folder}", f"also=[{there.folder}]", f"out={tmp_path / 'both'}"]
    made = config.build(words, "report").run()
    assert made.markdown.read_bytes() == (folder / "out" / "fair_smoke" / "suite.md").read_bytes()
    with pytest.raises(DataError, match="'nowhere' is no store of cells"):
        config.build([*words, "also=[nowhere]"], "report").run()
    other = next(cell for cell in Store(folder / "store") if cell.protocol.data != "wine")
    changed = replace(other.protocol, epochs=99)
    cell = replace(other.cell, protocol_hash=changed.hash)
    elsewhere.finish(replace(other, cell=cell, protocol=changed))
    with pytest.raises(DataError, match="Scores under different terms are not comparable"):
        config.build([*words, f"also=[{elsewhere.folder}]"], "report").run()


def test_a_set_without_cells_is_named(done, tmp_path):
    folder, _ = done
    words = [*SMALL, f"store={folder / 'store'}", f"out={tmp_path}"]
    more = config.build(
        [*words, "sets=[['data=wine','data.rows=80'],['data=diabetes']]", "protocol.rank=auto"], "report"
    )
    with pytest.raises(DataError, match="wine: no finished cell"):
        more.run()


def test_a_worker_that_fails_is_said_and_the_cells_are_kept(tmp_path):
    plugin = tmp_path / "ends_workers.py"
    plugin.write_text(
        "import multiprocessing, os\nif multiprocessing.parent_process() is not None:\n    os.kill(os.getpid(), 9)\n"
    )
    sys.path.insert(0, str(tmp_path))
    try:
        job = config.build(words_for(tmp_path, "workers=2", "plugins=[ends_workers]"))
        with pytest.raises(WorkerError, match="ended by signal 9"):
            job.run(progress=False)
    finally:
        sys.path.remove(str(tmp_path))
    assert Store(tmp_path / "store").finished() == ()


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_whole_smoke_suite_runs(tmp_path):
    words = ["recipe=fair_smoke", f"store={tmp_path / 'store'}", f"out={tmp_path / 'out'}"]
    ended = run("benchmark", words, tmp_path)
    assert ended.returncode == 0, ended.stderr[-3000:]
    names = {cell.cell.arm.name for cell in Store(tmp_path / "store")}
    assert {"twin", "frozen", "product", "removed", "surrogate", "random_features", "shuffled"} < names
    assert {"majority", "logistic", "svm", "boosting", "mlp", "knn"} < names
