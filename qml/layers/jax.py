"""The JAX layer: a circuit as a pair of pure functions, `init` and `apply`."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from typing import Any

import numpy as np

from qml.base.extras import require
from qml.base.lazy import cached_property

require("jax", extra="jax", purpose="The JAX layer")
import jax
import jax.numpy as jnp
from jax.core import Tracer

from qml.backends import Executor
from qml.backends.check import check_is_program
from qml.base.errors import CapabilityError, ConfigError, ShapeError
from qml.circuits import Program, initialise
from qml.engine.finite import check_weights
from qml.engine.traced import traced
from qml.layers.call import TRACED, Call, width_error
from qml.layers.jax_functions import circuit_function

_HALF = (np.dtype(jnp.float16), np.dtype(jnp.bfloat16))
_WHOLE = (np.dtype(np.float32), np.dtype(np.float64))


def circuit(program: Program, *, executor: str | Executor | None = None, init: str = "uniform") -> CircuitPair:
    """A Program as `(init, apply)`, with the same weights as the torch layer of the same seed.

    `jit`, `vmap`, `grad`, `value_and_grad` and reverse mode over reverse mode (exact executors, up to 12 qubits) run
    on the executor; a mapped axis, of inputs or of weights, becomes more rows of one call. Forward mode is refused:
    take `executor="traced"`, which is plain `jax.numpy`, supports every transformation, and is slow.

    Args:
        program: the circuit.
        executor: a name of `qml.backends.EXECUTORS`, an Executor, `"traced"`, or None for the default, `"engine_cpu"`.
        init: how weights start; a name of `qml.circuits.INITIALISERS`.

    Raises:
        CapabilityError: the executor cannot run the Program.

    Example:
        >>> import jax.numpy as jnp
        >>> from qml.circuits import angle, sel
        >>> layer = circuit(angle(2) + sel(2, depth=1), executor="reference")
        >>> layer.apply(layer.init(0), jnp.zeros((5, 2))).shape
        (5, 2)
    """
    return CircuitPair(program, executor, init)


class CircuitPair:
    """Two pure functions of one circuit; made by `circuit`.

    Args:
        program: the circuit.
        executor: as for `circuit`.
        how: the initialisation.
    """

    def __init__(self, program: Program, executor: str | Executor | None, how: str):
        check_is_program("circuit", program)
        self.program = program
        self.how = how
        self._call = None if executor == TRACED else Call(program, executor)

    def _key(self) -> tuple[Any, ...]:
        return self.program.digest, self.how, None if self._call is None else self._call.executor

    def __eq__(self, other: object) -> bool:
        """Equal Programs on equal executors: a jitted function that holds one of the pairs serves the other."""
        return isinstance(other, CircuitPair) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash((self.program.digest, self.how))

    def __getstate__(self) -> dict[str, Any]:
        return {"program": self.program, "how": self.how, "_call": self._call}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)

    def __repr__(self) -> str:
        program = self.program
        return (
            f"CircuitPair(n_qubits={program.n_qubits}, n_inputs={program.n_inputs}, n_weights={program.n_weights}, "
            f"n_values={program.n_values}, executor={self.executor!r})"
        )

    @property
    def executor(self) -> str:
        """Name of the executor."""
        return TRACED if self._call is None else self._call.capabilities.name

    def init(self, key: Any, dtype: Any = jnp.float32) -> dict[str, jax.Array]:
        """Fresh weights, one array a block of the Program.

        Args:
            key: an integer seed or a JAX key; `jax.random.key(7)` gives the weights of seed 7, in torch too.
            dtype: of the weights; float64 needs `jax_enable_x64`.

        Raises:
            CapabilityError: called inside `jit`, where a key has no value yet, or float64 without `jax_enable_x64`.
        """
        if np.dtype(dtype) == np.float64 and jax.dtypes.canonicalize_dtype(np.float64) != np.float64:
            raise CapabilityError(
                "CircuitPair.init was asked for float64 weights, but JAX runs without 64-bit numbers. "
                'Call `jax.config.update("jax_enable_x64", True)` first, or take float32.'
            )
        flat = initialise(self.program, self.how, _seed_of(key))
        params, start = {}, 0
        for block in self.program.blocks or ():
            params[block.name] = jnp.asarray(flat[start : start + block.size].reshape(block.shape), dtype)
            start += block.size
        return params

    def apply(self, params: Mapping[str, Any], inputs: Any, *, seed: Any = None) -> jax.Array:
        """Values `(..., K)` of inputs `(..., D)`.

        Args:
            params: one array a block, as from `init`.
            inputs: any number of batch dimensions; half precision is cast to float32 at the door and values back.
            seed: an integer, needed by executors that estimate values from shots only.

        Raises:
            ShapeError: inputs or params do not fit the Program or each other.
            CapabilityError: something the executor does not do.
            DataError: a weight is NaN or infinite. Under `jit` it is a `jax.errors.JaxRuntimeError` of the same
                meaning; where weights are mapped (`vmap`) they give NaN in their own rows, and in the traced form
                under `jit` everywhere.
        """
        inputs = jnp.asarray(inputs)
        half = inputs.dtype if inputs.dtype in _HALF else None
        if half is not None:
            inputs = inputs.astype(jnp.float32)
        self._check_inputs(inputs)
        weights = self._weights(params, inputs.dtype, half is not None)
        rows = inputs.reshape(int(np.prod(inputs.shape[:-1])), self.program.n_inputs)
        values = self._run(rows, weights, seed).reshape(*inputs.shape[:-1], self.program.n_values)
        return values if half is None else values.astype(half)

    @cached_property
    def _function(self) -> Any:
        if self._call is None:
            return lambda rows, weights, seed: traced(self.program, jnp, rows, weights)
        return circuit_function(self._call)

    def _run(self, rows: jax.Array, weights: jax.Array, seed: Any) -> jax.Array:
        if seed is None and self._call is not None and not self._call.capabilities.exact:
            raise CapabilityError(
                f"Executor {self.executor!r} estimates values from shots and was given no seed. "
                "Pass one: `apply(params, inputs, seed=step)`."
            )
        try:
            return self._function(rows, weights, _seed_array(seed))
        except TypeError as error:
            if "forward-mode" not in str(error):
                raise
            raise CapabilityError(
                f"Forward-mode differentiation (jvp, jacfwd, hessian) was asked of executor {self.executor!r}; it has "
                f'reverse mode only. Use jax.jacrev, or circuit(program, executor="{TRACED}").'
            ) from error

    def _check_inputs(self, inputs: jax.Array) -> None:
        if inputs.ndim == 0 or inputs.shape[-1] != self.program.n_inputs:
            raise width_error("CircuitPair.apply", inputs.shape, self.program)
        if inputs.dtype not in _WHOLE:
            remedy = "Cast them: `inputs.astype(jnp.float32)`."
            if jnp.issubdtype(inputs.dtype, jnp.complexfloating):
                remedy = "Take `inputs.real` or `abs(inputs)`, or both parts as columns: "
                remedy += "`jnp.concatenate([inputs.real, inputs.imag], -1)`."
            raise ShapeError(
                f"CircuitPair.apply got inputs of dtype {inputs.dtype}; angles are real floating point numbers. "
                + remedy
            )
        able = self._call.capabilities if self._call is not None else None
        if able is not None and not isinstance(inputs, Tracer):
            platforms = {device.platform for device in inputs.devices()}
            if platforms != {able.device}:
                raise CapabilityError(
                    f"CircuitPair.apply got an array on {sorted(platforms)}; executor {able.name!r} runs on "
                    f'{able.device!r}. Move it with jax.device_put, or take executor="{TRACED}".'
                )

    def _weights(self, params: Mapping[str, Any], dtype: np.dtype, cast: bool) -> jax.Array:
        """The flat weights `(P,)`."""
        blocks = self.program.blocks or ()
        names = [block.name for block in blocks]
        if sorted(params) != sorted(names):
            raise ConfigError(f"CircuitPair.apply got parameters {sorted(params)}; this Program has {sorted(names)}.")
        parts = []
        for block in blocks:
            part = jnp.asarray(params[block.name])
            if part.shape != block.shape:
                raise ShapeError(
                    f"CircuitPair.apply got {block.name!r} of shape {part.shape}; this Program needs {block.shape}. "
                    "Map over further axes with jax.vmap."
                )
            if cast and part.dtype in _HALF:
                part = part.astype(jnp.float32)
            if part.dtype != dtype:
                raise ShapeError(
                    f"CircuitPair.apply got inputs of dtype {dtype} and {block.name!r} of dtype {part.dtype}. Cast one."
                )
            parts.append(part.reshape(-1))
        weights = jnp.concatenate(parts) if parts else jnp.zeros(0, dtype)
        if not isinstance(weights, Tracer):  # inside a transformation the executor itself refuses, at run time
            check_weights(self.program, np.asarray(weights))
        return weights


def _seed_array(seed: Any) -> jax.Array:
    """The seed as a JAX integer."""
    if isinstance(seed, int) and not -(2**31) <= seed < 2**31:
        raise ConfigError(
            f"CircuitPair.apply was asked for seed {seed}; under JAX a seed is a 32-bit integer, -2**31 .. 2**31 - 1. "
            "Take `seed % 2**31`, or draw one: `jax.random.randint(key, (), 0, 2**31 - 1)`."
        )
    return jnp.asarray(0 if seed is None else seed, jnp.int32)


def _seed_of(key: Any) -> int:
    """The integer behind a seed or a JAX key."""
    if isinstance(key, Tracer):
        raise CapabilityError(
            "CircuitPair.init was called inside a JAX transformation, where the key has no value yet. Call it outside."
        )
    if isinstance(key, jax.Array) and (key.ndim > 0 or jnp.issubdtype(key.dtype, jax.dtypes.prng_key)):
        data = jax.random.key_data(key) if jnp.issubdtype(key.dtype, jax.dtypes.prng_key) else key
        seed = 0
        for number in np.asarray(data).reshape(-1):
            seed = (seed << 32) | int(number)
        return seed
    return operator.index(key)
