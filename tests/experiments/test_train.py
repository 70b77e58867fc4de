"""A training run: one folder for each budget; Ctrl-C and SIGTERM, which keep the checkpoint and nothing else."""

import logging
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from qml import config
from qml.base.alone import alone
from qml.base.errors import ConfigError, DataError
from qml.base.ranks import Ranks
from qml.estimators import training
from qml.learn.interrupt import listening

ROOT = Path(__file__).resolve().parents[2]
SMALL = ["data=wine", "model.circuit.n_qubits=3", "tensorboard=false"]
PRESSED = """
import os, signal, sys
from experiments import entry, train
from qml.learn.csv_log import CsvLog

def press(self, run, info):
    if run.counters.steps == 5:
        os.kill(os.getpid(), signal.Signals[os.environ["QML_TEST_SIGNAL"]])

CsvLog.on_step = press
entry.run("train", train.main)
"""


def test_a_changed_budget_is_a_new_folder(tmp_path, caplog):
    caplog.set_level(logging.INFO, "qml")
    runs = [
        config.build([*SMALL, f"folder={tmp_path}", *more], "train").run(progress=False)
        for more in (["epochs=1"], ["epochs=2"], ["epochs=2", "patience=2"], ["epochs=2"])
    ]
    assert [run.fitted.cost.epochs for run in runs] == [1, 2, 2, 2]
    assert len({run.folder for run in runs}) == 3
    assert runs[1].folder == runs[3].folder
    assert "continuing at" not in caplog.text, "the last run had ended, and was read"


def test_two_runs_of_one_folder_do_not_meet(tmp_path, monkeypatch):
    job = config.build([*SMALL, "epochs=1", f"folder={tmp_path}"], "train")
    folder, begun = job._planned().folder, []
    real = training.step_fit
    monkeypatch.setattr(training, "step_fit", lambda *words, **more: begun.append(1) or real(*words, **more))
    with ThreadPoolExecutor(1) as pool:
        with alone(folder / training.LOCK, "the first run"):
            second = pool.submit(job.run, progress=False)
            with pytest.raises(TimeoutError):
                second.result(0.3)
            assert not begun
        assert second.result().fitted.cost.epochs == 1
    assert not (folder / training.LOCK).exists()


def test_several_processes_are_refused_where_another_run_is_at_work(tmp_path, monkeypatch):
    job = config.build([*SMALL, "epochs=1", "devices=2", f"folder={tmp_path}"], "train")
    monkeypatch.setattr(training, "TO_END_SECONDS", 0.1)
    for name, value in Ranks(0, 2, 0, 2).environ.items():
        monkeypatch.setenv(name, value)
    with (
        alone(job._planned().folder / training.LOCK, "the first run"),
        pytest.raises(ConfigError, match=r"training in .* another process is at it"),
    ):
        job.run(progress=False)


@pytest.mark.parametrize("number", ["SIGINT", pytest.param("SIGTERM", marks=pytest.mark.slow)])
def test_a_signal_keeps_the_checkpoint_only_and_the_same_command_continues(number, tmp_path, monkeypatch):
    words = [*SMALL, "epochs=3", f"folder={tmp_path / 'runs'}"]
    command = [sys.executable, "-c", PRESSED, *words, f"hydra.run.dir={tmp_path / 'hydra'}"]
    environ = {**os.environ, "QML_TEST_SIGNAL": number}
    ended = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environ)
    assert ended.returncode == 130, ended.stderr[-3000:]
    assert "Interrupted. What is finished is kept; the same command continues." in ended.stderr
    assert "accuracy" not in ended.stdout
    (folder,) = (tmp_path / "runs").iterdir()
    left = {path.name for path in folder.rglob("*")}
    assert not left & {"model.safetensors", "model.json", "summary.json"}
    assert any("checkpoint" in name for name in left)

    begun = []
    real = training.step_fit

    def noted(*words, hooks, **more):
        return real(*words, hooks=(*hooks, lambda run, info: begun.append(run.counters.steps)), **more)

    monkeypatch.setattr(training, "step_fit", noted)
    resumed = config.build(words, "train").run(progress=False)
    assert begun[0] == 6
    whole = config.build([*SMALL, "epochs=3", f"folder={tmp_path / 'whole'}"], "train").run(progress=False)
    assert resumed.folder == folder
    assert resumed.model.read_bytes() == whole.model.read_bytes()
    assert resumed.scores == whole.scores


def test_without_an_entry_sigterm_is_left_alone():
    before = signal.getsignal(signal.SIGTERM)
    with listening():
        assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.parametrize("there", [False, True])
def test_a_report_of_nothing_names_the_command_and_makes_no_folder(tmp_path, there):
    if there:
        (tmp_path / "store" / "cells").mkdir(parents=True)
    report = config.build(["recipe=smoke", f"store={tmp_path / 'store'}", f"out={tmp_path / 'out'}"], "report")
    with pytest.raises(
        DataError, match=r"no finished cell of this protocol \(smoke, \w+\) in .*store, .* run `python -m experi"
    ):
        report.run()
    with pytest.raises(DataError, match=r"run `python -m experiments\.benchmark recipe=smoke` first"):
        report.run()
    assert (tmp_path / "store").exists() == there
    assert not (tmp_path / "out").exists()
