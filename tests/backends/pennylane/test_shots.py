"""Finite shots: every kind of result, seeds, shot vectors, and estimates within their errors."""

import numpy as np
import pennylane as qp
import pytest
from pennylane import numpy as pnp

from qml.backends.pennylane_device import EngineDevice
from tests.backends.pennylane.sides import pair

KINDS = {
    "sample": lambda: qp.sample(),
    "sample of a word": lambda: qp.sample(qp.X(0) @ qp.Z(2)),
    "counts": lambda: qp.counts(wires=[0, 2]),
    "all counts": lambda: qp.counts(wires=[0, 2], all_outcomes=True),
    "expval": lambda: qp.expval(qp.Hamiltonian([1.0, 2.0], [qp.Z(0), qp.X(1)])),
    "var": lambda: qp.var(qp.Hermitian(np.array([[1.0, 2.0j], [-2.0j, 3.0]]), 1)),
    "probs": lambda: qp.probs(wires=[2, 0]),
    "shadow": lambda: qp.classical_shadow([0, 1], seed=5),
    "shadow_expval": lambda: qp.shadow_expval(qp.Z(0) @ qp.X(1), seed=5),
}


def prepared(angle):
    qp.RX(angle, 0)
    qp.CRY(0.8, [0, 1])
    qp.IsingXX(0.3, [1, 2])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shots", [30, (10, 20, 20)])
def test_the_same_draws_as_default_qubit(kind, shots):
    """The states agree to the last digits, and the same generator draws from them."""

    def circuit(angle):
        prepared(angle)
        return KINDS[kind]()

    found = []
    for name in ("qml.engine", "default.qubit"):
        qnode = qp.set_shots(qp.QNode(circuit, qp.device(name, wires=3, seed=11)), shots=shots)
        found.append(qnode(0.7))
    assert str(found[0]) == str(found[1])


def test_a_seed_is_an_argument():
    def circuit():
        qp.Hadamard(0)
        return qp.sample(wires=[0])

    draws = [qp.set_shots(qp.QNode(circuit, EngineDevice(wires=1, seed=s)), shots=64)() for s in (1, 1, 2)]
    assert (draws[0] == draws[1]).all()
    assert (draws[0] != draws[2]).any()


def test_estimates_lie_within_their_errors():
    exact, _ = pair(lambda x: (prepared(x), qp.expval(qp.Z(0) @ qp.Z(1)), qp.probs(wires=[1, 2]))[1:])
    angles = np.array([0.3, 1.1, 2.0])
    sampled = qp.set_shots(exact, shots=40_000)
    for estimate, value in zip(sampled(angles), exact(angles), strict=True):
        assert np.shape(estimate) == np.shape(value)
        assert np.abs(estimate - value).max() < 5 / 200


def test_gradients_with_shots_are_by_parameter_shift():
    exact = qp.QNode(lambda x: (prepared(x), qp.expval(qp.Z(0)))[1], EngineDevice(3, seed=3))
    qnode = qp.set_shots(exact, shots=40_000)
    assert qp.grad(qnode)(pnp.array(0.7, requires_grad=True)) == pytest.approx(-np.sin(0.7), abs=0.05)
    with pytest.raises(qp.exceptions.QuantumFunctionError, match="does not support adjoint"):
        qp.grad(qp.set_shots(qp.QNode(qnode.func, EngineDevice(3), diff_method="adjoint"), shots=10))(pnp.array(0.7))


def test_measurements_in_the_middle_with_shots():
    def circuit(angle):
        qp.RX(angle, 0)
        first = qp.measure(0)
        qp.cond(first, qp.X)(1)
        return qp.counts(first), qp.expval(qp.Z(1))

    counts, mean = qp.set_shots(qp.QNode(circuit, EngineDevice(wires=3, seed=1)), shots=2000)(0.7)
    assert sum(counts.values()) == 2000
    assert mean == pytest.approx(np.cos(0.7), abs=0.1)
