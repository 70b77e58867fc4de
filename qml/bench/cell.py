"""The unit of a benchmark: one contestant, one data set, one protocol, one seed; and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from typing import Any, Literal

import numpy as np

from qml.base.digest import canonical, digest
from qml.bench.arm import ArmInfo
from qml.bench.protocol import Protocol
from qml.learn.record import Record

Status = Literal["finished", "failed"]


@dataclass(frozen=True)
class Cell:
    """One square of the table of a benchmark.

    Args:
        arm: the contestant; its name, configuration and space are part of the digest, its title is not.
        data: name of the data set.
        protocol_hash: digest of the protocol.
        seed: which of the protocol's seeds.

    Example:
        >>> info = ArmInfo(name="logistic", family="baseline", title="Logistic regression", config={"C": 1.0})
        >>> len(Cell(info, "digits", "0" * 32, seed=0).digest)
        32
    """

    arm: ArmInfo
    data: str
    protocol_hash: str
    seed: int

    @classmethod
    def of(cls, arm: ArmInfo, protocol: Protocol, seed: int) -> Cell:
        """The cell of `arm` under `protocol` with one of its seeds."""
        protocol.check_seed(seed)
        return cls(arm=arm, data=protocol.data, protocol_hash=protocol.hash, seed=seed)

    @property
    def digest(self) -> str:
        """The key of this cell in every store, 32 hexadecimal digits."""
        return digest([self.arm_digest, self.data, self.protocol_hash, self.seed])

    @property
    def arm_digest(self) -> str:
        """Digest of what the contestant is: its name, configuration and space."""
        return digest([self.arm.name, self.arm.config, self.arm.space])


@dataclass(frozen=True)
class Trial:
    """One setting tried: what was given, what it scored on validation rows, what it spent.

    A failed trial counts as a trial; its reason is kept and its score is None.
    """

    number: int
    settings: Mapping[str, Any]
    seed: int
    status: Status
    score: float | None = None
    reason: str | None = None
    validation: Mapping[str, float] = field(default_factory=dict)
    cost: Mapping[str, Any] = field(default_factory=dict)
    parameters: Mapping[str, int] = field(default_factory=dict)
    info: Mapping[str, float] = field(default_factory=dict)
    rates: Mapping[str, float] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Plain data from which `Trial(**data)` makes an equal trial."""
        return asdict(self)


@dataclass(frozen=True)
class CellResult:
    """What came of a cell; everything on a report page is made of these.

    Args:
        cell: which cell.
        protocol: the terms in full.
        status: "finished", or "failed" when no trial gave usable predictions.
        reason: why it failed, else None.
        chosen: number of the trial with the best validation score, None when failed.
        trials: every trial, in order.
        metrics: split ("validation", "test") -> metric -> value of the chosen trial.
        metric_facts: metric -> `{"higher_is_better": ..., "unit": ...}`.
        data: facts of the source: rows by split, class labels, digest, duplicates.
        provenance: versions, machine, revision, command line, time.
        rows_curve: training rows -> test value of `rank`, where the protocol asks for it.
        records: rows of training by metric and epoch, with the number of their trial.
        arrays: `validation_targets (V,)`, `validation_predictions (V, C) or (V,)`, the same for `test`, and
            `test_left_out (G,)`: the ranking metric on test rows with one of G blocks left out.
    """

    cell: Cell
    protocol: Protocol
    status: Status
    reason: str | None
    chosen: int | None
    trials: tuple[Trial, ...]
    metrics: Mapping[str, Mapping[str, float]]
    metric_facts: Mapping[str, Mapping[str, Any]]
    data: Mapping[str, Any]
    provenance: Mapping[str, Any]
    rows_curve: Mapping[str, float] = field(default_factory=dict)
    records: tuple[tuple[int, Record], ...] = ()
    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)

    @property
    def best(self) -> Trial | None:
        """The chosen trial."""
        return None if self.chosen is None else self.trials[self.chosen]

    @property
    def capped(self) -> int:
        """How many of the trials met the cap of CPU seconds."""
        return sum(bool(trial.cost.get("capped")) for trial in self.trials)

    @property
    def cpu_s(self) -> float:
        """CPU seconds of the whole cell, search included."""
        return float(sum(trial.cost.get("cpu_s", 0.0) for trial in self.trials))

    def curve(self, metric: str, split: str = "validation") -> tuple[Record, ...]:
        """Rows of one metric of the chosen trial, in order of time."""
        rows = [r for number, r in self.records if number == self.chosen and r.metric == metric and r.split == split]
        return tuple(sorted(rows, key=lambda r: (r.step, r.epoch)))

    def to_json(self) -> dict[str, Any]:
        """All but records and arrays, as plain data."""
        arm = self.cell.arm
        return {
            "digest": self.cell.digest,
            "arm": {
                "name": arm.name,
                "family": arm.family,
                "title": arm.title,
                "config": plain(arm.config),
                "space": plain(arm.space),
                "details": plain(arm.details),
                "digest": self.cell.arm_digest,
            },
            "seed": self.cell.seed,
            "protocol_hash": self.cell.protocol_hash,
            "protocol": self.protocol.to_json(),
            "status": self.status,
            "reason": self.reason,
            "chosen": self.chosen,
            "trials": [plain(trial.to_json()) for trial in self.trials],
            "metrics": plain(self.metrics),
            "metric_facts": plain(self.metric_facts),
            "data": plain(self.data),
            "provenance": plain(self.provenance),
            "rows_curve": plain(self.rows_curve),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any], **more: Any) -> CellResult:
        """The result that `to_json` wrote; records and arrays come in through `more`."""
        arm = ArmInfo(**{k: v for k, v in data["arm"].items() if k != "digest"})
        protocol = Protocol.from_json(data["protocol"])
        cell = Cell(arm=arm, data=protocol.data, protocol_hash=data["protocol_hash"], seed=data["seed"])
        same = ("status", "reason", "chosen", "metrics", "metric_facts", "data", "provenance", "rows_curve")
        return cls(
            cell=cell,
            protocol=protocol,
            trials=tuple(Trial(**trial) for trial in data["trials"]),
            **{key: data[key] for key in same},
            **more,
        )


def plain(value: Any) -> Any:
    """`value` as JSON data with the same digest: lists for tuples, mappings for dataclasses, text for the rest."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        return plain(value.item())
    if is_dataclass(value) and not isinstance(value, type):
        named = {f.name: plain(getattr(value, f.name)) for f in fields(value) if f.compare}
        return {"class": type(value).__name__, **named}
    if isinstance(value, float) and not np.isfinite(value):
        return str(value)
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (set, frozenset, np.ndarray, complex)):
        return canonical(value)
    return str(value)
