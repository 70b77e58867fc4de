"""Scores of our own records computed again from the predictions that are kept beside them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np

from qml.base.words import plural
from qml.bench.cell import CellResult
from qml.bench.finding import Finding
from qml.bench.judged import blocks_of
from qml.bench.scale import listed
from qml.bench.summary import Summary
from qml.learn.task import Metric

TOLERANCE = 1e-5  # two machines may add up the same single-precision numbers in another order
SPLITS = ("validation", "test")


def scores_of_predictions(s: Summary) -> Iterator[Finding]:
    """Scores that are not those of the predictions kept beside them.

    Asked of every kept metric of both splits (of failed cells too, which count with the score of a constant answer),
    of the score by which the chosen trial was chosen, and of values that the interval over test rows is made of.
    """
    own: set[str] = set()
    checked, wrong, bare = 0, [], []
    for cell in (cell for arm in s.arms for cell in arm.every):
        name = f"{cell.cell.arm.title}, seed {cell.cell.seed}"
        for split in SPLITS:
            said, given = cell.counted.get(split, {}), computed_again(cell, split)
            if given is None:
                bare += [f"{name}, {split}"] if said else []
                continue
            own |= said.keys() - given.keys()
            pairs = list(_pairs(cell, split, s.protocol.rank, given))
            checked += len(pairs)
            wrong += [
                f"{name}: {split} {pair.label} {pair.said:.6g}, its predictions give {pair.given:.6g}"
                for pair in pairs
                if not _agree(pair, cell.metric_facts.get(pair.metric, {}).get("unit"))
            ]
    yield from _told(checked, wrong, bare, own)


def _told(checked: int, wrong: list[str], bare: list[str], own: set[str]) -> Iterator[Finding]:
    """The findings: what does not agree, what could not be asked, and how much was."""
    if wrong:
        yield Finding(
            "severe",
            f"{plural(len(wrong), 'score')} that the predictions do not give",
            "The number in the record is not that of the predictions kept with it.",
            "; ".join(wrong[:3]) + (f"; and {len(wrong) - 3} more" if len(wrong) > 3 else ""),
            "The record was changed, or scored on other rows. Run these cells again.",
        )
    elif checked:
        text = f"{plural(checked, 'score')} computed again from the predictions kept with them."
        yield Finding("pass", "Scores are those of the predictions", text)
    if bare:
        text = "Whether their scores are right cannot be told from the record."
        yield Finding(
            "warn", f"{plural(len(bare), 'split')} without a kept prediction for each row", text, listed(bare[:3])
        )
    if own:
        text = "Metrics of a task's own have no definition here, so their scores were not computed again."
        yield Finding("note", f"Not computed again: {listed(sorted(own))}", text)


def computed_again(cell: CellResult, split: str) -> Mapping[str, float] | None:
    """The kept metrics of a split from its kept predictions, by name; NaN where one is not defined for these rows.

    Metrics mean what `qml.learn.metrics` says of their names; those with other names are left out.

    Args:
        cell: finished or failed.
        split: "validation" or "test".

    Returns:
        None where targets or predictions are not kept, or are not as many.
    """
    targets, answers = cell.arrays.get(f"{split}_targets"), cell.arrays.get(f"{split}_predictions")
    if targets is None or answers is None or len(targets) != len(answers) or not len(targets):
        return None
    said = cell.counted.get(split, {})
    return {name: metric.compute(answers, targets) for name, metric in _known(answers).items() if name in said}


def _known(answers: np.ndarray) -> Mapping[str, Metric]:
    """Metrics by name that can be computed of probabilities `(N, C)` or numbers `(N,)`."""
    from qml.learn.metrics import class_metrics, number_metrics  # scikit-learn is loaded when metrics are computed

    known = class_metrics(answers.shape[1]) if np.ndim(answers) == 2 else number_metrics()
    return {metric.name: metric for metric in known}


class _Pair(NamedTuple):
    """A kept number, what it is called, of which metric it is, and the same number computed again."""

    label: str
    metric: str
    said: float
    given: float


def _pairs(cell: CellResult, split: str, rank: str, given: Mapping[str, float]) -> Iterator[_Pair]:
    """Every number of a split that its kept predictions give: scores, the score of choice, values of the interval.

    An interval over test rows is made of the ranking metric with one block of rows left out at a time. Three blocks
    are asked: values that were made otherwise differ in all of them.
    """
    yield from (_Pair(metric, metric, cell.counted[split][metric], found) for metric, found in given.items())
    if rank not in given:
        return
    if split == "validation":
        if cell.best is not None and cell.best.score is not None:
            yield _Pair(f"{rank} of trial {cell.best.number}", rank, cell.best.score, given[rank])
        return
    targets, answers = cell.arrays["test_targets"], cell.arrays["test_predictions"]
    kept, block, metric = cell.arrays.get("test_left_out", ()), blocks_of(len(targets)), _known(answers)[rank]
    for number in sorted({0, len(kept) // 2, len(kept) - 1}) if len(kept) else ():
        stay = block != number
        found = metric.compute(answers[stay], targets[stay])
        yield _Pair(f"{rank} without block {number}", rank, float(kept[number]), found)


def _agree(pair: _Pair, unit: str | None) -> bool:
    """Whether two numbers are one score, but for the order of sums; in units of the target by size alone."""
    return math.isclose(pair.said, pair.given, rel_tol=TOLERANCE, abs_tol=0.0 if unit == "target" else TOLERANCE)
