"""A plan on the CPU as JAX primitives, so that `jit`, `vmap`, `grad`, `scan`, sharding and their mixtures reach it.

Four primitives, each of one `PlanOperator`:

* `words`: rows, shared values, [amplitudes] -> values of all words;
* `words_kept`: the same, and a token for what was kept of it, which the gradient starts from;
* `words_tangent`: the derivative of `words`, linear in its tangents. It exists to be transposed, which makes it
  `slopes`; to run it would be forward mode, which is refused;
* `slopes`: the gradient. Its own derivative is that of the traced plan, exact in every mode and to every order.

A mapped axis becomes more rows. Where shared values are mapped, or gradients are asked for each mapped element, every
row brings its own (`PlanOperator.rowed`).
"""

from __future__ import annotations

from functools import lru_cache, partial
from typing import Any

import numpy as np

from qml.base.extras import require

require("jax", extra="jax", purpose="The JAX layer")
import jax
import jax.numpy as jnp
from jax._src.dispatch import prim_requires_devices_during_lowering
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir
from jax.interpreters import partial_eval as pe

from qml.base.errors import CapabilityError
from qml.engine.array_ops import vary_alike
from qml.engine.traced_plan import traced_plan
from qml.engine.xla_layout import TOKEN_BYTES
from qml.layers.jax_operator import PlanOperator
from qml.layers.jax_sharded import sharded_slopes, sharded_words

FORWARD_MODE = (
    "Forward-mode differentiation (jvp, jacfwd, hessian) was asked of executor 'engine_cpu'; it has reverse mode only. "
    'Use jax.jacrev, or circuit(program, executor="traced").'
)

words_p = Primitive("qml_words")
kept_p = Primitive("qml_words_kept")
kept_p.multiple_results = True
tangent_p = Primitive("qml_words_tangent")
slopes_p = Primitive("qml_slopes")
slopes_p.multiple_results = True


def plan_words(operator: PlanOperator, rows_BM: Any, shared_S: Any, *initial: Any) -> Any:
    """Values of all words of a plan, `(B, W)`, differentiable in reverse mode.

    Args:
        operator: the plan and its options.
        rows_BM: row values.
        shared_S: shared values.
        initial: `(B or 1, A)` amplitudes where the plan takes them.
    """
    return words_p.bind(*vary_alike(rows_BM, shared_S, *initial), operator=operator)


# ------------------------------------------------------------------------------------------------ shapes
def _like(aval: Any, shape: tuple[int, ...], dtype: Any = None) -> Any:
    """An abstract array of that shape where `aval` lives."""
    return aval.update(shape=shape, dtype=np.dtype(dtype or aval.dtype), weak_type=False)


@words_p.def_abstract_eval
def _(rows, shared, *initial, operator):
    return _like(rows, (rows.shape[0], operator.plan.n_words))


@kept_p.def_abstract_eval
def _(rows, shared, *initial, operator):
    words = _like(rows, (rows.shape[0], operator.plan.n_words))
    return words, _like(shared, (TOKEN_BYTES,), np.uint8)


@tangent_p.def_abstract_eval
def _(*arrays, operator):
    rows = arrays[2 + operator.plan.initial]
    return _like(rows, (rows.shape[0], operator.plan.n_words))


@slopes_p.def_abstract_eval
def _(rows, shared, *more, operator, kept):
    return tuple(_like(array, array.shape) for array in (rows, shared, *more[: operator.plan.initial]))


# ------------------------------------------------------------------------------------------------ running
@lru_cache(maxsize=1024)
def _compiled(primitive: Any, parameters: tuple[tuple[str, Any], ...]) -> Any:
    return jax.jit(partial(primitive.bind, **dict(parameters)))


def _run(primitive: Any, *arrays: Any, **parameters: Any) -> Any:
    """Outside `jit`: compiled once a shape, for all layers of equal Programs."""
    return _compiled(primitive, tuple(parameters.items()))(*arrays)


def _refuse(*arrays: Any, **parameters: Any) -> Any:
    raise CapabilityError(FORWARD_MODE)


for _primitive in (words_p, kept_p, slopes_p):
    _primitive.def_impl(partial(_run, _primitive))
    prim_requires_devices_during_lowering.add(_primitive)  # `custom_partitioning` inside asks for them
tangent_p.def_impl(_refuse)
mlir.register_lowering(tangent_p, _refuse)
mlir.register_lowering(words_p, mlir.lower_fun(partial(sharded_words, kept=False), multiple_results=False))
mlir.register_lowering(kept_p, mlir.lower_fun(partial(sharded_words, kept=True), multiple_results=True))
mlir.register_lowering(slopes_p, mlir.lower_fun(sharded_slopes, multiple_results=True))


# ------------------------------------------------------------------------------------------------ derivatives
def _words_jvp(primals: tuple, tangents: tuple, *, operator: PlanOperator) -> tuple[Any, Any]:
    rows = primals[0]
    if operator.keeps(rows.dtype, rows.shape[0]):
        words, token = kept_p.bind(*primals, operator=operator)
    else:
        words, token = words_p.bind(*primals, operator=operator), _no_token(rows, 0)
    moves = map(ad.instantiate_zeros, tangents)
    return words, tangent_p.bind(*moves, *primals, token, operator=operator)


def _kept_jvp(primals: tuple, tangents: tuple, *, operator: PlanOperator) -> tuple[Any, Any]:
    words, token = kept_p.bind(*primals, operator=operator)
    moves = map(ad.instantiate_zeros, tangents)
    tangent = tangent_p.bind(*moves, *primals, token, operator=operator)
    return (words, token), (tangent, ad.Zero(jax.typeof(token).to_tangent_aval()))


def _tangent_transpose(cotangent: Any, *arrays: Any, operator: PlanOperator) -> list[Any]:
    moves, rest = _halves(arrays, operator)
    *primals, token = rest
    if type(cotangent) is ad.Zero:
        return [None] * len(arrays)
    kept = token.shape[0] > 0
    found = slopes_p.bind(*primals, cotangent, *([token] if kept else []), operator=operator, kept=kept)
    wanted = [slope if ad.is_undefined_primal(move) else None for slope, move in zip(found, moves, strict=True)]
    return [*wanted, *[None] * len(rest)]


def _slopes_jvp(primals: tuple, tangents: tuple, *, operator: PlanOperator, kept: bool) -> tuple[Any, Any]:
    operator.check_second_order()
    count = len(primals) - kept
    found = slopes_p.bind(*primals, operator=operator, kept=kept)

    def slopes(*arrays: Any) -> tuple[Any, ...]:
        *places, cotangent = arrays
        return jax.vjp(partial(traced_plan, operator.plan, jnp), *places)[1](cotangent)

    moves = [ad.instantiate_zeros(tangent) for tangent in tangents[:count]]
    return found, list(jax.jvp(slopes, tuple(primals[:count]), tuple(moves))[1])


def _kept_dce(used: list[bool], eqn: Any) -> tuple[list[bool], Any]:
    """Nothing is kept for a gradient that is never taken, as in the first run of `jax.checkpoint`."""
    if not any(used):
        return [False] * len(eqn.invars), None
    if used[1]:
        return [True] * len(eqn.invars), eqn
    return [True] * len(eqn.invars), eqn.replace(primitive=words_p, outvars=eqn.outvars[:1])


pe.dce_rules[kept_p] = _kept_dce
ad.primitive_jvps[words_p] = _words_jvp
ad.primitive_jvps[kept_p] = _kept_jvp
ad.primitive_transposes[tangent_p] = _tangent_transpose
ad.primitive_jvps[slopes_p] = _slopes_jvp


def _no_token(like: Any, nbytes: int = TOKEN_BYTES) -> Any:
    """The token of nothing; where none is expected, of no bytes."""
    return vary_alike(jnp.zeros(nbytes, np.uint8), like)[0]


def _halves(arrays: tuple, operator: PlanOperator) -> tuple[tuple, tuple]:
    """Tangents, then primals and the token."""
    count = 2 + operator.plan.initial
    return arrays[:count], arrays[count:]


# ------------------------------------------------------------------------------------------------ mapped axes
class _Map:
    """One mapped axis: arrays with it in front, and folded into the rows."""

    def __init__(self, arrays: tuple, axes: tuple):
        mapped = [(array, axis) for array, axis in zip(arrays, axes, strict=True) if axis is not None]
        self.size = mapped[0][0].shape[mapped[0][1]]

    def front(self, array: Any, axis: int | None) -> Any:
        """The mapped axis first; repeated where nothing is mapped."""
        if axis is None:
            return jnp.broadcast_to(array, (self.size, *array.shape))
        return jnp.moveaxis(array, axis, 0)

    def rows(self, array: Any, axis: int | None, batch: int) -> Any:
        """`(size * batch, N)`: a single row that serves a whole batch is repeated."""
        array = self.front(array, axis)
        return jnp.broadcast_to(array, (self.size, batch, array.shape[2])).reshape(self.size * batch, array.shape[2])

    def with_shared(self, rows: tuple[Any, Any], shared: tuple[Any, Any], batch: int) -> Any:
        """Row values, and behind them the shared values of each row."""
        mine = self.rows(*rows, batch)
        theirs = jnp.broadcast_to(self.front(*shared)[:, None], (self.size, batch, shared[0].shape[-1]))
        return jnp.concatenate([mine, theirs.reshape(len(mine), theirs.shape[2])], 1)

    def apart(self, array: Any, batch: int) -> Any:
        """The mapped axis of a result, in front again."""
        return array.reshape(self.size, batch, *array.shape[1:])


def _words_batched(arrays: tuple, axes: tuple, *, operator: PlanOperator) -> tuple[Any, int]:
    mapped, batch = _Map(arrays, axes), _batch(arrays[0], axes[0])
    (rows, *initial), (shared, by) = (
        zip(arrays[:1] + arrays[2:], axes[:1] + axes[2:], strict=True),
        (arrays[1], axes[1]),
    )
    starts = [s if d is None and s.shape[0] == 1 else mapped.rows(s, d, batch) for s, d in initial]
    if by is None:
        words = words_p.bind(mapped.rows(*rows, batch), shared, *starts, operator=operator)
    else:
        every = mapped.with_shared(rows, (shared, by), batch)
        words = words_p.bind(every, _no_shared(every), *starts, operator=operator.rowed)
    return mapped.apart(words, batch), 0


def _kept_batched(arrays: tuple, axes: tuple, *, operator: PlanOperator) -> tuple[Any, Any]:
    """Without a token: gradients of mapped elements are apart, which is another plan with a forward half of its own."""
    words, axis = _words_batched(arrays, axes, operator=operator)
    return (words, _no_token(words)), (axis, None)


def _tangent_batched(arrays: tuple, axes: tuple, *, operator: PlanOperator) -> tuple[Any, int]:
    count = 2 + operator.plan.initial
    pairs = list(zip(arrays, axes, strict=True))
    batch, mapped = _batch(*pairs[count]), _Map(arrays, axes)
    halves = []
    for rows, shared, *initial in (pairs[:count], pairs[count:-1]):
        every = mapped.with_shared(rows, shared, batch)
        halves += [every, _no_shared(every), *(mapped.rows(s, d, batch) for s, d in initial)]
    words = tangent_p.bind(*halves, _no_token(halves[0], 0), operator=operator.rowed)
    return mapped.apart(words, batch), 0


def _slopes_batched(arrays: tuple, axes: tuple, *, operator: PlanOperator, kept: bool) -> tuple[Any, Any]:
    pairs = list(zip(arrays, axes, strict=True))[: len(arrays) - kept]
    mapped, batch = _Map(arrays, axes), _batch(*pairs[0])
    rows, shared, *initial, cotangent = pairs
    every = mapped.with_shared(rows, shared, batch)
    starts = [mapped.rows(s, d, batch) for s, d in initial]
    given = (every, _no_shared(every), *starts, mapped.rows(*cotangent, batch))
    found = slopes_p.bind(*given, operator=operator.rowed, kept=False)
    by_every, by_starts = mapped.apart(found[0], batch), [mapped.apart(part, batch) for part in found[2:]]
    n_rows = rows[0].shape[-1]
    for place, (start, axis) in enumerate(initial):
        if start.shape[0 if axis is None else 1 - (axis == 1)] == 1 and batch > 1:
            by_starts[place] = by_starts[place].sum(1, keepdims=True)
    return (by_every[..., :n_rows], by_every[..., n_rows:].sum(1), *by_starts), (0,) * (2 + len(initial))


def _no_shared(every: Any) -> Any:
    """The shared values of a plan whose rows bring their own; it varies from device to device as they do."""
    return vary_alike(jnp.zeros(0, every.dtype), every)[0]


def _batch(rows: Any, axis: int | None) -> int:
    """Rows of one mapped element."""
    return next(size for place, size in enumerate(rows.shape) if place != axis)


batching.primitive_batchers[words_p] = _words_batched
batching.primitive_batchers[kept_p] = _kept_batched
batching.primitive_batchers[tangent_p] = _tangent_batched
batching.primitive_batchers[slopes_p] = _slopes_batched
