"""Every row of the gate table: two accounts of one gate, PennyLane's matrix, its inverse, its errors."""

import numpy as np
import pennylane as qp
import pytest
from scipy.stats import unitary_group

from qml.base.errors import DataError, ProgramError
from qml.circuits import GATES, Clifford, Gate, Program, Rotation, input_slot, weight_slot
from qml.circuits.gates import PREPARATIONS, invert
from qml.circuits.steps import gate_steps, global_phase, preparations, steps
from tests.circuits.matrices import CLIFFORDS, distance, gates_matrix, steps_matrix, steps_word
from tests.programs import random_programs, random_values

TURNING = [name for name in GATES if name not in PREPARATIONS]


def some_gate(name, rng, n_wires=3):
    row = GATES[name]
    n_wires = row.n_wires or n_wires
    matrix = unitary_group.rvs(2**n_wires, random_state=rng) if row.takes == "matrix" else ()
    word = "".join(rng.choice(list("IXYZ"), n_wires)) if row.takes == "word" else ""
    return Gate(name, range(n_wires), rng.uniform(-7, 7, row.n_angles), word, matrix)


def pennylane_operation(gate):
    values = [angle.constant for angle in gate.angles]
    if gate.name == "PauliRot":
        return qp.PauliRot(values[0], gate.word, wires=gate.wires)
    if gate.name == "Unitary":
        return qp.QubitUnitary(np.array(gate.matrix), wires=gate.wires)
    if gate.name.endswith("dg"):
        return qp.adjoint(getattr(qp, gate.name[:-2])(wires=gate.wires))
    return getattr(qp, gate.name)(*values, wires=list(gate.wires))


@pytest.mark.parametrize("name", TURNING)
def test_steps_and_the_phase_are_the_matrix(name):
    rng = np.random.default_rng(1)
    for n_wires in (1, 2, 3, 4):
        gate = some_gate(name, rng, n_wires)
        n_qubits = len(gate.wires)
        phase = global_phase(Program(n_qubits, (gate,))).constant
        product = np.exp(1j * phase) * steps_matrix(gate_steps(gate), n_qubits)
        np.testing.assert_allclose(product, gates_matrix([gate], n_qubits), atol=1e-12)


@pytest.mark.parametrize("name", TURNING)
def test_matrix_is_pennylanes(name):
    rng = np.random.default_rng(2)
    for n_wires in (1, 2, 3):
        gate = some_gate(name, rng, n_wires)
        expected = qp.matrix(pennylane_operation(gate), wire_order=list(gate.wires))
        np.testing.assert_allclose(gates_matrix([gate], len(gate.wires)), expected, atol=1e-14)


@pytest.mark.parametrize("name", TURNING)
def test_inverse_undoes_exactly(name):
    gate = some_gate(name, np.random.default_rng(3))
    n_qubits = len(gate.wires)
    product = gates_matrix([gate, *invert(gate)], n_qubits)
    np.testing.assert_allclose(product, np.eye(2**n_qubits), atol=1e-14)


@pytest.mark.parametrize("name", TURNING)
def test_steps_are_affine_in_the_angles_and_keep_to_the_wires(name):
    row = GATES[name]
    gate = some_gate(name, np.random.default_rng(4))
    angles = tuple(0.5 + 2 * input_slot(i) * weight_slot(i) for i in range(row.n_angles))
    wires = tuple(3 * wire + 1 for wire in gate.wires)
    moved = Gate(name, wires, angles, gate.word, gate.matrix)
    for step in gate_steps(moved):
        if isinstance(step, Clifford):
            assert step.name in CLIFFORDS
            assert set(step.wires) <= set(wires)
            continue
        assert step.word
        assert {wire for wire, _ in step.word} <= set(wires)
        assert len(step.angle.terms) <= 1
        assert all(len(term.slots) == 2 for term in step.angle.terms)


@pytest.mark.parametrize("name", [name for name in TURNING if GATES[name].n_angles == 1])
def test_gates_of_one_angle_have_one_generator(name):
    rng = np.random.default_rng(6)
    gate = some_gate(name, rng)
    n_qubits = len(gate.wires)

    def at(angle):
        return gates_matrix([Gate(name, gate.wires, (angle,), gate.word)], n_qubits)

    np.testing.assert_allclose(at(0.4) @ at(0.0).conj().T @ at(0.5), at(0.9), atol=1e-13)
    generator = sum(
        step.angle.constant / 2 * steps_word(step.word, n_qubits)
        for step in gate_steps(Gate(name, gate.wires, (1.0,), gate.word))
        if isinstance(step, Rotation)
    )
    difference = (at(1e-6) - at(0.0)) @ at(0.0).conj().T / -1e-6j
    traceless = difference - np.trace(difference) / len(difference) * np.eye(len(difference))
    np.testing.assert_allclose(traceless, generator, atol=1e-5)


def test_the_comparison_sees_a_wrong_matrix():
    right, wrong = gates_matrix([Gate("RX", (0,), (0.3,))], 1), gates_matrix([Gate("RX", (0,), (0.31,))], 1)
    assert distance(right * 1j, right) < 1e-15
    assert distance(wrong, right) > 1e-3


def test_steps_of_programs():
    rng = np.random.default_rng(5)
    for program in random_programs(6, 30, max_qubits=4, preparation="none"):
        inputs, weights = random_values(rng, program, 1)
        left = steps_matrix(steps(program), program.n_qubits, inputs[0], weights)
        assert distance(left, gates_matrix(program.gates, program.n_qubits, inputs[0], weights)) < 1e-11


def test_preparations_are_no_steps():
    state, rotation = Gate("State", (1,), matrix=((0, 1),)), Gate("RX", (0,), (0.1,))
    program = Program(2, (rotation, state))
    assert preparations(program) == (state,)
    assert steps(program) == (Rotation(((0, "X"),), rotation.angles[0]),)
    assert GATES["State"].matrix(state, np.zeros(0)).tolist() == [[0], [1]]
    for ask in (gate_steps, invert):
        with pytest.raises(ProgramError, match="prepares a state"):
            ask(state)


def test_amplitudes_are_normalised_and_need_a_norm():
    gate = Gate("Amplitudes", (0,), (3.0, 4.0))
    np.testing.assert_allclose(GATES["Amplitudes"].matrix(gate, np.array([3.0, 4.0])).ravel(), [0.6, 0.8])
    with pytest.raises(DataError, match=r"norm 0\.0"):
        GATES["Amplitudes"].matrix(gate, np.zeros(2))


@pytest.mark.parametrize(
    ("gate", "message"),
    [
        (Gate("Hadamart", (0,)), "Did you mean 'Hadamard'"),
        (Gate("RX", (0, 1), (0.1,)), "got 2 wires; it takes 1"),
        (Gate("RX", (0,)), "got 0 angles; it takes 1"),
        (Gate("CNOT", (1, 1)), "distinct"),
        (Gate("RX", (3,), (0.1,)), r"within 0\.\.2"),
        (Gate("RX", (), (0.1,)), "distinct"),
        (Gate("PauliRot", (0, 1), (0.1,), word="X"), "word 'X' for 2 wires"),
        (Gate("PauliRot", (0,), (0.1,), word="Q"), "one of the letters"),
        (Gate("PauliRot", (0,), (0.1,)), "word ''"),
        (Gate("RX", (0,), (0.1,), word="X"), "got a word"),
        (Gate("RX", (0,), (0.1,), matrix=((1,),)), "got a matrix"),
        (Gate("Unitary", (0,)), "2 by 2"),
        (Gate("Unitary", (0, 1), matrix=np.eye(2)), "4 by 4"),
        (Gate("Unitary", (0,), matrix=((1, 0), (0, 2))), "not unitary"),
        (Gate("Unitary", (0,), matrix=((1, 0), (0, float("nan")))), "not unitary"),
        (Gate("State", (0,), matrix=((1, 1),)), "norm 1.41"),
        (Gate("State", (0,), matrix=((1, 0, 0),)), "one row of 2"),
        (Gate("Amplitudes", (0, 1), (1.0, 0.0)), "take 4"),
    ],
)
def test_errors_name_the_gate(gate, message):
    with pytest.raises(ProgramError, match=message) as caught:
        Program(3, (gate,))
    assert "Gate 0" in str(caught.value)


def test_a_preparation_must_come_first():
    with pytest.raises(ProgramError, match="must be the first gate on its wires"):
        Program(2, (Gate("PauliX", (0,)), Gate("State", (0,), matrix=((1, 0),))))
    Program(2, (Gate("PauliX", (1,)), Gate("State", (0,), matrix=((1, 0),))))
