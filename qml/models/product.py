"""The same circuit without entanglement: every gate that can entangle taken out, the weights kept."""

from __future__ import annotations

from dataclasses import replace

from qml.base.errors import CapabilityError
from qml.circuits.gate import Gate
from qml.circuits.program import PREPARATIONS, Program


def product(program: Program) -> Program:
    """`program` without the gates that can entangle; slots, blocks and readout stay as they are.

    A gate on two or more wires is taken out, except a SWAP (it only renames wires) and a Pauli rotation
    about a single letter. Weights that only such gates read stay in their block and get a zero gradient.

    Raises:
        CapabilityError: the circuit prepares an entangled state from data or amplitudes, which no removal of
            gates can undo.

    Example:
        >>> from qml.circuits import angle, sel
        >>> program = angle(3) + sel(3, depth=1)
        >>> sorted({gate.name for gate in product(program).gates}), product(program).n_weights
        (['RY', 'Rot'], 9)
    """
    for gate in program.gates:
        if gate.name in PREPARATIONS and len(gate.wires) > 1:
            raise CapabilityError(
                f"The ablation 'product' (no entanglement) was asked of a circuit that prepares wires {gate.wires} "
                f"with {gate.name}; that state is entangled as data, not by a gate. Leave the arm 'product' out, or "
                f"encode with angles."
            )
    kept = tuple(gate for gate in program.gates if not _entangles(gate))
    return replace(program, gates=kept, name=f"product({program.name})" if program.name else "")


def live_weights(program: Program) -> int:
    """Weights that at least one gate reads."""
    return len({index for gate in program.gates for angle in gate.angles for index in angle.weights})


def _entangles(gate: Gate) -> bool:
    if len(gate.wires) < 2 or gate.name == "SWAP":
        return False
    return not (gate.name == "PauliRot" and sum(letter != "I" for letter in gate.word) < 2)
