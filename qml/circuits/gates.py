"""The gate table: every gate a Program can hold, each defined by a matrix and, independently, by Pauli rotations."""

from __future__ import annotations

from qml.base.errors import ProgramError
from qml.base.registry import Registry, unknown
from qml.circuits import gates_controlled, gates_many, gates_pair, gates_prepare, gates_single
from qml.circuits.gate import Gate, GateType
from qml.circuits.rows import PAULI, rotation_matrix

__all__ = ["GATES", "PAULI", "PREPARATIONS", "Gate", "check_gate", "invert", "rotation_matrix"]

GATES: Registry[GateType] = Registry("gate")
for _family in (gates_single, gates_controlled, gates_pair, gates_many, gates_prepare):
    for _row in _family.ROWS:
        GATES.add(_row.name, _row)

PREPARATIONS = tuple(row.name for row in gates_prepare.ROWS)


def check_gate(gate: Gate, n_qubits: int, position: int) -> None:
    """Raise `ProgramError` unless `gate` is a row of the table with wires, angles, word and matrix that fit."""
    if gate.name not in GATES:
        raise ProgramError(f"Gate {position}: {unknown('gate', gate.name, list(GATES))}")
    row = GATES[gate.name]
    bad = [wire for wire in gate.wires if not 0 <= wire < n_qubits]
    if bad or len(set(gate.wires)) != len(gate.wires) or not gate.wires:
        raise ProgramError(
            f"Gate {position} ({gate.name}) acts on wires {gate.wires}; "
            f"they must be distinct and within 0..{n_qubits - 1}."
        )
    if row.n_wires is not None and len(gate.wires) != row.n_wires:
        raise ProgramError(f"Gate {position} ({gate.name}) got {len(gate.wires)} wires; it takes {row.n_wires}.")
    if row.n_angles is not None and len(gate.angles) != row.n_angles:
        raise ProgramError(f"Gate {position} ({gate.name}) got {len(gate.angles)} angles; it takes {row.n_angles}.")
    for field, value in (("word", gate.word), ("matrix", gate.matrix)):
        if value and row.takes != field:
            raise ProgramError(f"Gate {position} ({gate.name}) got a {field}, which it does not take. Leave it out.")
    if row.check is not None:
        row.check(gate, position)


def invert(gate: Gate) -> tuple[Gate, ...]:
    """Gates that undo `gate`, in order.

    Raises:
        ProgramError: the gate prepares a state.
    """
    return GATES[gate.name].inverse(gate)
