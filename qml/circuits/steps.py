"""A Program taken apart into the two kinds of step that the engine knows: Pauli rotations and Cliffords."""

from __future__ import annotations

from qml.circuits.gate import Clifford, Gate, Rotation, Step
from qml.circuits.gates import GATES, PREPARATIONS
from qml.circuits.program import Program

__all__ = ["Clifford", "Rotation", "gate_steps", "preparations", "steps"]


def gate_steps(gate: Gate) -> tuple[Step, ...]:
    """Steps, in order, whose product is `gate` up to a global phase; none for the identity.

    Raises:
        ProgramError: the gate prepares a state.
    """
    return GATES[gate.name].steps(gate)


def steps(program: Program) -> tuple[Step, ...]:
    """All gates of `program` as rotations and Cliffords in order, preparations left out.

    The product is the circuit up to a global phase. Angles stay affine in the gate's angles, so every step
    that depends on a slot obeys the two-term shift rule.

    Example:
        >>> from qml.circuits import Circuit
        >>> [step.angle.constant for step in steps(Circuit(2).crx([0, 1], 1.0).build())]
        [0.5, -0.5]
    """
    return tuple(step for gate in program.gates if gate.name not in PREPARATIONS for step in gate_steps(gate))


def preparations(program: Program) -> tuple[Gate, ...]:
    """The gates of `program` that prepare a state; each is the first on its wires."""
    return tuple(gate for gate in program.gates if gate.name in PREPARATIONS)
