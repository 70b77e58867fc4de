"""Entanglement and reduced density matrices against closed forms and PennyLane."""

import numpy as np
import pennylane as qp
import pytest
from scipy.stats import unitary_group

from qml.base.errors import CapabilityError, ShapeError
from qml.circuits import angle, sel
from qml.study import entropy_profile, meyer_wallach, reduced_density_matrices, state_batches, states
from tests.programs import random_values
from tests.study.oracle import pennylane_state


def ghz(n_qubits: int) -> np.ndarray:
    state = np.zeros((1, 2**n_qubits), complex)
    state[0, [0, -1]] = np.sqrt(0.5)
    return state


def w_state(n_qubits: int) -> np.ndarray:
    state = np.zeros((1, 2**n_qubits), complex)
    state[0, 1 << np.arange(n_qubits)] = np.sqrt(1 / n_qubits)
    return state


def random_states(count: int, n_qubits: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    found = rng.normal(size=(count, 2**n_qubits)) + 1j * rng.normal(size=(count, 2**n_qubits))
    return found / np.linalg.norm(found, axis=1, keepdims=True)


@pytest.mark.parametrize("n_qubits", [2, 3, 5])
def test_meyer_wallach_of_known_states(n_qubits):
    assert meyer_wallach(ghz(n_qubits)) == pytest.approx(1)
    purity = ((n_qubits - 1) ** 2 + 1) / n_qubits**2
    assert meyer_wallach(w_state(n_qubits)) == pytest.approx(2 * (1 - purity))
    product = random_states(1, 1, 3)[0]
    for wire in range(1, n_qubits):
        product = np.kron(product, random_states(1, 1, wire)[0])
    assert meyer_wallach(product[None]) == pytest.approx(0, abs=1e-14)


def test_meyer_wallach_does_not_see_local_unitaries():
    found = random_states(4, 3)
    local = np.eye(1)
    for seed in range(3):
        local = np.kron(local, unitary_group.rvs(2, random_state=seed))
    np.testing.assert_allclose(meyer_wallach(found @ local.T), meyer_wallach(found), atol=1e-13)
    assert 0.1 < meyer_wallach(found).max() < 1


def test_entropies_are_pennylanes():
    found = random_states(3, 4)
    profile = entropy_profile(found)
    for cut in range(3):
        left, right = list(range(cut + 1)), list(range(cut + 1, 4))
        wanted = qp.math.vn_entanglement_entropy(qp.math.dm_from_state_vector(found), left, right, base=2)
        np.testing.assert_allclose(profile[:, cut], wanted, atol=1e-10)


def test_entropies_of_known_states():
    np.testing.assert_allclose(entropy_profile(ghz(4)), [[1, 1, 1]], atol=1e-12)
    np.testing.assert_allclose(entropy_profile(np.eye(8)[:2]), 0, atol=1e-12)
    assert entropy_profile(np.eye(8, dtype=np.complex64)[:2]).dtype == np.float32
    assert entropy_profile(np.eye(2)).shape == (2, 0)


def test_reduced_density_matrices_are_pennylanes():
    found = random_states(3, 4)
    for wires in ([0], [3, 1], [2, 0, 1], [0, 1, 2, 3]):
        wanted = qp.math.reduce_statevector(found, wires)
        np.testing.assert_allclose(reduced_density_matrices(found, wires), wanted, atol=1e-14)
    np.testing.assert_allclose(reduced_density_matrices(found, []), np.ones((3, 1, 1)), atol=1e-14)


def test_states_and_their_batches():
    program = angle(3) + sel(3, depth=2)
    inputs, weights = random_values(np.random.default_rng(0), program, 7)
    whole = states(program, inputs, weights)
    np.testing.assert_allclose(whole[4], pennylane_state(program, inputs[4], weights), atol=1e-12)
    for rows, block in state_batches(program, inputs, weights, block_rows=3):
        np.testing.assert_array_equal(block, whole[rows])


def test_wrong_arrays_are_told():
    for bad in (np.ones((2, 6)), np.ones(4), np.ones((1, 0))):
        with pytest.raises(ShapeError):
            meyer_wallach(bad)
    with pytest.raises(ShapeError, match="at least one qubit"):
        entropy_profile(np.ones((1, 1)))
    for wires in ([0, 0], [2], [-1]):
        with pytest.raises(ShapeError, match=r"within 0\.\.1"):
            reduced_density_matrices(np.ones((1, 4)) / 2, wires)


def test_more_states_than_memory(monkeypatch):
    monkeypatch.setenv("QML_MEMORY_GIB", "1")
    with pytest.raises(CapabilityError, match="fewer rows"):
        states(angle(14), np.zeros((9000, 14)))
