"""Predictions of a whole split, and the scores of the validation split while a model trains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from qml.base.errors import DataError
from qml.data.source import Source
from qml.learn.abilities import of_the_first, ranked
from qml.learn.counters import Counters
from qml.learn.diverged import DivergedError
from qml.learn.scan import check_known
from qml.learn.step import Snapshot, Step
from qml.learn.task import Metric, Task


@dataclass(frozen=True)
class Outputs:
    """What a model gives for a split, in the order of its rows.

    Args:
        values: raw outputs, `(N, C)` or `(N, 1)`.
        targets: `(N,)`; None where the split has no labels.
    """

    values: np.ndarray
    targets: np.ndarray | None


def outputs_of(step: Step, state: Any, source: Source, split: str, size: int, *, together: bool = False) -> Outputs:
    """Run a state over a split in batches of `size` rows, in evaluation mode.

    Args:
        step: how the state predicts.
        state: what is looked at.
        source: has the split.
        split: its name.
        size: rows sent through the model together, by each process.
        together: share the rows out among the processes that train together, all of which must come here; each gets
            the whole. A process that is alone does it all.

    Raises:
        DataError: the split is unknown or empty.
    """
    check_known(source, split)
    others = ranked(step, state) if together else None
    rank, world = (0, 1) if others is None else others.shard(state)
    if others is not None:
        others.align(state)
    values, targets, rows = [], [], []
    for batch in source.batches(split, size * world, shard=(rank, world)):
        values.append(np.asarray(step.predict(state, batch)))
        targets.append(batch.targets)
        rows.append(batch.rows)
    if not values:
        raise DataError(f"Predictions of split {split!r} of {source.schema.name!r} were asked for; it has no rows.")
    labelled = all(part is not None for part in targets)
    parts = [np.concatenate(part) for part in (rows, values, *([targets] if labelled else []))]
    if others is not None:
        parts = [others.gathered(state, part) for part in parts]
    order = np.argsort(parts[0], kind="stable")
    return Outputs(parts[1][order], parts[2][order] if labelled else None)


@dataclass(frozen=True)
class Predictor:
    """Predicts any split with a trained state: `predictor(source, split)`.

    Args:
        step: how the state predicts.
        state: what was trained.
        task: turns outputs into probabilities or numbers.
        size: rows sent through the model together.
        together: share the rows out among the processes that train together, all of which must ask at once.
    """

    step: Step
    state: Any
    task: Task
    size: int
    together: bool = False

    def __call__(self, source: Source, split: str) -> np.ndarray:
        """Probabilities `(N, C)` or numbers `(N,)`, in the order of the rows."""
        outputs = outputs_of(self.step, self.state, source, split, self.size, together=self.together)
        return self.task.predictions(outputs.values)


class Validation:
    """Scores the validation split after each pass, and remembers which pass was the best one.

    Processes that train together share its rows out.

    Args:
        step: how a state predicts and is copied.
        task: turns outputs into predictions.
        source: has the split "validation".
        metrics: computed after each pass; those not defined for the split are left out.
        select: the metric that says which pass is the best one; one of `metrics`.
        size: rows sent through the model together.
        keep_best: whether a copy of the best state is kept in `best`.
    """

    def __init__(
        self,
        step: Step,
        task: Task,
        source: Source,
        metrics: Sequence[Metric],
        select: Metric,
        size: int,
        keep_best: bool,
    ):
        self.step = step
        self.task = task
        self.source = source
        self.metrics = tuple(metrics)
        self.select = select
        self.size = size
        self.keep_best = keep_best
        self.best: Snapshot | None = None

    def __call__(self, state: Any, counters: Counters) -> Mapping[str, float]:
        """Scores of the split now; brings the best score of `counters` up to date."""
        scores = self.scores(state, self.metrics)
        score = scores.get(self.select.name)
        if score is None:
            raise DataError(
                f"Passes are compared by {self.select.name!r}; it is not defined for the validation split of "
                f"{self.source.schema.name!r} (a single class, or a constant target). Select another metric."
            )
        if counters.best is None or (score > counters.best if self.select.higher_is_better else score < counters.best):
            counters.best = score
            counters.best_steps = counters.steps
            counters.waited = 0
            self.best = self.step.snapshot(state) if self.keep_best else None
        else:
            counters.waited += 1
        return scores

    def scores(self, state: Any, metrics: Sequence[Metric]) -> dict[str, float]:
        """Those of `metrics` that are defined for the split.

        Raises:
            DataError: the split has no labels.
            DivergedError: an output is NaN or infinite.
        """
        from qml.learn.metrics import scores  # scikit-learn is loaded when metrics are computed

        outputs = outputs_of(self.step, state, self.source, "validation", self.size, together=True)
        if outputs.targets is None:
            raise DataError(f"Validation of {self.source.schema.name!r} needs labels; its split has none.")
        bad = int(outputs.values.size - np.isfinite(outputs.values).sum())
        if bad:
            raise DivergedError(
                f"{bad} of {outputs.values.size} outputs of the model on the validation split of "
                f"{self.source.schema.name!r} are NaN or infinite. Lower the learning rate, set gradient_clip, or look "
                "for extreme values in these rows."
            )
        found = scores(metrics, self.task.predictions(outputs.values), outputs.targets)
        return of_the_first(self.step, state, found)
