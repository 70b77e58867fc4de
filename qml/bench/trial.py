"""One setting of one contestant: fit, score on validation rows, keep the predictions, say that it is done."""

from __future__ import annotations

import json
import logging
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from qml.base.files import replacing, write_json
from qml.bench.arm import Arm
from qml.bench.attempt import attempt_in
from qml.bench.cell import Trial, plain
from qml.bench.fitting import Judged, checked_predictions, fit_and_judge, rates
from qml.bench.inner_trial import judge_folds
from qml.bench.working import forget, keep, kept
from qml.data.source import Source
from qml.learn.fit import Budget
from qml.learn.record import Record
from qml.learn.task import Metric

DONE, RECORDS, PREDICTIONS = "trial.json", "records.json", "predictions.npz"
BESIDE = (RECORDS, PREDICTIONS)
REFIT = "refit"
_logger = logging.getLogger(__name__)


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
        """The finished form of `trial`, from its folder or by fitting.

        What a finished trial left is read back only where it is whole, unchanged and of this very trial.
        """
        folder = self.path(name)
        done = _kept(folder / DONE, trial)
        if done is not None:
            return done
        if (folder / DONE).exists():
            shutil.rmtree(folder)
        cpu, wall = time.process_time(), time.perf_counter()
        fit = self._whole if whole else self._folded
        found = attempt_in(folder / "fit", partial(fit, trial, settings, folder))
        if isinstance(found, Exception):
            _logger.debug("%s, trial %s failed", self.arm.info.name, name, exc_info=found)
            spent = {"cpu_s": time.process_time() - cpu, "wall_s": time.perf_counter() - wall}
            reason = f"{type(found).__name__}: {found}"
            found = replace(trial, status="failed", score=self.chance, reason=reason, cost=spent)
        keep(folder / DONE, plain(found.to_json()), [name for name in BESIDE if (folder / name).exists()])
        shutil.rmtree(folder / "fit", ignore_errors=True)
        return found

    def _whole(self, trial: Trial, settings: Mapping[str, Any], folder: Path) -> Trial:
        """One fit on the training part, whose records and predictions of validation and test rows are kept."""
        judged = self._judged(self.source, settings, self.budget, trial.seed, folder / "fit", self.targets)
        begun = time.perf_counter()
        on_test = checked_predictions(judged.fitted, self.source, "test", None)
        speed = rates(judged.fitted, self.source, "test", len(on_test), time.perf_counter() - begun)
        write_json(folder / RECORDS, [plain(asdict(record)) for record in judged.fitted.records])
        with replacing(folder / PREDICTIONS) as temporary, open(temporary, "wb") as file:
            np.savez(file, validation=judged.found, test=on_test)
        return replace(
            trial,
            score=judged.scores[self.rank],
            validation=judged.scores,
            cost=judged.cost,
            parameters=dict(judged.fitted.parameters),
            info={key: float(value) for key, value in judged.fitted.info.items()},
            rates=speed,
        )

    def _folded(self, trial: Trial, settings: Mapping[str, Any], folder: Path) -> Trial:
        """A fit in each inner fold, all within the budget of one; there are no predictions of test rows."""

        def judge(fold: Source, budget: Budget, place: Path, wanted: np.ndarray) -> Judged:
            return self._judged(fold, settings, budget, trial.seed, place, wanted)

        return judge_folds(trial, self.rank, self.folds, self.budget, folder, judge)

    def _judged(
        self, source: Source, settings: Mapping[str, Any], budget: Budget, seed: int, folder: Path, wanted: np.ndarray
    ) -> Judged:
        return fit_and_judge(self.arm, source, settings, budget, seed, folder, self.metrics, self.rank, wanted)

    def predictions(self, name: int | str) -> dict[str, np.ndarray]:
        """Kept predictions of a finished fit by split."""
        with np.load(self.path(name) / PREDICTIONS, allow_pickle=False) as archive:
            return {split: archive[split] for split in archive.files}

    def records(self, name: int | str) -> tuple[Record, ...]:
        """Rows of training of a fit."""
        path = self.path(name) / RECORDS
        return tuple(Record(**row) for row in json.loads(path.read_text())) if path.exists() else ()

    def drop_predictions(self, number: int) -> None:
        """Forget the predictions of a trial that never led."""
        forget(self.path(number) / DONE, PREDICTIONS)


def _kept(path: Path, trial: Trial) -> Trial | None:
    """The finished form of `trial` that lies at `path`; None where there is none that can be used."""
    data = kept(path)
    if data is None:
        return None
    asked = {"number": trial.number, "settings": plain(trial.settings), "seed": trial.seed}
    if data.keys() != {field.name for field in fields(Trial)} or any(data[key] != asked[key] for key in asked):
        _logger.warning("%s: it is of another trial than %s. It is removed and fitted again.", path, asked)
        return None
    return Trial(**data)
