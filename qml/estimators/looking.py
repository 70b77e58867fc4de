"""What stands between a model and a source before a fit: the rows it looks at, its loss, and how batches are drawn."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from qml.base.errors import CapabilityError, ConfigError
from qml.base.registry import unknown
from qml.data.resampled import ResampledSource
from qml.data.source import Source, Target
from qml.estimators.choices import DRAWS, Training
from qml.learn.task import Task
from qml.learn.two_class import Overlaps, TwoClass
from qml.models import LookingSpec, Spec

CHUNK = 4096


def builder(spec: Spec, source: Source) -> Callable[[int], Any]:
    """`seed -> module`: of a model that looks at training rows before it is built, after it has.

    Args:
        spec: the model.
        source: with a labelled training split, which is read once for such a model.

    Raises:
        ConfigError: the rows have no labels.
    """
    if not isinstance(spec, LookingSpec):
        return spec.build
    inputs, targets = [], []
    for batch in source.batches("train", CHUNK):
        inputs.append(batch.inputs)
        targets.append(batch.targets)
    if not inputs or any(part is None for part in targets):
        raise ConfigError(f"{spec.title!r} looks at labelled rows; 'train' of {source.schema.name!r} has none.")
    return partial(spec.build_on, np.concatenate(inputs), np.concatenate(targets))


def task_of(spec: Spec, training: Training, target: Target) -> Task:
    """What a model learns: by its own loss where it has one, else as the training says.

    Raises:
        ConfigError: its loss is for two classes, or does not go with class weights.
    """
    loss = spec.loss if isinstance(spec, LookingSpec) else "cross_entropy"
    if loss == "cross_entropy":
        return training.task(target)
    if training.class_weights is not None:
        raise ConfigError(
            f"training.class_weights={training.class_weights!r} was asked for; {spec.title!r} has a loss of its own, "
            f"{loss!r}, which takes none. Leave class_weights out."
        )
    return Overlaps(target) if loss == "overlaps" else TwoClass(target, loss)


def drawn(source: Source, spec: Spec, training: Training) -> Source:
    """`source` as batches are drawn from it: by the training, and in pairs for a model that learns by pairs.

    Raises:
        ConfigError: no such way to draw.
        CapabilityError: the source is a stream.
    """
    if training.batches not in DRAWS:
        raise unknown("training.batches", training.batches, list(DRAWS))
    pairs = training.batches == "pairs" or (isinstance(spec, LookingSpec) and spec.loss == "overlaps")
    if training.batches == "shuffled" and not pairs:
        return source
    if source.schema.sizes.get("train") is None:
        raise CapabilityError(
            f"training.batches={training.batches!r} draws rows at random; {source.schema.name!r} is a stream. Use "
            f'"shuffled".'
        )
    return ResampledSource(source, pairs=pairs)
