"""Hooks: what they see, and what they leave on disk."""

import csv
import io

import numpy as np
import pytest

from qml.base.errors import ConfigError
from qml.learn import Budget, CsvLog, Hook, StepFit, Supervised
from qml.learn.bar import ProgressBar
from qml.learn.tensorboard_log import TensorBoardLog
from qml.learn.torch_step import TorchStep
from tests.learn.models import small


def fitted(source, *, folder=None, epochs=2, **options):
    fit = StepFit(TorchStep(0.02), batch_size=32, **{"progress": False, **options})
    return fit(small, Supervised(source.schema.target), source, Budget(epochs=epochs), 0, folder)


def rows(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


class Witness(Hook):
    def __init__(self):
        self.seen = []

    def on_start(self, run):
        self.seen.append("start")

    def on_step(self, run, info):
        self.seen.append(run.counters.steps)

    def on_epoch(self, run, records):
        self.seen.append({record.metric for record in records})

    def on_end(self, run):
        self.seen.append("end")


def test_hooks_are_called_in_order(classes):
    witness, losses = Witness(), []
    fitted(classes, hooks=(witness, lambda run, info: losses.append(info["loss"])))
    told = {"loss", "gradient_norm/quantum", "gradient_norm/classical", "accuracy", "log_loss"}
    assert witness.seen == ["start", 1, 2, 3, 4, 5, told, 6, 7, 8, 9, 10, told, "end"]
    assert len(losses) == 10


def test_hooks_end_when_the_run_fails(classes):
    witness = Witness()

    def fail(run, info):
        raise RuntimeError("a hook of a user")

    with pytest.raises(RuntimeError, match="a hook of a user"):
        fitted(classes, hooks=(witness, fail))
    assert witness.seen[-1] == "end"


def test_csv_holds_the_records_once(classes, tmp_path):
    out = fitted(classes, folder=tmp_path, hooks=(CsvLog(),))
    written = rows(tmp_path / "log.csv")
    assert [(row["metric"], float(row["value"]), int(row["step"])) for row in written] == [
        (record.metric, record.value, record.step) for record in out.records
    ]
    with open(tmp_path / "log.csv", "a") as file:
        file.write("loss,9.0,train,99,9.0,1.0,1.0\n")  # logged by a killed run, and not saved
    more = fitted(classes, folder=tmp_path, hooks=(CsvLog(),), epochs=3)
    assert [float(row["value"]) for row in rows(tmp_path / "log.csv")] == [record.value for record in more.records]


@pytest.mark.parametrize("hook", [CsvLog, TensorBoardLog])
def test_logs_need_a_place(hook, classes):
    with pytest.raises(ConfigError, match="folder"):
        fitted(classes, hooks=(hook(),))


def test_tensorboard(classes, tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    out = fitted(classes, hooks=(TensorBoardLog(tmp_path, every_steps=2),))
    events = EventAccumulator(str(tmp_path))
    events.Reload()
    assert [event.step for event in events.Scalars("step/loss")] == [2, 4, 6, 8, 10]
    expected = [record.value for record in out.records if record.metric == "log_loss"]
    np.testing.assert_allclose([event.value for event in events.Scalars("validation/log_loss")], expected, rtol=1e-6)


def test_the_bar_is_drawn_when_asked_and_quiet_otherwise(classes, capsys, monkeypatch):
    fitted(classes, progress=None)
    assert capsys.readouterr().err == ""
    fitted(classes, progress=True)
    drawn = capsys.readouterr().err
    assert "10/10" in drawn
    assert "training" in drawn


def test_the_bar_is_shown_in_a_terminal(monkeypatch):
    import sys

    from qml.learn import bar

    terminal = io.StringIO()
    terminal.isatty = lambda: True
    monkeypatch.setattr(sys, "stderr", terminal)
    assert bar.worth_showing()
    monkeypatch.setattr(sys, "stderr", None)
    assert not bar.worth_showing()
    assert ProgressBar().label == "training"


def test_the_bar_is_shown_in_a_kernel_and_not_by_importing_one(monkeypatch):
    from ipykernel.kernelapp import IPKernelApp

    from qml.learn import bar

    assert not IPKernelApp.initialized()
    assert not bar.worth_showing()
    monkeypatch.setattr(IPKernelApp, "_instance", object())
    assert bar.worth_showing()
