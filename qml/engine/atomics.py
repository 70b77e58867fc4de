"""Numbers in memory that several threads change at once: what compiled code needs to share a call between threads."""

from __future__ import annotations

from typing import Any

from numba import types

from qml.engine.vector import I64, operation, pointer


def _exchange(kind: str) -> Any:
    """An operation `(address, value) -> number before`, seen by all threads in one order."""

    @operation
    def exchange(typing, address, value):
        def generate(context, builder, sig, args):
            return builder.atomic_rmw(kind, pointer(builder, args[0], I64), args[1], "seq_cst")

        return types.int64(types.int64, types.int64), generate

    return exchange


atomic_add = _exchange("add")
"""Add to the number at an address; gives what stood there before."""

atomic_or = _exchange("or")
"""Set bits of the number at an address; gives what stood there before."""

atomic_and = _exchange("and")
"""Keep bits of the number at an address; gives what stood there before."""

atomic_swap = _exchange("xchg")
"""Store at an address; gives what stood there before."""
