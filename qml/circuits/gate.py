"""A gate as a value, and what a row of the gate table says about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from qml.circuits.angle import Angle, as_angle
from qml.circuits.counting import whole_number
from qml.circuits.readout import PauliWord

ComplexRows = tuple[tuple[complex, ...], ...]


@dataclass(frozen=True)
class Gate:
    """One gate of a Program.

    Args:
        name: a row of `qml.circuits.gates.GATES`.
        wires: the wires it acts on; the first is the most significant bit of its matrix.
        angles: as many as the row says; numbers are taken as constants.
        word: letters of a `PauliRot`, one a wire, such as `"XZ"`.
        matrix: constant rows of a `Unitary`, or the one row of amplitudes of a `State`.
    """

    name: str
    wires: tuple[int, ...]
    angles: tuple[Angle, ...] = ()
    word: str = ""
    matrix: ComplexRows = ()

    def __post_init__(self):
        object.__setattr__(self, "wires", tuple(whole_number(f"A wire of {self.name}", wire) for wire in self.wires))
        object.__setattr__(self, "angles", tuple(as_angle(angle) for angle in self.angles))
        object.__setattr__(self, "matrix", tuple(tuple(complex(v) + 0j for v in row) for row in self.matrix))


@dataclass(frozen=True)
class Rotation:
    """exp(-i angle/2 word): the one kind of step that turns by an angle."""

    word: PauliWord
    angle: Angle


@dataclass(frozen=True)
class Clifford:
    """A constant step that maps Pauli words to Pauli words: H, X, Y, Z, S, Sdg, CX, CZ or SWAP."""

    name: str
    wires: tuple[int, ...]


Step = Rotation | Clifford


def no_phase(gate: Gate) -> Angle:
    """The phase of a gate that is exactly the product of its steps: zero."""
    return Angle()


@dataclass(frozen=True)
class GateType:
    """A row of the gate table: two independent accounts of one gate, and how to undo it.

    Args:
        name: PennyLane's name where it has one.
        n_wires: wires, or None for any number.
        n_angles: angles, or None where it follows from the wires.
        matrix: `(gate, angle values) -> (2**k, 2**k)` complex128; the definition, used by the reference. Of a
            preparation, the `(2**k, 1)` column of amplitudes.
        steps: `gate -> rotations and Cliffords` whose product is the gate up to a global phase; used by the
            engine. Both accounts are compared by the tests.
        inverse: `gate -> gates` that undo it.
        draw: label in drawings; `""` draws the name.
        takes: `"word"` or `"matrix"` where the gate carries that field.
        check: `(gate, position)` raises `ProgramError` where the fields do not fit; wires and counts are
            checked before.
        phase: `gate -> Angle`, the global phase that the steps leave out: matrix = exp(i phase) x their product.
            Only states show it.
    """

    name: str
    n_wires: int | None
    n_angles: int | None
    matrix: Callable[[Gate, np.ndarray], np.ndarray]
    steps: Callable[[Gate], tuple[Step, ...]]
    inverse: Callable[[Gate], tuple[Gate, ...]]
    draw: str = ""
    takes: Literal["", "word", "matrix"] = ""
    check: Callable[[Gate, int], None] | None = None
    phase: Callable[[Gate], Angle] = no_phase
