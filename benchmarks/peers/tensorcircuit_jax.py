"""TensorCircuit-NG on JAX: jit over vmap."""

from __future__ import annotations

from benchmarks.peers.in_jax import jax_step
from benchmarks.peers.peer import Peer, Step
from benchmarks.peers.tensorcircuit import row_values
from benchmarks.workload import Numbers, Size

PEER = Peer(
    "tensorcircuit-jax",
    "TensorCircuit-NG, jax.jit + vmap",
    "jax",
    "library",
    ("tensorcircuit-ng", "jax", "jaxlib"),
    environment="tensorcircuit",
    devices=("cpu", "cuda"),
)


def build(size: Size, given: Numbers, device: str) -> Step:
    """The circuit of a row, mapped over the batch."""
    import jax

    return jax_step(jax.vmap(row_values(size, "jax"), in_axes=(0, None)), size, given, device)
