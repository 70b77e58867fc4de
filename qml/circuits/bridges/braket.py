"""The bridge to Amazon Braket, as OpenQASM 3 text: its SDK, which lives in an environment of its own, is not needed."""

from qml.circuits.bridges.braket_from import from_braket_qasm
from qml.circuits.bridges.braket_to import to_braket_qasm

__all__ = ["from_braket_qasm", "to_braket_qasm"]
