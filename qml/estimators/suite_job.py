"""Several data sets under the same terms as one piece of work: every cell, a report of each set, and one of all."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from qml.base.errors import ConfigError
from qml.base.files import made_folder
from qml.bench import Store
from qml.bench.suite import Suite
from qml.estimators.jobs import BenchmarkJob
from qml.estimators.outcome import Planned
from qml.estimators.report_job import ReportJob
from qml.estimators.reports import WrittenSuite, written_suite
from qml.estimators.together import SuiteOutcome, Written, check_once, check_shared, run_together

_logger = logging.getLogger(__name__)


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
        check_once([job.data.name for job in self.jobs])
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

    def planned(self, progress: bool | None = None) -> tuple[Planned, ...]:
        """What each job is about to run, in their order, before any cell runs.

        Args:
            progress: a bar for each fit.

        Raises:
            ConfigError, DataError, CapabilityError: something cannot be meant, such as terms that differ in more than
                their data.
        """
        plans = tuple(job.planned(progress) for job in self.jobs)
        self.suite(plans)
        self._say_uneven_arms()
        return plans

    def written(self, store: Store, plans: Sequence[Planned]) -> Written:
        """The reports of the cells that are in a store.

        Args:
            store: of the cells.
            plans: of the jobs.
        """
        return written_suite(store, self.suite(plans), self.jobs[0].out)

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
        return run_together(self.jobs, self.planned, self.written, progress, command)


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
