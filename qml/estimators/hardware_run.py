"""A trained hybrid on rows of a split, its circuit run job by job; scores with the errors of rows and of shots."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from qml.backends.watched import Ledger
from qml.base.errors import DataError
from qml.base.seeds import generator
from qml.data.source import Source
from qml.estimators.hardware_progress import places
from qml.estimators.hardware_record import Score
from qml.learn.task import Task

RESAMPLES, DRAWS = 400, 200
_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Rows:
    """Rows that are evaluated: inputs `(N, ...)` and targets `(N,)`."""

    inputs: np.ndarray
    targets: np.ndarray


@dataclass(frozen=True)
class Evaluated:
    """Values of the circuit `(N, K)` with their variance where it is known, the scores, and seconds."""

    values: np.ndarray
    variance: np.ndarray | None
    scores: dict[str, Score]
    cpu_s: float
    wall_s: float


def rows_of(source: Source, split: str, limit: int | None) -> Rows:
    """The first `limit` rows of a split; None takes all.

    Raises:
        DataError: it has no labelled row.
    """
    size = source.schema.sizes.get(split)
    inputs, targets, count = [], [], 0
    for batch in source.batches(split, limit or 1024) if size else ():
        inputs.append(batch.inputs)
        targets.append(batch.targets)
        count += len(batch.inputs)
        if limit is not None and count >= limit:
            break
    if not inputs or any(part is None for part in targets):
        parts = ", ".join(f"{name} {rows}" for name, rows in source.schema.sizes.items())
        raise DataError(f"split={split} was to be evaluated; {source.schema.name!r} has labelled rows in: {parts}.")
    return Rows(np.concatenate(inputs)[:limit], np.concatenate(targets)[:limit])


def evaluated(
    halves: tuple[Callable, Callable], rows: Rows, task: Task, ledger: Ledger, size: int, seed: int, shown: bool
) -> Evaluated:
    """Run the circuit on all rows, `size` at a time, and score the outputs.

    Args:
        halves: rows to values, and values to outputs.
        rows: what is evaluated.
        task: turns outputs into predictions and has the metrics.
        ledger: of the executor that runs the circuit.
        size: rows a job.
        seed: of the resamples behind the errors.
        shown: a bar; False says in the log which rows go out.
    """
    from qml.learn.bar import tqdm

    values, begun = [], (time.process_time(), time.perf_counter())
    before = len(ledger.variance)
    jobs, total = places(size, len(rows.inputs)), -(-len(rows.inputs) // size)
    for start, said in tqdm(jobs, total=total, desc="evaluating", unit="job", disable=not shown):
        if said and not shown:
            _logger.info(said)
        values.append(np.asarray(halves[0](rows.inputs[start : start + size])))
    values_NK = np.concatenate(values)
    spreads = [part for part in ledger.variance[before:] if part is not None]
    variance_NK = np.concatenate(spreads) if spreads else None
    if variance_NK is not None and (variance_NK.shape != values_NK.shape or not np.isfinite(variance_NK).all()):
        variance_NK = None
    seconds = time.process_time() - begun[0], time.perf_counter() - begun[1]
    scores = scored(halves[1], values_NK, variance_NK, rows.targets, task, seed)
    return Evaluated(values_NK, variance_NK, scores, *seconds)


def scored(
    head: Callable, values_NK: np.ndarray, variance_NK: np.ndarray | None, targets_N: np.ndarray, task: Task, seed: int
) -> dict[str, Score]:
    """Metrics of the outputs; their errors by resampling rows, and by drawing values as their variance has them.

    Args:
        head: values `(N, K)` to outputs.
        values_NK: of the circuit.
        variance_NK: of these.
        targets_N: of the rows.
        task: turns outputs into predictions and has the metrics.
        seed: of the resamples.
    """
    from qml.learn.metrics import scores

    metrics = task.metrics()

    def score(values: np.ndarray, rows: Any = slice(None)) -> dict[str, float]:
        return scores(metrics, task.predictions(np.asarray(head(values)))[rows], targets_N[rows])

    found = score(values_NK)
    predictions = task.predictions(np.asarray(head(values_NK)))
    rng, n_rows = generator(seed, "rows and shots"), len(targets_N)
    resampled = [rng.integers(n_rows, size=n_rows) for _ in range(RESAMPLES)]
    by_rows = [scores(metrics, predictions[chosen], targets_N[chosen]) for chosen in resampled]
    by_shots: list[dict[str, float]] = []
    if variance_NK is not None:
        spread_NK = np.sqrt(np.maximum(variance_NK, 0))
        for _ in range(DRAWS):
            moved = values_NK + spread_NK * rng.normal(size=values_NK.shape)
            by_shots.append(score(moved.astype(values_NK.dtype)))
    return {name: Score(value, _sd(by_rows, name) or 0.0, _sd(by_shots, name)) for name, value in found.items()}


def _sd(draws: Sequence[dict[str, float]], name: str) -> float | None:
    """Standard deviation of a metric over draws in which it is defined; None of fewer than two."""
    values = [draw[name] for draw in draws if name in draw]
    return float(np.std(values, ddof=1)) if len(values) > 1 else None
