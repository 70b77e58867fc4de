"""A Program taken apart into the two kinds of step that the engine knows: Pauli rotations and Cliffords."""

from __future__ import annotations

from qml.circuits.angle import Angle
from qml.circuits.gate import Clifford, Gate, Rotation, Step
from qml.circuits.gates import GATES, PREPARATIONS
from qml.circuits.program import Program

__all__ = ["Clifford", "Rotation", "gate_steps", "global_phase", "preparations", "steps"]


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


def global_phase(program: Program) -> Angle:
    """The phase that `steps(program)` leaves out: the circuit is exp(i phase) times their product, in radians.

    Example:
        >>> from qml.circuits import Circuit, input_slot
        >>> str(global_phase(Circuit(1).add("PhaseShift", 0, input_slot(0)).build()))
        '0.5*x0'
    """
    phases = [GATES[gate.name].phase(gate) for gate in program.gates if gate.name not in PREPARATIONS]
    return Angle(sum(phase.constant for phase in phases), tuple(term for phase in phases for term in phase.terms))
