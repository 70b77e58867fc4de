"""The bridge to Qiskit: circuits become Programs and Programs circuits, OpenQASM 2 and 3 included."""

from qml.circuits.bridges.qiskit_from import from_qiskit
from qml.circuits.bridges.qiskit_openqasm import from_openqasm, to_openqasm
from qml.circuits.bridges.qiskit_to import QiskitCircuit, to_qiskit

__all__ = ["QiskitCircuit", "from_openqasm", "from_qiskit", "to_openqasm", "to_qiskit"]
