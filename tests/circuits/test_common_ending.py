"""What is cut off the end of a Program leaves the overlaps of rows as they are, and nothing more could go."""

import numpy as np
import pytest

from qml.circuits import Circuit, amplitude, angle, sel
from qml.circuits.common_ending import without_common_ending
from qml.engine import reference
from tests.programs import random_program, random_values


def overlaps(program, inputs, weights):
    states = reference.states(program, inputs, weights)
    return states.conj() @ states.T


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("preparation", ["none", "Amplitudes", "several"])
def test_overlaps_stay(seed, preparation):
    rng = np.random.default_rng(seed)
    program = random_program(rng, 3, 14, preparation=preparation)
    inputs, weights = random_values(rng, program, 5)
    short = without_common_ending(program)
    assert (short.n_inputs, short.n_weights) == (program.n_inputs, program.n_weights)
    np.testing.assert_allclose(overlaps(short, inputs, weights), overlaps(program, inputs, weights), atol=1e-12)


def test_a_gate_too_many_is_seen():
    program = (angle(2) + sel(2)).gates
    short = without_common_ending(angle(2) + sel(2))
    assert short.gates == program[:2]
    inputs = np.array([[0.1, 0.2], [0.5, -0.4]])
    shorter = Circuit(2).ry(0, Circuit(2).input(0)).build()
    assert abs(overlaps(short, inputs, np.zeros(6)) - overlaps(shorter, inputs[:, :1], np.zeros(0))).max() > 1e-3


def test_gates_between_data_stay():
    program = angle(2) + sel(2) + angle(2) + sel(2)
    assert without_common_ending(program).gates == (angle(2) + sel(2) + angle(2)).gates


def test_a_wire_without_data_in_front():
    made = Circuit(3)
    weights = made.weights("weights", (3,))
    made.ry(2, weights[0]).cnot([0, 1]).rx(0, made.input(0)).ry(1, weights[1]).rz(0, weights[2])
    assert [gate.name for gate in without_common_ending(made.build()).gates] == ["CNOT", "RX"]


def test_preparations_stay():
    assert without_common_ending(amplitude(2) + sel(2)).gates == amplitude(2).gates
