"""What all rows of a batch do last: one unitary without data, which no overlap of two of them sees."""

from __future__ import annotations

from dataclasses import replace

from qml.circuits.gates import PREPARATIONS, Gate
from qml.circuits.program import Program


def without_common_ending(program: Program) -> Program:
    """`program` without the gates at its end that are the same for every row; slots keep their places.

        <psi(x)|psi(y)> = <phi(x)| V^+ V |phi(y)> = <phi(x)|phi(y)>

    A gate goes if it takes no input and all gates behind it on its wires go. Not for weights of each row, nor for
    anything but overlaps between rows with the same weights.

    Args:
        program: its readout plays no part, and stays.

    Example:
        >>> from qml.circuits import angle, sel
        >>> len((angle(4) + sel(4, depth=2)).gates), len(without_common_ending(angle(4) + sel(4, depth=2)).gates)
        (20, 4)
    """
    kept: list[Gate] = []
    blocked: set[int] = set()
    for gate in reversed(program.gates):
        takes_data = any(angle.inputs for angle in gate.angles)
        if takes_data or gate.name in PREPARATIONS or blocked & set(gate.wires):
            kept.append(gate)
            blocked |= set(gate.wires)
    return replace(program, gates=tuple(reversed(kept)))
