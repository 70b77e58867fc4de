"""Ours, through the JAX layer."""

from __future__ import annotations

from benchmarks.peers.in_jax import jax_step
from benchmarks.peers.peer import Peer, Step
from benchmarks.workload import Numbers, Size

PEER = Peer(
    "qml-jax",
    "qml, JAX layer, jax.jit",
    "jax",
    "ours",
    ("qml-hybrid", "numba", "jax", "jaxlib"),
    devices=("cpu", "cuda"),
)


def build(size: Size, given: Numbers, device: str) -> Step:
    """The pure function `apply` inside a jitted loss; a Program without blocks has one block of weights."""
    from benchmarks.circuit import program
    from qml.layers.jax import circuit

    layer = circuit(program(size), executor="engine_cuda" if device == "cuda" else None)
    (name,) = layer.init(0)

    def values_of(inputs, weights):
        return layer.apply({name: weights.reshape(-1)}, inputs)

    return jax_step(values_of, size, given, device)
