"""A circuit followed by its own inverse with weights of its own: it can start as the identity and leave it."""

from __future__ import annotations

from dataclasses import replace

from qml.base.errors import ProgramError
from qml.circuits.angle import Slot
from qml.circuits.gate import Gate
from qml.circuits.program import Program, WeightBlock

MIRRORED = "mirrored"


def mirrored(program: Program) -> Program:
    """`program`, then its inverse reading a second set of weights: the identity where both sets are equal.

        U(w_0) then U(w_1)^dagger,        w_0 = w_1 at the start with `initialise(p, "identity_block")`

    Each block of shape `s` becomes `(2, *s)` with role "mirrored": `[0]` for the circuit, `[1]` for its inverse.

    Args:
        program: a circuit without inputs and preparations, such as an ansatz.

    Raises:
        ProgramError: the circuit reads data (then the two halves would share it), or prepares a state.

    References:
        Grant, Wossnig, Ostaszewski and Benedetti, Quantum 3, 214 (2019).

    Example:
        >>> from qml.circuits import sel
        >>> mirrored(sel(3, depth=2)).blocks[0].shape
        (2, 2, 3, 3)
    """
    if any(angle.inputs for gate in program.gates for angle in gate.angles):
        raise ProgramError("mirrored takes a circuit without inputs. Mirror the ansatz and join the encoding to it.")
    starts, blocks = {}, []
    for block in program.blocks:
        start = sum(earlier.size for earlier in program.blocks[: len(blocks)])
        starts.update({start + index: (2 * start + index, block.size) for index in range(block.size)})
        blocks.append(WeightBlock(block.name, (2, *block.shape), MIRRORED))
    gates = [_reading(gate, starts, 0) for gate in program.gates]
    gates += [_reading(gate, starts, 1) for gate in program.inverse.gates]
    return replace(
        program,
        gates=tuple(gates),
        n_weights=2 * program.n_weights,
        blocks=tuple(blocks),
        name=f"mirrored({program.name})" if program.name else "",
    )


def _reading(gate: Gate, starts: dict[int, tuple[int, int]], half: int) -> Gate:
    """The gate with every weight moved to its place in one half of its doubled block."""

    def moved(slot: Slot) -> Slot:
        start, size = starts[slot.index]
        return Slot("weight", start + half * size)

    return replace(gate, angles=tuple(angle.renamed(moved) for angle in gate.angles))
