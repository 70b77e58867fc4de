"""Metrics against torchmetrics, an implementation of its own, and the rule for splits that miss a class."""

import math

import numpy as np
import pytest
import torch
import torchmetrics.functional as tm
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from qml.base.errors import ShapeError
from qml.learn.metrics import area_by_ranks, class_metrics, number_metrics, scores


def probabilities(n, n_classes, seed=0):
    rng = np.random.default_rng(seed)
    raw = np.exp(rng.normal(size=(n, n_classes)) * 2)
    return (raw / raw.sum(1, keepdims=True)).astype(np.float32), rng.integers(0, n_classes, n)


@pytest.mark.parametrize("n_classes", [2, 4])
def test_class_metrics_agree_with_torchmetrics(n_classes):
    p, y = probabilities(300, n_classes)
    ours = scores(class_metrics(n_classes), p, y)
    many = {"task": "multiclass", "num_classes": n_classes}
    both = (torch.tensor(p), torch.tensor(y))
    expected = {
        "accuracy": tm.accuracy(*both, **many, average="micro"),
        "balanced_accuracy": tm.accuracy(*both, **many, average="macro"),
        "calibration_error": tm.calibration_error(*both, **many, n_bins=15),
    }
    if n_classes == 2:
        two = (torch.tensor(p[:, 1]), torch.tensor(y))
        expected["auc"] = tm.auroc(*two, task="binary")
        expected["average_precision"] = tm.average_precision(*two, task="binary")
        expected["brier"] = np.mean((p[:, 1] - y) ** 2)
    else:
        expected["auc"] = tm.auroc(*both, **many)
        expected["average_precision"] = tm.average_precision(*both, **many)
        expected["brier"] = np.mean(((p - np.eye(n_classes)[y]) ** 2).sum(1))
    expected["log_loss"] = -np.mean(np.log(p[np.arange(300), y]))
    assert ours == pytest.approx({name: float(value) for name, value in expected.items()}, abs=1e-5)


def test_number_metrics_agree_with_torchmetrics():
    rng = np.random.default_rng(0)
    y = rng.normal(size=50).astype(np.float32)
    found = (y + rng.normal(size=50) * 0.3).astype(np.float32)
    ours = scores(number_metrics(), found, y)
    both = (torch.tensor(found), torch.tensor(y))
    expected = {
        "r2": tm.r2_score(*both),
        "rmse": tm.mean_squared_error(*both, squared=False),
        "mae": tm.mean_absolute_error(*both),
    }
    assert ours == pytest.approx({name: float(value) for name, value in expected.items()}, abs=1e-5)


def test_a_missing_class_is_left_out_of_means():
    p, y = probabilities(100, 4)
    y = y % 3
    ours = scores(class_metrics(4), p, y)
    found = p.argmax(1)
    assert ours["balanced_accuracy"] == pytest.approx(np.mean([np.mean(found[y == c] == c) for c in range(3)]))
    each = [float(tm.auroc(torch.tensor(p[:, c]), torch.tensor((y == c).astype(int)), task="binary")) for c in range(3)]
    assert ours["auc"] == pytest.approx(np.mean(each), abs=1e-6)


def test_what_is_not_defined_is_left_out():
    p, _ = probabilities(5, 3)
    one = scores(class_metrics(3), p, np.zeros(5, int))
    assert set(one) == {"accuracy", "balanced_accuracy", "log_loss", "brier", "calibration_error"}
    assert set(scores(number_metrics(), np.arange(3.0), np.ones(3))) == {"rmse", "mae"}
    assert scores(number_metrics(), np.zeros(0), np.zeros(0)) == {}
    assert math.isnan(class_metrics(3)[2].compute(p, np.zeros(5, int)))


def test_certain_and_wrong_is_finite():
    p = np.array([[1.0, 0.0], [0.0, 1.0]], np.float32)
    assert scores(class_metrics(2), p, np.array([1, 1]))["log_loss"] == pytest.approx(-math.log(2**-23) / 2)


def test_the_first_metric_ranks():
    assert class_metrics(2)[0].name == "accuracy"
    assert class_metrics(2, balanced=True)[0].name == "balanced_accuracy"
    assert number_metrics()[0].name == "r2"


def test_lengths_must_agree():
    with pytest.raises(ShapeError, match="3 and 2"):
        scores(number_metrics(), np.zeros(3), np.zeros(2))


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 60), st.integers(1, 4), st.integers(0, 10_000))
def test_the_area_by_ranks_is_scikit_learns_also_with_ties(rows, steps, seed):
    rng = np.random.default_rng(seed)
    positive = rng.permutation(rows) < rng.integers(1, rows)
    scores = rng.integers(0, steps * 3, rows) / 7
    assert area_by_ranks(positive, scores) == pytest.approx(roc_auc_score(positive, scores), abs=1e-12)
