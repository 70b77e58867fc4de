"""Score as a function of budget: what a contestant had reached after its first trial, its first two, and so on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from qml.bench.budget import best_trial
from qml.bench.cell import BudgetPoint, Trial


def best_finished(trials: Sequence[Trial], higher_is_better: bool) -> int | None:
    """Number of the finished trial with the best validation score; a failed one is never chosen; None when all failed.

    Example:
        >>> tried = [Trial(0, {}, 0, "failed", 0.5), Trial(1, {}, 0, "finished", 0.4)]
        >>> best_finished(tried, higher_is_better=True)
        1
    """
    scores = [trial.score if trial.status == "finished" else None for trial in trials]
    return best_trial(scores, higher_is_better)


def leaders(trials: Sequence[Trial], higher_is_better: bool) -> tuple[int | None, ...]:
    """Which trial led after each trial; None while none had finished.

    Example:
        >>> tried = [Trial(i, {}, 0, "finished", score) for i, score in enumerate((0.4, 0.6, 0.5))]
        >>> leaders(tried, higher_is_better=True)
        (0, 1, 1)
    """
    return tuple(best_finished(trials[: count + 1], higher_is_better) for count in range(len(trials)))


def budget_curve(
    trials: Sequence[Trial], higher_is_better: bool, chance: float, tested: Mapping[int | None, float | None]
) -> tuple[BudgetPoint, ...]:
    """One point a trial, in the order in which they were tried.

    Args:
        trials: all of a cell.
        higher_is_better: of the ranking metric.
        chance: validation value of the constant prediction, which stands while no trial has finished.
        tested: number of a trial that led -> its test value; under None that of the constant prediction.

    Returns:
        As many points as trials; CPU seconds and circuit evaluations only grow.
    """
    points, cpu_s, evaluations = [], 0.0, 0.0
    for trial, leader in zip(trials, leaders(trials, higher_is_better), strict=True):
        cpu_s += float(trial.cost.get("cpu_s", 0.0))
        evaluations += trial.evaluations
        score = None if leader is None else trials[leader].score
        best = chance if score is None else score
        points.append(BudgetPoint(trial.number + 1, cpu_s, evaluations, best, tested.get(leader)))
    return tuple(points)
