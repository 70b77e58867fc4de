"""Several data sets under the same terms as one piece of work: every cell, a report of each set, and one of all."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

from qml.base.errors import ConfigError
from qml.base.files import made_folder
from qml.bench import Store
from qml.bench.suite import Suite
from qml.estimators.jobs import BenchmarkJob
from qml.estimators.outcome import BenchmarkOutcome, Planned
from qml.estimators.planned_run import run_planned
from qml.estimators.report_job import ReportJob
from qml.estimators.reports import WrittenSuite, written_suite

_logger = logging.getLogger(__name__)
SHARED = ("store", "out", "workers", "retry_failed", "report", "seed", "recipe_name", "framework")
"""What is the same in every job of a suite."""


@dataclass(frozen=True)
class SuiteOutcome:
    """What a suite did.

    Args:
        outcomes: one a data set, without a report of their own.
        report: the reports; None where none was written.
        missing: cells of the suite that are not finished, seeds that this job is not about included. A verdict over
            data sets is read of whole sets alone, so with any there is no report yet.
    """

    outcomes: tuple[BenchmarkOutcome, ...]
    report: WrittenSuite | None = None
    missing: int = 0

    @property
    def failed(self) -> tuple[str, ...]:
        """Cells that failed, with their reasons."""
        return tuple(reason for outcome in self.outcomes for reason in outcome.failed)

    @property
    def validation_score(self) -> float | None:
        """Mean over the data sets of the validation score of the suite's own model; None where a set has none."""
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


@dataclass(frozen=True)
class SuiteJob:
    """A comparison over several data sets: a `BenchmarkJob` for each, under terms that differ in their data only.

    The sets come one after another, seeds outermost in each. Every protocol is frozen and hashed, and every
    contestant checked, before the first cell runs.

    Args:
        jobs: one a data set.
        name: of the suite and of the folder of its reports; by default the recipe's, else the protocol's.
        title: heading of the report.

    Raises:
        ConfigError: no job, or jobs that do not belong together.

    Example:
        ```python
        from qml.config import build

        print(build(["recipe=fair_smoke", "store=/tmp/store", "out=/tmp/reports"]).run())
        ```
    """

    jobs: tuple[BenchmarkJob, ...]
    name: str = ""
    title: str = ""

    def __post_init__(self):
        object.__setattr__(self, "jobs", tuple(self.jobs))
        if not self.jobs:
            raise ConfigError("A suite was asked for; it has no data set. Name some: sets=[['data=wine']].")
        names = [job.data.name for job in self.jobs]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ConfigError(f"A suite takes each data set once; it was given {names}. Leave {twice!r} out once.")
        check_shared(self.jobs)

    def suite(self, plans: Sequence[Planned]) -> Suite:
        """The terms of the suite.

        Args:
            plans: of its jobs.

        Raises:
            ConfigError: terms that differ in more than their data.
        """
        first = self.jobs[0]
        name = self.name or first.recipe_name or first.protocol.name
        return Suite(name, tuple(plan.protocol for plan in plans), title=self.title or first.protocol.title)

    def _say_uneven_arms(self) -> None:
        """Log the contestants that were asked for on some data sets only."""
        for arm in dict.fromkeys(arm for job in self.jobs for arm in job.arms):
            on = [job.data.name for job in self.jobs if arm in job.arms]
            if len(on) < len(self.jobs):
                _logger.warning("arms: %s is asked for on %s alone, and is not among those of all sets.", arm, on)

    def run(self, progress: bool | None = None, command: Sequence[str] = ()) -> SuiteOutcome:
        """Run every cell that is missing, and write the reports.

        Args:
            progress: bars; None shows them in a terminal or in Jupyter.
            command: words that run this again, kept with each cell; by default those that started the process.

        Raises:
            ConfigError, DataError, CapabilityError: something cannot be meant; before any cell runs.
            WorkerError: one of several workers failed.
        """
        from qml.learn.bar import worth_showing

        shown = worth_showing() if progress is None else progress
        plans = [job.planned(shown) for job in self.jobs]
        self._say_uneven_arms()
        suite = self.suite(plans)
        outcome = SuiteOutcome(run_planned(self.jobs, plans, shown, command))
        first = self.jobs[0]
        store = Store(first.store)
        missing = len(store.missing(cell for plan in plans for cell in plan.all_cells))
        if missing or not first.report:
            return replace(outcome, missing=missing)
        return replace(outcome, report=written_suite(store, suite, first.out))


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


@dataclass(frozen=True)
class SuiteReportJob(SuiteJob):
    """The reports of a suite, from the cells that are in the store now; it runs none."""

    jobs: tuple[ReportJob, ...]

    def run(self, progress: bool | None = None, command: Sequence[str] = ()) -> WrittenSuite:
        """Join the cells of every data set and write the reports.

        Args:
            progress: not used.
            command: words that run the cells, told where there are none.

        Raises:
            DataError: the store lacks the cells of a data set; no folder is made.
        """
        protocols = [job.read(command) for job in self.jobs]
        made_folder("out", self.jobs[0].out)
        suite = self.suite([Planned(protocol, (), protocol.seeds) for protocol in protocols])
        return written_suite(self.jobs[0].stores, suite, self.jobs[0].out)
