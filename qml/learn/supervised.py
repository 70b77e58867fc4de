"""Learning from labelled rows: classes by cross-entropy, numbers by squared error."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from qml.base.errors import ConfigError, ShapeError
from qml.data.source import Batch, Source, Target
from qml.learn.scan import scan_split
from qml.learn.task import Metric

ClassWeights = Literal["balanced"] | tuple[float, ...] | None


@dataclass(frozen=True)
class Supervised:
    """Learn `target` from labelled rows.

    For classes, with weight w and smoothing s,

        loss = 1/B sum_b w[y_b] ( (1 - s) (-log p_b[y_b]) + s/C sum_c (-log p_b[c]) ),   p = softmax(outputs)

    and for a number the mean squared error, in the units of the target squared (targets are used as they
    are given; scale them in the Source if they are large). The mean is over rows, not over weights as in
    torch, so a batch of rare classes weighs what it should and shards of a batch add up.

    Args:
        target: what to predict; its `labels` fix the number of outputs that a model must give.
        class_weights: None; a weight for each class; or "balanced", N / (C N_c) from the training split,
            whose mean over that split is one.
        label_smoothing: share of each label spread over all classes, in 0..1.

    Raises:
        ConfigError: weights of the wrong number or not positive, smoothing out of range, or either of them
            given for a number.

    Example:
        >>> task = Supervised(Target("sepal", "classes", labels=("no", "yes")))
        >>> task.predictions(np.zeros((1, 2), np.float32))
        array([[0.5, 0.5]], dtype=float32)
    """

    target: Target
    class_weights: ClassWeights = None
    label_smoothing: float = 0.0
    players: tuple[str, ...] = dataclasses.field(default=("model",), init=False)
    frameworks: frozenset[str] = dataclasses.field(
        default=frozenset({"torch", "jax", "sklearn"}), init=False, compare=False
    )

    def __post_init__(self) -> None:
        for_classes = self.target.kind == "classes"
        if for_classes and self.target.n_classes < 2:
            raise ConfigError(
                f"Supervised needs at least two classes; target {self.target.name!r} has labels "
                f"{self.target.labels}. Name every class in Target.labels."
            )
        if not for_classes and (self.class_weights is not None or self.label_smoothing):
            raise ConfigError(
                f"class_weights and label_smoothing are for classes; target {self.target.name!r} is a number. "
                "Leave both out."
            )
        if not 0.0 <= self.label_smoothing < 1.0:
            raise ConfigError(f"label_smoothing lies in 0..1 (1 excluded); it is {self.label_smoothing}.")
        if self.class_weights is not None and self.class_weights != "balanced":
            self._check_weights(self.class_weights)

    def prepared(self, source: Source) -> Supervised:
        """The same task with labels and inputs of `source` checked and "balanced" resolved.

        Looks once over "train" and "validation" where their sizes are known; a stream is not read ahead.

        Raises:
            DataError: see `scan_split`.
            ConfigError: "balanced" is asked of a stream, or of a training split that misses a class.
        """
        task = self
        if source.schema.sizes.get("train", 0) is not None:
            counts = scan_split(source, "train", self.target).class_counts
            if self.class_weights == "balanced":
                task = dataclasses.replace(self, class_weights=self._balanced(counts))
        elif self.class_weights == "balanced":
            raise ConfigError(
                'class_weights="balanced" counts the classes of the training split; '
                f"{source.schema.name!r} is a stream. Give the weights as a tuple."
            )
        if source.schema.sizes.get("validation"):
            scan_split(source, "validation", self.target)
        return task

    def losses(self, ops: Any, apply: Callable, batch: Batch, key: Any) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """`{"model": scalar}` for a batch of framework arrays; nothing further to log.

        Raises:
            ShapeError: the model gives another number of outputs than the target needs.
        """
        outputs = apply(batch.inputs)
        self._check_outputs(outputs)
        if self.target.kind == "number":
            rows = ops.square(outputs[:, 0] - batch.targets)
        else:
            rows = ops.cross_entropy(outputs, batch.targets, self.label_smoothing)
            if self.class_weights is not None:
                rows = rows * ops.take(ops.constant(self.class_weights, rows), batch.targets)
        return {"model": ops.mean(rows)}, {}

    def predictions(self, outputs: np.ndarray) -> np.ndarray:
        """Outputs `(N, C)` as probabilities `(N, C)`, or `(N, 1)` as numbers `(N,)`, in the dtype of `outputs`.

        Raises:
            ShapeError: the model gives another number of outputs than the target needs.
        """
        self._check_outputs(outputs)
        if self.target.kind == "number":
            return outputs[:, 0]
        powers = np.exp(outputs - outputs.max(axis=1, keepdims=True, initial=-np.inf))
        return powers / powers.sum(axis=1, keepdims=True)

    def metrics(self) -> tuple[Metric, ...]:
        """Metrics of this target, the ranking one first: accuracy (balanced accuracy with class weights), or R2."""
        from qml.learn.metrics import class_metrics, number_metrics  # scikit-learn is loaded when metrics are asked for

        if self.target.kind == "number":
            return number_metrics()
        return class_metrics(self.target.n_classes, balanced=self.class_weights is not None)

    @property
    def n_outputs(self) -> int:
        """Numbers a row that a model must give: C for classes, 1 for a number."""
        return self.target.n_classes if self.target.kind == "classes" else 1

    def _check_outputs(self, outputs: Any) -> None:
        shape = tuple(outputs.shape)
        if len(shape) != 2 or shape[1] != self.n_outputs:
            what = f"{self.n_outputs} classes" if self.target.kind == "classes" else "one number"
            raise ShapeError(
                f"Target {self.target.name!r} is {what}, so a model gives (B, {self.n_outputs}); "
                f"this one gives {shape}. Put a head of {self.n_outputs} outputs at its end."
            )

    def _check_weights(self, weights: tuple[float, ...]) -> None:
        if isinstance(weights, str) or len(weights) != self.target.n_classes or not _positive(weights):
            raise ConfigError(
                f'class_weights is None, "balanced" or {self.target.n_classes} positive numbers '
                f"(one for each class of {self.target.name!r}); it is {weights!r}."
            )

    def _balanced(self, counts: tuple[int, ...]) -> tuple[float, ...]:
        if min(counts) == 0:
            missing = self.target.labels[counts.index(0)]
            raise ConfigError(
                f'class_weights="balanced" weighs a class by its rows; class {missing!r} has none in the training '
                "split. Split by class, or give the weights as a tuple."
            )
        return tuple(sum(counts) / (len(counts) * count) for count in counts)


def _positive(weights: tuple[float, ...]) -> bool:
    """Whether every weight is a number above zero."""
    return all(math.isfinite(weight) and weight > 0 for weight in weights)
