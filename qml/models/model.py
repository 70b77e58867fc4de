"""The seam of what learns: a torch module or a JAX pair whose parts can be counted, frozen and replaced."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal, Protocol, runtime_checkable

Part = Literal["quantum", "classical", "all"]
Kind = Literal["twin", "frozen", "product", "removed", "surrogate", "random_features", "unweighted"]

KINDS: tuple[Kind, ...] = ("twin", "frozen", "product", "removed", "surrogate", "random_features", "unweighted")
CLASSICAL: tuple[Kind, ...] = ("twin", "removed", "surrogate", "random_features")  # no circuit is left
FOURIER: tuple[Kind, ...] = ("surrogate", "random_features")
TITLES: Mapping[str, str] = {
    "": "Hybrid",
    "twin": "Classical twin",
    "frozen": "Circuit frozen at random",
    "product": "No entanglement",
    "removed": "Circuit removed",
    "surrogate": "Fourier surrogate",
    "random_features": "Random Fourier features",
    "unweighted": "Readout weights removed",
}


@runtime_checkable
class Model(Protocol):
    """What learns: features, then a circuit, then a head.

    A torch Model is an `nn.Module` (`qml.models.hybrid.Hybrid`), a JAX Model a value with `init(seed)` and
    `apply(params, inputs)` (`qml.models.jax_hybrid.JaxHybrid`). Both count their trained numbers by part and
    give their own ablations. `nn.Module.parameters` has a meaning of its own, hence `part_parameters`.
    """

    def part_parameters(self, part: Part = "all") -> Iterator[Any]:
        """Trained arrays of one part; a frozen circuit gives none."""
        ...

    def parameter_counts(self) -> dict[str, int]:
        """Trained numbers by part: `{"quantum": ..., "classical": ...}`."""
        ...

    def ablate(self, kind: Kind) -> Model:
        """The same model with the circuit or its readout replaced: a name of `KINDS`."""
        ...


@runtime_checkable
class Spec(Protocol):
    """A model as a frozen value: picklable, with a digest, able to build itself from a seed.

    Features, hybrids and champions are Specs; a benchmark holds Specs and never a trained module.
    """

    @property
    def title(self) -> str:
        """The words of the report."""
        ...

    @property
    def family(self) -> Literal["hybrid", "control", "baseline"]:
        """With a circuit, the same model without one, or a classical baseline."""
        ...

    @property
    def framework(self) -> Literal["torch", "jax", "whole"]:
        """Who trains it: a torch Step, a JAX Step, or the whole at once (scikit-learn)."""
        ...

    @property
    def space(self) -> Mapping[str, tuple[Any, ...]]:
        """Hyper-parameters of the model itself (not of the training) with their choices."""
        ...

    def on(self, signature: Any) -> Spec:
        """The same model for data of this `Signature`."""
        ...

    def with_settings(self, settings: Mapping[str, Any]) -> Spec:
        """The same model at one point of its `space`."""
        ...

    def build(self, seed: int) -> Any:
        """A fresh model; equal seeds give equal weights."""
        ...


@runtime_checkable
class LookingSpec(Protocol):
    """A Spec with a loss of its own that looks at the training rows before it is built: for scalings and examples."""

    @property
    def loss(self) -> str:
        """A name of `qml.learn.LOSSES`, or "cross_entropy" or "overlaps"."""
        ...

    def build_on(self, inputs: Any, targets: Any, seed: int) -> Any:
        """A fresh model that has looked at training rows `(N, ...)` and their classes `(N,)`."""
        ...
