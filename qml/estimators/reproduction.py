"""Published fits run again: what was published, what is measured, and whether the two agree."""

from __future__ import annotations

import csv
import json
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from qml.base.errors import ConfigError, DataError
from qml.bench.facts import targets
from qml.data.source import Source
from qml.estimators.arms import champion
from qml.estimators.choices import Training, signature_of
from qml.estimators.fits import step_fit
from qml.estimators.looking import builder, drawn, task_of
from qml.learn.fit import Budget, predictions
from qml.learn.plateau import NotConvergedError
from qml.models.published import Published

COLUMNS = ("model", "data", "settings", "learning_rate", "published", "corrected", "fit_s", "steps", "source")
ERRORS = 2.0  # standard errors of the difference of two means within which they agree


@dataclass(frozen=True)
class PublishedFit:
    """A model at published hyper-parameters on one data set, with what was published of it.

    Args:
        model: an entry of `qml.models.MODELS`.
        data: name of the data set.
        settings: hyper-parameters of the model.
        learning_rate: of Adam.
        published: test accuracies, one a seed.
        corrected: test accuracies where the published ones are known to be wrong, else empty.
        fit_s: published mean seconds of a fit on the study's machines; None where it is not told.
        steps: fewest and most updates of the study's own code, where they are known.
        source: where the numbers stand.
    """

    model: str
    data: str
    settings: Mapping[str, Any]
    learning_rate: float
    published: tuple[float, ...]
    corrected: tuple[float, ...] = ()
    fit_s: float | None = None
    steps: tuple[int, int] | None = None
    source: str = ""

    @property
    def expected(self) -> tuple[float, ...]:
        """The accuracies to compare with: corrected where there are such."""
        return self.corrected or self.published


@dataclass(frozen=True)
class Measured:
    """One fit of ours.

    Args:
        seed: of weights and batches.
        correct: test rows predicted rightly.
        n_test: test rows.
        steps: updates.
        wall_s, cpu_s: of the fit; building the model and looking at the rows included in the wall seconds.
        failed: why there is no prediction; "" where there is. A failed fit has no right row.
    """

    seed: int
    correct: int
    n_test: int
    steps: int
    wall_s: float
    cpu_s: float
    failed: str = ""

    @property
    def accuracy(self) -> float:
        """Share of the test rows."""
        return self.correct / self.n_test


@dataclass(frozen=True)
class Agreement:
    """Published and measured side by side.

    Args:
        fit: what was published.
        measured: ours, one a seed.
    """

    fit: PublishedFit
    measured: tuple[Measured, ...]

    @property
    def difference(self) -> float:
        """Measured minus expected mean accuracy."""
        return float(np.mean([m.accuracy for m in self.measured]) - np.mean(self.fit.expected))

    @property
    def error(self) -> float:
        """Standard error of that difference; NaN with fewer than two seeds on either side."""
        sides = [np.array(self.fit.expected), np.array([m.accuracy for m in self.measured])]
        if min(map(len, sides)) < 2:
            return math.nan
        return math.sqrt(sum(float(side.var(ddof=1)) / len(side) for side in sides))

    @property
    def test_rows(self) -> float:
        """The difference in test rows."""
        return self.difference * self.measured[0].n_test

    @property
    def agrees(self) -> bool | None:
        """Whether the means agree within twice the standard error; None where there is no error to judge by."""
        return None if math.isnan(self.error) else abs(self.difference) <= ERRORS * self.error

    @property
    def faster(self) -> float | None:
        """Published seconds of a fit over ours; the machines differ."""
        ours = float(np.mean([m.wall_s for m in self.measured]))
        return None if self.fit.fit_s is None else self.fit.fit_s / ours

    def __str__(self) -> str:
        corrected = f" corrected {np.mean(self.fit.corrected):.4f}" if self.fit.corrected else ""
        steps = sorted(m.steps for m in self.measured)
        theirs = f" (theirs {self.fit.steps[0]}-{self.fit.steps[1]})" if self.fit.steps else ""
        faster = f" {self.faster:.0f}x faster" if self.faster is not None else ""
        verdict = {True: "agrees", False: "DIFFERS", None: "not judged"}[self.agrees]
        mean = np.mean([m.accuracy for m in self.measured])
        return (
            f"{self.fit.model} on {self.fit.data}: published {np.mean(self.fit.published):.4f}{corrected} measured "
            f"{mean:.4f} ({self.test_rows:+.1f} of {self.measured[0].n_test} test rows, standard error "
            f"{self.error * self.measured[0].n_test:.1f}) {verdict}; steps {steps[0]}-{steps[-1]}{theirs}{faster}"
        )


def measure(fit: PublishedFit, source: Source, seed: int) -> Measured:
    """Train a published model as the study did, and count its right test rows.

    Batches are drawn with replacement; the fit ends when the loss is level, and has failed at the study's greatest
    number of updates. Nothing is looked at but "train" until then.

    Args:
        fit: what to train.
        source: with "train" and "test", without a validation split, as the study has none at this point.
        seed: of weights and batches.

    Raises:
        ConfigError: the model does not fit the data, or the source has a validation split.
    """
    if source.schema.sizes.get("validation"):
        raise ConfigError(
            f"{source.schema.name!r} holds out validation rows; the published fits train on all but test rows. "
            f"Build the source with validation=0."
        )
    spec = champion(fit.model, fit.settings).on(signature_of(source))
    if not isinstance(spec, Published):
        raise ConfigError(f"{fit.model!r} is no model of the study that learns by steps. Use one of PUBLISHED.")
    spec.check()
    training = Training(
        batch_size=spec.batch_size,
        learning_rate=fit.learning_rate,
        checkpoint_every_s=None,
        batches="resampled",
        plateau=200,
        max_steps=spec.max_steps,
    )
    target = source.schema.target
    if target is None:
        raise DataError(f"{source.schema.name!r} has no target.")
    wanted, begun = targets(source, "test"), time.perf_counter()
    run = step_fit(spec, training, progress=False)
    budget = training.within(Budget(epochs=10**9))
    try:
        task = task_of(spec, training, target)
        fitted = run(builder(spec, source), task, drawn(source, spec, training), budget, seed)
    except NotConvergedError as error:
        return Measured(seed, 0, len(wanted), spec.max_steps, time.perf_counter() - begun, math.nan, str(error))
    seconds = time.perf_counter() - begun
    found = predictions(fitted, source, "test").argmax(axis=1)
    return Measured(seed, int((found == wanted).sum()), len(wanted), fitted.cost.steps, seconds, fitted.cost.cpu_s)


def read_fits(path: str | Path) -> tuple[PublishedFit, ...]:
    """Published fits of a CSV file with the columns `COLUMNS`; settings and accuracies are JSON.

    Raises:
        DataError: a column is missing, or a cell cannot be read; the line is named.
    """
    with open(path, newline="", encoding="utf-8") as file:
        rows = csv.DictReader(file)
        missing = [name for name in COLUMNS if name not in (rows.fieldnames or ())]
        if missing:
            raise DataError(
                f"{path} lacks the columns {', '.join(missing)}; it has {', '.join(rows.fieldnames or ())}."
            )
        return tuple(_read(row, f"{path}, line {number}") for number, row in enumerate(rows, 2))


def _read(row: Mapping[str, str], where: str) -> PublishedFit:
    """One row."""
    try:
        steps = _numbers(row["steps"])
        return PublishedFit(
            model=row["model"],
            data=row["data"],
            settings=json.loads(row["settings"]),
            learning_rate=float(row["learning_rate"]),
            published=_numbers(row["published"]),
            corrected=_numbers(row["corrected"]),
            fit_s=float(row["fit_s"]) if row["fit_s"] else None,
            steps=(int(steps[0]), int(steps[1])) if steps else None,
            source=row["source"],
        )
    except (ValueError, TypeError, IndexError) as error:
        raise DataError(f"{where} is no published fit: {error}. Write numbers, and lists as JSON.") from error


def _numbers(text: str) -> tuple[float, ...]:
    """A JSON list of numbers; nothing is an empty one."""
    return tuple(float(number) for number in json.loads(text)) if text else ()


def reproduce(fits: Sequence[PublishedFit], sources: Mapping[str, Source], seeds: Sequence[int]) -> list[Agreement]:
    """Every fit whose data are there, once a seed.

    Args:
        fits: what was published.
        sources: data set -> source.
        seeds: of our fits.
    """
    known = [fit for fit in fits if fit.data in sources]
    return [Agreement(fit, tuple(measure(fit, sources[fit.data], seed) for seed in seeds)) for fit in known]
