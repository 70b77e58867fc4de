"""Random Programs over the whole gate table, every form of angle, every readout: what other tests are asked about.

program = random_program(np.random.default_rng(0), n_qubits=4, n_gates=12)
inputs_BD, weights_P = random_values(rng, program, batch=3)
missing = ALL_FEATURES - coverage(programs)          # empty when a list of programs covers everything
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from hypothesis import strategies as st
from scipy.stats import unitary_group

from qml.circuits.angle import Angle, input_slot, weight_slot
from qml.circuits.gate import Gate
from qml.circuits.gates import GATES, PREPARATIONS
from qml.circuits.program import Program
from qml.circuits.readout import Expectations, PauliSum, Probabilities, z_each

GATE_NAMES = tuple(name for name in GATES if name not in PREPARATIONS)
ANGLE_FORMS = (
    "constant",
    "input",
    "weight",
    "affine",
    "sum",
    "input*input",
    "input*weight",
    "weight*weight",
)
READOUT_FORMS = ("z_each", "z_words", "pauli_words", "sums", "probabilities")
PREPARATION_FORMS = ("none", "Amplitudes", "State", "several")
SLOT_FORMS = ("unused input", "unused weight", "repeated input", "repeated weight")
ALL_FEATURES = frozenset(GATES) | {f"angle {f}" for f in ANGLE_FORMS} | {f"readout {f}" for f in READOUT_FORMS}
ALL_FEATURES |= frozenset(SLOT_FORMS)


def random_program(
    rng: np.random.Generator,
    n_qubits: int,
    n_gates: int,
    *,
    n_inputs: int = 3,
    n_weights: int = 5,
    names: Iterable[str] | None = None,
    readout: str | None = None,
    preparation: str | None = None,
) -> Program:
    """A Program with `n_gates` gates drawn with `rng`.

    `names` are rows of the table that come first (those too wide for `n_qubits` are left out), the rest is
    drawn from the whole table. `readout` and `preparation` are members of READOUT_FORMS and
    PREPARATION_FORMS, drawn when left out (three of four without preparation).
    """
    first = [name for name in names or () if (GATES[name].n_wires or 1) <= n_qubits]
    fitting = [name for name in GATE_NAMES if (GATES[name].n_wires or 1) <= n_qubits]
    chosen = [*first, *(str(rng.choice(fitting)) for _ in range(n_gates - len(first)))]
    preparation = preparation or str(rng.choice(PREPARATION_FORMS, p=[0.7, 0.1, 0.1, 0.1]))
    gates = _preparations(rng, preparation, n_qubits, n_inputs, n_weights)
    gates += [_gate(rng, name, n_qubits, n_inputs, n_weights) for name in chosen]
    form = readout or str(rng.choice(READOUT_FORMS))
    return Program(n_qubits, tuple(gates), _readout(rng, form, n_qubits), n_inputs, n_weights)


def random_programs(
    seed: int,
    count: int,
    max_qubits: int = 6,
    max_gates: int = 20,
    *,
    readout: str | None = None,
    preparation: str | None = None,
) -> list[Program]:
    """`count` Programs of 4 to `max_gates` gates that go round the table, the readouts and 1..max_qubits in turn.

    With 120 of them and neither `readout` nor `preparation` given, `coverage` is all of ALL_FEATURES.
    """
    rng = np.random.default_rng(seed)
    programs = []
    for number in range(count):
        names = [GATE_NAMES[(3 * number + k) % len(GATE_NAMES)] for k in range(3)]
        n_qubits = 1 + number % max_qubits
        n_gates = int(rng.integers(4, max_gates + 1))
        reading = readout or READOUT_FORMS[number % len(READOUT_FORMS)]
        preparing = preparation or PREPARATION_FORMS[number % 11 if number % 11 < 4 else 0]
        programs.append(random_program(rng, n_qubits, n_gates, names=names, readout=reading, preparation=preparing))
    return programs


def random_values(rng: np.random.Generator, program: Program, batch: int, *, row_weights: bool = False):
    """Inputs `(B, D)` and weights `(P,)`, or `(B, P)` with `row_weights`, in float64, of size about one."""
    inputs = rng.normal(size=(batch, program.n_inputs))
    weights = rng.uniform(-np.pi, np.pi, size=(batch, program.n_weights) if row_weights else program.n_weights)
    return inputs, weights


@st.composite
def programs(draw, max_qubits: int = 4, max_gates: int = 10, **options) -> Program:
    """Hypothesis strategy of `random_program`."""
    n_qubits = draw(st.integers(1, max_qubits))
    n_gates = draw(st.integers(0, max_gates))
    return random_program(np.random.default_rng(draw(st.integers(0, 2**32 - 1))), n_qubits, n_gates, **options)


def coverage(programs: Iterable[Program]) -> set[str]:
    """Which of ALL_FEATURES the Programs have."""
    found: set[str] = set()
    for program in programs:
        found.update(gate.name for gate in program.gates)
        angles = [angle for gate in program.gates for angle in gate.angles]
        found.update(f"angle {_form_of(angle)}" for angle in angles)
        found.add(f"readout {_readout_form_of(program)}")
        for kind, size in (("input", program.n_inputs), ("weight", program.n_weights)):
            used = [s.index for angle in angles for t in angle.terms for s in t.slots if s.kind == kind]
            found.update({f"unused {kind}"} if len(set(used)) < size else set())
            found.update({f"repeated {kind}"} if len(set(used)) < len(used) else set())
    return found


def _angle(rng: np.random.Generator, n_inputs: int, n_weights: int, form: str | None = None) -> Angle:
    form = form or str(rng.choice(ANGLE_FORMS))

    def slot(kind: str) -> Angle:
        n_slots, make = (n_inputs, input_slot) if kind == "input" else (n_weights, weight_slot)
        return make(int(rng.integers(n_slots))) if n_slots else Angle(float(rng.normal()))

    def number() -> float:
        return float(rng.uniform(0.2, 1.5) * rng.choice([-1, 1]))

    either = str(rng.choice(["input", "weight"]))
    match form:
        case "constant":
            quarter = float(rng.integers(-4, 5)) * np.pi / 2
            return Angle(quarter if rng.random() < 0.3 else number())
        case "input" | "weight":
            return slot(form)
        case "affine":
            return number() * slot(either) + number()
        case "sum":
            if rng.random() < 0.3:  # nothing but slots, which the engine might take for a column of its own
                return slot(either) + slot(either)
            return number() * slot("input") + number() * slot("weight") + number()
        case product:
            left, right = product.split("*")
            return number() * slot(left) * slot(right) + (number() if rng.random() < 0.5 else 0.0)


def _wires(rng: np.random.Generator, n_qubits: int, n_wires: int) -> tuple[int, ...]:
    return tuple(int(wire) for wire in rng.permutation(n_qubits)[:n_wires])


def _gate(rng: np.random.Generator, name: str, n_qubits: int, n_inputs: int, n_weights: int) -> Gate:
    row = GATES[name]
    most = 3 if name == "Unitary" else 4
    wires = _wires(rng, n_qubits, row.n_wires or int(rng.integers(1, min(n_qubits, most) + 1)))
    angles = tuple(_angle(rng, n_inputs, n_weights) for _ in range(row.n_angles or 0))
    word = "".join(rng.choice(list("IXYZ"), size=len(wires))) if row.takes == "word" else ""
    matrix = unitary_group.rvs(2 ** len(wires), random_state=rng) if row.takes == "matrix" else ()
    return Gate(name, wires, angles, word, matrix)


def _preparations(rng: np.random.Generator, form: str, n_qubits: int, n_inputs: int, n_weights: int) -> list[Gate]:
    if form == "none":
        return []
    sizes = [int(rng.integers(1, min(n_qubits, 3) + 1))]
    if form == "several" and sizes[0] < n_qubits:
        sizes.append(int(rng.integers(1, min(n_qubits - sizes[0], 2) + 1)))
    names = {"several": ["Amplitudes", "State"]}.get(form, [form])
    wires = _wires(rng, n_qubits, sum(sizes))
    gates, start = [], 0
    for size, name in zip(sizes, names, strict=False):
        mine, start = wires[start : start + size], start + size
        if name == "State":
            state = rng.normal(size=2**size) + 1j * rng.normal(size=2**size)
            gates.append(Gate("State", mine, matrix=((state / np.linalg.norm(state)).tolist(),)))
        else:
            forms = ["constant", "input", "weight", "affine", "input*weight"]
            angles = [_angle(rng, n_inputs, n_weights, str(rng.choice(forms))) for _ in range(2**size)]
            angles[0] = _angle(rng, n_inputs, n_weights, "affine")
            gates.append(Gate("Amplitudes", mine, tuple(angles)))
    return gates


def _readout(rng: np.random.Generator, form: str, n_qubits: int):
    def word(letters: str):
        wires = _wires(rng, n_qubits, int(rng.integers(1, min(n_qubits, 3) + 1)))
        return tuple((wire, str(rng.choice(list(letters)))) for wire in wires)

    count = int(rng.integers(1, 5))
    match form:
        case "z_each":
            return z_each(range(n_qubits))
        case "probabilities":
            return Probabilities(_wires(rng, n_qubits, int(rng.integers(1, n_qubits + 1))))
        case "z_words":
            return Expectations(tuple(PauliSum(((1.0, word("Z")),)) for _ in range(count)))
        case "pauli_words":
            return Expectations(tuple(PauliSum(((float(rng.normal()), word("XYZ")),)) for _ in range(count)))
    sums = []
    for _ in range(count):
        terms = [(float(rng.normal()), word("XYZ")) for _ in range(int(rng.integers(2, 5)))]
        sums.append(PauliSum(((float(rng.normal()), ()), *terms)))
    return Expectations(tuple(sums))


def _form_of(angle: Angle) -> str:
    if not angle.terms:
        return "constant"
    if len(angle.terms) > 1:
        return "sum"
    term = angle.terms[0]
    if len(term.slots) == 1:
        plain = term.coefficient == 1.0 and angle.constant == 0.0
        return term.slots[0].kind if plain else "affine"
    return "*".join(slot.kind for slot in term.slots)


def _readout_form_of(program: Program) -> str:
    readout = program.readout
    if isinstance(readout, Probabilities):
        return "probabilities"
    if readout == z_each(range(program.n_qubits)):
        return "z_each"
    if any(len(observable.terms) > 1 for observable in readout.observables):
        return "sums"
    letters = {letter for observable in readout.observables for _, word in observable.terms for _, letter in word}
    return "z_words" if letters == {"Z"} else "pauli_words"
