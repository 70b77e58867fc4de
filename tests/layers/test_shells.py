"""flax.nnx and equinox shells: the same numbers as the pair, trained, saved and restored by orbax."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import orbax.checkpoint as ocp
import pytest
from flax import nnx

from qml.circuits import angle, reupload, sel
from qml.layers.equinox import CircuitLayer as EquinoxLayer
from qml.layers.flax import CircuitLayer as FlaxLayer
from qml.layers.jax import circuit

PROGRAM = angle(3) + sel(3, depth=1)
ROWS = jax.random.normal(jax.random.key(1), (40, 5))
TARGETS = jnp.sin(ROWS.sum(1, keepdims=True))


class Net(nnx.Module):
    def __init__(self, seed):
        rngs = nnx.Rngs(seed)
        self.before, self.after = nnx.Linear(5, 3, rngs=rngs), nnx.Linear(3, 1, rngs=rngs)
        self.circuit = FlaxLayer(PROGRAM, rngs=rngs)

    def __call__(self, rows):
        return self.after(self.circuit(jnp.tanh(self.before(rows))))


def test_flax_trains_and_comes_back_from_orbax(tmp_path):
    net = Net(0)
    optimizer = nnx.Optimizer(net, optax.adam(0.05), wrt=nnx.Param)

    @nnx.jit
    def step(net, optimizer):
        loss, slopes = nnx.value_and_grad(lambda net: ((net(ROWS) - TARGETS) ** 2).mean())(net)
        optimizer.update(net, slopes)
        return loss

    losses = [float(step(net, optimizer)) for _ in range(60)]
    assert losses[-1] < 0.5 * losses[0]
    with ocp.StandardCheckpointer() as saver:
        saver.save(tmp_path / "net", nnx.state(net))
    fresh = Net(1)
    assert not np.array_equal(fresh(ROWS), net(ROWS))
    with ocp.StandardCheckpointer() as saver:
        nnx.update(fresh, saver.restore(tmp_path / "net", nnx.state(fresh)))
    np.testing.assert_array_equal(fresh(ROWS), net(ROWS))


def equinox_net(seed):
    keys = jax.random.split(jax.random.key(seed), 3)
    return eqx.nn.Sequential(
        [eqx.nn.Linear(5, 3, key=keys[0]), EquinoxLayer(PROGRAM, key=keys[1]), eqx.nn.Linear(3, 1, key=keys[2])]
    )


def test_equinox_trains_and_comes_back_from_orbax(tmp_path):
    net = equinox_net(0)
    optimizer = optax.adam(0.05)
    state = optimizer.init(eqx.filter(net, eqx.is_array))

    @eqx.filter_jit
    def step(net, state):
        loss, slopes = eqx.filter_value_and_grad(lambda net: ((jax.vmap(net)(ROWS) - TARGETS) ** 2).mean())(net)
        moves, state = optimizer.update(slopes, state)
        return eqx.apply_updates(net, moves), state, loss

    losses = []
    for _ in range(60):
        net, state, loss = step(net, state)
        losses.append(float(loss))
    assert losses[-1] < 0.5 * losses[0]
    arrays, _ = eqx.partition(net, eqx.is_array)
    with ocp.StandardCheckpointer() as saver:
        saver.save(tmp_path / "net", jax.tree.leaves(arrays))
    blank, static = eqx.partition(equinox_net(1), eqx.is_array)
    with ocp.StandardCheckpointer() as saver:
        leaves = saver.restore(tmp_path / "net", jax.tree.leaves(blank))
    fresh = eqx.combine(jax.tree.unflatten(jax.tree.structure(blank), leaves), static)
    np.testing.assert_array_equal(jax.vmap(fresh)(ROWS), jax.vmap(net)(ROWS))


def test_the_same_numbers_as_the_pair():
    program = reupload(1, n_inputs=3, depth=1)
    pair = circuit(program)
    params, rows = pair.init(7), ROWS[:, :3]
    wanted = pair.apply(params, rows)
    shell = EquinoxLayer(program, key=7)
    np.testing.assert_array_equal(shell(rows), wanted)
    assert {name: w.shape for name, w in shell.weights.items()} == {name: w.shape for name, w in params.items()}
    layer = FlaxLayer(program, rngs=nnx.Rngs(0))
    for name, weights in params.items():
        getattr(layer, name)[...] = weights
    np.testing.assert_array_equal(layer(rows), wanted)
    np.testing.assert_array_equal(layer(rows[0]), pair.apply(params, rows[0]))


def test_a_module_is_compiled_once_for_equal_programs():
    traces = []

    @eqx.filter_jit
    def values(layer, rows):
        traces.append(1)
        return layer(rows)

    for seed in range(3):
        values(EquinoxLayer(angle(3) + sel(3, depth=1), key=seed), ROWS[:, :3])
    assert len(traces) == 1


def test_shots_need_a_seed():
    from qml.backends.reference import ReferenceBackend
    from qml.backends.shifts import ShiftedExecutor
    from qml.base.errors import CapabilityError

    layer = EquinoxLayer(PROGRAM, executor=ShiftedExecutor(ReferenceBackend(), shots=20), key=0)
    with pytest.raises(CapabilityError, match="seed"):
        layer(ROWS[:, :3])
    assert layer(ROWS[:, :3], seed=3).shape == (40, 3)
