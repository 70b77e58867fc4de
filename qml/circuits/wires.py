"""A Program on other wires, or with some slots fixed to numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from qml.base.errors import ProgramError
from qml.circuits.angle import Angle, Slot, Term
from qml.circuits.program import Program
from qml.circuits.readout import Expectations, PauliSum, Probabilities, Readout


def rename(program: Program, wires: Sequence[int], n_qubits: int | None = None) -> Program:
    """The same circuit with wire `i` called `wires[i]`; the readout keeps its order of values.

    Args:
        program: any Program.
        wires: one new number a wire, distinct.
        n_qubits: wires of the result; the largest new number plus one when left out.

    Raises:
        ProgramError: too few or too many names, a name given twice or outside the result.

    Example:
        >>> from qml.circuits import angle
        >>> [gate.wires for gate in rename(angle(2), (3, 1)).gates]
        [(3,), (1,)]
    """
    wires = tuple(int(wire) for wire in wires)
    size = max(wires, default=0) + 1 if n_qubits is None else n_qubits
    if len(wires) != program.n_qubits or len(set(wires)) != len(wires) or not all(0 <= w < size for w in wires):
        raise ProgramError(
            f"Cannot rename the wires to {wires}: it takes {program.n_qubits} distinct numbers within 0..{size - 1}."
        )
    gates = tuple(replace(gate, wires=tuple(wires[wire] for wire in gate.wires)) for gate in program.gates)
    return replace(program, n_qubits=size, gates=gates, readout=_renamed(program.readout, wires))


def bind(program: Program, slots: Mapping[Slot, float]) -> Program:
    """Some slots fixed to numbers; the remaining slots keep their places, and the counts stay.

    Args:
        program: any Program.
        slots: numbers by `Slot(kind, index)`.

    Raises:
        ProgramError: a slot that the Program does not have, or a number that is not finite.

    Example:
        >>> from qml.circuits import Slot, angle
        >>> bind(angle(2), {Slot("input", 1): 0.5}).gates[1].angles[0].constant
        0.5
    """
    values = {Slot(*slot): float(value) for slot, value in slots.items()}
    sizes = {"input": program.n_inputs, "weight": program.n_weights}
    for slot, value in values.items():
        if not 0 <= slot.index < sizes.get(slot.kind, 0) or not math.isfinite(value):
            raise ProgramError(
                f"Cannot bind {slot.kind} slot {slot.index} to {value}: this Program has {program.n_inputs} inputs "
                f"and {program.n_weights} weights, and numbers must be finite."
            )
    gates = tuple(replace(gate, angles=tuple(_bound(angle, values) for angle in gate.angles)) for gate in program.gates)
    return replace(program, gates=gates)


def _bound(angle: Angle, values: Mapping[Slot, float]) -> Angle:
    terms = []
    for coefficient, slots in angle.terms:
        factor = math.prod(values[slot] for slot in slots if slot in values)
        terms.append(Term(coefficient * factor, tuple(slot for slot in slots if slot not in values)))
    return Angle(angle.constant, tuple(terms))


def _renamed(readout: Readout, wires: tuple[int, ...]) -> Readout:
    if isinstance(readout, Probabilities):
        return Probabilities(tuple(wires[wire] for wire in readout.wires))
    return Expectations(tuple(_renamed_sum(item, wires) for item in readout.observables))


def _renamed_sum(observable: PauliSum, wires: tuple[int, ...]) -> PauliSum:
    return PauliSum(tuple((c, tuple((wires[wire], letter) for wire, letter in word)) for c, word in observable.terms))
