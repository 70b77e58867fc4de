"""The loop as one Fit: budgets, best weights, Ctrl-C, divergence, checkpoints of other runs."""

import json
import os
import random
import signal
import threading
import time
from dataclasses import replace

import numpy as np
import pytest
from torch import nn

from qml.base.errors import CheckpointError, ConfigError, DataError
from qml.learn import Budget, DivergedError, Hook, StepFit, Supervised, checkpoint
from qml.learn.torch_step import TorchStep
from tests.learn.conftest import SmallSource, class_source
from tests.learn.models import dropping, small


def fit(source, budget=None, *, step=None, folder=None, seed=0, model=small, task=None, **options):
    step = step or TorchStep(0.02)
    options = {"batch_size": 32, "progress": False, **options}
    task = task or Supervised(source.schema.target)
    return StepFit(step, **options)(model, task, source, budget or Budget(epochs=3), seed, folder)


def curve(out, metric="loss"):
    return [record.value for record in out.records if record.metric == metric]


def weights(out):
    return {name: tensor.numpy() for name, tensor in out.model.state_dict().items()}


def same(left, right):
    left, right = weights(left), weights(right)
    return all(np.array_equal(left[name], right[name]) for name in left)


def timeless(records):
    return [(record.metric, record.value, record.split, record.step, record.epoch) for record in records]


def test_it_learns_classes_and_numbers(classes, numbers):
    out = fit(classes, Budget(epochs=15))
    assert out.info["validation/accuracy"] > 0.85
    assert out.parameters == {"classical": 43, "quantum": 5}
    assert out.predict(classes, "test").shape == (30, 3)
    np.testing.assert_allclose(out.predict(classes, "test").sum(1), 1, atol=1e-6)
    assert (out.cost.steps, out.cost.epochs, out.cost.rows, out.cost.stopped) == (75, 15.0, 2250, "epochs")
    assert out.cost.cpu_s > 0

    def plane(seed):
        return small(seed, 3, 1)

    out = fit(numbers, Budget(epochs=60), model=plane)
    assert out.info["validation/r2"] > 0.8
    assert out.predict(numbers, "test").shape == (30,)


def test_the_same_seed_gives_the_same_records_and_another_seed_others(classes):
    first, second, other = (fit(classes, seed=seed, model=dropping) for seed in (0, 0, 1))
    assert timeless(first.records) == timeless(second.records)
    assert same(first, second)
    assert timeless(first.records) != timeless(other.records)


def test_the_process_wide_generators_are_left_alone(classes):
    np.random.seed(3)  # noqa: NPY002
    random.seed(3)
    expected = np.random.random(), random.random()  # noqa: NPY002
    np.random.seed(3)  # noqa: NPY002
    random.seed(3)
    fit(classes)
    assert (np.random.random(), random.random()) == expected  # noqa: NPY002


@pytest.mark.parametrize(("steps", "passes"), [(3, 0.6), (5, 1.0), (7, 1.4)])
def test_a_bound_on_updates_scores_what_was_reached(classes, steps, passes):
    out = fit(classes, Budget(epochs=9, steps=steps))
    assert (out.cost.steps, out.cost.stopped) == (steps, "steps")
    assert out.cost.epochs == pytest.approx(passes)
    last = [record for record in out.records if record.split == "validation"][-1]
    assert (last.step, last.epoch) == (steps, pytest.approx(passes))
    keys = [(record.metric, record.split, record.step) for record in out.records]
    assert len(keys) == len(set(keys))


def test_the_best_pass_amid_one_is_told_with_its_fraction(classes):
    out = fit(classes, Budget(epochs=9, steps=1, patience=9))
    assert (out.info["best_steps"], out.info["best_epoch"]) == (1, pytest.approx(0.2))


@pytest.mark.parametrize("bound", [{"epochs": 0}, {"steps": 0}, {"patience": 0}, {"cpu_s": 0.0}, {"cpu_s": np.nan}])
def test_a_budget_that_trains_nothing_is_refused(bound):
    with pytest.raises(ConfigError, match=f"Budget {next(iter(bound))} is"):
        Budget(**bound)


def test_outputs_that_are_not_finite_on_validation_rows(classes):
    class Late(nn.Module):
        def __init__(self):
            super().__init__()
            self.head = nn.Linear(4, 3)

        def forward(self, inputs):
            return self.head(inputs) if self.training else self.head(inputs) * float("nan")

    with pytest.raises(DivergedError, match="120 of 120 outputs of the model on the validation split"):
        fit(classes, model=lambda seed: Late())


def test_rows_of_another_width_than_the_schema_says_are_refused(classes):
    classes._schema = replace(classes.schema, input_shape=(5,))
    with pytest.raises(DataError, match=r"the shape \(5,\) by its schema; split 'train' gives \(4,\)"):
        fit(classes)


def test_a_bound_on_seconds_caps(classes):
    out = fit(classes, Budget(epochs=10**6, cpu_s=0.05))
    assert out.cost.stopped == "cpu_s"
    assert out.cost.capped
    assert 0.05 <= out.cost.cpu_s < 1.0


def test_every_scoring_of_validation_rows_is_in_the_seconds(classes):
    class Slow(nn.Module):
        def __init__(self):
            super().__init__()
            self.head = nn.Linear(4, 3)

        def forward(self, inputs):
            until = time.process_time() + (0.0 if self.training else 0.02)
            while time.process_time() < until:
                pass
            return self.head(inputs)

    out = fit(classes, Budget(epochs=2), model=lambda seed: Slow())
    assert out.cost.cpu_s >= 0.06  # after each of two passes, and at the end with all metrics


def test_patience_stops_and_brings_the_best_weights_back(classes):
    out = fit(classes, Budget(epochs=200, patience=2), step=TorchStep(0.5))
    assert out.cost.stopped == "patience"
    losses = curve(out, "log_loss")
    best = int(np.argmin(losses))
    assert out.info["best_epoch"] == best + 1
    assert len(losses) == best + 3
    assert out.info["validation/log_loss"] == pytest.approx(losses[best], rel=1e-6)


def test_patience_of_all_epochs_keeps_the_best_of_all(classes):
    out = fit(classes, Budget(epochs=10, patience=10), step=TorchStep(0.5), select="accuracy")
    assert out.cost.epochs == 10
    assert out.info["validation/accuracy"] == max(curve(out, "accuracy"))


def test_the_metrics_of_each_pass_are_chosen(classes):
    out = fit(classes, epoch_metrics=("auc", "brier"))
    assert {record.metric for record in out.records if record.split == "validation"} == {"auc", "brier", "log_loss"}
    assert "validation/calibration_error" in out.info


def test_a_watched_metric_is_recorded_by_pass_and_changes_nothing(classes):
    plain, watched = fit(classes, Budget(epochs=4)), fit(classes, Budget(epochs=4, watch="auc"))
    assert curve(plain, "auc") == []
    assert len(curve(watched, "auc")) == 4
    assert curve(watched, "auc")[-1] == watched.info["validation/auc"]
    assert same(plain, watched)
    assert [r for r in timeless(watched.records) if r[0] != "auc"] == timeless(plain.records)
    assert timeless(fit(classes, Budget(epochs=4, watch="r2")).records) == timeless(plain.records)


def test_without_validation_there_is_only_the_loss():
    source = class_source()
    del source.splits["validation"]
    source = SmallSource(source.splits, source.schema.target)
    out = fit(source)
    assert {record.split for record in out.records} == {"train"}
    assert dict(out.info) == {}
    with pytest.raises(ConfigError, match="validation"):
        fit(source, Budget(epochs=2, patience=1))


def test_options_that_do_not_fit(classes):
    with pytest.raises(ConfigError, match="Did you mean 'log_loss'"):
        fit(classes, select="logloss")
    with pytest.raises(ConfigError, match="batch_size"):
        fit(classes, batch_size=0)
    with pytest.raises(DataError, match="Split 'test2'"):
        fit(classes).predict(classes, "test2")


class Press(Hook):
    """Presses Ctrl-C after an update."""

    def __init__(self, at):
        self.at = at

    def on_step(self, run, info):
        if run.counters.steps == self.at:
            os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.parametrize("at", [2, 5, 8])
def test_ctrl_c_gives_a_usable_model_and_continues_later(classes, tmp_path, at):
    whole = fit(classes, model=dropping)
    before = signal.getsignal(signal.SIGINT)
    out = fit(classes, model=dropping, folder=tmp_path, hooks=(Press(at),))
    assert signal.getsignal(signal.SIGINT) is before
    assert (out.cost.stopped, out.cost.steps) == ("interrupted", at)
    assert np.isfinite(out.predict(classes, "test")).all()
    again = fit(classes, model=dropping, folder=tmp_path)
    assert (again.cost.stopped, again.cost.steps) == ("epochs", 15)
    assert timeless(again.records) == timeless(whole.records)
    assert same(again, whole)


@pytest.fixture
def heard():
    """Ctrl-C as a terminal gives it, also where the tests were started in the background, which ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heard")
@pytest.mark.parametrize("presses", [1, 2])
def test_ctrl_c_amid_a_save_waits_until_the_checkpoint_is_whole(classes, tmp_path, monkeypatch, presses):
    whole = fit(classes, model=dropping)
    write = checkpoint.write_json

    def pressed(path, value):
        for _ in range(presses):
            os.kill(os.getpid(), signal.SIGINT)
        write(path, value)

    monkeypatch.setattr(checkpoint, "write_json", pressed)
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):  # the one that is written at the end, when nobody listens any more
        fit(classes, model=dropping, folder=tmp_path)
    assert signal.getsignal(signal.SIGINT) is before
    monkeypatch.setattr(checkpoint, "write_json", write)
    assert json.loads((tmp_path / "checkpoint.json").read_text())["data"]["counters"]["steps"] == 15
    assert same(fit(classes, model=dropping, folder=tmp_path), whole)


def test_it_runs_outside_the_main_thread(classes):
    found = []
    thread = threading.Thread(target=lambda: found.append(fit(classes)))
    thread.start()
    thread.join()
    assert timeless(found[0].records) == timeless(fit(classes).records)


def test_a_finished_run_comes_back_at_once_and_goes_on_with_a_larger_budget(classes, tmp_path):
    first = fit(classes, folder=tmp_path)
    again = fit(classes, folder=tmp_path)
    assert again.records == first.records
    assert again.cost.steps == first.cost.steps
    assert same(first, again)
    longer = fit(classes, Budget(epochs=5), folder=tmp_path)
    assert timeless(longer.records) == timeless(fit(classes, Budget(epochs=5)).records)


def test_best_weights_survive_a_resume(classes, tmp_path):
    budget, step = Budget(epochs=30, patience=3), TorchStep(0.3)
    whole = fit(classes, budget, step=step)
    steps = whole.cost.steps
    assert whole.info["best_steps"] < steps
    fit(classes, budget, step=step, folder=tmp_path, hooks=(Press(steps - 2),))
    again = fit(classes, budget, step=step, folder=tmp_path)
    assert same(whole, again)
    assert timeless(whole.records) == timeless(again.records)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seed": 1}, "seed is 0 in the checkpoint and 1 here"),
        ({"batch_size": 16}, "batch_size is 32"),
        ({"step": TorchStep(0.5)}, "step.learning_rate is 0.02 in the checkpoint and 0.5 here"),
        ({"model": lambda seed: small(seed, 4, 3, dropout=0.5)}, "model.data.model"),
        ({"model": lambda seed: small(seed)[:3]}, "model.arrays"),
        ({"select": "accuracy"}, "select is 'log_loss'"),
    ],
)
def test_another_runs_checkpoint_is_refused(classes, tmp_path, change, message):
    fit(classes, folder=tmp_path)
    with pytest.raises(CheckpointError, match=message):
        fit(classes, folder=tmp_path, **change)


def test_a_full_disk_stops_with_the_previous_checkpoint_intact(classes, tmp_path, monkeypatch):
    import errno
    from pathlib import Path

    whole, write = fit(classes), Path.write_bytes

    def fill(path, blob):
        if "checkpoint-7" in path.name:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(path, blob)

    monkeypatch.setattr(Path, "write_bytes", fill)
    with pytest.raises(CheckpointError, match="No space left"):
        fit(classes, folder=tmp_path, checkpoint_every_steps=1)
    monkeypatch.undo()
    again = fit(classes, folder=tmp_path)
    assert same(again, whole)
    assert timeless(again.records) == timeless(whole.records)


def test_divergence_names_the_update_and_keeps_the_last_checkpoint(tmp_path):
    source = class_source()
    inputs = source.splits["train"][0]
    inputs[77] = 3e38  # finite, so it passes the look before training
    with pytest.raises(DivergedError, match=r"Update \d.*learning rate 0\.02.*32 rows of 'train' \(rows") as caught:
        fit(source, folder=tmp_path, checkpoint_every_steps=1, model=lambda seed: _squaring(seed))
    assert isinstance(caught.value, FloatingPointError)
    assert "last checkpoint stands" in str(caught.value)


def _squaring(seed):
    from torch import nn

    class Square(nn.Module):
        def forward(self, inputs):
            return inputs * inputs

    return nn.Sequential(Square(), small(seed))


def test_a_schedule_is_stretched_over_the_budget(classes):
    rates = []
    fit(
        classes, step=TorchStep(0.02, schedule="cosine"), hooks=(lambda run, info: rates.append(info["learning_rate"]),)
    )
    assert rates[0] == 0.02
    assert rates[-1] == pytest.approx(0.01 * (1 + np.cos(np.pi * 14 / 15)))


class Stream(SmallSource):
    """A source that does not know its length."""

    @property
    def schema(self):
        import dataclasses

        return dataclasses.replace(self._schema, sizes={**self._schema.sizes, "train": None})


def test_a_stream_trains_by_updates():
    whole = class_source()
    out = fit(Stream(whole.splits, whole.schema.target), Budget(epochs=4, steps=7))
    assert (out.cost.steps, out.cost.stopped) == (7, "steps")
    empty = {**whole.splits, "train": (np.zeros((0, 4), np.float32), np.zeros(0, int))}
    with pytest.raises(DataError, match="no batch"):
        fit(Stream(empty, whole.schema.target))
