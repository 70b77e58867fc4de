"""What a configuration may say of the classical champions."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class MajorityConfig:
    """Group `model`: the share of each class."""

    _target_: str = "qml.models.champions.Majority"


@dataclass
class LogisticConfig:
    """Group `model`: logistic (for numbers: ridge) regression."""

    _target_: str = "qml.models.champions.Logistic"
    C: float = 1.0


@dataclass
class SvmConfig:
    """Group `model`: support vectors with a Gaussian kernel; landmarks stand for more than `exact_rows` rows."""

    _target_: str = "qml.models.champions.Svm"
    C: float = 10.0
    gamma: float | str = "scale"
    scaling: str = "standard"
    exact_rows: int = 5000
    landmarks: int = 1000


@dataclass
class BoostingConfig:
    """Group `model`: gradient boosting of trees."""

    _target_: str = "qml.models.champions.Boosting"
    learning_rate: float = 0.1
    max_leaf_nodes: int = 31
    max_iter: int = 100


@dataclass
class NeighboursConfig:
    """Group `model`: nearest neighbours."""

    _target_: str = "qml.models.champions.Neighbours"
    n_neighbors: int = 5
    variance: float | None = None


@dataclass
class MlpChampionConfig:
    """Group `model`: a multilayer perceptron."""

    _target_: str = "qml.models.champions.MlpChampion"
    widths: list[int] = field(default_factory=lambda: [64])
    dropout: float = 0.0


@dataclass
class CnnChampionConfig:
    """Group `model`: a convolutional network."""

    _target_: str = "qml.models.champions.CnnChampion"
    channels: list[int] = field(default_factory=lambda: [16, 32])
    width: int = 64
    dropout: float = 0.0
