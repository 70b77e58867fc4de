"""First derivatives of every kind, against `default.qubit` by back-propagation."""

import numpy as np
import pennylane as qp
import pytest
from pennylane import numpy as pnp
from pennylane.devices import ExecutionConfig

from qml.backends.pennylane_device import EngineDevice
from tests.backends.pennylane.sides import apply_random, flat, pair

# back-propagation through default.qubit under autograd casts complex numbers to real ones
pytestmark = pytest.mark.filterwarnings("ignore::numpy.exceptions.ComplexWarning")

OUTPUTS = {
    "one": lambda: qp.expval(qp.X(0) @ qp.Y(2)),
    "several": lambda: (qp.expval(qp.Z(0)), qp.expval(qp.Hamiltonian([1.0, 2.0], [qp.Z(0), qp.X(1)]))),
    "variance": lambda: (qp.var(qp.X(0) @ qp.Z(1)), qp.var(0.5 * qp.X(0) + qp.Z(1)), qp.expval(qp.X(0) @ qp.Z(1))),
    "probs": lambda: qp.probs(wires=[2, 0]),
    "mixture": lambda: (qp.expval(qp.Hadamard(1)), qp.probs(wires=[1, 2]), qp.probs(op=qp.Y(0)), qp.var(qp.Z(2))),
}


def loss(results):
    """A number that weighs every output differently and is not linear in any."""
    total, count = 0.0, 1
    for result in results if isinstance(results, list | tuple) else [results]:
        total = total + pnp.sum(pnp.sin(count * result))
        count += 1
    return total


@pytest.mark.parametrize("name", OUTPUTS)
@pytest.mark.parametrize("batch", [None, 1, 4])
def test_gradients_to_shared_and_to_batched_parameters(name, batch):
    random = np.random.default_rng(3)
    shared = pnp.array(random.normal(size=8), requires_grad=True)
    rows = pnp.array(random.normal(size=(5,) if batch is None else (5, batch)), requires_grad=True)

    def circuit(shared, rows):
        apply_random(1, [*shared[:4], *rows, *shared[4:]])
        return OUTPUTS[name]()

    ours, theirs = pair(circuit)
    if batch == 1:  # default.qubit loses the batch of one in a derivative of probabilities
        theirs = ours
        slopes = [finite(lambda *p: loss(ours(*p)), (shared, rows), k) for k in range(2)]
    else:
        slopes = qp.grad(lambda *p: loss(theirs(*p)))(shared, rows)
    mine = qp.grad(lambda *p: loss(ours(*p)))(shared, rows)
    for one, other in zip(mine, slopes, strict=True):
        assert np.shape(one) == np.shape(other)
        np.testing.assert_allclose(one, other, atol=1e-7 if batch == 1 else 1e-11)


def finite(function, arguments, which, step=1e-5):
    """Central differences."""
    slope = np.zeros(np.shape(arguments[which]))
    for index in np.ndindex(slope.shape):
        ends = []
        for sign in (1, -1):
            moved = [np.array(a, dtype=float) for a in arguments]
            moved[which][index] += sign * step
            ends.append(float(function(*moved)))
        slope[index] = (ends[0] - ends[1]) / (2 * step)
    return slope


@pytest.mark.parametrize("name", OUTPUTS)
def test_jacobians(name):
    angles = pnp.array(np.random.default_rng(4).normal(size=10), requires_grad=True)

    def circuit(angles):
        apply_random(2, angles)
        return OUTPUTS[name]()

    ours, theirs = pair(circuit)
    slopes = [qp.jacobian(lambda a, q=q: pnp.hstack([q(a)] if name == "one" else q(a)))(angles) for q in (ours, theirs)]
    np.testing.assert_allclose(*slopes, atol=1e-11)


@pytest.mark.parametrize("name", OUTPUTS)
@pytest.mark.parametrize("batch", [None, 3])
def test_the_three_derivatives_agree(name, batch):
    """`compute_derivatives`, `compute_vjp` and `compute_jvp`, and their `execute_and_` forms, on a raw tape."""
    random = np.random.default_rng(5)
    angles = [np.array(random.normal()) for _ in range(6)] + [np.array(random.normal(size=batch)) for _ in range(4)]
    with qp.queuing.AnnotatedQueue() as queue:
        apply_random(3, angles)
        OUTPUTS[name]()
    tape = qp.tape.QuantumScript.from_queue(queue)
    device = EngineDevice(wires=3)
    config = ExecutionConfig(gradient_method="device", use_device_jacobian_product=True)
    [tape], _ = device.preprocess_transforms(config)([tape])
    tape.trainable_params = [0, 2, 7, 8]
    values = tape.get_parameters()
    [results], [jacobian] = device.execute_and_compute_derivatives([tape], config)
    results = results if isinstance(results, tuple) else (results,)
    jacobian = jacobian if len(results) > 1 else (jacobian,)
    cotangents = tuple(random.normal(size=np.shape(result)) for result in results)
    tangents = tuple(random.normal(size=np.shape(value)) for value in values)
    one = cotangents if len(results) > 1 else cotangents[0]

    [first], [vjp] = device.execute_and_compute_vjp([tape], [one], config)
    np.testing.assert_allclose(flat(first), flat(results), atol=1e-14)
    np.testing.assert_allclose(flat(vjp), flat(device.compute_vjp([tape], [one], config)[0]), atol=1e-14)
    for number, value in enumerate(values):
        expected = np.zeros(np.shape(value))
        for by_parameter, cotangent in zip(jacobian, cotangents, strict=True):
            block = np.reshape(by_parameter[number], np.shape(cotangent) + np.shape(value))
            expected = expected + np.tensordot(cotangent, block, axes=np.ndim(cotangent))
        np.testing.assert_allclose(vjp[number], expected, atol=1e-12)

    [first], [jvp] = device.execute_and_compute_jvp([tape], [tangents], config)
    jvp = jvp if len(results) > 1 else (jvp,)
    forward = sum(float(np.sum(c * j)) for c, j in zip(cotangents, jvp, strict=True))
    backward = sum(float(np.sum(t * g)) for t, g in zip(tangents, vjp, strict=True))
    assert forward == pytest.approx(backward, abs=1e-12)
    np.testing.assert_allclose(flat(device.compute_jvp([tape], [tangents], config)[0]), flat(jvp), atol=1e-14)


@pytest.mark.parametrize("normalize", [True, False])
@pytest.mark.parametrize("batch", [None, 3])
def test_gradients_of_prepared_amplitudes(normalize, batch):
    random = np.random.default_rng(6)
    amplitudes = random.normal(size=(4,) if batch is None else (batch, 4))
    amplitudes = pnp.array(amplitudes / np.linalg.norm(amplitudes, axis=-1, keepdims=True), requires_grad=True)

    def circuit(amplitudes, angle):
        qp.AmplitudeEmbedding(amplitudes, wires=[0, 1], normalize=normalize)
        qp.CRX(angle, [1, 2])
        return qp.expval(qp.Z(2)), qp.probs(wires=[0]), qp.var(qp.X(1))

    angle = pnp.array(0.4, requires_grad=True)
    ours, theirs = pair(circuit)
    if normalize:
        slopes = [qp.grad(lambda *p, q=q: loss(q(*p)))(amplitudes, angle) for q in (ours, theirs)]
    else:  # both take the amplitudes as they are, off the sphere too
        config = {"diff_method": "backprop"}
        theirs = qp.QNode(circuit, qp.device("default.qubit", wires=3), **config)
        slopes = [qp.grad(lambda *p, q=q: loss(q(*p)))(amplitudes, angle) for q in (ours, theirs)]
    for one, other in zip(*slopes, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-10)


def test_coefficients_of_observables():
    def circuit(angle, coefficients):
        qp.RX(angle, 0)
        qp.RY(0.3, 1)
        observable = qp.Hamiltonian(coefficients, [qp.Z(0), qp.X(1)])
        return qp.expval(observable), qp.expval(qp.s_prod(coefficients[0], qp.Y(0)))

    arguments = pnp.array(0.7, requires_grad=True), pnp.array([0.4, -0.8], requires_grad=True)
    slopes = [qp.grad(lambda *p, q=q: loss(q(*p)))(*arguments) for q in pair(circuit)]
    for one, other in zip(*slopes, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-11)


def test_a_matrix_of_one_wire_is_differentiated():
    def circuit(angle):
        matrix = qp.math.convert_like(qp.RX.compute_matrix(angle), angle)
        qp.QubitUnitary(matrix, wires=0)
        qp.RY(0.2, 0)
        return qp.expval(qp.Z(0))

    import torch

    slopes = []
    for qnode in pair(circuit, wires=1):
        angle = torch.tensor(0.7, dtype=torch.float64, requires_grad=True)
        qnode(angle).backward()
        slopes.append(float(angle.grad))
    assert slopes[0] == pytest.approx(slopes[1], abs=1e-10)


def test_tapes_of_one_structure_are_rows_of_one_call():
    """A parameter-shift derivative is one call of the executor, whatever the number of its tapes."""
    device = EngineDevice(wires=2)
    calls = []
    executor = device._runs.executor

    class Counting:
        capabilities = executor.capabilities

        def forward(self, program, inputs_BD, weights, **options):
            calls.append(weights.shape)
            return executor.forward(program, inputs_BD, weights, **options)

    device._runs.executor = Counting()

    @qp.qnode(device, diff_method="parameter-shift")
    def circuit(angles):
        for wire in (0, 1):
            qp.RX(angles[wire], wire)
        return qp.expval(qp.Z(0) @ qp.Z(1))

    angles = pnp.array([0.3, 0.8], requires_grad=True)
    slopes = qp.grad(circuit)(angles)
    np.testing.assert_allclose(slopes, [-np.sin(0.3) * np.cos(0.8), -np.cos(0.3) * np.sin(0.8)], atol=1e-12)
    assert calls == [(2,), (4, 2)]


def test_second_derivatives_are_right_or_refused():
    def circuit(angle):
        qp.RX(angle, 0)
        return qp.expval(qp.Z(0))

    device = EngineDevice(wires=1)
    angle = pnp.array(0.3, requires_grad=True)
    with pytest.raises(NotImplementedError, match="max_diff=2"):
        qp.grad(qp.grad(qp.QNode(circuit, device)))(angle)
    assert qp.grad(qp.grad(qp.QNode(circuit, device, max_diff=2)))(angle) == pytest.approx(-np.cos(0.3))


def test_mixed_second_derivatives_are_refused():
    def circuit(one, other):
        qp.RX(one, 0)
        qp.RY(other, 0)
        return qp.expval(qp.Z(0))

    qnode = qp.QNode(circuit, EngineDevice(wires=1))
    numbers = pnp.array(0.3, requires_grad=True), pnp.array(0.4, requires_grad=True)
    with pytest.raises(NotImplementedError, match="max_diff=2"):
        qp.grad(lambda a, b: qp.grad(qnode, argnums=1)(a, b), argnums=0)(*numbers)


@pytest.mark.parametrize("method", ["best", "device", "adjoint"])
def test_methods_that_are_supported(method):
    device = EngineDevice(wires=1)
    analytic = qp.tape.QuantumScript([qp.RX(0.1, 0)], [qp.expval(qp.Z(0))])
    sampled = qp.tape.QuantumScript([qp.RX(0.1, 0)], [qp.expval(qp.Z(0))], shots=10)
    of_state = qp.tape.QuantumScript([qp.RX(0.1, 0)], [qp.state()])
    config = ExecutionConfig(gradient_method=method)
    answers = [device.supports_derivatives(config, tape) for tape in (None, analytic, sampled, of_state)]
    assert answers == [True, True, False, True]
    assert device.supports_vjp(config, analytic)
    assert device.supports_jvp(config, analytic)
    assert not device.supports_derivatives(ExecutionConfig(gradient_method=method, derivative_order=2))


@pytest.mark.parametrize("method", ["backprop", "parameter-shift", "hadamard"])
def test_methods_that_are_not_the_devices(method):
    assert not EngineDevice(wires=1).supports_derivatives(ExecutionConfig(gradient_method=method))
