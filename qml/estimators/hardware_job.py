"""A trained hybrid on another machine, as a piece of work: trained there, or evaluated there, with what it costs."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from qml.backends.remote import Cost
from qml.backends.watched import Ledger, WatchedExecutor
from qml.base.digest import digest
from qml.base.errors import ConfigError, DataError
from qml.base.files import made_folder
from qml.base.registry import unknown
from qml.bench.provenance import provenance
from qml.data.source import Source
from qml.estimators.arms import check, in_units_of
from qml.estimators.choices import Backend, Noise, Training
from qml.estimators.data_choice import DataChoice, signature_of
from qml.estimators.hardware_cost import (
    Calls,
    Estimate,
    allow,
    billed,
    close,
    estimated,
    in_batches,
    of_circuits,
    of_rows,
    training_calls,
)
from qml.estimators.hardware_progress import phase, tell_machine, tell_waiting, telling
from qml.estimators.hardware_record import HardwareRecord, path_of, read, records, table
from qml.estimators.hardware_run import Evaluated, evaluated, rows_of
from qml.estimators.inside import halves
from qml.estimators.looking import task_of
from qml.estimators.placing import placed_in
from qml.estimators.saved import arrays_of, filled, load_weights
from qml.estimators.training import SUMMARY, TrainJob
from qml.models import CLASSICAL, HybridSpec, Spec

ACTIONS = ("evaluate", "train", "report")
EXACT_QUBITS = 14  # circuits up to here are compared with exact values, at no cost worth a word
_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class HardwareOutcome:
    """What a job of `experiments.hardware` left.

    Args:
        estimate: what it was expected to take, told before anything was sent; None of a report.
        record: the evaluation; None of a report and of a dry run.
        beside: all records of the same model in the folder, this one among them.
        folder: where they lie.
    """

    estimate: Estimate | None
    record: HardwareRecord | None
    beside: Sequence[HardwareRecord]
    folder: Path

    def __str__(self) -> str:
        if self.record is None and self.estimate is not None:
            return "dry run: nothing was sent"
        if not self.beside:
            return f"no records in {self.folder}"
        first = self.beside[0].identity
        title = f"{first['title']} on {first['rows']} rows of {first['data']['name']} ({first['split']})"
        return f"{title}; behind ±: standard error over rows, then of shots\n{table(self.beside)}\nin {self.folder}"


@dataclass(frozen=True)
class HardwareJob:
    """Train a hybrid on a machine, or evaluate a trained one there, and keep what came out as a record.

    What it will take is printed first. Jobs of a service are kept in a store: killed and started again, the same
    command takes up those that were sent, and sends none twice. An evaluation with a record is read, not run again.

    Args:
        data, model, training, backend: what a configuration chooses.
        noise, shots, mitigation: what `backend` is crossed with.
        action: "evaluate" runs a trained model; "train" trains on this backend and evaluates there; "report" only
            shows the records.
        framework: "torch" or "jax".
        folder: of a model that `experiments.train` has saved; None trains one exactly, in `models`, and takes it.
        models: parent of the folders of models that are trained here.
        split: rows to evaluate.
        rows: only the first so many of them; None takes all.
        rows_a_job: rows that go out as one job.
        epochs, patience: of a training run.
        seed: of splits, weights and batches.
        draw: of the shots, 1 or more; another draw is another job.
        out: folder of the records.
        dry_run: tell what it would take, and send nothing.
        progress: a bar; None shows one in a terminal.
        plugins: packages that were imported for this job.

    Raises:
        ConfigError: a word that is not known, a number below 1, or a model without a circuit.
    """

    data: DataChoice
    model: Spec
    training: Training
    backend: Backend = field(default_factory=Backend)
    noise: Noise = field(default_factory=Noise)
    shots: int | None = None
    mitigation: Sequence[Any] = ()
    action: Literal["evaluate", "train", "report"] = "evaluate"
    framework: Literal["torch", "jax"] = "torch"
    folder: str | None = None
    models: str = "results/train"
    split: str = "test"
    rows: int | None = None
    rows_a_job: int = 256
    epochs: int = 20
    patience: int | None = None
    seed: int = 0
    draw: int = 1
    out: str = "results/hardware"
    dry_run: bool = False
    progress: bool | None = None
    plugins: Sequence[str] = ()

    def __post_init__(self):
        if self.action not in ACTIONS:
            raise unknown("action", self.action, list(ACTIONS))
        for name in ("rows", "rows_a_job", "epochs", "draw"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ConfigError(f"{name}={value} was asked for; it must be at least 1. Change {name}.")
        if not isinstance(self.model, HybridSpec) or self.model.ablation in CLASSICAL:
            raise ConfigError(
                f"A machine was asked to run {self.model.title!r}, which has no circuit in it. Choose model=hybrid."
            )
        if self.action == "train" and self.folder is not None:
            raise ConfigError("action=train and folder= were given; a model that is trained here lies in models=.")
        object.__setattr__(self, "backend", self.backend.crossed(self.noise, self.shots, self.mitigation))

    def run(self) -> HardwareOutcome:
        """Estimate, then train and evaluate, and write the record.

        Raises:
            ConfigError, DataError, CapabilityError, CheckpointError: something cannot be meant; nothing was sent.
            BudgetError: it would cost more than the budget has left.
            PendingJobError: a job has not ended in time; the same command waits for it again.
        """
        out = made_folder("out", self.out)
        if self.action == "report":
            return HardwareOutcome(None, None, records(out), out)
        if self.folder is not None:
            self._check_rows(Path(self.folder))
        ledger = Ledger()
        executor = self._executor(ledger)
        source = self.data.source(self.seed)
        spec = self._spec(source, executor)
        rows = rows_of(source, self.split, self.rows)
        calls = Calls(in_batches(len(rows.targets), self.rows_a_job)), self._training(source)
        with phase(f"estimating what {executor.capabilities.name} will be asked"):
            tell_machine(executor)
            estimate = estimated(executor, spec.program, *calls)
        print(estimate, flush=True)
        if self.dry_run:
            return HardwareOutcome(estimate, None, (), out)
        try:
            return self._run(executor, ledger, source, spec, rows, estimate, out)
        except KeyboardInterrupt:
            tell_waiting(executor)
            raise
        finally:
            close(executor)

    def _run(
        self, executor: Any, ledger: Ledger, source: Source, spec: HybridSpec, rows: Any, estimate: Estimate, out: Path
    ) -> HardwareOutcome:
        """Train where that was asked, and evaluate."""
        allow(executor, estimate.whole, of_circuits(executor, spec.program, training=self.action == "train"))
        folder = self._trained(executor.capabilities.name)
        trained = load_weights(spec, folder)
        identity = self._identity(spec, trained, len(rows.targets), executor.capabilities.name)
        path = path_of(out, identity)
        if path.exists():
            _logger.info("this evaluation has a record, which is read: %s", path)
            record = read(path)
        else:
            allow(executor, estimate.evaluation, self._asks(executor, spec, trained, rows))
            record = self._evaluated(spec, source, trained, rows, ledger, identity)
            record.write(out)
        return HardwareOutcome(estimate, record, records(out, identity), out)

    def _asks(self, executor: Any, spec: HybridSpec, trained: Any, rows: Any) -> Any:
        """What the evaluation asks of the machine: its very requests, as far as its circuit is simulated here."""
        if spec.program.n_qubits > EXACT_QUBITS:
            return of_circuits(executor, spec.program, training=False)

        def run(shadow: Any) -> None:
            there = replace(spec, executor=shadow)
            values, _ = halves(there, filled(there, arrays_of(spec, trained)))
            for start in range(0, len(rows.inputs), self.rows_a_job):
                values(rows.inputs[start : start + self.rows_a_job])

        return of_rows(executor, run)

    def _executor(self, ledger: Ledger) -> Any:
        """Who runs circuits, watched."""
        from qml.backends import executor_named
        from qml.backends.assembling import watched

        executor = telling(executor_named(self.backend.resolve()))
        return WatchedExecutor(watched(executor, ledger), self.draw, ledger)

    def _spec(self, source: Source, executor: Any) -> HybridSpec:
        """The model for these rows, on `executor`."""
        spec = in_units_of(placed_in(self.model, self.framework, Backend()).on(signature_of(source)), source)
        if not isinstance(spec, HybridSpec):
            raise ConfigError(f"{self.model.title!r} has no circuit in it. Choose model=hybrid.")
        spec = replace(spec, executor=executor)
        check(spec)
        return spec

    def _training(self, source: Source) -> Calls | None:
        """Calls of a training run on the machine; None where the model is only evaluated there."""
        if self.action != "train":
            return None
        return training_calls(source.schema.sizes, self.training.batch_size, self.epochs)

    def _trained(self, label: str) -> Path:
        """Folder of the trained model; trained here, exactly or on the machine, where none was named."""
        if self.folder is not None:
            return Path(self.folder)
        where = f"on {label}" if self.action == "train" else "exactly, as no folder= is named"
        backend = self.backend if self.action == "train" else Backend()
        words = (self.framework, self.epochs, self.patience, self.seed, self.models)
        names = ("framework", "epochs", "patience", "seed", "folder")
        terms: dict[str, Any] = dict(zip(names, words, strict=True))
        job = TrainJob(self.data, self.model, self.training, backend, tensorboard=False, plugins=self.plugins, **terms)
        with phase(f"training {where}"):
            folder = job.run(self.progress).folder
        _logger.info("the trained model is in %s", folder)
        return folder

    def _check_rows(self, folder: Path) -> None:
        """Refuse rows that the model may have been trained on: those of another split than its own."""
        try:
            config = json.loads((folder / SUMMARY).read_text())["config"]
        except (OSError, json.JSONDecodeError, KeyError) as error:
            raise DataError(f"{folder} was to hold a trained model with {SUMMARY}: {error}.") from error
        terms = [list(term) for term in self.data.terms(self.seed)]
        trained = config.get("data", {})
        found = {"seed": config.get("seed"), "data": trained.get("name"), "its terms": trained.get("terms")}
        mine = {"seed": self.seed, "data": self.data.name, "its terms": json.loads(json.dumps(terms))}
        for key, value in mine.items():
            if found[key] != value:
                raise ConfigError(
                    f"The model in {folder} was trained with {key}={found[key]}; here it is {value}, so that rows of "
                    "its training could be among the evaluated ones. Give what it was trained with."
                )

    def _identity(self, spec: HybridSpec, trained: Any, n_rows: int, label: str) -> dict[str, Any]:
        """What decides the scores."""
        arrays = {name: np.asarray(array) for name, array in arrays_of(spec, trained).items()}
        kind = "number" if spec.signature is not None and spec.signature.kind == "number" else "classes"
        return {
            "backend": self.backend.words,
            "label": label,
            "title": spec.title,
            "model": digest({"spec": spec, "arrays": arrays}),
            "trained": "on this backend" if self.action == "train" else "elsewhere",
            "kind": kind,
            "data": {"name": self.data.name, "terms": [list(term) for term in self.data.terms(self.seed)]},
            "split": self.split,
            "rows": n_rows,
            "rows_a_job": self.rows_a_job,
            "seed": self.seed,
            "draw": self.draw,
        }

    def _evaluated(
        self, spec: HybridSpec, source: Source, trained: Any, rows: Any, ledger: Ledger, identity: Mapping[str, Any]
    ) -> HardwareRecord:
        """The record of a run."""
        from qml.learn.bar import worth_showing

        target = source.schema.target
        if target is None:
            raise ConfigError(f"{source.schema.name!r} has no target to score. Choose a labelled data set.")
        task = task_of(spec, self.training, target)
        shown = worth_showing() if self.progress is None else self.progress
        ledger.variance.clear()  # of what was run before the model was trained
        with phase(f"evaluating {len(rows.targets)} rows on {identity['label']}"):
            found = evaluated(halves(spec, trained), rows, task, ledger, self.rows_a_job, self.draw, shown)
        return HardwareRecord(
            identity=identity,
            scores=found.scores,
            values_rms=self._difference(spec, trained, rows, found),
            work=_work(found, ledger, len(rows.targets), billed(spec.executor, ledger)),
            noise={"name": self.backend.noise.name, "digest": noise_digest(self.backend)},
            calibrations=ledger.calibrations,
            provenance=provenance(),
        )

    def _difference(self, spec: HybridSpec, trained: Any, rows: Any, found: Evaluated) -> float | None:
        """Root mean square of what the values differ from exact ones."""
        if spec.program.n_qubits > EXACT_QUBITS:
            return None
        exact = replace(spec, executor="engine_cpu")
        values, _ = halves(exact, filled(exact, arrays_of(spec, trained)))
        return float(np.sqrt(np.mean((np.asarray(values(rows.inputs)) - found.values) ** 2)))


def noise_digest(backend: Backend) -> str | None:
    """Content key of the noise that a backend was crossed with; None where there is none."""
    if backend.noise == Noise():
        return None
    from qml.backends.assembling import noise_of

    return digest(noise_of(backend.noise.name, backend.noise.arguments))


def _work(found: Evaluated, ledger: Ledger, n_rows: int, bill: Cost | None) -> dict[str, Any]:
    """What an evaluation took: for an executor that is not made of a machine, one circuit a row."""
    return {
        "circuits": ledger.circuits or n_rows,
        "executions": ledger.executions,
        "n_jobs": len(ledger.jobs) or ledger.runs,
        "jobs": ledger.jobs,
        "transpilations": len(ledger.programs),
        "cpu_s": found.cpu_s,
        "wall_s": found.wall_s,
        "machine_s": None if bill is None else bill.seconds,
        "amount": None if bill is None else bill.amount,
        "currency": None if bill is None else bill.currency,
    }
