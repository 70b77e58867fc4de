"""A Program whose every rotation reads a slot of its own: what is compiled once and bound many times."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from qml.base.errors import CapabilityError
from qml.circuits.angle import input_slot
from qml.circuits.gate import Clifford, Gate, Rotation
from qml.circuits.gates import PREPARATIONS
from qml.circuits.program import Program
from qml.circuits.slots import amplitude_tables
from qml.circuits.steps import gate_steps

ROTATIONS = {"X": "RX", "Y": "RY", "Z": "RZ", "ZZ": "IsingZZ"}
CLIFFORDS = {"H": "Hadamard", "X": "PauliX", "Y": "PauliY", "Z": "PauliZ", "CX": "CNOT"}  # others have one name


@lru_cache(maxsize=256)
def slotted(program: Program) -> Program:
    """The same circuit with its `S` rotation angles as inputs, and no weights.

    Input `s` of the result is column `s` of `slots(program, inputs, weights)`; a constant angle stays a constant, and
    its column is not read. A gate that is one rotation by its own angle stays that gate, and so does one without
    slots; others become their steps. The readout stays. Equal up to a global phase.

    Raises:
        CapabilityError: amplitudes that depend on inputs or weights; a machine is handed rotation angles only.

    Example:
        >>> from qml.circuits import angle, sel
        >>> program = angle(2) + sel(2)
        >>> ready = slotted(program)
        >>> ready.n_inputs, ready.n_weights, [gate.name for gate in ready.gates[:4]]
        (8, 0, ['RY', 'RY', 'RZ', 'RY'])
    """
    if any(table.varies.any() for table in amplitude_tables(program)):
        raise CapabilityError(
            "A machine was asked for a Program whose prepared amplitudes depend on inputs or weights; it is handed "
            "rotation angles only. Encode with rotations, such as `angle`, or use an exact simulator."
        )
    gates: list[Gate] = []
    position = 0
    for gate in program.gates:
        parts = () if gate.name in PREPARATIONS else gate_steps(gate)
        turns = [part for part in parts if isinstance(part, Rotation)]
        if not any(angle.terms for angle in gate.angles):
            gates.append(gate)
        elif len(parts) == 1 and turns and gate.angles == (turns[0].angle,):
            gates.append(replace(gate, angles=(input_slot(position),)))
        else:
            gates.extend(_as_gates(parts, position))
        position += len(turns)
    return Program(program.n_qubits, tuple(gates), program.readout, position, name=program.name)


def _as_gates(parts: tuple[Rotation | Clifford, ...], position: int) -> list[Gate]:
    """Steps as gates; rotations read the slots from `position` on, unless they are constant."""
    gates = []
    for part in parts:
        if isinstance(part, Clifford):
            gates.append(Gate(CLIFFORDS.get(part.name, part.name), part.wires))
            continue
        wires, letters = zip(*part.word, strict=True)
        word = "".join(letters)
        angle = input_slot(position) if part.angle.terms else part.angle
        position += 1
        named = ROTATIONS.get(word)
        gates.append(Gate(named, wires, (angle,)) if named else Gate("PauliRot", wires, (angle,), word=word))
    return gates
