"""Rows of the gate table that act on one wire."""

from __future__ import annotations

import math

import numpy as np

from qml.circuits.angle import Angle
from qml.circuits.gate import Gate, GateType, Step
from qml.circuits.rows import PAULI, called, fixed_row, reversed_and_negated, rotation_matrix, turn, turning_row

HADAMARD = np.array([[1, 1], [1, -1]], dtype=complex) / math.sqrt(2)
SX = np.array([[1 + 1j, 1 - 1j], [1 - 1j, 1 + 1j]]) / 2


def phase(theta: float) -> np.ndarray:
    """diag(1, exp(i theta))."""
    return np.diag([1, np.exp(1j * theta)])


def rot(phi: float, theta: float, omega: float) -> np.ndarray:
    """RZ(omega) RY(theta) RZ(phi)."""
    return rotation_matrix("Z", omega) @ rotation_matrix("Y", theta) @ rotation_matrix("Z", phi)


def _u3(theta: float, phi: float, delta: float) -> np.ndarray:
    cos, sin = np.cos(theta / 2), np.sin(theta / 2)
    return np.array(
        [
            [cos, -np.exp(1j * delta) * sin],
            [np.exp(1j * phi) * sin, np.exp(1j * (phi + delta)) * cos],
        ]
    )


def _zyz(gate: Gate, first: Angle, middle: Angle, last: Angle) -> tuple[Step, ...]:
    return (turn(gate, "Z", first), turn(gate, "Y", middle), turn(gate, "Z", last))


def _u3_steps(gate: Gate) -> tuple[Step, ...]:
    theta, phi, delta = gate.angles
    return _zyz(gate, delta, theta, phi)


def _u3_inverse(gate: Gate) -> tuple[Gate, ...]:
    theta, phi, delta = gate.angles
    return (Gate("U3", gate.wires, (-theta, -delta, -phi)),)


def _u2_steps(gate: Gate) -> tuple[Step, ...]:
    phi, delta = gate.angles
    return _zyz(gate, delta, Angle(math.pi / 2), phi)


def _u2_inverse(gate: Gate) -> tuple[Gate, ...]:
    phi, delta = gate.angles
    return (Gate("U3", gate.wires, (Angle(-math.pi / 2), -delta, -phi)),)


def _half_of_last_two(gate: Gate) -> Angle:
    """The phase of U2 and U3: RZ has determinant one, their diagonal factors have not."""
    return (gate.angles[-2] + gate.angles[-1]) / 2


ROWS = (
    GateType("Identity", 1, 0, lambda gate, v: PAULI["I"], lambda gate: (), lambda gate: (gate,), draw="I"),
    fixed_row("Hadamard", HADAMARD, [("H", 0)], draw="H"),
    fixed_row("PauliX", PAULI["X"], [("X", 0)], draw="X"),
    fixed_row("PauliY", PAULI["Y"], [("Y", 0)], draw="Y"),
    fixed_row("PauliZ", PAULI["Z"], [("Z", 0)], draw="Z"),
    fixed_row("S", np.diag([1, 1j]), [("S", 0)], inverse=called("Sdg")),
    fixed_row("Sdg", np.diag([1, -1j]), [("Sdg", 0)], inverse=called("S"), draw="S†"),
    fixed_row("T", phase(math.pi / 4), [("turn", "Z", math.pi / 4)], inverse=called("Tdg"), phase=math.pi / 8),
    fixed_row(
        "Tdg",
        phase(-math.pi / 4),
        [("turn", "Z", -math.pi / 4)],
        inverse=called("T"),
        draw="T†",
        phase=-math.pi / 8,
    ),
    fixed_row("SX", SX, [("H", 0), ("S", 0), ("H", 0)], inverse=called("SXdg")),
    fixed_row("SXdg", SX.conj().T, [("H", 0), ("Sdg", 0), ("H", 0)], inverse=called("SX"), draw="SX†"),
    *(turning_row(f"R{axis}", lambda t, axis=axis: rotation_matrix(axis, t), [(axis, 1.0)]) for axis in "XYZ"),
    turning_row("PhaseShift", phase, [("Z", 1.0)], draw="P", phase=0.5),
    turning_row("U1", phase, [("Z", 1.0)], phase=0.5),
    GateType("Rot", 1, 3, lambda gate, v: rot(*v), lambda gate: _zyz(gate, *gate.angles), reversed_and_negated),
    GateType("U2", 1, 2, lambda gate, v: _u3(math.pi / 2, *v), _u2_steps, _u2_inverse, phase=_half_of_last_two),
    GateType("U3", 1, 3, lambda gate, v: _u3(*v), _u3_steps, _u3_inverse, phase=_half_of_last_two),
)
