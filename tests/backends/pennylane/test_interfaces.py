"""torch, JAX and autograd on the device: TorchLayer, jit, vmap, precision, and the tracker."""

import copy
import pickle

import jax
import numpy as np
import pennylane as qp
import pytest
import torch

from qml.backends.pennylane_device import EngineDevice
from tests.backends.pennylane.sides import pair

# PennyLane 0.45 asks JAX for names that JAX 0.10 announces to go
pytestmark = pytest.mark.filterwarnings("ignore:jax.core:DeprecationWarning")

WEIGHTS = np.random.default_rng(0).normal(size=(2, 3, 3))
INPUTS = np.random.default_rng(1).normal(size=(5, 3))


def circuit(inputs, weights):
    qp.AngleEmbedding(inputs, wires=range(3))
    qp.StronglyEntanglingLayers(weights, wires=range(3))
    return [qp.expval(qp.Z(wire)) for wire in range(3)]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_torch_keeps_its_precision(dtype):
    ours, theirs = pair(circuit)
    found = []
    for qnode in (ours, theirs):
        inputs = torch.tensor(INPUTS, dtype=dtype, requires_grad=True)
        weights = torch.tensor(WEIGHTS, dtype=dtype, requires_grad=True)
        values = torch.stack(qnode(inputs, weights))
        if qnode is ours:
            assert values.dtype == dtype
        (values**2).sum().backward()
        assert inputs.grad.dtype == weights.grad.dtype == dtype
        found.append([array.detach().double().numpy() for array in (values, inputs.grad, weights.grad)])
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5 if dtype == torch.float32 else 1e-11)


@pytest.mark.parametrize(("c_dtype", "expected"), [(np.complex64, "float32"), (np.complex128, "float64")])
def test_a_precision_that_is_asked_for(c_dtype, expected):
    values = qp.QNode(circuit, EngineDevice(wires=3, c_dtype=c_dtype))(INPUTS, WEIGHTS)
    assert np.asarray(values).dtype.name == expected


def test_numbers_and_mixtures_run_in_double():
    qnode = qp.QNode(circuit, EngineDevice(wires=3))
    assert np.asarray(qnode(INPUTS.astype(np.float32), WEIGHTS)).dtype == np.float64
    assert np.asarray(qnode(INPUTS.astype(np.float32), WEIGHTS.astype(np.float32))).dtype == np.float32


def test_torch_layer_trains_like_default_qubit():
    losses = []
    for qnode in pair(circuit):
        torch.manual_seed(0)
        layer = qp.qnn.TorchLayer(qnode, {"weights": (2, 3, 3)})
        model = torch.nn.Sequential(torch.nn.Linear(4, 3), layer, torch.nn.Linear(3, 2))
        optimizer = torch.optim.SGD(model.parameters(), lr=0.3)
        data = torch.randn(6, 4)
        for _ in range(3):
            optimizer.zero_grad()
            loss = model(data).square().mean()
            loss.backward()
            optimizer.step()
        losses.append(loss.item())
    assert losses[0] == pytest.approx(losses[1], abs=1e-5)


@pytest.fixture
def precision(request):
    """JAX in double or single precision, for its callback threads too."""
    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", request.param)
    yield np.dtype(np.float64 if request.param else np.float32)
    jax.config.update("jax_enable_x64", before)


@pytest.fixture(scope="module")
def slopes():
    """Gradients of a loss of all rows, and of the first row alone, by default.qubit in torch."""

    def by_torch(inputs):
        arguments = torch.tensor(inputs, requires_grad=True), torch.tensor(WEIGHTS, requires_grad=True)
        loss(qp.QNode(circuit, qp.device("default.qubit", wires=3)))(*arguments).backward()
        return [argument.grad.numpy() for argument in arguments]

    return {"rows": by_torch(INPUTS), "row": by_torch(INPUTS[0])}


def loss(qnode):
    return lambda inputs, weights: sum((value**2).sum() for value in qnode(inputs, weights))


def of_rows(f):
    return lambda x, w: jax.vmap(f, (0, None))(x, w).sum()


WAYS = {
    "plain": lambda f: jax.grad(f, (0, 1)),
    "jit outside": lambda f: jax.jit(jax.grad(f, (0, 1))),
    "jit inside": lambda f: jax.grad(jax.jit(f), (0, 1)),
    "vmap": lambda f: jax.grad(of_rows(f), (0, 1)),
    "jit of vmap": lambda f: jax.jit(jax.grad(of_rows(f), (0, 1))),
    "one row": lambda f: jax.jit(jax.grad(f, (0, 1))),
    "one row, forward mode": lambda f: jax.jacfwd(f, (0, 1)),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("precision", [True], ids=["double"], indirect=True)
def test_jax(way, precision, slopes):
    check_jax(way, precision, slopes)


@pytest.mark.parametrize("precision", [False], ids=["single"], indirect=True)
def test_jax_in_single_precision(precision, slopes):
    check_jax("jit outside", precision, slopes)


def check_jax(way, precision, slopes):
    inputs = jax.numpy.asarray(INPUTS[0] if "one row" in way else INPUTS)
    device = EngineDevice(wires=3)
    found = WAYS[way](loss(qp.QNode(circuit, device)))(inputs, jax.numpy.asarray(WEIGHTS))
    for one, other in zip(found, slopes["row" if "one row" in way else "rows"], strict=True):
        assert one.dtype == precision
        np.testing.assert_allclose(one, other, atol=1e-11 if precision == np.float64 else 2e-5)


def test_jax_second_derivatives_are_refused():
    qnode = qp.QNode(lambda angle: (qp.RX(angle, 0), qp.expval(qp.Z(0)))[1], EngineDevice(wires=1))
    with pytest.raises(ValueError, match="do not support JVP"):
        jax.hessian(qnode)(0.3)


def test_many_outputs_in_jax():
    """More outputs than a Jacobian is taken of: by vector-Jacobian products."""

    @qp.qnode(EngineDevice(wires=7))
    def wide(angles):
        qp.AngleEmbedding(angles, wires=range(7))
        return qp.probs(wires=range(7))

    angles = jax.numpy.linspace(0.1, 1.0, 7)
    slope = jax.jit(jax.grad(lambda a: (wide(a) ** 2).sum()))(angles)
    shares = [(np.cos(a / 2) ** 4 + np.sin(a / 2) ** 4, -np.sin(2 * a) / 2) for a in np.asarray(angles)]
    whole = np.prod([share for share, _ in shares])
    np.testing.assert_allclose(slope, [whole / share * change for share, change in shares], atol=1e-6)


def test_tracker_counts():
    device = EngineDevice(wires=3)
    qnode = qp.QNode(circuit, device)
    inputs = torch.tensor(INPUTS, requires_grad=True)
    with device.tracker as tracker:
        torch.stack(qnode(inputs, torch.tensor(WEIGHTS))).sum().backward()
    assert tracker.totals["batches"] == tracker.totals["simulations"] == tracker.totals["vjp_batches"] == 1
    assert tracker.totals["executions"] == len(INPUTS)
    assert "resources" in tracker.latest or "resources" in tracker.history
    with device.tracker as tracker:
        qp.set_shots(qnode, shots=50)(INPUTS, WEIGHTS)
    assert tracker.totals["shots"] == 50 * len(INPUTS)


def test_the_second_half_starts_from_the_first():
    """A backward pass finds the states of the forward pass; without trained parameters none are kept."""
    device = EngineDevice(wires=3)
    waiting = device._runs._waiting._kept
    qnode = qp.QNode(circuit, device)
    qnode(torch.tensor(INPUTS), torch.tensor(WEIGHTS))
    qnode(INPUTS, WEIGHTS)
    assert not waiting
    values = torch.stack(qnode(torch.tensor(INPUTS), torch.tensor(WEIGHTS, requires_grad=True)))
    assert len(waiting) == 1
    values.sum().backward()
    assert not waiting


def test_copies_and_pickles():
    device = EngineDevice(wires=["a", "b"], c_dtype=np.complex64)
    qp.QNode(lambda: (qp.RX(0.1, "a"), qp.expval(qp.Z("a")))[1], device)()
    for other in (copy.deepcopy(device), pickle.loads(pickle.dumps(device))):  # noqa: S301
        assert other.wires == device.wires
        assert qp.QNode(lambda: (qp.RX(0.1, "b"), qp.expval(qp.Z("b")))[1], other)() == pytest.approx(np.cos(0.1))
