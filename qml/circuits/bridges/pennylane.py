"""The bridge to PennyLane: functions, QNodes and tapes become Programs, and Programs become functions."""

from qml.circuits.bridges.pennylane_from import from_pennylane
from qml.circuits.bridges.pennylane_to import to_pennylane, to_qnode

__all__ = ["from_pennylane", "to_pennylane", "to_qnode"]
