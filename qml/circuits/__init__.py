"""What to run: circuits as frozen values, how to build them, and what they are made of."""

from qml.circuits.angle import Angle, Slot, Term, input_slot, weight_slot
from qml.circuits.gate import Clifford, Gate, GateType, Rotation
from qml.circuits.gates import GATES
from qml.circuits.program import Program, WeightBlock
from qml.circuits.readout import Expectations, PauliSum, Probabilities, Readout, pauli_word, z_each
from qml.circuits.steps import steps

__all__ = [
    "GATES",
    "Angle",
    "Clifford",
    "Expectations",
    "Gate",
    "GateType",
    "PauliSum",
    "Probabilities",
    "Program",
    "Readout",
    "Rotation",
    "Slot",
    "Term",
    "WeightBlock",
    "input_slot",
    "pauli_word",
    "steps",
    "weight_slot",
    "z_each",
]
