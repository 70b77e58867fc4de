"""Runs one Plan in one precision, a row at a time: values of all words, and every gradient in one sweep back."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable

import numpy as np

from qml.engine.forks import fresh_in_children
from qml.engine.memory import WAITING, popped
from qml.engine.outcome import Forward, Slopes, check_batch, threads_worth
from qml.engine.plan import Plan
from qml.engine.pool import CREW
from qml.engine.wide import layout as L
from qml.engine.wide.frame import Frame
from qml.engine.wide.memory import State, check_memory
from qml.engine.wide.pack import TILE_BYTES, Packed
from qml.engine.wide.rows import Rows, Sides
from qml.engine.wide.words import Dense

ROWS_BESIDE = 4 << 20  # bytes of a state up to which threads take a row each; above, they share one row's tiles
WORTH_SHARING = 0.5e-3  # seconds of a row that several threads share where there are fewer rows than threads
WORTH_A_THREAD = 0.25e-3  # seconds of work worth a second thread: each sweep calls it anew, from Python


class WideResidual:
    """The last ket of each row of a forward run; they count against the checkpoint budget until dropped."""

    def __init__(self, packed: Packed, batch: int, idle: list[State]):
        self.batch, self.kets = batch, list[State]()
        self._packed, self._idle, self._waiting = packed, idle, WAITING
        self.kets.extend(popped(idle) or packed.new_state() for _ in range(batch))

    def serves(self, packed: Packed, batch: int) -> bool:
        """Whether these kets are of the same packed plan.

        Raises:
            ShapeError: the residual is of a batch of another size, so it cannot be of this run.
        """
        check_batch(self.batch, batch)
        return self._packed is packed

    def __del__(self):
        self._waiting.give_back(self.batch * self._packed.state_bytes)
        if len(self._idle) < self.batch:  # new pages cost more than a sweep over old ones
            self._idle.extend(self.kets)


class WideRunner:
    """Runs one plan in one precision; safe to call from several threads at once.

    Memory is one ket, with gradients one bra, and a few tiles; rows that run beside one another have their own.

    Args:
        plan: what to run.
        dtype: `"float32"` or `"float64"`.
        budget: bytes that kept kets may take in all.
        tile_bytes: bytes of one state in a tile.

    Raises:
        CapabilityError: a state does not fit into memory.
    """

    def __init__(self, plan: Plan, dtype: str, budget: int, tile_bytes: int = TILE_BYTES):
        self.plan, self.dtype, self.budget = plan, np.dtype(dtype), budget
        check_memory(plan.n_qubits, self.dtype, 1)
        self.packed = Packed(plan, dtype, tile_bytes)
        self._sides = Sides(plan, self.packed)
        self._last = len(self.packed.sweeps) - 1
        self._dense = Dense(plan.words, self.packed.z_words) if self.packed.dense else None
        self._frames: list[Frame] = []  # idle
        self._kets: list[State] = []  # idle room of residuals
        self._ready: set[bool] = set()
        fresh_in_children(self._unlock)

    def _unlock(self) -> None:
        self._lock = threading.Lock()

    @property
    def nbytes(self) -> int:
        """Bytes of tables and idle buffers."""
        return self.packed.nbytes + sum(buffer.nbytes for buffer in [*self._frames, *self._kets])

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
        rows = Rows(self._sides, rows_BM, shared_S, initial)
        residual = self._residual(len(rows)) if keep else None
        kets = [None] * len(rows) if residual is None else residual.kets
        self._each(rows, lambda frame, row: self._forward(frame, rows, row, kets[row]), threads)
        return Forward(rows.words_BW.astype(self.dtype), residual)

    def gradients(
        self,
        rows_BM: np.ndarray,
        shared_S: np.ndarray,
        cotangent_BW: np.ndarray,
        initial: np.ndarray | None = None,
        *,
        want_words: bool = False,
        residual: WideResidual | None = None,
        threads: int | None = None,
    ) -> Slopes:
        """Gradients of `sum(words_BW * cotangent_BW)`, and the values too if wanted."""
        rows = Rows(self._sides, rows_BM, shared_S, initial, cotangent_BW)
        serves = residual is not None and residual.serves(self.packed, len(rows))
        kets = residual.kets if residual is not None and serves else [None] * len(rows)
        self._each(rows, lambda frame, row: self._gradient(frame, rows, row, kets[row], want_words), threads)
        words = rows.words_BW.astype(self.dtype) if want_words else None
        return Slopes(*rows.gradients(), words)

    def kets(
        self,
        rows_BM: np.ndarray,
        shared_S: np.ndarray,
        initial: np.ndarray | None = None,
        *,
        threads: int | None = None,
    ) -> np.ndarray:
        """The states at the end of the plan, `(B, A)` complex64 or complex128, in the plan's own order of indices.

        Raises:
            CapabilityError: the states of all rows do not fit into memory.
        """
        check_memory(self.plan.n_qubits, self.dtype, len(rows_BM) + 1)
        rows = Rows(self._sides, rows_BM, shared_S, initial)
        complex_dtype = np.result_type(self.dtype, np.complex64)
        kets_BA = np.full((len(rows), 1 << self.plan.n_qubits), complex(np.nan, np.nan), complex_dtype)

        def job(frame: Frame, row: int) -> None:
            self._to_last(frame, rows, row)
            frame.sweep(self._last, self._start(self._last) | L.FORWARD | L.STORE_KET)
            frame.ket.amplitudes(kets_BA[row])

        self._each(rows, job, threads)
        return kets_BA

    # ---------------------------------------------------------------------------------------------- one row
    def _start(self, number: int) -> int:
        """How a forward sweep gets its ket."""
        return L.LOAD_KET if number or self.plan.initial else L.MAKE_PRODUCT

    def _to_last(self, frame: Frame, rows: Rows, row: int) -> None:
        """Everything before the last forward sweep."""
        initial = rows.initial_of(row)
        frame.set_row(rows, row)
        frame.read_from(frame.ket)
        if initial is not None:
            frame.ket.fill(initial)
        for number in range(self._last):
            frame.sweep(number, self._start(number) | L.FORWARD | L.STORE_KET)

    @property
    def _reads_tiles(self) -> bool:
        """Whether the last sweep reads words."""
        return bool(self.packed.z_words) and self._dense is None

    @property
    def _reads_whole(self) -> bool:
        """Whether some words need the whole ket in memory."""
        return bool(self.packed.flip_words) or self._dense is not None

    def _forward(self, frame: Frame, rows: Rows, row: int, ket: State | None) -> None:
        """Values of one row; its last ket goes to `ket` if that is given."""
        own = None if ket is None else frame.swap_ket(ket)
        self._to_last(frame, rows, row)
        store = L.STORE_KET if ket is not None or self._reads_whole else 0
        what = self._start(self._last) | L.FORWARD | (L.READ if self._reads_tiles else 0) | store
        self._take(rows, row, frame.sweep(self._last, what), words=True)
        self._read_whole(frame, rows, row)
        if own is not None:
            frame.swap_ket(own)

    def _take(self, rows: Rows, row: int, sums: np.ndarray, words: bool = False, number: int = -1) -> None:
        """Take over what a sweep has summed: values of words, or slopes."""
        slots = self.packed.slots[number]
        if words:
            rows.words_BW[row, slots.words] = sums[len(slots.turns) :]
        else:
            rows.slopes_BT[row, slots.turns] = sums[: len(slots.turns)]

    def _read_whole(self, frame: Frame, rows: Rows, row: int) -> None:
        """Words that need the whole ket in memory."""
        for word in self.packed.flip_words:
            rows.words_BW[row, word] = frame.read_flip(word)
        if self._dense is not None:
            rows.words_BW[row, self.packed.z_words] = self._dense.values(frame.source.array)

    def _gradient(self, frame: Frame, rows: Rows, row: int, ket: State | None, want_words: bool) -> None:
        """Slopes of all turns of one row, from its last ket if that is given."""
        bra = frame.bra
        if ket is None:
            self._to_last(frame, rows, row)
            first = self._start(self._last) | L.FORWARD
        else:
            frame.set_row(rows, row)
            frame.read_from(ket)
            first = L.LOAD_KET
        first |= L.READ if want_words and self._reads_tiles else 0
        store = L.STORE_BRA | (L.STORE_KET if self._last else 0)
        if self._reads_whole:
            self._whole_bra(frame, rows, row, first, want_words)
            sums = frame.sweep(self._last, L.LOAD_KET | L.LOAD_BRA | L.BACKWARD | store)
        else:
            sums = frame.sweep(self._last, first | L.START_BRA | L.BACKWARD | store)
            self._take(rows, row, sums, words=bool(first & L.READ))
        self._take(rows, row, sums)
        frame.read_from(frame.ket)
        for number in range(self._last - 1, -1, -1):
            what = L.LOAD_KET | L.LOAD_BRA | L.BACKWARD | L.STORE_BRA | (L.STORE_KET if number else 0)
            self._take(rows, row, frame.sweep(number, what), number=number)
        if self.plan.initial:
            bra.amplitudes(rows.states_BA[row])
            rows.states_BA[row] *= 2
        elif self._sides.prefix.differs:
            frame.contract(rows.low_bras[row], rows.high_bras[row])

    def _whole_bra(self, frame: Frame, rows: Rows, row: int, first: int, want_words: bool) -> None:
        """Finish the forward run if it is not done, read the words, and write the bra of all words to memory."""
        if first & (L.FORWARD | L.READ):
            sums = frame.sweep(self._last, first | (L.STORE_KET if first & L.FORWARD else 0))
            self._take(rows, row, sums, words=bool(first & L.READ))
        if want_words:
            self._read_whole(frame, rows, row)
        if self._dense is not None:
            self._dense.start_bra(frame.source.array, frame.bra.array, rows.cotangent_BW[row])
        else:
            frame.sweep(self._last, L.LOAD_KET | L.START_BRA | L.STORE_BRA)
        for word in self.packed.flip_words:
            frame.add_flip(word)

    # ---------------------------------------------------------------------------------------------- all rows
    def _each(self, rows: Rows, job: Callable[[Frame, int], None], threads: int | None) -> None:
        """Run `job` for every row whose angles are finite, on threads that share a row or take one each."""
        wanted = np.flatnonzero(rows.angles.finite_B).tolist()
        if not wanted:
            return
        if rows.gradient not in self._ready:
            self.packed.library.need(self.packed.entries(rows.gradient))
            self._ready.add(rows.gradient)
        seconds = len(wanted) * self.packed.row_seconds
        threads = threads_worth(seconds, rows.gradient, threads, WORTH_A_THREAD)
        alone = self.packed.state_bytes > ROWS_BESIDE and threads > 1
        beside = 1 if alone else min(threads, len(wanted))
        each = threads // beside if self.packed.row_seconds > WORTH_SHARING else 1
        check_memory(self.plan.n_qubits, self.dtype, beside * (2 if rows.gradient else 1), self._held(beside))
        frames, tickets = [self._take_frame(each) for _ in range(beside)], itertools.count()

        def work(number: int) -> None:
            while (place := next(tickets)) < len(wanted):
                job(frames[number], wanted[place])

        if beside == 1:
            work(0)
        else:
            CREW.run(work, beside)
        with self._lock:
            self._frames.extend(frames)

    def _held(self, frames: int) -> int:
        """Bytes of states that lie ready for a call."""
        return sum(frame.state_bytes for frame in self._frames[:frames])

    def _take_frame(self, threads: int) -> Frame:
        """An idle frame or a new one, for so many threads that share it."""
        with self._lock:
            frame = self._frames.pop() if self._frames else None
        frame = frame or Frame(self.packed)
        frame.serve(threads)
        return frame

    def _residual(self, batch: int) -> WideResidual | None:
        """Room for the last kets of a forward run, if half the budget holds them beside all others that wait."""
        if batch == 0 or not WAITING.take(batch * self.packed.state_bytes, self.budget // 2):
            return None
        return WideResidual(self.packed, batch, self._kets)
