"""Angles of rotations from inputs and weights, and back."""

import numpy as np
import pytest

from qml.base.errors import ShapeError
from qml.circuits import Gate, Program, input_slot, weight_slot
from qml.circuits.gate import Rotation
from qml.circuits.slots import slots, slots_vjp
from qml.circuits.steps import steps
from qml.engine.reference import finite_differences
from tests.programs import random_programs, random_values

PROGRAMS = random_programs(5, 12, max_qubits=4)


def by_hand(program, inputs, weights):
    weights = np.broadcast_to(weights, (len(inputs), program.n_weights))
    columns = []
    for angle in [step.angle for step in steps(program) if isinstance(step, Rotation)]:
        total = np.full(len(inputs), angle.constant)
        for coefficient, factors in angle.terms:
            product = np.full(len(inputs), coefficient)
            for slot in factors:
                product = product * (inputs if slot.kind == "input" else weights)[:, slot.index]
            total = total + product
        columns.append(total)
    return np.array(columns).reshape(-1, len(inputs)).T


@pytest.mark.parametrize("row_weights", [False, True])
@pytest.mark.parametrize("program", PROGRAMS)
def test_slots_are_the_angles(program, row_weights):
    inputs, weights = random_values(np.random.default_rng(1), program, 4, row_weights=row_weights)
    found = slots(program, inputs, weights)
    np.testing.assert_allclose(found, by_hand(program, inputs, weights), atol=1e-13)
    assert slots(program, inputs.astype(np.float32), weights.astype(np.float32)).dtype == np.float32


@pytest.mark.parametrize("row_weights", [False, True])
@pytest.mark.parametrize("program", PROGRAMS)
def test_pull_back_is_the_derivative(program, row_weights):
    rng = np.random.default_rng(2)
    inputs, weights = random_values(rng, program, 2, row_weights=row_weights)
    cotangent = rng.normal(size=slots(program, inputs, weights).shape)
    by_inputs, by_weights = slots_vjp(program, inputs, weights, cotangent)
    wanted = finite_differences(lambda x: (slots(program, x, weights) * cotangent).sum(), inputs)
    np.testing.assert_allclose(by_inputs, wanted, atol=1e-8)
    wanted = finite_differences(lambda w: (slots(program, inputs, w) * cotangent).sum(), weights)
    np.testing.assert_allclose(by_weights, wanted, atol=1e-8)


def test_a_square_of_a_slot():
    program = Program(1, (Gate("RX", (0,), (input_slot(0) * input_slot(0) * weight_slot(0),)),), None, 1, 1)
    x, w = np.array([[3.0]]), np.array([0.5])
    assert slots(program, x, w).tolist() == [[4.5]]
    by_inputs, by_weights = slots_vjp(program, x, w, np.ones((1, 1)))
    assert (by_inputs.tolist(), by_weights.tolist()) == ([[3.0]], [9.0])


def test_no_rotation_and_no_row():
    program = Program(2, (Gate("CNOT", (0, 1)),), None, 1, 2)
    assert slots(program, np.zeros((3, 1)), np.zeros(2)).shape == (3, 0)
    assert slots(PROGRAMS[5], np.zeros((0, 3)), np.zeros(5)).shape[0] == 0
    by_inputs, by_weights = slots_vjp(program, np.zeros((3, 1)), np.zeros(2), np.zeros((3, 0)))
    assert by_inputs.shape == (3, 1)
    assert not by_weights.any()


@pytest.mark.parametrize("shapes", [((3, 1), (5, 2)), ((3, 2), (2,)), ((3, 1), (3,)), ((1,), (2,))])
def test_inputs_and_weights_of_other_shapes_are_refused(shapes):
    program = Program(1, (Gate("RX", (0,), (input_slot(0) + weight_slot(1),)),), n_inputs=1, n_weights=2)
    inputs, weights = map(np.zeros, shapes)
    with pytest.raises(ShapeError, match=r"weights \(P,\) = \(2,\)"):
        slots(program, inputs, weights)
