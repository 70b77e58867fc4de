"""Programs as OpenQASM 3 in the dialect of Amazon Braket; text only, its SDK is not needed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from qml.base.errors import ProgramError
from qml.circuits.angle import Angle, Kind, Slot
from qml.circuits.bridges.braket_gates import ALIKE, MODIFIED, definition_of, name_of
from qml.circuits.gate import Gate
from qml.circuits.gates import GATES
from qml.circuits.program import Program

LETTERS = {"input": "x", "weight": "w"}


def to_braket_qasm(program: Program) -> str:
    """The gates of a Program as OpenQASM 3 that Amazon Braket reads; the readout is left out.

    Slots stay symbolic: `input float x_007` for inputs and `w_012` for weights, with as many digits as the largest
    needs, so that their order as text is that of their numbers. No `include`, Braket's own names of gates; rows that
    it has no gate for are defined by a `gate` statement in front, constant unitaries are a pragma. The matrix is the
    same, its global phase included, and so is the order of qubits. A preparation of constant amplitudes is written
    as a unitary, and comes back as one.

    Args:
        program: any Program whose preparations do not depend on slots.

    Raises:
        ProgramError: amplitudes that depend on inputs or weights.

    Example:
        >>> from qml.circuits import Circuit, input_slot
        >>> print(to_braket_qasm(Circuit(2).h(0).crx([0, 1], 2 * input_slot(0)).build()))
        OPENQASM 3.0;
        input float x_0;
        qubit[2] q;
        h q[0];
        ctrl @ rx(2.0*x_0) q[0], q[1];
        <BLANKLINE>
    """
    names = slot_names(program)
    definitions = dict.fromkeys(text for gate in program.gates if (text := definition_of(gate)) is not None)
    lines = [
        "OPENQASM 3.0;",
        *(f"input float {name};" for name in names.values()),
        *definitions,
        f"qubit[{program.n_qubits}] q;",
        *(line_of(gate, names) for gate in program.gates),
    ]
    return "\n".join(lines) + "\n"


def slot_names(program: Program) -> dict[Slot, str]:
    """What each slot of a Program is called in the text, inputs first; names sort as their numbers do.

    Example:
        >>> from qml.circuits import angle
        >>> list(slot_names(angle(11)).values())[9:]
        ['x_09', 'x_10']
    """
    names: dict[Slot, str] = {}
    counts: tuple[tuple[Kind, int], ...] = (("input", program.n_inputs), ("weight", program.n_weights))
    for kind, count in counts:
        digits = len(str(max(count - 1, 0)))
        names |= {Slot(kind, index): f"{LETTERS[kind]}_{index:0{digits}d}" for index in range(count)}
    return names


def line_of(gate: Gate, names: dict[Slot, str], wires: Iterable[str] | None = None) -> str:
    """One gate as a statement; `wires` names its qubits, `q[n]` when left out."""
    where = ", ".join(wires if wires is not None else (f"q[{wire}]" for wire in gate.wires))
    if gate.name == "Unitary":
        return f"#pragma braket unitary({matrix_text(gate.matrix)}) {where}"
    if gate.name in ("State", "Amplitudes"):
        return f"#pragma braket unitary({matrix_text(_preparing(gate))}) {where}"
    definition = definition_of(gate)
    name = ALIKE.get(gate.name) or MODIFIED.get(gate.name) or (definition and name_of(definition))
    if not name:
        raise ProgramError(
            f"{gate.name} on wires {gate.wires} is no gate that the bridge to Braket knows. Write it as a Unitary."
        )
    angles = f"({', '.join(angle_text(angle, names) for angle in gate.angles)})" if gate.angles else ""
    return f"{name}{angles} {where};"


def angle_text(angle: Angle, names: dict[Slot, str]) -> str:
    """An angle as an expression, numbers to their last bit.

    Example:
        >>> from qml.circuits import input_slot
        >>> angle_text(0.5 - 0.1 * input_slot(0) ** 2, {Slot("input", 0): "x_0"})
        '0.5 + -0.1*x_0*x_0'
    """
    parts = [repr(angle.constant)] if angle.constant or not angle.terms else []
    for coefficient, slots in angle.terms:
        product = "*".join(names[slot] for slot in slots)
        parts.append(product if coefficient == 1.0 else f"{coefficient!r}*{product}")
    return " + ".join(parts)


def matrix_text(rows: Sequence[Sequence[complex]]) -> str:
    """Rows of complex numbers as the pragmas of Braket take them.

    Example:
        >>> matrix_text([[1, -0.5j]])
        '[[1.0, 0.0-0.5im]]'
    """
    return "[" + ", ".join("[" + ", ".join(map(_complex_text, row)) + "]" for row in rows) + "]"


def _complex_text(value: complex) -> str:
    value = complex(value) + 0  # no negative zero
    if not value.imag:
        return repr(float(value.real))
    return f"{float(value.real)!r}{float(value.imag):+}im" if abs(value.imag) >= 1e-300 else repr(float(value.real))


def _preparing(gate: Gate) -> list[list[complex]]:
    """A unitary whose first column is the state that a preparation makes of zeros."""
    if any(angle.terms for angle in gate.angles):
        raise ProgramError(
            f"Amplitudes on wires {gate.wires} depend on inputs or weights; Braket has no gate that prepares a state "
            f"not known yet. Bind them first: program.bind({{...}})."
        )
    column = GATES[gate.name].matrix(gate, np.array([angle.constant for angle in gate.angles]))
    size = len(column)
    basis, triangle = np.linalg.qr(np.concatenate([column, np.eye(size)[:, : size - 1]], axis=1) + 0j)
    if abs(abs(np.linalg.det(basis)) - 1) > 1e-9 or abs(abs(triangle[0, 0]) - 1) > 1e-9:
        raise ProgramError(f"The amplitudes on wires {gate.wires} are no unit vector.")
    basis[:, 0] = column[:, 0]
    return basis.tolist()
