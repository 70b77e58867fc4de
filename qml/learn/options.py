"""The options that every Step shares: checked before training, and the rates that follow from them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal

from qml.base.errors import ConfigError
from qml.base.registry import unknown

Optimiser = Literal["adam", "adamw", "sgd"]
Schedule = Literal["constant", "cosine", "onecycle"]
OPTIMISERS: tuple[str, ...] = ("adam", "adamw", "sgd")
SCHEDULES: tuple[str, ...] = ("constant", "cosine", "onecycle")

CIRCUIT_PARTS = ("quantum", "twin")  # parts that follow the rate of the circuit: it, and what stands in its place
WARM_UP = 0.3  # share of a one-cycle run in which the rate rises
FIRST_SHARE = 1 / 25  # of the rate, with which a one-cycle run begins


def check_options(step: Any) -> None:
    """Raise ConfigError unless the options that torch and JAX share are known and in range."""
    if step.optimiser not in OPTIMISERS:
        raise unknown("optimiser", step.optimiser, list(OPTIMISERS))
    if step.schedule is not None and step.schedule not in SCHEDULES:
        raise unknown("schedule", step.schedule, list(SCHEDULES))
    for name in ("learning_rate", "circuit_learning_rate", "gradient_clip"):
        value = getattr(step, name)
        if value is not None and not (math.isfinite(value) and value > 0):
            raise ConfigError(f"{name} is a positive number; it is {value!r}.")
    if not (math.isfinite(step.weight_decay) and step.weight_decay >= 0):
        raise ConfigError(f"weight_decay is zero or positive; it is {step.weight_decay!r}.")


def rate_of(step: Any, part: str) -> float:
    """Learning rate of a part before any schedule."""
    own = step.circuit_learning_rate if part in CIRCUIT_PARTS else None
    return step.learning_rate if own is None else own


def decay_of(step: Any, part: str) -> float:
    """Weight decay of a part: none for angles, whose size means nothing."""
    return 0.0 if part == "quantum" else step.weight_decay


def counted(parts: Mapping[str, int]) -> dict[str, int]:
    """Numbers by part as "quantum" and "classical", where each other part is classical; a part with none is left out.

    Example:
        >>> counted({"classical": 10, "twin": 5})
        {'classical': 15}
    """
    total: dict[str, int] = {}
    for part, count in parts.items():
        name = "quantum" if part == "quantum" else "classical"
        total[name] = total.get(name, 0) + count
    return total


def needs_horizon(step: Any, total_updates: int | None) -> bool:
    """Whether the schedule of `step` still has to learn how many updates it has.

    Raises:
        ConfigError: it has to, and `total_updates` is not known.
    """
    if step.schedule in (None, "constant") or step.horizon is not None:
        return False
    if total_updates is None:
        raise ConfigError(
            f"schedule={step.schedule!r} needs the number of updates; the source is a stream. Set Budget(steps=...)."
        )
    return True


def share_of_rate(schedule: str | None, updates: int, horizon: int | None) -> float:
    """Share of the learning rate for the update after `updates` of `horizon`.

    "cosine" falls from 1 to 0; "onecycle" rises from 1/25 to 1 over the first 30% and falls to 0, both by cosines.

    Example:
        >>> [round(share_of_rate("cosine", updates, 100), 6) for updates in (0, 50, 100)]
        [1.0, 0.5, 0.0]
        >>> [round(share_of_rate("onecycle", updates, 100), 6) for updates in (0, 30, 100)]
        [0.04, 1.0, 0.0]
    """
    if schedule in (None, "constant") or not horizon:
        return 1.0
    done = min(updates / horizon, 1.0)
    if schedule == "onecycle" and done < WARM_UP:
        return FIRST_SHARE + (1.0 - FIRST_SHARE) * (1.0 - _fall(done / WARM_UP))
    return _fall((done - WARM_UP) / (1.0 - WARM_UP) if schedule == "onecycle" else done)


def _fall(done: float) -> float:
    """A cosine from 1 down to 0."""
    return 0.5 * (1.0 + math.cos(math.pi * done))
