"""Values: every measurement, batches, wires and states, against `default.qubit`."""

import numpy as np
import pennylane as qp
import pytest

from qml.backends.pennylane_device import EngineDevice
from tests.backends.pennylane.sides import apply_random, flat, pair

HERMITIAN = np.array([[1.0, 2.0j], [-2.0j, 3.0]])
SPARSE = qp.Hamiltonian([1.0, 2.0], [qp.Z(0), qp.X(1)]).sparse_matrix()
MEASUREMENTS = {
    "word": lambda: qp.expval(qp.X(0) @ qp.Y(2)),
    "sum": lambda: qp.expval(0.3 * qp.X(0) - 2 * qp.Z(1) @ qp.Z(2) + qp.I(0)),
    "hamiltonian": lambda: qp.expval(qp.Hamiltonian([1.0, 2.0], [qp.Z(0), qp.X(1) @ qp.Y(2)])),
    "hermitian": lambda: qp.expval(qp.Hermitian(HERMITIAN, 1)),
    "product with a matrix": lambda: qp.expval(0.5 * qp.Hermitian(HERMITIAN, 0) @ qp.Z(1)),
    "hadamard": lambda: qp.expval(qp.Hadamard(2)),
    "projector": lambda: qp.expval(qp.Projector([0, 1], wires=[0, 2])),
    "projector of a state": lambda: qp.expval(qp.Projector(np.array([1, 0, 0, 1]) / 2**0.5, wires=[0, 1])),
    "sparse": lambda: qp.expval(qp.SparseHamiltonian(SPARSE, wires=[0, 1])),
    "variance": lambda: qp.var(qp.X(0) @ qp.Z(1)),
    "variance of a sum": lambda: qp.var(qp.Hamiltonian([1.0, 2.0], [qp.Z(0), qp.X(1) @ qp.Y(2)])),
    "variance of a matrix": lambda: qp.var(qp.Hermitian(HERMITIAN, 0)),
    "probs": lambda: qp.probs(),
    "probs of wires": lambda: qp.probs(wires=[2, 0]),
    "probs of a word": lambda: qp.probs(op=qp.X(2) @ qp.Y(0)),
    "probs of a matrix": lambda: qp.probs(op=qp.Hadamard(1)),
    "state": lambda: qp.state(),
    "density matrix": lambda: qp.density_matrix([0, 2]),
    "purity": lambda: qp.purity([1]),
    "entropy": lambda: qp.vn_entropy([0, 1]),
    "mutual information": lambda: qp.mutual_info([0], [2]),
}


@pytest.mark.parametrize("name", MEASUREMENTS)
@pytest.mark.parametrize("batch", [None, 1, 3])
def test_each_measurement(name, batch):
    angles = np.random.default_rng(1).normal(size=(12,) if batch is None else (12, batch))

    def circuit(angles):
        apply_random(7, angles)
        qp.GlobalPhase(0.3)
        return MEASUREMENTS[name]()

    ours, theirs = (q(angles) for q in pair(circuit))
    if batch == 1:
        theirs = np.reshape(theirs, np.shape(ours))  # of a batch of one, default.qubit drops sums to a number
        assert np.shape(ours)[0] == 1
    assert np.shape(ours) == np.shape(theirs)
    np.testing.assert_allclose(ours, theirs, atol=1e-12)


def test_many_measurements_are_one_run():
    chosen = [m for name, m in MEASUREMENTS.items() if "state" not in name and name not in ("purity", "entropy")]
    chosen = [m for m in chosen if type(m()).__name__ in ("ExpectationMP", "VarianceMP", "ProbabilityMP")]

    def circuit(angles):
        apply_random(8, angles)
        return tuple(m() for m in chosen)

    angles = np.random.default_rng(2).normal(size=(12, 4))
    ours, theirs = (q(angles) for q in pair(circuit))
    for mine, yours in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(mine, yours, atol=1e-12)


@pytest.mark.parametrize("seed", range(8))
def test_random_circuits(seed):
    angles = np.random.default_rng(seed).normal(size=40)

    def circuit(angles):
        apply_random(seed, angles, 4)
        return qp.state()

    ours, theirs = pair(circuit, wires=4)
    np.testing.assert_allclose(ours(angles), theirs(angles), atol=1e-12)


TAKEN_APART = {
    "templates": lambda: qp.QFT(range(3)),
    "multi-controlled": lambda: qp.MultiControlledX([0, 1, 2], [1, 0]),
    "controlled": lambda: qp.ctrl(qp.Rot(0.1, 0.2, 0.3, wires=2), [0, 1]),
    "adjoint": lambda: qp.adjoint(qp.SingleExcitation(0.4, [0, 2])),
    "excitation": lambda: qp.DoubleExcitation(0.4, [0, 1, 2, 3]),
    "matrix": lambda: qp.QubitUnitary(qp.matrix(qp.RX(0.3, 0) @ qp.CRY(0.7, [1, 2])), wires=[0, 1, 2]),
    "diagonal": lambda: qp.DiagonalQubitUnitary(np.exp(1j * np.arange(4)), wires=[1, 3]),
    "batch of matrices": lambda: qp.QubitUnitary(np.stack([np.eye(2), qp.X.compute_matrix()]), 1),
    "evolution": lambda: qp.exp(qp.X(0) @ qp.Z(1), -0.3j),
    "block encoding": lambda: qp.BlockEncode(np.array([[0.3, 0.1], [0.2, 0.4]]), wires=[0, 1]),
    "nothing": lambda: qp.Barrier([0, 1]),
}


@pytest.mark.parametrize("name", TAKEN_APART)
def test_other_gates_are_taken_apart(name):
    def circuit():
        qp.BasisState([1, 0, 1, 1], wires=range(4))
        for wire in range(4):
            qp.RY(0.3 + wire, wire)
        TAKEN_APART[name]()
        return qp.state()

    ours, theirs = (q() for q in pair(circuit, wires=4))
    np.testing.assert_allclose(ours, theirs, atol=1e-12)


STATES = {
    "real": np.array([0.6, 0.0, 0.0, 0.8]),
    "complex": np.array([0.6, 0.0, 0.0, 0.8j]),
    "batch": np.array([[0.6, 0.0, 0.0, 0.8], [1.0, 0.0, 0.0, 0.0]]),
    "complex batch": np.array([[0.6, 0.0, 0.0, 0.8j], [1.0, 0.0, 0.0, 0.0]]),
}


@pytest.mark.parametrize("name", STATES)
def test_prepared_states(name):
    def circuit():
        qp.StatePrep(STATES[name], wires=[2, 0])
        qp.CNOT([0, 1])
        return qp.expval(qp.X(0) @ qp.X(1) @ qp.X(2)), qp.expval(qp.Z(2))

    for mine, yours in zip(*(q() for q in pair(circuit)), strict=True):
        np.testing.assert_allclose(mine, yours, atol=1e-12)


def test_sparse_states_and_states_by_formula():
    from scipy.sparse import csr_matrix

    def circuit(kind):
        if kind == "sparse":
            qp.StatePrep(csr_matrix([[0.0, 0.0, 0.6, 0.8]]), wires=[0, 1])
        else:
            qp.CosineWindow(wires=[0, 1])
        return qp.probs(wires=[0, 1])

    for kind in ("sparse", "formula"):
        ours, theirs = (q(kind) for q in pair(circuit))
        np.testing.assert_allclose(ours, theirs, atol=1e-12)


@pytest.mark.parametrize("wires", [None, 3, ["b", 7, "a"]])
def test_wires(wires):
    labels = ["a", "b", 7] if isinstance(wires, list) else [2, 0, 1]

    def circuit():
        qp.RX(0.3, labels[0])
        qp.CNOT([labels[0], labels[2]])
        return qp.probs(wires=labels), qp.state(), qp.expval(qp.Z(labels[1]))

    for mine, yours in zip(*(q() for q in pair(circuit, wires=wires)), strict=True):
        np.testing.assert_allclose(mine, yours, atol=1e-12)


def test_idle_wires_cost_nothing():
    @qp.qnode(qp.device("qml.engine", wires=60))
    def circuit(angle):
        qp.RX(angle, 57)
        return qp.expval(qp.Z(57))

    assert circuit(0.3) == pytest.approx(np.cos(0.3))


def test_measurements_in_the_middle_are_deferred():
    def circuit(angle):
        qp.RX(angle, 0)
        first = qp.measure(0, reset=True)
        qp.cond(first, qp.RY)(0.5, wires=1)
        return qp.expval(qp.Z(1)), qp.expval(first), qp.probs(op=first), qp.var(qp.Z(0))

    for mine, yours in zip(*(q(0.3) for q in pair(circuit)), strict=True):
        np.testing.assert_allclose(mine, yours, atol=1e-12)


def test_another_executor():
    """The device runs on any Executor; here on the dense reference."""

    def circuit(angles):
        apply_random(3, angles)
        return qp.expval(qp.Z(0)), qp.probs(wires=[1])

    angles = np.random.default_rng(0).normal(size=12)
    ours = qp.QNode(circuit, EngineDevice(wires=3))(angles)
    dense = qp.QNode(circuit, EngineDevice(wires=3, executor="reference"))(angles)
    np.testing.assert_allclose(flat(ours), flat(dense), atol=1e-12)


def test_one_program_a_structure():
    """Other numbers are the same Program; another constant, wire, shape or observable is another one."""
    programs = EngineDevice(wires=2)._runs.programs

    def tape(angle=0.1, wire=0, matrix=None, observable=None):
        gates = [qp.RX(angle, wire), qp.QubitUnitary(np.eye(2) if matrix is None else matrix, 1)]
        return qp.tape.QuantumScript(gates, [qp.expval(qp.Z(0) if observable is None else observable)])

    first = programs.of(tape())
    assert programs.of(tape(angle=2.0)) is first
    assert programs.of(tape(angle=np.float32(2.0))) is first
    others = [
        tape(wire=1),
        tape(angle=np.array([0.1, 0.2])),
        tape(matrix=-np.eye(2)),
        tape(observable=qp.Z(1)),
        tape(observable=2.0 * qp.Z(0)),
        tape(observable=3.0 * qp.Z(0)),
        tape(observable=qp.Hermitian(HERMITIAN, 0)),
        tape(observable=qp.Hermitian(2 * HERMITIAN, 0)),
    ]
    found = [programs.of(other) for other in others]
    assert len({id(program) for program in [first, *found]}) == 1 + len(others)
