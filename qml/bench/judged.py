"""What is read off a cell once every choice is made: test targets are opened here and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from qml.base.seeds import generator
from qml.bench.budget_curve import budget_curve, leaders
from qml.bench.cell import BudgetPoint, Trial
from qml.bench.chance import chance_scores, finite_scores, repeated
from qml.bench.facts import row_numbers, targets
from qml.bench.trial import REFIT, TrialRunner
from qml.learn.record import Record
from qml.learn.task import Metric

BLOCKS = 100
Truth = Mapping[str, np.ndarray]
Scores = Mapping[str, Mapping[str, float]]


def judged(
    runner: TrialRunner,
    rank: Metric,
    answer: np.ndarray,
    trials: tuple[Trial, ...],
    chosen: int | None,
    refit: Trial | None,
) -> dict[str, Any]:
    """Scores, chance, the curve over budget, records and arrays of a cell, by their names in a `CellResult`.

    Args:
        runner: of the trials.
        rank: the ranking metric.
        answer: of the constant prediction, `(C,)` shares or a number `()`.
        trials: all of the cell.
        chosen: number of the one that was chosen; None where the cell failed.
        refit: the last fit of its setting, after inner folds.
    """
    truth = {"validation": runner.targets, "test": targets(runner.source, "test")}
    if chosen is None:
        found = {split: repeated(answer, len(wanted)) for split, wanted in truth.items()}
    else:
        found = runner.predictions(chosen if refit is None else REFIT)
    scores = {split: finite_scores(runner.metrics, found[split], wanted) for split, wanted in truth.items()}
    chance = {split: chance_scores(answer, runner.metrics, wanted) for split, wanted in truth.items()}
    return {
        "metrics": {} if chosen is None else scores,
        "chance": chance,
        "budget_curve": _curve(runner, rank, trials, truth["test"], chance, refit),
        "records": _records(runner, trials, refit),
        "arrays": _arrays(runner, rank, found, truth),
    }


def _curve(
    runner: TrialRunner,
    rank: Metric,
    trials: tuple[Trial, ...],
    on_test: np.ndarray,
    chance: Scores,
    refit: Trial | None,
) -> tuple[BudgetPoint, ...]:
    """Score by budget; test values of those that led on the way, for the curve alone."""
    tested: dict[int | None, float | None] = {None: chance["test"].get(rank.name)}
    for leader in {number for number in leaders(trials, rank.higher_is_better) if number is not None}:
        whole = not runner.folds
        if whole or (refit is not None and refit.status == "finished" and refit.number == leader):
            predicted = runner.predictions(leader if whole else REFIT)["test"]
            tested[leader] = finite_scores((rank,), predicted, on_test).get(rank.name)
    return budget_curve(trials, rank.higher_is_better, runner.chance, tested)


def _records(runner: TrialRunner, trials: tuple[Trial, ...], refit: Trial | None) -> tuple[tuple[int, Record], ...]:
    """Rows of training with the number of their trial; with inner folds those of the last fit alone."""
    if refit is not None:
        return tuple((refit.number, record) for record in runner.records(REFIT))
    return tuple((trial.number, record) for trial in trials for record in runner.records(trial.number))


def _arrays(runner: TrialRunner, rank: Metric, found: Truth, truth: Truth) -> dict[str, np.ndarray]:
    """Targets and predictions of both splits, which rows were tested, and the jackknife values."""
    arrays = {f"{split}_targets": wanted for split, wanted in truth.items()}
    arrays |= {f"{split}_predictions": found[split] for split in truth}
    numbers = row_numbers(runner.source, "test")
    if numbers is not None:
        arrays["test_rows"] = numbers
    arrays["test_left_out"] = left_out(rank, found["test"], truth["test"])
    return arrays


def blocks_of(rows: int, blocks: int = BLOCKS) -> np.ndarray:
    """The block of each test row `(N,)`, from 0 to min(blocks, N) - 1; a function of their number alone.

    Example:
        >>> np.bincount(blocks_of(7, blocks=3)).tolist()
        [3, 2, 2]
    """
    return generator(0, "blocks", rows).permutation(rows) % min(blocks, max(1, rows))


def left_out(metric: Metric, found: np.ndarray, wanted: np.ndarray, blocks: int = BLOCKS) -> np.ndarray:
    """The metric with one block of rows left out at a time, for the jackknife over test rows.

    The blocks depend on the number of rows only, so two contestants on the same rows can be compared block
    by block.

    Args:
        metric: computed on the rows that stay.
        found: predictions `(N, C)` or `(N,)`.
        wanted: targets `(N,)`.
        blocks: how many blocks, at most N.

    Returns:
        `(G,)` values, G = min(blocks, N); empty when the metric is not defined on some of them.
    """
    block = blocks_of(len(wanted), blocks)
    values = []
    for number in range(min(blocks, len(wanted)) if len(wanted) > 1 else 0):
        stay = block != number
        try:
            values.append(float(metric.compute(found[stay], wanted[stay])))
        except ValueError:  # such as an area under the curve with one class left
            return np.zeros(0)
    result = np.array(values)
    return result if np.isfinite(result).all() else np.zeros(0)
