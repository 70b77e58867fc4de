"""Memory of states: a clear refusal before any is taken, and large pages for strided reads."""

from __future__ import annotations

import mmap
import sys

import numpy as np

from qml.base.memory import exceeded_limit, too_large
from qml.engine.pack import STAGGER
from qml.engine.wide import layout as L
from qml.engine.wide.lanes import ROW

HUGE_PAGE = 2 << 20


def state_bytes(n_qubits: int, dtype: np.dtype) -> int:
    """Bytes of one state."""
    return 2 * np.dtype(dtype).itemsize << n_qubits


def qubits_within(nbytes: int, dtype: np.dtype, states: int) -> int:
    """The most qubits of which `states` states fit into so many bytes."""
    return max((nbytes // (states * state_bytes(0, dtype))).bit_length() - 1, 0)


def check_memory(n_qubits: int, dtype: np.dtype, states: int, held: int = 0) -> None:
    """Refuse what does not fit, before anything is allocated.

    Args:
        n_qubits: of the circuit.
        dtype: float32 or float64.
        states: how many states the run needs at once.
        held: bytes of them that are allocated already.

    Raises:
        CapabilityError: names the bytes asked, the limit, and what to do.
    """
    needed = states * state_bytes(n_qubits, dtype)
    limit = exceeded_limit(needed, held)
    if limit is None:
        return
    what = f"A run of {n_qubits} qubits in {np.dtype(dtype)} ({states} x 2**{n_qubits} amplitudes)"
    other = "" if np.dtype(dtype).itemsize == 4 else ", or float32"
    raise too_large(needed, limit, what, f"Take at most {qubits_within(limit, dtype, states)} qubits{other}.")


class State:
    """One ket or bra: `(vectors, 2, lanes)` real numbers, aligned to large pages where it is large.

    Args:
        n_vectors: vectors.
        lanes: numbers of a vector.
        real: float32 or float64.
    """

    def __init__(self, n_vectors: int, lanes: int, real: np.dtype):
        self.nbytes = 2 * n_vectors * lanes * real.itemsize
        page = HUGE_PAGE if self.nbytes >= HUGE_PAGE else mmap.PAGESIZE
        self._map = mmap.mmap(-1, self.nbytes + page + 64 * mmap.PAGESIZE)
        if page == HUGE_PAGE and sys.platform == "linux":
            self._map.madvise(mmap.MADV_HUGEPAGE)
        whole = np.frombuffer(self._map, np.uint8)
        start = -whole.ctypes.data % page
        self.array = whole[start : start + self.nbytes].view(real).reshape(n_vectors, 2, lanes)
        self.address = self.array.ctypes.data

    def fill(self, amplitudes_A: np.ndarray) -> None:
        """Take amplitudes over, in the order of their index; the rest is 0."""
        lanes = self.array.shape[2]
        if missing := self.array.size // 2 - len(amplitudes_A):
            amplitudes_A = np.pad(amplitudes_A, (0, missing))
        self.array[:, 0] = np.real(amplitudes_A).reshape(-1, lanes)
        self.array[:, 1] = np.imag(amplitudes_A).reshape(-1, lanes)

    def amplitudes(self, out_A: np.ndarray) -> None:
        """Write the first amplitudes to a complex array."""
        out_A.real = self.array[:, 0].reshape(-1)[: len(out_A)]
        out_A.imag = self.array[:, 1].reshape(-1)[: len(out_A)]


class Workspace:
    """The buffers of one thread: a tile of ket and bra, and what steps need beside it.

    Args:
        tile_vectors: vectors of a tile.
        vector_bytes: bytes of a vector.
        highs: high terms of the longest record of words.
    """

    def __init__(self, tile_vectors: int, vector_bytes: int, highs: int):
        vectors = {
            L.WORK_KET: 2 * tile_vectors,
            L.WORK_BRA: 2 * tile_vectors,
            L.WORK_COEFFICIENTS: ROW,
            L.WORK_OUT: ROW,
            L.WORK_LOW: ROW,
            L.WORK_ROW: ROW,
            L.WORK_ANGLES: 2 * ROW,
            L.WORK_HIGH: 2 * highs,
            L.WORK_HIGH_SUMS: highs,
        }
        sizes = [vectors[place] * vector_bytes + STAGGER // vector_bytes * vector_bytes for place in range(L.WORK_SIZE)]
        self._state = State(1, (sum(sizes) + 7) // 8, np.dtype(np.float32))
        self.table = self._state.address + np.cumsum([0, *sizes[:-1]], dtype=np.int64)
        self.address = self.table.ctypes.data
        self.nbytes = self._state.nbytes
