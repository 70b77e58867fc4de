"""Two classes learnt from what a circuit returns, by the losses that are in use for it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from qml.base.errors import ConfigError, DataError, ShapeError
from qml.base.registry import Registry
from qml.data.source import Batch, Source, Target
from qml.learn.scan import scan_split
from qml.learn.task import Metric

Loss = Callable[[Any, Any, Any], Any]
LOSSES: Registry[Loss] = Registry("loss of two classes")
"""Losses by name: `(ops, outputs_BC, signs_B) -> (B,)`, where a sign is -1 for class 0 and +1 for class 1."""

LEAST = 1e-12  # a probability below it counts as this: a loss stays finite
SHARPNESS = {"logistic": 1.0, "logistic_6": 6.0}  # the slope at which a value enters the logistic function


@LOSSES.register("square")
def square(ops: Any, outputs_BC: Any, signs_B: Any) -> Any:
    """`(f - y)**2`."""
    return ops.square(outputs_BC[:, 0] - signs_B)


@LOSSES.register("half_square")
def half_square(ops: Any, outputs_BC: Any, signs_B: Any) -> Any:
    """`(f - y)**2 / 2`."""
    return 0.5 * ops.square(outputs_BC[:, 0] - signs_B)


@LOSSES.register("linear")
def linear(ops: Any, outputs_BC: Any, signs_B: Any) -> Any:
    """`(1 - y f) / 2`, the probability of the wrong class where f is an expectation value."""
    return 0.5 * (1.0 - signs_B * outputs_BC[:, 0])


@LOSSES.register("likelihood")
def likelihood(ops: Any, outputs_BC: Any, signs_B: Any) -> Any:
    """`-log((1 + y f) / 2)`."""
    return -ops.log_above(0.5 * (1.0 + signs_B * outputs_BC[:, 0]), LEAST)


@LOSSES.register("logistic")
def logistic(ops: Any, outputs_BC: Any, signs_B: Any) -> Any:
    """`log(1 + exp(-y f))`."""
    return ops.softplus(-signs_B * outputs_BC[:, 0])


@LOSSES.register("logistic_6")
def logistic_6(ops: Any, outputs_BC: Any, signs_B: Any) -> Any:
    """`log(1 + exp(-6 y f))`: the logistic function has its range in -6..6, an expectation value its own in -1..1."""
    return ops.softplus(-SHARPNESS["logistic_6"] * signs_B * outputs_BC[:, 0])


@LOSSES.register("fidelity")
def fidelity(ops: Any, outputs_BC: Any, signs_B: Any) -> Any:
    """Weighted fidelities to each class against 0 and 1, over W wires.

        1/2 sum_w (a_w F_w0 - [y = -1])**2 + (b_w F_w1 - [y = +1])**2

    Outputs are `(B, 2W + 1)`: the weighted fidelities to class 0, to class 1, and last the value to predict by.

    References:
        Perez-Salinas et al., Quantum 4, 226 (2020), equation 23.
    """
    wires = (outputs_BC.shape[1] - 1) // 2
    is_one = 0.5 * (1.0 + signs_B)[:, None]
    to_zero, to_one = outputs_BC[:, :wires], outputs_BC[:, wires : 2 * wires]
    return 0.5 * (ops.square(to_zero - (1.0 - is_one)) + ops.square(to_one - is_one)).sum(1)


@dataclass(frozen=True)
class TwoClass:
    """Learn which of two classes a row is of, from one value f a row, by a named loss.

    The mean over rows of a member of `LOSSES`. Probabilities are `(1 + f)/2`, cut off at 0 and 1, and for the logistic
    losses with slope one the logistic function of f; so a row is of class 1 where f is above zero.

    Args:
        target: two classes.
        loss: a name of `LOSSES`.

    Raises:
        ConfigError: not two classes, or no such loss.

    Example:
        >>> task = TwoClass(Target("label", "classes", labels=("-1", "1")), "linear")
        >>> task.predictions(np.array([[0.5]]))
        array([[0.25, 0.75]])
    """

    target: Target
    loss: str = "linear"
    players: tuple[str, ...] = dataclasses.field(default=("model",), init=False)
    frameworks: frozenset[str] = dataclasses.field(default=frozenset({"torch", "jax"}), init=False, compare=False)

    def __post_init__(self) -> None:
        check_two(self.target, "TwoClass")
        _ = LOSSES[self.loss]

    def prepared(self, source: Source) -> TwoClass:
        """The task itself, once labels and inputs of `source` have been looked at."""
        return looked_at(self, source)

    def losses(self, ops: Any, apply: Callable, batch: Batch, key: Any) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """`{"model": scalar}` for a batch of framework arrays; nothing further to log.

        Raises:
            ShapeError: the model does not give what this loss reads.
        """
        outputs_BC = apply(batch.inputs)
        self._check(outputs_BC)
        signs_B = 2.0 * ops.one_hot(batch.targets, 2, outputs_BC)[:, 1] - 1.0
        return {"model": ops.mean(LOSSES[self.loss](ops, outputs_BC, signs_B))}, {}

    def predictions(self, outputs: np.ndarray) -> np.ndarray:
        """Outputs `(N, 1)`, or `(N, 2W + 1)` of "fidelity", as probabilities `(N, 2)`."""
        self._check(outputs)
        value = outputs[:, -1]
        if self.loss == "logistic":
            half = 0.5 * np.tanh(0.5 * value)
            return np.stack([0.5 - half, 0.5 + half], axis=1)
        share = np.clip(0.5 * (1.0 + value), 0.0, 1.0)
        return np.stack([1.0 - share, share], axis=1)

    def metrics(self) -> tuple[Metric, ...]:
        """Metrics of classes, accuracy first."""
        from qml.learn.metrics import class_metrics  # scikit-learn is loaded when metrics are asked for

        return class_metrics(2, balanced=False)

    def _check(self, outputs: Any) -> None:
        shape = tuple(outputs.shape)
        fits = len(shape) == 2 and (shape[1] % 2 == 1 if self.loss == "fidelity" else shape[1] == 1)
        if not fits or (self.loss == "fidelity" and shape[1] < 3):
            needed = "(B, 2W + 1) with W of 1 or more" if self.loss == "fidelity" else "(B, 1)"
            raise ShapeError(
                f"The loss {self.loss!r} reads outputs {needed}; this model gives {shape}. Change the loss, or end the "
                f"model in one value a row."
            )


@dataclass(frozen=True)
class Overlaps:
    """Learn an embedding in which rows of different classes have no overlap; torch only.

        loss = mean over pairs of  |<psi(a)|psi(b)>|**2,    a of class 0 and b of class 1

    The published loss is `1 - (1/2)(aa + bb) + ab` with mean overlaps of pairs; its code pairs each row with itself
    in `aa` and `bb`, which are therefore one, and this is what is left. The model maps pairs `(B, 2D)` to overlaps
    `(B, 1)`, and rows `(B, D)` to their mean overlaps with examples of each class, `(B, 2)`.

    A batch must hold both classes in equal number, paired by order: see `qml.data.resampled`.

    Args:
        target: two classes.

    References:
        Lloyd et al., arXiv:2001.03622 (2020).
    """

    target: Target
    players: tuple[str, ...] = dataclasses.field(default=("model",), init=False)
    frameworks: frozenset[str] = dataclasses.field(default=frozenset({"torch"}), init=False, compare=False)

    def __post_init__(self) -> None:
        check_two(self.target, "Overlaps")

    def prepared(self, source: Source) -> Overlaps:
        """The task itself, once labels and inputs of `source` have been looked at."""
        return looked_at(self, source)

    def losses(self, ops: Any, apply: Callable, batch: Batch, key: Any) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """`{"model": scalar}`; nothing further to log.

        Raises:
            DataError: the batch does not hold both classes in equal number.
        """
        inputs: Any = batch.inputs
        targets: Any = batch.targets
        first, second = inputs[targets == 0], inputs[targets == 1]
        if len(first) != len(second) or not len(first):
            raise DataError(
                f"Pairs are made of a batch with both classes in equal number; this one has {len(first)} and "
                f'{len(second)} rows. Draw batches in pairs: training.batches="pairs".'
            )
        pairs = first.new_empty((len(first), 2 * first.shape[1]))
        pairs[:, : first.shape[1]], pairs[:, first.shape[1] :] = first, second
        return {"model": ops.mean(apply(pairs))}, {}

    def predictions(self, outputs: np.ndarray) -> np.ndarray:
        """Mean overlaps `(N, 2)` as shares of their sum, `(N, 2)`."""
        return outputs / np.maximum(outputs.sum(axis=1, keepdims=True), LEAST)

    def metrics(self) -> tuple[Metric, ...]:
        """Metrics of classes, accuracy first."""
        from qml.learn.metrics import class_metrics

        return class_metrics(2, balanced=False)


def check_two(target: Target, who: str) -> None:
    """Raise `ConfigError` unless `target` is two classes."""
    if target.kind != "classes" or target.n_classes != 2:
        found = f"{target.n_classes} classes" if target.kind == "classes" else "a number"
        raise ConfigError(f"{who} learns two classes; target {target.name!r} is {found}. Use Supervised.")


def looked_at(task: Any, source: Source) -> Any:
    """`task`, once every labelled split of known size that it learns from has been checked."""
    for split in ("train", "validation"):
        if source.schema.sizes.get(split):
            scan_split(source, split, task.target)
    return task
