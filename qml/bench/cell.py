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
EVALUATIONS = "circuit_evaluations"
"""The number of a fit's info that counts what its circuits were asked."""


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

    A failed trial, or one that did not converge, counts as a trial: its reason is kept, its `score` is that of the
    constant prediction (see `CellResult.chance`), and it is not chosen while another one finished.

    Args:
        number: from 0, in the order in which they were tried.
        settings: the point of the space.
        seed: of its fit.
        status: "finished" or "failed".
        score: validation value of the ranking metric; with inner folds the mean over them.
        reason: why it failed, else None.
        validation: every metric on validation rows; with inner folds the means.
        cost: CPU and wall seconds, updates, passes, rows, whether it met the cap, what ended it, and the peak memory;
            of a failed trial the seconds alone. With inner folds the sums over them.
        parameters: trained numbers by part, such as `{"quantum": 72, "classical": 610}`.
        info: numbers that the fit gave of itself.
        rates: rows a second at prediction and in training.
        folds: score of each inner fold; empty for an inner hold-out.
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
    folds: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "folds", tuple(self.folds))

    @property
    def evaluations(self) -> float:
        """Circuit evaluations of its training; 0 without a circuit."""
        return float(self.info.get(EVALUATIONS, 0.0))

    def to_json(self) -> dict[str, Any]:
        """Plain data from which `Trial(**data)` makes an equal trial."""
        return asdict(self)


@dataclass(frozen=True)
class BudgetPoint:
    """What a contestant had reached when it had spent the budget of its first trials.

    Args:
        trials: how many trials, from 1.
        cpu_s: CPU seconds of these trials together, failed ones included.
        evaluations: circuit evaluations of these trials together; 0 without a circuit.
        validation: the best validation value of the ranking metric among them, by which a choice at this moment would
            have been made; that of the constant prediction while none has finished.
        test: test value of that choice, computed after the last choice and for this curve alone; None where no fit
            of that setting on the whole training part exists (inner folds), or where the metric is not defined.
    """

    trials: int
    cpu_s: float
    evaluations: float
    validation: float
    test: float | None = None


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
        chance: split ("validation", "test") -> metric -> value of the constant prediction: the shares of the classes,
            or the mean, of the training targets. Known for every cell, and the score of one whose trials all failed.
        budget_curve: what the first trial, the first two, ... had reached; one point a trial.
        refit: with inner folds, the fit of the chosen setting on the whole training part; else None, because the
            chosen trial is that fit.
        records: rows of training by metric and epoch, with the number of their trial.
        arrays: `validation_targets (V,)`, `validation_predictions (V, C) or (V,)`, the same for `test`, and
            `test_left_out (G,)`: the ranking metric on test rows with one of G blocks left out. Those of a failed
            cell are made with the constant prediction.
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
    chance: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    budget_curve: tuple[BudgetPoint, ...] = ()
    refit: Trial | None = None
    records: tuple[tuple[int, Record], ...] = ()
    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)

    @property
    def best(self) -> Trial | None:
        """The fit whose predictions count: the chosen trial, or the last fit of its setting after inner folds."""
        return None if self.chosen is None else self.refit or self.trials[self.chosen]

    @property
    def fits(self) -> tuple[Trial, ...]:
        """Everything that was spent: every trial, and the fit of the chosen setting where there is one beside them."""
        return (*self.trials, self.refit) if self.refit is not None else self.trials

    @property
    def counted(self) -> Mapping[str, Mapping[str, float]]:
        """Split -> metric -> the value that enters a comparison: of the chosen trial, or of chance when all failed.

        Empty for a failed cell that was written before chance was kept.
        """
        return self.metrics if self.status == "finished" else self.chance

    @property
    def capped(self) -> int:
        """How many of the fits met the cap of CPU seconds."""
        return sum(bool(fit.cost.get("capped")) for fit in self.fits)

    @property
    def cpu_s(self) -> float:
        """CPU seconds of the whole cell, search and failed trials included."""
        return float(sum(fit.cost.get("cpu_s", 0.0) for fit in self.fits))

    @property
    def evaluations(self) -> float:
        """Circuit evaluations of the whole cell, search included; 0 without a circuit."""
        return float(sum(fit.evaluations for fit in self.fits))

    @property
    def peak_bytes(self) -> float | None:
        """The most memory that the process held during one of the fits; None where it was not measured."""
        found = [fit.cost["peak_bytes"] for fit in self.fits if fit.cost.get("peak_bytes") is not None]
        return float(max(found)) if found else None

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
            "chance": plain(self.chance),
            "budget_curve": [asdict(point) for point in self.budget_curve],
            "refit": None if self.refit is None else plain(self.refit.to_json()),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any], **more: Any) -> CellResult:
        """The result that `to_json` wrote; records and arrays come in through `more`.

        Cells of an earlier version have no chance score, no budget curve and no memory; they read as empty.
        """
        arm = ArmInfo(**{k: v for k, v in data["arm"].items() if k != "digest"})
        protocol = Protocol.from_json(data["protocol"])
        cell = Cell(arm=arm, data=protocol.data, protocol_hash=data["protocol_hash"], seed=data["seed"])
        same = ("status", "reason", "chosen", "metrics", "metric_facts", "data", "provenance", "rows_curve")
        refit = data.get("refit")
        return cls(
            cell=cell,
            protocol=protocol,
            chance=data.get("chance", {}),
            budget_curve=tuple(BudgetPoint(**point) for point in data.get("budget_curve", ())),
            refit=None if refit is None else Trial(**refit),
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
