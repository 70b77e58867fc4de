"""Beside a mean: median, quartiles, and how many runs never left the class prior, which a mean hides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from qml.base.errors import ShapeError


@dataclass(frozen=True)
class Spread:
    """Scores of the runs of one arm, in the units of the metric.

    Args:
        runs: how many.
        mean, median: of their scores.
        lower, upper: quartiles.
        middle: mean of the middle half (interquartile mean), which some dead runs do not move.
        least, greatest: the worst and best number as numbers, whichever way is good.
        stuck: runs that never left the class prior; None where nobody looked.
    """

    runs: int
    mean: float
    median: float
    lower: float
    upper: float
    middle: float
    least: float
    greatest: float
    stuck: int | None = None


def spread(values: np.ndarray | Sequence[float], stuck: int | None = None) -> Spread:
    """Mean, median, quartiles and ends of scores.

    Args:
        values: `(J,)`, one a run.
        stuck: how many of the runs never left the class prior; see `is_stuck`.

    Raises:
        ShapeError: no values, one that is not finite, or more stuck runs than runs.

    Example:
        >>> dead = spread([0.54, 0.97, 0.98, 0.99, 0.98], stuck=1)
        >>> round(dead.mean, 3), dead.median, dead.stuck
        (0.892, 0.98, 1)
    """
    found = np.asarray(values, dtype=np.float64)
    if found.ndim != 1 or not len(found) or not np.isfinite(found).all():
        raise ShapeError(f"A spread needs one finite number a run, at least one; got shape {found.shape}.")
    if stuck is not None and not 0 <= stuck <= len(found):
        raise ShapeError(f"A spread of {len(found)} runs was told that {stuck} are stuck.")
    lower, median, upper = (float(q) for q in np.quantile(found, (0.25, 0.5, 0.75)))
    middle = float(stats.trim_mean(found, 0.25))
    ends = float(found.min()), float(found.max())
    return Spread(len(found), float(found.mean()), median, lower, upper, middle, *ends, stuck)


def is_stuck(predictions: np.ndarray) -> bool:
    """Whether a run gives every row the same answer: it has learnt the class prior, or a constant, and no more.

    Args:
        predictions: probabilities or decision values of classes `(N, C)`, or numbers `(N,)`.

    Raises:
        ShapeError: another shape, or no rows.

    Example:
        >>> is_stuck(np.array([[0.6, 0.4], [0.9, 0.1]])), is_stuck(np.array([[0.6, 0.4], [0.1, 0.9]]))
        (True, False)
    """
    predictions = np.asarray(predictions)
    if predictions.ndim not in (1, 2) or not len(predictions):
        raise ShapeError(f"is_stuck got predictions of shape {predictions.shape}; it needs (N, C) or (N,), N >= 1.")
    answers = predictions.argmax(axis=1) if predictions.ndim == 2 else predictions
    return bool((answers == answers[0]).all())


def stuck_at(values: np.ndarray | Sequence[float], prior: float, rows: int) -> int:
    """How many accuracies are those of answering the class prior; for tables that hold no predictions.

    A run with some other answers may happen to have the same accuracy: with predictions use `is_stuck`.

    Args:
        values: accuracies `(J,)`.
        prior: share of the most frequent class among the test rows.
        rows: test rows; accuracies within half a row of the prior are stuck.

    Example:
        >>> stuck_at([0.5366, 0.9804, 0.5366, 0.9917], prior=0.5366, rows=2115)
        2
    """
    if rows < 1 or not 0 <= prior <= 1:
        raise ShapeError(f"stuck_at got prior={prior} and rows={rows}; it needs a share and at least one row.")
    return int((np.abs(np.asarray(values, dtype=np.float64) - prior) < 0.5 / rows).sum())
