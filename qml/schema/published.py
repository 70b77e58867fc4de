"""What a configuration may say of the models of a published study."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class DataReuploadingConfig:
    """Group `model`, of the published study: data re-uploading; `read` is "single", "half" or "full"."""

    _target_: str = "qml.models.published.DataReuploading"
    depth: int = 4
    read: str = "single"
    separable: bool = False


@dataclass
class DressedConfig:
    """Group `model`, of the published study: the dressed circuit."""

    _target_: str = "qml.models.published.Dressed"
    depth: int = 3
    separable: bool = False


@dataclass
class CircuitCentricConfig:
    """Group `model`, of the published study: copies of the row as amplitudes, strongly entangling layers."""

    _target_: str = "qml.models.published.CircuitCentric"
    copies: int = 2
    depth: int = 4
    separable: bool = False


@dataclass
class IqpVariationalConfig:
    """Group `model`, of the published study: IQP encoding; `pairs_in: first` is the circuit of the published rows."""

    _target_: str = "qml.models.published.IqpVariational"
    repeats: int = 1
    depth: int = 10
    pairs_in: str = "every"
    separable: bool = False


@dataclass
class MetricLearnerConfig:
    """Group `model`, of the published study: the metric learner, with `examples` rows of each class remembered."""

    _target_: str = "qml.models.published.MetricLearner"
    depth: int = 3
    examples: int = 32
    separable: bool = False


@dataclass
class TreeTensorConfig:
    """Group `model`, of the published study: the tree tensor network."""

    _target_: str = "qml.models.published.TreeTensor"
    separable: bool = False


@dataclass
class BoltzmannConfig:
    """Group `model`, of the published study: the Boltzmann machine; `pairs` is "shared" (as it was run) or "own"."""

    _target_: str = "qml.models.published.Boltzmann"
    read: str = "single"
    temperature: float = 1.0
    pairs: str = "shared"
    separable: bool = False


@dataclass
class WeiNetConfig:
    """Group `model`, of the published study: WeiNet; `moves` is "last" (as it was run) or "nine"."""

    _target_: str = "qml.models.published.WeiNet"
    moves: str = "last"
    filter_name: str = "edge_detect"
    separable: bool = False


@dataclass
class QuanvolutionConfig:
    """Group `model`, of the published study: fixed random circuits on windows, and a CNN."""

    _target_: str = "qml.models.published.Quanvolution"
    window: int = 2
    channels: int = 1
    kernel: int = 3
    separable: bool = False


@dataclass
class SeparableVariationalConfig:
    """Group `model`, of the published study: its own model without entanglement."""

    _target_: str = "qml.models.published.SeparableVariational"
    depth: int = 1


@dataclass
class StudyCnnConfig:
    """Group `model`, of the published study: its classical CNN."""

    _target_: str = "qml.models.published.StudyCnn"
    kernel: int = 3


@dataclass
class StudyMlpConfig:
    """Group `model`, of the published study: its classical multilayer perceptron, scikit-learn's."""

    _target_: str = "qml.models.published.StudyMlp"
    widths: list[int] = field(default_factory=lambda: [100])
    alpha: float = 0.001
    batch_size: int = 32
    learning_rate: float = 0.001
