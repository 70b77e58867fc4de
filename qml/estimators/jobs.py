"""A benchmark on one data set as a value, ready to run from a notebook or a command line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from qml.base.errors import ConfigError
from qml.base.files import made_folder
from qml.base.registry import unknown
from qml.bench import Cell, CellResult, Protocol, Store, cells_of, run_cell
from qml.data.source import Source
from qml.estimators.always import ALL, with_all
from qml.estimators.arms import SHUFFLED, SpecArm, arm_of, arms_for, check_names
from qml.estimators.asked import check_circuits
from qml.estimators.choices import Backend, Noise, Training
from qml.estimators.data_choice import DataChoice, signature_of
from qml.estimators.inspecting import check_gate
from qml.estimators.outcome import BenchmarkOutcome, Planned, check_named
from qml.estimators.placing import arm_name, placed_in, run_by, words_for
from qml.estimators.planned_run import run_planned
from qml.estimators.reports import written
from qml.estimators.tally import Tally
from qml.estimators.terms import Terms
from qml.learn.task import Task
from qml.models import KINDS, HybridSpec, Signature, Spec

OF_A_HYBRID = {"hybrid", *KINDS, SHUFFLED}


@dataclass(frozen=True)
class BenchmarkJob:
    """A comparison on one data set: a model with the contestants beside it, over the seeds of a protocol.

    Cells that are finished in the store are skipped, and a killed job continues where it stopped.

    Args:
        data, model, training, protocol, backend: what a configuration chooses.
        noise, shots, mitigation: what `backend` is crossed with; see `qml.estimators.choices.Backend`.
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
    noise: Noise = field(default_factory=Noise)
    shots: int | None = None
    mitigation: Sequence[Any] = ()
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
        object.__setattr__(self, "backend", self.backend.crossed(self.noise, self.shots, self.mitigation))
        terms = self.protocol
        terms.check()
        if self.seed is not None and self.seed not in terms.seeds:
            raise ConfigError(f"seed={self.seed} was asked for; the seeds of the protocol are {list(terms.seeds)}.")
        check_names([arm for arm in self.arms if arm not in (ALL, arm_name(self.model))], self.champions)
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
        check_gate(self.data, seeds)
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
