"""The JAX layer as a flax.nnx module."""

from __future__ import annotations

from typing import Any

from qml.base.extras import require

require("flax", extra="jax", purpose="The flax.nnx layer")
import jax
import jax.numpy as jnp
from flax import nnx

from qml.backends import Executor
from qml.circuits import Program
from qml.layers.jax import circuit


class CircuitLayer(nnx.Module):
    """A Program as a flax.nnx module: one `nnx.Param` a block of weights, under the block's name.

    It wraps `qml.layers.jax.circuit`, whose transformations and limits it has. `nnx.state(layer)` is a pytree of
    arrays, which orbax saves and restores as that of any module.

    Args:
        program: the circuit.
        executor: a name of `qml.backends.EXECUTORS`, an Executor, `"traced"`, or None for the default.
        init: how weights start; a name of `qml.circuits.INITIALISERS`.
        rngs: flax's random streams; `params` draws the weights.
        dtype: of the weights.

    Shape:
        inputs `(..., D)`; output `(..., K)`.

    Raises:
        CapabilityError: the executor cannot run the Program.
        ShapeError: inputs of another width or precision.

    Example:
        >>> from qml.circuits import angle, sel
        >>> layer = CircuitLayer(angle(2) + sel(2, depth=1), executor="reference", rngs=nnx.Rngs(0))
        >>> layer(jnp.zeros((5, 2))).shape
        (5, 2)
    """

    part = "quantum"

    def __init__(
        self,
        program: Program,
        *,
        executor: str | Executor | None = None,
        init: str = "uniform",
        rngs: nnx.Rngs,
        dtype: Any = jnp.float32,
    ):
        self.pair = circuit(program, executor=executor, init=init)
        for name, weights in self.pair.init(rngs.params(), dtype).items():
            setattr(self, name, nnx.Param(weights))

    def __call__(self, inputs: jax.Array, *, seed: Any = None) -> jax.Array:
        """Values `(..., K)` of inputs `(..., D)`.

        Args:
            inputs: any number of batch dimensions.
            seed: an integer, needed by executors that estimate values from shots only.
        """
        blocks = self.pair.program.blocks or ()
        return self.pair.apply({block.name: getattr(self, block.name)[...] for block in blocks}, inputs, seed=seed)
