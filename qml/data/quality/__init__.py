"""What is wrong with a data set: checks by name, each a function of its rows and parts that gives findings."""

from qml.data.quality import (
    balance,
    columns,
    contradictions,
    copies,
    disguise,
    drift,
    groups,
    label_noise,
    near,
    order,
)
from qml.data.quality.checks import CHECKS, Check, Inspection, inspect_data
from qml.data.quality.examined import Examined, examined_source, published_split
from qml.data.quality.finding import Finding
from qml.data.quality.limits import Limits

__all__ = [
    "CHECKS",
    "Check",
    "Examined",
    "Finding",
    "Inspection",
    "Limits",
    "balance",
    "columns",
    "contradictions",
    "copies",
    "disguise",
    "drift",
    "examined_source",
    "groups",
    "inspect_data",
    "label_noise",
    "near",
    "order",
    "published_split",
]
