"""What a configuration may say of a hybrid: its features, its circuit and its head."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from qml.schema.missing import MISSING


@dataclass
class CircuitConfig:
    """Group `model/circuit`: the circuit in the middle of a hybrid.

    Args:
        name: an entry of `qml.circuits.CIRCUITS`, or "twin" for the classical twin of `model.twin_of`.
        n_qubits: wires.
        depth: layers.
        init: an entry of `qml.circuits.INITIALISERS`.
        options: further arguments of the circuit.
    """

    _target_: str = "qml.models.spec.CircuitSpec"
    name: str = MISSING
    n_qubits: int = 8
    depth: int = 3
    init: str = "uniform"
    options: dict[str, Any] = field(default_factory=dict)


@dataclass
class IdentityConfig:
    """Group `model/features`: the inputs themselves."""

    _target_: str = "qml.models.features.Identity"


@dataclass
class MlpConfig:
    """Group `model/features`: linear layers with ReLU."""

    _target_: str = "qml.models.features.Mlp"
    widths: list[int] = field(default_factory=lambda: [64])
    dropout: float = 0.0


@dataclass
class CnnConfig:
    """Group `model/features`: convolutions, for images."""

    _target_: str = "qml.models.features.Cnn"
    channels: list[int] = field(default_factory=lambda: [16, 32])
    width: int = 64
    dropout: float = 0.0


@dataclass
class OwnConfig:
    """Group `model/features`: a network of your own package.

    Args:
        make: "package.module:name" of `(input_shape, **options) -> nn.Module`.
        options: its further arguments.
    """

    _target_: str = "qml.models.features.Own"
    make: str = MISSING
    options: dict[str, Any] = field(default_factory=dict)


@dataclass
class HeadConfig:
    """`model.head`: from the circuit's values to the outputs; hidden tanh layers of `widths`, none is linear."""

    _target_: str = "qml.models.spec.Head"
    widths: list[int] = field(default_factory=list)


@dataclass
class HybridConfig:
    """Group `model`, choice "hybrid": features, a circuit and a head.

    Args:
        features: group `model/features`.
        circuit: group `model/circuit`.
        head: linear unless it has widths.
        ablation: "" or a name of `qml.models.KINDS`: train this in place of the hybrid.
        twin_of: the circuit that `model/circuit=twin` is the twin of, at the same n_qubits and depth.
    """

    _target_: str = "qml.models.spec.choose_hybrid"
    features: Any = MISSING
    circuit: CircuitConfig = field(default_factory=CircuitConfig)
    head: HeadConfig = field(default_factory=HeadConfig)
    ablation: str = ""
    twin_of: str = "sel"
