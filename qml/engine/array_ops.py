"""The few array operations that torch and `jax.numpy` spell differently, under one set of names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from qml.base.errors import ConfigError


class TorchOps:
    """Operations on torch tensors of one real dtype and device.

    Args:
        xp: the module `torch`.
        like: a real tensor whose dtype and device constants take.
    """

    compiles_loops = False

    def __init__(self, xp: Any, like: Any):
        self.xp = xp
        self.dtype, self.device = like.dtype, like.device
        self.complex_dtype = xp.complex64 if like.dtype == xp.float32 else xp.complex128
        self.keeps = not xp.compiler.is_compiling()

    @property
    def key(self) -> tuple[Any, ...]:
        """What constants depend on."""
        return "torch", self.dtype, self.device

    def real(self, array: np.ndarray) -> Any:
        """A real constant, in its shape `(...)`."""
        return self.xp.as_tensor(array, dtype=self.dtype, device=self.device)

    def constant(self, array: np.ndarray) -> Any:
        """A complex constant, in its shape `(...)`."""
        return self.xp.as_tensor(array, dtype=self.complex_dtype, device=self.device)

    def index(self, array: np.ndarray) -> Any:
        """Integers `(...)` that pick columns, in their shape."""
        return self.xp.as_tensor(array, dtype=self.xp.int64, device=self.device)

    def complex(self, array: Any) -> Any:
        """A real array as a complex one."""
        return array.to(self.complex_dtype)

    def rows(self, weights: Any, size: int) -> Any:
        """`(P,)` repeated for each row."""
        return weights.expand(size, weights.shape[-1])

    def take(self, array: Any, index: Any) -> Any:
        """Columns of `array` in the order of `index`."""
        return array[:, index if isinstance(index, self.xp.Tensor) else self.index(index)]

    def join(self, parts: Sequence[Any]) -> Any:
        """Parts side by side."""
        return self.xp.cat(list(parts), 1)

    def stack(self, parts: Sequence[Any], axis: int) -> Any:
        """Parts along a new axis."""
        return self.xp.stack(list(parts), axis)

    def fold(self, move: Callable[[Any, Any], Any], state: Any, steps: tuple[Any, ...]) -> Any:
        """`state` after `move(state, step)` for each of the steps, which stand along the first axis of each part."""
        for step in zip(*steps, strict=True):
            state = move(state, step)
        return state

    def largest(self, array: Any) -> Any:
        """The largest magnitude of each row, `(B, 1)`; no derivative goes through it."""
        return array.detach().abs().amax(1, keepdim=True)


class JaxOps:
    """The same operations on JAX arrays; constants stand in the graph, so that none is kept.

    Args:
        xp: the module `jax.numpy`.
        like: a real array whose dtype constants take.
    """

    keeps = False
    compiles_loops = True

    def __init__(self, xp: Any, like: Any):
        self.xp = xp
        self.dtype = like.dtype
        self.complex_dtype = xp.complex64 if like.dtype == np.float32 else xp.complex128

    @property
    def key(self) -> tuple[Any, ...]:
        """What constants depend on."""
        return "jax", self.dtype

    def real(self, array: np.ndarray) -> Any:
        """A real constant, in its shape `(...)`."""
        return self.xp.asarray(array, self.dtype)

    def constant(self, array: np.ndarray) -> Any:
        """A complex constant, in its shape `(...)`."""
        return self.xp.asarray(array, self.complex_dtype)

    def index(self, array: np.ndarray) -> Any:
        """Integers `(...)` that pick columns, in their shape."""
        return np.asarray(array)

    def complex(self, array: Any) -> Any:
        """A real array as a complex one."""
        return array.astype(self.complex_dtype)

    def rows(self, weights: Any, size: int) -> Any:
        """`(P,)` repeated for each row."""
        return self.xp.broadcast_to(weights, (size, weights.shape[-1]))

    def take(self, array: Any, index: Any) -> Any:
        """Columns of `array` in the order of `index`."""
        return array[:, index]

    def join(self, parts: Sequence[Any]) -> Any:
        """Parts side by side."""
        return self.xp.concatenate(list(parts), 1)

    def stack(self, parts: Sequence[Any], axis: int) -> Any:
        """Parts along a new axis."""
        return self.xp.stack(list(parts), axis)

    def fold(self, move: Callable[[Any, Any], Any], state: Any, steps: tuple[Any, ...]) -> Any:
        """`state` after `move(state, step)` for each of the steps; compiled once, and only states are kept for it."""
        import jax

        kept = jax.checkpoint(move, prevent_cse=False)
        return jax.lax.scan(lambda state, step: (kept(state, step), None), state, steps)[0]

    def largest(self, array: Any) -> Any:
        """The largest magnitude of each row, `(B, 1)`; no derivative goes through it."""
        from jax.lax import stop_gradient

        return self.xp.max(self.xp.abs(stop_gradient(array)), axis=1, keepdims=True)


Ops = TorchOps | JaxOps
_OPERATIONS: dict[str, type[TorchOps] | type[JaxOps]] = {"torch": TorchOps, "jax.numpy": JaxOps}


def operations(xp: Any, like: Any) -> Ops:
    """The operations of an array package in the dtype and on the device of `like`.

    Args:
        xp: `torch` or `jax.numpy`.
        like: a real array of that package.

    Raises:
        ConfigError: `xp` is another package.

    Example:
        >>> import jax.numpy as jnp
        >>> operations(jnp, jnp.zeros(1)).key[0]
        'jax'
    """
    if xp.__name__ not in _OPERATIONS:
        raise ConfigError(f"The engine got the array package {xp.__name__!r}; it knows: {', '.join(_OPERATIONS)}.")
    return _OPERATIONS[xp.__name__](xp, like)
