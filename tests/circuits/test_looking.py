"""What is said about a Program without running it: drawings, resources, frequencies."""

import xml.etree.ElementTree as ET

import numpy as np
import pytest
from hypothesis import given, settings

from qml.base.errors import ProgramError
from qml.circuits import (
    CIRCUITS,
    Circuit,
    Gate,
    Probabilities,
    Program,
    Slot,
    angle,
    as_svg,
    as_text,
    basic,
    frequencies,
    input_slot,
    iqp,
    pauli_sum,
    resources,
    sel,
    weight_slot,
)
from qml.circuits.bridges.pennylane import to_qnode
from qml.circuits.readout import Expectations
from tests.programs import programs

GHZ = """\
ghz: 3 qubits, 5 gates, 1 inputs, 0 weights, 3 expectation values
0: ─H─╭●────╭●─╭x─┤ <Z>
1: ─H─╰X─╭●─│──│──┤ <Z>
2: ──────╰X─╰Z─╰x─┤ <Z>"""


def test_text():
    circuit = Circuit(3).h(0).cnot([0, 1]).cnot([1, 2]).cz([0, 2]).swap([0, 2])
    text = as_text(circuit.build(n_inputs=1, name="ghz"))
    assert text == GHZ.replace("1: ─H─", "1: ───")
    assert str(circuit.build(n_inputs=1, name="ghz")) == text


def test_text_of_many_kinds():
    circuit = Circuit(4).toffoli([3, 1, 0]).add("CSWAP", [1, 0, 3]).pauli_rot([0, 2], "XY", 2 * input_slot(0) - 1)
    circuit.unitary([3, 2], np.eye(4)).add("Tdg", 1)
    observables = Expectations((pauli_sum("Z0 Z1"), pauli_sum("Y3"), pauli_sum("0.5 Z3")))
    lines = as_text(circuit.build(observables)).splitlines()
    assert lines[1] == "0: ─╭X─╭x─╭RX(-1 + 2*x0)────┤ <0>"
    assert lines[4] == "3: ─╰●─╰x────────────────╭U─┤ <Y> <2>".replace("╭U", "╰U")
    assert as_text(Program(2, readout=Probabilities((1,)))).splitlines()[1:] == ["0: ─┤", "1: ─┤ Probs"]


@pytest.mark.parametrize("width", [60, 120, 200])
def test_wide_and_deep_circuits_are_cut_and_counted(width):
    lines = as_text(sel(40, 3), width=width, max_wires=10).splitlines()
    assert max(map(len, lines[1:-1])) <= width
    assert "(31 wires)" in lines[6]
    assert "columns left out" in lines[-1]
    assert "⋯" in lines[1]


@settings(max_examples=40, deadline=None)
@given(programs(max_qubits=6, max_gates=40))
def test_every_program_can_be_drawn(program):
    lines = as_text(program).splitlines()
    assert len({len(line.partition("┤")[0]) for line in lines[1 : program.n_qubits + 1]}) == 1
    ET.fromstring(as_svg(program, max_columns=8, max_wires=4))
    ET.fromstring(program._repr_html_())


def test_html_escapes_and_stays_small():
    program = Program(1, name="<script>")
    assert "<script>" not in program._repr_html_()
    assert len(CIRCUITS["sel"](30, 50)._repr_html_()) < 400_000


def test_resources():
    program = CIRCUITS["sel"](4, 2)
    found = resources(program)
    assert dict(found.gates) == {"RY": 4, "Rot": 8, "CNOT": 8}
    assert (found.n_gates, found.n_two_qubit, found.n_wider) == (20, 8, 0)
    assert (found.n_turns, found.depth) == (28, 9)
    assert (found.inputs_used, found.weights_unused) == (tuple(range(4)), ())
    assert "8 on two wires" in str(found)


def test_resources_of_odd_programs():
    program = Program(3, (Gate("CRX", (0, 1), (weight_slot(2),)), Gate("CCZ", (0, 1, 2))), n_inputs=2, n_weights=4)
    found = resources(program)
    assert (found.inputs_unused, found.weights_used, found.weights_unused) == ((0, 1), (2,), (0, 1, 3))
    assert (found.n_turns, found.n_wider, found.depth) == (2, 1, 2)
    assert "5 slots are unused" in str(found)
    empty = resources(Program(2))
    assert (empty.depth, empty.n_gates, empty.n_turns) == (0, 0, 0)


def test_frequencies_of_known_circuits():
    assert frequencies(angle(2) + basic(2)) == {0: (0.0, 1.0), 1: (0.0, 1.0)}
    assert frequencies(CIRCUITS["angle"](2, 3))[1] == (0.0, 1.0, 2.0, 3.0)
    assert frequencies(angle(1, scale=0.5) + basic(1) + angle(1, scale=3))[0] == (0.0, 0.5, 2.5, 3.0, 3.5)
    assert frequencies(sel(2)) == {}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("CRX", (0.0, 0.5, 1.0)),
        ("ControlledPhaseShift", (0.0, 1.0)),
        ("SingleExcitation", (0.0, 0.5, 1.0)),
        ("FermionicSWAP", (0.0, 1.0)),
        ("IsingXY", (0.0, 0.5, 1.0)),
        ("PSWAP", (0.0, 1.0)),
        ("IsingZZ", (0.0, 1.0)),
    ],
)
def test_frequencies_of_gates_are_differences_of_eigenvalues(name, expected):
    program = Program(2, (Gate(name, (0, 1), (input_slot(0),)),), n_inputs=1)
    assert frequencies(program)[0] == expected


def test_values_have_no_other_frequencies():
    program = CIRCUITS["angle"](2, 2) + Program(2, (Gate("CRY", (1, 0), (input_slot(0),)),), n_inputs=1)
    found = np.array(frequencies(program)[0])
    np.testing.assert_array_equal(found, np.arange(0, 3.1, 0.5))
    n_points = 64
    inputs = np.zeros((n_points, 2))
    inputs[:, 0] = 4 * np.pi * np.arange(n_points) / n_points
    values = to_qnode(program)(inputs, np.random.default_rng(0).uniform(0, 6, program.n_weights))
    spectrum = np.abs(np.fft.rfft(values[:, 0])) / n_points
    assert set(np.flatnonzero(spectrum > 1e-12) / 2) <= set(found)
    assert spectrum[6] > 1e-4


def test_what_has_no_frequencies_is_refused_until_it_is_bound():
    program = iqp(2)
    with pytest.raises(ProgramError, match="product of slots"):
        frequencies(program)
    assert set(frequencies(program.bind({Slot("input", 1): 0.5}))) == {0}
    with pytest.raises(ProgramError, match="as an amplitude"):
        frequencies(Circuit(1).amplitudes(0, [input_slot(0), 1]).build())
