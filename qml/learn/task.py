"""What a batch means: losses to go down, metrics to report, and what an output predicts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from qml.data.source import Batch


@dataclass(frozen=True)
class Metric:
    """A named number computed from predictions of a whole split.

    Args:
        name: such as "accuracy".
        compute: `(predictions, targets) -> float`; predictions are `(N, C)` probabilities or `(N,)` numbers.
        higher_is_better: which way is good.
        unit: "" for shares in 0..1, else such as "nats".
    """

    name: str
    compute: Callable[[np.ndarray, np.ndarray], float]
    higher_is_better: bool
    unit: str = ""


class Task(Protocol):
    """Supervised, self-supervised, adversarial ...: losses of players, and metrics."""

    @property
    def players(self) -> tuple[str, ...]:
        """Names of the parties that each lower a loss of their own; `("model",)` for most."""
        ...

    @property
    def frameworks(self) -> frozenset[str]:
        """Frameworks whose array operations `losses` keeps to."""
        ...

    def losses(self, ops: Any, apply: Callable, batch: Batch, key: Any) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """`{player: scalar loss}` and a mapping of further numbers to log.

        `ops` is the array namespace of the framework with `log_softmax`, `one_hot`, `grad`, `stop_gradient`
        and `normal`; `apply(inputs)` runs the model; `key` seeds any draw.
        """
        ...

    def predictions(self, outputs: np.ndarray) -> np.ndarray:
        """Model outputs `(N, C)` or `(N, 1)` as probabilities `(N, C)` or numbers `(N,)`."""
        ...

    def metrics(self) -> tuple[Metric, ...]:
        """Metrics of a split; the first ranks models."""
        ...
