"""The only hole shaped like a framework: one update, one prediction, and all that a checkpoint holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from qml.data.source import Batch


@dataclass(frozen=True)
class Snapshot:
    """All that is needed to continue a run to the very same result: arrays by name, and plain data."""

    arrays: Mapping[str, np.ndarray]
    data: Mapping[str, Any]


class Step(Protocol):
    """Trains by updates. `State` is whatever the framework needs: weights, optimiser, mode, counters, RNG."""

    def init(self, model: Any, task: Any, seed: int) -> Any:
        """A fresh state: weights drawn from `seed`, optimiser at zero."""
        ...

    def update(self, state: Any, batch: Batch) -> tuple[Any, Mapping[str, float]]:
        """One update; the info holds losses and gradient norms by part."""
        ...

    def predict(self, state: Any, batch: Batch) -> np.ndarray:
        """Raw outputs `(B, C)` or `(B, 1)` in evaluation mode, as NumPy."""
        ...

    def snapshot(self, state: Any) -> Snapshot:
        """The state as arrays and plain data."""
        ...

    def restore(self, state: Any, snapshot: Snapshot) -> Any:
        """A state equal to the one that `snapshot` was taken of.

        Raises:
            CheckpointError: the snapshot is of another model, task or optimiser.
        """
        ...

    def parameters(self, state: Any) -> Mapping[str, int]:
        """Trained numbers by part ("quantum", "classical")."""
        ...
