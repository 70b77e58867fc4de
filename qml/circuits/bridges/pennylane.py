"""The bridge to PennyLane: functions, QNodes and tapes become Programs, and Programs become functions."""

from qml.circuits.bridges.pennylane_to import to_pennylane, to_qnode

__all__ = ["to_pennylane", "to_qnode"]
