"""Whole pieces of work as values: a benchmark and its report, ready to run from a notebook or a command line."""

from __future__ import annotations

import logging
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from qml.base.digest import canonical
from qml.base.errors import ConfigError, DataError, QmlError
from qml.base.registry import unknown
from qml.bench import Cell, CellResult, Protocol, Store, cells_of, run_cell
from qml.data.source import Source
from qml.estimators.always import with_all
from qml.estimators.arms import SHUFFLED, SpecArm, arm_of, arms_for, champion
from qml.estimators.choices import Backend, DataChoice, Terms, Training, signature_of
from qml.learn.task import Task
from qml.models import KINDS, HybridSpec, Signature, Spec

_logger = logging.getLogger(__name__)
OF_A_HYBRID = {"hybrid", *KINDS, SHUFFLED}


class FailedCellsError(QmlError, RuntimeError):
    """Some cells of a benchmark failed; the others are kept."""


@dataclass(frozen=True)
class BenchmarkOutcome:
    """What a job did.

    Args:
        ran: cells finished by this job.
        skipped: cells that were finished before, or that another process is at.
        failed: those of `ran` that failed, with their reasons.
        report: paths and verdict; None where none was written.
    """

    ran: tuple[CellResult, ...]
    skipped: int
    failed: tuple[str, ...]
    report: Any = None

    def __str__(self) -> str:
        lines = [f"{len(self.ran)} cells run, {self.skipped} finished before or by others, {len(self.failed)} failed."]
        lines += [f"failed: {reason}" for reason in self.failed]
        return "\n".join([*lines, str(self.report)] if self.report is not None else lines)

    def check(self) -> None:
        """Raise `FailedCellsError` if a cell failed."""
        if self.failed:
            raise FailedCellsError(
                f"{len(self.failed)} of {len(self.ran)} cells failed, the first: {self.failed[0]}. The others are "
                f"kept; when the cause is gone, run again with retry_failed=true."
            )


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

    def __post_init__(self):
        if self.framework not in ("torch", "jax"):
            raise unknown("framework", self.framework, ["torch", "jax"])
        terms = self.protocol
        chosen = {"protocol.trials": terms.trials} if terms.trials > 1 else {}
        self.data.check_choosing(chosen | ({} if terms.patience is None else {"protocol.patience": terms.patience}))

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
        own = arm_of(model.on(signature), self.training, name=name, searched=searched, progress=progress)
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
        return tuple(run_by(arm, self.backend) for arm in (own, *made))

    def run(self, progress: bool | None = None, command: Sequence[str] = ()) -> BenchmarkOutcome:
        """Run every cell that is missing, seeds outermost, and write the report.

        Args:
            progress: bars; None shows them in a terminal or in Jupyter.
            command: words that run this again, kept with each cell; by default those that started the process.

        Raises:
            ConfigError, DataError, CapabilityError: something cannot be meant; before any cell runs.
        """
        from qml.learn.bar import worth_showing

        shown = worth_showing() if progress is None else progress
        first = self.protocol.seeds[0] if self.seed is None else self.seed
        signature = signature_of(self.data.source(first))
        protocol = self.terms(signature)
        if self.seed is not None:
            protocol.check_seed(self.seed)
        arms = self.contestants(signature, shown)
        cells_of(arms, protocol)
        store = Store(self.store)
        seeds = protocol.seeds if self.seed is None else (self.seed,)
        arms = self._asked(arms, protocol, seeds, store)
        results = self._run_cells(arms, protocol, seeds, store, shown, command)
        ran = tuple(result for result in results if result is not None)
        failed = tuple(f"{r.cell.arm.name}, seed {r.cell.seed}: {r.reason}" for r in ran if r.status == "failed")
        outcome = BenchmarkOutcome(ran, len(results) - len(ran), failed)
        return replace(outcome, report=written(store, protocol, self.out, self.recipe_name)) if self.report else outcome

    def _run_cells(
        self,
        arms: Sequence[SpecArm],
        protocol: Protocol,
        seeds: Sequence[int],
        store: Store,
        shown: bool,
        command: Sequence[str],
    ) -> list[CellResult | None]:
        from tqdm.auto import tqdm

        jobs = [(seed, arm) for seed in seeds for arm in arms]
        results = []
        self._warm_up([(seed, arm) for seed, arm in jobs if self._is_due(Cell.of(arm.info, protocol, seed), store)])
        with tqdm(jobs, desc=f"{protocol.name} on {protocol.data}", unit="cell", disable=not shown) as bar:
            for seed, arm in bar:
                say = bar.write if shown else _logger.info
                results.append(
                    run_cell(
                        arm,
                        self.data.source,
                        self.task,
                        protocol,
                        seed,
                        store,
                        progress=say,
                        retry_failed=self.retry_failed,
                        command=command,
                    )
                )
        return results

    def _is_due(self, cell: Cell, store: Store) -> bool:
        """Whether the cell will be run."""
        return not store.is_finished(cell) or (self.retry_failed and store.get(cell).status == "failed")

    def _asked(
        self, arms: tuple[SpecArm, ...], protocol: Protocol, seeds: Sequence[int], store: Store
    ) -> tuple[SpecArm, ...]:
        """The contestants, those of cells that will be run with what was found of their training."""
        from qml.estimators.asked import asked, check_circuits

        check_circuits(arms, protocol, seeds, store)
        cells = ((arm.info.name, Cell.of(arm.info, protocol, seed)) for seed in seeds for arm in arms)
        due = {name for name, cell in cells if self._is_due(cell, store)}
        if not due:
            return arms
        source = self.data.source(seeds[0])
        return tuple(asked([arm], source)[0] if arm.info.name in due else arm for arm in arms)

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
    """The report of a benchmark, from the cells that are in the store now; it runs none."""

    def run(self, progress: bool | None = None, command: Sequence[str] = ()) -> Any:
        """Join the cells of the protocol and write HTML and Markdown.

        Args:
            progress: not used.
            command: words that run the cells, told where there are none.

        Raises:
            DataError: the store has no cell of this protocol; no folder is made.
        """
        protocol = self.terms(signature_of(self.data.source(self.protocol.seeds[0])))
        has_cells = (Path(self.store) / "cells").is_dir()
        if not has_cells or all(result.cell.protocol_hash != protocol.hash for result in Store(self.store)):
            words = command or ("python", "-m", "experiments.benchmark", f"recipe={self.recipe_name or 'NAME'}")
            raise DataError(
                f"no finished cell of this protocol ({protocol.hash}) in {self.store}; run `{shlex.join(words)}` first"
            )
        return written(Store(self.store), protocol, self.out, self.recipe_name)


def placed_in(model: Spec, framework: str, backend: Backend) -> Spec:
    """A hybrid in its framework and on its executor; any other model as it is."""
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
    from qml.models.published import Published

    if isinstance(model, HybridSpec):
        return model.ablation or "hybrid"
    if isinstance(model, Published):
        return model.entry
    name = next((name for name, made in MODELS.items() if made is type(model)), type(model).__name__.lower())
    ablation = getattr(model, "ablation", "")
    return f"{name}_{ablation}" if ablation else name


@dataclass(frozen=True)
class WrittenReport:
    """Where a report lies and what it says first.

    Args:
        html: the page.
        markdown: the same in Markdown.
        verdict: its headline and its first sentence.
        failed: whether the audit found a failure, such as a champion below its floor.
    """

    html: Path
    markdown: Path
    verdict: str
    failed: bool

    def __str__(self) -> str:
        note = "\nThe audit found a failure: see the findings of the report." if self.failed else ""
        return f"{self.verdict}{note}\n{self.html}\n{self.markdown}"


def written(store: Store, protocol: Protocol, out: str | Path, recipe: str = "") -> WrittenReport:
    """The report of one protocol's cells: HTML and Markdown in a folder of its own.

    Raises:
        DataError: the store has no cell of this protocol.
    """
    from qml.bench import render
    from qml.bench.report.sentences import headline_text, lede
    from qml.bench.report.view import View

    name = recipe or f"{protocol.name}-{protocol.data.replace('/', '-')}"
    report = render(store, Path(out) / name, protocol_hash=protocol.hash)
    view = View(report.summary)
    verdict = f"{headline_text(view)}\n{lede(view)}".replace("**", "").replace("\u00a0", " ")
    return WrittenReport(report.html_path, report.markdown_path, verdict, report.failed)


def compare(
    models: Sequence[str | Spec],
    data: str | DataChoice,
    protocol: Terms | None = None,
    *,
    training: Training | None = None,
    store: str = "results/store",
    out: str = "results/reports",
) -> BenchmarkOutcome:
    """A benchmark without a configuration: models by name or as values, on one data set.

    Args:
        models: a `HybridSpec`, names of its ablations, and champions by name or as values.
        data: name of a set, or a `DataChoice`.
        protocol: terms; a small comparison of two seeds where left out.
        training: for models that learn by steps.
        store: folder of finished cells.
        out: folder of reports.

    Raises:
        ConfigError: an unknown name.

    Example:
        ```python
        compare([HybridSpec(circuit=CircuitSpec("sel", 6, 2)), "twin", "logistic"], "digits")
        ```
    """
    hybrids = [model for model in models if isinstance(model, HybridSpec)]
    named = [model for model in models if isinstance(model, str)]
    own: Spec = hybrids[0] if hybrids else HybridSpec() if set(named) & OF_A_HYBRID else _first(models)
    job = BenchmarkJob(
        data if isinstance(data, DataChoice) else DataChoice(data),
        own,
        training or Training(),
        protocol or Terms("small", seeds=(0, 1), epochs=10),
        arms=tuple(named),
        store=store,
        out=out,
    )
    return job.run()


def _first(models: Sequence[str | Spec]) -> Spec:
    """The first of the models as a value."""
    if not models:
        raise ConfigError("compare needs at least one model; it got none. Name some: ['hybrid', 'twin', 'logistic'].")
    return champion(models[0], {}) if isinstance(models[0], str) else models[0]
