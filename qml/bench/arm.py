"""A contestant: known to the benchmark by name and family, and able to train itself under a budget."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from qml.data.source import Source
from qml.learn.fit import Budget, Fitted

Family = Literal["hybrid", "control", "baseline"]


@dataclass(frozen=True)
class ArmInfo:
    """What the benchmark and the report know of a contestant.

    Args:
        name: short unique name: "hybrid", "twin", "frozen", "product", "removed", "logistic", "svm", ...
        family: with a circuit, the same model without it (control), or a classical baseline.
        title: the words of the report, such as "Circuit removed".
        config: everything that decides what is trained; part of the cell's digest.
        space: hyper-parameter -> choices; each arm gets the same number of trials from its space.
        details: plain facts for the report (circuit drawing, digest, parameters).
    """

    name: str
    family: Family
    title: str
    config: Mapping[str, Any]
    space: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)


class Arm(Protocol):
    """Trains one contestant with one setting of its hyper-parameters."""

    @property
    def info(self) -> ArmInfo:
        """Who it is."""
        ...

    def fit(
        self, source: Source, settings: Mapping[str, Any], budget: Budget, seed: int, folder: Path | None
    ) -> Fitted:
        """Train on "train", watch "validation"; `settings` is one point of the space.

        `source` is sealed: test targets are not in it, nor validation targets in a shuffled read. The fitted model
        predicts from inputs alone. See `qml.bench.sealed.SealedSource`.
        """
        ...
