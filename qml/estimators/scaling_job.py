"""How performance grows with data, as one piece of work: the comparison of each set at several numbers of rows."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from qml.base.errors import ConfigError, DataError
from qml.base.files import made_folder
from qml.bench import Protocol, Store
from qml.bench.scaling.choice import FEWEST_SEEDS
from qml.bench.scaling.growth import check_alike
from qml.estimators.jobs import BenchmarkJob
from qml.estimators.outcome import Planned
from qml.estimators.report_job import ReportJob
from qml.estimators.reports import WrittenSuite, written_scaling
from qml.estimators.together import SuiteOutcome, check_once, check_shared, run_together

_logger = logging.getLogger(__name__)
FEWEST = 2
ONE_MODEL = ("model", "models", "arms", "champions", "framework", "backend")
"""What the sizes of one data set share: else a curve would run through different models."""
Self = TypeVar("Self", bound="ScalingJob")


@dataclass(frozen=True)
class ScalingJob:
    """A comparison at growing numbers of training rows, on one data set or several: a `BenchmarkJob` for each size.

    The training rows of a seed are nested: fewer lie within more. Settings are chosen anew at each size, by the trials
    of the protocol. Cells are those of ordinary comparisons, so a finished one is never run again, also where a size is
    added later. Every protocol is hashed, and every contestant checked, before the first cell runs.

    Args:
        jobs: the sizes of the first data set, fewest rows first; then those of the next.
        name: of the folder of its reports; by default the recipe's, else the protocol's.
        title: heading of the page of all data sets.

    Raises:
        ConfigError: fewer than two sizes of a set, a size twice, another model at one of them, or jobs that do not
            belong together.

    Example:
        ```python
        from qml.config import build

        print(build(["recipe=data_scaling_smoke", "store=/tmp/store", "out=/tmp/reports"]).run())
        ```
    """

    jobs: tuple[BenchmarkJob, ...]
    name: str = ""
    title: str = ""

    def __post_init__(self):
        object.__setattr__(self, "jobs", tuple(self.jobs))
        if not self.jobs:
            raise ConfigError(
                "A comparison at several sizes was asked for; it has none. Name some: sizes=[100,300,all]."
            )
        check_shared(self.jobs)
        for jobs in self.sets:
            name, choices = jobs[0].data.name, [job.data for job in jobs]
            if len(jobs) < FEWEST:
                raise ConfigError(f"{name!r} was to be compared at several sizes; it has one. Name more, or sizes=[].")
            twice = next((choice for choice in choices if choices.count(choice) > 1), None)
            if twice is not None:
                raise ConfigError(f"{name!r} was given the size {twice.rows or 'all'} twice. Leave it out once.")
            for job, key in ((job, key) for job in jobs[1:] for key in ONE_MODEL):
                if getattr(job, key) != getattr(jobs[0], key):
                    raise ConfigError(
                        f"{name!r} was to be compared at several sizes; {key} is {getattr(jobs[0], key)} at one and "
                        f"{getattr(job, key)} at another. A curve is that of one model: give it once, for all sizes."
                    )

    @classmethod
    def over(cls: type[Self], scalings: Sequence[object], title: str = "") -> Self:
        """Several data sets, each at its sizes, as one piece of work.

        Raises:
            ConfigError: a data set without sizes, or one that stands twice.
        """
        single = [made for made in scalings if not isinstance(made, cls)]
        if single:
            raise ConfigError(
                "A suite at several sizes takes sizes for each of its sets; one has none. Give sizes for all of them, "
                "or to each set its own: sets=[['data=wine','sizes=[50,all]'],['data=digits','sizes=[200,all]']]."
            )
        found = [made for made in scalings if isinstance(made, cls)]
        check_once([made.jobs[0].data.name for made in found])
        return cls(tuple(job for made in found for job in made.jobs), title=title)

    @property
    def sets(self) -> tuple[tuple[BenchmarkJob, ...], ...]:
        """The jobs of each data set."""
        names = dict.fromkeys(job.data.name for job in self.jobs)
        return tuple(tuple(job for job in self.jobs if job.data.name == name) for name in names)

    @property
    def folder(self) -> str:
        """Name of the folder of the reports."""
        first = self.jobs[0]
        return self.name or first.recipe_name or f"{first.protocol.name}-sizes"

    def planned(self, progress: bool | None = None) -> tuple[Planned, ...]:
        """What each job is about to run, in their order, before any cell runs.

        Args:
            progress: a bar for each fit.

        Raises:
            ConfigError, DataError, CapabilityError: something cannot be meant, such as a size beyond the training
                part, or sizes under terms that differ in more than their rows.
        """
        plans = tuple(job.planned(progress) for job in self.jobs)
        check_sizes(self.by_set([plan.protocol for plan in plans]))
        if any(len(plan.protocol.seeds) < FEWEST_SEEDS for plan in plans):
            _logger.warning("One seed: the pages will show points, without intervals and without a law.")
        return plans

    def by_set(self, protocols: Sequence[Protocol]) -> tuple[tuple[Protocol, ...], ...]:
        """Protocols of the jobs, in their order, gathered by data set."""
        found: dict[str, list[Protocol]] = {}
        for protocol in protocols:
            found.setdefault(protocol.data, []).append(protocol)
        return tuple(tuple(group) for group in found.values())

    def written(self, store: Store, plans: Sequence[Planned]) -> WrittenSuite:
        """The reports of the cells that are in a store.

        Args:
            store: of the cells.
            plans: of the jobs.
        """
        sets = self.by_set([plan.protocol for plan in plans])
        return written_scaling(store, sets, self.jobs[0].out, self.folder, self.title)

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
class ScalingReportJob(ScalingJob):
    """The reports of a comparison at several sizes, from the cells that are in the store now; it runs none.

    Sizes without a cell are named in the log and left out, so that a benchmark that is under way can be looked at.
    """

    jobs: tuple[ReportJob, ...]

    def run(self, progress: bool | None = None, command: Sequence[str] = ()) -> WrittenSuite:
        """Join the cells of every data set and size, and write the reports.

        Args:
            progress: not used.
            command: not used: what is lacking is told by data set and size.

        Raises:
            DataError: there is no store, or it lacks the cells of a data set.
        """
        from qml.estimators.data_choice import signature_of

        first = self.jobs[0]
        stores = first.stores
        protocols = [job.terms(signature_of(job.data.source(job.protocol.seeds[0]))) for job in self.jobs]
        sets = self.by_set(protocols)
        check_sizes(sets)
        made_folder("out", first.out)
        return written_scaling(stores, sets, first.out, self.folder, self.title)


def check_sizes(sets: Sequence[Sequence[Protocol]]) -> None:
    """Refuse sizes of one data set under terms that differ in more than their rows.

    Raises:
        ConfigError: names the term and both values.
    """
    for protocols in sets:
        for other in protocols[1:]:
            try:
                check_alike(protocols[0], other)
            except DataError as error:
                raise ConfigError(str(error)) from error
