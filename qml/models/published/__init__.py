"""The models of a published benchmark of quantum classifiers, as values that are arms like any other.

References:
    Bowles, Ahmed and Schuld, "Better than classical? The subtle art of benchmarking quantum machine learning
    models", arXiv:2403.07059 (2024).
"""

from qml.models.published.images import Quanvolution, StudyCnn, WeiNet
from qml.models.published.mlp import StudyMlp
from qml.models.published.spec import Published
from qml.models.published.tabular import (
    Boltzmann,
    CircuitCentric,
    DataReuploading,
    Dressed,
    IqpVariational,
    MetricLearner,
    SeparableVariational,
    TreeTensor,
)

PUBLISHED: tuple[type[Published], ...] = (
    DataReuploading,
    Dressed,
    CircuitCentric,
    IqpVariational,
    MetricLearner,
    TreeTensor,
    Boltzmann,
    WeiNet,
    Quanvolution,
    SeparableVariational,
    StudyCnn,
)
"""Every model of the study that learns by steps; those with circuits also as `separable=True`."""

__all__ = [
    "PUBLISHED",
    "Boltzmann",
    "CircuitCentric",
    "DataReuploading",
    "Dressed",
    "IqpVariational",
    "MetricLearner",
    "Published",
    "Quanvolution",
    "SeparableVariational",
    "StudyCnn",
    "StudyMlp",
    "TreeTensor",
    "WeiNet",
]
