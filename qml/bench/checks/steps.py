"""Training steps that forget: an optimiser made anew for every update has no momentum and no moments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from qml.base.errors import DataError
from qml.bench.finding import Finding
from qml.data.source import Batch
from qml.learn.step import Snapshot, Step
from qml.learn.task import Task

OPTIMISER = "optimiser"  # how both steps begin the names of what their optimiser keeps
MODEL = "model"


def step_findings(
    step: Step, model: Any, task: Task, batches: Sequence[Batch], *, seed: int = 0, remembers: bool = True
) -> tuple[Finding, ...]:
    """Whether an update uses what the optimiser kept from the updates before it.

    The last of the batches is learnt twice from the same weights: once by the training as it goes, once with what the
    optimiser kept replaced by its beginnings. Momentum, Adam and their like must end in different weights; plain
    gradient descent may not.

    Args:
        step: how the model is trained.
        model: what is trained.
        task: what a batch means.
        batches: at least three, with different rows.
        seed: of the weights.
        remembers: whether the optimiser that the step names has a memory; False for plain gradient descent.

    Raises:
        DataError: fewer than three batches.
    """
    if len(batches) < 3:
        raise DataError(f"A step is asked on three batches or more, so that there is a past; got {len(batches)}.")
    state = step.init(model, task, seed)
    begun = step.snapshot(state)
    for batch in batches[:-1]:
        state, _ = step.update(state, batch)
    before = step.snapshot(state)
    if _same(begun, before):
        return (
            Finding(
                "severe",
                "Updates change no weight",
                f"The weights after {len(batches) - 1} updates are those before the first.",
                consequence="Nothing was trained: scores are those of the initial weights.",
            ),
        )
    other = step.restore(step.init(model, task, seed), _forgotten(before, begun))
    kept, renewed = (step.snapshot(step.update(each, batches[-1])[0]) for each in (state, other))
    if not _same(kept, renewed):
        return (Finding("pass", "The optimiser remembers", "Its past changes what the next update does."),)
    if not remembers:
        return (Finding("pass", "The optimiser has no memory", "As plain gradient descent should."),)
    return (
        Finding(
            "severe",
            "The optimiser is made anew at every step",
            "An update after others does what an update by a new optimiser does.",
            f"the weights after {len(batches)} updates are equal to the last digit, with and without its past",
            "Momentum and moments never act, so the named optimiser was not used; a control trained so is handicapped, "
            "and what beats it has beaten this fault.",
        ),
    )


def _forgotten(now: Snapshot, begun: Snapshot) -> Snapshot:
    """The weights of `now` with the optimiser of `begun`."""
    kept = {name: array for name, array in now.arrays.items() if not name.startswith(OPTIMISER)}
    fresh = {name: array for name, array in begun.arrays.items() if name.startswith(OPTIMISER)}
    return Snapshot({**kept, **fresh}, now.data)


def _same(first: Snapshot, second: Snapshot) -> bool:
    """Whether two snapshots hold the same weights."""
    names = [name for name in first.arrays if name.startswith(MODEL)]
    return all(np.array_equal(first.arrays[name], second.arrays[name]) for name in names)
