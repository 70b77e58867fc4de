"""Which gate of Braket's OpenQASM is which row of the gate table, and definitions of rows that it has no gate for."""

from __future__ import annotations

from itertools import pairwise

from qml.circuits.gate import Gate

ALIKE: dict[str, str] = {
    "Identity": "i",
    "Hadamard": "h",
    "PauliX": "x",
    "PauliY": "y",
    "PauliZ": "z",
    "S": "s",
    "Sdg": "si",
    "T": "t",
    "Tdg": "ti",
    "SX": "v",
    "SXdg": "vi",
    "RX": "rx",
    "RY": "ry",
    "RZ": "rz",
    "PhaseShift": "phaseshift",
    "U3": "U",
    "CNOT": "cnot",
    "CY": "cy",
    "CZ": "cz",
    "ControlledPhaseShift": "cphaseshift",
    "CPhaseShift00": "cphaseshift00",
    "CPhaseShift01": "cphaseshift01",
    "CPhaseShift10": "cphaseshift10",
    "Toffoli": "ccnot",
    "CSWAP": "cswap",
    "SWAP": "swap",
    "ISWAP": "iswap",
    "PSWAP": "pswap",
    "ECR": "ecr",
    "IsingXX": "xx",
    "IsingYY": "yy",
    "IsingZZ": "zz",
    "IsingXY": "xy",
}
"""Rows whose matrix is that of a gate of Braket on the same qubits in the same order, angles in the same order."""

ROW_OF: dict[str, str] = {name: row for row, name in ALIKE.items()}

MODIFIED: dict[str, str] = {
    "CH": "ctrl @ h",
    "CRX": "ctrl @ rx",
    "CRY": "ctrl @ ry",
    "CRZ": "ctrl @ rz",
    "CCZ": "ctrl @ cz",
    "ISWAPdg": "inv @ iswap",
}
"""Rows that are a gate of Braket behind a modifier of OpenQASM 3."""

_FIXED: dict[str, str] = {
    "U1": "gate u1(a) q { phaseshift(a) q; }",
    "U2": "gate u2(a, b) q { U(pi/2, a, b) q; }",
    "Rot": "gate rot(a, b, c) q { rz(a) q; ry(b) q; rz(c) q; }",
    "CRot": "gate crot(a, b, c) p, q { ctrl @ rz(a) p, q; ctrl @ ry(b) p, q; ctrl @ rz(c) p, q; }",
    "SISWAP": "gate siswap p, q { xy(pi/2) p, q; }",
    "SISWAPdg": "gate siswapdg p, q { xy(-pi/2) p, q; }",
    "SingleExcitation": "gate givens(a) p, q { si p; xy(-a) p, q; s p; }",
    "SingleExcitationPlus": "gate givens_plus(a) p, q { si p; xy(-a) p, q; s p; zz(-a/2) p, q; gphase(a/4); }",
    "SingleExcitationMinus": "gate givens_minus(a) p, q { si p; xy(-a) p, q; s p; zz(a/2) p, q; gphase(-a/4); }",
    "FermionicSWAP": "gate fswap(a) p, q { xx(a/2) p, q; yy(a/2) p, q; rz(a/2) p; rz(a/2) q; gphase(a/2); }",
}
_BEFORE = {"X": "h {0}; ", "Y": "si {0}; h {0}; ", "Z": ""}
_BEHIND = {"X": "h {0}; ", "Y": "h {0}; s {0}; ", "Z": ""}


def name_of(definition: str) -> str:
    """The name that a `gate` definition defines.

    Example:
        >>> name_of("gate u1(a) q { phaseshift(a) q; }")
        'u1'
    """
    return definition.removeprefix("gate ").replace("(", " ").split()[0]


def definition_of(gate: Gate) -> str | None:
    """The `gate` definition that a row without a counterpart needs; None where it needs none.

    Example:
        >>> definition_of(Gate("MultiRZ", (0, 1), (0.5,)))
        'gate rotation_zz(a) q0, q1 { cnot q0, q1; rz(a) q1; cnot q0, q1; }'
    """
    if gate.name == "MultiRZ":
        return _rotation("Z" * len(gate.wires), "multirz" if len(gate.wires) == 1 else "rotation")
    if gate.name == "PauliRot":
        return _rotation(gate.word, "paulirot")
    return _FIXED.get(gate.name)


def row_of_definition(definition: str) -> Gate | None:
    """The row, as a gate without wires and angles, that a definition of this table defines; None for any other."""
    name = name_of(definition)
    if definition in _ROWS:
        return Gate(_ROWS[definition], ())
    for prefix, row in (("multirz_", "MultiRZ"), ("rotation_", "MultiRZ"), ("paulirot_", "PauliRot")):
        word = name.removeprefix(prefix).upper()
        if name.startswith(prefix) and word and not set(word) - set("IXYZ"):
            same = definition == _rotation(word, prefix[:-1])
            return Gate(row, (), word=word if row == "PauliRot" else "") if same else None
    return None


def _rotation(word: str, prefix: str) -> str:
    """exp(-i a/2 word) between changes of basis and a ladder of controlled flips."""
    wires = [f"q{place}" for place in range(len(word))]
    acting = [(wire, letter) for wire, letter in zip(wires, word, strict=True) if letter != "I"]
    head = f"gate {prefix}_{word.lower()}(a) {', '.join(wires)} {{ "
    if not acting:
        return head + "gphase(-a/2); }"
    ladder = [f"cnot {left}, {right}; " for (left, _), (right, _) in pairwise(acting)]
    body = [_BEFORE[letter].format(wire) for wire, letter in acting]
    body += [*ladder, f"rz(a) {acting[-1][0]}; ", *reversed(ladder)]
    body += [_BEHIND[letter].format(wire) for wire, letter in acting]
    return head + "".join(body) + "}"


_ROWS = {text: row for row, text in _FIXED.items()}
