"""The JAX pair beyond `check_layer`: parity with torch, transformations, refusals, no deadlock."""

import pickle

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch

from qml.backends.reference import ReferenceBackend
from qml.backends.shifts import ShiftedExecutor
from qml.base.errors import CapabilityError, ConfigError, ShapeError
from qml.circuits import angle, basic, reupload, sel
from qml.layers.jax import circuit
from qml.layers.torch import CircuitLayer
from tests.at_once import at_once

PROGRAM = reupload(1, n_inputs=3, depth=1)  # two blocks: frequencies and angles


def leaves_near(found, wanted, tolerance=1e-10):
    for a, b in zip(jax.tree.leaves(found), jax.tree.leaves(wanted), strict=True):
        np.testing.assert_allclose(a, b, atol=tolerance)


@pytest.fixture
def precise():
    with jax.enable_x64(True), jax.numpy_dtype_promotion("strict"):
        yield


@pytest.fixture
def pairs(precise):
    """The same circuit on the engine and as plain jax.numpy."""
    return circuit(PROGRAM), circuit(PROGRAM, executor="traced")


def case(pair, rows=4):
    params = pair.init(3, jnp.float64)
    return params, jax.random.normal(jax.random.key(0), (rows, 3), jnp.float64)


def loss(pair):
    return lambda params, inputs: (pair.apply(params, inputs) ** 3).sum()


def test_parity_with_torch(precise):
    pair, layer = circuit(PROGRAM), CircuitLayer(PROGRAM, seed=7, dtype=torch.float64)
    params = pair.init(jax.random.key(7), jnp.float64)
    leaves_near(params, {name: p.detach().numpy() for name, p in layer.named_parameters()}, 0)
    inputs = np.random.default_rng(0).normal(size=(5, 3))
    x = torch.tensor(inputs, requires_grad=True)
    (layer(x) ** 3).sum().backward()
    leaves_near(pair.apply(params, inputs), layer(x).detach().numpy(), 1e-14)
    by_params, by_inputs = jax.grad(loss(pair), (0, 1))(params, jnp.asarray(inputs))
    leaves_near(by_params, {name: p.grad.numpy() for name, p in layer.named_parameters()}, 1e-13)
    leaves_near(by_inputs, x.grad.numpy(), 1e-13)


def test_float32_by_default():
    pair = circuit(PROGRAM)
    params = pair.init(0)
    assert {p.dtype for p in params.values()} == {np.dtype(np.float32)}
    assert pair.apply(params, np.zeros((2, 3))).dtype == np.float32
    with pytest.raises(CapabilityError, match="jax_enable_x64"):
        pair.init(0, jnp.float64)


@pytest.mark.parametrize("mapped", [(0, 0), (None, 0), (0, None)])
def test_mapped_weights_and_inputs(pairs, mapped):
    found = []
    for pair in pairs:
        params, inputs = case(pair)
        sets = jax.tree.map(lambda p: jnp.stack([p, p + 0.5, 2 * p]), params) if mapped[0] == 0 else params
        x = jnp.stack([inputs, -inputs, inputs + 1]) if mapped[1] == 0 else inputs
        one_by_one = jax.vmap(jax.grad(loss(pair), (0, 1)), mapped)
        together = jax.grad(lambda p, x, pair=pair: (jax.vmap(pair.apply, mapped)(p, x) ** 3).sum(), (0, 1))
        found.append(jax.jit(lambda p, x, a=one_by_one, b=together: (a(p, x), b(p, x)))(sets, x))
    leaves_near(*found)


def test_reverse_over_reverse(pairs):
    found = []
    for pair in pairs:
        slopes = jax.grad(loss(pair), (0, 1))
        size = jax.grad(lambda p, x, s=slopes: sum((leaf**2).sum() for leaf in jax.tree.leaves(s(p, x))), (0, 1))
        found.append(jax.jit(size)(*case(pair, 2)))
    leaves_near(*found)


def test_nested_maps_and_scan(pairs):
    found = []
    for pair in pairs:
        params, inputs = case(pair)
        sets = jax.tree.map(lambda p: jnp.stack([p, -p]), params)
        nested = jax.vmap(jax.vmap(jax.grad(loss(pair)), (None, 0)), (0, None))(sets, inputs)
        total, _ = jax.lax.scan(
            lambda carry, x, pair=pair, params=params: (carry + pair.apply(params, x).sum(), None),
            jnp.zeros((), jnp.float64),
            inputs,
        )
        found.append((nested, total))
    leaves_near(*found)


def test_empty_shapes(precise):
    free, born = circuit(angle(2)), circuit(basic(2, depth=1))
    assert free.apply({}, jnp.zeros((3, 2))).shape == (3, 2)
    params = born.init(0, jnp.float64)
    assert born.apply(params, jnp.zeros((3, 0))).shape == (3, 2)
    slopes = jax.grad(lambda p: born.apply(p, jnp.zeros((3, 0))).sum())(params)
    assert slopes["weights"].any()
    assert born.apply(params, jnp.zeros((0, 0))).shape == (0, 2)


def test_half_precision_comes_back_as_half():
    pair = circuit(PROGRAM)
    params = jax.tree.map(lambda p: p.astype(jnp.bfloat16), pair.init(0))
    assert pair.apply(params, jnp.zeros((2, 3), jnp.bfloat16)).dtype == jnp.bfloat16


def test_pickle():
    pair = circuit(PROGRAM)
    twin = pickle.loads(pickle.dumps(pair))  # noqa: S301
    params = pair.init(0)
    leaves_near(twin.apply(params, jnp.ones((2, 3))), pair.apply(params, jnp.ones((2, 3))), 0)


def test_shots_take_a_seed():
    pair = circuit(angle(2), executor=ShiftedExecutor(ReferenceBackend(), shots=20))
    x = jnp.full((3, 2), 0.7)
    with pytest.raises(CapabilityError, match="seed=step"):
        pair.apply({}, x)
    apply = jax.jit(lambda x, seed: pair.apply({}, x, seed=seed))
    assert (apply(x, 1) == apply(x, 1)).all()
    assert (apply(x, 1) != apply(x, 2)).any()


@pytest.mark.parametrize("transform", [jax.jacfwd, pytest.param(jax.hessian, marks=pytest.mark.slow)])
def test_forward_mode_is_refused_with_the_remedy(pairs, transform):
    params, inputs = case(pairs[0])
    with pytest.raises(CapabilityError, match='executor="traced"'):
        transform(loss(pairs[0]))(params, inputs)
    transform(loss(pairs[1]))(params, inputs)


def test_second_order_stops_at_twelve_qubits():
    pair = circuit(angle(13))
    with pytest.raises(CapabilityError, match="13 qubits"):
        jax.jacrev(jax.grad(lambda x: pair.apply({}, x).sum()))(jnp.zeros(13))


def test_the_door():
    pair = circuit(PROGRAM)
    params = pair.init(0)
    with pytest.raises(ShapeError, match=r"shape \(32, 20\).*3 input slots"):
        pair.apply(params, jnp.zeros((32, 20)))
    with pytest.raises(ShapeError, match="int32"):
        pair.apply(params, jnp.zeros((2, 3), jnp.int32))
    with pytest.raises(ConfigError, match="this Program has"):
        pair.apply({"theta": jnp.zeros(3)}, jnp.zeros((2, 3)))
    with pytest.raises(ShapeError, match=r"jax\.vmap"):
        pair.apply(jax.tree.map(lambda p: p[None], params), jnp.zeros((2, 3)))
    with pytest.raises(CapabilityError, match="outside"):
        jax.jit(pair.init)(jax.random.key(0))


def test_errors_inside_reach_the_caller():
    from qml.circuits import amplitude

    pair = circuit(amplitude(1))
    with pytest.raises(jax.errors.JaxRuntimeError, match="norm"):
        pair.apply({}, jnp.zeros((2, 2))).block_until_ready()


@pytest.mark.timeout(120)
def test_loops_with_large_arrays_in_two_threads_do_not_hang():
    pair = circuit(angle(6) + sel(6, depth=1))
    start, inputs = pair.init(0), jax.random.normal(jax.random.key(0), (20_000, 6))

    @jax.jit
    def step(params, _):
        value, slope = jax.value_and_grad(lambda p: (pair.apply(p, jnp.tanh(inputs @ jnp.ones((6, 6)))) ** 2).mean())(
            params
        )
        return jax.tree.map(lambda p, s: p - 0.1 * s, params, slope), value

    ends = []

    def work(_):
        params = start
        for _ in range(5):
            params, _ = step(params, None)
        ends.append(jax.lax.scan(step, params, None, length=5)[1])

    at_once(work, 2)
    assert len(ends) == 2, "a thread failed"
    leaves_near(*ends, 0)
