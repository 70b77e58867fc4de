import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from qml.base.errors import ConfigError, DataError
from qml.bench.cell import Cell
from qml.bench.protocol import Protocol
from qml.bench.run import cells_of, run_cell
from qml.bench.store import CELL, DamagedCellError, Store
from tests.bench.contestants import CountingArm, FailingArm, digits_source, info, make_task

QUALITY = {"quality": (0.1, 0.3, 0.2)}
PROTOCOL = Protocol("tiny", "digits", seeds=(0, 1), trials=3)
ROOT = Path(__file__).parents[2]


def counting(tmp_path, name="count", wait=0.0, **more):
    return CountingArm(info(name, "baseline", name.title(), {}, QUALITY, **more), str(tmp_path / "fits.log"), wait)


def fits(tmp_path):
    path = tmp_path / "fits.log"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def test_a_cell_is_run_once(tmp_path):
    store, arm, said = Store(tmp_path / "s"), counting(tmp_path), []
    cell = Cell.of(arm.info, PROTOCOL, 0)
    assert store.missing([cell]) == (cell,)
    result = run_cell(arm, digits_source, make_task, PROTOCOL, 0, store, progress=said.append)
    assert result is not None
    assert len(fits(tmp_path)) == 3
    assert run_cell(arm, digits_source, make_task, PROTOCOL, 0, store, progress=said.append) is None
    assert len(fits(tmp_path)) == 3
    assert said[-1] == "count, seed 0: finished before"
    assert store.missing([cell]) == ()
    assert list((store.folder / "work").iterdir()) == []


def test_a_stored_cell_comes_back_whole(tmp_path):
    store, arm = Store(tmp_path), counting(tmp_path)
    made = run_cell(arm, digits_source, make_task, PROTOCOL, 0, store)
    back = store.get(made.cell)
    assert back.to_json() == made.to_json()
    assert back.cell.digest == made.cell.digest
    assert back.records == made.records
    assert set(back.arrays) >= {"test_predictions", "validation_predictions", "test_left_out", "test_rows"}
    for name, array in made.arrays.items():
        np.testing.assert_array_equal(back.arrays[name], array)


def test_the_choice_is_made_on_validation_rows(tmp_path):
    arm = counting(tmp_path)
    result = run_cell(arm, digits_source, make_task, PROTOCOL, 0, Store(tmp_path))
    scores = [trial.score for trial in result.trials]
    assert result.chosen == int(np.argmax(scores))
    assert {trial.settings["quality"] for trial in result.trials} == {0.1, 0.2, 0.3}
    assert result.best.validation["accuracy"] == result.metrics["validation"]["accuracy"]
    right = result.arrays["test_predictions"].argmax(1) == result.arrays["test_targets"]
    assert result.metrics["test"]["accuracy"] == pytest.approx(right.mean())


def test_provenance_and_cost_are_kept(tmp_path):
    result = run_cell(counting(tmp_path), digits_source, make_task, PROTOCOL, 0, Store(tmp_path))
    assert result.provenance["versions"]["numpy"] == np.__version__
    assert result.provenance["command"][0] == "python"
    assert result.cpu_s == pytest.approx(0.03)
    assert result.best.rates["predict_rows_s"] > 0
    assert result.best.rates["train_rows_s"] == pytest.approx(1000)
    assert result.data["rows"] == {"train": 1077, "validation": 360, "test": 360}
    assert result.data["test_in_training"] == 0


def test_a_failing_contestant_gives_a_failed_cell(tmp_path):
    store = Store(tmp_path)
    arm = FailingArm(info("bad", "baseline", "Bad"))
    result = run_cell(arm, digits_source, make_task, PROTOCOL, 0, store)
    assert result.status == "failed"
    assert "ValueError: the matrix is singular" in result.reason
    assert store.get(result.cell).status == "failed"
    assert run_cell(arm, digits_source, make_task, PROTOCOL, 0, store) is None
    assert run_cell(arm, digits_source, make_task, PROTOCOL, 0, store, retry_failed=True) is not None


def test_trouble_of_the_machine_is_not_the_contestants_fault(tmp_path):
    store = Store(tmp_path)
    arm = FailingArm(info("bad", "baseline", "Bad"), OSError(28, "No space left on device"))
    with pytest.raises(OSError, match="No space"):
        run_cell(arm, digits_source, make_task, PROTOCOL, 0, store)
    assert list(store) == []
    assert store.unfinished() == (Cell.of(arm.info, PROTOCOL, 0).digest,)


def test_predictions_that_are_not_finite_fail_the_trial(tmp_path):
    class NanArm(CountingArm):
        def fit(self, *args):
            fitted = super().fit(*args)
            return replace(fitted, predict=lambda source, split: fitted.predict(source, split) * np.nan)

    arm = NanArm(info("nan", "baseline", "NaN"), str(tmp_path / "fits.log"))
    result = run_cell(arm, digits_source, make_task, PROTOCOL, 0, Store(tmp_path))
    assert "NaN or infinite" in result.reason


def test_an_unknown_metric_is_refused_before_work(tmp_path):
    arm = counting(tmp_path)
    with pytest.raises(ConfigError, match=r"'acuracy' is not known\. Did you mean 'accuracy'"):
        run_cell(arm, digits_source, make_task, replace(PROTOCOL, rank="acuracy"), 0, Store(tmp_path))
    assert fits(tmp_path) == []


def test_finished_trials_are_not_repeated(tmp_path):
    class Stopping(CountingArm):
        def fit(self, *args):
            if len(fits(tmp_path)) == 2:
                raise KeyboardInterrupt
            return super().fit(*args)

    store, arm = Store(tmp_path / "s"), counting(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        run_cell(Stopping(arm.info, arm.log), digits_source, make_task, PROTOCOL, 0, store)
    result = run_cell(arm, digits_source, make_task, PROTOCOL, 0, store)
    assert len(fits(tmp_path)) == 3
    quiet = run_cell(arm, digits_source, make_task, PROTOCOL, 0, Store(tmp_path / "quiet"))
    assert quiet.metrics == result.metrics


def test_a_claimed_cell_is_skipped(tmp_path):
    store, arm = Store(tmp_path), counting(tmp_path)
    with store.claim(Cell.of(arm.info, PROTOCOL, 0)) as mine:
        assert mine
        assert run_cell(arm, digits_source, make_task, PROTOCOL, 0, Store(tmp_path)) is None
    assert run_cell(arm, digits_source, make_task, PROTOCOL, 0, store) is not None


@pytest.mark.parametrize(
    "harm", ["no json", "half json", "a folder", "other score", "no key", "other arrays", "no arrays", "renamed"]
)
def test_a_damaged_cell_counts_as_missing_and_is_said(tmp_path, caplog, harm):
    store, arm = Store(tmp_path), counting(tmp_path)
    cell = run_cell(arm, digits_source, make_task, PROTOCOL, 0, store).cell
    folder = store.path(cell)
    if harm == "no json":
        (folder / CELL).unlink()
    elif harm == "half json":
        (folder / CELL).write_text((folder / CELL).read_text()[:100])
    elif harm == "a folder":
        (folder / CELL).unlink()
        (folder / CELL).mkdir()
    elif harm in ("other score", "no key"):
        data = json.loads((folder / CELL).read_text())
        data["metrics"] = {**data["metrics"], "test": {"accuracy": 1.0}}
        if harm == "no key":
            del data["metrics"], data["files"][CELL]
        (folder / CELL).write_text(json.dumps(data))
    elif harm == "other arrays":
        (folder / "predictions.npz").write_bytes(b"0" * 100)
    elif harm == "no arrays":
        (folder / "predictions.npz").unlink()
    else:
        text = (folder / CELL).read_text().replace(cell.digest, "0" * 32)
        (folder / CELL).write_text(text)
    assert not store.is_finished(cell)
    assert "counts as not finished" in caplog.text
    assert [digest for digest, _ in store.damaged()] == [cell.digest]
    assert list(store) == list(Store(tmp_path)) == []
    assert not Store(tmp_path).is_finished(cell)
    assert caplog.text.count("counts as not finished") == 1
    assert caplog.text.count("left out; the same words of experiments.benchmark run it again") == 1
    with pytest.raises(DamagedCellError, match=cell.digest[:8]):
        store.get(cell)
    assert run_cell(arm, digits_source, make_task, PROTOCOL, 0, store) is not None
    assert store.is_finished(cell)
    assert len(list((store.folder / "damaged").iterdir())) == 1


def test_what_is_no_contestant_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="given a object as the contestant; it takes an Arm"):
        run_cell(object(), digits_source, make_task, PROTOCOL, 0, Store(tmp_path))


def test_what_is_set_aside_takes_a_free_name(tmp_path):
    store, arm = Store(tmp_path), counting(tmp_path)
    for _ in range(3):
        cell = run_cell(arm, digits_source, make_task, PROTOCOL, 0, store).cell
        (store.path(cell) / "records.csv").write_text("")
    shutil.rmtree(store.folder / "damaged" / f"{cell.digest}.0")
    assert run_cell(arm, digits_source, make_task, PROTOCOL, 0, store) is not None
    assert store.damaged() == ()


def test_a_folder_of_another_program_is_no_cell(tmp_path):
    (Store(tmp_path).folder / "cells" / ".ipynb_checkpoints").mkdir()
    assert Store(tmp_path).damaged() == ()


@pytest.mark.parametrize("split", ["validation", "test"])
def test_an_empty_split_is_refused_before_work(tmp_path, split):
    def short(seed):
        source = digits_source(seed, rows=300)
        source.schema = replace(source.schema, sizes={**source.schema.sizes, split: 0})
        return source

    arm = counting(tmp_path)
    with pytest.raises(DataError, match=f"no row in '{split}'"):
        run_cell(arm, short, make_task, PROTOCOL, 0, Store(tmp_path / "store"))
    assert not Path(arm.log).exists()


def test_another_schema_version_is_an_error(tmp_path):
    store, arm = Store(tmp_path), counting(tmp_path)
    cell = run_cell(arm, digits_source, make_task, PROTOCOL, 0, store).cell
    path = store.path(cell) / CELL
    path.write_text(json.dumps({**json.loads(path.read_text()), "schema": 99}))
    for ask in (lambda: store.is_finished(cell), lambda: store.get(cell), lambda: list(store)):
        with pytest.raises(DataError, match="schema 99; this version reads schema 1"):
            ask()


def test_a_store_is_a_folder(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="is a file"):
        Store(tmp_path / "file")
    with pytest.raises(ConfigError, match=r"was to be made; it failed: .*Not a directory"):
        Store(tmp_path / "file" / "store")
    with pytest.raises(DataError, match="no finished cell"):
        Store(tmp_path / "s").get(Cell.of(counting(tmp_path).info, PROTOCOL, 0))


def test_the_same_contestant_twice_is_refused(tmp_path):
    arm = counting(tmp_path)
    assert len(cells_of((arm, counting(tmp_path, "other")), PROTOCOL)) == 4
    with pytest.raises(ConfigError, match="same contestant twice"):
        cells_of((arm, arm), PROTOCOL)


def _work(folder, log):
    store = Store(folder)
    for seed in PROTOCOL.seeds:
        for name in ("a", "b", "c"):
            arm = CountingArm(info(name, "baseline", name, {}, QUALITY), log, 0.02)
            run_cell(arm, digits_source, make_task, PROTOCOL, seed, store)


def test_several_processes_fill_one_store_each_cell_once(tmp_path):
    context = multiprocessing.get_context("spawn")
    jobs = [context.Process(target=_work, args=(str(tmp_path / "s"), str(tmp_path / "fits.log"))) for _ in range(3)]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join()
    assert [job.exitcode for job in jobs] == [0, 0, 0]
    store = Store(tmp_path / "s")
    assert len(list(store)) == 6
    assert len(fits(tmp_path)) == 18


SCRIPT = """
import sys
sys.path.insert(0, {root!r})
from tests.bench.contestants import CountingArm, digits_source, info, make_task
from qml.bench.protocol import Protocol
from qml.bench.run import run_cell
from qml.bench.store import Store

protocol = Protocol("tiny", "digits", seeds=(0, 1), trials=3)
for seed in protocol.seeds:
    for name in ("a", "b"):
        arm = CountingArm(info(name, "baseline", name, {{}}, {{"quality": (0.1, 0.3, 0.2)}}), {log!r}, 0.1)
        run_cell(arm, digits_source, make_task, protocol, seed, Store({store!r}))
print("done", flush=True)
"""


def test_kill_9_at_any_moment_repeats_no_finished_trial(tmp_path):
    """Killed at a new moment again and again, the benchmark ends as a quiet one does."""
    text = {}
    for name in ("killed", "quiet"):
        text[name] = SCRIPT.format(root=str(ROOT), log=str(tmp_path / name), store=str(tmp_path / f"{name}.store"))
    rng = np.random.default_rng(0)
    kills, tries = 0, 0
    while True:
        tries += 1
        job = subprocess.Popen([sys.executable, "-c", text["killed"]], stdout=subprocess.PIPE)
        begun = len(_lines(tmp_path / "killed"))
        deadline = time.monotonic() + 60
        while kills < 3 and len(_lines(tmp_path / "killed")) == begun and job.poll() is None:
            assert time.monotonic() < deadline
            time.sleep(0.005)
        if kills < 3 and job.poll() is None:
            time.sleep(float(rng.uniform(0, 0.25)))
            os.kill(job.pid, signal.SIGKILL)
            kills += 1
        out, _ = job.communicate()
        if b"done" in out:
            break
        assert tries < 10
    assert kills == 3
    subprocess.run([sys.executable, "-c", text["quiet"]], check=True, stdout=subprocess.DEVNULL)
    killed, quiet = Store(tmp_path / "killed.store"), Store(tmp_path / "quiet.store")
    assert {c.cell.digest: c.metrics for c in killed} == {c.cell.digest: c.metrics for c in quiet}
    assert killed.unfinished() == killed.damaged() == ()
    begun, needed = len(_lines(tmp_path / "killed")), len(_lines(tmp_path / "quiet"))
    assert needed == 12
    assert needed <= begun <= needed + kills  # at most the one trial under way at each kill


def _lines(path):
    return path.read_text().splitlines() if path.exists() else []
