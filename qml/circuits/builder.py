"""A circuit written gate by gate, then frozen into a Program."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Self, cast

import numpy as np

from qml.base.errors import ProgramError
from qml.circuits.angle import Angle, input_slot, weight_slot
from qml.circuits.counting import whole_number
from qml.circuits.gate import Gate
from qml.circuits.gates import check_gate
from qml.circuits.program import Program, WeightBlock
from qml.circuits.readout import Readout, z_each

Wires = int | Iterable[int]
Radians = Angle | float


class Circuit:
    """Builds a Program: every method adds one gate and returns the builder.

    Angles are numbers, `circuit.input(i)`, entries of `circuit.weights(name, shape)`, and sums and products of
    these. Each gate is checked when it is added.

    Args:
        n_qubits: number of wires; wire 0 is the most significant.

    Raises:
        ProgramError: `n_qubits` that is no whole number, a gate that is not in the table, or wires and angles that do
            not fit it.

    Example:
        >>> circuit = Circuit(2)
        >>> theta = circuit.weights("theta", (2,))
        >>> program = circuit.ry(0, circuit.input(0)).cnot([0, 1]).ry(1, theta[0] * circuit.input(1) + theta[1]).build()
        >>> program.n_inputs, program.n_weights, program.blocks[0].name
        (2, 2, 'theta')
    """

    def __init__(self, n_qubits: int):
        self.n_qubits = whole_number("n_qubits", n_qubits)
        self._gates: list[Gate] = []
        self._blocks: list[WeightBlock] = []
        self._n_inputs = 0

    @property
    def n_weights(self) -> int:
        """Trained numbers asked for so far."""
        return sum(block.size for block in self._blocks)

    def input(self, index: int) -> Angle:
        """The angle that is the data column `index`."""
        if index < 0:
            raise ProgramError(f"Input slots count from 0; got {index}.")
        self._n_inputs = max(self._n_inputs, index + 1)
        return input_slot(index)

    def weights(self, name: str, shape: int | Sequence[int] = (), role: str = "angle") -> Any:
        """A new named block of trained numbers, as an object array of Angles of that shape.

        Args:
            name: the parameter's name in a layer; each name once.
            shape: of the array; `()` gives a single Angle.
            role: `"angle"` or `"scale"`, see `WeightBlock`.
        """
        shape = (shape,) if isinstance(shape, int) else tuple(int(size) for size in shape)
        if name in {block.name for block in self._blocks}:
            raise ProgramError(f"Weights {name!r} are there already. Choose another name.")
        block = WeightBlock(name, shape, role)
        slots = np.empty(block.size, dtype=object)
        for index in range(block.size):
            slots[index] = weight_slot(self.n_weights + index)
        self._blocks.append(block)
        return slots.reshape(shape) if shape else slots[0]

    def add(
        self,
        name: str,
        wires: Wires,
        angles: Radians | Iterable[Radians] = (),
        *,
        word: str = "",
        matrix: Iterable[Iterable[complex]] = (),
    ) -> Self:
        """Add the gate `name` of the table.

        Args:
            name: a row of `qml.circuits.GATES`, such as `"CRX"`.
            wires: one wire or several, the first most significant.
            angles: one angle or several.
            word: letters of a `PauliRot`.
            matrix: rows of a `Unitary`, or the one row of a `State`.
        """
        wires = tuple(wires) if isinstance(wires, Iterable) else (wires,)
        angles = tuple(angles) if isinstance(angles, Iterable) else (angles,)
        gate = Gate(name, wires, cast(tuple[Angle, ...], angles), word, tuple(map(tuple, matrix)))
        check_gate(gate, self.n_qubits, len(self._gates))
        self._gates.append(gate)
        return self

    def append(self, program: Program) -> Self:
        """Add the gates of a Program of as many qubits: its inputs shared by index, its weights a copy of its own."""
        if program.n_qubits != self.n_qubits:
            raise ProgramError(f"Cannot append {program.n_qubits} qubits to a Circuit of {self.n_qubits}.")
        joined = self.build() + program
        self._gates, self._blocks = list(joined.gates), list(joined.blocks)
        self._n_inputs = joined.n_inputs
        return self

    def build(self, readout: Readout | None = None, *, n_inputs: int | None = None, name: str = "") -> Program:
        """The Program.

        Args:
            readout: <Z> of each wire when left out.
            n_inputs: data columns of a row; one more than the largest used when left out.
            name: shown in drawings; no part of the value.
        """
        inputs = [index for gate in self._gates for angle in gate.angles for index in angle.inputs]
        size = max([self._n_inputs, *(index + 1 for index in inputs)])
        return Program(
            self.n_qubits,
            tuple(self._gates),
            z_each(range(self.n_qubits)) if readout is None else readout,
            size if n_inputs is None else n_inputs,
            self.n_weights,
            tuple(self._blocks),
            name=name,
        )

    def h(self, wire: Wires) -> Self:
        """Add Hadamard."""
        return self.add("Hadamard", wire)

    def x(self, wire: Wires) -> Self:
        """Add PauliX."""
        return self.add("PauliX", wire)

    def y(self, wire: Wires) -> Self:
        """Add PauliY."""
        return self.add("PauliY", wire)

    def z(self, wire: Wires) -> Self:
        """Add PauliZ."""
        return self.add("PauliZ", wire)

    def rx(self, wire: Wires, angle: Radians) -> Self:
        """Add RX."""
        return self.add("RX", wire, angle)

    def ry(self, wire: Wires, angle: Radians) -> Self:
        """Add RY."""
        return self.add("RY", wire, angle)

    def rz(self, wire: Wires, angle: Radians) -> Self:
        """Add RZ."""
        return self.add("RZ", wire, angle)

    def rot(self, wire: Wires, phi: Radians, theta: Radians, omega: Radians) -> Self:
        """Add Rot: RZ(omega) RY(theta) RZ(phi)."""
        return self.add("Rot", wire, (phi, theta, omega))

    def cnot(self, wires: Wires) -> Self:
        """Add CNOT; the first wire is the control."""
        return self.add("CNOT", wires)

    def cz(self, wires: Wires) -> Self:
        """Add CZ."""
        return self.add("CZ", wires)

    def swap(self, wires: Wires) -> Self:
        """Add SWAP."""
        return self.add("SWAP", wires)

    def crx(self, wires: Wires, angle: Radians) -> Self:
        """Add CRX; the first wire is the control."""
        return self.add("CRX", wires, angle)

    def cry(self, wires: Wires, angle: Radians) -> Self:
        """Add CRY; the first wire is the control."""
        return self.add("CRY", wires, angle)

    def crz(self, wires: Wires, angle: Radians) -> Self:
        """Add CRZ; the first wire is the control."""
        return self.add("CRZ", wires, angle)

    def zz(self, wires: Wires, angle: Radians) -> Self:
        """Add IsingZZ."""
        return self.add("IsingZZ", wires, angle)

    def toffoli(self, wires: Wires) -> Self:
        """Add Toffoli; the first two wires are the controls."""
        return self.add("Toffoli", wires)

    def multi_rz(self, wires: Wires, angle: Radians) -> Self:
        """Add MultiRZ on any number of wires."""
        return self.add("MultiRZ", wires, angle)

    def pauli_rot(self, wires: Wires, word: str, angle: Radians) -> Self:
        """Add exp(-i angle/2 word), one letter a wire."""
        return self.add("PauliRot", wires, angle, word=word)

    def unitary(self, wires: Wires, matrix: Iterable[Iterable[complex]]) -> Self:
        """Add a constant unitary, `(2**k, 2**k)`."""
        return self.add("Unitary", wires, matrix=matrix)

    def amplitudes(self, wires: Wires, values: Iterable[Radians]) -> Self:
        """Prepare real amplitudes, normalised at run time; first on its wires."""
        return self.add("Amplitudes", wires, values)

    def state(self, wires: Wires, amplitudes: Iterable[complex]) -> Self:
        """Prepare a constant unit vector; first on its wires."""
        return self.add("State", wires, matrix=(tuple(amplitudes),))
