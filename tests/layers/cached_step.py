"""Started by `test_jax_cache`, several times with one `jax_compilation_cache_dir`: says what a step gave, and whether
JAX compiled it or found it in the cache; with "load", runs what an earlier process has stored itself."""

import json
import pickle
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from jax.experimental import serialize_executable
from jax.sharding import Mesh, NamedSharding
from jax.sharding import PartitionSpec as P

from qml.circuits import angle, sel
from qml.engine.memory import budget_bytes
from qml.engine.xla_ring import ring_of
from qml.layers.jax import circuit

EVENTS = []


def steps(depth, rows):
    """Values and gradients of one circuit, as a function to be jitted and its arguments."""
    pair = circuit(angle(4) + sel(4, depth=depth))

    def loss(params, inputs):
        return (pair.apply(params, inputs) ** 3).sum()

    params, inputs = pair.init(0), jnp.asarray(np.linspace(-1, 1, 4 * rows).reshape(rows, 4), jnp.float32)
    return jax.value_and_grad(loss, (0, 1)), params, inputs


def load(stored):
    """Run a stored program before and after its circuit is known to XLA."""
    given = pickle.loads(stored.read_bytes())  # noqa: S301
    function, *arguments = steps(2, 500)
    try:
        serialize_executable.deserialize_and_load(*given)(*arguments)
        refusal = ""
    except jax.errors.JaxRuntimeError as error:
        refusal = str(error)
    jax.jit(function).lower(*arguments)
    found = serialize_executable.deserialize_and_load(*given)(*arguments)
    leaves = [np.asarray(leaf).tobytes().hex() for leaf in jax.tree.leaves(found)]
    print(json.dumps({"refusal": refusal, "leaves": leaves}))


def main(folder, other_first):
    jax.config.update("jax_compilation_cache_dir", folder)
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
    jax.monitoring.register_event_listener(lambda event, **_: EVENTS.append(event))
    if other_first:  # so that nothing lies where it lay in the process before
        function, *arguments = steps(3, 700)
        jax.block_until_ready(jax.jit(function)(*arguments))
    function, params, inputs = steps(2, 500)
    if len(jax.devices()) > 1:
        mesh = Mesh(np.array(jax.devices()), ("data",))
        params = jax.device_put(params, NamedSharding(mesh, P()))
        inputs = jax.device_put(inputs, NamedSharding(mesh, P("data")))
    jax.block_until_ready((params, inputs))
    EVENTS.clear()
    compiled = jax.jit(function).lower(params, inputs).compile()
    hits = EVENTS.count("/jax/compilation_cache/cache_hits")
    misses = EVENTS.count("/jax/compilation_cache/cache_misses")
    before = ring_of(budget_bytes()).counts
    found = [jax.block_until_ready(compiled(params, inputs)) for _ in range(3)]
    after = ring_of(budget_bytes()).counts
    leaves = [[np.asarray(leaf).tobytes().hex() for leaf in jax.tree.leaves(result)] for result in found]
    address = ring_of(budget_bytes()).address
    told = {"hits": hits, "misses": misses, "leaves": leaves, "address": address, "found": after.found - before.found}
    if len(jax.devices()) == 1:
        Path(folder, "stored").write_bytes(pickle.dumps(serialize_executable.serialize(compiled)))
    print(json.dumps({**told, "text": compiled.as_text()}))


if __name__ == "__main__":
    if sys.argv[2] == "load":
        load(Path(sys.argv[1], "stored"))
    else:
        main(sys.argv[1], sys.argv[2] == "other first")
