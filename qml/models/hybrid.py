"""The hybrid network in torch: features, angles, a circuit as the only path, and a head."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from qml.base.errors import CapabilityError, ShapeError
from qml.base.extras import require
from qml.base.seeds import derive
from qml.circuits.program import Program
from qml.models.ablations import PlainReadout, replaced
from qml.models.model import Kind, Part
from qml.models.networks import in_units, n_features, seeded
from qml.models.signature import placed
from qml.models.spec import ANGLE_START, HybridSpec

require("torch", extra="torch", purpose="a hybrid model in torch")
import torch
from torch import nn


class Angles(nn.Module):
    """`pi * tanh(linear(features))`: `(B, F)` to `D` bounded angles in radians, `(B, D)`.

    The linear map starts `ANGLE_START` times smaller than torch's: a circuit is a product of many sines of its
    angles, and training begins best where these are still slow.
    """

    def __init__(self, n_features: int, n_angles: int):
        super().__init__()
        self.linear = nn.Linear(n_features, n_angles)
        with torch.no_grad():
            for parameter in self.linear.parameters():
                parameter.mul_(ANGLE_START)

    def forward(self, features_BF: torch.Tensor) -> torch.Tensor:
        """Angles in (-pi, pi)."""
        return math.pi * torch.tanh(self.linear(features_BF))


class Hybrid(nn.Module):
    """Features, then angles, then a circuit, then a head; nothing goes round the circuit.

        outputs = head(circuit(angles(features(inputs))))

    Put it together by hand with modules of your own, or from a `HybridSpec` by `spec.build(seed)`.

    Args:
        features: maps `(B, ...)` to `(B, F)`; any `nn.Module`.
        circuit: a `CircuitLayer`, or whatever maps `(B, D)` to `(B, K)`.
        head: maps `(B, K)` to `(B, C)`.
        angles: maps `(B, F)` to `(B, D)`; None where the features end in angles already.

    Example:
        >>> from qml.circuits import angle, sel
        >>> from qml.layers.torch import CircuitLayer
        >>> circuit = CircuitLayer(angle(4) + sel(4, depth=1), seed=1)
        >>> model = Hybrid(nn.Flatten(), circuit, nn.Linear(4, 3), angles=Angles(20, 4))
        >>> model.parameter_counts()
        {'quantum': 12, 'classical': 99}
        >>> model.ablate("twin").parameter_counts()
        {'quantum': 0, 'classical': 111}
    """

    def __init__(self, features: nn.Module, circuit: nn.Module, head: nn.Module, angles: nn.Module | None = None):
        super().__init__()
        self.features = features
        self.angles = angles if angles is not None else nn.Identity()
        self.circuit = circuit
        self.head = head

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """`(B, ...)` to `(B, C)`."""
        return self.head(self.values(inputs))

    def values(self, inputs: torch.Tensor) -> torch.Tensor:
        """What the circuit hands to the head: `(B, ...)` to `(B, K)`."""
        return self.circuit(self.angles(self.features(inputs)))

    def part_parameters(self, part: Part = "all") -> Iterator[nn.Parameter]:
        """Trained parameters of the "quantum" or the "classical" part, or of "all"; none of a frozen circuit."""
        quantum = {id(parameter) for parameter in quantum_parameters(self)}
        for parameter in self.parameters():
            if parameter.requires_grad and part in ("all", "quantum" if id(parameter) in quantum else "classical"):
                yield parameter

    def parameter_counts(self) -> dict[str, int]:
        """Trained numbers by part."""
        return {part: sum(p.numel() for p in self.part_parameters(part)) for part in ("quantum", "classical")}

    def ablate(self, kind: Kind, seed: int = 0, executor: Any = None) -> Hybrid:
        """A copy with the circuit or its readout replaced: a name of `KINDS`; other parts keep their weights.

        `executor` runs the circuit of "product"; leave it out unless the circuit has an executor of your own.

        Raises:
            CapabilityError: this circuit has no such ablation.
        """
        if kind == "unweighted":
            head: nn.Module = PlainReadout(*_widths(self))
            return Hybrid(copy.deepcopy(self.features), copy.deepcopy(self.circuit), head, copy.deepcopy(self.angles))
        circuit = replaced(self.circuit, kind, seed, executor)
        return Hybrid(copy.deepcopy(self.features), circuit, copy.deepcopy(self.head), copy.deepcopy(self.angles))


def _widths(model: Hybrid) -> tuple[int, int]:
    """Values and outputs of a hybrid whose circuit holds a Program."""
    program = getattr(model.circuit, "program", None)
    if not isinstance(program, Program):
        raise CapabilityError(
            f"The ablation 'unweighted' was asked of {type(model.circuit).__name__}, which holds no Program. Use a "
            f"CircuitLayer as the circuit of the hybrid."
        )
    with torch.no_grad():
        return program.n_values, model.head(torch.zeros(2, program.n_values)).shape[1]


def halves(model: Hybrid) -> tuple[Callable[[np.ndarray], np.ndarray], Callable[[np.ndarray], np.ndarray]]:
    """A trained hybrid cut behind its circuit: rows to values `(B, K)`, and values to outputs `(B, C)`."""

    def run(part: Callable[[torch.Tensor], torch.Tensor], arrays: np.ndarray) -> np.ndarray:
        model.eval()
        with torch.no_grad():
            return part(torch.from_numpy(arrays)).numpy()

    return partial(run, model.values), partial(run, model.head)


def quantum_parameters(module: nn.Module, part: str = "classical") -> Iterator[nn.Parameter]:
    """Parameters that belong to a part "quantum": the innermost module with an attribute `part` decides."""
    part = getattr(module, "part", part)
    if part == "quantum":
        yield from module.parameters(recurse=False)
    for child in module.children():
        yield from quantum_parameters(child, part)


def head_network(n_values: int, widths: tuple[int, ...], n_outputs: int) -> nn.Module:
    """A linear map `K -> C`, with tanh layers of `widths` between if asked for."""
    layers: list[nn.Module] = []
    for n_in, n_out in pairwise((n_values, *widths)):
        layers += [nn.Linear(n_in, n_out), nn.Tanh()]
    last = nn.Linear((n_values, *widths)[-1], n_outputs)
    return nn.Sequential(*layers, last) if layers else last


def build_hybrid(spec: HybridSpec, seed: int) -> Hybrid:
    """The network of `spec`; each part draws its weights from a seed of its own, so that ablations share the others.

    Raises:
        ShapeError: the features do not fit the rows.
    """
    from qml.layers.torch import CircuitLayer

    signature = placed(spec, spec.signature)
    program = spec.circuit.resolve()
    features, width = built_features(spec, seed)
    with seeded(seed, "angles"):
        angles = Angles(width, program.n_inputs)
    with seeded(seed, "head"):
        head = head_network(program.n_values, spec.head.widths, signature.n_outputs)
    circuit = CircuitLayer(program, executor=spec.executor, init=spec.circuit.init, seed=derive(seed, "circuit"))
    if spec.ablation == "unweighted":
        head = PlainReadout(program.n_values, signature.n_outputs)
    elif spec.ablation:
        options = {"bandwidth": spec.bandwidth} if spec.ablation == "random_features" else {}
        circuit = replaced(circuit, spec.ablation, derive(seed, "block"), spec.executor, **options)
    return Hybrid(features, circuit, in_units(head, signature), angles)


def built_features(spec: HybridSpec, seed: int) -> tuple[nn.Module, int]:
    """The features of `spec` drawn from `seed`, tried on rows of zeros, and how many numbers a row they return.

    Raises:
        ShapeError: they do not take rows of the data, or do not return `(B, F)`.
    """
    input_shape = placed(spec, spec.signature).input_shape
    with seeded(seed, "features"):
        features = _features(spec, input_shape)
        return features, n_features(features, input_shape)


def _features(spec: HybridSpec, input_shape: tuple[int, ...]) -> nn.Module:
    features: Any = spec.features.build(input_shape)
    if not isinstance(features, nn.Module):
        raise ShapeError(
            f"{type(spec.features).__name__}.build must return an nn.Module; got {type(features).__name__}. "
            f"Return the module itself, not its class."
        )
    return features
