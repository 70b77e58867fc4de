"""The bridge to Braket as text: there and back over the whole table, its own dialect, and refusals; no SDK needed."""

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings

from qml.base.errors import ProgramError
from qml.circuits import GATES, Gate, Probabilities, Program, input_slot, sel, weight_slot
from qml.circuits.bridges.braket import from_braket_qasm, to_braket_qasm
from qml.circuits.bridges.braket_gates import ALIKE, MODIFIED, definition_of
from qml.engine import reference
from tests.circuits.matrices import gates_matrix
from tests.programs import ALL_FEATURES, coverage, programs, random_programs, random_values


def prepares_data(program):
    return any(gate.name == "Amplitudes" and any(angle.terms for angle in gate.angles) for gate in program.gates)


def check_there_and_back(program):
    text = to_braket_qasm(program)
    back = from_braket_qasm(text, readout=program.readout)
    if not any(gate.name in ("State", "Amplitudes") for gate in program.gates):
        assert back.gates == program.gates
    assert (back.n_qubits, back.n_inputs, back.n_weights) == (program.n_qubits, program.n_inputs, program.n_weights)
    inputs, weights = random_values(np.random.default_rng(1), program, 1)
    expected = reference.state(program, inputs[0], weights)  # the global phase included
    np.testing.assert_allclose(reference.state(back, inputs[0], weights), expected, atol=1e-12)


def test_there_and_back_over_the_whole_table():
    chosen = [program for program in random_programs(3, 120, max_qubits=4) if not prepares_data(program)]
    assert ALL_FEATURES - coverage(chosen) <= {"Amplitudes"}
    for program in chosen:
        check_there_and_back(program)


@settings(max_examples=20, deadline=None)
@given(programs(max_qubits=3, preparation="none"))
def test_there_and_back(program):
    check_there_and_back(program)


@pytest.mark.parametrize("name", sorted(set(GATES) - {"State", "Amplitudes", "Unitary"}))
def test_each_definition_has_the_matrix_of_its_row(name):
    """Read as any other text: the definition under another name is not known as ours, and is expanded."""
    row, words = GATES[name], ["XIY", "I", "ZZ"] if name == "PauliRot" else [""]
    for word in words:
        wires = tuple(reversed(range(row.n_wires or len(word) or 3)))
        gate = Gate(name, wires, tuple(np.linspace(0.3, 1.7, row.n_angles or 0)), word)
        text = to_braket_qasm(Program(len(wires), (gate,)))
        if (definition := definition_of(gate)) is not None:
            ours = re.match(r"gate (\w+)", definition).group(1)
            text = re.sub(rf"\b{ours}\b", "another", text)
        back = from_braket_qasm(text)
        assert definition is None or back.gates != (gate,) or word == "I"
        np.testing.assert_allclose(gates_matrix(back.gates, len(wires)), gates_matrix((gate,), len(wires)), atol=1e-12)


def test_the_comparison_can_fail():
    text = to_braket_qasm(Program(2, (Gate("CRX", (0, 1), (0.4,)),)))
    turned = from_braket_qasm(text.replace("q[0], q[1]", "q[1], q[0]"))
    assert np.abs(gates_matrix(turned.gates, 2) - gates_matrix((Gate("CRX", (0, 1), (0.4,)),), 2)).max() > 0.1


def test_every_row_is_written_one_way():
    written = {*ALIKE, *MODIFIED, "PauliRot", "MultiRZ", "Unitary", "State", "Amplitudes"}
    for name in set(GATES) - written:
        assert definition_of(Gate(name, (0,))) is not None, name
    assert not set(ALIKE) & set(MODIFIED)


def test_the_dialect_is_that_of_braket():
    text = to_braket_qasm(sel(12, depth=1))
    assert "include" not in text
    assert "float[" not in text
    assert "cx" not in text
    assert "cnot q[0], q[1];" in text


def test_names_sort_as_numbers():
    program = sel(4, depth=3)
    names = re.findall(r"input float (\w+);", to_braket_qasm(program))
    assert len(names) == program.n_weights == 36
    assert names == sorted(names)
    shuffled = from_braket_qasm(to_braket_qasm(program), weight_params=reversed(names))
    values = np.random.default_rng(0).normal(size=36)
    np.testing.assert_allclose(
        reference.state(shuffled, np.zeros(0), values[::-1]), reference.state(program, np.zeros(0), values), atol=1e-12
    )


@pytest.mark.parametrize(
    "text",
    [
        "qubit[2] measured; x measured[0]; h measured[1];",
        "qubit[2] q; gate measure_then_x a { x a; } measure_then_x q[0]; h q[1];",
        "qubit[2] q; bit[2] b; x q[0]; b[0] = measure q[0]; h q[1]; b[1] = measure q[1];",
        "qubit[2] q; x q[0]; h q[1]; bit[2] b = measure q;",
        "qubit[2] q; bit[2] b; x q[0]; h q[1]; measure q -> b;",
        "qubit[2] q; x q[0]; measure q[0]; measure q[0]; barrier q; h q[1];",
        "bit b; x $0; b = measure $0; h $1;",
    ],
)
def test_only_measurements_behind_the_gates_are_left_out(text):
    text = f"OPENQASM 3.0; {text}"
    assert [(gate.name, gate.wires) for gate in from_braket_qasm(text).gates] == [("PauliX", (0,)), ("Hadamard", (1,))]


@pytest.mark.parametrize(
    "later",
    ["h q[0];", "cnot q[0], q[1];", "h q;", "\n#pragma braket unitary([[0, 1], [1, 0]]) q[0]\n", "box { x q[0]; }"],
)
@pytest.mark.parametrize("read", ["b[0] = measure q[0];", "measure q[0];", "bit[2] c = measure q;", "measure q -> b;"])
def test_gates_behind_a_measurement_are_refused(read, later):
    with pytest.raises(ProgramError, match="follows a measurement of qubit 0"):
        from_braket_qasm(f"OPENQASM 3.0; qubit[2] q; bit[2] b; h q[0]; {read} {later}")


def test_a_branch_on_a_measurement_is_refused():
    for branch in ("if (measure q[0]) x q[1];", "if (b[0]) { x q[1]; }"):
        with pytest.raises(ProgramError):
            from_braket_qasm(f"OPENQASM 3.0; qubit[2] q; bit[2] b; h q[0]; b[0] = measure q[0]; {branch}")


def test_text_of_others():
    text = """
    OPENQASM 3.0;
    input float theta;   // data
    input float[64] phi;
    qubit[2] a; qubit b;
    bit[3] c;
    gate twice(t) p { rx(t) p; rx(t) p; }
    h a;
    #pragma braket verbatim
    box { negctrl @ ctrl @ x a[0], a[1], b; }
    inv @ twice(theta * phi / 2 + pi) b;
    pow(2) @ s a[0];
    ctrl(2) @ z a[0], a[1], b[0];
    prx(theta, 0.3) a[0]; gpi(phi) a[1]; gpi2(0.1) b; ms(0.1, 0.2, 0.3) a[0], b; cv a[0], a[1];
    ctrl @ gphase(0.5) a[0];
    gphase(0.25);
    c[0] = measure a[0];
    #pragma braket result expectation x(a[0]) @ z(b)
    #pragma braket result expectation y(a[1])
    """
    program = from_braket_qasm(text, ["theta"], ["phi"])
    theta, phi = 0.7, -1.1
    x, z, h, s = (GATES[name].matrix(None, ()) for name in ("PauliX", "PauliZ", "Hadamard", "S"))

    def on(matrix, *wires):
        return gates_matrix((Gate("Unitary", wires, matrix=tuple(map(tuple, matrix.tolist()))),), 3)

    def controlled(matrix):
        return np.block([[np.eye(len(matrix)), np.zeros_like(matrix)], [np.zeros_like(matrix), matrix]])

    def turn(word, angle):
        return GATES["PauliRot"].matrix(Gate("PauliRot", tuple(range(len(word))), (angle,), word), (angle,))

    flip = on(x, 0)
    gpi = np.array([[0, np.exp(-1j * phi)], [np.exp(1j * phi), 0]])
    gpi2 = np.array([[1, -1j * np.exp(-0.1j)], [-1j * np.exp(0.1j), 1]]) / np.sqrt(2)
    ax, bx = (np.cos(v) * x + np.sin(v) * GATES["PauliY"].matrix(None, ()) for v in (0.1, 0.2))
    ms = np.cos(0.15) * np.eye(4) - 1j * np.sin(0.15) * np.kron(ax, bx)
    prx = turn("Z", 0.3) @ turn("X", theta) @ turn("Z", -0.3)
    expected = np.exp(0.25j) * on(np.diag([1, np.exp(0.5j)]), 0)
    factors = [on(controlled(GATES["SX"].matrix(None, ())), 0, 1), on(ms, 0, 2), on(gpi2, 2), on(gpi, 1), on(prx, 0)]
    factors += [on(controlled(controlled(z)), 0, 1, 2), on(s @ s, 0), on(turn("X", -2 * (theta * phi / 2 + np.pi)), 2)]
    factors += [flip @ on(controlled(controlled(x)), 0, 1, 2) @ flip, on(h, 1), on(h, 0)]
    for factor in factors:
        expected = expected @ factor
    np.testing.assert_allclose(gates_matrix(program.gates, 3, [theta], [phi]), expected, atol=1e-12)
    assert [observable.terms[0][1] for observable in program.readout.observables] == [
        ((0, "X"), (2, "Z")),
        ((1, "Y"),),
    ]


def test_physical_qubits_and_probabilities():
    program = from_braket_qasm("OPENQASM 3.0; h $3; cnot $3, $1;")
    assert (program.n_qubits, [gate.wires for gate in program.gates]) == (4, [(3,), (3, 1)])
    text = "OPENQASM 3.0; qubit[3] q;\n#pragma braket result probability q[2], q[0]\n"
    assert from_braket_qasm(text).readout == Probabilities((2, 0))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('OPENQASM 3.0; include "stdgates.inc"; qubit q;', "from_openqasm"),
        ("OPENQASM 3.0; qubit[2] q; cx q[0], q[1];", "'cx', which is no gate of Braket"),
        ("OPENQASM 3.0; qubit q; rx(theta) q;", "theta"),
        ("OPENQASM 3.0; input float x_0; qubit q; rx(sin(x_0)) q;", "outside the circuit"),
        ("OPENQASM 3.0; input float x_0; qubit q; rx(1/x_0) q;", "outside the circuit"),
        ("OPENQASM 3.0; qubit q; for int i in [0:3] { x q; }", "circuit of gates"),
        ("OPENQASM 3.0; qubit q;\n#pragma braket noise bit_flip(0.1) q\n", "noise"),
        ("OPENQASM 3.0; qubit q;\n#pragma braket result adjoint_gradient expectation(z(q)) all\n", "in place of"),
        ("OPENQASM 3.0; qubit[2] q; x q[2];", "2 qubits"),
        ("OPENQASM 3.0; qubit[2] q; x r[0];", "does not declare"),
        ("OPENQASM 3.0; qubit[2] q; x q[0]", "ends within"),
        ("OPENQASM 3.0; x q[0]; }", "brace"),
        ("OPENQASM 3.0;", "no qubits"),
        ("OPENQASM 3.0; input float x_0; qubit[2] q; ctrl @ zz(x_0) q[0], q[1], q[2];", "3|2 qubits"),
        ("OPENQASM 3.0; input float x_0; qubit[3] q; ctrl @ zz(x_0) q[0], q[1], q[2];", "controlled by wire 0"),
        ("OPENQASM 3.0; qubit q; pow(0.5) @ x q;", "pow"),
        ("OPENQASM 3.0; qubit q; rx(0.1, 0.2) q;", "takes 1"),
        ("OPENQASM 3.0; qubit q; gate f(a) p { rx(a) p; } f q;", "its definition takes 1"),
        ("OPENQASM 3.0; qubit q;\n#pragma braket unitary([[1, 0], [0, 2]]) q\n", "unitary"),
        ("OPENQASM 3.0; qubit q;\n#pragma braket unitary([[1, 0], [0, a]]) q\n", "'a'"),
        ("OPENQASM 3.0; qubit q;\n#pragma braket result expectation hermitian([[1, 0], [0, 1]]) q\n", "Pauli words"),
    ],
)
def test_refusals(text, message):
    with pytest.raises(ProgramError, match=message):
        from_braket_qasm(text)


def test_what_cannot_be_written_or_named():
    data = Program(1, (Gate("Amplitudes", (0,), (input_slot(0), weight_slot(0))),), n_inputs=1, n_weights=1)
    with pytest.raises(ProgramError, match="Bind them first"):
        to_braket_qasm(data)
    with pytest.raises(ProgramError, match="declares"):
        from_braket_qasm("OPENQASM 3.0; qubit q;", ["theta"])


def test_a_preparation_comes_back_as_a_unitary():
    program = Program(2, (Gate("State", (1, 0), matrix=((0.6, 0.0, 0.8j, 0.0),)),))
    back = from_braket_qasm(to_braket_qasm(program))
    assert [gate.name for gate in back.gates] == ["Unitary"]
    np.testing.assert_allclose(
        reference.state(back, np.zeros(0), np.zeros(0)),
        reference.state(program, np.zeros(0), np.zeros(0)),
        atol=1e-15,
    )
    assert replace(back, gates=()) == replace(program, gates=())
