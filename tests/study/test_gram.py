"""Gram matrices against PennyLane's kernels, and what must hold of any kernel."""

import numpy as np
import pennylane as qp
import pytest
from sklearn.svm import SVC

from qml.backends.reference import ReferenceBackend
from qml.backends.shifts import ShiftedExecutor
from qml.base.errors import CapabilityError, ConfigError, ShapeError
from qml.circuits import Circuit, Program, angle, iqp, sel
from qml.study import alignment, bloch_vectors, centred, fidelity_gram, projected_gram
from tests.programs import random_program, random_values
from tests.study.oracle import pennylane_kernel, pennylane_state


def case(n_qubits: int = 3, rows: int = 7, seed: int = 0):
    program = iqp(n_qubits) + sel(n_qubits, depth=1)
    return (program, *random_values(np.random.default_rng(seed), program, rows))


@pytest.mark.parametrize("seed", range(4))
def test_fidelities_are_pennylanes(seed):
    rng = np.random.default_rng(seed)
    program = random_program(rng, 3, 12, preparation="none")
    inputs, weights = random_values(rng, program, 5)
    kernel = pennylane_kernel(program, weights)
    found = fidelity_gram(program, inputs, weights=weights)
    np.testing.assert_allclose(found, qp.kernels.square_kernel_matrix(inputs, kernel), atol=1e-10)
    others = rng.normal(size=(3, program.n_inputs))
    found = fidelity_gram(program, inputs, others, weights)
    np.testing.assert_allclose(found, qp.kernels.kernel_matrix(inputs, others, kernel), atol=1e-10)
    assert np.abs(found - fidelity_gram(program, inputs, others + 0.01, weights)).max() > 1e-6


@pytest.mark.parametrize("block_rows", [None, 3])
def test_real_states_and_an_ending_that_all_rows_share(block_rows):
    """Behind RY gates states are real; with the phases of the second half of the rows they are not."""
    program = angle(3) + sel(3, depth=2)
    rng = np.random.default_rng(5)
    inputs, weights = rng.normal(size=(6, 3)), rng.normal(size=program.n_weights)
    found = fidelity_gram(program, inputs, weights=weights, block_rows=block_rows)
    half = inputs / 2
    wanted = np.prod(np.cos(half[:, None] - half[None]), axis=2) ** 2
    np.testing.assert_allclose(found, wanted, atol=1e-12)
    mixed = Circuit(1)
    mixed.ry(0, mixed.input(0)).rz(0, mixed.input(1))
    inputs = rng.normal(size=(6, 2)) * (np.arange(6) >= 3)[:, None] + np.array([0.5, 0.0])
    kernel = pennylane_kernel(mixed.build(), np.zeros(0))
    wanted = qp.kernels.square_kernel_matrix(inputs, kernel)
    np.testing.assert_allclose(fidelity_gram(mixed.build(), inputs, block_rows=block_rows), wanted, atol=1e-10)


def test_the_executor_may_be_chosen():
    program, inputs, weights = case()
    found, wanted = (fidelity_gram(program, inputs, weights=weights, executor=e) for e in ("engine_cpu", "reference"))
    np.testing.assert_allclose(found, wanted, atol=1e-13)


@pytest.mark.parametrize("block_rows", [1, 2, 3, 7, 100])
def test_blocks_do_not_show(block_rows):
    program, inputs, weights = case()
    whole = fidelity_gram(program, inputs, weights=weights)
    np.testing.assert_allclose(
        fidelity_gram(program, inputs, weights=weights, block_rows=block_rows), whole, atol=1e-14
    )
    both = fidelity_gram(program, inputs, inputs[:4], weights, block_rows=block_rows)
    np.testing.assert_allclose(both, whole[:, :4], atol=1e-14)
    near = projected_gram(program, inputs, weights=weights, block_rows=block_rows)
    np.testing.assert_allclose(near, projected_gram(program, inputs, weights=weights), atol=1e-14)


@pytest.mark.parametrize("gram_of", [fidelity_gram, projected_gram])
def test_a_gram_matrix_is_symmetric_positive_and_of_ones(gram_of):
    program, inputs, weights = case(rows=20)
    for block_rows in (None, 6):
        gram = gram_of(program, inputs, weights=weights, block_rows=block_rows)
        np.testing.assert_array_equal(gram, gram.T)
        np.testing.assert_allclose(np.diag(gram), 1, atol=1e-14)
        assert np.linalg.eigvalsh(gram).min() > -1e-12


def test_progress_rises_to_one():
    program, inputs, weights = case(rows=10)
    for others in (None, inputs[:5]):
        seen = []
        fidelity_gram(program, inputs, others, weights, block_rows=3, progress=seen.append)
        assert seen == sorted(seen)
        assert len(set(seen)) == len(seen)
        assert seen[-1] == 1.0


def test_the_projected_kernel_is_that_of_pennylanes_density_matrices():
    program, inputs, weights = case()
    states = [pennylane_state(program, row, weights) for row in inputs]
    parts = [[qp.math.reduce_statevector(state, [wire]) for wire in range(3)] for state in states]
    squares = [[sum(np.linalg.norm(a - b) ** 2 for a, b in zip(x, y, strict=True)) for y in parts] for x in parts]
    for gamma in (0.3, 2.0):
        found = projected_gram(program, inputs, weights=weights, gamma=gamma)
        np.testing.assert_allclose(found, np.exp(-gamma * np.array(squares)), atol=1e-10)
        both = projected_gram(program, inputs[:2], inputs, weights, gamma=gamma)
        np.testing.assert_allclose(both, found[:2], atol=1e-13)


def test_bloch_vectors_are_those_of_pennylane():
    program, inputs, weights = case()
    found = bloch_vectors(program, inputs, weights)
    for row, vectors in zip(inputs, found, strict=True):
        state = pennylane_state(program, row, weights)
        for wire in range(3):
            rho = qp.math.reduce_statevector(state, [wire])
            wanted = [2 * rho[1, 0].real, 2 * rho[1, 0].imag, (rho[0, 0] - rho[1, 1]).real]
            np.testing.assert_allclose(vectors[wire], wanted, atol=1e-12)


def test_a_support_vector_machine_takes_it():
    rng = np.random.default_rng(3)
    inputs = rng.uniform(-1, 1, (40, 2))
    labels = (inputs[:, 0] * inputs[:, 1] > 0).astype(int)
    program = iqp(2)
    machine = SVC(kernel="precomputed", C=100.0).fit(fidelity_gram(program, inputs[:30]), labels[:30])
    assert machine.score(fidelity_gram(program, inputs[30:], inputs[:30]), labels[30:]) >= 0.8


def test_float32_stays():
    program, inputs, weights = case()
    found = fidelity_gram(program, inputs.astype(np.float32), weights=weights)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, fidelity_gram(program, inputs, weights=weights), atol=1e-5)


def test_alignment_is_pennylanes_once_both_are_centred():
    rng = np.random.default_rng(4)
    features = rng.normal(size=(12, 5))
    gram, labels = features @ features.T, np.sign(rng.normal(size=12))
    hat = np.eye(12) - 1 / 12
    np.testing.assert_allclose(centred(gram), hat @ gram @ hat, atol=1e-13)
    wanted = np.sum(hat @ gram @ hat * np.outer(labels, labels))
    wanted /= np.linalg.norm(hat @ gram @ hat) * np.linalg.norm(hat @ np.outer(labels, labels) @ hat)
    assert abs(alignment(gram, np.outer(labels, labels)) - wanted) < 1e-13
    assert alignment(gram, np.ones((12, 12))) == 0.0


# ------------------------------------------------------------------------------------------------ bad input


def test_wrong_arrays_are_told():
    program, inputs, weights = case()
    with pytest.raises(ShapeError, match="got no weights; this Program has 9"):
        fidelity_gram(program, inputs)
    with pytest.raises(ShapeError, match=r"inputs of shape \(7, 2\).*\(B, 3\)"):
        fidelity_gram(program, inputs[:, :2], weights=weights)
    with pytest.raises(ShapeError, match="one set of weights for all rows"):
        fidelity_gram(program, inputs, weights=np.zeros((7, 9)))
    with pytest.raises(ShapeError, match="real numbers"):
        fidelity_gram(program, inputs.astype(complex), weights=weights)
    with pytest.raises(ConfigError, match="block_rows=0"):
        fidelity_gram(program, inputs, weights=weights, block_rows=0)
    with pytest.raises(ConfigError, match="gamma"):
        projected_gram(program, inputs, weights=weights, gamma=0.0)
    for shape in ((3, 4), (3,)):
        with pytest.raises(ShapeError, match="square"):
            centred(np.ones(shape))
    with pytest.raises(ShapeError, match="one shape"):
        alignment(np.ones((3, 3)), np.ones((4, 4)))


def test_an_executor_without_states_is_told():
    with pytest.raises(CapabilityError, match="needs an executor with `states`"):
        fidelity_gram(angle(2), np.zeros((2, 2)), executor=ShiftedExecutor(ReferenceBackend()))


def test_more_than_memory_is_refused(monkeypatch):
    monkeypatch.setenv("QML_MEMORY_GIB", "1")
    program = Circuit(1).build()
    with pytest.raises(CapabilityError, match=r"20000 by 20000 numbers .* needs 3\.0 GiB"):
        fidelity_gram(program, np.zeros((20000, 0)))
    with pytest.raises(CapabilityError, match="qubits"):
        fidelity_gram(Program(70), np.zeros((2, 0)))
