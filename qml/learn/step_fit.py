"""Training by steps: the loop with its validation, checkpoints and hooks, as one Fit."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qml.base.errors import ConfigError
from qml.base.registry import unknown
from qml.data.source import Source
from qml.learn.abilities import meet, prepare_task, schedule_step, shard_of, threads_for, trained_model
from qml.learn.counters import Clock, Counters
from qml.learn.describe import plain, source_of, structure
from qml.learn.evaluate import Predictor, Validation
from qml.learn.fit import Budget, Cost, Fitted
from qml.learn.generators import own_generators
from qml.learn.hooks import Hook, HookLike, Run, as_hooks
from qml.learn.loop import Course, batches_per_pass, train
from qml.learn.step import Step
from qml.learn.task import Metric, Task

SELECT_FIRST = ("log_loss", "rmse")  # passes are compared by the first of these that a task has


@dataclass(frozen=True)
class StepFit:
    """Train a model by updates; a `Fit`.

    With `Budget.patience` the weights of the best validation score come back (patience=epochs keeps the best
    weights and never stops early); without it those of the last update do.

    Of several processes that train together (see `TorchStep.devices`) the first one writes, and none returns before
    its last checkpoint is whole.

    With a folder, checkpoints are written there, and a fit that finds its own unfinished checkpoint continues it to
    the very same weights and records (the CPU and wall seconds of a record, of course, differ).

    `Budget.cpu_s` is looked at after each update; the seconds hold every scoring of validation rows, the last with all
    metrics too.

    Args:
        step: `TorchStep(...)` or `JaxStep(...)`.
        batch_size: rows of a batch; over all processes, where several train one model.
        hooks: called after each update and each pass: `CsvLog()`, `TensorBoardLog()`, your own `Hook`, or a plain
            function `(run, info) -> None` for each update.
        checkpoint_every_s: wall seconds between checkpoints; one is written at the end in any case.
        checkpoint_every_steps: updates between checkpoints; None leaves it to the seconds.
        select: validation metric that says which pass is best; None is the log-loss for classes and the RMSE for
            numbers.
        epoch_metrics: names of the metrics computed after each pass, beside `select` and `Budget.watch`; None is the
            first metric of the task.
            All others are computed once at the end, and stand in `Fitted.info` as "validation/<name>".
        progress: a bar: True, False, or None for "in a terminal or in Jupyter".
        evaluation_size: rows sent through the model together when it predicts.
    """

    step: Step
    batch_size: int = 64
    hooks: tuple[HookLike, ...] = ()
    checkpoint_every_s: float | None = 30.0
    checkpoint_every_steps: int | None = None
    select: str | None = None
    epoch_metrics: tuple[str, ...] | None = None
    progress: bool | None = None
    evaluation_size: int = 512

    def __post_init__(self) -> None:
        for name in ("batch_size", "evaluation_size"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} is at least 1; it is {getattr(self, name)}.")

    def __call__(
        self, model: Any, task: Task, source: Source, budget: Budget, seed: int, folder: Path | None = None
    ) -> Fitted:
        """Train `model` on "train", watching "validation" where there is one.

        Returns:
            The trained model with its records; `info` holds "best_epoch" and "best_steps", and each metric of the
            validation split for the weights that came back.

        Raises:
            DataError: labels or inputs that cannot be learnt from, or an empty split; before training.
            ConfigError: an option that does not fit the data; before training.
            CheckpointError: the folder holds another run's checkpoint, or cannot be written to.
            NotConvergedError: the budget demands convergence, and another bound came first.
            DivergedError: a loss or gradient is NaN or infinite.
        """
        task = prepare_task(task, source)
        with own_generators(seed):
            step = schedule_step(self.step, self._total_steps(source, budget))
            run = Run(step.init(model, task, seed), Counters(), self._total_steps(source, budget), folder)
            run.rank = shard_of(step, run.state)[0]
            validation = self._validation(step, task, source, budget)
            saver = self._saver(step, task, source, seed, run, validation)
            if saver is not None:
                saver.resume(run)
            hooks = (*self._hooks(), *([saver] if saver else []))
            course = Course(source, budget, self.batch_size, seed, validation)
            with threads_for(step, run.state, self.batch_size, math.prod(source.schema.input_shape)):
                stopped = train(step, run, course, hooks)
            if saver is not None:
                saver.save(run)
                meet(step, run.state)
            if budget.plateau is not None:
                budget.plateau.check(stopped, run.counters.steps, run.counters.records)
            if validation is not None and validation.best is not None:
                run.state = step.restore(run.state, validation.best)
            return self._fitted(step, task, run, course, stopped)

    def _fitted(self, step: Step, task: Task, run: Run, course: Course, stopped: str) -> Fitted:
        """The Fitted of a run that has ended."""
        counters, info = run.counters, {}
        clock = Clock(counters)
        if isinstance(course.validate, Validation):
            info = {"best_epoch": float(counters.best_epoch), "best_steps": float(counters.best_steps)}
            scores = course.validate.scores(run.state, task.metrics())
            info.update({f"validation/{name}": value for name, value in scores.items()})
        clock.tick(counters)
        per_pass = batches_per_pass(course.source, self.batch_size)
        cost = Cost(
            cpu_s=counters.cpu_s,
            wall_s=counters.wall_s,
            steps=counters.steps,
            epochs=counters.epoch + (counters.batch / per_pass if per_pass else 0.0),
            rows=counters.rows,
            capped=stopped == "cpu_s",
            stopped=stopped,
        )
        return Fitted(
            model=trained_model(step, run.state),
            predict=Predictor(step, run.state, task, self.evaluation_size),
            records=tuple(counters.records),
            cost=cost,
            parameters=step.parameters(run.state),
            info=info,
        )

    def _total_steps(self, source: Source, budget: Budget) -> int | None:
        """Updates that the budget allows; None for a stream without a bound on updates."""
        per_pass = batches_per_pass(source, self.batch_size)
        if per_pass is None:
            return budget.steps
        return min(per_pass * budget.epochs, budget.steps) if budget.steps is not None else per_pass * budget.epochs

    def _hooks(self) -> tuple[Hook, ...]:
        """The hooks asked for, and a progress bar where one is wanted."""
        hooks = as_hooks(self.hooks)
        if self.progress is False:
            return hooks
        from qml.learn.bar import ProgressBar, worth_showing  # tqdm is loaded when a bar may be drawn

        return (*hooks, ProgressBar()) if self.progress or worth_showing() else hooks

    def _validation(self, step: Step, task: Task, source: Source, budget: Budget) -> Validation | None:
        """What scores the validation split after each pass; None where there is no such split."""
        if source.schema.sizes.get("validation", 0) == 0:
            if budget.patience is not None or self.select is not None:
                raise ConfigError(
                    f"patience and select compare passes on the split 'validation'; {source.schema.name!r} has none. "
                    "Build the source with one, or leave both out."
                )
            return None
        metrics = {metric.name: metric for metric in task.metrics()}
        default = next((name for name in SELECT_FIRST if name in metrics), next(iter(metrics)))
        select = _known(metrics, self.select or default)
        names = self.epoch_metrics if self.epoch_metrics is not None else (next(iter(metrics)),)
        watch = (budget.watch,) if budget.watch in metrics else ()
        watched = [_known(metrics, name) for name in dict.fromkeys((*names, select.name, *watch))]
        return Validation(step, task, source, watched, select, self.evaluation_size, budget.patience is not None)

    def _saver(self, step: Step, task: Task, source: Source, seed: int, run: Run, validation: Validation | None) -> Any:
        """What writes checkpoints into the run's folder; None without a folder."""
        if run.folder is None:
            return None
        from qml.learn.saver import Saver  # safetensors is loaded when there is a folder to write to

        fingerprint = {
            "model": structure(step.snapshot(run.state)),
            "task": plain(task),
            "step": plain(step),
            "source": source_of(source),
            "seed": seed,
            "batch_size": self.batch_size,
            "select": validation.select.name if validation else None,
            "keeps_best": bool(validation and validation.keep_best),
        }
        folder = Path(run.folder)
        return Saver(folder, step, fingerprint, validation, self.checkpoint_every_s, self.checkpoint_every_steps)


def _known(metrics: Mapping[str, Metric], name: str) -> Metric:
    """The metric of that name.

    Raises:
        ConfigError: the task has none.
    """
    if name not in metrics:
        raise unknown("metric", name, list(metrics))
    return metrics[name]
