"""Programs as Qiskit circuits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from qml.base.errors import ProgramError
from qml.base.extras import require
from qml.circuits.angle import Angle
from qml.circuits.bridges.qiskit_gates import ALIKE, COMPOSED
from qml.circuits.bridges.qiskit_observables import label_of, observables_to_qiskit
from qml.circuits.gate import Gate
from qml.circuits.program import Program

require("qiskit", extra="qiskit", purpose="The bridge to Qiskit")
from qiskit import QuantumCircuit
from qiskit.circuit import ParameterVector
from qiskit.circuit.library import PauliEvolutionGate, StatePreparation, UnitaryGate
from qiskit.quantum_info import SparsePauliOp


@dataclass(frozen=True)
class QiskitCircuit:
    """A Program in Qiskit's terms; unpacks as `circuit, inputs, weights, observables`.

    Args:
        circuit: the gates, qubit n being wire n; nothing is measured.
        inputs: one parameter an input slot, in order.
        weights: one parameter a weight slot, in order.
        observables: one operator a value of the readout.
    """

    circuit: QuantumCircuit
    inputs: ParameterVector
    weights: ParameterVector
    observables: tuple[SparsePauliOp, ...]

    def __iter__(self):
        return iter((self.circuit, self.inputs, self.weights, self.observables))


def to_qiskit(program: Program) -> QiskitCircuit:
    """The Qiskit circuit, parameters and observables that a Program is; `from_qiskit` leads back.

    The unitary is the same, its global phase included. The way back gives the same Program with one block of
    weights, except that these rows become gates that Qiskit has: Rot and CRot three rotations, CPhaseShift00, 01
    and 10 a ControlledPhaseShift between PauliX, ISWAPdg, SISWAP and SISWAPdg an IsingXY, PSWAP, FermionicSWAP and
    SingleExcitationPlus and -Minus products of rotations, MultiRZ on three wires and more a PauliRot; rotations about
    the identity are collected in one at the end; probabilities come back as expectations of projectors.

    Args:
        program: any Program whose preparations do not depend on slots.

    Raises:
        ProgramError: amplitudes that depend on inputs or weights, which no gate of Qiskit prepares; probabilities
            of more than 8 wires.

    Example:
        >>> from qml.circuits import angle, sel
        >>> circuit, inputs, weights, observables = to_qiskit(angle(2) + sel(2))
        >>> circuit.num_qubits, len(inputs), len(weights), observables[0].paulis.to_labels()
        (2, 2, 6, ['IZ'])
    """
    inputs, weights = ParameterVector("x", program.n_inputs), ParameterVector("w", program.n_weights)
    circuit = circuit_of(program, list(inputs), list(weights))
    return QiskitCircuit(circuit, inputs, weights, observables_to_qiskit(program.readout, program.n_qubits))


def circuit_of(program: Program, inputs: Sequence[Any], weights: Sequence[Any]) -> QuantumCircuit:
    """The gates of `program` with `inputs[n]` and `weights[n]`, parameters or numbers, in place of its slots."""
    circuit = QuantumCircuit(program.n_qubits, name=program.name or None)
    for gate in program.gates:
        values = [expression(angle, inputs, weights) for angle in gate.angles]
        placed, phase = _placed(gate, values)
        for operation, wires in placed:
            circuit.append(operation, list(wires))
        circuit.global_phase = circuit.global_phase + phase
    return circuit


def expression(angle: Angle, inputs: Sequence[Any], weights: Sequence[Any]) -> Any:
    """`angle` as a number, a Parameter or a ParameterExpression."""
    arrays = {"input": inputs, "weight": weights}
    total: Any = None
    for coefficient, slots in angle.terms:
        product = arrays[slots[0].kind][slots[0].index]
        for slot in slots[1:]:
            product = product * arrays[slot.kind][slot.index]
        term = product if coefficient == 1.0 else coefficient * product
        total = term if total is None else total + term
    if total is None:
        return angle.constant
    return total if angle.constant == 0.0 else total + angle.constant


def _placed(gate: Gate, values: list[Any]) -> tuple[list[tuple[Any, tuple[int, ...]]], Any]:
    """Qiskit gates with their qubits, and the global phase beside them."""
    wires = gate.wires
    if gate.name in ALIKE:
        return [(ALIKE[gate.name](*values), wires)], 0.0
    if gate.name in COMPOSED:
        return COMPOSED[gate.name](wires, values)
    match gate.name:
        case "PauliRot" | "MultiRZ":
            return _rotation(gate, values[0])
        case "Unitary":
            return [(UnitaryGate(np.array(gate.matrix)), wires[::-1])], 0.0
        case "State":
            return [(StatePreparation(list(gate.matrix[0])), wires[::-1])], 0.0
        case "Amplitudes":
            return [(StatePreparation(_constant_amplitudes(gate)), wires[::-1])], 0.0
    raise ProgramError(
        f"{gate.name} on wires {wires} is no gate that the bridge to Qiskit knows. Write it as a Unitary."
    )


def _rotation(gate: Gate, angle: Any) -> tuple[list[tuple[Any, tuple[int, ...]]], Any]:
    """exp(-i angle/2 word): a global phase about the identity, a rotation of its own name about one or two Z."""
    if gate.name == "MultiRZ" and len(gate.wires) < 3:
        return [(ALIKE[("RZ", "IsingZZ")[len(gate.wires) - 1]](angle), gate.wires)], 0.0
    word = gate.word or "Z" * len(gate.wires)
    if set(word) == {"I"}:
        return [], -angle / 2
    return [(PauliEvolutionGate(SparsePauliOp([label_of(word)]), time=angle / 2), gate.wires)], 0.0


def _constant_amplitudes(gate: Gate) -> list[complex]:
    if any(angle.terms for angle in gate.angles):
        raise ProgramError(
            f"Amplitudes on wires {gate.wires} depend on inputs or weights; Qiskit has no gate that prepares a state "
            f"not known yet. Bind them first: program.bind({{...}})."
        )
    values = np.array([angle.constant for angle in gate.angles])
    return (values / np.linalg.norm(values)).astype(complex).tolist()
