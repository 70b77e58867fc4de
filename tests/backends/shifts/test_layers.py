"""Shift rules under torch and JAX: a trainable layer in front, batches, few jobs, seeds, and what is refused."""

import numpy as np
import pytest

from qml.backends.backend import Target
from qml.backends.engine import EngineExecutor
from qml.backends.mitigation import mitigated
from qml.backends.noise import NoiseModel, ReadoutError
from qml.backends.reference import ReferenceBackend
from qml.backends.sampled import SampledExecutor
from qml.backends.shifts import ShiftedExecutor, SpsaExecutor
from qml.backends.simulated import SimulatedBackend
from qml.backends.surrogate import SurrogateExecutor
from qml.base.errors import CapabilityError
from qml.circuits import angle, sel
from tests.backends.shifts.machines import CountingBackend, queued

PROGRAM = angle(3) + sel(3, depth=1)  # 3 inputs, 9 weights
SHIFTED = {"two_term": {}, "general": {"rule": "general"}, "eager": {"plan": "eager"}}


def hybrid(torch, executor, seed=0):
    from qml.layers.torch import CircuitLayer

    torch.manual_seed(seed)
    front = torch.nn.Linear(5, 3)
    return torch.nn.Sequential(
        front, CircuitLayer(PROGRAM, executor=executor, seed=seed), torch.nn.Linear(3, 2)
    ).double()


@pytest.mark.parametrize("name", SHIFTED)
def test_torch_trains_what_stands_in_front(name):
    torch = pytest.importorskip("torch")
    found = []
    for executor in (EngineExecutor(), ShiftedExecutor(SimulatedBackend(), **SHIFTED[name])):
        net = hybrid(torch, executor)
        inputs = torch.linspace(-1, 1, 20, dtype=torch.float64).reshape(4, 5).requires_grad_()
        net(inputs).square().sum().backward()
        found.append([*(parameter.grad for parameter in net.parameters()), inputs.grad])
    for wanted, got in zip(*found, strict=True):
        torch.testing.assert_close(got, wanted, atol=1e-10, rtol=0)


def test_torch_takes_one_job_a_step_where_there_is_a_queue():
    torch = pytest.importorskip("torch")
    backend = queued()
    net = hybrid(torch, ShiftedExecutor(backend, shots=10))
    net(torch.ones((4, 5), dtype=torch.float64)).sum().backward()
    assert [job[0] for job in backend.jobs] == [4 * (1 + 2 * 12)]
    with torch.no_grad():
        net(torch.ones((4, 5), dtype=torch.float64))
    assert [job[0] for job in backend.jobs[1:]] == [4]


@pytest.mark.parametrize("plan", ["eager", "weighted"])
def test_torch_spares_inputs_that_are_data(plan):
    torch = pytest.importorskip("torch")
    from qml.layers.torch import CircuitLayer

    backend = CountingBackend()
    layer = CircuitLayer(PROGRAM, executor=ShiftedExecutor(backend, plan=plan), seed=0)
    layer(torch.ones((4, 3))).sum().backward()
    assert sum(job[0] for job in backend.jobs) == 4 * (1 + 2 * 9)


@pytest.mark.parametrize("name", ["general", "eager"])
def test_jax_trains_what_stands_in_front(name):
    jax = pytest.importorskip("jax")
    from qml.layers.jax import circuit

    with jax.enable_x64(True):
        found = []
        front, inputs = jax.numpy.linspace(-1, 1, 15).reshape(5, 3), jax.numpy.linspace(-1, 2, 20).reshape(4, 5)
        for executor in (None, ShiftedExecutor(SimulatedBackend(), **SHIFTED[name])):
            pair = circuit(PROGRAM, executor=executor)
            params = jax.tree.map(lambda p: p.astype("float64"), pair.init(0))

            def loss(front, params, pair=pair):
                return (pair.apply(params, inputs @ front) ** 2).sum()

            found.append(jax.jit(jax.grad(loss, argnums=(0, 1)))(front, params))
        for wanted, got in zip(*map(jax.tree.leaves, found), strict=True):
            np.testing.assert_allclose(got, wanted, atol=1e-10)


def test_jax_takes_one_job_a_step_where_there_is_a_queue():
    jax = pytest.importorskip("jax")
    from qml.layers.jax import circuit

    backend = queued()
    pair = circuit(PROGRAM, executor=ShiftedExecutor(backend, shots=10))
    params, inputs = pair.init(0), jax.numpy.ones((4, 3))

    def loss(params, seed):
        return pair.apply(params, inputs, seed=seed).sum()

    step = jax.jit(jax.value_and_grad(loss))
    _, first = jax.block_until_ready(step(params, 1))
    assert [job[0] for job in backend.jobs] == [4 * (1 + 2 * 12)]
    _, again = jax.block_until_ready(step(params, 1))
    _, other = jax.block_until_ready(step(params, 2))
    assert len(backend.jobs) == 3
    assert len({job[2] for job in backend.jobs}) == 2
    assert (first["weights"] == again["weights"]).all()
    assert (first["weights"] != other["weights"]).any()
    jax.block_until_ready(pair.apply(params, inputs, seed=3))
    assert backend.jobs[-1][0] == 4


ESTIMATES = {
    "sampled": SampledExecutor(shots=20),
    "subset": ShiftedExecutor(SimulatedBackend(), subset=3),
    "spsa": SpsaExecutor(SimulatedBackend(), plan="eager"),
    "surrogate": SurrogateExecutor(shots=20),
}


@pytest.mark.parametrize("name", ESTIMATES)
def test_jax_seeds_of_estimates(name):
    jax = pytest.importorskip("jax")
    from qml.layers.jax import circuit

    pair = circuit(PROGRAM, executor=ESTIMATES[name])
    params, inputs = pair.init(0), jax.numpy.ones((4, 3))

    def loss(params, row, seed):
        return (pair.apply(params, row, seed=seed) ** 2).sum()

    gradient = jax.jit(jax.grad(loss))
    for seed in (0, -3, 5):  # any 32-bit integer; a machine is never handed 0
        first, again = gradient(params, inputs, seed), gradient(params, inputs, seed)
        assert (first["weights"] == again["weights"]).all()
    assert (gradient(params, inputs, 6)["weights"] != first["weights"]).any()
    rows = jax.jit(jax.vmap(jax.grad(loss), in_axes=(None, 0, None)))(params, inputs, 5)
    assert rows["weights"].shape == (4, *params["weights"].shape)
    with pytest.raises(CapabilityError, match="seed"):
        pair.apply(params, inputs)
    with pytest.raises(CapabilityError, match="second derivative"):
        jax.grad(lambda p: gradient(p, inputs, 1)["weights"].sum())(params)


@pytest.mark.parametrize("name", ESTIMATES)
def test_torch_estimates_draw_as_dropout_does(name):
    torch = pytest.importorskip("torch")
    from qml.layers.torch import CircuitLayer

    layer = CircuitLayer(PROGRAM, executor=ESTIMATES[name], seed=0)
    found = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        layer.zero_grad()
        layer(torch.ones((4, 3))).square().sum().backward()
        found.append(next(layer.parameters()).grad.clone())
    assert torch.equal(found[0], found[1])
    assert not torch.equal(found[0], found[2])
    values = layer(torch.ones((4, 3))).square().sum()
    with pytest.raises(CapabilityError, match="second derivative"):
        torch.autograd.grad(
            torch.autograd.grad(values, layer.parameters(), create_graph=True)[0].sum(), layer.parameters()
        )


def _aer(**options):
    pytest.importorskip("qiskit_aer")
    from qml.backends.aer import AerBackend

    return AerBackend(**options)


NOT_IDEAL = {  # machines with exact values that are not those of the ideal circuit
    "aer with noise": lambda: _aer(noise="fake_manila"),
    "aer with errors of reading": lambda: _aer(noise=NoiseModel(readout=(ReadoutError(0.1, 0.2),))),
    "matrix products cut off": lambda: _aer(method="matrix_product_state", max_bond=2),
    "noisy": lambda: SimulatedBackend("noisy"),
    "zne": lambda: mitigated(_aer(noise="fake_manila"), ["zne"]),
    "zne of the ideal": lambda: mitigated(SimulatedBackend(), ["zne"]),
    "readout": lambda: mitigated(ReferenceBackend(), ["readout"]),
}


def torch_curvature(backend):
    """Derivative of the derivative of the sum of values by the inputs, as torch tells it, and by differences."""
    torch = pytest.importorskip("torch")
    from qml.layers.torch import CircuitLayer

    layer = CircuitLayer(PROGRAM, executor=ShiftedExecutor(backend), seed=0).double()

    def slope(at):
        inputs = torch.full((1, 3), at, dtype=torch.float64, requires_grad=True)
        return inputs, torch.autograd.grad(layer(inputs).sum(), inputs, create_graph=True)[0].sum()

    inputs, found = slope(0.3)
    differences = (slope(0.3 + 1e-4)[1] - slope(0.3 - 1e-4)[1]).item() / 2e-4
    return torch.autograd.grad(found, inputs)[0].sum().item(), differences


@pytest.mark.parametrize("name", NOT_IDEAL)
def test_second_derivatives_are_those_of_ideal_machines_only(name):
    backend = NOT_IDEAL[name]()
    assert not backend.target.ideal
    executor = ShiftedExecutor(backend)
    assert executor.capabilities.exact
    assert not executor.capabilities.second_order


@pytest.mark.parametrize(
    "backend", [SimulatedBackend(), ReferenceBackend(), SimulatedBackend(target=Target("line", 3))]
)
def test_ideal_machines_have_second_derivatives(backend):
    told, differences = torch_curvature(backend)
    assert abs(told - differences) < 1e-6
    assert abs(told) > 0.01


def test_aer_without_noise_has_second_derivatives():
    for backend in (_aer(), _aer(method="density_matrix"), _aer(method="matrix_product_state"), _aer(noise="none")):
        assert ShiftedExecutor(backend).capabilities.second_order
    told, differences = torch_curvature(_aer())
    assert abs(told - differences) < 1e-6


@pytest.mark.parametrize("name", ["aer with noise", "zne", "readout"])
def test_torch_refuses_second_derivatives_under_noise(name):
    with pytest.raises(CapabilityError, match="not those of the ideal circuit: shots, noise and mitigation"):
        torch_curvature(NOT_IDEAL[name]())


@pytest.mark.parametrize("name", ["aer with noise", "zne", "readout"])
def test_jax_refuses_second_derivatives_under_noise(name):
    jax = pytest.importorskip("jax")
    from qml.layers.jax import circuit

    pair = circuit(PROGRAM, executor=ShiftedExecutor(NOT_IDEAL[name]()))
    params = pair.init(0)
    slope = jax.grad(lambda inputs: pair.apply(params, inputs).sum())
    assert np.isfinite(slope(jax.numpy.full((1, 3), 0.3))).all()
    with pytest.raises(CapabilityError, match="not those of the ideal circuit: shots, noise and mitigation"):
        jax.grad(lambda inputs: slope(inputs).sum())(jax.numpy.full((1, 3), 0.3))
