"""A Program and its noise as real operations on Pauli vectors: fixed matrices, and turns by an angle of each row."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from qml.backends.noise.channel import transfer_matrix
from qml.backends.noise.model import NoiseModel
from qml.backends.slotted import CLIFFORDS
from qml.base.errors import CapabilityError
from qml.circuits.gate import Clifford, Gate, Rotation
from qml.circuits.gates import GATES, PREPARATIONS
from qml.circuits.program import Program
from qml.circuits.readout import PauliWord
from qml.circuits.rows import rotation_matrix
from qml.circuits.steps import gate_steps

WIDEST_MATRIX = 2  # wires of a gate without slots that is taken whole; wider ones go by their steps


@dataclass(frozen=True, eq=False)
class Fixed:
    """A real matrix `(4**k, 4**k)` on `k` wires, the first most significant."""

    wires: tuple[int, ...]
    matrix: np.ndarray


@dataclass(frozen=True)
class Turn:
    """exp(-i angle/2 word) by the angle in a column of `qml.circuits.slots.slots`."""

    word: PauliWord
    column: int

    @property
    def wires(self) -> tuple[int, ...]:
        """Wires of the word."""
        return tuple(wire for wire, _ in self.word)


Operation = Fixed | Turn


def operations_of(program: Program, noise: NoiseModel, read: tuple[int, ...]) -> list[Operation]:
    """What can reach the wires that are read, in order; preparations left out.

    Raises:
        CapabilityError: a gate on more wires than the noise speaks of.
    """
    reached, kept, position = set(read), [], _n_turns(program)
    for gate in reversed(program.gates):
        steps = () if gate.name in PREPARATIONS else gate_steps(gate)
        position -= sum(isinstance(step, Rotation) for step in steps)
        if reached & set(gate.wires):
            reached |= set(gate.wires)
            if gate.name not in PREPARATIONS:
                kept.append(_of_gate(gate, steps, position, noise))
    return [operation for made in reversed(kept) for operation in made]


def _n_turns(program: Program) -> int:
    gates = [gate for gate in program.gates if gate.name not in PREPARATIONS]
    return sum(isinstance(step, Rotation) for gate in gates for step in gate_steps(gate))


def _of_gate(gate: Gate, steps, position: int, noise: NoiseModel) -> list[Operation]:
    channel = noise.channel_of(gate)
    if channel is None and not noise.speaks_of(gate):
        raise CapabilityError(
            f"The noise {noise.name or 'model'!r} says nothing of gates on {len(gate.wires)} wires, and the Program "
            f"has {gate.name} on {gate.wires}. Transpile it for a target of smaller gates: give one to NoisyExecutor."
        )
    if not any(angle.terms for angle in gate.angles) and len(gate.wires) <= WIDEST_MATRIX:
        made: list[Operation] = [Fixed(gate.wires, _matrix(gate))]
    else:
        made = []
        for step in steps:
            if isinstance(step, Rotation):
                made += _of_turn(step, position)
                position += 1
            else:
                made.append(Fixed(step.wires, _matrix(_as_gate(step))))
    if channel is not None and not channel.is_identity:
        made.append(Fixed(gate.wires, channel.array))
    return made


def _of_turn(step: Rotation, column: int) -> list[Operation]:
    if not step.word:
        return []
    if not step.angle.terms and len(step.word) <= WIDEST_MATRIX:
        wires, letters = zip(*step.word, strict=True)
        return [Fixed(wires, transfer_matrix([rotation_matrix("".join(letters), step.angle.constant)]))]
    return [Turn(step.word, column)]


def _as_gate(step: Clifford) -> Gate:
    return Gate(CLIFFORDS.get(step.name, step.name), step.wires)


def _matrix(gate: Gate) -> np.ndarray:
    """The transfer matrix `(4**k, 4**k)` of a gate without slots."""
    return _unitary_matrix(Gate(gate.name, tuple(range(len(gate.wires))), gate.angles, gate.word, gate.matrix))


@lru_cache(maxsize=1024)
def _unitary_matrix(gate: Gate) -> np.ndarray:
    values = np.array([angle.constant for angle in gate.angles])
    matrix = transfer_matrix([np.asarray(GATES[gate.name].matrix(gate, values), complex)])
    matrix[np.abs(matrix) < 1e-15] = 0.0  # rounding of products of square roots: a Clifford moves each word to one
    return matrix
