"""Buffers of calls and threads: aligned, staggered, and pooled so that calls from several threads never share one."""

from __future__ import annotations

import os
import struct
import threading
from typing import NamedTuple, TypeVar

import numpy as np

from qml.base.errors import ConfigError
from qml.engine import layout as L
from qml.engine.forks import fresh_in_children
from qml.engine.pack import STAGGER, Packed, ket_bytes
from qml.engine.plan import Plan
from qml.engine.tile import segments
from qml.engine.vector import VECTOR_BYTES

DEFAULT_BUDGET_MIB = 64
PAGE = 4096
SUMS_BYTES = 8 << 20  # shared sums of all chunks of a call
CHUNK_SECONDS = 5e-6, 60e-6  # least and most work of one chunk: long beside a ticket, short beside a call
CLOSE_SECONDS = 40e-9  # work that makes it worth to close one sum more


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


def is_lean(plan: Plan, budget: int) -> bool:
    """Whether one thread's kets and slopes exceed a quarter of the budget, so that kets are un-computed instead.

    The answer must not depend on the number of threads, or results would.
    """
    return checkpoint_bytes(plan) > budget // 4


def checkpoint_bytes(plan: Plan) -> int:
    """What one thread keeps for the gradient of a tile; all of it grows with depth."""
    parts = segments(plan)
    per_amplitude = sum((part.table is not None) + 2 * (part.lane is not None) for part in parts)
    return (len(parts) + 1) * ket_bytes(plan) + (per_amplitude << plan.n_qubits) * VECTOR_BYTES


class Arena:
    """One block of memory cut into buffers that are aligned to vectors and staggered modulo a page.

    Args:
        sizes: bytes of each buffer.
    """

    def __init__(self, sizes: list[int]):
        offsets, end = [], 0
        for size in sizes:
            offsets.append(end)
            end += -(-size // VECTOR_BYTES) * VECTOR_BYTES
            if size >= PAGE:
                end += STAGGER // VECTOR_BYTES * VECTOR_BYTES
        self.raw = np.empty(end + PAGE, np.uint8)
        start = self.raw.ctypes.data
        start += -start % PAGE
        self.addresses = [start + offset for offset in offsets]


class Workspace:
    """The buffers of one thread.

    Args:
        packed: the plan.
        gradient: with the buffers of a gradient.
    """

    def __init__(self, packed: Packed, gradient: bool):
        plan, amplitudes, lean = packed.plan, packed.amplitudes, packed.lean
        few = lean or not gradient
        vectors = {
            L.WORK_INPUTS: plan.n_rows,
            L.WORK_COEFFICIENTS: 2 * packed.n_gates,
            L.WORK_WIRES: packed.wire_vectors,
            L.WORK_LEVELS: 0 if plan.initial else 6 * ((1 << (plan.n_qubits + 1) // 2) + (1 << plan.n_qubits // 2)),
            L.WORK_SPECTRUM: amplitudes,
            L.WORK_BRA: 2 * amplitudes if gradient else 0,
            L.WORK_SCRATCH: 16,
            L.WORK_LANES: 1,
            L.WORK_INPUT_GRADIENT: plan.n_rows if gradient else 0,
            L.WORK_SHARED_SUM: plan.n_shared if gradient else 0,
            L.WORK_STEP_SUM: 3 * packed.n_shared_steps if gradient else 0,
            L.WORK_TABLE_SUM: min(packed.n_tables, 1 if lean else packed.n_tables) * amplitudes if gradient else 0,
            L.WORK_PHASES: min(packed.n_lanes, 1 if few else packed.n_lanes) * 2 * amplitudes,
        }
        sizes = [max(vectors[place], 1) * VECTOR_BYTES for place in range(L.WORK_KETS)]
        kets = 2 if few else packed.n_segments + 1
        arena = Arena([*sizes, kets * packed.ket_bytes])
        self._raw = arena.raw
        self.table = np.array(arena.addresses, np.int64)
        self.address = self.table.ctypes.data
        self.nbytes = self._raw.nbytes


class Team:
    """The workspaces of all threads of a call.

    Args:
        packed: the plan.
        gradient: with the buffers of a gradient.
        threads: their number.
    """

    def __init__(self, packed: Packed, gradient: bool, threads: int):
        self.kind = gradient, threads
        self._works = [Workspace(packed, gradient) for _ in range(threads)]
        self.first = self._works[0]
        self._others = np.array([work.address for work in self._works[1:]], np.int64)
        self.others = self._others.ctypes.data
        self.nbytes = sum(work.nbytes for work in self._works)


CALL = struct.Struct(f"={L.FRAME_CALL}q")


class Cut(NamedTuple):
    """How a batch is cut: tiles of one chunk, chunks, and where their sums go."""

    chunk_tiles: int
    chunks: int
    sums: int


class Frame:
    """What one call prepares from its shared values; kept by a residual until its gradient is taken."""

    def __init__(self, packed: Packed):
        scalar = np.dtype(packed.dtype).itemsize
        sizes = {
            L.FRAME_COSSIN: 16 * packed.n_turns,
            L.FRAME_SIGNS: 8 * packed.n_turns,
            L.FRAME_FLIPS: 8 * packed.n_segments,
            L.FRAME_MATRICES: 4 * scalar * packed.n_shared_steps,
            L.FRAME_AXES: 24 * packed.n_prefix,
            L.FRAME_RETURNS: 9 * scalar * packed.n_shared_steps,
            L.FRAME_FACTORS: 8 * (packed.n_tables + 1),
            L.FRAME_TABLES: packed.n_tables * packed.amplitudes * 2 * scalar,
            L.FRAME_SCRATCH: 8 * packed.amplitudes,
            L.FRAME_VECTORS: max(3 * VECTOR_BYTES, 9 * 8),
            L.FRAME_WORD_FACTORS: scalar * packed.plan.n_words,
        }
        arena = Arena([max(sizes[place], 8) for place in range(L.FRAME_BUFFERS, L.FRAME_SIZE)])
        self._raw = arena.raw
        self.table = np.zeros(L.FRAME_SIZE, np.int64)
        self.table[L.FRAME_BUFFERS :] = arena.addresses
        self.table[L.FRAME_LEAN] = packed.lean
        self.address = self.table.ctypes.data
        self.nbytes = self._raw.nbytes
        self._bytes = self.table.data.cast("B")
        self._sums: Arena | None = None
        self._cut = -1, Cut(0, 0, 0)

    def cut(self, packed: Packed, batch: int) -> Cut:
        """Cut `batch` rows into chunks; a function of plan and batch alone."""
        cut_batch, cut = self._cut  # one attribute: tracing threads of JAX share a frame
        if batch != cut_batch:
            length = packed.n_sums
            most = min(64, max(8, SUMS_BYTES // (8 * length + 8)))
            tiles = -(-batch // packed.vector_lanes)
            seconds = float(np.clip(length * CLOSE_SECONDS, *CHUNK_SECONDS))
            chunk_tiles = max(round(seconds / packed.tile_seconds), -(-tiles // most), 1)
            chunks = -(-tiles // chunk_tiles)
            if self._sums is None or self._sums.raw.nbytes < 8 * chunks * length + PAGE:
                self._sums = Arena([8 * chunks * length])
            cut = Cut(chunk_tiles, chunks, self._sums.addresses[0])
            self._cut = batch, cut
        return cut

    def write_call(self, *fields: int) -> None:
        """Everything that differs from call to call, the fields up to `FRAME_CALL`, in one step."""
        CALL.pack_into(self._bytes, 0, *fields)


Buffer = TypeVar("Buffer")


def popped(idle: list[Buffer]) -> Buffer | None:
    """An idle buffer, in one step that no other thread can come between; None if there is none."""
    try:
        return idle.pop()
    except IndexError:
        return None


class Pools:
    """Idle buffers of one packed plan; taking and giving back are atomic list operations.

    Args:
        packed: the plan.
    """

    def __init__(self, packed: Packed):
        self.packed = packed
        self._frames: list[Frame] = []
        self._teams: dict[tuple[bool, int], list[Team]] = {}
        self._kets: list[Kets] = []
        self._waiting = WAITING  # held here: a residual may be dropped while the interpreter shuts down

    def take_frame(self) -> Frame:
        """An idle frame, or a new one."""
        return popped(self._frames) or Frame(self.packed)

    def give_frame(self, frame: Frame) -> None:
        """Let another call use `frame`."""
        self._frames.append(frame)

    def take_team(self, gradient: bool, threads: int) -> Team:
        """Idle workspaces for so many threads, or new ones."""
        return popped(self._teams.setdefault((gradient, threads), [])) or Team(self.packed, gradient, threads)

    def give_team(self, team: Team) -> None:
        """Let another call use `team`."""
        self._teams[team.kind].append(team)

    def take_kets(self, batch: int, limit: int) -> Kets | None:
        """Room for the kets of `batch` rows, or None beyond `limit` bytes over all that wait in this process."""
        tiles = -(-batch // self.packed.vector_lanes)
        nbytes = tiles * self.packed.kept_bytes
        if self.packed.n_segments == 0:
            return None
        kets = popped(self._kets)
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
        idle = [*self._frames, *(team for teams in list(self._teams.values()) for team in teams), *self._kets]
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
