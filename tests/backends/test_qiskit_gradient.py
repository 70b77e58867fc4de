"""Qiskit Machine Learning on our estimator and gradient: equal values and gradients."""

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit.library import real_amplitudes, zz_feature_map
from qiskit.quantum_info import SparsePauliOp, Statevector

from qml.backends.qiskit_estimator import EngineEstimator
from qml.backends.qiskit_sampler import EngineSampler
from qml.base.errors import MissingExtraError

REASON = "needs qiskit-machine-learning: pip install qml-hybrid[qiskit-ml]"
OBSERVABLES = [SparsePauliOp("ZII"), SparsePauliOp(["XXI", "IIZ"], [0.5, 2.0])]


def test_a_missing_package_is_named(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "qiskit_machine_learning", None)
    monkeypatch.delitem(sys.modules, "qml.backends.qiskit_gradient", raising=False)
    with pytest.raises(MissingExtraError, match="qiskit-ml"):
        import qml.backends.qiskit_gradient  # noqa: F401


def networks(**arguments):
    """The network with Qiskit's own parts, and the same with ours."""
    pytest.importorskip("qiskit_machine_learning", reason=REASON)
    from qiskit_machine_learning.neural_networks import EstimatorQNN

    from qml.backends.qiskit_gradient import EngineEstimatorGradient

    features, ansatz = zz_feature_map(3, reps=1), real_amplitudes(3, reps=1)
    shared = {
        "circuit": features.compose(ansatz),
        "observables": OBSERVABLES,
        "input_params": features.parameters,
        "weight_params": ansatz.parameters,
        **arguments,
    }
    ours = {"estimator": EngineEstimator(), "gradient": EngineEstimatorGradient()}
    return EstimatorQNN(**shared), EstimatorQNN(**shared, **ours), EstimatorQNN(**shared, estimator=EngineEstimator())


@pytest.mark.parametrize("input_gradients", [True, False])
def test_estimator_qnn_has_equal_values_and_gradients(input_gradients):
    rng = np.random.default_rng(0)
    inputs, weights = rng.normal(size=(3, 3)), rng.normal(size=6)
    theirs, *ours = networks(input_gradients=input_gradients)
    slopes = theirs.backward(inputs, weights)
    for network in ours:
        np.testing.assert_allclose(network.forward(inputs, weights), theirs.forward(inputs, weights), atol=1e-12)
        for found, expected in zip(network.backward(inputs, weights), slopes, strict=True):
            if expected is None:
                assert found is None
            else:
                np.testing.assert_allclose(found, expected, atol=1e-12)


def test_a_training_step_of_the_torch_connector_is_the_same():
    theirs, ours, _ = networks(input_gradients=True)
    import torch
    from qiskit_machine_learning.connectors import TorchConnector

    rng = np.random.default_rng(1)
    start, inputs = rng.normal(size=6), torch.tensor(rng.normal(size=(4, 3)))
    losses = []
    for network in (theirs, ours):
        layer = TorchConnector(network, initial_weights=start).double()
        optimiser = torch.optim.SGD(layer.parameters(), lr=0.1)
        for _ in range(2):
            optimiser.zero_grad()
            loss = (layer(inputs) ** 2).sum()
            loss.backward()
            optimiser.step()
        losses.append(loss.item())
    assert losses[1] == pytest.approx(losses[0], abs=1e-6)  # TorchConnector casts to float32


def test_errors_of_a_gradient_reach_the_caller():
    pytest.importorskip("qiskit_machine_learning", reason=REASON)
    from qml.backends.qiskit_gradient import EngineEstimatorGradient

    circuit = QuantumCircuit(1)
    with pytest.raises(ValueError, match="not parameterised"):
        EngineEstimatorGradient().run([circuit], [SparsePauliOp("Z")], [[]])


def test_features_as_amplitudes():
    pytest.importorskip("qiskit_machine_learning", reason=REASON)
    from qiskit_machine_learning.circuit.library import raw_feature_vector

    features, ansatz = raw_feature_vector(4), real_amplitudes(2, reps=1)
    circuit = features.compose(ansatz)
    values = np.random.default_rng(2).normal(size=circuit.num_parameters)
    order = {parameter: value for parameter, value in zip(circuit.parameters, values, strict=True)}
    amplitudes = np.array([order[parameter] for parameter in features.parameters])
    start = QuantumCircuit(2)
    start.prepare_state(list(amplitudes / np.linalg.norm(amplitudes)))
    bound = start.compose(ansatz.assign_parameters([order[parameter] for parameter in ansatz.parameters]))
    observable = SparsePauliOp(["ZI", "XX"], [1.0, 0.3])
    found = EngineEstimator().run([(circuit, observable, values)]).result()[0].data.evs
    assert found == pytest.approx(Statevector(bound).expectation_value(observable).real, abs=1e-12)


def test_sampler_qnn_has_their_probabilities():
    pytest.importorskip("qiskit_machine_learning", reason=REASON)
    from qiskit.primitives import StatevectorSampler
    from qiskit_machine_learning.neural_networks import SamplerQNN

    features, ansatz = zz_feature_map(2, reps=1), real_amplitudes(2, reps=1)
    circuit = features.compose(ansatz)
    rng = np.random.default_rng(3)
    inputs, weights = rng.normal(size=(2, 2)), rng.normal(size=4)
    shared = {"circuit": circuit, "input_params": features.parameters, "weight_params": ansatz.parameters}
    ours = SamplerQNN(**shared, sampler=EngineSampler(shots=20000, seed=1))
    theirs = SamplerQNN(**shared, sampler=StatevectorSampler(default_shots=20000, seed=2))
    np.testing.assert_allclose(ours.forward(inputs, weights), theirs.forward(inputs, weights), atol=0.03)
