"""One fit of a contestant: on sealed rows, with its memory measured, judged on validation rows by the benchmark."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from qml.base.errors import DataError
from qml.bench.arm import Arm
from qml.bench.chance import finite_scores
from qml.bench.memory import PeakMemory
from qml.bench.sealed import SealedSource
from qml.data.source import Source
from qml.learn.fit import Budget, Fitted, predictions
from qml.learn.task import Metric

RATE_SECONDS = 0.05


@dataclass(frozen=True)
class Judged:
    """A fit and what it gave on validation rows.

    Args:
        fitted: trained.
        found: predictions of the validation rows, `(V, C)` or `(V,)`.
        scores: metric -> value on validation rows; those not defined are left out.
        cost: CPU and wall seconds, updates, passes, rows, whether it met the cap, what ended it, and `peak_bytes`,
            `grown_bytes` as `PeakMemory` measures them (None where it cannot).
    """

    fitted: Fitted
    found: np.ndarray
    scores: Mapping[str, float]
    cost: Mapping[str, Any]


def fit_and_judge(
    arm: Arm,
    source: Source,
    settings: Mapping[str, Any],
    budget: Budget,
    seed: int,
    folder: Path,
    metrics: Sequence[Metric],
    rank: str,
    targets: np.ndarray,
) -> Judged:
    """Fit on sealed rows, then predict and score the validation rows.

    Args:
        arm: the contestant.
        source: with its targets; the arm is handed it sealed.
        settings: one point of its space.
        budget: what the fit may spend.
        seed: of the fit.
        folder: for checkpoints.
        metrics: to score by.
        rank: the one that must be defined.
        targets: of the validation rows, `(V,)`.

    Raises:
        KeyboardInterrupt: the fit was interrupted.
        DataError: predictions, records or numbers of the fit are not finite, predictions are of the wrong number, or
            the ranking metric is not defined.
    """
    memory = PeakMemory()
    fitted = arm.fit(SealedSource(source, watched=True), settings, budget, seed, folder)
    held = memory.stop()
    if fitted.cost.stopped == "interrupted":
        raise KeyboardInterrupt(f"{arm.info.name}: interrupted; start again to continue.")
    _check_told(fitted)
    found = checked_predictions(fitted, source, "validation", len(targets))
    scores = finite_scores(metrics, found, targets)
    if rank not in scores:
        raise DataError(f"The validation {rank} is not finite, so this trial cannot be ranked.")
    bytes_held = {"peak_bytes": None, "grown_bytes": None} if held is None else asdict(held)
    return Judged(fitted, found, scores, {**asdict(fitted.cost), **bytes_held})


def _check_told(fitted: Fitted) -> None:
    """Refuse NaN and infinity in what a fit tells of itself."""
    told = [
        (f"a number of the record of {r.split} {r.metric} at update {r.step}", number)
        for r in fitted.records
        for number in (r.value, r.epoch, r.cpu_s, r.wall_s)
    ]
    told += [(f"the number {key!r}", value) for key, value in fitted.info.items()]
    told += [(f"the cost {key!r}", getattr(fitted.cost, key)) for key in ("cpu_s", "wall_s", "epochs")]
    for what, value in told:
        if not np.isfinite(value):
            raise DataError(f"The fit tells {value} as {what}; leave it out where it is not known.")


def rates(fitted: Fitted, source: Source, split: str, rows: int, first: float) -> dict[str, float]:
    """Rows a second at prediction (measured now, reading the rows included) and in training.

    Args:
        fitted: trained.
        source: where the rows come from.
        split: which are predicted.
        rows: how many they are.
        first: wall seconds of a pass already made, which counts where it is long enough to be measured.
    """
    sealed, seconds, passes = SealedSource(source, watched=False), first, 1
    if first < RATE_SECONDS:
        seconds, passes = 0.0, 0
        while seconds < RATE_SECONDS:
            begun = time.perf_counter()
            predictions(fitted, sealed, split)
            seconds, passes = seconds + time.perf_counter() - begun, passes + 1
    found = {"predict_rows_s": rows * passes / seconds}
    if fitted.cost.rows and fitted.cost.wall_s > 0:
        found["train_rows_s"] = fitted.cost.rows / fitted.cost.wall_s
    return found


def checked_predictions(fitted: Fitted, source: Source, split: str, rows: int | None) -> np.ndarray:
    """Predictions of a split from its inputs alone, seen to be finite and as many as its rows.

    Raises:
        DataError: the number of rows is wrong, or a value is not finite.
    """
    found = np.asarray(predictions(fitted, SealedSource(source, watched=False), split))
    expected = rows if rows is not None else source.schema.sizes.get(split)
    if found.ndim not in (1, 2) or (expected is not None and len(found) != expected):
        raise DataError(
            f"Predictions of {split!r} have shape {found.shape}; its {expected} rows need ({expected},) numbers or "
            f"({expected}, C) probabilities."
        )
    bad = int(np.size(found) - np.isfinite(found).sum())
    if bad:
        raise DataError(f"{bad} of {found.size} predictions of {split!r} are NaN or infinite.")
    return found
