"""The JAX layer as an equinox module."""

from __future__ import annotations

from typing import Any

from qml.base.extras import require

require("equinox", extra="jax", purpose="The equinox layer")
import equinox as eqx
import jax
import jax.numpy as jnp

from qml.backends import Executor
from qml.circuits import Program
from qml.layers.jax import CircuitPair, circuit


class CircuitLayer(eqx.Module):
    """A Program as an equinox module: a pytree whose leaves are the arrays `weights[block]`.

    It wraps `qml.layers.jax.circuit`, whose transformations and limits it has; the circuit itself is static. Like
    `eqx.nn.Linear` it maps one row, `(D,)`, but takes any number of batch dimensions too, as one call of the engine.

    Args:
        program: the circuit.
        executor: a name of `qml.backends.EXECUTORS`, an Executor, `"traced"`, or None for the default.
        init: how weights start; a name of `qml.circuits.INITIALISERS`.
        key: an integer seed or a JAX key.
        dtype: of the weights.

    Shape:
        inputs `(..., D)`; output `(..., K)`.

    Raises:
        CapabilityError: the executor cannot run the Program.
        ShapeError: inputs of another width or precision.

    Example:
        >>> from qml.circuits import angle, sel
        >>> layer = CircuitLayer(angle(2) + sel(2, depth=1), executor="reference", key=0)
        >>> layer(jnp.zeros((5, 2))).shape
        (5, 2)
    """

    weights: dict[str, jax.Array]
    pair: CircuitPair = eqx.field(static=True)

    def __init__(
        self,
        program: Program,
        *,
        executor: str | Executor | None = None,
        init: str = "uniform",
        key: Any,
        dtype: Any = jnp.float32,
    ):
        self.pair = circuit(program, executor=executor, init=init)
        self.weights = self.pair.init(key, dtype)

    def __call__(self, inputs: jax.Array, *, key: Any = None, seed: Any = None) -> jax.Array:
        """Values `(..., K)` of inputs `(..., D)`.

        Args:
            inputs: any number of batch dimensions.
            key: not used; so that the layer may stand in `eqx.nn.Sequential`.
            seed: an integer, needed by executors that estimate values from shots only.
        """
        return self.pair.apply(self.weights, inputs, seed=seed)
