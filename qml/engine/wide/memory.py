"""Memory of states: how much there is, a clear refusal before any is taken, and large pages for strided reads."""

from __future__ import annotations

import mmap
import os
import sys
from pathlib import Path

import numpy as np

from qml.base.errors import CapabilityError, ConfigError
from qml.engine.pack import STAGGER
from qml.engine.wide import layout as L
from qml.engine.wide.lanes import ROW

MEMORY_VARIABLE = "QML_MEMORY_GIB"
HUGE_PAGE = 2 << 20
GIB = 1 << 30
UNCHECKED = 64 << 20  # bytes below which asking the system costs more than the answer is worth


def memory_limit() -> int:
    """Bytes that states may take: `QML_MEMORY_GIB` if that is set, else what this machine has available now.

    Raises:
        ConfigError: `QML_MEMORY_GIB` is no positive number.

    Example:
        >>> memory_limit() > 0
        True
    """
    text = os.environ.get(MEMORY_VARIABLE)
    if text is not None:
        try:
            number = float(text)
        except ValueError:
            number = -1.0
        if not 0 < number < float("inf"):
            raise ConfigError(f"{MEMORY_VARIABLE} must be a number of GiB above 0; got {text!r}.")
        return int(number * GIB)
    limits = [limit for limit in (_available(), _group_limit()) if limit is not None]
    return min(limits, default=total_memory())


def _available() -> int | None:
    """Memory of the machine that is not in use, None where the system does not tell."""
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return None


def _group_limit() -> int | None:
    """What is left of the limit of this process's control group (containers), or None where there is none."""
    group = Path("/sys/fs/cgroup")
    try:
        limit, used = ((group / name).read_text().strip() for name in ("memory.max", "memory.current"))
    except OSError:
        return None
    return max(int(limit) - int(used), 0) if limit.isdigit() and used.isdigit() else None


def total_memory() -> int:
    """Bytes of memory that this machine has, in use or not.

    Example:
        >>> total_memory() > 0
        True
    """
    names = getattr(os, "sysconf_names", {})
    if "SC_PHYS_PAGES" in names and "SC_PAGE_SIZE" in names:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return sys.maxsize  # Windows does not tell; allocation itself will


def state_bytes(n_qubits: int, dtype: np.dtype) -> int:
    """Bytes of one state."""
    return 2 * np.dtype(dtype).itemsize << n_qubits


def qubits_that_fit(dtype: np.dtype, states: int = 2) -> int:
    """The most qubits of which `states` states fit into the memory that is available."""
    return max((memory_limit() // (states * 2 * np.dtype(dtype).itemsize)).bit_length() - 1, 0)


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
    if needed <= held or (needed <= UNCHECKED and MEMORY_VARIABLE not in os.environ):
        return
    limit = memory_limit()
    if needed <= limit or (needed - held <= limit and MEMORY_VARIABLE not in os.environ):
        return
    fits, other = qubits_that_fit(dtype, states), "" if np.dtype(dtype).itemsize == 4 else ", or float32"
    raise CapabilityError(
        f"A run of {n_qubits} qubits in {np.dtype(dtype)} was asked for; it needs {states} x 2**{n_qubits} "
        f"amplitudes, {needed:,} bytes ({needed / GIB:,.2f} GiB), and {limit:,} bytes ({limit / GIB:,.2f} GiB) may be "
        f"used. Take at most {fits} qubits{other}; {MEMORY_VARIABLE} sets another limit."
    )


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
