"""Buffers of calls and threads: aligned, staggered, and pooled so that calls from several threads never share one."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from typing import NamedTuple, TypeVar

import numpy as np

from qml.base.errors import ConfigError
from qml.engine import layout as L
from qml.engine.forks import fresh_in_children
from qml.engine.pack import STAGGER, Packed
from qml.engine.vector import VECTOR_BYTES

DEFAULT_BUDGET_MIB = 64
PAGE = 4096
SUMS_BYTES = 8 << 20  # shared sums of all chunks of a call
CHUNK_SECONDS = 60e-6  # work of one chunk: long beside closing its sums, short beside a call worth two threads


def budget_bytes(mebibytes: float | None = None) -> int:
    """The bound on kept kets, in bytes: the argument in MiB, else `QML_CHECKPOINT_MIB`, else 64 MiB.

    Raises:
        ConfigError: not a number, or negative.

    Example:
        >>> budget_bytes(2)
        2097152
    """
    value = os.environ.get("QML_CHECKPOINT_MIB", DEFAULT_BUDGET_MIB) if mebibytes is None else mebibytes
    try:
        number = float(value)
    except ValueError:
        number = -1.0
    if not 0 <= number < float("inf"):
        raise ConfigError(f"The checkpoint budget (QML_CHECKPOINT_MIB) must be a number of MiB >= 0; got {value!r}.")
    return int(number * 2**20)


def is_lean(packed: Packed, budget: int) -> bool:
    """Whether one thread's kets and slopes exceed a quarter of the budget, so that kets are un-computed instead.

    The answer must not depend on the number of threads, or results would.
    """
    return checkpoint_bytes(packed) > budget // 4


def checkpoint_bytes(packed: Packed) -> int:
    """What one thread keeps for the gradient of a tile; all of it grows with depth."""
    per_amplitude = packed.n_tables + 2 * packed.n_lanes
    return (packed.n_segments + 1) * packed.ket_bytes + per_amplitude * packed.amplitudes * VECTOR_BYTES


def offsets_of(sizes: Sequence[int]) -> tuple[list[int], int]:
    """Where buffers of these sizes begin in one block, aligned to vectors and staggered modulo a page, and its end.

    Example:
        >>> offsets_of([8, 8])[0][0]
        0
    """
    offsets, end = [], 0
    for size in sizes:
        offsets.append(end)
        end += -(-size // VECTOR_BYTES) * VECTOR_BYTES
        if size >= PAGE:
            end += STAGGER // VECTOR_BYTES * VECTOR_BYTES
    return offsets, end


class Arena:
    """One block of memory cut into buffers that are aligned to vectors and staggered modulo a page.

    Args:
        sizes: bytes of each buffer.
    """

    def __init__(self, sizes: list[int]):
        offsets, end = offsets_of(sizes)
        self.raw = np.empty(end + PAGE, np.uint8)
        start = self.raw.ctypes.data
        start += -start % PAGE
        self.addresses = [start + offset for offset in offsets]


class Cut(NamedTuple):
    """A batch in chunks: `tiles` each (the last may have fewer), and the float64 numbers that their sums take."""

    tiles: int
    chunks: int
    n_sums: int


def cut_of(packed: Packed, lean: bool, batch: int) -> Cut:
    """The chunks of `batch` rows: a function of plan and batch alone, whatever the number of threads."""
    length = packed.plan.n_shared + (0 if lean else packed.n_tables) * packed.amplitudes
    most = min(64, max(8, SUMS_BYTES // (8 * length + 8)))
    tiles = -(-batch // packed.vector_lanes)
    chunk_tiles = max(round(CHUNK_SECONDS / packed.tile_seconds), -(-tiles // most), 1)
    chunks = -(-tiles // chunk_tiles)
    return Cut(chunk_tiles, chunks, chunks * length + 1)


def work_sizes(packed: Packed, gradient: bool, lean: bool) -> list[int]:
    """Bytes of each buffer of a `Workspace`."""
    plan, amplitudes = packed.plan, packed.amplitudes
    few = lean or not gradient
    vectors = {
        L.WORK_INPUTS: plan.n_rows,
        L.WORK_COEFFICIENTS: 2 * packed.n_gates,
        L.WORK_PREFIX: 2 * packed.n_prefix,
        L.WORK_WIRES: 4 * plan.n_qubits,
        L.WORK_LEVELS: 2 * amplitudes,
        L.WORK_SPECTRUM: amplitudes,
        L.WORK_BRA: 2 * amplitudes if gradient else 0,
        L.WORK_SCRATCH: 16,
        L.WORK_SHARED_SUM: plan.n_shared if gradient else 0,
        L.WORK_INPUT_GRADIENT: plan.n_rows if gradient else 0,
        L.WORK_TABLE_SUM: min(packed.n_tables, 1 if lean else packed.n_tables) * amplitudes if gradient else 0,
        L.WORK_PHASES: min(packed.n_lanes, 1 if few else packed.n_lanes) * 2 * amplitudes,
    }
    sizes = [max(vectors[place], 1) * VECTOR_BYTES for place in range(L.WORK_KETS)]
    kets = 2 if few else packed.n_segments + 1
    return [*sizes, kets * packed.ket_bytes]


class Workspace:
    """The buffers of one thread.

    Args:
        packed: the plan.
        gradient: with the buffers of a gradient.
        lean: two kets instead of one a segment.
    """

    def __init__(self, packed: Packed, gradient: bool, lean: bool):
        arena = Arena(work_sizes(packed, gradient, lean))
        self._raw = arena.raw
        self.table = np.array(arena.addresses, np.int64)
        self.address = self.table.ctypes.data
        self.nbytes = self._raw.nbytes


def frame_sizes(packed: Packed) -> list[int]:
    """Bytes of each buffer of a `Frame`."""
    scalar = np.dtype(packed.dtype).itemsize
    sizes = {
        L.FRAME_COSSIN: 16 * packed.n_turns,
        L.FRAME_PREFIX_COSSIN: 16 * packed.n_prefix,
        L.FRAME_FORMS: 8 * packed.n_groups,
        L.FRAME_FACTORS: 8 * (packed.n_tables + 1),
        L.FRAME_TABLES: packed.n_tables * packed.amplitudes * 2 * scalar,
        L.FRAME_SCRATCH: 8 * packed.amplitudes,
        L.FRAME_VECTORS: 3 * VECTOR_BYTES,
    }
    return [max(sizes[place], 8) for place in range(L.FRAME_INPUTS)]


class Frame:
    """What one call prepares from its shared values; kept by a residual until its gradient is taken."""

    def __init__(self, packed: Packed, lean: bool):
        arena = Arena(frame_sizes(packed))
        self._raw = arena.raw
        self.table = np.zeros(L.FRAME_SIZE, np.int64)
        self.table[: L.FRAME_INPUTS] = arena.addresses
        self.table[L.FRAME_LEAN] = lean
        self.address = self.table.ctypes.data
        self.nbytes = self._raw.nbytes
        self._sums = np.empty(0)
        self._batch = -1
        self._state: tuple | None = None

    def cut(self, packed: Packed, batch: int) -> int:
        """Cut `batch` rows into chunks and return how many; a function of plan and batch alone."""
        if batch != self._batch:
            table = self.table
            cut = cut_of(packed, bool(table[L.FRAME_LEAN]), batch)
            if len(self._sums) < cut.n_sums:
                self._sums = np.empty(cut.n_sums)
                table[L.FRAME_SUMS] = self._sums.ctypes.data
            table[L.FRAME_CHUNK_TILES], table[L.FRAME_CHUNKS] = cut.tiles, cut.chunks
            self._batch, self.chunks = batch, cut.chunks
        return self.chunks

    def set_mode(self, residual: int, resume: int, rolling: int) -> None:
        """Say where kets go; see `qml.engine.layout`."""
        state = (residual, resume, rolling)
        if state != self._state:
            self.table[L.FRAME_RESIDUAL], self.table[L.FRAME_RESUME], self.table[L.FRAME_ROLLING] = state
            self._state = state


Buffer = TypeVar("Buffer")


def _popped(idle: list[Buffer]) -> Buffer | None:
    """An idle buffer, in one step that no other thread can come between; None if there is none."""
    try:
        return idle.pop()
    except IndexError:
        return None


class Pools:
    """Idle buffers of one packed plan; taking and giving back are atomic list operations.

    Args:
        packed: the plan.
        lean: whether its gradients un-compute kets.
    """

    def __init__(self, packed: Packed, lean: bool):
        self.packed, self.lean = packed, lean
        self._frames: list[Frame] = []
        self._work: dict[bool, list[Workspace]] = {False: [], True: []}
        self._kets: list[Kets] = []
        self._waiting = WAITING  # held here: a residual may be dropped while the interpreter shuts down

    def take_frame(self) -> Frame:
        """An idle frame, or a new one."""
        return _popped(self._frames) or Frame(self.packed, self.lean)

    def give_frame(self, frame: Frame) -> None:
        """Let another call use `frame`."""
        self._frames.append(frame)

    def take_work(self, gradient: bool) -> Workspace:
        """An idle workspace, or a new one."""
        return _popped(self._work[gradient]) or Workspace(self.packed, gradient, self.lean)

    def give_work(self, gradient: bool, work: Workspace) -> None:
        """Let another call use `work`."""
        self._work[gradient].append(work)

    def take_kets(self, batch: int, limit: int) -> Kets | None:
        """Room for the kets of `batch` rows, or None beyond `limit` bytes over all that wait in this process."""
        tiles = -(-batch // self.packed.vector_lanes)
        nbytes = tiles * self.packed.n_segments * self.packed.ket_bytes
        if nbytes == 0:
            return None
        kets = _popped(self._kets)
        if kets is not None and kets.nbytes < nbytes:
            kets = None
        if not self._waiting.take(kets.nbytes if kets else nbytes, limit):
            return None
        return kets or Kets(nbytes)

    def give_kets(self, kets: Kets) -> None:
        """The kets of a run are not needed any more; one room is kept for the next run."""
        self._waiting.give_back(kets.nbytes)
        if not self._kets:
            self._kets.append(kets)

    @property
    def nbytes(self) -> int:
        """Bytes that lie idle here."""
        idle = [*self._frames, *self._work[False], *self._work[True], *self._kets]
        return sum(buffer.nbytes for buffer in idle)


class KetBudget:
    """Bytes of kets that wait for their gradient, over all calls of this process."""

    def __init__(self):
        self._used = 0
        fresh_in_children(self._unlock)

    def _unlock(self) -> None:
        self._lock = threading.Lock()

    def take(self, nbytes: int, limit: int) -> bool:
        """Reserve `nbytes` if the sum stays within `limit`."""
        with self._lock:
            if self._used + nbytes > limit:
                return False
            self._used += nbytes
            return True

    def give_back(self, nbytes: int) -> None:
        """Return a reservation."""
        with self._lock:
            self._used -= nbytes


WAITING = KetBudget()


class Kets:
    """Room for the kets of a whole batch, after each segment of each tile."""

    def __init__(self, nbytes: int):
        arena = Arena([nbytes])
        self._raw = arena.raw
        self.nbytes, self.address = nbytes, arena.addresses[0]
