"""Jobs that share a store, run as one piece of work, and written about once the last of their cells is finished."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from qml.base.errors import ConfigError
from qml.bench import Store
from qml.estimators.outcome import BenchmarkOutcome, Planned
from qml.estimators.planned_run import run_planned

if TYPE_CHECKING:
    from qml.estimators.jobs import BenchmarkJob

SHARED = ("store", "out", "workers", "retry_failed", "report", "seed", "recipe_name", "framework")
"""What is the same in every one of the jobs."""


class Written(Protocol):
    """Where reports lie and what they say, as `str`."""

    def check(self) -> None:
        """Raise if a report finds a failure."""
        ...


@dataclass(frozen=True)
class SuiteOutcome:
    """What jobs did together.

    Args:
        outcomes: one a job, without a report of their own.
        report: the reports; None where none was written.
        missing: cells that are not finished, seeds that this piece of work is not about included. A verdict over data
            sets, or a curve, is read of whole sets alone, so with any there is no report yet.
    """

    outcomes: tuple[BenchmarkOutcome, ...]
    report: Written | None = None
    missing: int = 0

    @property
    def failed(self) -> tuple[str, ...]:
        """Cells that failed, with their reasons."""
        return tuple(reason for outcome in self.outcomes for reason in outcome.failed)

    @property
    def validation_score(self) -> float | None:
        """Mean over the jobs of the validation score of their own model; None where one has none."""
        found = [outcome.validation_score for outcome in self.outcomes]
        scores = [score for score in found if score is not None]
        return sum(scores) / len(scores) if scores and len(scores) == len(found) else None

    def __str__(self) -> str:
        ran, skipped = sum(len(o.ran) for o in self.outcomes), sum(o.skipped for o in self.outcomes)
        lines = [f"{ran} cells run, {skipped} finished before or by others, {len(self.failed)} failed."]
        lines += [f"failed: {reason}" for reason in self.failed]
        if self.missing:
            lines.append(f"No report yet: {self.missing} cells of other seeds or by others are not finished.")
        return "\n".join([*lines, str(self.report)] if self.report is not None else lines)

    def check(self) -> None:
        """Raise if the benchmark did not keep its own terms.

        Raises:
            FailedCellsError: a cell failed.
            FailedBenchmarkError: a report finds a failure, such as a champion below its floor.
        """
        for outcome in self.outcomes:
            outcome.check()
        if self.report is not None and all(outcome.whole for outcome in self.outcomes):
            self.report.check()


def run_together(
    jobs: Sequence[BenchmarkJob],
    plan: Callable[[bool], Sequence[Planned]],
    write: Callable[[Store, Sequence[Planned]], Written],
    progress: bool | None = None,
    command: Sequence[str] = (),
) -> SuiteOutcome:
    """Plan every job, run every cell that is missing, and write the reports when no cell is missing any more.

    Args:
        jobs: that share a store.
        plan: gives what each of them is about to run; refuses what cannot be meant, before any cell runs.
        write: writes the reports of the cells in the store.
        progress: bars; None shows them in a terminal or in Jupyter.
        command: words that run this again, kept with each cell; by default those that started the process.

    Raises:
        WorkerError: one of several workers failed.
    """
    from qml.learn.bar import worth_showing

    shown = worth_showing() if progress is None else progress
    plans = plan(shown)
    outcome = SuiteOutcome(run_planned(jobs, plans, shown, command))
    store = Store(jobs[0].store)
    missing = len(store.missing(cell for plan in plans for cell in plan.all_cells))
    if missing or not jobs[0].report:
        return replace(outcome, missing=missing)
    return replace(outcome, report=write(store, plans))


def check_shared(jobs: Sequence[BenchmarkJob]) -> None:
    """Refuse jobs that are to run together and differ in what they share.

    Raises:
        ConfigError: names the key and both values.
    """
    first = jobs[0]
    for other in jobs[1:]:
        for key in SHARED:
            if getattr(other, key) != getattr(first, key):
                raise ConfigError(
                    f"The jobs of a suite share {key}; it is {getattr(first, key)!r} on {first.data.name!r} and "
                    f"{getattr(other, key)!r} on {other.data.name!r}. Give it once, for all of them."
                )


def check_once(names: Sequence[str]) -> None:
    """Refuse a suite that names a data set twice.

    Raises:
        ConfigError: names the set.
    """
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ConfigError(f"A suite takes each data set once; it was given {list(names)}. Leave {twice!r} out once.")
