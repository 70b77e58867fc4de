"""Training one model as a value: logs, checkpoints, the trained model and its scores in one folder."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from qml.base.alone import alone
from qml.base.digest import digest
from qml.base.errors import CapabilityError, ConfigError, DataError
from qml.base.files import write_json
from qml.base.ranks import ranks
from qml.base.registry import unknown
from qml.data.source import Source, Target
from qml.estimators.arms import check, config_of, in_units_of
from qml.estimators.choices import Backend, Noise, Training
from qml.estimators.data_choice import DataChoice, signature_of
from qml.estimators.fits import step_fit, whole_fit
from qml.estimators.inspecting import check_gate
from qml.estimators.looking import builder, drawn, task_of
from qml.estimators.placing import arm_name, placed_in
from qml.estimators.saved import ARRAYS, save_model
from qml.learn.fit import Budget, Fit, Fitted
from qml.learn.task import Task
from qml.learn.two_class import Overlaps
from qml.models import Spec

ACCELERATORS = ("cpu", "cuda")
SCORED = ("train", "validation", "test")  # splits whose scores are kept, in order
SUMMARY = "summary.json"
LOCK = ".lock"
TO_END_SECONDS = 30.0  # for the processes of a launcher that was killed


@dataclass(frozen=True)
class Planned:
    """One training run before it begins: its rows, its model, what is learnt, and the folder that is its own."""

    source: Source
    spec: Spec
    task: Task
    target: Target
    folder: Path
    config: Mapping[str, Any]


@dataclass(frozen=True)
class Trained:
    """What a training run left.

    Args:
        title: the model in words.
        fitted: the trained model with its records.
        scores: split -> metric -> value.
        folder: where everything lies.
        model: path of the saved arrays; None where there is no safe format.
    """

    title: str
    fitted: Fitted
    scores: Mapping[str, Mapping[str, float]]
    folder: Path
    model: Path | None

    def __str__(self) -> str:
        cost, parts = self.fitted.cost, self.fitted.parameters
        lines = [
            f"{self.title}: {parts.get('quantum', 0)} quantum and {parts.get('classical', 0)} classical parameters",
            f"{cost.epochs:.3g} epochs, {cost.steps} updates, {cost.cpu_s:.1f} CPU s; ended by {cost.stopped}",
        ]
        for split, found in self.scores.items():
            lines.append(f"{split:<11}" + "  ".join(f"{name} {value:.4f}" for name, value in found.items()))
        return "\n".join([*lines, f"in {self.folder}" + ("" if self.model else " (no safe format for this model)")])


@dataclass(frozen=True)
class TrainJob:
    """One model on one data set.

    Killed and run again it continues to the very same result; run again when it has ended, it only scores. Whatever
    decides the result, the number of epochs included, has a folder of its own. One run at a time works in it: the same
    job started beside it waits, and where several processes would wait together it is refused.

    With `devices` above 1, torch models are trained by so many processes that share each batch. A job that torchrun
    started in each of them is one of these; any other starts them on this machine. The number of processes changes a
    result by rounding only (and by batch statistics and dropout, where a model has them), so it has no folder of its
    own, and a run may be continued by another number of them.

    Args:
        data, model, training, backend: what a configuration chooses.
        noise, shots, mitigation: what `backend` is crossed with; see `qml.estimators.choices.Backend`.
        framework: "torch" or "jax", for a hybrid.
        epochs: passes over the training rows.
        patience: epochs without a better validation score before it stops; None never stops early.
        seed: of splits, weights and batches.
        folder: parent of the run's folder.
        tensorboard: write event files beside the CSV.
        plugins: packages that were imported for this job.
        devices: processes that train this model together, on all machines.
        accelerator: "cpu", or "cuda": a GPU for each process.
    """

    data: DataChoice
    model: Spec
    training: Training
    backend: Backend = field(default_factory=Backend)
    noise: Noise = field(default_factory=Noise)
    shots: int | None = None
    mitigation: Sequence[Any] = ()
    framework: Literal["torch", "jax"] = "torch"
    epochs: int = 20
    patience: int | None = None
    seed: int = 0
    folder: str = "results/train"
    tensorboard: bool = True
    plugins: Sequence[str] = ()
    devices: int = 1
    accelerator: str = "cpu"

    def __post_init__(self):
        if self.framework not in ("torch", "jax"):
            raise unknown("framework", self.framework, ["torch", "jax"])
        object.__setattr__(self, "backend", self.backend.crossed(self.noise, self.shots, self.mitigation))
        if self.accelerator not in ACCELERATORS:
            raise unknown("accelerator", self.accelerator, list(ACCELERATORS))
        for name in ("epochs", "patience", "devices"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ConfigError(f"{name}={value} was asked for; it must be at least 1. Change {name}.")
        if self.devices > self.training.batch_size:
            raise ConfigError(
                f"devices={self.devices} was asked for; batches of {self.training.batch_size} rows are shared among "
                "them, and some would have none. Raise training.batch_size."
            )
        self.data.check_choosing({} if self.patience is None else {"patience": self.patience})

    def run(self, progress: bool | None = None) -> Trained:
        """Train, save and score.

        Args:
            progress: a bar; None shows one in a terminal or in Jupyter.

        Raises:
            ConfigError, DataError, CapabilityError: something cannot be meant, or several processes were started where
                another run is at work; before training.
            CheckpointError: a checkpoint cannot be written; the previous one is intact.
            LostRankError: a process of several has gone; the last checkpoint stands.
            KeyboardInterrupt: interrupted; the checkpoint is kept, nothing is scored on test rows, no model is saved.
        """
        here = ranks()
        if here.world > 1 and here.world != self.devices:
            raise ConfigError(
                f"{here.world} processes were started together, and devices={self.devices}: each would train a "
                f"model of its own. Say devices={here.world}, or start one process."
            )
        plan = self._planned()
        if self.devices > 1:
            _check_together(plan)
            if here.world == 1:
                return self._run_by_others(plan, progress)
        with _alone(plan.folder):
            return self._trained(plan, progress)

    def _trained(self, plan: Planned, progress: bool | None) -> Trained:
        """The work of one process: train, score and save."""
        here = ranks()
        fitted = self._fitted(plan, self._fit(plan.spec, progress))
        if fitted.cost.stopped == "interrupted":
            raise KeyboardInterrupt(f"Interrupted after {fitted.cost.steps} updates; start again to continue.")
        predict = replace(fitted.predict, together=True) if here.world > 1 else fitted.predict
        metrics = plan.task.metrics()
        scores = {split: _scores(predict, plan.source, split, metrics) for split in _labelled(plan.source)}
        saved = self._kept(plan, fitted, scores) if here.is_first else None
        return Trained(plan.spec.title, fitted, scores, plan.folder, saved)

    def _planned(self) -> Planned:
        """What is about to be trained, and where."""
        check_gate(self.data, (self.seed,))
        source = trainable(self.data.source(self.seed))
        spec = placed_in(self.model, self.framework, self.backend).on(signature_of(source))
        check(spec)
        spec = in_units_of(spec, source)
        choice = replace(self.data, options=self.data.deciding_options)
        where = {**asdict(choice), "root": None, "terms": self.data.terms(self.seed)}
        del where["gate"]  # it changes no result
        terms = {"seed": self.seed, "epochs": self.epochs, "patience": self.patience}
        placed = {} if self.accelerator == "cpu" else {"accelerator": self.accelerator}
        config = {**config_of(spec, self.training), "data": where, **terms, **placed}
        folder = Path(self.folder) / f"{arm_name(spec)}-{self.data.name.replace('/', '-')}-{digest(config)[:8]}"
        target = source.schema.target
        if target is None:
            raise ConfigError(f"{source.schema.name!r} has no target to learn. Choose a labelled data set.")
        return Planned(source, spec, task_of(spec, self.training, target), target, folder, config)

    def _fitted(self, plan: Planned, fit: Fit) -> Fitted:
        """The model of `plan`, trained from where its folder stands."""
        budget, learnt = Budget(epochs=self.epochs, patience=self.patience), plan.source
        if plan.spec.framework != "whole":
            budget, learnt = self.training.within(budget), drawn(plan.source, plan.spec, self.training)
        if ranks().is_first:
            plan.folder.mkdir(parents=True, exist_ok=True)
        return fit(builder(plan.spec, plan.source), plan.task, learnt, budget, self.seed, plan.folder)

    def _run_by_others(self, plan: Planned, progress: bool | None) -> Trained:
        """Train in processes of their own, and read what they left."""
        from qml.estimators.launcher import run_ranks

        run_ranks(self, progress)
        alone = replace(self, devices=1)
        fitted = alone._fitted(plan, step_fit(plan.spec, self.training, progress=False, **alone._placed()))
        facts = json.loads((plan.folder / SUMMARY).read_text())
        names = [metric.name for metric in plan.task.metrics()]  # in their order, which JSON does not keep
        scores = {
            split: {name: facts["scores"][split][name] for name in names if name in facts["scores"][split]}
            for split in _labelled(plan.source)
        }
        return Trained(plan.spec.title, fitted, scores, plan.folder, plan.folder / ARRAYS)

    def _kept(self, plan: Planned, fitted: Fitted, scores: Mapping[str, Mapping[str, float]]) -> Path | None:
        """Save the model and its facts in its folder; gives the path of the arrays."""
        facts = {"scores": scores, "cost": asdict(fitted.cost), "parameters": dict(fitted.parameters)}
        facts = {**facts, "config": plan.config, "processes": self.devices}
        saved = save_model(plan.spec, fitted.model, plan.folder, {"target": asdict(plan.target)})
        write_json(plan.folder / SUMMARY, facts)
        return saved

    def _placed(self) -> dict[str, Any]:
        """Where a torch model is trained; of another one nothing can be said."""
        return {"devices": self.devices, "accelerator": self.accelerator}

    def _fit(self, spec: Spec, progress: bool | None) -> Fit:
        """The fit with its logs."""
        if spec.framework == "whole":
            return whole_fit()
        from qml.learn.csv_log import CsvLog

        hooks: tuple[Any, ...] = (CsvLog(),)
        if self.tensorboard:
            from qml.learn.tensorboard_log import TensorBoardLog

            hooks = (*hooks, TensorBoardLog())
        placed = self._placed() if spec.framework == "torch" else {}
        return step_fit(spec, self.training, hooks=hooks, progress=progress, **placed)


def _alone(folder: Path) -> AbstractContextManager[None]:
    """No other run in `folder` meanwhile; of processes that train together the first one sees to it.

    The others wait for it where they meet, for a while only; so it does not wait longer than what a killed run leaves
    needs to end.
    """
    here = ranks()
    if not here.is_first:
        return nullcontext()
    return alone(folder / LOCK, f"training in {folder}", wait_s=None if here.world == 1 else TO_END_SECONDS)


def _check_together(plan: Planned) -> None:
    """Raise `CapabilityError` unless several processes can train the model of `plan`."""
    if plan.spec.framework != "torch":
        raise CapabilityError(
            f"devices above 1 were asked for; {plan.spec.title!r} is trained by {plan.spec.framework}, in one process. "
            "Choose framework=torch with model=hybrid, or devices=1."
        )
    if isinstance(plan.task, Overlaps):
        raise CapabilityError(
            f"devices above 1 were asked for; {plan.spec.title!r} learns by pairs of rows, which do not come apart "
            "among processes. Say devices=1."
        )


def trainable(source: Source) -> Source:
    """`source`, which has rows to train on.

    Raises:
        DataError: its training split is absent or empty.
    """
    if source.schema.sizes.get("train", 0) == 0:
        found = ", ".join(f"{split!r} of {rows} rows" for split, rows in source.schema.sizes.items()) or "none"
        raise DataError(
            f"A model is trained on the split 'train'; source {source.schema.name!r} has no row there. Its splits: "
            f"{found}. Give 'train' a share of the rows."
        )
    return source


def _labelled(source: Source) -> list[str]:
    """Splits to score, in order."""
    return [split for split in SCORED if source.schema.sizes.get(split)]


def _scores(predict: Any, source: Source, split: str, metrics: Sequence[Any]) -> dict[str, float]:
    """Metrics of one split that are defined for it."""
    from qml.bench.facts import targets
    from qml.learn.metrics import scores

    return scores(metrics, predict(source, split), targets(source, split))
