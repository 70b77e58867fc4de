"""What learns: hybrids of features, circuit and head, their ablations, and the classical champions."""

from qml.models.block import Block, twin_block, twin_of
from qml.models.features import FEATURES, Cnn, FeaturesSpec, Identity, Mlp, Own
from qml.models.model import CLASSICAL, FOURIER, KINDS, TITLES, Kind, LookingSpec, Model, Part, Spec
from qml.models.product import live_weights, product
from qml.models.registry import MODELS
from qml.models.signature import Signature
from qml.models.spec import CircuitSpec, Head, HybridSpec

__all__ = [
    "CLASSICAL",
    "FOURIER",
    "FEATURES",
    "KINDS",
    "MODELS",
    "TITLES",
    "Block",
    "CircuitSpec",
    "Cnn",
    "FeaturesSpec",
    "Head",
    "HybridSpec",
    "Identity",
    "Kind",
    "LookingSpec",
    "Mlp",
    "Model",
    "Own",
    "Part",
    "Signature",
    "Spec",
    "live_weights",
    "product",
    "twin_block",
    "twin_of",
]
