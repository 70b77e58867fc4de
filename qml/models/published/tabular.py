"""The study's models of rows of numbers, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, get_args

import numpy as np

from qml.base.bounds import check_number
from qml.base.errors import CapabilityError, ConfigError
from qml.base.seeds import generator
from qml.circuits import published as circuits
from qml.circuits.program import Program
from qml.models.published.spec import Published, Scaling

LAYERS = (1, 5, 10, 15)
MOST_QUBITS = 11  # of a Boltzmann machine with pairs
Read = Literal["single", "half", "full"]
Pairs = Literal["shared", "own"]


def wires_read(read: Read, n_qubits: int) -> int:
    """How many wires "single", "half" or "full" reads, one at least."""
    return {"single": 1, "half": max(n_qubits // 2, 1), "full": n_qubits}[read]


@dataclass(frozen=True)
class DataReuploading(Published):
    """Three features a qubit, uploaded again and again with trained frequencies, and a weighted fidelity as loss.

    Args:
        depth: uploads before the last.
        read: wires that the loss looks at: "single", "half" or "full".

    Example:
        >>> from qml.models import Signature
        >>> model = DataReuploading(Signature((4,), 2), depth=1).build(seed=0)
        >>> sum(parameter.numel() for parameter in model.parameters())
        26
    """

    depth: int = 4
    read: Read = "single"

    name: ClassVar[str] = "data_reuploading"
    words: ClassVar[str] = "Data re-uploading"
    loss: ClassVar[str] = "fidelity"
    scaling: ClassVar[Scaling] = "angles"
    choices: ClassVar[Mapping[str, tuple[Any, ...]]] = {"depth": LAYERS, "read": get_args(Read)}
    counts: ClassVar[tuple[str, ...]] = ("depth",)
    known: ClassVar[Mapping[str, tuple[str, ...]]] = {"read": get_args(Read)}

    @property
    def program(self) -> Program:
        """The circuit."""
        n_read = wires_read(self.read, -(-self.n_features // 3))
        return circuits.reuploading(self.n_features, self.depth, n_read=n_read, separable=self.separable)

    def network(self, seed: int) -> Any:
        """Rows `(B, D)` to weighted fidelities and the value to predict by, `(B, 2W + 1)`."""
        from qml.models.published.networks import Reuploading

        return Reuploading(self.program, self.n_features, self.executor, seed)


@dataclass(frozen=True)
class Dressed(Published):
    """A linear map and tanh, a circuit of RY and CNOTs, and a linear map to two outputs, without biases.

    Args:
        depth: layers of the circuit.

    Example:
        >>> from qml.models import Signature
        >>> model = Dressed(Signature((4,), 2), depth=10).build(seed=0)
        >>> sum(parameter.numel() for parameter in model.parameters())
        64
    """

    depth: int = 3

    name: ClassVar[str] = "dressed"
    words: ClassVar[str] = "Dressed circuit"
    loss: ClassVar[str] = "cross_entropy"
    scaling: ClassVar[Scaling] = "standard"
    choices: ClassVar[Mapping[str, tuple[Any, ...]]] = {"depth": LAYERS}
    counts: ClassVar[tuple[str, ...]] = ("depth",)
    max_steps: ClassVar[int] = 100_000

    @property
    def program(self) -> Program:
        """The circuit."""
        return circuits.dressed(self.n_features, self.depth, separable=self.separable)

    def network(self, seed: int) -> Any:
        """Rows `(B, D)` to logits `(B, 2)`."""
        from qml.models.published.networks import DressedNetwork

        return DressedNetwork(self.program, self.executor, seed)


@dataclass(frozen=True)
class CircuitCentric(Published):
    """Copies of the row as amplitudes, strongly entangling layers, and a trained bias.

    Args:
        copies: of the state.
        depth: layers.

    Example:
        >>> from qml.models import Signature
        >>> model = CircuitCentric(Signature((10,), 2), copies=2, depth=10).build(seed=0)
        >>> sum(parameter.numel() for parameter in model.parameters())
        241
    """

    copies: int = 2
    depth: int = 4

    name: ClassVar[str] = "circuit_centric"
    words: ClassVar[str] = "Circuit-centric"
    loss: ClassVar[str] = "half_square"
    choices: ClassVar[Mapping[str, tuple[Any, ...]]] = {"copies": (1, 2, 3), "depth": (1, 5, 10)}
    counts: ClassVar[tuple[str, ...]] = ("copies", "depth")
    least_features: ClassVar[int] = 2

    @property
    def program(self) -> Program:
        """The circuit."""
        return circuits.circuit_centric(self.n_features, self.depth, copies=self.copies, separable=self.separable)

    def network(self, seed: int) -> Any:
        """Rows `(B, D)` to one value `(B, 1)`."""
        from qml.models.published.networks import OneValue

        return OneValue(self.program, self.n_features, self.executor, seed, bias=0.01)


@dataclass(frozen=True)
class IqpVariational(Published):
    """IQP encoding and strongly entangling layers with CZ, and the probability of the wrong class as loss.

    Args:
        repeats: of the encoding.
        depth: layers.
        pairs_in: "every" repeat has products of features, or the "first" alone, as in the published runs.
    """

    repeats: int = 1
    depth: int = 10
    pairs_in: circuits.PairsIn = "every"

    name: ClassVar[str] = "iqp_variational"
    words: ClassVar[str] = "IQP variational"
    loss: ClassVar[str] = "linear"
    scaling: ClassVar[Scaling] = "angles"
    choices: ClassVar[Mapping[str, tuple[Any, ...]]] = {"repeats": (1, 5, 10), "depth": LAYERS}
    counts: ClassVar[tuple[str, ...]] = ("repeats", "depth")
    known: ClassVar[Mapping[str, tuple[str, ...]]] = {"pairs_in": get_args(circuits.PairsIn)}
    least_features: ClassVar[int] = 2

    @property
    def program(self) -> Program:
        """The circuit."""
        options = {"repeats": self.repeats, "pairs_in": self.pairs_in, "separable": self.separable}
        return circuits.iqp_variational(self.n_features, self.depth, **options)

    def network(self, seed: int) -> Any:
        """Rows `(B, D)` to one value `(B, 1)`."""
        from qml.models.published.networks import OneValue

        return OneValue(self.program, self.n_features, self.executor, seed)


@dataclass(frozen=True)
class MetricLearner(Published):
    """An embedding trained to make states of different classes orthogonal; the nearer class is predicted.

    A row is compared with remembered training rows of each class, by the mean overlap of states. The study draws
    them anew at each prediction; here they are drawn once, with the weights.

    Args:
        depth: layers of the embedding.
        examples: rows of each class that are remembered, at most.
    """

    depth: int = 3
    examples: int = 32

    name: ClassVar[str] = "metric_learner"
    words: ClassVar[str] = "Quantum metric learner"
    loss: ClassVar[str] = "overlaps"
    scaling: ClassVar[Scaling] = "angles"
    choices: ClassVar[Mapping[str, tuple[Any, ...]]] = {"depth": (1, 3, 4)}
    counts: ClassVar[tuple[str, ...]] = ("depth", "examples")
    batch_size: ClassVar[int] = 32  # 16 pairs
    max_steps: ClassVar[int] = 50_000

    @property
    def program(self) -> Program:
        """The embedding."""
        return circuits.metric_embedding(self.n_features, self.depth, separable=self.separable)

    def network(self, seed: int) -> Any:
        """Pairs `(B, 2D)` to overlaps `(B, 1)`, rows `(B, D)` to mean overlaps with each class `(B, 2)`."""
        from qml.models.published.networks import MetricNetwork

        return MetricNetwork(self.program, self.examples, self.executor, seed)

    def build_on(self, inputs: np.ndarray, targets: np.ndarray, seed: int) -> Any:
        """A torch module with its scaling fitted and its examples drawn.

        Args:
            inputs: training rows `(N, D)`.
            targets: their classes `(N,)`.
            seed: of weights and examples.

        Raises:
            ConfigError: a class has no row.
        """
        module = super().build_on(inputs, targets, seed)
        rng, drawn = generator(seed, "examples"), []
        for label in (0, 1):
            rows = np.flatnonzero(np.asarray(targets) == label)
            if not len(rows):
                raise ConfigError(
                    f"{self.entry!r} remembers rows of both classes; class {label} has none. Split by class."
                )
            drawn.append(rng.choice(rows, self.examples, replace=len(rows) < self.examples))
        module.remember(np.asarray(inputs).reshape(len(inputs), -1)[np.stack(drawn)])
        return module


@dataclass(frozen=True)
class TreeTensor(Published):
    """The row as amplitudes, a tree of RY and CNOTs, and a trained bias.

    Example:
        >>> from qml.models import Signature
        >>> model = TreeTensor(Signature((10,), 2)).build(seed=0)
        >>> sum(parameter.numel() for parameter in model.parameters())
        8
    """

    name: ClassVar[str] = "tree_tensor"
    words: ClassVar[str] = "Tree tensor network"
    loss: ClassVar[str] = "square"
    least_features: ClassVar[int] = 2

    @property
    def program(self) -> Program:
        """The circuit."""
        return circuits.tree_tensor(self.n_features, separable=self.separable)

    def network(self, seed: int) -> Any:
        """Rows `(B, D)` to one value `(B, 1)`."""
        from qml.models.published.networks import OneValue

        return OneValue(self.program, self.n_features, self.executor, seed, bias="normal")


@dataclass(frozen=True)
class Boltzmann(Published):
    """A Gibbs state whose Hamiltonian is linear in the row, one qubit a feature; no Program, and no entangling gate.

        f(x) = Tr[O exp(-H/T)] / Tr[exp(-H/T)],    H = sum_i (a_i.x) Z_i + (b_i.x) X_i + sum_ij (c_ij.x) Z_i Z_j

    Its matrices have `2**D` rows and columns: not for more than 8 features or so. The separable version has no pairs
    and no such matrices.

    Args:
        read: qubits whose mean <Z> is read: "single", "half" or "full".
        temperature: T.
        pairs: "shared": one vector c for all pairs, as the study's code computes; "own": one a pair, as its text
            defines. Both have as many parameters, of which "shared" leaves all but one pair's unread.
    """

    read: Read = "single"
    temperature: float = 1.0
    pairs: Pairs = "shared"

    name: ClassVar[str] = "boltzmann"
    words: ClassVar[str] = "Quantum Boltzmann machine"
    loss: ClassVar[str] = "likelihood"
    scaling: ClassVar[Scaling] = "standard"
    choices: ClassVar[Mapping[str, tuple[Any, ...]]] = {
        "read": get_args(Read),
        "temperature": (1.0, 10.0, 100.0),
    }
    known: ClassVar[Mapping[str, tuple[str, ...]]] = {"read": get_args(Read), "pairs": get_args(Pairs)}

    def __post_init__(self):
        super().__post_init__()
        check_number("Boltzmann", above=0, temperature=self.temperature)

    def check(self) -> None:
        """Raise before any work if this model cannot be built.

        Raises:
            ConfigError: the target is not two classes, or there are pairs and a row has one number.
            CapabilityError: more features than a dense Hamiltonian is for.
        """
        super().check()
        if self.separable:
            return
        if self.n_features < 2:
            raise ConfigError(
                "The model 'boltzmann' was asked for; it couples pairs of features, and rows have one number. Take "
                "'boltzmann_separable'."
            )
        if self.n_features > MOST_QUBITS:
            raise CapabilityError(
                f"A Boltzmann machine of {self.n_features} features diagonalises a matrix of 2**{self.n_features} rows "
                f"for each row of data; it stops at {MOST_QUBITS}. Reduce the features, or take 'boltzmann_separable'."
            )

    def network(self, seed: int) -> Any:
        """Rows `(B, D)` to one value `(B, 1)`."""
        from qml.models.published.gibbs import GibbsNetwork

        n_read = wires_read(self.read, self.n_features)
        pairs = "none" if self.separable else self.pairs
        return GibbsNetwork(self.n_features, n_read, self.temperature, pairs, seed)


@dataclass(frozen=True)
class SeparableVariational(Published):
    """The study's own model without entanglement: uploads and trained rotations on each wire, the mean of <Z>.

    Args:
        depth: uploads.
    """

    depth: int = 1

    name: ClassVar[str] = "separable_variational"
    words: ClassVar[str] = "Separable variational"
    loss: ClassVar[str] = "logistic_6"
    scaling: ClassVar[Scaling] = "angles"
    choices: ClassVar[Mapping[str, tuple[Any, ...]]] = {"depth": (1, 3, 5, 10)}
    counts: ClassVar[tuple[str, ...]] = ("depth",)

    @property
    def program(self) -> Program:
        """The circuit."""
        return circuits.separable_variational(self.n_features, self.depth)

    def network(self, seed: int) -> Any:
        """Rows `(B, D)` to one value `(B, 1)`."""
        from qml.models.published.networks import OneValue

        return OneValue(self.program, self.n_features, self.executor, seed)
