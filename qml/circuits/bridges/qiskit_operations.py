"""Qiskit's instructions as gates of a Program: rows of the table as they are, anything else by its definition."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from qml.base.errors import ProgramError
from qml.base.extras import require
from qml.circuits.angle import Angle
from qml.circuits.bridges.qiskit_expressions import Slots, angle_of
from qml.circuits.bridges.qiskit_gates import ROW_OF, middle_turn
from qml.circuits.gate import Gate

require("qiskit", extra="qiskit", purpose="The bridge to Qiskit")
from qiskit import QuantumCircuit
from qiskit.circuit import (
    Barrier,
    ControlFlowOp,
    ControlledGate,
    Delay,
    Instruction,
    Measure,
    ParameterExpression,
    Reset,
)
from qiskit.circuit import Gate as QiskitGate
from qiskit.circuit.exceptions import CircuitError
from qiskit.circuit.library import (
    CSdgGate,
    CSGate,
    GlobalPhaseGate,
    Initialize,
    PauliEvolutionGate,
    RZXGate,
    StatePreparation,
    UnitaryGate,
    XXPlusYYGate,
)
from qiskit.exceptions import QiskitError
from qiskit.quantum_info import SparseObservable
from qiskit.transpiler.passes import HighLevelSynthesis

WIDEST_MATRIX = 5
_NO_PHASE = 1e-13

Wires = tuple[int, ...]


@dataclass
class Reading:
    """What has been read of a circuit so far.

    Args:
        slots: the slot of each parameter.
        gates: in order.
        phase: the global phase, in radians.
        touched: wires that a gate acts on.
        measured: wires that are measured, which nothing may follow.
    """

    slots: Slots
    gates: list[Gate] = field(default_factory=list)
    phase: Angle = field(default_factory=Angle)
    touched: set[int] = field(default_factory=set)
    measured: set[int] = field(default_factory=set)

    def read(self, circuit: QuantumCircuit, wires: Sequence[int]) -> None:
        """Take in `circuit`, whose qubit n is wire `wires[n]`."""
        place = {qubit: wire for qubit, wire in zip(circuit.qubits, wires, strict=True)}
        self.phase = self.phase + angle_of(circuit.global_phase, self.slots, "The global phase")
        for instruction in circuit.data:
            self.take(instruction.operation, tuple(place[qubit] for qubit in instruction.qubits))

    def take(self, operation: Any, wires: Wires) -> None:
        """Take in one operation on `wires`.

        Raises:
            ProgramError: it measures before the end, resets, branches, or is not known.
        """
        if isinstance(operation, (Barrier, Delay)):
            return
        again = sorted(self.measured & set(wires))
        if again and not isinstance(operation, Measure):
            raise ProgramError(
                f"{_named(operation, wires)} follows a measurement of qubit {again[0]}; a Program reads at the end "
                f"only. Move the measurement behind the last gate, or leave it out."
            )
        if isinstance(operation, Measure):
            self.measured |= set(wires)
        elif isinstance(operation, GlobalPhaseGate):
            self.phase = self.phase + self.angles(operation, wires)[0]
        else:
            self._take_gate(operation, wires)

    def phase_gate(self) -> tuple[Gate, ...]:
        """The global phase as a rotation about the identity; nothing where it is a multiple of 2 pi."""
        constant = math.remainder(self.phase.constant, 2 * math.pi)
        angle = Angle(constant if abs(constant) > _NO_PHASE else 0.0, self.phase.terms)
        return (Gate("PauliRot", (0,), (-2 * angle,), "I"),) if angle != Angle() else ()

    def _take_gate(self, operation: Any, wires: Wires) -> None:
        gate = self._row(operation, wires)
        if gate is None:
            self._open(operation, wires)
        else:
            self.gates.append(gate)
            self.touched |= set(wires)

    def _row(self, operation: Any, wires: Wires) -> Gate | None:
        """The one gate that `operation` is, or None."""
        kind = operation.base_class if isinstance(operation, Instruction) else type(operation)
        if _open_control(operation):
            return None
        if kind in ROW_OF:
            return Gate(ROW_OF[kind], wires, self.angles(operation, wires))
        special = _SPECIAL.get(kind)
        return None if special is None else special(self, operation, wires)

    def angles(self, operation: Any, wires: Wires) -> tuple[Angle, ...]:
        """What `operation` turns by."""
        values = operation.params
        if not any(isinstance(value, ParameterExpression) for value in values):
            return tuple(Angle(float(value)) for value in values)
        where = _named(operation, wires)
        return tuple(angle_of(value, self.slots, where) for value in values)

    def _open(self, operation: Any, wires: Wires) -> None:
        """Take in what `operation` is made of."""
        if isinstance(operation, ControlFlowOp):
            raise ProgramError(f"{_named(operation, wires)} branches on results; a Program has one course of gates.")
        if isinstance(operation, Reset):
            if self.touched & set(wires):
                raise ProgramError(
                    f"{_named(operation, wires)} follows other gates; a Program cannot reset a qubit. Use a fresh one."
                )
            return
        if type(operation).__name__ == "ParameterizedInitialize":
            self._take_features(operation, wires)
            return
        made_of = _definition(operation, wires)
        if isinstance(made_of, QuantumCircuit):
            self.read(made_of, wires)
        else:
            self.gates.append(Gate("Unitary", wires[::-1], matrix=_rows(made_of)))
        self.touched |= set(wires)

    def _take_features(self, operation: Any, wires: Wires) -> None:
        """The data-dependent preparation of Qiskit Machine Learning's `raw_feature_vector`, normalised at run time."""
        if self.touched & set(wires):
            raise ProgramError(f"{_named(operation, wires)} prepares qubits that other gates act on. Put it in front.")
        self.gates.append(Gate("Amplitudes", wires[::-1], self.angles(operation, wires)))
        self.touched |= set(wires)


def _unitary(reading: Reading, operation: Any, wires: Wires) -> Gate | None:
    if len(wires) > WIDEST_MATRIX:
        return None
    return Gate("Unitary", wires[::-1], matrix=_rows(operation.to_matrix()))


def _state(reading: Reading, operation: Any, wires: Wires) -> Gate | None:
    """A State where amplitudes are given and nothing acted on the wires; Qiskit's own circuit for it otherwise."""
    values = operation.params
    plain = len(values) == 2 ** len(wires) and not any(isinstance(value, str) for value in values)
    if not plain or reading.touched & set(wires) or operation.name.endswith("_dg"):
        return None
    return Gate("State", wires[::-1], matrix=(tuple(map(complex, values)),))


def _evolution(reading: Reading, operation: Any, wires: Wires) -> Gate | None:
    """exp(-i time P) of a single word; several words go by the gate's own synthesis."""
    if isinstance(operation.operator, list):
        return None
    terms = SparseObservable(operation.operator).as_paulis().to_sparse_list()
    if len(terms) != 1 or complex(terms[0][2]).imag:
        return None
    letters, positions, coefficient = terms[0]
    word = dict(zip(positions, letters, strict=True))
    where = _named(operation, wires)
    angle = angle_of(operation.time, reading.slots, where) * (2 * complex(coefficient).real)
    return Gate("PauliRot", wires, (angle,), "".join(word.get(position, "I") for position in range(len(wires))))


def _middle(reading: Reading, operation: Any, wires: Wires) -> Gate | None:
    theta, beta = reading.angles(operation, wires)
    return middle_turn(theta, beta, wires)


def _zx_turn(reading: Reading, operation: Any, wires: Wires) -> Gate | None:
    return Gate("PauliRot", wires, reading.angles(operation, wires), "ZX")


def _quarter_phase(sign: int) -> Callable[[Reading, Any, Wires], Gate | None]:
    return lambda reading, operation, wires: Gate("ControlledPhaseShift", wires, (Angle(sign * math.pi / 2),))


_SPECIAL: dict[type, Callable[[Reading, Any, Wires], Gate | None]] = {
    UnitaryGate: _unitary,
    StatePreparation: _state,
    Initialize: _state,
    PauliEvolutionGate: _evolution,
    XXPlusYYGate: _middle,
    RZXGate: _zx_turn,
    CSGate: _quarter_phase(1),
    CSdgGate: _quarter_phase(-1),
}


def _named(operation: Any, wires: Wires) -> str:
    return f"{operation.name!r} on qubit{'s' if len(wires) > 1 else ''} {', '.join(map(str, wires))}"


def _open_control(operation: Any) -> bool:
    """Whether a control acts at 0 instead of 1."""
    return isinstance(operation, ControlledGate) and operation.ctrl_state != 2**operation.num_ctrl_qubits - 1


def _definition(operation: Any, wires: Wires) -> QuantumCircuit | np.ndarray:
    """The circuit that `operation` is defined by, or its constant matrix.

    Raises:
        ProgramError: it has neither.
    """
    try:
        made_of = getattr(operation, "definition", None)
        if made_of is None:
            made_of = _synthesised(operation, len(wires))
        if made_of is None and len(wires) <= WIDEST_MATRIX:
            made_of = _matrix(operation)
    except (QiskitError, TypeError, ValueError) as error:
        raise ProgramError(f"{_named(operation, wires)} cannot be taken apart: {error}") from error
    if made_of is None or not wires:
        raise ProgramError(
            f"{_named(operation, wires)} ({type(operation).__name__}) is an unknown instruction: no row of the gate "
            f"table, and Qiskit knows no definition and no matrix of it. Give it a definition of gates, or transpile "
            f"the circuit first."
        )
    return made_of


def _synthesised(operation: Any, n_qubits: int) -> QuantumCircuit | None:
    """What Qiskit's synthesis makes of an operation without a definition (annotated, Clifford, permutation, ...)."""
    alone = QuantumCircuit(n_qubits)
    alone.append(operation, range(n_qubits))
    made = HighLevelSynthesis()(alone)
    same = len(made.data) == 1 and made.data[0].operation.name == operation.name
    return None if same else made


def _matrix(operation: Any) -> np.ndarray | None:
    """The constant matrix of a gate that is defined by nothing else."""
    try:
        return operation.to_matrix() if isinstance(operation, QiskitGate) else None
    except CircuitError:
        return None


def _rows(matrix: Any) -> tuple[tuple[complex, ...], ...]:
    return tuple(map(tuple, np.asarray(matrix, dtype=complex).tolist()))
