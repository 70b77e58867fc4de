"""The array operations that a Task may use, for JAX; `torch_ops` has the same names."""

from __future__ import annotations

from collections.abc import Sequence

from qml.base.extras import require

require("jax", extra="jax", purpose="qml.learn.jax_ops")
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

log_softmax = jax.nn.log_softmax
square = jnp.square
exp = jnp.exp
sum = jnp.sum
softplus = jax.nn.softplus
stop_gradient = jax.lax.stop_gradient
grad = jax.grad


def asarray(x: np.ndarray) -> Array:
    """A NumPy array of any shape as an array of this framework; 64-bit numbers only where JAX was told to have them."""
    return jnp.asarray(x)


def mean(x: Array) -> Array:
    """Mean of all entries of an array of any shape, `()`; zero (not NaN) of an empty one."""
    return x.mean() if x.size else x.sum()


def log_above(x: Array, least: float) -> Array:
    """The natural logarithm of `x` of any shape, where nothing counts as less than `least`."""
    return jnp.log(jnp.maximum(x, least))


def cross_entropy(outputs_BC: Array, labels_B: Array, smoothing: float = 0.0) -> Array:
    """-log p[label] of each row, `(B,)`, with a share `smoothing` of each label spread over all classes."""
    log_p_BC = jax.nn.log_softmax(outputs_BC)
    right_B = -jnp.take_along_axis(log_p_BC, labels_B[:, None], axis=1)[:, 0]
    return right_B if not smoothing else (1.0 - smoothing) * right_B - smoothing * log_p_BC.mean(axis=1)


def one_hot(labels_B: Array, n_classes: int, like: Array) -> Array:
    """`(B, n_classes)` of zeros and ones, in the dtype of `like` (of any shape)."""
    return jax.nn.one_hot(labels_B, n_classes, dtype=like.dtype)


def constant(values: Sequence[float], like: Array) -> Array:
    """N plain numbers as an array `(N,)` of the dtype of `like` (of any shape)."""
    return jnp.asarray(values, dtype=like.dtype)


def take(table: Array, indices: Array) -> Array:
    """Entries of the first axis of `table` `(N, ...)` at `indices` `(B,)`: `(B, ...)`."""
    return table[indices]


def normal(key: Array, shape: tuple[int, ...], like: Array) -> Array:
    """Standard normal numbers, a pure function of `key` and `shape`, in the dtype of `like` (of any shape)."""
    return jax.random.normal(key, shape, dtype=like.dtype)
