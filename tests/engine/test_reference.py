"""The oracle against closed forms, PennyLane and finite differences: it must not share a mistake with the engine."""

import numpy as np
import pytest

from qml.base.errors import DataError, ShapeError
from qml.circuits.angle import input_slot, weight_slot
from qml.circuits.gate import Gate
from qml.circuits.gates import GATES, PREPARATIONS
from qml.circuits.program import Program
from qml.circuits.readout import Expectations, PauliSum, Probabilities
from qml.engine import reference
from tests.programs import random_program, random_programs, random_values


def test_rotation_gives_cosine_and_minus_sine():
    program = Program(1, (Gate("RX", (0,), (input_slot(0),)),), None, 1, 0)
    inputs_BD = np.linspace(-3, 3, 7)[:, None]
    np.testing.assert_allclose(reference.values(program, inputs_BD, np.zeros(0)), np.cos(inputs_BD), atol=1e-15)
    slopes = reference.gradients(program, inputs_BD, np.zeros(0), np.ones((7, 1)))
    np.testing.assert_allclose(slopes.inputs_BD, -np.sin(inputs_BD), atol=1e-14)


def test_wire_zero_is_the_most_significant_bit():
    program = Program(3, (Gate("PauliX", (0,)),))
    assert np.argmax(np.abs(reference.state(program, np.zeros(0), np.zeros(0)))) == 4


def test_controls_come_first():
    program = Program(2, (Gate("PauliX", (1,)), Gate("CNOT", (1, 0))), Probabilities((0, 1)))
    np.testing.assert_allclose(reference.values(program, np.zeros((1, 0)), np.zeros(0)), [[0, 0, 0, 1]], atol=1e-15)


def test_probabilities_follow_the_order_of_wires():
    program = Program(3, (Gate("PauliX", (2,)),), Probabilities((2, 0)))
    np.testing.assert_allclose(reference.values(program, np.zeros((1, 0)), np.zeros(0)), [[0, 0, 1, 0]], atol=1e-15)


def test_letters_of_an_observable():
    plus_i = (Gate("Hadamard", (0,)), Gate("S", (0,)))
    letters = [PauliSum(((1.0, ((0, letter),)),)) for letter in "XYZ"]
    program = Program(1, plus_i, Expectations((*letters, PauliSum(((2.5, ()),)), PauliSum(()))))
    values = reference.values(program, np.zeros((2, 0)), np.zeros(0))
    np.testing.assert_allclose(values, [[0, 1, 0, 2.5, 0]] * 2, atol=1e-15)


@pytest.mark.parametrize("name", [name for name in GATES if name not in PREPARATIONS])
def test_derivative_of_every_gate_matrix(name):
    rng = np.random.default_rng(5)
    program = random_program(rng, 3, 1, names=[name])
    gate = next(gate for gate in program.gates if gate.name == name)
    angles = rng.normal(size=len(gate.angles))
    for position in range(len(angles)):
        slope = reference._slope(gate, angles, position)

        def entry(value, at=position):
            return GATES[name].matrix(gate, np.concatenate([angles[:at], [value], angles[at + 1 :]]))

        for part in (np.real, np.imag):
            for place in np.ndindex(slope.shape):
                wanted = reference.finite_differences(lambda v, p=part, i=place: p(entry(v[0])[i]), angles[[position]])
                assert abs(part(slope)[place] - wanted[0]) < 1e-10


@pytest.mark.parametrize("row_weights", [False, True])
def test_gradients_against_finite_differences(row_weights):
    rng = np.random.default_rng(6)
    for program in random_programs(seed=6, count=22, max_qubits=4, max_gates=8):
        inputs_BD, weights = random_values(rng, program, 2, row_weights=row_weights)
        cotangent_BK = rng.normal(size=(2, program.n_values))
        found = reference.gradients(program, inputs_BD, weights, cotangent_BK)
        for slope, wanted in (
            (found.inputs_BD, _differences(program, inputs_BD, weights, cotangent_BK, of="inputs")),
            (found.weights, _differences(program, inputs_BD, weights, cotangent_BK, of="weights")),
        ):
            np.testing.assert_allclose(slope, wanted, atol=2e-7 * max(1.0, np.abs(wanted).max(initial=0)))


def _differences(program, inputs_BD, weights, cotangent_BK, of):
    if of == "inputs":
        function, point = (lambda moved: reference.values(program, moved, weights) * cotangent_BK), inputs_BD
    else:
        function, point = (lambda moved: reference.values(program, inputs_BD, moved) * cotangent_BK), weights
    return reference.finite_differences(function, point, step=5e-4)


def test_finite_differences_see_a_wrong_gradient():
    point = np.array([0.3, 0.7])
    slope = reference.finite_differences(lambda v: np.sin(v[0]) * v[1], point)
    assert abs(slope[0] - 0.7 * np.cos(0.3)) < 1e-11
    assert abs(slope[0] - 0.7 * np.sin(0.3)) > 1e-2


def test_an_empty_batch_has_shapes_and_zero_gradients():
    program = random_programs(seed=1, count=1)[0]
    none_BD, weights_P = np.zeros((0, program.n_inputs)), np.ones(program.n_weights)
    assert reference.values(program, none_BD, weights_P).shape == (0, program.n_values)
    found = reference.gradients(program, none_BD, weights_P, np.zeros((0, program.n_values)))
    assert found.inputs_BD.shape == none_BD.shape
    np.testing.assert_array_equal(found.weights, np.zeros(program.n_weights))


def test_shapes_are_checked():
    program = Program(1, (Gate("RX", (0,), (weight_slot(0),)),), None, 0, 1)
    with pytest.raises(ShapeError, match=r"needs \(B, 0\)"):
        reference.values(program, np.zeros((2, 1)), np.zeros(1))


def test_amplitudes_of_norm_zero_are_refused():
    program = Program(1, (Gate("Amplitudes", (0,), (input_slot(0), input_slot(1))),), None, 2, 0)
    with pytest.raises(DataError, match="norm"):
        reference.values(program, np.zeros((1, 2)), np.zeros(0))


def test_values_against_pennylane():
    qp = pytest.importorskip("pennylane")
    rng = np.random.default_rng(9)
    others = (*PREPARATIONS, "PauliRot", "Unitary")
    named = [name for name in GATES if name not in others and not name.endswith("dg")]
    checked = set()
    for number in range(0, len(named), 4):
        program = random_program(rng, 4, 4, names=named[number : number + 4], readout="z_each", preparation="none")
        gates = [gate for gate in program.gates if gate.name in named]
        checked |= {gate.name for gate in gates}
        program = Program(4, tuple(gates), None, program.n_inputs, program.n_weights)
        inputs_BD, weights_P = random_values(rng, program, 1)
        angles = [reference._angles(gate, inputs_BD, weights_P[None])[0] for gate in gates]

        @qp.qnode(qp.device("default.qubit", wires=4))
        def circuit(gates=gates, angles=angles):
            for gate, values in zip(gates, angles, strict=True):
                getattr(qp, gate.name)(*values, wires=list(gate.wires))
            return [qp.expval(qp.PauliZ(wire)) for wire in range(4)]

        np.testing.assert_allclose(reference.values(program, inputs_BD, weights_P)[0], circuit(), atol=1e-12)
    assert checked == set(named)
