"""What the models of the study share: a signature, a grid, the scaling and the loss that each was published with."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, TypeVar

import numpy as np

from qml.base.bounds import check_whole, check_word
from qml.base.errors import ConfigError
from qml.models.signature import Signature, placed, placed_on, with_settings

Self = TypeVar("Self", bound="Published")
Scaling = Literal["angles", "standard", "none"]


@dataclass(frozen=True)
class Published:
    """What all models of the study share; not a model itself.

    A subclass says its circuit, its `loss` (a name of `qml.learn.LOSSES`, "cross_entropy" or "overlaps"), how inputs
    are scaled on the training rows ("angles" is -pi/2..pi/2 a column), the choices of its own hyper-parameters, those
    of its fields that count something (`counts`) or are one of some words (`known`), the fewest numbers that a row may
    have, and the learning rates, batch and greatest number of updates of its published search.

    Args:
        signature: two classes; filled in by `on`.
        separable: the version without entangling gates.
        executor: who runs the circuit: a name of `qml.backends.EXECUTORS` or an Executor.

    Raises:
        ConfigError: a count below one, or a word that is not known.
    """

    signature: Signature | None = None
    separable: bool = False
    executor: Any = field(default="engine_cpu", compare=False)

    name: ClassVar[str] = ""
    words: ClassVar[str] = ""
    framework: ClassVar[Literal["torch"]] = "torch"
    loss: ClassVar[str] = "linear"
    scaling: ClassVar[Scaling] = "none"
    choices: ClassVar[Mapping[str, tuple[Any, ...]]] = {}
    counts: ClassVar[tuple[str, ...]] = ()
    known: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    least_features: ClassVar[int] = 1
    learning_rates: ClassVar[tuple[float, ...]] = (0.001, 0.01, 0.1)
    batch_size: ClassVar[int] = 32
    max_steps: ClassVar[int] = 10_000

    def __post_init__(self):
        check_whole(type(self).__name__, 1, **{name: getattr(self, name) for name in self.counts})
        for name, words in self.known.items():
            check_word(words, **{name: getattr(self, name)})

    @property
    def entry(self) -> str:
        """Its name in `qml.models.MODELS`."""
        return f"{self.name}_separable" if self.separable else self.name

    @property
    def title(self) -> str:
        """The words of the report."""
        return f"{self.words}, separable" if self.separable else self.words

    @property
    def family(self) -> Literal["hybrid", "control", "baseline"]:
        """With a circuit in it "hybrid"."""
        return "hybrid"

    @property
    def executor_name(self) -> str:
        """Name of who runs the circuit."""
        from qml.backends import name_of

        return name_of(self.executor)

    @property
    def space(self) -> Mapping[str, tuple[Any, ...]]:
        """The published choices of the model's own hyper-parameters; those of the learning rate belong to training."""
        return self.choices

    def on(self: Self, signature: Signature) -> Self:
        """The same model for data of this signature."""
        return placed_on(self, signature)

    def with_settings(self: Self, settings: Mapping[str, Any]) -> Self:
        """The same model at one point of its space."""
        return with_settings(self, settings)

    def check(self) -> None:
        """Raise `ConfigError` before any work unless the target is two classes and rows have enough numbers."""
        signature = placed(self, self.signature)
        if signature.kind != "classes" or signature.n_outputs != 2:
            found = f"{signature.n_outputs} classes" if signature.kind == "classes" else "a number"
            raise ConfigError(
                f"The model {self.entry!r} was asked for; it is defined for two classes, and the target is {found}. "
                f"Choose two of the classes, or another model."
            )
        if self.n_features < self.least_features:
            raise ConfigError(
                f"The model {self.entry!r} was asked for; it needs rows of {self.least_features} numbers or more, and "
                f"these have {self.n_features}. Choose another model."
            )

    @property
    def n_features(self) -> int:
        """Numbers in one row."""
        return placed(self, self.signature).n_inputs

    def network(self, seed: int) -> Any:
        """The torch module with weights drawn from `seed`; given by each model."""
        raise ConfigError(f"{type(self).__name__} is no model itself. Use one of qml.models.published.PUBLISHED.")

    def build(self, seed: int) -> Any:
        """A torch module whose scaling is the identity; see `build_on`."""
        self.check()
        return self.network(seed)

    def build_on(self, inputs: np.ndarray, targets: np.ndarray, seed: int) -> Any:
        """A torch module that has looked at the training rows: its scaling is fitted, its examples are remembered.

        Args:
            inputs: training rows `(N, *input_shape)`.
            targets: their classes `(N,)`.
            seed: of the weights, and of what is drawn from the rows.
        """
        module = self.build(seed)
        shift, factor = fitted_scaling(self.scaling, np.asarray(inputs, dtype=np.float64).reshape(len(inputs), -1))
        module.scaled.set(shift, factor)
        return module

    def facts(self) -> dict[str, Any]:
        """Plain facts for a report."""
        return {"loss": self.loss, "scaling": self.scaling, "separable": self.separable}

    @property
    def grid_points(self) -> int:
        """Points of the published search, the learning rate included."""
        return math.prod(len(values) for values in self.choices.values()) * len(self.learning_rates)


def fitted_scaling(scaling: Scaling, inputs_ND: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Shift and factor `(D,)` of each column: a scaled input is `(input - shift) * factor`.

    A constant column is shifted only, by its value, or for "angles" to -pi/2.

    Example:
        >>> shift, factor = fitted_scaling("angles", np.array([[0.0], [4.0]]))
        >>> ((np.array([0.0, 1.0, 4.0]) - shift) * factor / np.pi).round(2).tolist()
        [-0.5, -0.25, 0.5]
    """
    if scaling == "none":
        return np.zeros(inputs_ND.shape[1]), np.ones(inputs_ND.shape[1])
    if scaling == "standard":
        spread = inputs_ND.std(axis=0)
        return inputs_ND.mean(axis=0), 1.0 / np.where(spread > 0, spread, 1.0)
    low, high = inputs_ND.min(axis=0), inputs_ND.max(axis=0)
    width = np.where(high > low, high - low, 1.0)
    return low + width / 2, math.pi / width
