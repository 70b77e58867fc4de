"""PennyLane's default.qubit under jax.vmap and jax.jit."""

from __future__ import annotations

from benchmarks.peers.in_jax import jax_step
from benchmarks.peers.peer import Peer, Step
from benchmarks.workload import Numbers, Size

PEER = Peer(
    "pennylane-jax",
    "PennyLane default.qubit, jax.jit + vmap",
    "jax",
    "library",
    ("pennylane", "jax", "jaxlib"),
    devices=("cpu", "cuda"),
)


def build(size: Size, given: Numbers, device: str) -> Step:
    """One row's QNode, mapped over the batch."""
    import jax
    import jax.numpy as jnp
    import pennylane as qp

    n = size.n_qubits

    @qp.qnode(qp.device("default.qubit", wires=n), interface="jax", diff_method="backprop")
    def circuit(inputs, weights):
        for wire in range(n):
            qp.RY(inputs[wire], wires=wire)
        for layer in range(size.depth):
            for wire in range(n):
                for angle, gate in enumerate((qp.RZ, qp.RY, qp.RZ)):
                    gate(weights[layer, wire, angle], wires=wire)
            for wire in range(n):
                qp.CNOT(wires=[wire, (wire + 1) % n])
        return [qp.expval(qp.PauliZ(wire)) for wire in range(n)]

    def values_of(inputs, weights):
        return jnp.stack(jax.vmap(circuit, in_axes=(0, None))(inputs, weights), axis=1)

    return jax_step(values_of, size, given, device)
