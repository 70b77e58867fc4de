"""The Fit of each framework: steps of torch or JAX, or the whole at once."""

from __future__ import annotations

from typing import Any

from qml.estimators.choices import Training
from qml.learn.fit import Fit
from qml.learn.hooks import HookLike
from qml.learn.step import Step
from qml.models.model import Spec


def step_fit(
    spec: Spec,
    training: Training,
    *,
    hooks: tuple[HookLike, ...] = (),
    progress: bool | None = None,
    **placed: Any,
) -> Fit:
    """How `spec`, a model that learns by steps, is trained.

    Args:
        spec: says which framework.
        training: rates, batch size and the rest.
        hooks: called after each update and each pass.
        progress: a bar; None shows one in a terminal or in Jupyter.
        **placed: where a torch model is trained: `devices`, `accelerator`.
    """
    from qml.learn.step_fit import StepFit

    step, every = step_of(spec, training, **placed), training.checkpoint_every_s
    return StepFit(step, batch_size=training.batch_size, hooks=hooks, checkpoint_every_s=every, progress=progress)


def step_of(spec: Spec, training: Training, **placed: Any) -> Step:
    """One update of `spec`, a model that learns by steps; `placed` says where a torch model is trained."""
    from qml.learn.registries import STEPS

    return STEPS[spec.framework](
        learning_rate=training.learning_rate,
        circuit_learning_rate=training.circuit_rate,
        weight_decay=training.weight_decay,
        optimiser=training.optimiser,
        gradient_clip=training.clip,
        schedule=training.schedule,
        **placed,
    )


def whole_fit() -> Fit:
    """How a scikit-learn estimator is trained."""
    from qml.learn.registries import FITS

    return FITS["whole"]()
