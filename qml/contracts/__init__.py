"""The promises of each noun, as checks that users run on their own parts."""

from qml.contracts.backend import check_backend
from qml.contracts.executor import check_executor
from qml.contracts.layer import check_layer, check_layers
from qml.contracts.report import ContractError, Finding, Report
from qml.contracts.source import check_source

__all__ = [
    "ContractError",
    "Finding",
    "Report",
    "check_backend",
    "check_executor",
    "check_layer",
    "check_layers",
    "check_source",
]
