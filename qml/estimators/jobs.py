"""Whole pieces of work as values: a benchmark and its report, ready to run from a notebook or a command line."""

from __future__ import annotations

import logging
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from qml.base.digest import canonical
from qml.base.errors import ConfigError, DataError
from qml.base.files import made_folder
from qml.base.registry import unknown
from qml.base.threads import available_cores
from qml.bench import Cell, CellResult, Protocol, Store, cells_of, run_cell
from qml.bench.merge import differing
from qml.bench.scale import listed, listed_some
from qml.data.source import Source
from qml.estimators.always import with_all
from qml.estimators.arms import SHUFFLED, SpecArm, arm_of, arms_for
from qml.estimators.asked import check_circuits
from qml.estimators.choices import Backend, DataChoice, Terms, Training, signature_of
from qml.estimators.outcome import BenchmarkOutcome, Planned, check_named, outcome_of
from qml.estimators.reports import WrittenReport, written
from qml.estimators.tally import Tally
from qml.learn.task import Task
from qml.models import KINDS, HybridSpec, Signature, Spec
from qml.models.published import Published

_logger = logging.getLogger(__name__)
OF_A_HYBRID = {"hybrid", *KINDS, SHUFFLED}


@dataclass(frozen=True)
class BenchmarkJob:
    """A comparison on one data set: a model with the contestants beside it, over the seeds of a protocol.

    Cells that are finished in the store are skipped, and a killed job continues where it stopped.

    Args:
        data, model, training, protocol, backend: what a configuration chooses.
        framework: "torch" or "jax", for the hybrid and its ablations.
        arms: contestants beside the model, by name; "all" is everyone of `qml.estimators.always`.
        champions: champion -> settings that differ from its defaults.
        seed: run only this seed of the protocol; None runs all.
        store: folder of finished cells.
        out: folder of reports.
        report: write the report at the end.
        retry_failed: run cells again that failed.
        recipe_name: for the name of the report.
        plugins: packages that were imported for this job.
        workers: processes of this machine that share the cells; 1 is this process alone.
        models: further models of your own beside `model`, as values.

    Example:
        ```python
        from qml.config import build

        print(build(["recipe=smoke", "store=/tmp/store", "out=/tmp/reports"]).run())
        ```
    """

    data: DataChoice
    model: Spec
    training: Training
    protocol: Terms
    backend: Backend = field(default_factory=Backend)
    framework: Literal["torch", "jax"] = "torch"
    arms: Sequence[str] = ()
    champions: Mapping[str, Any] = field(default_factory=dict)
    seed: int | None = None
    store: str = "results/store"
    out: str = "results/reports"
    report: bool = True
    retry_failed: bool = False
    recipe_name: str = ""
    plugins: Sequence[str] = ()
    workers: int = 1
    models: Sequence[Spec] = ()

    def __post_init__(self):
        if not isinstance(self.workers, int) or self.workers < 1:
            raise ConfigError(f"workers={self.workers!r} was asked for; it must be an integer of at least 1.")
        if self.framework not in ("torch", "jax"):
            raise unknown("framework", self.framework, ["torch", "jax"])
        terms = self.protocol
        terms.check()
        if self.seed is not None and self.seed not in terms.seeds:
            raise ConfigError(f"seed={self.seed} was asked for; the seeds of the protocol are {list(terms.seeds)}.")
        self.data.check_choosing(terms.chosen)
        object.__setattr__(self, "data", terms.divided(self.data))

    def terms(self, signature: Signature) -> Protocol:
        """The protocol, hashed before the first cell."""
        return self.protocol.protocol(self.data, signature)

    def contestants(self, signature: Signature, progress: bool | None = None) -> tuple[SpecArm, ...]:
        """The job's own model and the arms of its recipe, each checked.

        Raises:
            ConfigError: an unknown arm, or a model that does not fit the data.
        """
        searched = self.protocol.trials > 1
        model = placed_in(self.model, self.framework, self.backend)
        base = model if isinstance(model, HybridSpec) else None
        name = arm_name(model)
        own = self._own(self.model, signature, progress)
        beside = with_all(self.arms, model, signature)
        others = [arm for arm in beside if arm not in (name, "hybrid" if base is not None else name)]
        if base is None and set(others) & OF_A_HYBRID:
            raise ConfigError(
                f"The arms {sorted(set(others) & {'hybrid', *KINDS})} belong to a hybrid; model={name} has no circuit. "
                f"Choose model=hybrid, or arms=[] for this model alone."
            )
        hybrid = replace(base, ablation="") if base is not None else HybridSpec()
        made = arms_for(
            hybrid,
            others,
            self.training,
            signature,
            champions=self.champions,
            searched=searched,
            progress=progress,
        )
        further = (self._own(extra, signature, progress) for extra in self.models)
        return tuple(run_by(arm, self.backend) for arm in (own, *further, *made))

    def _own(self, model: Spec, signature: Signature, progress: bool | None) -> SpecArm:
        """A model of the job as a contestant."""
        placed = placed_in(model, self.framework, self.backend)
        searched = self.protocol.trials > 1
        return arm_of(placed.on(signature), self.training, name=arm_name(placed), searched=searched, progress=progress)

    def planned(self, progress: bool | None = None) -> Planned:
        """The protocol, the contestants and the seeds, before any cell runs.

        Args:
            progress: a bar for each fit.

        Raises:
            ConfigError, DataError, CapabilityError: something cannot be meant.
        """
        if self.report:
            made_folder("out", self.out)
        signature = signature_of(self.data.source(self.protocol.seeds[0]))  # one for all jobs of a sweep over seeds
        protocol = self.terms(signature)
        arms = self.contestants(signature, progress)
        check_named(arms, protocol)
        cells_of(arms, protocol)
        seeds = protocol.seeds if self.seed is None else (self.seed,)
        check_circuits(arms, protocol, seeds, Store(self.store))
        return Planned(protocol, arms, seeds)

    def run(self, progress: bool | None = None, command: Sequence[str] = ()) -> BenchmarkOutcome:
        """Run every cell that is missing, seeds outermost, and write the report.

        Args:
            progress: bars; None shows them in a terminal or in Jupyter.
            command: words that run this again, kept with each cell; by default those that started the process.

        Raises:
            ConfigError, DataError, CapabilityError: something cannot be meant; before any cell runs.
            WorkerError: one of several workers failed.
        """
        from qml.learn.bar import worth_showing

        shown = worth_showing() if progress is None else progress
        plan = self.planned(shown)
        (outcome,) = run_planned((self,), (plan,), shown, command)
        if not self.report:
            return outcome
        own = Cell.of(plan.arms[0].info, plan.protocol, plan.seeds[0]).arm_digest
        return replace(outcome, report=written(Store(self.store), plan.protocol, self.out, self.recipe_name, own))

    def run_cells(
        self, plan: Planned, *, shown: bool, command: Sequence[str] = (), counted: bool = True
    ) -> tuple[CellResult, ...]:
        """Run the cells of `plan` that are missing, in this process.

        Args:
            plan: of this job.
            shown: a bar.
            command: words that run this again, kept with each cell.
            counted: tell now and then how many cells are done; False where a process beside this one does.

        Returns:
            The cells that were run here.
        """
        store, results = Store(self.store), []
        missing = {cell.digest: (seed, arm) for seed, arm, cell in plan.cells if self.is_due(cell, store)}
        due = list(missing.values())
        plan = self._asked(plan, due)
        self._warm_up(due)
        title = f"{plan.protocol.name} on {plan.protocol.data}"
        finished = len(plan.cells) - len(due)
        with Tally(len(plan.cells), done=finished, title=title, shown=shown) as tally:
            for seed, arm, cell in plan.cells:
                result = run_cell(
                    arm,
                    self.data.source,
                    self.task,
                    plan.protocol,
                    seed,
                    store,
                    progress=tally.say,
                    retry_failed=self.retry_failed,
                    command=words_for(arm.info.name, arm_name(self.model), command),
                )
                results += [] if result is None else [result]
                finished += cell.digest in missing
                if counted:
                    tally.reach(finished)
        return tuple(results)

    def is_due(self, cell: Cell, store: Store) -> bool:
        """Whether the cell will be run."""
        found = store.find(cell)
        return found is None or (self.retry_failed and found.status == "failed")

    def _asked(self, plan: Planned, due: Sequence[tuple[int, SpecArm]]) -> Planned:
        """The plan, with what was found of the training of those contestants that are `due`."""
        if not due:
            return plan
        from qml.estimators.asked import asked

        names, source = {arm.info.name for _, arm in due}, self.data.source(due[0][0])
        arms = (asked([arm], source)[0] if arm.info.name in names else arm for arm in plan.arms)
        return replace(plan, arms=tuple(arms))

    def _warm_up(self, due: Sequence[tuple[int, SpecArm]]) -> None:
        """Pay what a process pays once before the clock of the first of the cells that are `due` runs."""
        if not due:
            return
        from qml.estimators.warmup import warm_up

        warm_up({arm.info.name: arm for _, arm in due}.values(), self.data.source(due[0][0]))

    def task(self, source: Source) -> Task:
        """What is learnt from `source`."""
        target = source.schema.target
        if target is None:
            raise ConfigError(f"{source.schema.name!r} has no target to learn. Choose a labelled data set.")
        return self.training.task(target)


@dataclass(frozen=True)
class ReportJob(BenchmarkJob):
    """The report of a benchmark, from the cells that are in the store now; it runs none.

    Args:
        also: further stores, such as that of another machine, whose cells are read together with those of `store`.
    """

    also: Sequence[str] = ()

    @property
    def stores(self) -> tuple[Store, ...]:
        """All that is read.

        Raises:
            DataError: a further store is not there.
        """
        absent = [folder for folder in self.also if not (Path(folder) / "cells").is_dir()]
        if absent:
            raise DataError(
                f"also={list(self.also)} was asked for; {absent[0]!r} is no store of cells. Check the path."
            )
        return tuple(Store(folder) for folder in (self.store, *self.also))

    def run(self, progress: bool | None = None, command: Sequence[str] = ()) -> WrittenReport:
        """Join the cells of the protocol and write HTML and Markdown.

        Args:
            progress: not used.
            command: words that run the cells, told where there are none.

        Raises:
            DataError: a store has no cell of this protocol; no folder is made.
        """
        protocol = self.read(command)
        made_folder("out", self.out)
        return written(self.stores, protocol, self.out, self.recipe_name)

    def read(self, command: Sequence[str] = ()) -> Protocol:
        """The protocol, of which `store` has cells.

        Args:
            command: words that run the cells, told where there are none.

        Raises:
            DataError: the store has no cell of this protocol.
        """
        protocol = self.terms(signature_of(self.data.source(self.protocol.seeds[0])))
        has_cells = (Path(self.store) / "cells").is_dir()
        held = {result.cell.protocol_hash: result.protocol for result in Store(self.store)} if has_cells else {}
        if protocol.hash not in held:
            words = command or ("python", "-m", "experiments.benchmark", f"recipe={self.recipe_name or 'NAME'}")
            raise DataError(
                f"{protocol.data}: no finished cell of this protocol ({protocol.name}, {protocol.hash[:12]}) in "
                f"{self.store}{self._held(held.values(), protocol) if has_cells else ', where there is no store'}. "
                f"Check data, protocol and store, or run `{shlex.join(words)}` first."
            )
        return protocol

    @staticmethod
    def _held(held: Iterable[Protocol], asked: Protocol) -> str:
        """What a store has in place of the protocol that was asked for; of the same data, what tells the two apart."""
        found = []
        for other in sorted(held, key=lambda other: (other.data != asked.data, other.name)):
            differ = differing([replace(one, title="").to_json() for one in (other, asked)])
            said = f"differs in {listed(differ)}" if other.data == asked.data else other.hash[:12]
            found.append(f"{other.name} on {other.data} ({said})")
        return f", which holds {listed_some(found)}" if found else ", which holds no finished cell"


def run_planned(
    jobs: Sequence[BenchmarkJob], plans: Sequence[Planned], shown: bool, command: Sequence[str] = ()
) -> tuple[BenchmarkOutcome, ...]:
    """Run the cells of jobs that share a store, one job after another, in as many processes as they ask for.

    Args:
        jobs: with one store and one number of workers.
        plans: what each is about to run.
        shown: a bar.
        command: words that run this again, kept with each cell.

    Raises:
        WorkerError: one of several workers failed.
    """
    store, planned = Store(jobs[0].store), tuple(zip(jobs, plans, strict=True))
    due: list[list[Cell]] = []
    if jobs[0].workers > 1:
        due = [[cell for *_, cell in plan.cells if job.is_due(cell, store)] for job, plan in planned]
    if not any(due):
        ran = [job.run_cells(plan, shown=shown, command=command) for job, plan in planned]
    else:
        _in_workers(jobs, [cell for cells in due for cell in cells], store, shown, command)
        ran = [tuple(found for cell in cells if (found := store.find(cell)) is not None) for cells in due]
    return tuple(outcome_of(plan, found, store) for plan, found in zip(plans, ran, strict=True))


def _in_workers(
    jobs: Sequence[BenchmarkJob], due: Sequence[Cell], store: Store, shown: bool, command: Sequence[str]
) -> None:
    """Run the cells that are due in several processes, with one bar for all."""
    from qml.estimators.side_by_side import run_side_by_side

    for cell in due:
        if store.is_finished(cell):  # it failed, and is to be run again: once, not once by each worker
            with store.claim(cell) as mine:
                if mine:
                    store.discard(cell)
    asked, workers = jobs[0].workers, min(jobs[0].workers, len(due), available_cores())
    if workers < asked:
        cells = f"{len(due)} cells are due" if len(due) > 1 else "1 cell is due"
        _logger.warning(
            "workers=%d was asked for; %s and this machine has %d cores. Running %d.",
            asked,
            cells,
            available_cores(),
            workers,
        )
    once = [replace(job, retry_failed=False) for job in jobs]
    title = " and ".join(dict.fromkeys(job.protocol.name for job in jobs))
    with Tally(len(due), title=title, shown=shown) as tally:

        def watch() -> None:
            tally.reach(sum(store.path(cell).exists() for cell in due))

        run_side_by_side(once, workers, command, watch)


def words_for(arm: str, own: str, command: Sequence[str]) -> tuple[str, ...]:
    """The words that run the cells of one contestant again: those of the whole job, with no other one beside `own`.

    Args:
        arm: name of the contestant.
        own: name of the job's own model, which every job runs.
        command: words of the command line; none where a job was started from Python.

    Example:
        >>> words_for("svm", "hybrid", ("python", "-m", "experiments.benchmark", "recipe=digits", "arms=[all]"))
        ('python', '-m', 'experiments.benchmark', 'recipe=digits', 'arms=[svm]')
    """
    if not command:
        return ()
    return (*(word for word in command if not word.startswith("arms=")), f"arms=[{'' if arm == own else arm}]")


def placed_in(model: Spec, framework: str, backend: Backend) -> Spec:
    """A model with a circuit in its framework and on its executor; any other model as it is.

    Raises:
        ConfigError: a published model, whose training is torch's, was asked for in another framework.
    """
    if isinstance(model, Published):
        if framework != model.framework:
            raise ConfigError(
                f"framework={framework} was asked for; model={model.entry} is trained in {model.framework}, as it was "
                "published. Leave framework out, or choose model=hybrid."
            )
        return replace(model, executor=backend.resolve())
    if not isinstance(model, HybridSpec):
        return model
    return replace(model, framework=framework, executor=backend.resolve())


def run_by(arm: SpecArm, backend: Backend) -> SpecArm:
    """`arm`, told apart from the same model on another executor of your own, whatever the two are called."""
    if backend.make is None or "executor" not in arm.info.config:
        return arm
    config = {**arm.info.config, "backend": {"make": backend.make, "options": canonical(dict(backend.options))}}
    return replace(arm, info=replace(arm.info, config=config))


def arm_name(model: Spec) -> str:
    """The short name of a job's own model: "hybrid" or its ablation, another by its entry and its ablation."""
    from qml.models import MODELS

    if isinstance(model, HybridSpec):
        return model.ablation or "hybrid"
    if isinstance(model, Published):
        return model.entry
    name = next((name for name, made in MODELS.items() if made is type(model)), type(model).__name__.lower())
    ablation = getattr(model, "ablation", "")
    return f"{name}_{ablation}" if ablation else name
