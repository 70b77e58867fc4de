"""JAX's own floor: a jitted function of the step's shapes that computes nothing."""

from __future__ import annotations

from typing import Any

from benchmarks.peers.peer import Peer, Step
from benchmarks.workload import Answer, Numbers, Size

PEER = Peer("floor-jax", "empty jitted function", "jax", "floor", ("jax", "jaxlib"))


def build(size: Size, given: Numbers, device: str) -> Step:
    """Three arguments, and the four outputs of a step, which are constants."""
    import jax
    import jax.numpy as jnp
    import numpy as np

    shapes = ((), (size.rows, size.n_qubits), (size.rows, size.n_qubits), (size.depth, size.n_qubits, 3))

    @jax.jit
    def empty(inputs, weights, cotangent):
        return tuple(jnp.zeros(shape, jnp.float32) for shape in shapes)

    arrays = (given.inputs_BD, given.weights_P.reshape(shapes[3]), given.cotangent_BK)
    handed = [jnp.asarray(array) for array in arrays]

    def run() -> Any:
        return jax.block_until_ready(empty(*handed))

    def answer(result: Any) -> Answer:
        loss, values, by_inputs, by_weights = (np.asarray(array) for array in result)
        return Answer(float(loss), values, by_inputs, by_weights.reshape(-1))

    return Step(run, answer)
