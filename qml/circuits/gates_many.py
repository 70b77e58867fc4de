"""Rows of the gate table for any number of wires: MultiRZ, PauliRot and constant unitaries."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from qml.base.errors import ProgramError
from qml.circuits.angle import Angle
from qml.circuits.gate import Gate, GateType, Step
from qml.circuits.rows import negated, rotation_matrix, turn
from qml.circuits.unitary import UNITARY_TOLERANCE, unitary_phase, unitary_turns


def _multi_rz(gate: Gate, values: np.ndarray) -> np.ndarray:
    return rotation_matrix("Z" * len(gate.wires), values[0])


def _multi_rz_steps(gate: Gate) -> tuple[Step, ...]:
    return (turn(gate, "Z" * len(gate.wires), gate.angles[0]),)


def _pauli_rot_steps(gate: Gate) -> tuple[Step, ...]:
    return (turn(gate, gate.word, gate.angles[0]),) if set(gate.word) != {"I"} else ()


def _pauli_rot_phase(gate: Gate) -> Angle:
    """A rotation about the identity is nothing but a phase."""
    return -gate.angles[0] / 2 if set(gate.word) == {"I"} else Angle()


def _check_word(gate: Gate, position: int) -> None:
    if len(gate.word) != len(gate.wires) or set(gate.word) - set("IXYZ"):
        raise ProgramError(
            f"Gate {position} (PauliRot) got word {gate.word!r} for {len(gate.wires)} wires; "
            f"give one of the letters I, X, Y, Z a wire, such as word={'XYZ'[: len(gate.wires)]!r}."
        )


def _unitary(gate: Gate, values: np.ndarray) -> np.ndarray:
    return np.array(gate.matrix, dtype=complex)


def _unitary_steps(gate: Gate) -> tuple[Step, ...]:
    return tuple(turn(gate, letters, angle) for letters, angle in unitary_turns(gate.matrix))


def _unitary_inverse(gate: Gate) -> tuple[Gate, ...]:
    rows = zip(*gate.matrix, strict=True)
    return (replace(gate, matrix=tuple(tuple(value.conjugate() for value in row) for row in rows)),)


def _check_unitary(gate: Gate, position: int) -> None:
    size = 2 ** len(gate.wires)
    if len(gate.matrix) != size or any(len(row) != size for row in gate.matrix):
        raise ProgramError(
            f"Gate {position} (Unitary) got a matrix of {len(gate.matrix)} rows of lengths "
            f"{sorted({len(row) for row in gate.matrix})}; on {len(gate.wires)} wires it must be {size} by {size}."
        )
    matrix = np.array(gate.matrix, dtype=complex)
    distance = np.abs(matrix @ matrix.conj().T - np.eye(size)).max()
    if not distance <= UNITARY_TOLERANCE:
        raise ProgramError(
            f"Gate {position} (Unitary) got a matrix that is not unitary: |U U^dagger - 1| is {distance:.3g}, "
            f"allowed is {UNITARY_TOLERANCE:.0e}. Take the nearest unitary, for instance by scipy.linalg.polar."
        )


ROWS = (
    GateType("MultiRZ", None, 1, _multi_rz, _multi_rz_steps, negated, draw="MRZ"),
    GateType(
        "PauliRot",
        None,
        1,
        lambda gate, values: rotation_matrix(gate.word, values[0]),
        _pauli_rot_steps,
        negated,
        draw="R",
        takes="word",
        check=_check_word,
        phase=_pauli_rot_phase,
    ),
    GateType(
        "Unitary",
        None,
        0,
        _unitary,
        _unitary_steps,
        _unitary_inverse,
        draw="U",
        takes="matrix",
        check=_check_unitary,
        phase=lambda gate: Angle(unitary_phase(gate.matrix)),
    ),
)
