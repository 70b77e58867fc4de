"""Scores of our own records computed again from the predictions that are kept beside them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import numpy as np

from qml.bench.cell import CellResult
from qml.bench.finding import Finding
from qml.bench.scale import listed, plural
from qml.bench.summary import Summary

TOLERANCE = 1e-5  # two machines may add up the same single-precision numbers in another order
SPLITS = ("validation", "test")


def scores_of_predictions(s: Summary) -> Iterator[Finding]:
    """Scores that are not those of the predictions kept beside them.

    Asked of every kept metric of both splits, of failed cells too, which count with the score of a constant answer,
    and of the score by which the chosen trial was chosen.
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
            named = [(metric, said[metric], given[metric]) for metric in given]
            best = cell.best
            if split == "validation" and best is not None and best.score is not None and s.protocol.rank in given:
                named.append((f"{s.protocol.rank} of trial {best.number}", best.score, given[s.protocol.rank]))
            checked += len(named)
            wrong += [
                f"{name}: {split} {metric} {score:.6g}, its predictions give {found:.6g}"
                for metric, score, found in named
                if not _agree(score, found, cell.metric_facts.get(metric, {}).get("unit"))
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
    from qml.learn.metrics import class_metrics, number_metrics  # scikit-learn is loaded when metrics are computed

    targets, answers = cell.arrays.get(f"{split}_targets"), cell.arrays.get(f"{split}_predictions")
    if targets is None or answers is None or len(targets) != len(answers) or not len(targets):
        return None
    known = class_metrics(answers.shape[1]) if np.ndim(answers) == 2 else number_metrics()
    said = cell.counted.get(split, {})
    return {metric.name: metric.compute(answers, targets) for metric in known if metric.name in said}


def _agree(said: float, given: float, unit: str | None) -> bool:
    """Whether two numbers are one score, but for the order of sums; in units of the target by size alone."""
    return math.isclose(said, given, rel_tol=TOLERANCE, abs_tol=0.0 if unit == "target" else TOLERANCE)
