"""Features of a frozen backbone, computed once and kept as Parquet; their nearest neighbours."""

from qml.data.bank.bank import FeatureBank
from qml.data.bank.banked import BankedSource
from qml.data.bank.nearest import Nearest, Neighbours

__all__ = ["BankedSource", "FeatureBank", "Nearest", "Neighbours"]
