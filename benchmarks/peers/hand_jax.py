"""What a strong engineer writes in JAX for this one circuit: gates fused into matrices of four to five wires.

RZ RY RZ of a wire is one 2 x 2 matrix, wires are grouped, and the matrix of a group is a Kronecker product. The
encoding and the first layer make a product state. The axes of the state rotate: a contraction takes the last axis and
puts its result first (every second layer the other way round), so that each is one matrix product without a
transposition. A ring of CNOT is one gather, whose derivative is a gather too; the last ring moves into the readout.
"""

from __future__ import annotations

from itertools import pairwise

from benchmarks.peers.in_jax import jax_step
from benchmarks.peers.peer import Peer, Step
from benchmarks.workload import Numbers, Size, ring_sources, signs

PEER = Peer("hand-jax", "hand-fused JAX, jax.jit", "jax", "hand", ("jax", "jaxlib"), devices=("cpu", "cuda"))
WIDEST = 5  # wires in a group at most


def groups(n_qubits: int) -> list[range]:
    """Wires dealt into as few groups of at most WIDEST as possible, of nearly equal width.

    Example:
        >>> [len(wires) for wires in groups(12)]
        [4, 4, 4]
    """
    count = -(-n_qubits // WIDEST)
    edges = [n_qubits * part // count for part in range(count + 1)]
    return [range(*pair) for pair in pairwise(edges)]


def build(size: Size, given: Numbers, device: str) -> Step:
    """Everything in one jitted function."""
    import jax
    import jax.numpy as jnp
    import numpy as np

    n, rows = size.n_qubits, size.rows
    parts = groups(n)
    sources = ring_sources(n)
    back = np.argsort(sources)
    readout_AQ = jnp.asarray(signs(n)[back], jnp.float32)  # the last ring: amplitude a in front ends at back[a]
    highest = jax.lax.Precision.HIGHEST

    @jax.custom_vjp
    def ring_first(state):
        return state[sources]

    ring_first.defvjp(lambda state: (state[sources], None), lambda _, cotangent: (cotangent[back],))

    @jax.custom_vjp
    def ring_last(state):
        return state[:, sources]

    ring_last.defvjp(lambda state: (state[:, sources], None), lambda _, cotangent: (cotangent[:, back],))

    def unitaries(weights):
        """RZ RY RZ of every layer and wire, `(depth, Q, 2, 2)`."""
        half = weights / 2
        cosine, sine = jnp.cos(half[..., 1]), jnp.sin(half[..., 1])
        plus, minus = half[..., 0] + half[..., 2], half[..., 0] - half[..., 2]
        entries = (cosine, -plus), (-sine, minus), (sine, -minus), (cosine, plus)
        flat = jnp.stack([size * jax.lax.complex(jnp.cos(phase), jnp.sin(phase)) for size, phase in entries], -1)
        return flat.reshape(*weights.shape[:-1], 2, 2)

    def group_matrix(matrices):
        """Kronecker product of the matrices of some wires."""
        product = matrices[0]
        for matrix in matrices[1:]:
            width = 2 * len(product)
            product = (product[:, None, :, None] * matrix[None, :, None, :]).reshape(width, width)
        return product

    def product_state(inputs, first):
        """The encoding and the first layer, `(B, A)`."""
        half = inputs / 2
        encoded = jnp.stack([jnp.cos(half), jnp.sin(half)], -1)
        wires = jnp.einsum("qij,bqj->bqi", first, encoded.astype(first.dtype))
        state = wires[:, 0]
        for wire in range(1, n):
            state = (state[:, :, None] * wires[:, wire, None, :]).reshape(rows, -1)
        return state

    def values_of(inputs, weights):
        layers = unitaries(weights)
        state = product_state(inputs, layers[0])
        widths = [2 ** len(wires) for wires in parts]
        rows_first = True
        for layer in layers[1:]:
            state = ring_last(state) if rows_first else ring_first(state)
            matrices = [group_matrix([layer[wire] for wire in wires]) for wires in parts]
            if rows_first:
                for matrix, width in zip(reversed(matrices), reversed(widths), strict=True):
                    state = jax.lax.dot_general(
                        matrix, state.reshape(-1, width), (((1,), (1,)), ((), ())), precision=highest
                    )
                state = state.reshape(-1, rows)
            else:
                for matrix, width in zip(matrices, widths, strict=True):
                    state = jax.lax.dot_general(
                        state.reshape(width, -1), matrix, (((0,), (1,)), ((), ())), precision=highest
                    )
                state = state.reshape(rows, -1)
            rows_first = not rows_first
        probabilities = jnp.square(state.real) + jnp.square(state.imag)
        return probabilities @ readout_AQ if rows_first else (readout_AQ.T @ probabilities).T

    return jax_step(values_of, size, given, device)
