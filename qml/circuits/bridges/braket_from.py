"""OpenQASM 3 in the dialect of Amazon Braket as Programs; text only, its SDK is not needed."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from qml.base.errors import ProgramError
from qml.circuits.angle import Angle, input_slot, weight_slot
from qml.circuits.bridges.braket_gates import ROW_OF, row_of_definition
from qml.circuits.bridges.braket_modifiers import modified
from qml.circuits.bridges.braket_text import Statement, angle_of, arguments, complex_of, statements
from qml.circuits.gate import Gate
from qml.circuits.gates import GATES
from qml.circuits.program import Program
from qml.circuits.readout import Expectations, PauliSum, Probabilities, Readout, pauli_word

_INPUT = re.compile(r"input (?:float|angle) ?(?:\[\d+\])? ?(\w+)")
_REGISTER = re.compile(r"qubit ?(?:\[(\d+)\])? ?(\w+)")
_MEASURED = re.compile(r"(?:(?:bit ?(?:\[[^\]]*\])? ?)?\w+ ?(?:\[[^\]]*\])? ?= ?)?measure ([^;>-]+?)(?: ?-> ?.*)?")
_CALL = re.compile(r"(\w+) ?(\(.*\))? ?([^()]*)")
_MODIFIER = re.compile(r"(ctrl|negctrl|inv|pow)(?: ?\(([^()]*)\))? ?@ ?(.*)")
_DEFINITION = re.compile(r"gate (\w+) ?(?:\(([^()]*)\))? ?(.*)")
_RESULT = re.compile(r"braket result (\w+) ?(.*)")
_UNITARY = re.compile(r"braket unitary ?\((.*)\) ?(.*)")
_LETTER = re.compile(r"([xyzi]) ?\( ?([^()]*) ?\)")
_QUARTER = Angle(math.pi / 2)
_IGNORED = ("OPENQASM", "bit", "barrier", "box")


def from_braket_qasm(
    text: str,
    input_params: Iterable[str] | None = None,
    weight_params: Iterable[str] | None = None,
    *,
    readout: Readout | None = None,
) -> Program:
    """The Program of OpenQASM 3 text as Amazon Braket writes and reads it.

    Its gates, `gate` definitions, modifiers and unitary pragmas are read, registers one behind another and physical
    qubits `$n` by their number; measurements behind the last gate of their qubits are left out. A global phase is a
    rotation about the identity at the end.

    Args:
        text: the program text.
        input_params: names of the `input` declarations that are data, in order; by default those called `x_<number>`,
            in the slot of that number, as `to_braket_qasm` writes them.
        weight_params: names of those that are trained; by default those called `w_<number>`.
        readout: what the Program returns; left out, the pragmas `result expectation` of Pauli words, in order, or one
            `result probability`; without these <Z> of each wire.

    Raises:
        ProgramError: what is no circuit of gates: loops, noise, resets, a gate behind a measurement of its qubit; an
            `include`, which Braket does not take (`qml.circuits.bridges.qiskit.from_openqasm` reads such texts);
            `adjoint_gradient`, for which the local simulator returns the value in place of the gradient; a name that
            is not known.

    Example:
        >>> program = from_braket_qasm("OPENQASM 3.0; input float x_0; qubit[2] q; rx(x_0/2) q[0]; cnot q[0], q[1];")
        >>> [gate.name for gate in program.gates], program.n_inputs
        (['RX', 'CNOT'], 1)
    """
    reader = _Reader()
    found = statements(text)
    declared = [match.group(1) for statement in found if (match := _INPUT.fullmatch(statement.head))]
    inputs = _numbered("input_params", input_params, "x", declared)
    weights = _numbered("weight_params", weight_params, "w", declared)
    reader.known = {name: input_slot(index) for name, index in inputs.items()}
    reader.known |= {name: weight_slot(index) for name, index in weights.items()}
    for statement in found:
        reader.read(statement)
    gates = [gate for gate in reader.gates if not _is_phase(gate)]
    phase = sum((gate.angles[0] for gate in reader.gates if _is_phase(gate)), Angle())
    n_qubits = max([reader.n_qubits, *(1 + wire for gate in gates for wire in gate.wires)], default=0)
    if not n_qubits:
        raise ProgramError("The OpenQASM text has no qubits; declare them, such as `qubit[2] q;`.")
    if phase != Angle():
        gates.append(Gate("PauliRot", (0,), (phase,), word="I"))
    n_inputs, n_weights = max(inputs.values(), default=-1) + 1, max(weights.values(), default=-1) + 1
    return Program(n_qubits, tuple(gates), readout or reader.readout, n_inputs, n_weights)  # pyright: ignore


def _is_phase(gate: Gate) -> bool:
    """A phase of the whole circuit; a rotation about the identity that was written as one keeps its place."""
    return gate.name == "PauliRot" and not gate.wires


def _numbered(what: str, names: Iterable[str] | None, letter: str, declared: list[str]) -> dict[str, int]:
    """The slot of each name."""
    if names is None:
        return {name: int(name[2:]) for name in declared if re.fullmatch(rf"{letter}_\d+", name)}
    names = list(names)
    if missing := [name for name in names if name not in declared]:
        raise ProgramError(f"{what} names {missing}, which the text does not declare; it declares {sorted(declared)}.")
    return {name: place for place, name in enumerate(names)}


@dataclass
class _Reader:
    """What was read so far."""

    known: dict[str, Angle] = field(default_factory=dict)
    registers: dict[str, range] = field(default_factory=dict)
    definitions: dict[str, Statement] = field(default_factory=dict)
    gates: list[Gate] = field(default_factory=list)
    words: list[PauliSum] = field(default_factory=list)
    probabilities: Probabilities | None = None
    measured: set[int] = field(default_factory=set)

    @property
    def n_qubits(self) -> int:
        return sum(map(len, self.registers.values()))

    @property
    def readout(self) -> Readout | None:
        if self.words and self.probabilities:
            raise ProgramError("The text asks for expectations and for probabilities; a Program returns one of them.")
        return Expectations(tuple(self.words)) if self.words else self.probabilities

    def read(self, statement: Statement) -> None:
        head = statement.head
        if statement.pragma:
            self._pragma(head)
        elif head.startswith("include"):
            raise ProgramError(
                f"Braket takes no {head!r}. A text with `include` is read by "
                f"qml.circuits.bridges.qiskit.from_openqasm; to_braket_qasm writes the Program for Braket."
            )
        elif head.startswith("gate ") and statement.body is not None:
            self.definitions[_matched(_DEFINITION, head).group(1)] = statement
        elif statement.body is not None and head == "box":
            for inner in statement.body:
                self.read(inner)
        elif statement.body is not None:
            raise ProgramError(f"A Program is a circuit of gates; the text has {head!r} with a body.")
        elif match := _REGISTER.fullmatch(head):
            start = self.n_qubits
            self.registers[match.group(2)] = range(start, start + int(match.group(1) or 1))
        elif match := _MEASURED.fullmatch(head):
            self.measured |= set(self._wires(match.group(1)))
        elif not (_INPUT.fullmatch(head) or re.split(r"[^\w]", head)[0] in _IGNORED):
            self._add(head, self._called(head, self.known, self._wires))

    def _add(self, head: str, gates: list[Gate]) -> None:
        """Gates at the end, where no qubit of theirs was measured."""
        again = sorted(self.measured & {wire for gate in gates for wire in gate.wires})
        if again:
            raise ProgramError(
                f"{head!r} follows a measurement of qubit {again[0]}; a Program reads at the end only. Move the "
                "measurement behind the last gate, or leave it out."
            )
        self.gates += gates

    def _pragma(self, head: str) -> None:
        if match := _UNITARY.fullmatch(head):
            rows = arguments(match.group(1).strip()[1:-1])
            matrix = tuple(tuple(map(complex_of, arguments(row.strip()[1:-1]))) for row in rows)
            self._add(head, [Gate("Unitary", self._wires(match.group(2)), matrix=matrix)])
        elif match := _RESULT.fullmatch(head):
            self._result(match.group(1), match.group(2))
        elif head != "braket verbatim":
            raise ProgramError(f"A Program is a circuit of gates; the bridge from Braket does not read {head!r}.")

    def _result(self, kind: str, text: str) -> None:
        if kind == "adjoint_gradient":
            raise ProgramError(
                "The text asks for adjoint_gradient, for which Braket's local simulator returns the expectation value "
                "in place of the gradient. Leave it out: qml differentiates Programs by itself."
            )
        if kind == "probability":
            everything = tuple(range(self.n_qubits))
            self.probabilities = Probabilities(self._wires(text) if text not in ("", "all") else everything)
            return
        factors = [_LETTER.fullmatch(factor.strip()) for factor in text.split("@")]
        if kind != "expectation" or not all(factors):
            raise ProgramError(
                f"A Program returns expectations of Pauli words and probabilities; got {kind} {text!r}. "
                f"Hand in `readout=` and leave the pragma out."
            )
        letters = [(wire, match.group(1).upper()) for match in factors if match for wire in self._wires(match.group(2))]
        self.words.append(PauliSum(((1.0, pauli_word(letters)),)))

    def _wires(self, text: str) -> tuple[int, ...]:
        """Wires of `q[0], q[1]`, `$0`, or of a whole register."""
        wires: list[int] = []
        for part in arguments(text):
            match = re.fullmatch(r"\$(\d+)|(\w+) ?(?:\[ ?(\d+) ?\])?", part)
            if match and match.group(1):
                wires.append(int(match.group(1)))
            elif match and match.group(2) in self.registers:
                register = self.registers[match.group(2)]
                place = match.group(3)
                if place is not None and int(place) >= len(register):
                    raise ProgramError(f"The text names qubit {part!r}; the register has {len(register)} qubits.")
                wires += register if place is None else [register[int(place)]]
            else:
                raise ProgramError(f"The text names the qubit {part!r}, which it does not declare.")
        return tuple(wires)

    def _called(self, head: str, known: dict[str, Angle], wires_of) -> list[Gate]:
        """The gates of one call."""
        if match := _MODIFIER.fullmatch(head):
            word, number, rest = match.groups()
            return self._modified(word, number, rest, known, wires_of)
        match = _matched(_CALL, head)
        name, wires = match.group(1), wires_of(match.group(3))
        angles = tuple(angle_of(part, known) for part in arguments((match.group(2) or "()")[1:-1]))
        if name in self.definitions:
            return self._expanded(self.definitions[name], angles, wires)
        if name == "gphase":
            return [Gate("PauliRot", (), tuple(-2 * angle for angle in angles), word="I")]
        if name in _TURNED:
            return _TURNED[name](wires, *angles)
        if name not in ROW_OF:
            raise ProgramError(
                f"The text calls {name!r}, which is no gate of Braket that the bridge knows. Known: "
                f"{', '.join(sorted([*ROW_OF, *_TURNED]))}."
            )
        row = GATES[ROW_OF[name]]
        if row.n_wires == 1 and len(wires) > 1:
            return [Gate(row.name, (wire,), angles) for wire in wires]
        return [Gate(row.name, wires, angles)]

    def _modified(self, word: str, number: str | None, rest: str, known: dict[str, Angle], wires_of) -> list[Gate]:
        if word in ("inv", "pow"):
            modifier = word if word == "inv" else f"pow({number})"
            return modified(self._called(rest, known, wires_of), modifier, ())
        n_controls = int(number or 1)
        text = _operands(rest)
        operands = arguments(text)
        head = rest[: len(rest) - len(text)] + ", ".join(operands[n_controls:])
        controls = tuple(wire for operand in operands[:n_controls] for wire in wires_of(operand))
        return modified(self._called(head, known, wires_of), word, controls)

    def _expanded(self, definition: Statement, angles: tuple[Angle, ...], wires: tuple[int, ...]) -> list[Gate]:
        """A call of a gate that the text defines: the row whose definition it is, or its body."""
        row = row_of_definition(definition.text)
        if row is not None:
            return [Gate(row.name, wires, angles, word=row.word)]
        name, parameters, qubits = _matched(_DEFINITION, definition.head).groups()
        names, places = arguments(parameters or ""), arguments(qubits)
        if len(names) != len(angles) or len(places) != len(wires):
            raise ProgramError(
                f"The text calls {name!r} with {len(angles)} angles and {len(wires)} qubits; its definition takes "
                f"{len(names)} and {len(places)}."
            )
        wire_of = dict(zip(places, wires, strict=True))
        inner = dict(zip(names, angles, strict=True))
        body = definition.body or ()
        return [
            gate
            for statement in body
            for gate in self._called(statement.head, inner, lambda text: tuple(wire_of[q] for q in arguments(text)))
        ]


def _operands(call: str) -> str:
    """The qubits of a call, as text."""
    while match := _MODIFIER.fullmatch(call):
        call = match.group(3)
    return _matched(_CALL, call).group(3)


def _matched(pattern: re.Pattern, text: str) -> re.Match:
    match = pattern.fullmatch(text)
    if match is None:
        raise ProgramError(f"The statement {text!r} of the OpenQASM text cannot be read.")
    return match


def _prx(wires: tuple[int, ...], theta: Angle, phi: Angle) -> list[Gate]:
    return [Gate("RZ", wires, (-phi,)), Gate("RX", wires, (theta,)), Gate("RZ", wires, (phi,))]


def _gpi(wires: tuple[int, ...], phi: Angle) -> list[Gate]:
    return [Gate("PauliX", wires), Gate("RZ", wires, (2 * phi,))]


def _ms(wires: tuple[int, ...], first: Angle, second: Angle, turn: Angle = _QUARTER) -> list[Gate]:
    left, right = (wires[0],), (wires[1],)
    before = [Gate("RZ", left, (-first,)), Gate("RZ", right, (-second,))]
    return [*before, Gate("IsingXX", wires, (turn,)), Gate("RZ", left, (first,)), Gate("RZ", right, (second,))]


_TURNED = {
    "prx": _prx,
    "gpi": _gpi,
    "gpi2": lambda wires, phi: _prx(wires, _QUARTER, phi),
    "ms": _ms,
    "cv": lambda wires: modified([Gate("SX", wires[1:])], "ctrl", wires[:1]),
}
"""Gates of Braket that are no row of the table, as gates that are."""
