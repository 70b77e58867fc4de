"""What a report says about a model beside its scores: short words, sizes, and the drawing of its circuit."""

from __future__ import annotations

from typing import Any

from qml.models.features import Cnn, FeaturesSpec, Identity, Mlp, Own
from qml.models.fourier import spectrum
from qml.models.model import FOURIER
from qml.models.product import live_weights
from qml.models.spec import HybridSpec

SHORT = {
    "": "Hybrid",
    "frozen": "Frozen circuit",
    "random_features": "Random Fourier",
    "unweighted": "Plain readout",
}
"""What ablations with a long title are called where there is little room."""


def facts(spec: HybridSpec) -> dict[str, Any]:
    """Plain facts of a hybrid or of one of its ablations.

    Example:
        >>> facts(HybridSpec(ablation="twin"))["slot"]
        'tanh 6-6, 36 parameters'
    """
    program = spec.program
    found: dict[str, Any] = {
        "role": spec.ablation or "hybrid",
        "short": SHORT.get(spec.ablation, spec.title),
        "features": features_words(spec.features),
        "slot_size": f"{program.n_inputs} angles, {program.n_values} values",
        "head": head_words(spec),
        "slot": slot_words(spec),
        "apart": apart_words(spec),
        "n_inputs": program.n_inputs,
        "n_values": program.n_values,
    }
    if spec.ablation == "twin":
        return found | {
            "n_weights": program.n_weights,
            "twin": str(spec.block),
            "twin_difference": f"{spec.block.difference:+.1%}",
        }
    if spec.ablation in FOURIER:
        return found | {"n_frequencies": len(spectrum(program))}
    if spec.ablation == "removed":
        return found
    return found | {
        "circuit": spec.circuit.name,
        "n_qubits": program.n_qubits,
        "n_weights": program.n_weights,
        "live_weights": live_weights(program),
        "executor": spec.executor_name,
        "program": program.digest,
        "drawing": str(program),
    }


def apart_words(spec: HybridSpec) -> str:
    """What tells a model from others of its kind in one comparison, in a few words.

    Example:
        >>> apart_words(HybridSpec()), apart_words(HybridSpec(ablation="removed"))
        ('sel, 6 qubits, depth 2', '6 angles, 6 values')
    """
    program = spec.program
    if spec.ablation == "removed":
        return f"{program.n_inputs} angles, {program.n_values} values"
    if spec.ablation in ("twin", *FOURIER):
        return slot_words(spec)
    return circuit_words(spec)


def circuit_words(spec: HybridSpec) -> str:
    """Name and size of the circuit; a Program of your own has no depth.

    Example:
        >>> circuit_words(HybridSpec())
        'sel, 6 qubits, depth 2'
    """
    words = f"{spec.circuit.name}, {spec.program.n_qubits} qubits"
    return words if spec.circuit.program is not None else f"{words}, depth {spec.circuit.depth}"


def head_words(spec: HybridSpec) -> str:
    """What stands behind the circuit, in a few words."""
    if spec.ablation == "unweighted":
        return "means of the values, no weights"
    return "linear" if not spec.head.widths else "tanh " + "-".join(map(str, spec.head.widths))


def slot_words(spec: HybridSpec) -> str:
    """What stands in the circuit's place, in a few words."""
    program = spec.program
    if spec.ablation == "twin":
        layers = spec.block.layers
        sizes = "-".join(str(n) for n in (layers[0].n_in, *(layer.n_out for layer in layers))) if layers else ""
        return f"{spec.block.output} {sizes}, {spec.block.n_parameters} parameters"
    if spec.ablation in FOURIER:
        return f"{len(spectrum(program))} frequencies, {'random' if spec.ablation == FOURIER[1] else 'its own'}"
    if spec.ablation == "removed":
        return "the angles themselves" if program.n_inputs == program.n_values else "a trained linear map"
    if spec.ablation == "frozen":
        return f"{spec.circuit.name}, random weights"
    if spec.ablation == "product":
        return f"{spec.circuit.name}, {live_weights(program)} weights"
    return f"{spec.circuit.name}, {program.n_weights} weights"


def features_words(features: FeaturesSpec) -> str:
    """The features and the linear map to the angles, in a few words."""
    if isinstance(features, Identity):
        return "linear"
    if isinstance(features, Mlp):
        return "MLP " + "-".join(map(str, features.widths))
    if isinstance(features, Cnn):
        return "CNN " + "-".join(map(str, features.channels))
    return features.make.rpartition(":")[2] if isinstance(features, Own) else type(features).__name__
