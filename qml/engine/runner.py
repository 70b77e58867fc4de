"""Runs one Plan in one precision: values of all words, and every gradient in one sweep."""

from __future__ import annotations

import ctypes
import threading
from collections import OrderedDict
from typing import NamedTuple

import numpy as np

from qml.base.errors import CapabilityError, ShapeError
from qml.base.threads import default_threads
from qml.engine import layout as L
from qml.engine.cache import ENTRIES
from qml.engine.forks import fresh_in_children
from qml.engine.memory import Frame, Kets, Pools, checkpoint_bytes, is_lean
from qml.engine.pack import Packed
from qml.engine.plan import Plan
from qml.engine.pool import CREW

MAX_QUBITS = 20
WORTH_A_THREAD = 0.25e-3  # seconds of work below which waking a second thread costs more than it saves


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
        if self.batch != batch:
            raise ShapeError(
                f"The residual is of a forward run of {self.batch} rows; the gradient was asked for {batch}. "
                "Hand in the residual of the same inputs and weights, or None."
            )
        return self._pools is pools

    def __del__(self):
        self._pools.give_frame(self.frame)
        self._pools.give_kets(self.kets)


class Forward(NamedTuple):
    """Values of the words, and kets for a following gradient if they were asked for and there was room."""

    words_BW: np.ndarray
    residual: Residual | None = None


class Slopes(NamedTuple):
    """Gradients of a run; `initial_BA` and `words_BW` are None where there is none or it was not wanted."""

    rows_BM: np.ndarray
    shared_S: np.ndarray
    initial_BA: np.ndarray | None = None
    words_BW: np.ndarray | None = None


class Runner:
    """Runs one plan in one precision; safe to call from several threads at once.

    Args:
        plan: what to run.
        dtype: `"float32"` or `"float64"`.
        budget: bytes that kept kets may take in all.
    """

    def __init__(self, plan: Plan, dtype: str, budget: int):
        self.plan, self.dtype, self.budget = plan, np.dtype(dtype), budget
        self.packed = Packed(plan, dtype)
        self.lean = is_lean(self.packed, budget)
        self.pools = Pools(self.packed, self.lean)
        self._calls = self.packed.library.calls
        self._ready: set[bool] = set()
        self._most_threads = 1 << 30 if self.lean else max(1, budget // checkpoint_bytes(self.packed))

    @property
    def nbytes(self) -> int:
        """Bytes of tables and idle buffers."""
        return self.packed.nbytes + self.pools.nbytes

    def threads(self, batch: int, gradient: bool, wanted: int | None) -> int:
        """Threads that a call is worth: one below about a quarter of a millisecond of work."""
        tiles = -(-batch // self.packed.vector_lanes)
        seconds = tiles * self.packed.tile_seconds * (1.0 if gradient else 0.35)
        if wanted is None and seconds < WORTH_A_THREAD:
            return 1
        return min(wanted or default_threads(), self._most_threads)

    def forward(
        self,
        rows_BM: np.ndarray,
        shared_S: np.ndarray,
        initial: np.ndarray | None = None,
        *,
        keep: bool = False,
        threads: int | None = None,
    ) -> Forward:
        """Values only; with `keep` the kets stay for a following `gradients` while the budget holds them."""
        words = np.empty((len(rows_BM), len(self.plan.words)), self.dtype)
        if len(rows_BM) == 0:
            return Forward(words)
        residual = self._residual(len(rows_BM)) if keep else None
        if residual is not None:
            residual.frame.set_mode(residual.kets.address, resume=0, rolling=0)
            self._prepare(residual.frame, shared_S, True)
            self._sweep(residual.frame, True, rows_BM, initial, words, None, threads)
            return Forward(words, residual)
        frame = self.pools.take_frame()
        frame.set_mode(0, resume=0, rolling=1)
        self._prepare(frame, shared_S, False)
        self._sweep(frame, False, rows_BM, initial, words, None, threads)
        self.pools.give_frame(frame)
        return Forward(words)

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
        words = np.empty((len(rows_BM), len(self.plan.words)), self.dtype) if want_words else None
        if len(rows_BM) == 0:
            states = None if initial is None else np.zeros_like(initial)
            return Slopes(np.empty_like(rows_BM), np.zeros_like(shared_S), states, words)
        if residual is not None and residual.serves(self.pools, len(rows_BM)):
            with residual.busy:
                frame = residual.frame
                frame.set_mode(residual.kets.address, resume=1, rolling=0)
                rows, states = self._sweep(frame, True, rows_BM, initial, words, cotangent_BW, threads)
                return Slopes(rows, self._shared_gradient(frame, shared_S), states, words)
        frame = self.pools.take_frame()
        frame.set_mode(0, resume=0, rolling=int(self.lean))
        self._prepare(frame, shared_S, True)
        rows, states = self._sweep(frame, True, rows_BM, initial, words, cotangent_BW, threads)
        slopes = Slopes(rows, self._shared_gradient(frame, shared_S), states, words)
        self.pools.give_frame(frame)
        return slopes

    def kets(
        self,
        rows_BM: np.ndarray,
        shared_S: np.ndarray,
        initial: np.ndarray | None = None,
        *,
        threads: int | None = None,
    ) -> np.ndarray:
        """The states at the end of the plan, `(B, A)` complex of the precision of the plan."""
        kets_BA = np.empty((len(rows_BM), self.packed.amplitudes), np.result_type(self.dtype, np.complex64))
        if len(rows_BM) == 0:
            return kets_BA
        self.packed.library.need(["store_ket"])
        frame = self.pools.take_frame()
        frame.set_mode(0, resume=0, rolling=1)
        self._prepare(frame, shared_S, False)
        frame.table[L.FRAME_KETS] = _address(kets_BA)
        self._sweep(frame, False, rows_BM, initial, None, None, threads)
        frame.table[L.FRAME_KETS] = 0
        self.pools.give_frame(frame)
        return kets_BA

    def _prepare(self, frame: Frame, shared_S: np.ndarray, gradient: bool) -> None:
        """Tables and forms from the shared values, and the kernels that these forms need."""
        packed, calls = self.packed, self._calls
        if gradient not in self._ready:
            lean = packed.lean_entries() if gradient and self.lean else []
            packed.library.need(packed.entries(gradient) + lean)
            self._ready.add(gradient)
        calls.prepare(packed.address, frame.address, _address(shared_S))
        while number := calls.missing_kernel(packed.address, frame.address, int(gradient)):
            packed.library.need([ENTRIES[number]])

    def _sweep(self, frame: Frame, kept: bool, rows_BM, initial, words_BW, cotangent_BW, threads):
        """All chunks of tiles; returns the gradients of rows and initial amplitudes, if there is a cotangent."""
        batch, gradient, packed = len(rows_BM), cotangent_BW is not None, self.packed
        rows = np.empty_like(rows_BM) if gradient else rows_BM  # a forward run writes none
        states, stride, one_for_all = None, 0, False
        if initial is not None:
            one_for_all = len(initial) == 1 and batch > 1
            stride = 0 if one_for_all else packed.amplitudes * initial.itemsize
            states = np.empty((batch, packed.amplitudes), initial.dtype) if gradient else None
        chunks = frame.cut(packed, batch)
        self._calls.begin(
            frame.address,
            _address(rows_BM),
            _address(words_BW),
            _address(cotangent_BW),
            _address(rows),
            _address(initial),
            stride,
            _address(states),
            batch,
        )
        self._run(frame, kept, min(chunks, self.threads(batch, gradient, threads)) if chunks > 1 else 1)
        if initial is not None and states is not None and one_for_all:
            states = states.sum(axis=0, keepdims=True, dtype=np.complex128).astype(initial.dtype)
        return rows, states

    def _run(self, frame: Frame, kept: bool, threads: int) -> None:
        """The chunks of a call, on this thread and perhaps others, each with a workspace of its own."""
        run_chunks, plan, pools = self._calls.run_chunks, self.packed.address, self.pools
        if threads == 1:
            work = pools.take_work(kept)
            run_chunks(plan, frame.address, work.address)
            pools.give_work(kept, work)
            return
        workspaces = [pools.take_work(kept) for _ in range(threads)]
        CREW.run(lambda number: run_chunks(plan, frame.address, workspaces[number].address), threads)
        for work in workspaces:
            pools.give_work(kept, work)

    def _shared_gradient(self, frame: Frame, shared_S: np.ndarray) -> np.ndarray:
        gradient = np.empty_like(shared_S)
        self._calls.finish(self.packed.address, frame.address, _address(gradient))
        return gradient

    def _residual(self, batch: int) -> Residual | None:
        """Room for the kets of a forward run, if half the budget holds them beside all others that wait."""
        kets = None if self.lean else self.pools.take_kets(batch, self.budget // 2)
        return None if kets is None else Residual(self.pools, self.pools.take_frame(), kets, batch)


def _address(array: np.ndarray | None) -> int:
    """Where the numbers of `array` lie; 0 for None."""
    if array is None:
        return 0
    if array.size and array.flags.writeable:
        return ctypes.addressof(ctypes.c_char.from_buffer(array.data))  # a third of the time of `array.ctypes`
    return array.ctypes.data


class Runners:
    """Runners by the identity of their plan; the least recently used go first when there are too many bytes."""

    def __init__(self, kept: int = 64, kept_bytes: int = 256 << 20):
        self._kept, self._kept_bytes = kept, kept_bytes
        self._runners: OrderedDict[tuple[int, str, int], Runner] = OrderedDict()
        fresh_in_children(self._unlock)

    def _unlock(self) -> None:
        self._lock = threading.Lock()

    def get(self, plan: Plan, dtype: str, budget: int) -> Runner:
        """The runner of `plan`, made on first use; it holds its plan, so an `id` cannot pass to another."""
        key = (id(plan), dtype, budget)
        with self._lock:
            runner = self._runners.get(key)
            if runner is not None:
                self._runners.move_to_end(key)
                return runner
        runner = Runner(plan, dtype, budget)
        with self._lock:
            self._runners[key] = runner
            while len(self._runners) > 1 and self._too_many():
                self._runners.popitem(last=False)
        return runner

    def _too_many(self) -> bool:
        nbytes = sum(runner.nbytes for runner in self._runners.values())
        return len(self._runners) > self._kept or nbytes > self._kept_bytes


RUNNERS = Runners()


def runner_of(plan: Plan, dtype: np.dtype, budget: int) -> Runner:
    """The pooled Runner of a plan.

    Raises:
        CapabilityError: more qubits than a tile can hold, or a dtype that is neither float32 nor float64.
    """
    if dtype.name not in ("float32", "float64"):
        raise CapabilityError(f"The CPU engine runs float32 and float64; got {dtype}. Cast the arrays first.")
    if plan.n_qubits > MAX_QUBITS:
        raise CapabilityError(f"The CPU engine runs at most {MAX_QUBITS} qubits; this Plan has {plan.n_qubits}.")
    return RUNNERS.get(plan, dtype.name, budget)
