"""What a Program costs to write down and to run: counts of gates, depth, parameters used."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from qml.circuits.gate import Rotation
from qml.circuits.gates import PREPARATIONS
from qml.circuits.program import Program
from qml.circuits.steps import steps


@dataclass(frozen=True)
class Resources:
    """Counts of one Program.

    Args:
        n_qubits: wires.
        gates: how often each gate of the table is used.
        depth: gates on the longest path, each as one step.
        n_two_qubit: gates on two wires, preparations left out.
        n_wider: gates on three wires or more, preparations left out.
        n_turns: Pauli rotations by an angle that depends on a slot, after taking gates apart: what an adjoint
            sweep visits, and half the circuits of a shift-rule gradient.
        inputs_used: input slots that some gate reads.
        weights_used: weight slots that some gate reads.
        inputs_unused: input slots that no gate reads.
        weights_unused: weight slots that no gate reads.
    """

    n_qubits: int
    gates: Mapping[str, int]
    depth: int
    n_two_qubit: int
    n_wider: int
    n_turns: int
    inputs_used: tuple[int, ...]
    weights_used: tuple[int, ...]
    inputs_unused: tuple[int, ...]
    weights_unused: tuple[int, ...]

    @property
    def n_gates(self) -> int:
        """All gates."""
        return sum(self.gates.values())

    def __str__(self) -> str:
        counts = ", ".join(f"{count} {name}" for name, count in sorted(self.gates.items()))
        unused = len(self.inputs_unused) + len(self.weights_unused)
        lines = [
            f"{self.n_qubits} qubits, depth {self.depth}, {self.n_gates} gates ({self.n_two_qubit} on two wires)",
            f"gates: {counts or 'none'}",
            f"{len(self.inputs_used)} inputs and {len(self.weights_used)} weights used, {self.n_turns} turns",
        ]
        return "\n".join([*lines, *([f"{unused} slots are unused"] if unused else [])])


def resources(program: Program) -> Resources:
    """Counts of `program`; nothing is run.

    Example:
        >>> from qml.circuits import angle, sel
        >>> found = resources(angle(3) + sel(3, depth=2))
        >>> found.gates["CNOT"], found.depth, found.n_turns
        (6, 9, 21)
    """
    turning = [gate for gate in program.gates if gate.name not in PREPARATIONS]
    angles = [angle for gate in program.gates for angle in gate.angles]
    inputs = {index for angle in angles for index in angle.inputs}
    weights = {index for angle in angles for index in angle.weights}
    return Resources(
        n_qubits=program.n_qubits,
        gates=MappingProxyType(dict(Counter(gate.name for gate in program.gates))),
        depth=_depth(program),
        n_two_qubit=sum(len(gate.wires) == 2 for gate in turning),
        n_wider=sum(len(gate.wires) > 2 for gate in turning),
        n_turns=sum(isinstance(step, Rotation) and bool(step.angle.terms) for step in steps(program)),
        inputs_used=tuple(sorted(inputs)),
        weights_used=tuple(sorted(weights)),
        inputs_unused=tuple(index for index in range(program.n_inputs) if index not in inputs),
        weights_unused=tuple(index for index in range(program.n_weights) if index not in weights),
    )


def _depth(program: Program) -> int:
    level = [0] * program.n_qubits
    for gate in program.gates:
        above = 1 + max(level[wire] for wire in gate.wires)
        for wire in gate.wires:
            level[wire] = above
    return max(level)
