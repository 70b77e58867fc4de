"""Metrics of a whole split, by scikit-learn where it has them; one clear rule for a split that misses a class.

The rule: a metric that compares classes is the mean over the classes that the split holds; where the split holds
too little to define it (AUC with one class, R2 of a constant) it is NaN, and `scores` leaves it out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import numpy as np

from qml.base.errors import ShapeError
from qml.base.extras import require

require("sklearn", extra="train", purpose="qml.learn.metrics")
from scipy.stats import rankdata
from sklearn import metrics as sk

from qml.learn.task import Metric

CALIBRATION_BINS = 15


def class_metrics(n_classes: int, *, balanced: bool = False) -> tuple[Metric, ...]:
    """Metrics of probabilities `(N, C)` against labels `(N,)`; `balanced` puts balanced accuracy first."""
    by_accuracy = [Metric("accuracy", accuracy, True), Metric("balanced_accuracy", balanced_accuracy, True)]
    if balanced:
        by_accuracy.reverse()
    return (
        *by_accuracy,
        Metric("auc", auc, True),
        Metric("average_precision", average_precision, True),
        Metric("log_loss", log_loss, False, unit="nats"),
        Metric("brier", brier, False, unit="" if n_classes == 2 else "0..2"),
        Metric("calibration_error", calibration_error, False),
    )


def number_metrics() -> tuple[Metric, ...]:
    """Metrics of predicted numbers `(N,)` against true numbers `(N,)`."""
    return (
        Metric("r2", r2, True),
        Metric("rmse", rmse, False, unit="target"),
        Metric("mae", mae, False, unit="target"),
    )


def scores(metrics: Iterable[Metric], predictions: np.ndarray, targets: np.ndarray) -> dict[str, float]:
    """Each metric that is defined for these rows, by name; an undefined one (NaN) is left out.

    Raises:
        ShapeError: not as many predictions as targets.

    Example:
        >>> scores(class_metrics(2)[:3], np.array([[0.9, 0.1], [0.6, 0.4]]), np.array([0, 0]))
        {'accuracy': 1.0, 'balanced_accuracy': 1.0}
    """
    if len(predictions) != len(targets):
        raise ShapeError(f"Metrics need a prediction for each target; got {len(predictions)} and {len(targets)}.")
    if len(targets) == 0:
        return {}
    values = {metric.name: float(metric.compute(predictions, targets)) for metric in metrics}
    return {name: value for name, value in values.items() if not math.isnan(value)}


def accuracy(probabilities_NC: np.ndarray, labels_N: np.ndarray) -> float:
    """Share of rows whose most probable class is the right one."""
    return float(np.mean(probabilities_NC.argmax(axis=1) == labels_N))


def balanced_accuracy(probabilities_NC: np.ndarray, labels_N: np.ndarray) -> float:
    """Mean over the classes of the split of the share of their rows that is found (macro recall)."""
    found = probabilities_NC.argmax(axis=1)
    return float(sk.recall_score(labels_N, found, labels=np.unique(labels_N), average="macro"))


def auc(probabilities_NC: np.ndarray, labels_N: np.ndarray) -> float:
    """Area under the ROC curve; for more than two classes the mean of one-against-rest over the classes of the split.

    NaN when the split holds a single class.
    """
    return _one_against_rest(area_by_ranks, probabilities_NC, labels_N)


def area_by_ranks(positive_N: np.ndarray, scores_N: np.ndarray) -> float:
    """Share of pairs of a positive and another row that the scores put in order; a tie counts half.

    The same number as the area under the ROC curve, from ranks: it is computed once for each block of test rows that
    is left out, where scikit-learn's checks of its arguments would take most of the time of a small cell.

    Args:
        positive_N: `(N,)` booleans, some of each.
        scores_N: `(N,)` numbers.

    References:
        Hanley and McNeil, Radiology 143, 29 (1982).

    Example:
        >>> area_by_ranks(np.array([False, True, False, True]), np.array([0.1, 0.4, 0.4, 0.8]))
        0.875
    """
    n_positive = int(np.count_nonzero(positive_N))
    below = float(rankdata(scores_N)[positive_N].sum()) - n_positive * (n_positive + 1) / 2
    return below / (n_positive * (len(scores_N) - n_positive))


def average_precision(probabilities_NC: np.ndarray, labels_N: np.ndarray) -> float:
    """Area under the precision-recall curve as a sum of steps; averaged over classes as `auc` is."""
    return _one_against_rest(sk.average_precision_score, probabilities_NC, labels_N)


def log_loss(probabilities_NC: np.ndarray, labels_N: np.ndarray) -> float:
    """Mean of -log p[label], in nats; probabilities are clipped to the resolution of their dtype."""
    p_N = probabilities_NC[np.arange(len(labels_N)), labels_N]
    floor = np.finfo(probabilities_NC.dtype).eps
    return float(-np.mean(np.log(np.clip(p_N, floor, 1.0), dtype=np.float64)))


def brier(probabilities_NC: np.ndarray, labels_N: np.ndarray) -> float:
    """Mean squared distance of the probabilities from the one-hot label; halved for two classes, as is usual."""
    error_NC = probabilities_NC.astype(np.float64)
    error_NC[np.arange(len(labels_N)), labels_N] -= 1.0
    whole = float(np.mean(np.sum(error_NC**2, axis=1)))
    return whole / 2 if probabilities_NC.shape[1] == 2 else whole


def calibration_error(probabilities_NC: np.ndarray, labels_N: np.ndarray) -> float:
    """Expected calibration error of the most probable class.

        ECE = sum_bins share_of_rows * |accuracy - mean confidence|,   15 bins of equal width

    It favours models that are never sure; read it beside the log-loss.

    References:
        Guo et al., On calibration of modern neural networks, ICML (2017).
    """
    confidence_N = probabilities_NC.max(axis=1).astype(np.float64)
    hit_N = probabilities_NC.argmax(axis=1) == labels_N
    bin_N = np.clip(np.ceil(confidence_N * CALIBRATION_BINS).astype(int) - 1, 0, CALIBRATION_BINS - 1)
    gap_per_bin = np.bincount(bin_N, weights=hit_N - confidence_N, minlength=CALIBRATION_BINS)
    return float(np.abs(gap_per_bin).sum() / len(labels_N))


def r2(numbers_N: np.ndarray, targets_N: np.ndarray) -> float:
    """Share of the variance explained; NaN when all targets are equal or there is one row."""
    if np.ptp(targets_N) == 0:
        return math.nan
    return float(sk.r2_score(targets_N, numbers_N))


def rmse(numbers_N: np.ndarray, targets_N: np.ndarray) -> float:
    """Root of the mean squared error, in units of the target."""
    return float(sk.root_mean_squared_error(targets_N, numbers_N))


def mae(numbers_N: np.ndarray, targets_N: np.ndarray) -> float:
    """Mean absolute error, in units of the target."""
    return float(sk.mean_absolute_error(targets_N, numbers_N))


def _one_against_rest(score: Callable, probabilities_NC: np.ndarray, labels_N: np.ndarray) -> float:
    """Score of class 1 for two classes, else the mean over the classes that the split holds; NaN for one class."""
    present = np.unique(labels_N)
    if len(present) < 2:
        return math.nan
    if probabilities_NC.shape[1] == 2:
        present = present[-1:]
    return float(np.mean([score(labels_N == label, probabilities_NC[:, label]) for label in present]))
