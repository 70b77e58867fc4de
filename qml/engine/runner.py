"""Runs one Plan in one precision: values of all words, and every gradient in one sweep."""

from __future__ import annotations

import ctypes
import sys
import threading
from collections import OrderedDict

import numpy as np

from qml.base.errors import CapabilityError
from qml.base.memory import physical_bytes
from qml.engine import layout as L
from qml.engine.finite import check_shared
from qml.engine.forks import fresh_in_children
from qml.engine.memory import Frame, Kets, Pools, checkpoint_bytes, is_lean
from qml.engine.outcome import Forward, Slopes, check_batch, threads_worth
from qml.engine.pack import Packed
from qml.engine.plan import Plan
from qml.engine.pool import CREW
from qml.engine.vector import VECTOR_BYTES
from qml.engine.wide.memory import check_memory, qubits_within
from qml.engine.wide.runner import WideRunner

# Of which one float32 state fits into this machine; where the system does not tell (Windows), allocation itself will.
MAX_QUBITS = qubits_within(physical_bytes() or sys.maxsize, np.dtype(np.float32), 1)
# Qubits -> time of a row in a full tile over that of a row run alone, such that the choice falls where both engines
# were measured to be equally fast (docs/wide.md); below all of these tiles win for any batch, above them never.
TILE_ROW_COST = {12: 0.15, 13: 0.55}
OBJECT_HEAD = object.__basicsize__  # bytes before the first field of a Python object
_pointer_at = ctypes.c_void_p.from_address
NAMES = {np.dtype(name): name for name in ("float32", "float64")}  # `dtype.name` takes a microsecond
NO_STATES = (0, 0, 0)
NOWHERE = 1  # an address for shared values where there are none: 0 says that they are prepared already


class Residual:
    """Kets of a forward run that wait for the gradient; they count against the checkpoint budget until dropped."""

    def __init__(self, pools: Pools, frame: Frame, kets: Kets, batch: int):
        self.frame, self.kets, self.batch = frame, kets, batch
        self.busy = threading.Lock()  # the frame serves one gradient at a time
        self._pools = pools

    def serves(self, pools: Pools, batch: int) -> bool:
        """Whether these kets are of the same packed plan; one that was dropped and packed anew needs its own.

        Raises:
            ShapeError: the residual is of a batch of another size, so it cannot be of this run.
        """
        check_batch(self.batch, batch)
        return self._pools is pools

    def __del__(self):
        self._pools.give_frame(self.frame)
        self._pools.give_kets(self.kets)


class Runner:
    """Runs one plan in one precision; safe to call from several threads at once.

    Args:
        plan: what to run.
        dtype: `"float32"` or `"float64"`.
        budget: bytes that kept kets may take in all.
    """

    def __init__(self, plan: Plan, dtype: str, budget: int):
        self.plan, self.dtype, self.budget = plan, np.dtype(dtype), budget
        self.lean = is_lean(plan, budget)
        self.packed = Packed(plan, dtype, self.lean)
        self.pools = Pools(self.packed)
        self._calls = self.packed.library.calls
        self._ready: set[bool] = set()
        self._most_threads = 1 << 30 if self.lean else max(1, budget // checkpoint_bytes(plan))

    @property
    def nbytes(self) -> int:
        """Bytes of tables and idle buffers."""
        return self.packed.nbytes + self.pools.nbytes

    def threads(self, batch: int, gradient: bool, wanted: int | None) -> int:
        """Threads that a call is worth."""
        tiles = -(-batch // self.packed.vector_lanes)
        return min(threads_worth(tiles * self.packed.tile_seconds, gradient, wanted), self._most_threads)

    def forward(
        self,
        rows_BM: np.ndarray,
        shared_S: np.ndarray,
        initial: np.ndarray | None = None,
        *,
        keep: bool = False,
        threads: int | None = None,
    ) -> Forward:
        """Values only; with `keep` the kets stay for a following `gradients` while the budget holds them.

        Raises:
            DataError: a shared value is NaN or infinite; as in all runs.
        """
        batch = len(rows_BM)
        words = np.empty((batch, self.plan.n_words), self.dtype)
        if batch == 0:
            return Forward(words)
        self._need(keep)
        residual = self._residual(batch) if keep else None
        frame = self.pools.take_frame() if residual is None else residual.frame
        given = (_address(shared_S) or NOWHERE, 0, _address(rows_BM), _address(words), 0, 0)
        kept, address = residual is not None, 0 if residual is None else residual.kets.address
        self._sweep(frame, kept, batch, given, self._states(initial, batch), (address, 0, int(not kept)), threads)
        if residual is None:
            self.pools.give_frame(frame)
        return Forward(words, residual)

    def gradients(
        self,
        rows_BM: np.ndarray,
        shared_S: np.ndarray,
        cotangent_BW: np.ndarray,
        initial: np.ndarray | None = None,
        *,
        want_words: bool = False,
        residual: Residual | None = None,
        threads: int | None = None,
    ) -> Slopes:
        """Gradients of `sum(words_BW * cotangent_BW)`, and the values too if wanted."""
        batch = len(rows_BM)
        words = np.empty((batch, self.plan.n_words), self.dtype) if want_words else None
        if batch == 0:
            states = None if initial is None else np.zeros_like(initial)
            return Slopes(np.empty_like(rows_BM), np.zeros_like(shared_S), states, words)
        self._need(True)
        by_rows, by_shared = np.empty_like(rows_BM), np.empty_like(shared_S)
        states = None
        if initial is not None:
            states = np.empty((batch, self.packed.amplitudes), initial.dtype)
        resumed = residual is not None and residual.serves(self.pools, batch)
        shared = 0 if resumed else _address(shared_S) or NOWHERE
        given = (
            shared,
            _address(by_shared),
            _address(rows_BM),
            _address(words),
            _address(cotangent_BW),
            _address(by_rows),
        )
        amplitudes = self._states(initial, batch, states)
        if resumed and residual is not None:
            with residual.busy:
                mode = (residual.kets.address, 1, 0)
                self._sweep(residual.frame, True, batch, given, amplitudes, mode, threads)
        else:
            frame = self.pools.take_frame()
            self._sweep(frame, True, batch, given, amplitudes, (0, 0, int(self.lean)), threads)
            self.pools.give_frame(frame)
        if initial is not None and states is not None and len(initial) == 1 and batch > 1:
            states = states.sum(axis=0, keepdims=True, dtype=np.complex128).astype(initial.dtype)
        return Slopes(by_rows, by_shared, states, words)

    def kets(
        self,
        rows_BM: np.ndarray,
        shared_S: np.ndarray,
        initial: np.ndarray | None = None,
        *,
        threads: int | None = None,
    ) -> np.ndarray:
        """The states at the end of the plan, `(B, A)` complex of the precision of the plan."""
        batch = len(rows_BM)
        kets_BA = np.empty((batch, self.packed.amplitudes), np.result_type(self.dtype, np.complex64))
        if batch == 0:
            return kets_BA
        self._need(False)
        self.packed.library.need(["store_ket"])
        frame = self.pools.take_frame()
        frame.table[L.FRAME_KETS] = _address(kets_BA)
        given = (_address(shared_S) or NOWHERE, 0, _address(rows_BM), 0, 0, 0)
        self._sweep(frame, False, batch, given, self._states(initial, batch), (0, 0, 1), threads)
        frame.table[L.FRAME_KETS] = 0
        self.pools.give_frame(frame)
        return kets_BA

    def forward_at(self, batch: int, rows: int, shared: int, words: int, keep: bool, threads: int | None):
        """`forward` of arrays that are known by their addresses alone, checked by whoever has them.

        Args:
            batch: rows, at least one.
            rows: where `(batch, n_rows)` row values lie.
            shared: where the shared values lie.
            words: where `(batch, n_words)` values go.
            keep: leave a residual where the budget holds it.
            threads: as for `forward`.

        Returns:
            The residual, or None.
        """
        self._need(keep)
        residual = self._residual(batch) if keep else None
        frame = self.pools.take_frame() if residual is None else residual.frame
        kept, address = residual is not None, 0 if residual is None else residual.kets.address
        given = (shared or NOWHERE, 0, rows, words, 0, 0)
        self._sweep(frame, kept, batch, given, NO_STATES, (address, 0, int(not kept)), threads)
        if residual is None:
            self.pools.give_frame(frame)
        return residual

    def gradients_at(
        self,
        batch: int,
        rows: int,
        shared: int,
        cotangent: int,
        by_rows: int,
        by_shared: int,
        residual: Residual | None,
        threads: int | None,
    ) -> None:
        """`gradients` of arrays that are known by their addresses alone; arguments as for `forward_at`."""
        self._need(True)
        by_shared = by_shared or NOWHERE
        if residual is not None and residual.serves(self.pools, batch):
            with residual.busy:
                given, mode = (0, by_shared, rows, 0, cotangent, by_rows), (residual.kets.address, 1, 0)
                self._sweep(residual.frame, True, batch, given, NO_STATES, mode, threads)
            return
        frame = self.pools.take_frame()
        given = (shared or NOWHERE, by_shared, rows, 0, cotangent, by_rows)
        self._sweep(frame, True, batch, given, NO_STATES, (0, 0, int(self.lean)), threads)
        self.pools.give_frame(frame)

    def _need(self, gradient: bool) -> None:
        """Have everything compiled that a run needs."""
        if gradient not in self._ready:
            self.packed.library.need(self.packed.entries(gradient))
            self._ready.add(gradient)

    def _states(self, initial: np.ndarray | None, batch: int, by_initial: np.ndarray | None = None) -> tuple:
        """Addresses of amplitudes that are handed in and of their gradients, and the bytes from row to row."""
        if initial is None:
            return NO_STATES
        one_for_all = len(initial) == 1 and batch > 1
        stride = 0 if one_for_all else self.packed.amplitudes * initial.itemsize
        return _address(initial), stride, _address(by_initial)

    def _sweep(self, frame: Frame, kept: bool, batch: int, given: tuple, states: tuple, mode: tuple, threads) -> None:
        """All chunks of tiles, on this thread and perhaps others, each with a workspace of its own.

        `given`, `states` and `mode` are fields of the frame, in their order; `kept` asks for the buffers of a gradient.
        Shared values that are not finite are refused, and the frame is left to the garbage collector.
        """
        packed, pools, calls, cut = self.packed, self.pools, self._calls, frame.cut(self.packed, batch)
        crew = 1 if cut.chunks == 1 else min(cut.chunks, self.threads(batch, given[-1] != 0, threads))
        team = pools.take_team(kept, crew)
        chunks = (cut.chunk_tiles, cut.chunks, 0, 0, cut.sums)
        frame.write_call(packed.address, team.first.address, *given, *states, batch, *chunks, *mode)
        if crew == 1:
            refused = calls.step(frame.address)
        else:
            refused = calls.step_shared(frame.address, CREW.address(crew), team.others, crew - 1)
        pools.give_team(team)
        if refused:
            check_shared(self._numbers(given[0], self.plan.n_shared))

    def _numbers(self, address: int, count: int) -> np.ndarray:
        """A view of numbers at an address."""
        memory = (ctypes.c_char * (count * self.dtype.itemsize)).from_address(address)
        return np.frombuffer(memoryview(memory), self.dtype)

    def _residual(self, batch: int) -> Residual | None:
        """Room for the kets of a forward run, if half the budget holds them beside all others that wait."""
        kets = None if self.lean else self.pools.take_kets(batch, self.budget // 2)
        return None if kets is None else Residual(self.pools, self.pools.take_frame(), kets, batch)


def _address(array: np.ndarray | None) -> int:
    """Where the numbers of `array` lie; 0 for None.

    Read from the array object itself: NumPy's C interface fixes that `data` is its first field. `array.ctypes` would
    cost ten times as much, which is a tenth of a small call.
    """
    return 0 if array is None else _pointer_at(id(array) + OBJECT_HEAD).value or 0


class Runners:
    """Runners by the identity of their plan; the least recently used go first when there are too many bytes."""

    def __init__(self, kept: int = 64, kept_bytes: int = 256 << 20):
        self._kept, self._kept_bytes = kept, kept_bytes
        self._runners: OrderedDict[tuple[int, str, int, bool], Runner | WideRunner] = OrderedDict()
        fresh_in_children(self._unlock)

    def _unlock(self) -> None:
        self._lock = threading.Lock()

    def get(self, plan: Plan, dtype: str, budget: int, wide: bool = False) -> Runner | WideRunner:
        """The runner of `plan`, made on first use; it holds its plan, so an `id` cannot pass to another."""
        key = (id(plan), dtype, budget, wide)
        with self._lock:
            runner = self._runners.get(key)
            if runner is not None:
                self._runners.move_to_end(key)
                return runner
        runner = (WideRunner if wide else Runner)(plan, dtype, budget)
        with self._lock:
            self._runners[key] = runner
            while len(self._runners) > 1 and self._too_many():
                self._runners.popitem(last=False)
        return runner

    def _too_many(self) -> bool:
        nbytes = sum(runner.nbytes for runner in self._runners.values())
        return len(self._runners) > self._kept or nbytes > self._kept_bytes


RUNNERS = Runners()


def runs_wide(n_qubits: int, dtype: np.dtype, batch: int) -> bool:
    """Whether a call is faster with amplitudes in the lanes than with rows in them.

    A tile takes the time of a full one however few rows it holds; beyond 13 qubits tiles leave the nearest caches,
    and then sweeps that keep to them win for any batch.

    Example:
        >>> runs_wide(8, np.dtype("float32"), 1), runs_wide(20, np.dtype("float32"), 1)
        (False, True)
    """
    if n_qubits > max(TILE_ROW_COST):
        return True
    lanes = VECTOR_BYTES // dtype.itemsize
    tiled_rows = -(-batch // lanes) * lanes
    return tiled_rows * TILE_ROW_COST.get(n_qubits, 0.0) > batch


def runner_of(plan: Plan, dtype: np.dtype, budget: int, batch: int | None = None) -> Runner | WideRunner:
    """The pooled runner of a plan, with rows or amplitudes in its lanes.

    Args:
        plan: what to run.
        dtype: float32 or float64.
        budget: bytes that kept kets may take in all.
        batch: rows of the call; None for at least as many as a tile takes.

    Raises:
        CapabilityError: more qubits than memory holds, or a dtype that is neither float32 nor float64.
    """
    name = NAMES.get(dtype)
    if name is None:
        raise CapabilityError(f"The CPU engine runs float32 and float64; got {dtype}. Cast the arrays first.")
    check_memory(plan.n_qubits, dtype, 1)
    wide = runs_wide(plan.n_qubits, dtype, VECTOR_BYTES if batch is None else batch)
    return RUNNERS.get(plan, name, budget, wide)
