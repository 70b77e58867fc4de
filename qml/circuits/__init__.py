"""What to run: circuits as frozen values, how to build them, and what they are made of."""

from qml.circuits.angle import Angle, Slot, Term, input_slot, weight_slot
from qml.circuits.ansatze import ANSATZE, basic, hardware_efficient, sel, tree
from qml.circuits.builder import Circuit
from qml.circuits.draw import as_html, as_svg, as_text
from qml.circuits.encodings import ENCODINGS, amplitude, angle, iqp, reupload
from qml.circuits.entangling import ENTANGLING
from qml.circuits.frequencies import frequencies
from qml.circuits.gate import Clifford, Gate, GateType, Rotation
from qml.circuits.gates import GATES
from qml.circuits.initialise import INITIALISERS, initialise
from qml.circuits.light_cone import light_cone
from qml.circuits.mirrored import mirrored
from qml.circuits.program import Program, WeightBlock
from qml.circuits.readout import Expectations, PauliSum, Probabilities, Readout, pauli_word, z_each
from qml.circuits.readouts import READOUTS, pauli_sum
from qml.circuits.resources import Resources, resources
from qml.circuits.steps import steps
from qml.circuits.whole import CIRCUITS

__all__ = [
    "ANSATZE",
    "CIRCUITS",
    "ENCODINGS",
    "ENTANGLING",
    "GATES",
    "INITIALISERS",
    "READOUTS",
    "Angle",
    "Circuit",
    "Clifford",
    "Expectations",
    "Gate",
    "GateType",
    "PauliSum",
    "Probabilities",
    "Program",
    "Readout",
    "Resources",
    "Rotation",
    "Slot",
    "Term",
    "WeightBlock",
    "amplitude",
    "angle",
    "as_html",
    "as_svg",
    "as_text",
    "basic",
    "frequencies",
    "hardware_efficient",
    "initialise",
    "input_slot",
    "iqp",
    "light_cone",
    "mirrored",
    "pauli_sum",
    "pauli_word",
    "resources",
    "reupload",
    "sel",
    "steps",
    "tree",
    "weight_slot",
    "z_each",
]
