"""What a contestant raises, tells or leaves on disk never ends the comparison of the others."""

import json
import logging
import shutil
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pytest

from qml.base.errors import CheckpointError, QmlError
from qml.bench.attempt import attempt, attempt_in
from qml.bench.cell import Cell
from qml.bench.protocol import Protocol
from qml.bench.run import run_cell
from qml.bench.store import Store
from qml.learn.checkpoint import MANIFEST, load_checkpoint
from qml.learn.fit import Cost
from qml.learn.record import Record
from tests.bench.contestants import CountingArm, FailingArm, digits_arms, digits_source, info, make_task

SOURCE = partial(digits_source, rows=300)
PROTOCOL = Protocol("tiny", "digits", seeds=(0, 1), trials=2, epochs=2)


class OwnError(Exception):
    """Of a contestant's own package: no error that anybody here knows of."""


@pytest.mark.parametrize("error", [OwnError("mine"), StopIteration(), QmlError("ours"), RuntimeError("CUDA")])
def test_any_exception_of_a_fit_is_a_failed_trial(tmp_path, error):
    result = run_cell(
        FailingArm(info("own", "baseline", "Own"), error), SOURCE, make_task, PROTOCOL, 0, Store(tmp_path)
    )
    assert result.status == "failed"
    assert type(error).__name__ in result.reason


@pytest.mark.parametrize("error", [FileNotFoundError(2, "weights.bin"), MemoryError(), CheckpointError("disk")])
def test_trouble_of_the_machine_ends_the_benchmark(tmp_path, error):
    arm = FailingArm(info("own", "baseline", "Own"), error)
    with pytest.raises(type(error)):
        run_cell(arm, SOURCE, make_task, PROTOCOL, 0, Store(tmp_path))


def test_ctrl_c_is_no_failure():
    def pressed():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        attempt(pressed)


RECORD = Record("loss", 0.5, "train", 1, 1.0, 0.0, 0.0)


@dataclass(frozen=True)
class TellingArm(CountingArm):
    """Predicts as `CountingArm` does and tells something odd of its fit."""

    told: tuple = ()

    def fit(self, *args):
        return replace(super().fit(*args), **dict(self.told))


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        (
            {"records": (replace(RECORD, value=float("nan")),)},
            "nan as a number of the record of train loss at",
        ),
        ({"records": (replace(RECORD, epoch=float("inf")),)}, "inf as a number of the record"),
        ({"records": ({"metric": "loss"},)}, "AttributeError"),
        ({"info": {"temperature": float("nan")}}, "nan as the number 'temperature'"),
        ({"cost": Cost(float("nan"), 1.0, 1, 1.0, 1)}, "nan as the cost 'cpu_s'"),
    ],
)
def test_what_is_no_number_fails_the_trial(tmp_path, told, reason):
    arm = TellingArm(info("odd", "baseline", "Odd"), str(tmp_path / "log"), told=tuple(told.items()))
    result = run_cell(arm, SOURCE, make_task, PROTOCOL, 0, Store(tmp_path / "s"))
    assert result.status == "failed"
    assert reason in result.reason


def test_numbers_of_numpy_are_numbers(tmp_path):
    odd = replace(RECORD, value=np.float32(0.5), step=np.int64(1))
    arm = TellingArm(info("odd", "baseline", "Odd"), str(tmp_path / "log"), told=(("records", (odd,)),))
    result = run_cell(arm, SOURCE, make_task, PROTOCOL, 0, Store(tmp_path / "s"))
    assert result.status == "finished"
    assert [record for _, record in result.records] == [RECORD] * 2


def emptied(work):
    (work / "trials/000/trial.json").write_text("")


def cut(work):
    path = work / "trials/000/trial.json"
    path.write_text(path.read_text()[:40])


def edited(work):
    path = work / "trials/000/trial.json"
    text = json.loads(path.read_text())
    text["data"]["score"] = 0.123
    path.write_text(json.dumps(text))


def exchanged(work):
    for name in ("trials/000", "trials/001"):
        shutil.copytree(work / name, work / "other" / name)
    for name, other in (("trials/000", "trials/001"), ("trials/001", "trials/000")):
        shutil.rmtree(work / name)
        shutil.copytree(work / "other" / other, work / name)


def without_predictions(work):
    for path in work.glob("trials/*/predictions.npz"):
        path.unlink()


def cut_predictions(work):
    for path in work.glob("trials/*/predictions.npz"):
        path.write_bytes(path.read_bytes()[:100])


def cut_records(work):
    for path in work.glob("trials/*/records.json"):
        path.write_text("[")


def of_an_earlier_version(work):
    path = work / "trials/000/trial.json"
    path.write_text(json.dumps(json.loads(path.read_text())["data"]))


class StoppedError(BaseException):
    """A process that is killed between its last trial and the end of its cell."""


HARMS = (emptied, cut, edited, exchanged, without_predictions, cut_predictions, cut_records, of_an_earlier_version)


@pytest.mark.parametrize("harm", [None, *HARMS], ids=lambda harm: harm.__name__ if harm else "whole")
def test_a_damaged_trial_is_fitted_again(tmp_path, monkeypatch, caplog, harm):
    arm = digits_arms()[0]
    store, cell = Store(tmp_path / "s"), Cell.of(arm.info, PROTOCOL, 0)
    with monkeypatch.context() as patched:
        patched.setattr(Store, "finish", lambda *_: (_ for _ in ()).throw(StoppedError))
        with pytest.raises(StoppedError):
            run_cell(arm, SOURCE, make_task, PROTOCOL, 0, store)
    if harm is not None:
        harm(store.work(cell))
    with caplog.at_level(logging.WARNING):
        result = run_cell(arm, SOURCE, make_task, PROTOCOL, 0, store)
    quiet = run_cell(arm, SOURCE, make_task, PROTOCOL, 0, Store(tmp_path / "quiet"))
    assert [trial.score for trial in result.trials] == [trial.score for trial in quiet.trials]
    assert result.metrics == quiet.metrics
    assert len(result.records) == len(quiet.records)
    assert bool(caplog.records) == (harm is not None)


@pytest.mark.parametrize("left", ["{", json.dumps({"version": 0})])
def test_a_checkpoint_that_cannot_be_continued_is_removed_once(tmp_path, caplog, left):
    (tmp_path / MANIFEST).write_text(left)
    assert attempt_in(tmp_path, lambda: load_checkpoint(tmp_path) or "fitted") == "fitted"
    assert "begins anew" in caplog.text
