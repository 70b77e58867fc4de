"""The seam that benchmarks call: a model, a task, a source, a budget and a seed in; a Fitted out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from qml.base.errors import ConfigError
from qml.data.source import Source
from qml.learn.plateau import Plateau
from qml.learn.record import Record
from qml.learn.task import Task


@dataclass(frozen=True)
class Budget:
    """What one fit may spend; the first bound that is reached ends it.

    Args:
        epochs: passes over the training split.
        cpu_s: CPU seconds of this process and its threads, carried over a resume; a fit as a whole cannot be stopped
            by it (see `WholeFit`). None is unbounded.
        steps: updates; None is unbounded.
        patience: epochs without a better validation score before stopping early; None never stops early.
        plateau: when a run has converged by its training loss, and whether it must; None never looks.
        watch: name of a metric to record on validation rows after each pass, beside those that the fit records; it
            ends nothing and chooses nothing. One that the task does not have is not recorded.

    Raises:
        ConfigError: a bound under which nothing would be trained.
    """

    epochs: int = 10
    cpu_s: float | None = None
    steps: int | None = None
    patience: int | None = None
    plateau: Plateau | None = None
    watch: str | None = None

    def __post_init__(self) -> None:
        for name in ("epochs", "steps", "patience"):
            value = getattr(self, name)
            if value is not None and not value >= 1:
                raise ConfigError(f"Budget {name} is {value}, under which nothing is trained. Give at least 1.")
        if self.cpu_s is not None and not self.cpu_s > 0:
            raise ConfigError(f"Budget cpu_s is {self.cpu_s}, under which nothing is trained. Give seconds above 0.")


@dataclass(frozen=True)
class Cost:
    """What a fit spent: CPU and wall seconds, updates, passes, rows sent through the model in training.

    The seconds are those of training and of scoring validation rows. `capped` says that they reached `Budget.cpu_s`.
    """

    cpu_s: float
    wall_s: float
    steps: int
    epochs: float
    rows: int
    capped: bool = False
    stopped: str = "epochs"  # what ended it: "epochs", "steps", "cpu_s", "patience", "converged", "interrupted"


@dataclass(frozen=True)
class Fitted:
    """A trained model with what a report needs of it.

    Args:
        model: the trained object (torch module, JAX pair with parameters, scikit-learn estimator).
        predict: `(source, split) -> (N, C) probabilities or (N,) numbers`, in the order of the rows.
        records: one row a metric and epoch.
        cost: what it took.
        parameters: trained numbers by part, such as `{"quantum": 72, "classical": 610}`.
    """

    model: Any
    predict: Any  # Callable[[Source, str], np.ndarray]: predictions of one split, in the order of its rows
    records: tuple[Record, ...]
    cost: Cost
    parameters: Mapping[str, int]
    info: Mapping[str, float] = field(default_factory=dict)


class Fit(Protocol):
    """Trains one model: by steps (torch, JAX) or whole (scikit-learn)."""

    def __call__(
        self, model: Any, task: Task, source: Source, budget: Budget, seed: int, folder: Path | None = None
    ) -> Fitted:
        """Train `model` on the "train" split, watching "validation" where there is one.

        `folder` is where checkpoints and logs go; a fit that finds its own unfinished checkpoint there
        continues it to the very same result. None keeps everything in memory.
        """
        ...


def predictions(fitted: Fitted, source: Source, split: str) -> np.ndarray:
    """Predictions of one split, `(N, C)` probabilities or `(N,)` numbers, in the order of its rows."""
    return fitted.predict(source, split)
