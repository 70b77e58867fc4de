"""Training one model as a value: logs, checkpoints, the trained model and its scores in one folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from qml.base.digest import digest
from qml.base.errors import ConfigError, DataError
from qml.base.files import write_json
from qml.base.registry import unknown
from qml.data.source import Source
from qml.estimators.arms import check, config_of, in_units_of
from qml.estimators.choices import Backend, Training
from qml.estimators.data_choice import DataChoice, signature_of
from qml.estimators.fits import step_fit, whole_fit
from qml.estimators.inspecting import check_gate
from qml.estimators.looking import builder, drawn, task_of
from qml.estimators.placing import arm_name, placed_in
from qml.estimators.saved import save_model
from qml.learn.fit import Budget, Fit, Fitted, predictions
from qml.models import Spec


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
    decides the result, the number of epochs included, has a folder of its own.

    Args:
        data, model, training, backend: what a configuration chooses.
        framework: "torch" or "jax", for a hybrid.
        epochs: passes over the training rows.
        patience: epochs without a better validation score before it stops; None never stops early.
        seed: of splits, weights and batches.
        folder: parent of the run's folder.
        tensorboard: write event files beside the CSV.
        plugins: packages that were imported for this job.
    """

    data: DataChoice
    model: Spec
    training: Training
    backend: Backend = field(default_factory=Backend)
    framework: Literal["torch", "jax"] = "torch"
    epochs: int = 20
    patience: int | None = None
    seed: int = 0
    folder: str = "results/train"
    tensorboard: bool = True
    plugins: Sequence[str] = ()

    def __post_init__(self):
        if self.framework not in ("torch", "jax"):
            raise unknown("framework", self.framework, ["torch", "jax"])
        for name in ("epochs", "patience"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ConfigError(f"{name}={value} was asked for; it must be at least 1. Change {name}.")
        self.data.check_choosing({} if self.patience is None else {"patience": self.patience})

    def run(self, progress: bool | None = None) -> Trained:
        """Train, save and score.

        Args:
            progress: a bar; None shows one in a terminal or in Jupyter.

        Raises:
            ConfigError, DataError, CapabilityError: something cannot be meant; before training.
            CheckpointError: a checkpoint cannot be written; the previous one is intact.
            KeyboardInterrupt: interrupted; the checkpoint is kept, nothing is scored on test rows, no model is saved.
        """
        check_gate(self.data, (self.seed,))
        source = trainable(self.data.source(self.seed))
        spec = placed_in(self.model, self.framework, self.backend).on(signature_of(source))
        check(spec)
        spec = in_units_of(spec, source)
        where = {**asdict(self.data), "root": None, "terms": self.data.terms(self.seed)}
        del where["gate"]  # it changes no result
        terms = {"seed": self.seed, "epochs": self.epochs, "patience": self.patience}
        config = {**config_of(spec, self.training), "data": where, **terms}
        folder = Path(self.folder) / f"{arm_name(spec)}-{self.data.name.replace('/', '-')}-{digest(config)[:8]}"
        folder.mkdir(parents=True, exist_ok=True)
        target = source.schema.target
        if target is None:
            raise ConfigError(f"{source.schema.name!r} has no target to learn. Choose a labelled data set.")
        task = task_of(spec, self.training, target)
        budget, learnt = Budget(epochs=self.epochs, patience=self.patience), source
        if spec.framework != "whole":
            budget, learnt = self.training.within(budget), drawn(source, spec, self.training)
        fitted = self._fit(spec, progress)(builder(spec, source), task, learnt, budget, self.seed, folder)
        if fitted.cost.stopped == "interrupted":
            raise KeyboardInterrupt(f"Interrupted after {fitted.cost.steps} updates; start again to continue.")
        scores = {split: _scores(fitted, source, split, task.metrics()) for split in _labelled(source)}
        facts = {"scores": scores, "cost": asdict(fitted.cost), "parameters": dict(fitted.parameters), "config": config}
        saved = save_model(spec, fitted.model, folder, {"target": asdict(target)})
        write_json(folder / "summary.json", facts)
        return Trained(spec.title, fitted, scores, folder, saved)

    def _fit(self, spec: Spec, progress: bool | None) -> Fit:
        """The fit with its logs."""
        if spec.framework == "whole":
            return whole_fit()
        from qml.learn.csv_log import CsvLog

        hooks: tuple[Any, ...] = (CsvLog(),)
        if self.tensorboard:
            from qml.learn.tensorboard_log import TensorBoardLog

            hooks = (*hooks, TensorBoardLog())
        return step_fit(spec, self.training, hooks=hooks, progress=progress)


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
    return [split for split in ("train", "validation", "test") if source.schema.sizes.get(split)]


def _scores(fitted: Fitted, source: Source, split: str, metrics: Sequence[Any]) -> dict[str, float]:
    """Metrics of one split that are defined for it."""
    from qml.bench.facts import targets
    from qml.learn.metrics import scores

    return scores(metrics, predictions(fitted, source, split), targets(source, split))
