"""The step of every library whose gradients come from JAX, compiled once for the shape."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from benchmarks.peers.peer import Step
from benchmarks.workload import Answer, Numbers, Size


def jax_step(values_of: Callable[[Any, Any], Any], size: Size, given: Numbers, device: str) -> Step:
    """The step of `values_of(inputs (B, Q), weights (depth, Q, 3)) -> (B, Q)` under `jax.jit`.

    Args:
        values_of: differentiable by JAX.
        size: the workload.
        given: its numbers.
        device: "cpu" or "cuda"; fails where JAX does not run on it.
    """
    import jax
    import numpy as np

    def loss(inputs, weights, cotangent):
        values = values_of(inputs, weights)
        return (values * cotangent).sum(), values

    step = jax.jit(jax.value_and_grad(loss, argnums=(0, 1), has_aux=True))
    place = jax.devices(device)[0]
    arrays = (given.inputs_BD, given.weights_P.reshape(size.depth, size.n_qubits, 3), given.cotangent_BK)
    handed = [jax.device_put(array, place) for array in arrays]

    def run() -> Any:
        return jax.block_until_ready(step(*handed))

    def answer(result: Any) -> Answer:
        (value, values), (by_inputs, by_weights) = result
        return Answer(float(value), np.asarray(values), np.asarray(by_inputs), np.asarray(by_weights).reshape(-1))

    return Step(run, answer)
