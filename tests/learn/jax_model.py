"""The JAX twin of `models.small`."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp


@dataclass(frozen=True)
class SmallJax:
    """Linear, "circuit", linear."""

    quantum: tuple[str, ...] = ("angles",)
    frozen: tuple[str, ...] = ()

    def init(self, seed):
        first, last = jax.random.split(jax.random.key(seed))
        return {
            "first": {"w": jax.random.normal(first, (4, 5)) / 2, "b": jnp.zeros(5)},
            "angles": jnp.linspace(-1, 1, 5),
            "last": {"w": jax.random.normal(last, (5, 3)) / 2, "b": jnp.zeros(3)},
        }

    def apply(self, params, inputs, *, train=False):
        hidden = jnp.cos(inputs @ params["first"]["w"] + params["first"]["b"] + params["angles"])
        return hidden @ params["last"]["w"] + params["last"]["b"]
