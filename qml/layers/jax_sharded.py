"""A plan over several devices: rows are split, shared values are on all of them, their gradients are summed."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from qml.base.extras import require

require("jax", extra="jax", purpose="The JAX layer")
import jax
import jax.numpy as jnp
from jax.experimental.custom_partitioning import custom_partitioning
from jax.sharding import NamedSharding, PartitionSpec

from qml.engine.xla_layout import TOKEN_BYTES
from qml.layers.jax_operator import PlanOperator


def sharded_words(*arrays: Any, operator: PlanOperator, kept: bool) -> Any:
    """`PlanOperator.words` that XLA may split along the rows."""
    return _words(operator, kept)(*arrays)


def sharded_slopes(*arrays: Any, operator: PlanOperator, kept: bool) -> Any:
    """`PlanOperator.slopes` that XLA may split along the rows."""
    return _slopes(operator, kept)(*arrays)


@lru_cache(maxsize=1024)
def _words(operator: PlanOperator, kept: bool) -> Any:
    """On one device, the operator itself; on several no token, as XLA takes what is on all devices for equal."""

    @custom_partitioning
    def words(*arrays: Any) -> Any:
        return operator.words(*arrays, kept=kept)

    def local(*arrays: Any) -> Any:
        found = operator.words(*arrays)
        return (found, jnp.zeros(TOKEN_BYTES, np.uint8)) if kept else found

    def partition(mesh: Any, arguments: Any, results: Any) -> tuple:
        axis = _row_axis(arguments, operator)
        split, same = _named(mesh, axis, 2), _named(mesh, None, 1)
        return mesh, local, ((split, same) if kept else split), _placed(mesh, axis, arguments, operator)

    def infer(mesh: Any, arguments: Any, results: Any) -> Any:
        split = _named(mesh, _row_axis(arguments, operator), 2)
        return (split, _named(mesh, None, 1)) if kept else split

    def rule(mesh: Any, types: Any, results: Any) -> str:
        return f"b m, s{_start_rule(types, operator)} -> b w{', n' * kept}"

    words.def_partition(partition, infer_sharding_from_operands=infer, sharding_rule=rule)
    return words


@lru_cache(maxsize=1024)
def _slopes(operator: PlanOperator, kept: bool) -> Any:
    @custom_partitioning
    def slopes(*arrays: Any) -> Any:
        return operator.slopes(*arrays, kept=kept)

    def partition(mesh: Any, arguments: Any, results: Any) -> tuple:
        axis = _row_axis(arguments, operator)
        places = _placed(mesh, axis, arguments, operator)

        def local(*arrays: Any) -> Any:
            by_rows, *shared = operator.slopes(*(arrays[:-1] if kept else arrays), kept=False)
            whole = [place.spec[0] is None for place in places[1 : 2 + operator.plan.initial]]
            return by_rows, *(_summed(p, axis) if here else p for p, here in zip(shared, whole, strict=True))

        return mesh, local, places[: 2 + operator.plan.initial], places

    def infer(mesh: Any, arguments: Any, results: Any) -> Any:
        return _placed(mesh, _row_axis(arguments, operator), arguments, operator)[: 2 + operator.plan.initial]

    def rule(mesh: Any, types: Any, results: Any) -> str:
        start = _start_rule(types, operator)
        return f"b m, s{start}, b w{', n' * kept} -> b m, s{start}"

    slopes.def_partition(partition, infer_sharding_from_operands=infer, sharding_rule=rule)
    return slopes


def _start_rule(types: Any, operator: PlanOperator) -> str:
    """How initial amplitudes, if any, are split: as the rows, or not where one row serves them all."""
    if not operator.plan.initial:
        return ""
    return ", b a" if types[2].shape[0] == types[0].shape[0] else ", i a"


def _row_axis(arguments: Any, operator: PlanOperator) -> Any:
    """The mesh axes that rows are split over, in the first argument that says so; None where none does."""
    for argument, by_row in zip(arguments, _by_row(arguments, operator), strict=True):
        axes = list(argument.sharding.spec) if isinstance(argument.sharding, NamedSharding) else []
        if by_row and axes and axes[0] is not None:
            return axes[0]
    return None


def _by_row(arguments: Any, operator: PlanOperator) -> list[bool]:
    """Which arguments have one row for each row of the batch."""
    batch, n_initial = arguments[0].shape[0], operator.plan.initial
    initial = [argument.shape[0] == batch for argument in arguments[2 : 2 + n_initial]]
    return [True, False, *initial, *(len(argument.shape) == 2 for argument in arguments[2 + n_initial :])]


def _named(mesh: Any, axis: Any, ndim: int) -> NamedSharding:
    return NamedSharding(mesh, PartitionSpec(axis, *[None] * (ndim - 1)))


def _placed(mesh: Any, axis: Any, arguments: Any, operator: PlanOperator) -> tuple[NamedSharding, ...]:
    """Where each argument has to be: arrays of rows split, all others on every device."""
    return tuple(
        _named(mesh, axis if split else None, len(argument.shape))
        for split, argument in zip(_by_row(arguments, operator), arguments, strict=True)
    )


def _summed(part: Any, axis: Any) -> Any:
    return part if axis is None else jax.lax.psum(part, axis)
