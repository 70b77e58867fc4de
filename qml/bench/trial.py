"""One setting of one contestant: fit, score on validation rows, keep the predictions, say that it is done."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from qml.base.errors import CheckpointError, QmlError
from qml.base.files import replacing, write_json
from qml.bench.arm import Arm
from qml.bench.cell import Trial, plain
from qml.bench.fitting import Judged, checked_predictions, fit_and_judge, rates
from qml.bench.inner_trial import judge_folds
from qml.data.source import Source
from qml.learn.fit import Budget
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
REFIT = "refit"


@dataclass(frozen=True)
class TrialRunner:
    """Runs the trials of one cell, each in its own folder, and takes up again what was begun.

    Args:
        arm: the contestant.
        source: where rows come from; the arm is handed it sealed.
        metrics: metrics of a split; those of validation rows are computed here, none of test rows.
        rank: name of the metric whose validation value is the trial's score.
        budget: what one trial may spend.
        targets: validation targets `(V,)`.
        folder: the cell's working folder.
        chance: validation value of the constant prediction, the score of a trial that failed.
        folds: inner folds by which a trial is judged; empty for the validation rows.
    """

    arm: Arm
    source: Source
    metrics: tuple[Metric, ...]
    rank: str
    budget: Budget
    targets: np.ndarray
    folder: Path
    chance: float
    folds: Sequence[Source] = ()

    def path(self, name: int | str) -> Path:
        """Folder of one trial, by its number, or of the last fit."""
        return self.folder / (f"trials/{name:03d}" if isinstance(name, int) else name)

    def run(self, number: int, settings: Mapping[str, Any], seed: int) -> Trial:
        """The trial of that number: read back when it is done, else begun or taken up again.

        Raises:
            KeyboardInterrupt: the fit was interrupted; the trial stays unfinished.
            CheckpointError: its state cannot be saved here.
            OSError: likewise.
        """
        trial = Trial(number, plain(settings), seed, "finished")
        return self._done(number, trial, settings, whole=not self.folds)

    def refit(self, chosen: Trial, settings: Mapping[str, Any]) -> Trial:
        """The fit of the chosen setting on the whole training part, after a choice by inner folds.

        Raises:
            KeyboardInterrupt, CheckpointError, OSError: as `run`.
        """
        trial = Trial(chosen.number, chosen.settings, chosen.seed, "finished")
        return self._done(REFIT, trial, settings, whole=True)

    def _done(self, name: int | str, trial: Trial, settings: Mapping[str, Any], whole: bool) -> Trial:
        """The finished form of `trial`, from its folder or by fitting."""
        folder = self.path(name)
        done = folder / "trial.json"
        if done.exists():
            return Trial(**json.loads(done.read_text()))
        (folder / "fit").mkdir(parents=True, exist_ok=True)
        cpu, wall = time.process_time(), time.perf_counter()
        try:
            trial, records = (self._whole if whole else self._folded)(trial, settings, folder)
        except CheckpointError:
            raise
        except FAILURES as error:
            spent = {"cpu_s": time.process_time() - cpu, "wall_s": time.perf_counter() - wall}
            reason = f"{type(error).__name__}: {error}"
            trial, records = replace(trial, status="failed", score=self.chance, reason=reason, cost=spent), ()
        write_json(folder / "records.json", [asdict(record) for record in records])
        write_json(done, plain(trial.to_json()))
        shutil.rmtree(folder / "fit", ignore_errors=True)
        return trial

    def _whole(self, trial: Trial, settings: Mapping[str, Any], folder: Path) -> tuple[Trial, tuple[Record, ...]]:
        """One fit on the training part, and its predictions of validation and test rows."""
        judged = self._judged(self.source, settings, self.budget, trial.seed, folder / "fit", self.targets)
        begun = time.perf_counter()
        on_test = checked_predictions(judged.fitted, self.source, "test", None)
        speed = rates(judged.fitted, self.source, "test", len(on_test), time.perf_counter() - begun)
        with replacing(folder / "predictions.npz") as temporary, open(temporary, "wb") as file:
            np.savez(file, validation=judged.found, test=on_test)
        done = replace(
            trial,
            score=judged.scores[self.rank],
            validation=judged.scores,
            cost=judged.cost,
            parameters=dict(judged.fitted.parameters),
            info={key: float(value) for key, value in judged.fitted.info.items()},
            rates=speed,
        )
        return done, tuple(judged.fitted.records)

    def _folded(self, trial: Trial, settings: Mapping[str, Any], folder: Path) -> tuple[Trial, tuple[Record, ...]]:
        """A fit in each inner fold, all within the budget of one; there are no predictions of test rows."""

        def judge(fold: Source, budget: Budget, place: Path, wanted: np.ndarray) -> Judged:
            return self._judged(fold, settings, budget, trial.seed, place, wanted)

        return judge_folds(trial, self.rank, self.folds, self.budget, folder, judge), ()

    def _judged(
        self, source: Source, settings: Mapping[str, Any], budget: Budget, seed: int, folder: Path, wanted: np.ndarray
    ) -> Judged:
        return fit_and_judge(self.arm, source, settings, budget, seed, folder, self.metrics, self.rank, wanted)

    def predictions(self, name: int | str) -> dict[str, np.ndarray]:
        """Kept predictions of a finished fit by split."""
        with np.load(self.path(name) / "predictions.npz", allow_pickle=False) as archive:
            return {split: archive[split] for split in archive.files}

    def records(self, name: int | str) -> tuple[Record, ...]:
        """Rows of training of a fit."""
        return tuple(Record(**row) for row in json.loads((self.path(name) / "records.json").read_text()))

    def drop_predictions(self, number: int) -> None:
        """Forget the predictions of a trial that never led."""
        (self.path(number) / "predictions.npz").unlink(missing_ok=True)
