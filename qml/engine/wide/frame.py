"""One row in progress: its states, the tables that compiled code reads of it, and the sums that come back."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from qml.engine.pool import CREW
from qml.engine.wide import layout as L
from qml.engine.wide.angles import Angles
from qml.engine.wide.memory import State, Workspace
from qml.engine.wide.pack import Packed
from qml.engine.wide.product import Product

WHOLE_CHUNKS = 16  # of passes over a whole state


class Frame:
    """Buffers of one row, reused by all rows that one thread or crew works on.

    Args:
        packed: the plan.
        workspaces: one for each thread that works on a row at once.
    """

    def __init__(self, packed: Packed, workspaces: list[Workspace]):
        self.packed, self._workspaces = packed, workspaces
        self.ket = self.source = self.new_state()
        self._bra: State | None = None
        self._matrices = self._wires = np.zeros(0)
        self._low = State(1 << packed.low_bits - packed.lane_bits, packed.lanes, packed.real)
        uppers = packed.n_vectors >> packed.low_bits - packed.lane_bits
        self._high = np.zeros((uppers, 2), packed.real)
        self._high_sums = np.zeros((uppers, 2))
        self.whole_chunks = min(WHOLE_CHUNKS, uppers)
        self._low_sums = State(self.whole_chunks << packed.low_bits - packed.lane_bits, packed.lanes, packed.real)
        self._sums = np.zeros(max(packed.most_sums, WHOLE_CHUNKS))
        self.table = np.zeros(L.FRAME_SIZE, np.int64)
        self.address = self.table.ctypes.data
        self.table[L.FRAME_KET] = self.table[L.FRAME_SOURCE] = self.ket.address
        self.table[L.FRAME_SUMS] = self._sums.ctypes.data
        self.table[L.FRAME_LOW], self.table[L.FRAME_HIGH] = self._low.address, self._high.ctypes.data
        self.table[L.FRAME_LOW_SUMS], self.table[L.FRAME_HIGH_SUMS] = (
            self._low_sums.address,
            self._high_sums.ctypes.data,
        )
        self.table[L.FRAME_CHUNKS] = self.whole_chunks

    def new_state(self) -> State:
        """Room for one more ket."""
        return State(self.packed.n_vectors, self.packed.lanes, self.packed.real)

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
            self._bra = self.new_state()
            self.table[L.FRAME_BRA] = self._bra.address
        return self._bra

    def read_from(self, ket: State) -> None:
        """Let the next sweeps read this ket, and store where they always do."""
        self.source = ket
        self.table[L.FRAME_SOURCE] = ket.address

    def swap_ket(self, ket: State) -> State:
        """Work on another ket from now on; returns the one before."""
        before, self.ket = self.ket, ket
        self.table[L.FRAME_KET] = ket.address
        self.read_from(ket)
        return before

    def set_row(self, angles: Angles, row: int, cotangent_W: np.ndarray | None) -> None:
        """Point to the numbers of one row; they stay alive as long as `angles` and the cotangent do."""
        self.table[L.FRAME_TANGENTS] = angles.tangents_BT[row].ctypes.data
        self.table[L.FRAME_FACTORS] = angles.factors_BF[row].ctypes.data
        self.table[L.FRAME_PHASES] = angles.phases_BT[row].ctypes.data
        self.table[L.FRAME_COTANGENT] = 0 if cotangent_W is None else cotangent_W.ctypes.data

    def start_product(self, product: Product, half_T: np.ndarray) -> None:
        """Make ready the two halves of the product state that a row starts from."""
        lanes, self._matrices = self.packed.lanes, product.matrices(half_T)
        self._wires = product.wires(self._matrices)
        low, high = product.halves(self._wires, self.packed.low_bits)
        for part, place in (("real", 0), ("imag", 1)):
            self._low.array[:, place] = getattr(low.state, part).reshape(-1, lanes)
            self._high[:, place] = getattr(high.state, part)

    def product_slopes(self, product: Product) -> np.ndarray:
        """Slopes of the turns of the prefix, from the bra in front of the first sweep."""
        low, high = product.halves(self._wires, self.packed.low_bits)
        by_low, by_high = self._contract()
        return product.slopes(self._matrices, self._wires, np.concatenate([low.seen(by_low), high.seen(by_high)]))

    def sweep(self, number: int, what: int) -> np.ndarray:
        """Run one sweep; returns the sums of its slots."""
        packed, call = self.packed, self.packed.library.function("run_sweep")
        address, slots = packed.sweeps[number], packed.slots[number]
        n_slots, chunks = len(slots), slots.chunks
        self._run(lambda k: call(packed.address, self.address, self._workspaces[k].address, address, what), chunks)
        return self._sums[: chunks * n_slots].reshape(chunks, n_slots).sum(axis=0)

    def _contract(self) -> tuple[np.ndarray, np.ndarray]:
        """The bra contracted with the upper half of the product state, and with the lower half."""
        packed, call = self.packed, self.packed.library.function("contract")
        self._run(lambda k: call(packed.address, self.address, 0), self.whole_chunks)
        parts = self._low_sums.array.reshape(self.whole_chunks, -1, 2, packed.lanes).sum(axis=0, dtype=np.float64)
        return (parts[:, 0] + 1j * parts[:, 1]).ravel(), self._high_sums[:, 0] + 1j * self._high_sums[:, 1]

    def read_flip(self, word: int) -> float:
        """The value of a word that flips bits."""
        packed, call = self.packed, self.packed.library.function("read_flip")
        self._run(lambda k: call(packed.address, self.address, packed.flips[word]), self.whole_chunks)
        return float(self._sums[: self.whole_chunks].sum())

    def add_flip(self, word: int) -> None:
        """Add a word that flips bits to the bra, times its cotangent."""
        packed, call = self.packed, self.packed.library.function("add_flip")
        self._run(lambda k: call(packed.address, self.address, packed.flips[word], word), self.whole_chunks)

    def _run(self, job: Callable[[int], object], chunks: int) -> None:
        """Chunks are taken by ticket, on as many threads as this frame has workspaces."""
        self.table[L.FRAME_TICKET] = 0
        threads = min(len(self._workspaces), chunks)
        if threads == 1:
            job(0)
        else:
            CREW.run(job, threads)
