"""Derivatives of measurements that are no expectation values, against `default.qubit` by back-propagation."""

import jax
import numpy as np
import pennylane as qp
import pytest
import torch
from pennylane import numpy as pnp
from pennylane.devices import ExecutionConfig

from qml.backends import pennylane_device_state_slopes
from qml.backends.pennylane_device import EngineDevice
from qml.base.errors import CapabilityError
from tests.backends.pennylane.sides import apply_random, flat, pair

pytestmark = [
    # back-propagation through default.qubit under autograd casts complex numbers to real ones
    pytest.mark.filterwarnings("ignore::numpy.exceptions.ComplexWarning"),
    # PennyLane 0.45 asks JAX for names that JAX 0.10 announces to go
    pytest.mark.filterwarnings("ignore:jax.core:DeprecationWarning"),
]

OUTPUTS = {
    "purity": lambda: qp.purity(wires=[0]),
    "entropy": lambda: qp.vn_entropy(wires=[1]),
    "mutual information": lambda: qp.mutual_info([0], [2]),
    "state": lambda: qp.state(),
    "density matrix": lambda: qp.density_matrix([2, 0]),
    "mixture": lambda: (qp.expval(qp.Z(1)), qp.purity(wires=[1]), qp.probs(wires=[2, 0]), qp.vn_entropy(wires=[0])),
}
TARGET = np.random.default_rng(9).normal(size=64)


def loss(ops, results):
    """A number that weighs every output differently, the phase of a state too, and is not linear in any."""
    total = 0.0
    for result in parts_of(results):
        entries = ops.reshape(result, (-1,))
        weights = TARGET[: len(entries)]
        weights = torch.tensor(weights) if ops is torch else weights
        total = total + ops.sin(ops.sum(weights * ops.real(entries))) + ops.sum(weights * ops.abs(entries) ** 2)
        if "complex" in str(result.dtype):
            total = total + ops.sin(ops.sum(ops.flip(weights, (0,)) * ops.imag(entries)))
    return total


def gradients(qnode, interface, arguments):
    """Of the loss, by the arguments, as NumPy arrays."""
    if interface == "autograd":
        return qp.grad(lambda *p: loss(pnp, qnode(*p)))(*[pnp.array(a, requires_grad=True) for a in arguments])
    if interface == "torch":
        tensors = [torch.tensor(a, requires_grad=True) for a in arguments]
        loss(torch, qnode(*tensors)).backward()
        return [tensor.grad.numpy() for tensor in tensors]
    arrays = [jax.numpy.asarray(a) for a in arguments]
    return jax.grad(lambda *p: loss(jax.numpy, qnode(*p)), tuple(range(len(arrays))))(*arrays)


def parts_of(results):
    return results if isinstance(results, list | tuple) else [results]


@pytest.fixture
def double():
    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", before)


def circuit_of(name):
    def circuit(shared, rows):
        apply_random(1, [*shared[:4], *rows, *shared[4:]])
        qp.GlobalPhase(shared[0] * rows[0])
        qp.PhaseShift(rows[1], 0)
        return OUTPUTS[name]()

    return circuit


def numbers(batch):
    random = np.random.default_rng(3)
    return random.normal(size=7), random.normal(size=(5,) if batch is None else (5, batch))


@pytest.mark.parametrize(
    ("interface", "batch"),
    [
        *((interface, batch) for interface in ("autograd", "torch") for batch in (None, 3)),
        *(pytest.param("jax", batch, marks=pytest.mark.slow) for batch in (None, 3)),  # JAX compiles for seconds
    ],
)
@pytest.mark.parametrize("name", OUTPUTS)
def test_gradients(name, batch, interface, double):
    ours, theirs = pair(circuit_of(name))
    arguments = numbers(batch)
    if interface == "autograd":  # its back-propagation of states drops parts of complex numbers
        expected = gradients(theirs, "torch", arguments)
    else:
        expected = gradients(theirs, interface, arguments)
    for one, other in zip(gradients(ours, interface, arguments), expected, strict=True):
        assert np.shape(one) == np.shape(other)
        np.testing.assert_allclose(one, other, atol=1e-10)


def test_a_wrong_gradient_is_seen():
    """The parameter-shift rule, which PennyLane would take for a purity, is off by more than the tolerance."""
    ours, theirs = pair(circuit_of("purity"))
    arguments = numbers(None)
    shifted = qp.QNode(theirs.func, theirs.device, diff_method="parameter-shift")
    wrong = gradients(shifted, "torch", arguments)[0]
    assert np.abs(wrong - gradients(ours, "torch", arguments)[0]).max() > 1e-3


QUICK = ("jit inside", "state"), ("jit outside", "mixture"), ("jacrev", "purity"), ("batch", "state")


@pytest.mark.parametrize(
    ("way", "name"),
    [
        pytest.param(way, name, marks=() if (way, name) in QUICK else pytest.mark.slow)  # JAX compiles for seconds
        for way in ("jit outside", "jit inside", "jacrev", "batch")
        for name in ("state", "purity", "mixture")
    ],
)
def test_ways_through_jax(name, way, double):
    ours, theirs = pair(circuit_of(name))
    shared, rows = (jax.numpy.asarray(a) for a in numbers(3 if way == "batch" else None))
    found = []
    for qnode in (ours, theirs):

        def of(shared, rows, qnode=qnode):
            return loss(jax.numpy, qnode(shared, rows))

        if way in ("jit outside", "batch"):
            found.append(jax.jit(jax.grad(of))(shared, rows))
        elif way == "jit inside":
            found.append(jax.grad(jax.jit(of))(shared, rows))
        else:
            parts = jax.jacrev(lambda s, r, q=qnode: [abs(part) for part in parts_of(q(s, r))])(shared, rows)
            found.append(flat([np.asarray(part) for part in parts]))
    np.testing.assert_allclose(*found, atol=1e-10)


@pytest.mark.parametrize("batch", [None, 3])
def test_the_three_derivatives_of_a_state_agree(batch):
    random = np.random.default_rng(5)
    angles = [np.array(random.normal()) for _ in range(6)] + [np.array(random.normal(size=batch)) for _ in range(4)]
    with qp.queuing.AnnotatedQueue() as queue:
        apply_random(3, angles)
        qp.GlobalPhase(np.array(random.normal(size=batch)), wires=0)
        qp.state()
    tape = qp.tape.QuantumScript.from_queue(queue)
    device = EngineDevice(wires=3)
    tape.trainable_params = [0, 2, 7, 8, len(tape.get_parameters(trainable_only=False)) - 1]
    config = ExecutionConfig(gradient_method="device", use_device_jacobian_product=True)
    values = tape.get_parameters()
    [state], [jacobian] = device.execute_and_compute_derivatives([tape], config)
    cotangent = random.normal(size=state.shape) + 1j * random.normal(size=state.shape)
    tangents = tuple(random.normal(size=np.shape(value)) for value in values)
    [vjp] = device.compute_vjp([tape], [cotangent], config)
    for value, block, gradient in zip(values, jacobian, vjp, strict=True):
        block = np.reshape(block, state.shape + np.shape(value))
        expected = np.tensordot(cotangent, block, axes=cotangent.ndim).real
        np.testing.assert_allclose(gradient, expected, atol=1e-12)
    [jvp] = device.compute_jvp([tape], [tangents], config)
    backward = sum(float(np.sum(t * g)) for t, g in zip(tangents, vjp, strict=True))
    assert np.sum(cotangent * jvp).real == pytest.approx(backward, abs=1e-12)
    step = 1e-6
    ends = []
    for sign in (1, -1):
        moved = [value + sign * step * tangent for value, tangent in zip(values, tangents, strict=True)]
        ends.append(device.execute(tape.bind_new_parameters(moved, tape.trainable_params), config))
    np.testing.assert_allclose((ends[0] - ends[1]) / (2 * step), jvp, atol=1e-8)


@pytest.mark.parametrize("batch", [None, 3])
@pytest.mark.parametrize("normalize", [True, False])
def test_prepared_amplitudes(batch, normalize):
    random = np.random.default_rng(6)
    amplitudes = random.normal(size=(4,) if batch is None else (batch, 4))
    amplitudes /= np.linalg.norm(amplitudes, axis=-1, keepdims=True)

    def circuit(amplitudes, angle):
        qp.AmplitudeEmbedding(amplitudes, wires=[0, 1], normalize=normalize)
        qp.CRX(angle, [1, 2])
        return qp.purity(wires=[2]), qp.state()

    found = [gradients(qnode, "torch", (amplitudes, np.array(0.4))) for qnode in pair(circuit)]
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-10)


def test_a_few_rows_at_a_time(monkeypatch):
    ours, _ = pair(circuit_of("purity"))
    arguments = numbers(3)
    whole = gradients(ours, "torch", arguments)
    monkeypatch.setattr(pennylane_device_state_slopes, "BLOCK_BYTES", 1)
    for one, other in zip(gradients(ours, "torch", arguments), whole, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-13)


def test_single_precision():
    """float32 parameters run in float32; derivatives come back in it."""
    ours, theirs = pair(lambda angles: (apply_random(1, angles), qp.purity(wires=[0]))[1])
    angles = np.random.default_rng(1).normal(size=12)
    tensor = torch.tensor(angles, dtype=torch.float32, requires_grad=True)
    value = ours(tensor)
    value.backward()
    expected = torch.tensor(angles, requires_grad=True)
    theirs(expected).backward()
    assert tensor.grad.dtype == torch.float32
    np.testing.assert_allclose(tensor.grad, expected.grad, atol=1e-5)


def test_labels_in_another_order():
    def circuit(angle):
        qp.RX(angle, "b")
        qp.CNOT(["b", "a"])
        qp.RY(2 * angle, "a")
        return qp.state(), qp.vn_entropy(wires=["a"])

    for wires in (["a", "b", "c"], None):
        found = [gradients(qnode, "torch", (np.array(0.3),)) for qnode in pair(circuit, wires=wires)]
        np.testing.assert_allclose(*found, atol=1e-12)


def test_probabilities_of_all_wires_beside_a_wire_that_no_gate_touches():
    def circuit(angle):
        qp.RX(angle, 0)
        return qp.purity(wires=[1]), qp.probs()

    for ours, theirs in (pair(circuit, wires=None), pair(circuit, wires=2)):
        found = [gradients(qnode, "torch", (np.array(0.3),)) for qnode in (ours, theirs)]
        np.testing.assert_allclose(*found, atol=1e-12)
        angle = torch.tensor(0.3, requires_grad=True)
        assert ours(angle)[1].shape == (4,)


@pytest.mark.parametrize("method", ["parameter-shift", "hadamard"])
@pytest.mark.parametrize("measured", ["purity", "entropy", "state"])
def test_rules_that_would_be_wrong_are_refused(method, measured):
    qnode = qp.QNode(circuit_of(measured), EngineDevice(wires=4), diff_method=method)
    arguments = [torch.tensor(a, requires_grad=True) for a in numbers(None)]
    with pytest.raises((CapabilityError, ValueError), match=r"linear in the density matrix|hardware-compatible"):
        loss(torch, qnode(*arguments)).backward()


def test_finite_differences_of_a_purity():
    ours, theirs = pair(circuit_of("purity"))
    rough = qp.QNode(ours.func, ours.device, diff_method="finite-diff")
    arguments = numbers(None)
    for one, other in zip(*[gradients(q, "torch", arguments) for q in (rough, theirs)], strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_an_executor_without_tangents():
    from tests.backends.pennylane.test_refusals import Unreachable

    class Plain(Unreachable):
        capabilities = type(Unreachable.capabilities)("plain", exact=True, max_qubits=4, states=True)

        def states(self, program, inputs_BD, weights):
            return np.eye(1, 2**program.n_qubits, dtype=complex)

    device = EngineDevice(wires=1, executor=Plain())
    qnode = qp.QNode(lambda angle: (qp.RX(angle, 0), qp.purity(wires=[0]))[1], device)
    with pytest.raises(CapabilityError, match="'plain' gives no tangents"):
        qp.grad(qnode)(pnp.array(0.1, requires_grad=True))


MATRIX = np.array([[0.3, 0.2 - 0.1j], [0.2 + 0.1j, -0.5]])


def of_hermitian(measured):
    def circuit(angle, matrix):
        qp.RX(angle, 0)
        qp.CRY(0.4, [0, 1])
        return measured(qp.Hermitian(matrix, 0)), qp.expval(qp.Z(1))

    return circuit


def test_the_matrix_of_an_observable():
    """The gradient of <H> by H, which PennyLane's adjoint methods give as zero."""
    found = []
    for qnode in pair(of_hermitian(qp.expval)):
        arguments = torch.tensor(0.7, requires_grad=True, dtype=float), torch.tensor(MATRIX, requires_grad=True)
        first, second = qnode(*arguments)
        (first**2 + second).backward()
        found.append([argument.grad for argument in arguments])
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-12)
    assert np.abs(found[0][1].numpy()).max() > 0.1


def test_a_matrix_that_only_seems_trained():
    """PennyLane's arrays are marked as trainable when made; one that autograd does not follow costs nothing."""
    device = EngineDevice(wires=2)
    matrix = pnp.array(MATRIX)
    executor = device._runs.executor

    class WithoutTangents:
        capabilities, forward, vjp, states = executor.capabilities, executor.forward, executor.vjp, executor.states

    device._runs.executor = WithoutTangents()
    qnode = qp.QNode(of_hermitian(qp.var), device)
    slope = qp.grad(lambda angle: qnode(angle, matrix)[0])(pnp.array(0.7, requires_grad=True))
    theirs = qp.QNode(of_hermitian(qp.var), qp.device("default.qubit", wires=2))
    expected = qp.grad(lambda angle: theirs(angle, pnp.array(MATRIX, requires_grad=False))[0])
    assert slope == pytest.approx(expected(pnp.array(0.7, requires_grad=True)), abs=1e-12)


@pytest.mark.filterwarnings("ignore:Using qp.probs with a Hermitian")
@pytest.mark.parametrize("measured", [qp.var, lambda h: qp.probs(op=h), lambda h: qp.expval(2.0 * h)])
def test_matrices_whose_gradient_is_not_given(measured):
    qnode = qp.QNode(of_hermitian(measured), EngineDevice(wires=2))
    with pytest.raises(CapabilityError, match=r"by an array of its observable"):
        qnode(torch.tensor(0.7), torch.tensor(MATRIX, requires_grad=True))


@pytest.mark.parametrize("name", ["purity", "expectation"])
def test_second_derivatives_are_refused_in_torch(name):
    measured = OUTPUTS.get(name, lambda: qp.expval(qp.Z(0)))
    qnode = qp.QNode(lambda angle: (qp.RX(angle, 0), qp.CNOT([0, 1]), measured())[-1], EngineDevice(wires=3))
    angle = torch.tensor(0.3, requires_grad=True)
    with pytest.raises(CapabilityError, match="create_graph=True"):
        torch.autograd.grad(qnode(angle), angle, create_graph=True)
    with pytest.raises(CapabilityError, match="derivative of a derivative"):
        torch.autograd.functional.hessian(qnode, angle)


@pytest.mark.parametrize("name", ["state", "purity"])
def test_jacobians_in_autograd(name):
    ours, theirs = pair(lambda angles: (apply_random(2, angles), OUTPUTS[name]())[1])
    angles = np.random.default_rng(4).normal(size=8)
    slopes = qp.jacobian(lambda a: pnp.abs(ours(a)) ** 2)(pnp.array(angles, requires_grad=True))
    expected = torch.autograd.functional.jacobian(lambda a: theirs(a).abs() ** 2, torch.tensor(angles))
    np.testing.assert_allclose(flat(slopes), flat(expected), atol=1e-10)
