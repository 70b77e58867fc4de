"""One published fit run again: trained as the study did, and its right rows counted."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from qml.base.errors import ConfigError, DataError
from qml.bench.facts import targets
from qml.data.source import Source
from qml.estimators.arms import champion
from qml.estimators.choices import Training
from qml.estimators.data_choice import signature_of
from qml.estimators.fits import step_fit, whole_fit
from qml.estimators.looking import builder, drawn, task_of
from qml.estimators.reproduction.claim import Measured
from qml.estimators.reproduction.fits import PublishedFit
from qml.learn.fit import Budget, Fitted, predictions
from qml.learn.plateau import NotConvergedError
from qml.models import Spec
from qml.models.published import Published

PLATEAU = 200  # updates of one stretch in the study's rule


def measure(fit: PublishedFit, source: Source, seed: int) -> Measured:
    """Train a published model as the study did, and count its right rows.

    A model that learns by steps draws batches with replacement; its fit ends when the loss is level, and has failed
    at the study's greatest number of updates. Nothing is looked at but "train" until then. Kernels that the machine
    lacks are compiled before the clock runs.

    Args:
        fit: what to train.
        source: with "train" and "test", without a validation split, as the study has none at this point.
        seed: of weights and batches; of a kernel's random rotations; of a scikit-learn estimator.

    Raises:
        ConfigError: the model does not fit the data or has no published training, or the source has validation rows.
    """
    if source.schema.sizes.get("validation"):
        raise ConfigError(
            f"{source.schema.name!r} holds out validation rows; the published fits train on all but test rows. "
            f"Build the source with validation=0."
        )
    spec: Any = champion(fit.model, fit.settings).on(signature_of(source))
    if spec.framework == "whole":
        return _at_once(spec, source, seed)
    if not isinstance(spec, Published) or fit.learning_rate is None:
        raise ConfigError(
            f"{fit.model!r} with learning_rate={fit.learning_rate} was asked for; a published fit is of a model of "
            f"the study with its learning rate, or of one that is fitted at once."
        )
    spec.check()
    return _by_steps(spec, fit.learning_rate, source, seed)


def _at_once(spec: Spec, source: Source, seed: int) -> Measured:
    """A kernel or scikit-learn estimator."""
    target = source.schema.target
    if target is None:
        raise DataError(f"{source.schema.name!r} has no target.")
    task, begun = Training().task(target), time.perf_counter()
    fitted = whole_fit()(spec.build, task, source, Budget(), seed)
    return _counted(fitted, source, seed, time.perf_counter() - begun)


def _by_steps(spec: Any, learning_rate: float, source: Source, seed: int) -> Measured:
    """A model of the study that learns by steps."""
    training = Training(
        batch_size=spec.batch_size,
        learning_rate=learning_rate,
        checkpoint_every_s=None,
        batches="resampled",
        plateau=PLATEAU,
        max_steps=spec.max_steps,
    )
    target = source.schema.target
    if target is None:
        raise DataError(f"{source.schema.name!r} has no target.")
    run, task = step_fit(spec, training, progress=False), task_of(spec, training, target)
    rows = drawn(source, spec, training)
    run(builder(spec, source), task, rows, Budget(steps=1), seed)  # has the kernels compiled
    begun, begun_cpu = time.perf_counter(), time.process_time()
    try:
        fitted = run(builder(spec, source), task, rows, training.within(Budget(epochs=10**9)), seed)
    except NotConvergedError as error:
        seconds, cpu_s = time.perf_counter() - begun, time.process_time() - begun_cpu
        return Measured(seed, 0, len(targets(source, "test")), spec.max_steps, seconds, cpu_s, failed=str(error))
    return _counted(fitted, source, seed, time.perf_counter() - begun)


def _counted(fitted: Fitted, source: Source, seed: int, seconds: float) -> Measured:
    """What a fit predicts rightly."""
    right = {part: predictions(fitted, source, part).argmax(axis=1) == targets(source, part) for part in PARTS}
    found = Measured(seed, int(right["test"].sum()), len(right["test"]), fitted.cost.steps, seconds, fitted.cost.cpu_s)
    return replace(found, train=float(right["train"].mean()))


PARTS = ("train", "test")
