"""One row in progress: its states, the tables that compiled code reads of it, and the sums that come back."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from qml.engine.pool import CREW
from qml.engine.vector import VECTOR_BYTES
from qml.engine.wide import layout as L
from qml.engine.wide.memory import State, Workspace
from qml.engine.wide.pack import Packed
from qml.engine.wide.rows import Rows

WHOLE_CHUNKS = 16  # of passes over a whole state


class Frame:
    """Buffers of one row, reused by all rows that one thread or crew works on.

    Args:
        packed: the plan.
    """

    def __init__(self, packed: Packed):
        self.packed = packed
        self._threads, self._workspaces = 1, list[Workspace]()
        self.ket = self.source = packed.new_state()
        self._bra: State | None = None
        lows = 1 << packed.low_bits - packed.lane_bits
        uppers = packed.n_vectors // lows
        self._chunks = min(WHOLE_CHUNKS, uppers)
        self._low = State(lows, packed.lanes, packed.real)
        self._low_sums = State(self._chunks * lows, packed.lanes, packed.real)
        self._high, self._high_sums = np.zeros((uppers, 2), packed.real), np.zeros((uppers, 2))
        self._sums = np.zeros(max(packed.most_sums, WHOLE_CHUNKS))
        self._table = np.zeros(L.FRAME_SIZE, np.int64)
        self._address = self._table.ctypes.data
        self._table[L.FRAME_KET] = self._table[L.FRAME_SOURCE] = self.ket.address
        self._table[L.FRAME_SUMS] = self._sums.ctypes.data
        self._table[L.FRAME_LOW], self._table[L.FRAME_HIGH] = self._low.address, self._high.ctypes.data
        self._table[L.FRAME_LOW_SUMS] = self._low_sums.address
        self._table[L.FRAME_HIGH_SUMS] = self._high_sums.ctypes.data
        self._table[L.FRAME_CHUNKS] = self._chunks

    @property
    def nbytes(self) -> int:
        """Bytes of all buffers."""
        return self.state_bytes + sum(work.nbytes for work in self._workspaces) + self._low_sums.nbytes

    @property
    def state_bytes(self) -> int:
        """Bytes of ket and bra."""
        return self.ket.nbytes * (1 if self._bra is None else 2)

    @property
    def bra(self) -> State:
        """The bra; made when first asked for, as a frame that only runs forward needs none."""
        if self._bra is None:
            self._bra = self.packed.new_state()
            self._table[L.FRAME_BRA] = self._bra.address
        return self._bra

    def serve(self, threads: int) -> None:
        """Let so many threads share this row from now on."""
        self._threads = threads
        while len(self._workspaces) < threads:
            self._workspaces.append(Workspace(self.packed.tile_vectors, VECTOR_BYTES, self.packed.most_highs))

    def read_from(self, ket: State) -> None:
        """Let the next sweeps read this ket, and store where they always do."""
        self.source = ket
        self._table[L.FRAME_SOURCE] = ket.address

    def swap_ket(self, ket: State) -> State:
        """Work on another ket from now on; returns the one before."""
        before, self.ket = self.ket, ket
        self._table[L.FRAME_KET] = ket.address
        self.read_from(ket)
        return before

    def set_row(self, rows: Rows, row: int) -> None:
        """Point to the numbers of one row, and make ready the two halves of its product state if it starts from one."""
        for place, address in rows.addresses(row).items():
            self._table[place] = address
        if rows.product is not None:
            low, high = rows.product.low.levels[-1][row], rows.product.high.levels[-1][row]
            lanes = self.packed.lanes
            self._low.array[:, 0], self._low.array[:, 1] = low.real.reshape(-1, lanes), low.imag.reshape(-1, lanes)
            self._high[:, 0], self._high[:, 1] = high.real, high.imag

    def sweep(self, number: int, what: int) -> np.ndarray:
        """Run one sweep; returns the sums of its slots."""
        packed, call, works = self.packed, self.packed.run_sweep, self._workspaces
        plan, frame, sweep, slots = packed.address, self._address, packed.sweeps[number], packed.slots[number]
        self._run(lambda k: call(plan, frame, works[k].address, sweep, what), slots.chunks)
        return self._sums[: slots.chunks * len(slots)].reshape(slots.chunks, len(slots)).sum(axis=0)

    def contract(self, low_A: np.ndarray, high_A: np.ndarray) -> None:
        """Write the bra contracted with the upper half of the product state, and with the lower half."""
        packed, call = self.packed, self.packed.contract
        self._run(lambda k: call(packed.address, self._address), self._chunks)
        parts = self._low_sums.array.reshape(self._chunks, -1, 2, packed.lanes).sum(axis=0, dtype=np.float64)
        low_A.real, low_A.imag = parts[:, 0].ravel(), parts[:, 1].ravel()
        high_A.real, high_A.imag = self._high_sums[:, 0], self._high_sums[:, 1]

    def read_flip(self, word: int) -> float:
        """The value of a word that flips bits."""
        packed, call = self.packed, self.packed.library.function("read_flip")
        self._run(lambda k: call(packed.address, self._address, packed.flips[word]), self._chunks)
        return float(self._sums[: self._chunks].sum())

    def add_flip(self, word: int) -> None:
        """Add a word that flips bits to the bra, times its cotangent."""
        packed, call = self.packed, self.packed.library.function("add_flip")
        self._run(lambda k: call(packed.address, self._address, packed.flips[word], word), self._chunks)

    def _run(self, job: Callable[[int], object], chunks: int) -> None:
        """Chunks are taken by ticket, on as many threads as this frame serves."""
        self._table[L.FRAME_TICKET] = 0
        threads = min(self._threads, chunks)
        if threads == 1:
            job(0)
        else:
            CREW.run(job, threads)
