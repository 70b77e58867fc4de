"""Flips of wires by bindings: half turns in the gates of a machine, each on or off in every binding of one job."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qml.backends.backend import Target
from qml.backends.measuring import settings_of
from qml.base.errors import CapabilityError
from qml.circuits.angle import Angle, input_slot
from qml.circuits.gate import Gate
from qml.circuits.program import Program
from qml.circuits.readout import PauliWord, Readout, z_each
from qml.circuits.slots import slots

HALF = Angle(math.pi / 2)


def turns(letter: str, wire: int, angle: Angle, target: Target) -> tuple[Gate, ...]:
    """A turn of `wire` about X or Z by `angle`, in the gates of the target, up to a global phase.

    Raises:
        CapabilityError: its gates cannot turn so.

    Example:
        >>> [gate.name for gate in turns("X", 0, input_slot(0), Target("line", 1, ("SX", "RZ")))]
        ['RZ', 'SX', 'RZ', 'SX', 'RZ']
    """
    for gates in _ways(letter, (wire,), angle):
        if not target.gate_set or all(gate.name in target.gate_set for gate in gates):
            return gates
    raise CapabilityError(
        f"Readout mitigation needs turns about {letter} on {target.name!r}, whose gates "
        f"({', '.join(target.gate_set)}) are none of those it knows to make them of: RX, U3, RZ beside SX or Hadamard."
    )


def _ways(letter: str, wires: tuple[int], angle: Angle) -> list[tuple[Gate, ...]]:
    if letter == "Z":
        return [(Gate(name, wires, (angle,)),) for name in ("RZ", "PhaseShift", "U1")]
    ways: list[tuple[Gate, ...]] = [(Gate("RX", wires, (angle,)),)]
    for name in ("RZ", "PhaseShift", "U1"):
        root, quarter = Gate("SX", wires), Gate(name, wires, (HALF,))
        ways.append((quarter, root, Gate(name, wires, (angle + math.pi,)), root, quarter))
        basis = Gate("Hadamard", wires)
        ways.append((basis, Gate(name, wires, (angle,)), basis))
    ways.append((Gate("U3", wires, (angle, -HALF, HALF)),))
    return ways


@dataclass(frozen=True)
class Flips:
    """Wires that are flipped at random before they are measured.

    Args:
        about_x: wires that turn about X, which flips what is read about Z or Y.
        about_z: wires that turn about Z, which flips what is read about X or Y.
    """

    about_x: tuple[int, ...]
    about_z: tuple[int, ...]

    @classmethod
    def of(cls, readout: Readout) -> Flips:
        """The fewest that flip every wire of a readout in each of its settings."""
        letters: dict[int, set[str]] = {}
        for setting in settings_of(readout):
            for wire, letter in setting.word:
                letters.setdefault(wire, set()).add(letter)
        wires = sorted(letters)
        return cls(
            tuple(wire for wire in wires if "Z" in letters[wire] or letters[wire] == {"Y"}),
            tuple(wire for wire in wires if "X" in letters[wire]),
        )

    @property
    def n_columns(self) -> int:
        """Random bits of a mask: one a turn."""
        return len(self.about_x) + len(self.about_z)

    def appended(self, native: Program, target: Target) -> Program:
        """`native` with its flips behind it; their angles are inputs behind its own."""
        words = [("X", wire) for wire in self.about_x] + [("Z", wire) for wire in self.about_z]
        more = tuple(
            gate
            for place, (letter, wire) in enumerate(words)
            for gate in turns(letter, wire, input_slot(native.n_inputs + place), target)
        )
        return Program(
            native.n_qubits,
            (*native.gates, *more),
            native.readout,
            native.n_inputs + self.n_columns,
            name=f"flipped({native.name})" if native.name else "",
        )

    def seen(self, masks_TC: np.ndarray, word: PauliWord) -> np.ndarray:
        """`(T, M)`: which bits of a setting each mask flips, a turn being seen about another letter than its own."""
        flips_TM = np.zeros((len(masks_TC), len(word)), np.uint8)
        for bit, (wire, letter) in enumerate(word):
            if letter != "X" and wire in self.about_x:
                flips_TM[:, bit] ^= masks_TC[:, self.about_x.index(wire)]
            if letter != "Z" and wire in self.about_z:
                flips_TM[:, bit] ^= masks_TC[:, len(self.about_x) + self.about_z.index(wire)]
        return flips_TM


def bound(native: Program, inputs_RD: np.ndarray) -> np.ndarray:
    """`(R, S)` angles of all rotations of a Program without weights."""
    return slots(native, np.asarray(inputs_RD, float), np.zeros(0))


def preparation(wires: Sequence[int], target: Target, n_qubits: int) -> Program:
    """A Program that flips `wires` from zero by its inputs, one a wire, and reads them.

    Both states of a wire go through the same gates, so that their errors are alike.
    """
    gates = [gate for column, wire in enumerate(wires) for gate in turns("X", wire, input_slot(column), target)]
    return Program(n_qubits, tuple(gates), z_each(wires), len(wires), name="calibration")
