"""Started by `test_jax_xla` with two host devices: sharded arrays, `shard_map`, `pmap` give what one device gives."""

import re
import sys

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding
from jax.sharding import PartitionSpec as P

from qml.circuits import amplitude, angle, sel
from qml.layers.jax import circuit


def near(found, wanted):
    for a, b in zip(jax.tree.leaves(found), jax.tree.leaves(wanted), strict=True):
        np.testing.assert_allclose(a, b, atol=2e-5)


def check(program, executor):
    pair = circuit(program, executor=executor)
    params, mesh = pair.init(0), Mesh(np.array(jax.devices()), ("data",))
    inputs = jax.random.normal(jax.random.key(0), (8, program.n_inputs))

    def loss(params, inputs):
        return (pair.apply(params, inputs) ** 2).sum()

    slopes = jax.grad(loss, (0, 1))
    wanted = slopes(params, inputs)
    placed = jax.device_put(params, NamedSharding(mesh, P())), jax.device_put(inputs, NamedSharding(mesh, P("data")))
    jitted = jax.jit(slopes)
    near(jitted(*placed), wanted)
    near(slopes(*placed), wanted)
    near(jax.jit(pair.apply)(*placed), pair.apply(params, inputs))
    assert jitted(*placed)[1].sharding.spec[0] == "data"
    if executor is None:
        text = jitted.lower(*placed).compile().as_text()
        assert "all-gather" not in text
        assert re.search(r"f32\[4,\d+\].*custom_call_target=\"qml_engine", text), "each device runs half of the rows"
    for checked in (True, False):
        spread = {"mesh": mesh, "in_specs": (P(), P("data")), "check_vma": checked}
        outside = jax.shard_map(lambda p, x: jax.lax.psum(loss(p, x), "data"), out_specs=P(), **spread)
        near(jax.jit(jax.grad(outside, (0, 1)))(params, inputs), wanted)

        def inside(params, inputs, checked=checked):
            mine = jax.lax.pcast(params, "data", to="varying") if checked else params
            return jax.lax.psum(jax.grad(loss)(mine, inputs), "data")

        near(jax.jit(jax.shard_map(inside, out_specs=P(), **spread))(params, inputs), wanted[0])
    mapped = jax.pmap(lambda p, x: jax.lax.psum(jax.grad(loss)(p, x), "i"), axis_name="i", in_axes=(None, 0))
    near(jax.tree.map(lambda p: p[0], mapped(params, inputs.reshape(2, 4, -1))), wanted[0])


if __name__ == "__main__":
    assert len(jax.devices()) == 2
    if sys.argv[1] == "angle":
        check(angle(2) + sel(2, depth=1), None)
    else:
        check(amplitude(2) + sel(2, depth=1), None)
        check(angle(2) + sel(2, depth=3), "traced")
