"""Gates behind the modifiers of OpenQASM 3: controlled, inverted, repeated."""

from __future__ import annotations

import numpy as np

from qml.base.errors import ProgramError
from qml.circuits.gate import Gate
from qml.circuits.gates import GATES, invert
from qml.circuits.rows import controlled

CONTROLLED = {
    "Identity": "Identity",
    "PauliX": "CNOT",
    "PauliY": "CY",
    "PauliZ": "CZ",
    "Hadamard": "CH",
    "RX": "CRX",
    "RY": "CRY",
    "RZ": "CRZ",
    "PhaseShift": "ControlledPhaseShift",
    "U1": "ControlledPhaseShift",
    "Rot": "CRot",
    "CNOT": "Toffoli",
    "CZ": "CCZ",
    "SWAP": "CSWAP",
}
"""Rows that have a row of their own with one control in front."""

WIDEST = 6  # wires of a controlled gate that is written as a matrix


def modified(gates: list[Gate], modifier: str, controls: tuple[int, ...]) -> list[Gate]:
    """`gates` behind one modifier.

    Args:
        gates: what stands behind it, in order.
        modifier: "ctrl", "negctrl", "inv" or "pow(k)" with a whole k.
        controls: wires of "ctrl" and "negctrl".

    Raises:
        ProgramError: another modifier, or a gate with a parameter that has no controlled form.

    Example:
        >>> [gate.name for gate in modified([Gate("S", (1,))], "inv", ())]
        ['Sdg']
    """
    if modifier == "inv":
        return [undone for gate in reversed(gates) for undone in invert(gate)]
    if modifier in ("ctrl", "negctrl"):
        flips = [Gate("PauliX", (wire,)) for wire in controls] if modifier == "negctrl" else []
        for wire in reversed(controls):
            gates = [_controlled(gate, wire) for gate in gates]
        return [*flips, *gates, *flips]
    power = modifier.removeprefix("pow(").removesuffix(")").strip()
    if not modifier.startswith("pow(") or not power.lstrip("-").isdigit():
        raise ProgramError(
            f"The bridge from Braket reads ctrl, negctrl, inv and pow(k) as modifiers; got {modifier!r}."
        )
    once = gates if int(power) >= 0 else modified(gates, "inv", ())
    return once * abs(int(power))


def _controlled(gate: Gate, wire: int) -> Gate:
    """`gate` where `wire` is 1."""
    if gate.name == "Identity":
        return gate
    if gate.name in CONTROLLED:
        return Gate(CONTROLLED[gate.name], (wire, *gate.wires), gate.angles)
    if gate.name == "PauliRot" and set(gate.word) == {"I"}:
        return Gate("PhaseShift", (wire,), (-gate.angles[0] / 2,))
    if any(angle.terms for angle in gate.angles) or len(gate.wires) >= WIDEST:
        raise ProgramError(
            f"{gate.name} on wires {gate.wires} is controlled by wire {wire}; with a parameter, or on many wires, no "
            f"row of the gate table is that. Write it as rotations between controlled flips."
        )
    matrix = GATES[gate.name].matrix(gate, np.array([angle.constant for angle in gate.angles]))
    return Gate("Unitary", (wire, *gate.wires), matrix=tuple(map(tuple, controlled(matrix).tolist())))
