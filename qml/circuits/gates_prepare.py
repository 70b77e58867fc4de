"""Rows of the gate table that prepare a state of their wires instead of turning one."""

from __future__ import annotations

from typing import NoReturn

import numpy as np

from qml.base.errors import DataError, ProgramError
from qml.circuits.gate import Gate, GateType
from qml.circuits.unitary import UNITARY_TOLERANCE


def _amplitudes(gate: Gate, values: np.ndarray) -> np.ndarray:
    """The normalised column of amplitudes, `(2**k, 1)`."""
    values = np.asarray(values, dtype=float)
    norm = np.linalg.norm(values)
    if not 0 < norm < np.inf:
        raise DataError(
            f"Amplitudes on wires {gate.wires} have norm {norm}; a state needs a finite norm above zero. "
            f"Remove rows of zeros, or add a constant feature."
        )
    return (values / norm).astype(complex)[:, None]


def _state(gate: Gate, values: np.ndarray) -> np.ndarray:
    """The constant column of amplitudes, `(2**k, 1)`."""
    return np.array(gate.matrix[0], dtype=complex)[:, None]


def _no_inverse(gate: Gate) -> NoReturn:
    raise ProgramError(
        f"{gate.name} on wires {gate.wires} prepares a state and has no inverse gate. "
        f"Invert the part of the circuit behind it."
    )


def _no_steps(gate: Gate) -> NoReturn:
    raise ProgramError(
        f"{gate.name} on wires {gate.wires} prepares a state and is no product of rotations. "
        f"Take the amplitudes from its matrix, and `steps(program)` for the gates behind it."
    )


def _check_amplitudes(gate: Gate, position: int) -> None:
    if len(gate.angles) != 2 ** len(gate.wires):
        raise ProgramError(
            f"Gate {position} (Amplitudes) got {len(gate.angles)} amplitudes; {len(gate.wires)} wires take "
            f"{2 ** len(gate.wires)}. Pad with zeros."
        )


def _check_state(gate: Gate, position: int) -> None:
    sizes = [len(row) for row in gate.matrix]
    if sizes != [2 ** len(gate.wires)]:
        raise ProgramError(
            f"Gate {position} (State) got rows of lengths {sizes}; {len(gate.wires)} wires take one row of "
            f"{2 ** len(gate.wires)} amplitudes."
        )
    norm = float(np.linalg.norm(np.array(gate.matrix[0])))
    if not abs(norm - 1) <= UNITARY_TOLERANCE:
        raise ProgramError(f"Gate {position} (State) got amplitudes of norm {norm:.9g}; divide them by it.")


ROWS = (
    GateType("Amplitudes", None, None, _amplitudes, _no_steps, _no_inverse, draw="|x>", check=_check_amplitudes),
    GateType("State", None, 0, _state, _no_steps, _no_inverse, draw="|s>", takes="matrix", check=_check_state),
)
