"""The part of a Program that its values depend on, on as few wires as that takes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby

from qml.base.errors import ProgramError
from qml.circuits.gate import Gate, Rotation
from qml.circuits.gates import GATES, PREPARATIONS
from qml.circuits.program import Program
from qml.circuits.readout import Expectations, Probabilities

DIAGONAL_CLIFFORDS = frozenset({"Z", "S", "Sdg", "CZ"})


def light_cone(program: Program, value: int | None = None) -> Program:
    """`program` without the gates and wires that cannot reach its readout; slots keep their places.

    Seen from the readout, a gate stays if it acts on a wire that is reached, and its wires are reached from there on.
    Diagonal gates that follow one another commute, so they are taken as one layer. Other commutation is the business
    of the engine, which drops more rotations than this.

    Args:
        program: any Program.
        value: the one expectation value to keep, 0 to `n_values - 1`; all when left out.

    Returns:
        A Program of equal values. It has at least one wire; the wires that stay keep their order.

    Raises:
        ProgramError: there is no such value, or one value of a distribution was asked for.

    Example:
        >>> from qml.circuits import angle, hardware_efficient
        >>> wide = angle(50) + hardware_efficient(50, depth=4)
        >>> light_cone(wide, value=20).n_qubits
        9
    """
    if value is not None:
        program = program.with_readout(_one(program, value))
    reached = set(program.readout.wires)
    kept: list[Gate] = []
    for layer in _layers_backwards(program):
        stays = [gate for gate in layer if reached & set(gate.wires)]
        reached.update(wire for gate in stays for wire in gate.wires)
        kept += stays
    inside = sorted(reached) or [0]
    order = inside + [wire for wire in range(program.n_qubits) if wire not in inside]
    places = tuple(order.index(wire) for wire in range(program.n_qubits))
    return replace(replace(program, gates=tuple(reversed(kept))).renamed_wires(places), n_qubits=len(inside))


def _layers_backwards(program: Program) -> Iterator[list[Gate]]:
    """Runs of diagonal gates, and each other gate by itself, last first."""
    for diagonal, run in groupby(reversed(program.gates), _is_diagonal):
        if diagonal:
            yield list(run)
        else:
            yield from ([gate] for gate in run)


def _is_diagonal(gate: Gate) -> bool:
    if gate.name in PREPARATIONS:
        return False
    return all(
        all(letter == "Z" for _, letter in step.word) if isinstance(step, Rotation) else step.name in DIAGONAL_CLIFFORDS
        for step in GATES[gate.name].steps(gate)
    )


def _one(program: Program, value: int) -> Expectations:
    readout = program.readout
    if isinstance(readout, Probabilities) or not 0 <= value < readout.n_values:
        raise ProgramError(
            f"light_cone was asked for value {value} of the readout {type(readout).__name__} with {readout.n_values} "
            "values; it keeps one value of Expectations, counted from 0, or all of any readout (value=None)."
        )
    return Expectations((readout.observables[value],))
