"""What a benchmark is about to run, what it did, and when it counts as failed."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from qml.base.errors import QmlError
from qml.base.registry import HELP, unknown
from qml.bench import Cell, CellResult, Protocol, Store
from qml.bench.protocol import CHAMPION, CONTRASTS
from qml.estimators.arms import SHUFFLED, SpecArm
from qml.estimators.reports import WrittenReport
from qml.models import KINDS, MODELS

_logger = logging.getLogger(__name__)


class FailedCellsError(QmlError, RuntimeError):
    """Some cells of a benchmark failed; the others are kept."""


@dataclass(frozen=True)
class BenchmarkOutcome:
    """What a job did.

    Args:
        ran: cells finished by this job; of several workers, those finished while they were at work.
        skipped: cells that were finished before, or that another process is at.
        failed: those of `ran` that failed, with their reasons.
        report: paths and verdict; None where none was written.
        whole: whether the job was about every seed of its protocol, so that its report can be held to the floors.
        validation_score: mean validation score of the job's own model over the finished seeds, for a search over
            jobs: higher is better, a loss has its sign turned. None where no seed is finished.
    """

    ran: tuple[CellResult, ...]
    skipped: int
    failed: tuple[str, ...]
    report: WrittenReport | None = None
    whole: bool = True
    validation_score: float | None = None

    def __str__(self) -> str:
        lines = [f"{len(self.ran)} cells run, {self.skipped} finished before or by others, {len(self.failed)} failed."]
        lines += [f"failed: {reason}" for reason in self.failed]
        return "\n".join([*lines, str(self.report)] if self.report is not None else lines)

    def check(self) -> None:
        """Raise if the benchmark did not keep its own terms.

        Raises:
            FailedCellsError: a cell failed.
            FailedBenchmarkError: its report finds a failure, such as a champion below its floor.
        """
        if self.failed:
            first = self.failed[0].rstrip(".")
            raise FailedCellsError(
                f"{len(self.failed)} of {len(self.ran)} cells failed, the first: {first}. The others are "
                f"kept; when the cause is gone, run again with retry_failed=true."
            )
        if self.report is not None and self.whole:
            self.report.check()


@dataclass(frozen=True)
class Planned:
    """What a job is about to run, all of it checked.

    Args:
        protocol: frozen and hashed.
        arms: the job's own model first.
        seeds: those of the protocol that it runs.
    """

    protocol: Protocol
    arms: tuple[SpecArm, ...]
    seeds: tuple[int, ...]

    @property
    def cells(self) -> tuple[tuple[int, SpecArm, Cell], ...]:
        """Seed, contestant and cell, seeds outermost."""
        return tuple((seed, arm, Cell.of(arm.info, self.protocol, seed)) for seed in self.seeds for arm in self.arms)

    @property
    def all_cells(self) -> tuple[Cell, ...]:
        """Cells of every seed of the protocol, also of those that this job does not run."""
        return tuple(Cell.of(arm.info, self.protocol, seed) for seed in self.protocol.seeds for arm in self.arms)


def check_named(arms: Sequence[SpecArm], protocol: Protocol) -> None:
    """Refuse a floor or a contrast under a name that neither these contestants bear nor any that can be asked for.

    A contestant that is not among `arms` may be that of another job on the same store, so it is told in the log alone;
    the report counts a floor without cells as failed. The contrasts that every protocol has go without a word.

    Raises:
        ConfigError: an unknown name; the message has the nearest.
    """
    own = {name for arm in arms for name in (arm.info.name, str(arm.info.details.get("role", arm.info.name)))}
    known = {*own, CHAMPION, SHUFFLED, *KINDS, *MODELS}
    usual = {name for pair in CONTRASTS for name in pair}
    named = [("floor", name) for name, _ in protocol.floors]
    named += [("contrast", name) for pair in protocol.contrasts for name in pair]
    for what, name in dict.fromkeys(named):
        if name not in known:
            raise unknown(f"arm with a {what}", name, sorted(known), listing=HELP)
        if name not in own | {CHAMPION} and (what == "floor" or name not in usual):
            _logger.warning("The protocol has a %s of %s, which is no arm of this job.", what, name)


def outcome_of(plan: Planned, ran: tuple[CellResult, ...], store: Store) -> BenchmarkOutcome:
    """What became of one job.

    Args:
        plan: what it was to run.
        ran: what it ran.
        store: with these cells, and those that were finished before.
    """
    failed = tuple(f"{r.cell.arm.name}, seed {r.cell.seed}: {r.reason}" for r in ran if r.status == "failed")
    score = validation_score(plan, store)
    return BenchmarkOutcome(
        ran, len(plan.cells) - len(ran), failed, whole=plan.seeds == plan.protocol.seeds, validation_score=score
    )


def validation_score(plan: Planned, store: Store) -> float | None:
    """Mean validation score of a job's own model over the seeds that are finished; test rows have no say in it.

    Returns:
        In units of the ranking metric; the sign of a loss is turned, so that higher is better. None without a seed.
    """
    rank, values = plan.protocol.rank, []
    for _, _, cell in plan.cells[:: len(plan.arms)]:
        result = store.find(cell)
        if result is not None and result.status == "finished":
            sign = 1.0 if result.metric_facts[rank]["higher_is_better"] else -1.0
            values.append(sign * result.metrics["validation"][rank])
    return sum(values) / len(values) if values else None
