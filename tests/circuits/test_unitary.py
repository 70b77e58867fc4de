"""Any unitary as Pauli rotations, the awkward ones included."""

import numpy as np
import pennylane as qp
import pytest
from scipy.stats import ortho_group, unitary_group

from qml.circuits import Gate
from qml.circuits.steps import gate_steps
from qml.circuits.unitary import decompose
from tests.circuits.matrices import distance, steps_matrix


def awkward(k):
    size = 2**k
    rng = np.random.default_rng(k)
    random = unitary_group.rvs(size, random_state=rng)
    yield "random", random
    yield "phase", random * np.exp(2.5j)
    yield "minus", -np.eye(size)
    yield "real", ortho_group.rvs(size, random_state=rng) if size > 1 else np.eye(1)
    yield "permutation", np.eye(size)[rng.permutation(size)]
    yield "reversal", 1j * np.eye(size)[::-1]
    yield "diagonal", np.diag(np.exp(1j * rng.normal(size=size)))
    yield "reflection", np.eye(size) - 2 * np.ones((size, size)) / size
    yield "fourier", np.fft.fft(np.eye(size), norm="ortho")
    yield "local", np.kron(unitary_group.rvs(2, random_state=rng), np.eye(size // 2))
    yield "last wire", np.kron(np.eye(size // 2), unitary_group.rvs(2, random_state=rng))
    yield "nearly one", qp.math.expm(1e-9j * (random + random.conj().T))
    yield "degenerate", random @ np.diag([-1] + [1] * (size - 1)) @ random.conj().T


@pytest.mark.parametrize("k", [1, 2, 3, 4, 5])
def test_product_of_turns_is_the_unitary(k):
    for name, matrix in awkward(k):
        steps = gate_steps(Gate("Unitary", range(k), matrix=matrix))
        assert distance(steps_matrix(steps, k), matrix) < 1e-12, name


def test_diagonals_take_z_words_and_the_identity_takes_none():
    assert decompose(np.eye(8)) == []
    turns = decompose(np.diag(np.exp(1j * np.arange(8.0) ** 2)))
    assert len(turns) <= 7
    assert all(set(letters) <= set("IZ") for letters, _ in turns)


def test_count_of_turns():
    counts = [len(decompose(unitary_group.rvs(2**k, random_state=0))) for k in (1, 2, 3, 4)]
    assert counts == [3, 18, 84, 360]  # r(k) = 4 r(k - 1) + 3 * 2**(k - 1), before the engine merges neighbours
