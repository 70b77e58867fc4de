"""Rows of the gate table that act where other wires are 1: the controls come first."""

from __future__ import annotations

import math
from itertools import product

import numpy as np

from qml.circuits.angle import Angle
from qml.circuits.gate import Gate, GateType, Step
from qml.circuits.gates_single import HADAMARD, rot
from qml.circuits.rows import PAULI, controlled, fixed_row, reversed_and_negated, rotation_matrix, turn, turning_row

CCZ_PHASE = math.pi / 8  # the eighth word of (1 - Z)(1 - Z)(1 - Z)/8 is the identity
SWAP = np.eye(4, dtype=complex)[[0, 2, 1, 3]]


def _controlled_turn(gate: Gate, letter: str, angle: Angle) -> tuple[Step, ...]:
    """Rotation of the second wire where the first is 1: (1 - Z)/2 in front of the generator."""
    return (turn(gate, "I" + letter, angle / 2), turn(gate, "Z" + letter, -angle / 2))


def _crot_steps(gate: Gate) -> tuple[Step, ...]:
    return tuple(
        step for letter, angle in zip("ZYZ", gate.angles, strict=True) for step in _controlled_turn(gate, letter, angle)
    )


def _controlled_rotation_row(axis: str) -> GateType:
    return turning_row(
        f"CR{axis}", lambda t: controlled(rotation_matrix(axis, t)), [("I" + axis, 0.5), ("Z" + axis, -0.5)]
    )


def _phase_row(name: str, bits: str) -> GateType:
    """exp(i angle) on the basis state `bits` of two wires."""
    first, second = (1 - 2 * int(bit) for bit in bits)

    def matrix(theta: float) -> np.ndarray:
        diagonal = np.ones(4, dtype=complex)
        diagonal[int(bits, 2)] = np.exp(1j * theta)
        return np.diag(diagonal)

    turns = [("ZI", -first / 2), ("IZ", -second / 2), ("ZZ", -first * second / 2)]
    return turning_row(name, matrix, turns, draw="P" if bits == "11" else f"P{bits}", phase=0.25)


def _ccz_turns() -> list[tuple]:
    """A sign on |111> as seven rotations about Z words: (1 - Z)(1 - Z)(1 - Z)/8 in the exponent."""
    words = ["".join(letters) for letters in product("IZ", repeat=3)][1:]
    return [("turn", word, -math.pi / 4 * (-1) ** word.count("Z")) for word in words]


ROWS = (
    fixed_row("CNOT", controlled(PAULI["X"]), [("CX", 0, 1)], draw="X"),
    fixed_row("CY", controlled(PAULI["Y"]), [("Sdg", 1), ("CX", 0, 1), ("S", 1)], draw="Y"),
    fixed_row("CZ", controlled(PAULI["Z"]), [("CZ", 0, 1)], draw="Z"),
    fixed_row(
        "CH",
        controlled(HADAMARD),
        [("turn", "IY", -math.pi / 4), ("CZ", 0, 1), ("turn", "IY", math.pi / 4)],
        draw="H",
    ),
    *(_controlled_rotation_row(axis) for axis in "XYZ"),
    GateType("CRot", 2, 3, lambda gate, v: controlled(rot(*v)), _crot_steps, reversed_and_negated, draw="Rot"),
    _phase_row("ControlledPhaseShift", "11"),
    _phase_row("CPhaseShift00", "00"),
    _phase_row("CPhaseShift01", "01"),
    _phase_row("CPhaseShift10", "10"),
    fixed_row("CCZ", controlled(controlled(PAULI["Z"])), _ccz_turns(), draw="Z", phase=CCZ_PHASE),
    fixed_row(
        "Toffoli",
        controlled(controlled(PAULI["X"])),
        [("H", 2), *_ccz_turns(), ("H", 2)],
        draw="X",
        phase=CCZ_PHASE,
    ),
    fixed_row(
        "CSWAP",
        controlled(SWAP),
        [("CX", 2, 1), ("H", 2), *_ccz_turns(), ("H", 2), ("CX", 2, 1)],
        draw="SWAP",
        phase=CCZ_PHASE,
    ),
)
