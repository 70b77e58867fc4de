"""A Program without what its values do not depend on."""

import numpy as np
import pytest

from qml.base.errors import ProgramError
from qml.circuits import Circuit, angle, hardware_efficient, light_cone, sel
from qml.engine import reference
from tests.programs import random_program, random_values


@pytest.mark.parametrize("seed", range(30))
def test_values_are_kept(seed):
    rng = np.random.default_rng(seed)
    program = random_program(rng, 5, 8, readout=("z_each", "pauli_words", "probabilities")[seed % 3])
    inputs, weights = random_values(rng, program, batch=2)
    wanted = reference.values(program, inputs, weights)
    assert np.allclose(reference.values(light_cone(program), inputs, weights), wanted, atol=1e-12)
    if seed % 3 < 2:
        for value in range(program.n_values):
            cone = light_cone(program, value)
            assert cone.n_qubits <= program.n_qubits
            assert np.allclose(reference.values(cone, inputs, weights)[:, 0], wanted[:, value], atol=1e-12)


def test_a_layer_reaches_one_wire_further():
    wide = angle(100) + hardware_efficient(100, depth=4)
    assert [light_cone(wide, value).n_qubits for value in (0, 1, 50, 99)] == [5, 6, 9, 5]
    assert light_cone(wide).n_qubits == 100


def test_gates_that_do_not_commute_are_taken_in_order():
    circuit = Circuit(3)
    circuit.cnot([0, 1])
    circuit.cnot([1, 2])
    assert light_cone(circuit.build(), 2).n_qubits == 3
    assert light_cone(circuit.build(), 0).n_qubits == 2  # wires alone count: the CNOT commutes with Z of its control


def test_asking_for_what_is_not_there():
    with pytest.raises(ProgramError, match="value 3"):
        light_cone(sel(3), 3)
