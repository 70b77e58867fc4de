"""What is reached by looking at no input: one answer for every row, from the training targets alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from qml.bench.facts import targets
from qml.data.source import Source
from qml.learn.task import Metric


def constant_answer(source: Source) -> np.ndarray:
    """Shares of the classes `(C,)` among the training targets, or their mean `()`.

    Args:
        source: with a labelled training split.

    Raises:
        DataError: there are no training targets.

    Example:
        >>> from qml.data import ArraySource
        >>> source = ArraySource.from_arrays(np.arange(20.0)[:, None], np.repeat([0, 1, 1, 1], 5))
        >>> constant_answer(source)
        array([0.25, 0.75])
    """
    found, target = targets(source, "train"), source.schema.target
    if target is None or target.kind != "classes":
        return np.asarray(np.mean(found, dtype=np.float64))
    return np.bincount(found, minlength=target.n_classes) / len(found)


def repeated(answer: np.ndarray, rows: int) -> np.ndarray:
    """The same answer for every row: probabilities `(N, C)` or numbers `(N,)`."""
    return np.broadcast_to(answer, (rows, *answer.shape)).copy()


def finite_scores(metrics: Iterable[Metric], found: np.ndarray, wanted: np.ndarray) -> Mapping[str, float]:
    """Each metric that is defined for these rows, by name; one that is not finite is left out.

    Args:
        metrics: to compute.
        found: predictions, `(N, C)` or `(N,)`.
        wanted: targets, `(N,)`.
    """
    values = {metric.name: float(metric.compute(found, wanted)) for metric in metrics}
    return {name: value for name, value in values.items() if np.isfinite(value)}


def chance_scores(answer: np.ndarray, metrics: Iterable[Metric], wanted: np.ndarray) -> Mapping[str, float]:
    """Metrics of the constant answer on rows with the targets `wanted`, `(N,)`."""
    return finite_scores(metrics, repeated(answer, len(wanted)), wanted)
