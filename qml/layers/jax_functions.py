"""A circuit as a JAX function: a compiled plan on our CPU engine, Python callbacks on any other executor.

The callbacks are handed XLA's buffers themselves and never call JAX. `jax.pure_callback` would first put its arguments
on a device, which can wait for the very threads that wait for the callback.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from qml.base.extras import require

require("jax", extra="jax", purpose="The JAX layer")
import jax
import jax.numpy as jnp
from jax.custom_batching import custom_vmap
from jax.experimental.buffer_callback import buffer_callback

from qml.backends.engine import EngineExecutor
from qml.circuits.program import Program
from qml.engine.compile import compile_program
from qml.engine.mapped import mapped_columns, mapped_values
from qml.engine.traced import traced
from qml.layers.call import Call
from qml.layers.jax_operator import plan_operator
from qml.layers.jax_primitives import plan_words


def circuit_function(call: Call) -> Any:
    """`(inputs_BD, weights (P,), seed ()) -> values_BK`, for `jit`, `vmap` and reverse mode."""
    if isinstance(call.executor, EngineExecutor):
        return _planned(call.program, call.executor)
    return _called_back(call)


def _planned(program: Program, executor: EngineExecutor) -> Any:
    """The compiled plan as a primitive; JAX itself differentiates and maps what stands around it."""
    compiled = compile_program(program)
    operator = plan_operator(compiled.plan, executor.budget, executor.threads)

    def function(inputs, weights, seed):
        rows, shared, *initial = mapped_columns(compiled, jnp, inputs, weights)
        words = plan_words(operator, rows, shared, *initial[: compiled.plan.initial])
        return mapped_values(compiled, jnp, words)

    return function


def _called_back(call: Call) -> Any:
    """Derivatives and batching rules around two callbacks."""
    values_of, values_ahead_of = _values(call, False), _values(call, True)
    gradients_of = _differentiable(_gradients(call), call)

    @jax.custom_vjp
    def function(inputs, weights, seed):
        return values_of(inputs, weights, seed)

    @jax.custom_vjp
    def ahead(inputs, weights, seed):  # a gradient will be asked for: what the executor keeps for it waits in `call`
        return values_ahead_of(inputs, weights, seed)

    def forward(inputs, weights, seed):
        values = ahead(inputs, weights, seed)
        return values, (inputs, weights, seed, values)

    def backward(kept, cotangent):
        *arguments, values = kept  # handed on, so that gradients are asked for after the values that precede them
        return *gradients_of(*arguments, cotangent, values), None

    function.defvjp(forward, backward)
    ahead.defvjp(forward, backward)
    return function


def _values(call: Call, ahead: bool) -> Any:
    """The callback for values, `ahead` of a gradient or alone, and how it maps."""

    def write(context, out, inputs, weights, seed):
        arrays = _array(inputs), _array(weights), _seed(call, seed)
        _write(out, call.values_ahead(*arrays) if ahead else call.values(*arrays)[0])

    @custom_vmap
    def values_of(inputs, weights, seed):
        shape = jax.ShapeDtypeStruct((inputs.shape[0], call.program.n_values), inputs.dtype)
        return buffer_callback(write, shape)(inputs, weights, seed)

    @values_of.def_vmap
    def _(size, mapped, inputs, weights, seed):
        rows = _mapped_first(inputs, mapped[0], size)
        shared = not mapped[1] and weights.ndim == 1
        sets = weights if shared else _weight_rows(weights, mapped[1], rows)
        values = values_of(_folded(rows), sets, _first(seed, mapped[2]))
        return values.reshape(*rows.shape[:2], values.shape[-1]), True

    return values_of


def _gradients(call: Call) -> Any:
    """The callback for gradients; a mapped axis takes one set of weights a row, so that one call serves it."""

    def write(context, out, inputs, weights, seed, cotangent, values):
        arrays = (_array(inputs), _array(weights), _array(cotangent))
        for buffer, gradient in zip(out, call.gradients_after(*arrays, _seed(call, seed)), strict=True):
            _write(buffer, gradient)

    @custom_vmap
    def gradients_of(inputs, weights, seed, cotangent, values):
        shapes = tuple(jax.ShapeDtypeStruct(array.shape, array.dtype) for array in (inputs, weights))
        return buffer_callback(write, shapes)(inputs, weights, seed, cotangent, values)

    @gradients_of.def_vmap
    def _(size, mapped, inputs, weights, seed, cotangent, values):
        row_sets = weights.ndim - mapped[1] == 2
        rows = _mapped_first(inputs, mapped[0], size)
        sets = _weight_rows(weights, mapped[1], rows)
        cotangents = _folded(_mapped_first(cotangent, mapped[3], size))
        by_inputs, by_weights = gradients_of(_folded(rows), sets, _first(seed, mapped[2]), cotangents, values)
        by_weights = by_weights.reshape(*rows.shape[:2], by_weights.shape[-1])
        return (by_inputs.reshape(rows.shape), by_weights if row_sets else by_weights.sum(1)), (True, True)

    return gradients_of


def _differentiable(gradients_of: Any, call: Call) -> Any:
    """Gradients whose own derivative comes from the traced form."""

    @jax.custom_vjp
    def function(inputs, weights, seed, cotangent, values):
        return gradients_of(inputs, weights, seed, cotangent, values)

    def forward(inputs, weights, seed, cotangent, values):
        return function(inputs, weights, seed, cotangent, values), (inputs, weights, cotangent)

    def backward(kept, cotangents):
        call.check_traceable("A second derivative")
        by_inputs, by_weights, by_cotangent = jax.vjp(_traced_gradients(call), *kept)[1](cotangents)
        return by_inputs, by_weights, None, by_cotangent, None

    function.defvjp(forward, backward)
    return function


def _traced_gradients(call: Call) -> Any:
    def gradients(inputs, weights, cotangent):
        return jax.vjp(lambda x, w: traced(call.program, jnp, x, w), inputs, weights)[1](cotangent)

    return gradients


def _array(buffer: Any) -> np.ndarray:
    """A view of an XLA buffer; an empty one has no address to view."""
    return np.empty(buffer.shape, buffer.dtype) if 0 in buffer.shape else np.ascontiguousarray(np.asarray(buffer))


def _write(buffer: Any, values: np.ndarray) -> None:
    """Fill an XLA buffer."""
    if 0 not in buffer.shape:
        np.asarray(buffer)[...] = values


def _seed(call: Call, buffer: Any) -> int | None:
    return None if call.capabilities.exact else int(np.asarray(buffer))


def _mapped_first(array: Any, mapped: bool, size: int) -> Any:
    """`array` with the mapped axis in front (JAX has put it there); repeated where nothing is mapped."""
    return array if mapped else jnp.broadcast_to(array, (size, *array.shape))


def _folded(rows: Any) -> Any:
    return rows.reshape(rows.shape[0] * rows.shape[1], *rows.shape[2:])


def _weight_rows(weights: Any, mapped: bool, rows: Any) -> Any:
    """One set of weights for each of the rows `(S, B, D)`: `(S * B, P)`."""
    sets = _mapped_first(weights, mapped, rows.shape[0])
    if sets.ndim == 2:
        sets = jnp.broadcast_to(sets[:, None, :], (*rows.shape[:2], sets.shape[-1]))
    return _folded(sets)


def _first(seed: Any, mapped: bool) -> Any:
    """One seed for the one call: rows of a call draw independently of each other."""
    return seed[0] if mapped else seed
