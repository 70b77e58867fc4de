"""Training at once: scikit-learn estimators under the same budget, records and costs as models that learn by steps."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from qml.base.errors import CapabilityError, ConfigError, DataError
from qml.base.extras import require
from qml.base.seeds import derive
from qml.data.source import Batch, Source
from qml.learn.abilities import prepare_task
from qml.learn.counters import Clock, Counters
from qml.learn.fit import Budget, Cost, Fitted
from qml.learn.generators import own_generators
from qml.learn.scan import check_known
from qml.learn.task import Task
from qml.learn.whole_parameters import count_parameters

require("sklearn", extra="train", purpose="qml.learn.whole_fit")
from scipy.optimize import minimize_scalar
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import has_fit_parameter

from qml.learn.metrics import log_loss, scores

logger = logging.getLogger(__name__)

GATHER_SIZE = 4096  # rows read together


@dataclass(frozen=True)
class WholeFit:
    """Fit a scikit-learn estimator on all rows at once; a `Fit`.

    A model is `build(seed) -> estimator`, or an estimator, of which a clone is fitted (with `random_state` set from
    the seed where it has one). Rows are flattened to `(N, D)`. Class weights of the task go in as `sample_weight`.

    Probabilities come from `predict_proba`; without it from `decision_function` through a softmax whose one
    temperature is fitted on the validation split (1 where there is none); without either, from `predict` as 0 and 1.

    One fit cannot be stopped in the middle: `Budget.cpu_s` is not enforced, and `Cost.capped` says whether it was
    passed. A fit that stops at its bound of iterations has `Cost.stopped = "steps"` and `info["converged"] = 0`. CPU
    seconds are those of this process and its threads, scoring of validation rows included as in a fit by steps; those
    of child processes (`n_jobs`) are not seen.
    """

    def __call__(
        self, model: Any, task: Task, source: Source, budget: Budget, seed: int, folder: Path | None = None
    ) -> Fitted:
        """Fit on "train" and score "validation" where there is one; `folder` is not used.

        Raises:
            DataError: labels or inputs that cannot be learnt from, or an empty split.
            ConfigError: the model is no estimator.
            CapabilityError: the task has class weights and the estimator takes none, or the task is not for
                scikit-learn.
        """
        if "sklearn" not in task.frameworks:
            raise CapabilityError(
                f"WholeFit runs scikit-learn; this task keeps to {', '.join(sorted(task.frameworks))}."
            )
        task = prepare_task(task, source)
        counters = Counters()
        inputs_ND, targets_N = gather(source, "train")
        with own_generators(seed):
            estimator = _built(model, seed)
            extra = _weight_argument(estimator, task, targets_N)
            clock = Clock(counters)
            with _noting_convergence() as notes:
                estimator.fit(inputs_ND, targets_N, **extra)
            n_classes = _n_classes(task)
            predictor = WholePredictor(estimator, n_classes, 1.0)
            if n_classes and predictor.by_decision:
                predictor = _calibrated(predictor, source)
        iterations = _iterations(estimator)
        counters.steps, counters.epoch, counters.rows = iterations, 1, len(inputs_ND)
        info = {"converged": float(not notes), "temperature": predictor.temperature}
        if source.schema.sizes.get("validation", 0) != 0:
            found = scores(task.metrics(), predictor(source, "validation"), gather(source, "validation")[1])
            clock.tick(counters)
            counters.record("validation", found, 1.0)
            info.update({f"validation/{name}": value for name, value in found.items()})
        clock.tick(counters)
        capped = budget.cpu_s is not None and counters.cpu_s > budget.cpu_s
        cost = Cost(
            counters.cpu_s, counters.wall_s, iterations, 1.0, len(inputs_ND), capped, "steps" if notes else "converged"
        )
        return Fitted(
            estimator, predictor, tuple(counters.records), cost, {"classical": count_parameters(estimator)}, info
        )


@dataclass(frozen=True)
class WholePredictor:
    """Predicts any split with a fitted estimator: `predictor(source, split)`.

    Args:
        estimator: fitted.
        n_classes: columns of the probabilities; 0 for a number.
        temperature: divides the decision values before the softmax.
    """

    estimator: Any
    n_classes: int
    temperature: float

    @property
    def by_decision(self) -> bool:
        """Whether probabilities come from decision values."""
        return not _offers(self.estimator, "predict_proba") and _offers(self.estimator, "decision_function")

    def __call__(self, source: Source, split: str) -> np.ndarray:
        """Probabilities `(N, C)` or numbers `(N,)`, in the order of the rows."""
        return self.of(gather_inputs(source, split))

    def of(self, inputs_ND: np.ndarray) -> np.ndarray:
        """Probabilities `(N, C)` or numbers `(N,)` of flattened rows; classes that training did not see get 0."""
        if not self.n_classes:
            return np.asarray(self.estimator.predict(inputs_ND)).reshape(len(inputs_ND))
        columns = np.asarray(self.estimator.classes_, dtype=np.int64)
        probabilities_NC = np.zeros((len(inputs_ND), self.n_classes))
        if self.by_decision:
            probabilities_NC[:, columns] = softmax(self.decisions(inputs_ND) / self.temperature)
        elif _offers(self.estimator, "predict_proba"):
            probabilities_NC[:, columns] = self.estimator.predict_proba(inputs_ND)
        else:
            probabilities_NC[np.arange(len(inputs_ND)), self.estimator.predict(inputs_ND)] = 1.0
        return probabilities_NC

    def decisions(self, inputs_ND: np.ndarray) -> np.ndarray:
        """Decision values `(N, C)`; for two classes those of the second, and their negative for the first."""
        values = np.asarray(self.estimator.decision_function(inputs_ND))
        return values if values.ndim == 2 else np.stack([-values, values], axis=1)


def gather(source: Source, split: str) -> tuple[np.ndarray, np.ndarray]:
    """All rows of a split in their order: inputs `(N, D)` and targets `(N,)`.

    Raises:
        DataError: the split is unknown, empty, without labels, or a stream.
    """
    batches, order = _ordered(source, split)
    if any(batch.targets is None for batch in batches):
        raise DataError(f"Split {split!r} of {source.schema.name!r} has no labels.")
    targets = np.concatenate([np.asarray(batch.targets) for batch in batches])[order]
    return _flat(batches, order), targets


def gather_inputs(source: Source, split: str) -> np.ndarray:
    """Inputs `(N, D)` of all rows of a split in their order, whether they have labels or not.

    Raises:
        DataError: the split is unknown, empty, or a stream.
    """
    return _flat(*_ordered(source, split))


def _flat(batches: list[Batch], order: np.ndarray) -> np.ndarray:
    """Inputs `(N, D)` of the batches in the order of their rows."""
    inputs = np.concatenate([batch.inputs for batch in batches])[order]
    return inputs.reshape(len(inputs), -1)


def _ordered(source: Source, split: str) -> tuple[list[Batch], np.ndarray]:
    """All batches of a split, and the order of their rows."""
    check_known(source, split)
    if source.schema.sizes[split] is None:
        raise DataError(
            f"Split {split!r} of {source.schema.name!r} is a stream, and a whole fit needs all rows at once."
        )
    batches = list(source.batches(split, GATHER_SIZE))
    if not batches:
        raise DataError(f"Split {split!r} of {source.schema.name!r} was asked for; it has no rows.")
    return batches, np.argsort(np.concatenate([batch.rows for batch in batches]), kind="stable")


def softmax(values_NC: np.ndarray) -> np.ndarray:
    """Rows of positive numbers that sum to one."""
    powers = np.exp(values_NC - values_NC.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def _built(model: Any, seed: int) -> Any:
    """The estimator to fit."""
    if _offers(model, "fit") and not isinstance(model, type):
        estimator: Any = clone(model)
        if "random_state" in estimator.get_params():
            estimator.set_params(random_state=derive(seed, "estimator"))
        return estimator
    estimator = model(seed) if callable(model) else model
    if not (_offers(estimator, "fit") and _offers(estimator, "predict")):
        raise ConfigError(
            f"A whole model is a scikit-learn estimator or build(seed) -> estimator, with fit and predict; "
            f"got {type(estimator).__name__}."
        )
    return estimator


def _weight_argument(estimator: Any, task: Task, targets_N: np.ndarray) -> dict[str, np.ndarray]:
    """The class weights of the task as an argument of `fit`; empty where there are none."""
    weights = getattr(task, "class_weights", None)
    if weights is None:
        return {}
    steps = getattr(estimator, "steps", None)
    name, last = ("", estimator) if steps is None else (f"{steps[-1][0]}__", steps[-1][1])
    if not has_fit_parameter(last, "sample_weight"):
        raise CapabilityError(
            f"The task weighs its classes; {type(last).__name__}.fit takes no sample_weight. "
            "Leave class_weights out, or choose an estimator that takes them."
        )
    return {f"{name}sample_weight": np.asarray(weights)[targets_N]}


@contextmanager
def _noting_convergence() -> Iterator[list[str]]:
    """Collect convergence warnings, saying each once at INFO; every other warning goes its usual way."""
    notes: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield notes
    for warning in caught:
        if issubclass(warning.category, ConvergenceWarning):
            notes.append(str(warning.message))
            logger.info("the fit stopped before it converged: %s", warning.message)
        else:
            warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)


def _calibrated(predictor: WholePredictor, source: Source) -> WholePredictor:
    """The predictor with the temperature that gives the least log-loss on the validation split."""
    if source.schema.sizes.get("validation", 0) == 0:
        logger.info("no validation split: decision values become probabilities at temperature 1")
        return predictor
    inputs_ND, targets_N = gather(source, "validation")
    values_NC = predictor.decisions(inputs_ND)
    columns = np.asarray(predictor.estimator.classes_, dtype=np.int64)
    known = np.isin(targets_N, columns)
    labels_N = np.searchsorted(columns, targets_N[known])

    def loss(log_temperature: float) -> float:
        return log_loss(softmax(values_NC[known] / np.exp(log_temperature)), labels_N)

    found = minimize_scalar(loss, bounds=(-6.0, 6.0), method="bounded") if known.any() else None
    temperature = 1.0 if found is None else float(np.exp(found.x))
    return WholePredictor(predictor.estimator, predictor.n_classes, temperature)


def _n_classes(task: Task) -> int:
    """Classes that the task predicts; 0 for a number."""
    target = getattr(task, "target", None)
    return target.n_classes if target is not None and target.kind == "classes" else 0


def _offers(estimator: Any, method: str) -> bool:
    """Whether the estimator has the method as it is set up (an SVM offers probabilities only when asked to)."""
    return getattr(estimator, method, None) is not None


def _iterations(estimator: Any) -> int:
    """Iterations of the fit where the estimator tells them, else 1."""
    steps = getattr(estimator, "steps", None)
    counted = getattr(steps[-1][1] if steps else estimator, "n_iter_", None)
    return 1 if counted is None else max(1, int(np.max(counted)))
