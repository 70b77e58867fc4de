"""Where forward runs under XLA leave what their gradients start from: memory of ours, used again and again.

XLA hands out fresh memory for every array that a call returns, and to touch it for the first time costs more than to
compute the kets anew. So a token of some bytes goes through XLA instead, and the kets lie in a ring that compiled code
(`driver/ring.py`) fills and empties. The newest forward runs take the place of the oldest; a gradient whose token is of
a residual that was overtaken, or of another process, computes the forward half itself, to the same bits.
"""

from __future__ import annotations

import secrets
import sys
from functools import cache
from typing import NamedTuple

import numpy as np

from qml.base.memory import physical_bytes
from qml.engine import xla_layout as X
from qml.engine.forks import fresh_in_children
from qml.engine.pool import yield_address

LINE = 64
NONCE_BITS = 62


class RingCounts(NamedTuple):
    """What became of the residuals of a ring so far.

    Args:
        written: residuals that forward runs left.
        found: gradients that started from one.
        missed: gradients that did not find theirs, so that they computed it anew.
        overtaken: residuals that made room for newer ones before any gradient had read them.
        refused: forward runs that left none, because other runs held all the memory at that moment.
    """

    written: int
    found: int
    missed: int
    overtaken: int
    refused: int


class Ring:
    """Memory for the residuals of all stations of one budget; it lives as long as the process.

    Memory that no run has used yet is reserved, not taken. A forked child begins with an empty ring and a nonce of its
    own.

    Args:
        capacity: bytes; the sum of all residuals that wait.

    Example:
        >>> Ring(1 << 20).counts
        RingCounts(written=0, found=0, missed=0, overtaken=0, refused=0)
    """

    def __init__(self, capacity: int):
        self.capacity = capacity // LINE * LINE
        self._raw = np.empty(self.capacity + LINE, np.uint8)
        self._records = np.zeros((X.RECORDS, X.RECORD_SIZE), np.int64)
        self.table = np.zeros(X.RING_SIZE, np.int64)
        self.address = self.table.ctypes.data
        fresh_in_children(self._reset)

    def _reset(self) -> None:
        self._records[:] = 0
        self.table[:] = 0
        self.table[X.RING_NONCE] = 1 + secrets.randbits(NONCE_BITS)  # not 0, which is the token of nothing
        self.table[X.RING_CAPACITY] = self.capacity
        self.table[X.RING_MEMORY] = self._raw.ctypes.data + -self._raw.ctypes.data % LINE
        self.table[X.RING_RECORDS] = self._records.ctypes.data
        self.table[X.RING_REST] = yield_address()

    @property
    def counts(self) -> RingCounts:
        """What became of the residuals so far."""
        places = X.RING_GENERATION, X.RING_FOUND, X.RING_MISSED, X.RING_OVERTAKEN, X.RING_REFUSED
        return RingCounts(*(int(self.table[place]) for place in places))


def ring_capacity(budget: int) -> int:
    """Bytes of the ring of a budget: half of it, as much as waits in torch, and at most a quarter of the machine.

    Args:
        budget: bytes for kept kets (`qml.engine.memory.budget_bytes`).

    Example:
        >>> ring_capacity(64 << 20) >> 20
        32
    """
    return min(budget // 2, (physical_bytes() or sys.maxsize) // 4)


@cache
def ring_of(budget: int) -> Ring:
    """The one ring of a budget in this process.

    Args:
        budget: bytes for kept kets.
    """
    return Ring(ring_capacity(budget))
