"""Where gates stand in a drawing: columns of gates that do not cross, and the label of each wire."""

from __future__ import annotations

from dataclasses import dataclass

from qml.circuits.gate import Gate
from qml.circuits.gates import GATES
from qml.circuits.program import Program
from qml.circuits.readout import Expectations

DOT, CROSS = "●", "x"

_CONTROLS = {
    **dict.fromkeys(("CNOT", "CY", "CZ", "CH", "CRX", "CRY", "CRZ", "CRot", "ControlledPhaseShift", "CSWAP"), 1),
    **dict.fromkeys(("CCZ", "Toffoli"), 2),
}
_LONGEST_ANGLES = 24


@dataclass(frozen=True)
class Placed:
    """A gate and the label of each of its wires, in the order of `gate.wires`."""

    gate: Gate
    labels: tuple[str, ...]

    @property
    def top(self) -> int:
        """The first wire of the drawing that it covers."""
        return min(self.gate.wires)

    @property
    def bottom(self) -> int:
        """The last wire of the drawing that it covers."""
        return max(self.gate.wires)


def columns(program: Program) -> list[list[Placed]]:
    """Gates in columns: each as far left as the gates before it allow, without crossing another's wires."""
    result: list[list[Placed]] = []
    free = [0] * program.n_qubits
    for gate in program.gates:
        placed = Placed(gate, labels(gate))
        span = range(placed.top, placed.bottom + 1)
        column = max(free[wire] for wire in span)
        if column == len(result):
            result.append([])
        result[column].append(placed)
        for wire in span:
            free[wire] = column + 1
    return result


def labels(gate: Gate) -> tuple[str, ...]:
    """What is written on each wire of `gate`: dots on controls, the name and angles on the others."""
    n_controls = _CONTROLS.get(gate.name, 0)
    if gate.name in ("SWAP", "CSWAP"):
        return (DOT,) * n_controls + (CROSS, CROSS)
    name = GATES[gate.name].draw or gate.name
    angles = ", ".join(map(str, gate.angles))
    if len(angles) > _LONGEST_ANGLES:
        angles = angles[: _LONGEST_ANGLES - 1].rstrip(", ") + "…"
    arguments = f"({angles})" if angles else ""
    targets = len(gate.wires) - n_controls
    texts = [f"{name}{letter}" for letter in gate.word] if gate.word else [name] * targets
    return (DOT,) * n_controls + (texts[0] + arguments, *texts[1:])


def readings(program: Program) -> list[str]:
    """What is read, wire by wire: `<Z>` where that wire has a word of its own, `Probs`, or `<...>`."""
    readout = program.readout
    if not isinstance(readout, Expectations):
        return ["Probs" if wire in readout.wires else "" for wire in range(program.n_qubits)]
    found: list[list[str]] = [[] for _ in range(program.n_qubits)]
    for number, observable in enumerate(readout.observables):
        words = [word for _, word in observable.terms]
        alone = len(words) == 1 and len(words[0]) == 1 and observable.terms[0][0] == 1.0
        for wire in observable.wires:
            found[wire].append(f"<{words[0][0][1]}>" if alone else f"<{number}>")
    return [" ".join(texts) if len(texts) <= 3 else f"{texts[0]} … {texts[-1]}" for texts in found]


def shown(size: int, most: int) -> list[int | None]:
    """Positions `0..size-1` that fit `most` places; None stands for what is left out of the middle."""
    if size <= most:
        return list(range(size))
    head = (most - 1 + 1) // 2
    tail = most - 1 - head
    return [*range(head), None, *range(size - tail, size)]


def summary(program: Program) -> str:
    """One line: name, sizes and what is returned."""
    name = program.name or "Program"
    kind = "expectation values" if isinstance(program.readout, Expectations) else "probabilities"
    return (
        f"{name}: {program.n_qubits} qubits, {len(program.gates)} gates, {program.n_inputs} inputs, "
        f"{program.n_weights} weights, {program.n_values} {kind}"
    )
