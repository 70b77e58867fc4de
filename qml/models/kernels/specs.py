"""Kernel classifiers as frozen values: arms of a benchmark like any other model that is fitted at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, ClassVar, Literal, TypeVar

import numpy as np

from qml.base.bounds import check_number, check_whole, check_word
from qml.base.errors import CapabilityError
from qml.circuits.encodings import iqp
from qml.circuits.program import Program
from qml.models.kernels.grams import Fidelity, Kernel, ProductFidelity, Projected
from qml.models.kernels.machine import KernelMachine, check_machine
from qml.models.kernels.maps import PENNYLANE_BEFORE_034, heisenberg_map, iqp_map, tilted_map, zz_map
from qml.models.signature import Signature, placed, placed_on, with_settings

Self = TypeVar("Self", bound="KernelSpec")

NO_ENTANGLEMENT = ", no entanglement"
COSTS = (0.1, 1.0, 10.0, 100.0)


@dataclass(frozen=True)
class KernelSpec:
    """What all kernel classifiers share; not a model itself.

    A subclass says its `name`, its own settings (`choices`), those of them that count something (`counts`), its circuit
    (`program`) and its kernel (`kernel`).

    Args:
        signature: the data; filled in by `on`.
        C: cost of a row on the wrong side.
        n_columns: columns that enter the circuit; rows of more go through principal components fitted on the training
            rows. None lets all in.
        bandwidth: columns go to -pi/2 .. pi/2 times this. Small ones keep fidelities from shrinking with the wires.
        exact_rows: largest number of training rows for which the whole Gram matrix is made.
        landmarks: rows that stand for all where there are more (Nystrom); see `KernelMachine`.
        ablation: "" or "product", the same kernel without entanglement.
        executor: who runs the circuit.

    Raises:
        ConfigError: a number out of its range, or a word that is not known.
    """

    signature: Signature | None = None
    C: float = 1.0
    n_columns: int | None = 10
    bandwidth: float = 1.0
    exact_rows: int = 5000
    landmarks: int = 1000
    ablation: str = ""
    executor: Any = field(default=None, compare=False)

    name: ClassVar[str] = ""
    family: ClassVar[Literal["hybrid"]] = "hybrid"
    framework: ClassVar[Literal["whole"]] = "whole"
    choices: ClassVar[Mapping[str, tuple[Any, ...]]] = {}
    counts: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self):
        who = type(self).__name__
        check_machine(who, self.C, self.n_columns, self.exact_rows, self.landmarks)
        check_number(who, above=0, bandwidth=self.bandwidth)
        check_word(("", "product"), ablation=self.ablation)
        check_whole(who, 1, **{name: getattr(self, name) for name in self.counts})

    @property
    def title(self) -> str:
        """The words of the report."""
        return self.name + (NO_ENTANGLEMENT if self.ablation else "")

    @property
    def space(self) -> Mapping[str, tuple[Any, ...]]:
        """Hyper-parameters with their choices: the grid of the published study, and the bandwidth."""
        return {"C": COSTS, **self.choices, "bandwidth": (0.1, 0.3, 1.0)}

    def on(self: Self, signature: Signature) -> Self:
        """The same model for data of this signature."""
        return placed_on(self, signature)

    def with_settings(self: Self, settings: Mapping[str, Any]) -> Self:
        """The same model with fields replaced."""
        return with_settings(self, settings)

    def ablate(self: Self, kind: str) -> Self:
        """The same kernel without entanglement, for "product".

        Raises:
            CapabilityError: another ablation; a kernel has no trained circuit. The champion "svm" is its twin.
        """
        if kind != "product":
            raise CapabilityError(
                f"The ablation {kind!r} was asked of {self.name!r}; a kernel has no weights to freeze or replace. "
                f"'product' takes entanglement out; the arm 'svm' is the classical kernel."
            )
        return replace(self, ablation=kind)

    @property
    def columns(self) -> int:
        """Columns that enter the circuit."""
        n_inputs = placed(self, self.signature).n_inputs
        return n_inputs if self.n_columns is None else min(n_inputs, self.n_columns)

    def check(self) -> None:
        """Raise before any work if this model cannot be built.

        Raises:
            CapabilityError: the target is a number.
        """
        if placed(self, self.signature).kind != "classes":
            raise CapabilityError(f"{self.name} learns classes, and the target is a number. Leave the arm out.")

    def program(self, n_columns: int, seed: int) -> Program:
        """The feature map of rows of so many columns."""
        raise NotImplementedError

    def kernel(self, n_columns: int, seed: int) -> Kernel:
        """The kernel of rows of so many columns."""
        raise NotImplementedError

    def facts(self) -> dict[str, Any]:
        """Plain facts for a report; the circuit of the first seed stands for all."""
        program = self.program(self.columns, seed=0)
        return {
            "circuit": program.name,
            "n_qubits": program.n_qubits,
            "program": program.digest,
            "drawing": str(program),
        }

    def build(self, seed: int) -> KernelMachine:
        """An estimator; only its landmarks, and the projected kernel's rotations, depend on the seed.

        Raises:
            CapabilityError: the target is known to be a number.
        """
        if self.signature is not None:
            self.check()
        reach = self.bandwidth * np.pi / 2
        return KernelMachine(
            partial(self.kernel, seed=seed),
            C=self.C,
            n_columns=self.n_columns,
            interval=(-reach, reach),
            exact_rows=self.exact_rows,
            landmarks=self.landmarks,
            seed=seed,
            n_inputs=self.signature and self.signature.n_inputs,
        )


@dataclass(frozen=True)
class IqpKernel(KernelSpec):
    """Fidelity of IQP states: Hadamards, then phases by inputs and by their products.

    Args:
        repeats: times the whole is applied.
        emulate: "" for the circuit as it is meant, or `qml.models.kernels.PENNYLANE_BEFORE_034`: without the phases
            by products from the second repeat on, which is what published rows with more than one repeat are of.

    References:
        Havlicek et al., Nature 567, 209 (2019); Bowles, Ahmed and Schuld, arXiv:2403.07059.

    Example:
        >>> spec = IqpKernel(n_columns=4, repeats=2).on(Signature((20,), 2))
        >>> spec.facts()["n_qubits"], spec.ablate("product").title
        (4, 'IQP kernel, no entanglement')
    """

    repeats: int = 1
    emulate: str = ""

    name: ClassVar[str] = "IQP kernel"
    choices: ClassVar[Mapping[str, tuple[Any, ...]]] = {"repeats": (1, 5, 10)}
    counts: ClassVar[tuple[str, ...]] = ("repeats",)

    def __post_init__(self):
        super().__post_init__()
        check_word(("", PENNYLANE_BEFORE_034), emulate=self.emulate)

    def program(self, n_columns: int, seed: int) -> Program:
        """One wire a column."""
        return iqp_map(n_columns, self.repeats, entangled=not self.ablation, emulate=self.emulate)

    def kernel(self, n_columns: int, seed: int) -> Kernel:
        """A fidelity; without entanglement wire by wire."""
        if self.ablation:
            return ProductFidelity(iqp(1, repeats=self.repeats, entangle=()), self.executor)
        return Fidelity(self.program(n_columns, seed), self.executor)


@dataclass(frozen=True)
class ZzKernel(KernelSpec):
    """Fidelity of states of the ZZ feature map, with phases (pi - x_i)(pi - x_j).

    Args:
        repeats: times the whole is applied.

    References:
        Havlicek et al., Nature 567, 209 (2019).

    Example:
        >>> ZzKernel(n_columns=3).on(Signature((3,), 2)).facts()["circuit"]
        'zz'
    """

    repeats: int = 2

    name: ClassVar[str] = "ZZ kernel"
    choices: ClassVar[Mapping[str, tuple[Any, ...]]] = {"repeats": (1, 2, 3)}
    counts: ClassVar[tuple[str, ...]] = ("repeats",)

    def program(self, n_columns: int, seed: int) -> Program:
        """One wire a column."""
        return zz_map(n_columns, self.repeats, entangled=not self.ablation)

    def kernel(self, n_columns: int, seed: int) -> Kernel:
        """A fidelity; without entanglement wire by wire."""
        if self.ablation:
            return ProductFidelity(zz_map(1, self.repeats), self.executor)
        return Fidelity(self.program(n_columns, seed), self.executor)


@dataclass(frozen=True)
class SeparableKernel(KernelSpec):
    """Fidelity of product states, the published study's kernel without entanglement: any number of columns is cheap.

    Args:
        layers: times a column enters its wire.

    References:
        Bowles, Ahmed and Schuld, arXiv:2403.07059.

    Example:
        >>> SeparableKernel(layers=3).on(Signature((10,), 2)).facts()["n_qubits"]
        10
    """

    layers: int = 1

    name: ClassVar[str] = "Separable kernel"
    choices: ClassVar[Mapping[str, tuple[Any, ...]]] = {"layers": (1, 3, 5, 10)}
    counts: ClassVar[tuple[str, ...]] = ("layers",)

    def program(self, n_columns: int, seed: int) -> Program:
        """One wire a column."""
        return tilted_map(n_columns, self.layers)

    def kernel(self, n_columns: int, seed: int) -> Kernel:
        """A fidelity, wire by wire."""
        return ProductFidelity(tilted_map(1, self.layers), self.executor)


@dataclass(frozen=True)
class ProjectedKernel(KernelSpec):
    """Gaussian of Bloch vectors behind a Trotterised Heisenberg evolution whose couplings are the columns.

    The random rotations in front are drawn as the published study draws them, from `numpy.random.default_rng(seed)`
    after one number for another purpose, so that its seeds give its circuits.

    Args:
        gamma_factor: of the width; see `qml.models.kernels.Projected`.
        t: time of the evolution for each column.
        trotter_steps: of the product formula.
        gamma_of: rows that set the width: "train", or "batch" as the published code does it.
        rotation_seed: seed of the rotations; None takes that of the model.

    References:
        Huang et al., Nature Communications 12, 2631 (2021); Bowles, Ahmed and Schuld, arXiv:2403.07059.

    Example:
        >>> spec = ProjectedKernel(n_columns=4).on(Signature((20,), 2))
        >>> spec.facts()["n_qubits"]
        5
    """

    gamma_factor: float = 1.0
    t: float = 1 / 3
    trotter_steps: int = 5
    gamma_of: Literal["train", "batch"] = "train"
    rotation_seed: int | None = None

    name: ClassVar[str] = "Projected quantum kernel"
    choices: ClassVar[Mapping[str, tuple[Any, ...]]] = {
        "gamma_factor": (0.1, 1.0, 10.0),
        "t": (0.01, 0.1, 1.0),
        "trotter_steps": (1, 3, 5),
    }
    counts: ClassVar[tuple[str, ...]] = ("trotter_steps",)

    def __post_init__(self):
        super().__post_init__()
        check_number("ProjectedKernel", above=0, gamma_factor=self.gamma_factor, t=self.t)
        check_word(("train", "batch"), gamma_of=self.gamma_of)
        if self.rotation_seed is not None:
            check_whole("ProjectedKernel", 0, rotation_seed=self.rotation_seed)

    @property
    def space(self) -> Mapping[str, tuple[Any, ...]]:
        """The grid of the published study; its time is a bandwidth."""
        return {"C": COSTS, **self.choices}

    def program(self, n_columns: int, seed: int) -> Program:
        """One wire more than columns."""
        random = np.random.default_rng(seed if self.rotation_seed is None else self.rotation_seed)
        random.integers(100000)
        rotations = random.uniform(size=(n_columns + 1, 3)) * np.pi * 2
        return heisenberg_map(rotations, self.t, self.trotter_steps, entangled=not self.ablation)

    def kernel(self, n_columns: int, seed: int) -> Kernel:
        """A Gaussian, its width still to be set by rows."""
        return Projected(self.program(n_columns, seed), self.gamma_factor, self.gamma_of, executor=self.executor)
