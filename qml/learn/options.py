"""The options that every Step shares, checked before training."""

from __future__ import annotations

import math
from typing import Any

from qml.base.errors import ConfigError
from qml.base.registry import unknown

SCHEDULES = ("cosine",)


def check_options(step: Any, optimisers: tuple[str, ...]) -> None:
    """Raise ConfigError unless the options that torch and JAX share are known and in range."""
    if step.optimiser not in optimisers:
        raise unknown("optimiser", step.optimiser, list(optimisers))
    if step.schedule is not None and step.schedule not in SCHEDULES:
        raise unknown("schedule", step.schedule, list(SCHEDULES))
    for name in ("learning_rate", "circuit_learning_rate", "gradient_clip"):
        value = getattr(step, name)
        if value is not None and not (math.isfinite(value) and value > 0):
            raise ConfigError(f"{name} is a positive number; it is {value!r}.")
    if not (math.isfinite(step.weight_decay) and step.weight_decay >= 0):
        raise ConfigError(f"weight_decay is zero or positive; it is {step.weight_decay!r}.")


def cosine(updates: int, horizon: int | None) -> float:
    """Share of the learning rate after `updates` of `horizon`: 1 at the start, 0 at the end.

    Example:
        >>> round(cosine(50, 100), 6)
        0.5
    """
    done = min(updates / horizon, 1.0) if horizon else 0.0
    return 0.5 * (1.0 + math.cos(math.pi * done))
