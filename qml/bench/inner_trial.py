"""A trial judged by inner folds: one fit in each, all of them within the budget of one trial."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from qml.bench.cell import EVALUATIONS, Trial, plain
from qml.bench.facts import targets
from qml.bench.fitting import Judged
from qml.bench.working import keep, kept
from qml.data.source import Source
from qml.learn.fit import Budget

LEAST = 0.05
SUMMED = ("cpu_s", "wall_s", "steps", "epochs", "rows")
LARGEST = ("peak_bytes", "grown_bytes")
BY_ITSELF = ("converged", "steps")
Judge = Callable[[Source, Budget, Path, np.ndarray], Judged]


def judge_folds(trial: Trial, rank: str, folds: Sequence[Source], budget: Budget, folder: Path, judge: Judge) -> Trial:
    """Fit and judge in every fold; a fold that is done is read back.

    Each fold may spend an equal part of what is left of the CPU seconds, and never less than a twentieth of its
    equal share, so that one that cannot be stopped does not leave the next without any.

    Args:
        trial: which setting, with its seed.
        rank: metric whose mean over the folds is the score.
        folds: with "train" and "validation".
        budget: of the whole trial.
        folder: of the trial.
        judge: fits in one fold.

    Returns:
        The trial with the mean of every metric that all folds give, sums of costs (memory: the largest), and the
        score of each fold.

    Raises:
        QmlError: a fold failed, as `fit_and_judge` says.
    """
    found = []
    for number, fold in enumerate(folds):
        done = folder / f"fold-{number}.json"
        entry = kept(done)
        if entry is None:
            place = folder / "fit" / str(number)
            place.mkdir(parents=True, exist_ok=True)
            spent = sum(entry["cost"]["cpu_s"] for entry in found)
            part = part_of(budget, spent, len(folds) - number, len(folds))
            judged = judge(fold, part, place, targets(fold, "validation"))
            entry = plain(_entry(judged))
            keep(done, entry)
            shutil.rmtree(place, ignore_errors=True)
        found.append(entry)
    means = _means([entry["validation"] for entry in found])
    return replace(
        trial,
        score=means[rank],
        validation=means,
        cost=_cost([entry["cost"] for entry in found], budget),
        parameters=found[-1]["parameters"],
        info=_info([entry["info"] for entry in found]),
        folds=tuple(entry["validation"][rank] for entry in found),
    )


def part_of(budget: Budget, spent: float, left: int, folds: int) -> Budget:
    """What the next fold may spend, when `left` of the `folds` are still to come.

    Example:
        >>> part_of(Budget(cpu_s=9.0), spent=5.0, left=2, folds=3).cpu_s
        2.0
        >>> part_of(Budget(), spent=5.0, left=2, folds=3).cpu_s is None
        True
    """
    if budget.cpu_s is None:
        return budget
    return replace(budget, cpu_s=max((budget.cpu_s - spent) / left, LEAST * budget.cpu_s / folds))


def _entry(judged: Judged) -> dict[str, Any]:
    """What is kept of one fold."""
    fitted = judged.fitted
    info = {key: float(value) for key, value in fitted.info.items()}
    return {"validation": judged.scores, "cost": judged.cost, "parameters": fitted.parameters, "info": info}


def _means(scores: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """The mean of every number that all folds give."""
    shared = [key for key in scores[0] if all(key in other for other in scores)]
    return {key: float(np.mean([entry[key] for entry in scores])) for key in shared}


def _info(entries: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Means of what the fits gave of themselves; circuit evaluations are added."""
    counted = [entry[EVALUATIONS] for entry in entries if EVALUATIONS in entry]
    return _means(entries) | ({EVALUATIONS: float(sum(counted))} if counted else {})


def _cost(costs: Sequence[Mapping[str, Any]], budget: Budget) -> dict[str, Any]:
    """Sums over the folds; of memory the largest, and what ended the last fit.

    A fit that ended by itself has not met its part of the budget, whatever its part was; the whole may have.
    """
    total: dict[str, Any] = {key: sum(cost[key] for cost in costs) for key in SUMMED}
    for key in LARGEST:
        measured = [cost[key] for cost in costs if cost.get(key) is not None]
        total[key] = max(measured) if measured else None
    cut = any(cost["capped"] and cost["stopped"] not in BY_ITSELF for cost in costs)
    capped = cut or (budget.cpu_s is not None and total["cpu_s"] > budget.cpu_s)
    return {**total, "capped": capped, "stopped": "cpu_s" if cut else costs[-1]["stopped"]}
