"""The terms of a comparison, as a configuration chooses them, and the protocol that follows from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from qml.bench.balance import fitting_rank
from qml.bench.chance import constant_answer
from qml.bench.protocol import CONTRASTS, HOLDOUT, Protocol
from qml.estimators.data_choice import DataChoice
from qml.models.signature import Signature


@dataclass(frozen=True)
class Terms:
    """The terms of a comparison that do not depend on the data; with the data they make a `Protocol`.

    See `qml.bench.Protocol` for each. `rank="auto"` is r2 for numbers; for classes it follows from their shares among
    the training rows of the first seed, see `qml.bench.balance.fitting_rank`.
    """

    name: str
    title: str = ""
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)
    folds: int | None = None
    inner: int | str = HOLDOUT
    sampler: str = "random"
    trials: int = 1
    epochs: int = 20
    cpu_s: float | None = None
    patience: int | None = None
    rank: str = "auto"
    metrics: tuple[str, ...] = ()
    rope: float = 0.01
    rows_curve: tuple[float, ...] = ()
    contrasts: tuple[tuple[str, str], ...] | None = None
    floors: Mapping[str, float] = field(default_factory=dict)

    def divided(self, data: DataChoice) -> DataChoice:
        """The data as these terms divide them: in folds, where they say so.

        Raises:
            ConfigError: folds of a source of your own, which divides its rows by itself.
        """
        return data if self.folds is None else replace(data, folds=self.folds)

    @property
    def chosen(self) -> dict[str, Any]:
        """Terms by which something is chosen on validation rows."""
        found: dict[str, Any] = {"protocol.trials": self.trials} if self.trials > 1 else {}
        return found if self.patience is None else {**found, "protocol.patience": self.patience}

    def check(self) -> None:
        """Refuse what cannot be meant on any data, before a row is read.

        Raises:
            ConfigError: a term is of another kind or out of range.
        """
        rank = "accuracy" if self.rank == "auto" else self.rank  # as those that are fitting, it is at most 1
        Protocol(data="any", rank=rank, **self._of_any_data)

    @property
    def _of_any_data(self) -> dict[str, Any]:
        """What a Protocol says of no data."""
        return {
            "name": self.name,
            "title": self.title,
            "seeds": tuple(self.seeds) if isinstance(self.seeds, range) else self.seeds,
            "folds": self.folds,
            "inner": self.inner,
            "sampler": self.sampler,
            "trials": self.trials,
            "epochs": self.epochs,
            "cpu_s": self.cpu_s,
            "patience": self.patience,
            "metrics": self.metrics,
            "rope": self.rope,
            "rows_curve": self.rows_curve,
            "contrasts": CONTRASTS if self.contrasts is None else self.contrasts,
            "floors": tuple(sorted(self.floors.items())),
        }

    def _fitting(self, data: DataChoice, signature: Signature) -> str:
        """The metric that fits the target, by the training rows of the first seed."""
        if signature.kind != "classes":
            return "r2"
        return fitting_rank(constant_answer(data.source(self.seeds[0])))

    def protocol(self, data: DataChoice, signature: Signature) -> Protocol:
        """The Protocol on this data.

        Raises:
            ConfigError: a term cannot be meant.
        """
        data = self.divided(data)
        return Protocol(
            data=data.name,
            split=data.split,
            test=data.test,
            validation=data.validation,
            rows=data.rows,
            source=data.terms(self.seeds[0]) if self.seeds else (),
            rank=self._fitting(data, signature) if self.rank == "auto" else self.rank,
            **self._of_any_data,
        )
