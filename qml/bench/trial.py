"""One setting of one contestant: fit, score on validation rows, keep the predictions, say that it is done."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from qml.base.errors import CheckpointError, DataError, QmlError
from qml.base.files import replacing, write_json
from qml.bench.arm import Arm
from qml.bench.cell import Trial, plain
from qml.data.source import Source
from qml.learn.fit import Budget, Fitted, predictions
from qml.learn.record import Record
from qml.learn.task import Metric

# What a contestant may get wrong without ending the benchmark. Trouble of the machine (a full disk) is not its fault.
FAILURES = (
    QmlError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    ImportError,
    LookupError,
    MemoryError,
    RuntimeError,
    TypeError,
    ValueError,
)
RATE_SECONDS = 0.05


class TrialRunner:
    """Runs the trials of one cell, each in its own folder, and takes up again what was begun.

    Args:
        arm: the contestant.
        source: where rows come from.
        metrics: metrics of a split; those of validation rows are computed here, none of test rows.
        rank: name of the metric whose validation value is the trial's score.
        budget: what one fit may spend.
        targets: validation targets `(V,)`.
        folder: the cell's working folder.
    """

    def __init__(
        self,
        arm: Arm,
        source: Source,
        metrics: tuple[Metric, ...],
        rank: str,
        budget: Budget,
        targets: np.ndarray,
        folder: Path,
    ):
        self.arm, self.source, self.metrics, self.rank = arm, source, metrics, rank
        self.budget, self.targets, self.folder = budget, targets, folder

    def path(self, number: int) -> Path:
        """Folder of one trial."""
        return self.folder / "trials" / f"{number:03d}"

    def run(self, number: int, settings: Mapping[str, Any], seed: int) -> Trial:
        """The trial of that number: read back when it is done, else begun or taken up again.

        Raises:
            KeyboardInterrupt: the fit was interrupted; the trial stays unfinished.
            CheckpointError: its state cannot be saved here.
            OSError: likewise.
        """
        done = self.path(number) / "trial.json"
        if done.exists():
            return Trial(**json.loads(done.read_text()))
        folder = self.path(number)
        (folder / "fit").mkdir(parents=True, exist_ok=True)
        try:
            trial, records = self._attempt(number, settings, seed, folder)
        except CheckpointError:
            raise
        except FAILURES as error:
            reason = f"{type(error).__name__}: {error}"
            trial, records = Trial(number, plain(settings), seed, "failed", reason=reason), ()
        write_json(folder / "records.json", [asdict(record) for record in records])
        write_json(done, plain(trial.to_json()))
        shutil.rmtree(folder / "fit", ignore_errors=True)
        return trial

    def _attempt(
        self, number: int, settings: Mapping[str, Any], seed: int, folder: Path
    ) -> tuple[Trial, tuple[Record, ...]]:
        fitted = self.arm.fit(self.source, settings, self.budget, seed, folder / "fit")
        if fitted.cost.stopped == "interrupted":
            raise KeyboardInterrupt(f"{self.arm.info.name}, trial {number}: interrupted; start again to continue.")
        found = checked_predictions(fitted, self.source, "validation", len(self.targets))
        scores = {metric.name: float(metric.compute(found, self.targets)) for metric in self.metrics}
        if not np.isfinite(scores[self.rank]):
            raise DataError(f"The validation {self.rank} is {scores[self.rank]}, so this trial cannot be ranked.")
        begun = time.perf_counter()
        on_test = checked_predictions(fitted, self.source, "test", None)
        rates = self._rates(fitted, len(on_test), time.perf_counter() - begun)
        with replacing(folder / "predictions.npz") as temporary, open(temporary, "wb") as file:
            np.savez(file, validation=found, test=on_test)
        trial = Trial(
            number=number,
            settings=plain(settings),
            seed=seed,
            status="finished",
            score=scores[self.rank],
            validation={key: value for key, value in scores.items() if np.isfinite(value)},
            cost=asdict(fitted.cost),
            parameters=dict(fitted.parameters),
            info={key: float(value) for key, value in fitted.info.items()},
            rates=rates,
        )
        return trial, tuple(fitted.records)

    def _rates(self, fitted: Fitted, rows: int, first: float) -> dict[str, float]:
        """Rows a second at prediction (measured now, reading the rows included) and in training."""
        seconds, passes = first, 1
        if first < RATE_SECONDS:
            seconds, passes = 0.0, 0
            while seconds < RATE_SECONDS:
                begun = time.perf_counter()
                predictions(fitted, self.source, "test")
                seconds, passes = seconds + time.perf_counter() - begun, passes + 1
        rates = {"predict_rows_s": rows * passes / seconds}
        if fitted.cost.rows and fitted.cost.wall_s > 0:
            rates["train_rows_s"] = fitted.cost.rows / fitted.cost.wall_s
        return rates

    def predictions(self, number: int) -> dict[str, np.ndarray]:
        """Kept predictions of a finished trial by split."""
        with np.load(self.path(number) / "predictions.npz", allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}

    def records(self, number: int) -> tuple[Record, ...]:
        """Rows of training of a trial."""
        return tuple(Record(**row) for row in json.loads((self.path(number) / "records.json").read_text()))

    def drop_predictions(self, number: int) -> None:
        """Forget the predictions of a trial that was not the best."""
        (self.path(number) / "predictions.npz").unlink(missing_ok=True)


def checked_predictions(fitted: Fitted, source: Source, split: str, rows: int | None) -> np.ndarray:
    """Predictions of a split, seen to be finite and as many as its rows.

    Raises:
        DataError: the number of rows is wrong, or a value is not finite.
    """
    found = np.asarray(predictions(fitted, source, split))
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
