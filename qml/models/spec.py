"""Models as frozen values: what a configuration names, a benchmark digests and a worker process is sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from qml.base.errors import ConfigError
from qml.base.lazy import cached_property
from qml.base.registry import unknown
from qml.circuits.program import Program
from qml.models.block import Block, twin_of
from qml.models.features import FeaturesSpec, Identity
from qml.models.fourier import spectrum
from qml.models.model import CLASSICAL, FOURIER, KINDS, TITLES, Kind
from qml.models.plain_readout import plain_shares
from qml.models.product import product
from qml.models.signature import Signature, placed, with_settings

ANGLE_START = 0.1  # size of the linear map to the angles at the start, as a share of the usual one
STAND_INS, RATELESS = ("twin", *FOURIER), ("removed", "frozen")
BANDWIDTHS = (0.25, 0.5, 1.0, 2.0)


@dataclass(frozen=True)
class CircuitSpec:
    """A circuit by name, or a Program of your own.

    Args:
        name: an entry of `qml.circuits.CIRCUITS`; a mere label when `program` is given.
        n_qubits: wires.
        depth: layers.
        options: further arguments of that entry, such as `{"encoding": "iqp"}`.
        init: an entry of `qml.circuits.INITIALISERS`.
        program: used as it is in place of the named circuit.

    Example:
        >>> CircuitSpec("sel", n_qubits=4, depth=2).resolve().n_weights
        24
    """

    name: str = "sel"
    n_qubits: int = 6
    depth: int = 2
    options: tuple[tuple[str, Any], ...] = ()
    init: str = "uniform"
    program: Program | None = None

    def __post_init__(self):
        pairs = self.options.items() if isinstance(self.options, Mapping) else self.options
        object.__setattr__(self, "options", tuple(sorted((str(key), value) for key, value in pairs)))

    def resolve(self) -> Program:
        """The Program.

        Raises:
            ConfigError: no circuit of that name, or an option that it does not take.
        """
        from qml.circuits import CIRCUITS

        if self.program is not None:
            return self.program
        return CIRCUITS[self.name](self.n_qubits, self.depth, **dict(self.options))


@dataclass(frozen=True)
class Head:
    """From the circuit's values to the outputs: one linear map, or a small tanh network with `widths` hidden units."""

    widths: tuple[int, ...] = ()

    def __post_init__(self):
        object.__setattr__(self, "widths", tuple(int(width) for width in self.widths))


@dataclass(frozen=True)
class HybridSpec:
    """Features, a circuit and a head, the circuit being the only path from the first to the last.

        outputs = head(circuit(pi * tanh(linear(features(inputs)))))

    Args:
        features: an entry of `qml.models.FEATURES` as a value, or your own frozen dataclass with
            `build(input_shape) -> nn.Module` giving `(B, F)`.
        circuit: the circuit in the middle.
        head: from its `K` values to the outputs.
        signature: the data it is for; filled in by `on`.
        ablation: "" for the circuit itself, else a name of `KINDS`.
        executor: who runs the circuit: a name of `qml.backends.EXECUTORS` or an Executor.
        framework: "torch" or "jax".
        bandwidth: of the frequencies of "random_features", in units of one radian an angle.

    Example:
        >>> spec = HybridSpec(circuit=CircuitSpec("sel", n_qubits=4, depth=2)).on(Signature((64,), 10))
        >>> spec.title, spec.ablate("twin").title, str(spec.block)
        ('Hybrid', 'Classical twin', "tanh network 4-4-4 in 2 groups, 24 parameters for the circuit's 24 (+0.0%)")
    """

    features: FeaturesSpec = field(default_factory=Identity)
    circuit: CircuitSpec = field(default_factory=CircuitSpec)
    head: Head = field(default_factory=Head)
    signature: Signature | None = None
    ablation: str = ""
    executor: Any = field(default="engine_cpu", compare=False)
    framework: Literal["torch", "jax"] = "torch"
    bandwidth: float = field(default=1.0, compare=False)

    def __post_init__(self):
        if self.ablation and self.ablation not in KINDS:
            raise unknown("ablation", self.ablation, list(KINDS))
        if self.framework not in ("torch", "jax"):
            raise unknown("framework", self.framework, ["torch", "jax"])

    @property
    def title(self) -> str:
        """The words of the report."""
        return TITLES[self.ablation]

    @property
    def family(self) -> Literal["hybrid", "control"]:
        """With a circuit in it "hybrid", without one "control"."""
        return "control" if self.ablation in CLASSICAL else "hybrid"

    @property
    def space(self) -> Mapping[str, tuple[Any, ...]]:
        """The bandwidth of random features; a hybrid and its other ablations are tuned by their training alone."""
        return {"bandwidth": BANDWIDTHS} if self.ablation == "random_features" else {}

    @property
    def follows_circuit_rate(self) -> bool:
        """Whether a learning rate of the circuit acts on this model: on the circuit's weights or on its stand-in's.

        Not where the circuit is removed or frozen, nor on a circuit without weights.
        """
        return self.ablation in STAND_INS or (self.ablation not in RATELESS and self.program.n_weights > 0)

    @cached_property
    def program(self) -> Program:
        """The circuit of this model, whatever the ablation; without entanglement for "product"."""
        program = self.circuit.resolve()
        return product(program) if self.ablation == "product" else program

    @property
    def block(self) -> Block:
        """The classical block that a twin puts in place of the circuit."""
        return twin_of(self.program)

    def on(self, signature: Signature) -> HybridSpec:
        """The same model for data of this signature."""
        return replace(self, signature=signature)

    def ablate(self, kind: Kind) -> HybridSpec:
        """The same model with the circuit replaced: see `qml.models.ablations`."""
        return replace(self, ablation=kind)

    def with_settings(self, settings: Mapping[str, Any]) -> HybridSpec:
        """The same model with fields replaced, such as `{"circuit": CircuitSpec(...)}`."""
        return with_settings(self, settings)

    def check(self) -> None:
        """Raise before any work if this model cannot be built: unknown names, no twin, no such ablation.

        Raises:
            ConfigError: the circuit reads no inputs, so that nothing would pass through it.
            CapabilityError: no twin within 10 %, a circuit that "product" cannot be asked of, or one that its executor
                cannot run.
        """
        from qml.backends import executor_named
        from qml.backends.check import check_program

        if self.program.n_inputs == 0:
            raise ConfigError(
                f"A hybrid needs a circuit that reads inputs; {self.circuit.name!r} has no input slot. Put an encoding "
                f"in front, such as `angle(n_qubits) + ...`."
            )
        if self.framework == "torch" or self.ablation not in CLASSICAL:  # in torch the circuit is built, then replaced
            check_program(self.program, executor_named(self.executor))
        if self.ablation == "twin":
            _ = self.block
        if self.ablation in FOURIER:
            spectrum(self.program)
        if self.ablation == "unweighted" and self.signature is not None:
            plain_shares(self.program.n_values, self.signature.n_outputs)

    def build(self, seed: int) -> Any:
        """A torch `Hybrid` or a `JaxHybrid` with weights drawn from `seed`.

        Features, angles and head start equal in all ablations of one seed.
        """
        placed(self, self.signature)
        self.check()
        if self.framework == "jax":
            from qml.models.jax_hybrid import build_jax_hybrid

            return build_jax_hybrid(self)
        from qml.models.hybrid import build_hybrid

        return build_hybrid(self, seed)

    @property
    def executor_name(self) -> str:
        """Name of who runs the circuit."""
        from qml.backends import name_of

        return name_of(self.executor)

    def facts(self) -> dict[str, Any]:
        """Plain facts for a report."""
        from qml.models.facts import facts

        return facts(self)


def choose_hybrid(
    features: FeaturesSpec,
    circuit: CircuitSpec,
    head: Head | None = None,
    ablation: str = "",
    twin_of: str = "sel",
) -> HybridSpec:
    """A hybrid as a command line says it: circuit "twin" is the twin of the circuit `twin_of` at the same size.

    Example:
        >>> choose_hybrid(Identity(), CircuitSpec("twin", 4, 2)).title
        'Classical twin'
    """
    if circuit.name == "twin":
        if ablation not in ("", "twin"):
            raise ConfigError(
                f"model/circuit=twin was asked for together with model.ablation={ablation!r}; a twin has no circuit to "
                f"ablate. Give one of the two."
            )
        circuit, ablation = replace(circuit, name=twin_of), "twin"
    return HybridSpec(features, circuit, head or Head(), ablation=ablation)
