"""Runs one Plan in one precision, a row at a time: values of all words, and every gradient in one sweep back."""

from __future__ import annotations

import itertools
import threading
from dataclasses import dataclass

import numpy as np

from qml.base.errors import ShapeError
from qml.base.threads import default_threads
from qml.engine.forks import fresh_in_children
from qml.engine.memory import WAITING
from qml.engine.plan import Plan
from qml.engine.pool import CREW
from qml.engine.vector import VECTOR_BYTES
from qml.engine.wide import layout as L
from qml.engine.wide.angles import Angles, Reader
from qml.engine.wide.frame import Frame
from qml.engine.wide.memory import State, Workspace, check_memory
from qml.engine.wide.pack import Packed
from qml.engine.wide.product import Product
from qml.engine.wide.words import Dense

ROWS_BESIDE = 4 << 20  # bytes of a state up to which threads take a row each; above, they share one row's tiles
WORTH_A_THREAD = 0.25e-3  # seconds of work below which waking a second thread costs more than it saves


@dataclass(frozen=True)
class WideForward:
    """Values of the words, and kets for a following gradient if they were asked for and there was room."""

    words_BW: np.ndarray
    residual: WideResidual | None = None


@dataclass(frozen=True)
class WideSlopes:
    """Gradients of a run; `initial_BA` and `words_BW` are None where there is none or it was not wanted."""

    rows_BM: np.ndarray
    shared_S: np.ndarray
    initial_BA: np.ndarray | None = None
    words_BW: np.ndarray | None = None


class WideResidual:
    """The last ket of each row of a forward run; they count against the checkpoint budget until dropped."""

    def __init__(self, packed: Packed, kets: list[State]):
        self.kets, self.batch = kets, len(kets)
        self._packed, self._waiting = packed, WAITING

    def serves(self, packed: Packed, batch: int) -> bool:
        """Whether these kets are of the same packed plan.

        Raises:
            ShapeError: the residual is of a batch of another size, so it cannot be of this run.
        """
        if self.batch != batch:
            raise ShapeError(
                f"The residual is of a forward run of {self.batch} rows; the gradient was asked for {batch}. "
                "Hand in the residual of the same inputs and weights, or None."
            )
        return self._packed is packed

    def __del__(self):
        self._waiting.give_back(self.batch * self._packed.state_bytes)


class _Rows:
    """What the rows of one call read and write; rows are independent of one another, whoever runs them."""

    def __init__(self, runner: WideRunner, rows_BM, shared_S, initial, cotangent_BW=None):
        plan, batch, dtype = runner.plan, len(rows_BM), runner.dtype
        self.angles = Angles(runner.reader.half_angles(rows_BM, shared_S), runner.packed.factors, dtype)
        self.initial = initial
        self.cotangent_BW = None if cotangent_BW is None else np.ascontiguousarray(cotangent_BW, np.float64)
        self.words_BW = np.full((batch, plan.n_words), np.nan)
        self.slopes_BT = np.full((batch, len(plan.turns)), np.nan)
        complex_dtype = np.result_type(dtype, np.complex64)
        shape = (batch, 1 << plan.n_qubits)
        self.states_BA = None if initial is None or cotangent_BW is None else np.full(shape, np.nan, complex_dtype)
        self.kets_BA: np.ndarray | None = None

    def initial_of(self, row: int) -> np.ndarray | None:
        """The amplitudes that a row starts from, None for the product state."""
        return None if self.initial is None else self.initial[row if len(self.initial) > 1 else 0]


class WideRunner:
    """Runs one plan in one precision; safe to call from several threads at once.

    Memory is one ket, with gradients one bra, and a few tiles; rows that run beside one another have their own.

    Args:
        plan: what to run.
        dtype: `"float32"` or `"float64"`.
        budget: bytes that kept kets may take in all.

    Raises:
        CapabilityError: a state and its tables do not fit into memory.
    """

    def __init__(self, plan: Plan, dtype: str, budget: int):
        self.plan, self.dtype, self.budget = plan, np.dtype(dtype), budget
        check_memory(plan.n_qubits, self.dtype, 1)
        self.packed = Packed(plan, dtype)
        self.reader = Reader(plan.turns, plan.n_rows, plan.n_shared)
        self.product = Product(self.packed.plan)
        self.dense = Dense(plan.words, self.packed.z_words) if self.packed.dense else None
        self._frames: dict[int, list[Frame]] = {}
        self._ready: set[bool] = set()
        fresh_in_children(self._unlock)

    def _unlock(self) -> None:
        self._lock = threading.Lock()

    @property
    def nbytes(self) -> int:
        """Bytes of tables and idle buffers."""
        return self.packed.nbytes + sum(frame.nbytes for frames in self._frames.values() for frame in frames)

    def forward(
        self,
        rows_BM: np.ndarray,
        shared_S: np.ndarray,
        initial: np.ndarray | None = None,
        *,
        keep: bool = False,
        threads: int | None = None,
    ) -> WideForward:
        """Values only; with `keep` the kets stay for a following `gradients` while the budget holds them."""
        rows = _Rows(self, rows_BM, shared_S, initial)
        residual = self._residual(len(rows_BM)) if keep else None
        self._each(rows, lambda frame, row: self._forward(frame, rows, row, residual), threads, gradient=False)
        return WideForward(rows.words_BW.astype(self.dtype), residual)

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
    ) -> WideSlopes:
        """Gradients of `sum(words_BW * cotangent_BW)`, and the values too if wanted."""
        rows = _Rows(self, rows_BM, shared_S, initial, cotangent_BW)
        if residual is not None and not residual.serves(self.packed, len(rows_BM)):
            residual = None
        job = lambda frame, row: self._gradient(frame, rows, row, residual, want_words)  # noqa: E731
        self._each(rows, job, threads, gradient=True)
        by_rows, by_shared = self.reader.pull_back(rows.slopes_BT)
        states = rows.states_BA
        if states is not None and initial is not None and len(initial) == 1 and len(rows_BM) != 1:
            states = states.sum(axis=0, keepdims=True, dtype=np.complex128).astype(states.dtype)
        words = rows.words_BW.astype(self.dtype) if want_words else None
        return WideSlopes(by_rows.astype(self.dtype), by_shared.astype(self.dtype), states, words)

    def kets(
        self,
        rows_BM: np.ndarray,
        shared_S: np.ndarray,
        initial: np.ndarray | None = None,
        *,
        threads: int | None = None,
    ) -> np.ndarray:
        """The states at the end of the plan, `(B, A)` complex64 or complex128, in the plan's own order of indices."""
        rows = _Rows(self, rows_BM, shared_S, initial)
        shape = (len(rows_BM), 1 << self.plan.n_qubits)
        check_memory(self.plan.n_qubits, self.dtype, shape[0] + 1)
        kets_BA = np.full(shape, np.nan, np.result_type(self.dtype, np.complex64))

        def job(frame: Frame, row: int) -> None:
            self._to_last(frame, rows, row)
            frame.sweep(len(self.packed.sweeps) - 1, self._start(0, len(self.packed.sweeps) - 1) | L.FORWARD | L.STORE_KET)
            frame.ket.amplitudes(kets_BA[row])

        self._each(rows, job, threads, gradient=False)
        return kets_BA

    # ---------------------------------------------------------------------------------------------- one row
    def _start(self, first: int, number: int) -> int:
        """How a forward sweep gets its ket."""
        return L.LOAD_KET if number > first or self.plan.initial else L.MAKE_PRODUCT

    def _to_last(self, frame: Frame, rows: _Rows, row: int) -> None:
        """Everything before the last forward sweep."""
        initial = rows.initial_of(row)
        cotangent = None if rows.cotangent_BW is None else rows.cotangent_BW[row]
        frame.set_row(rows.angles, row, cotangent)
        frame.read_from(frame.ket)
        if initial is not None:
            frame.ket.fill(initial)
        else:
            frame.start_product(self.product, rows.angles.half_BT[row])
        for number in range(len(self.packed.sweeps) - 1):
            frame.sweep(number, self._start(0, number) | L.FORWARD | L.STORE_KET)

    def _forward(self, frame: Frame, rows: _Rows, row: int, residual: WideResidual | None) -> None:
        """Values of one row; its last ket goes to the residual if there is one."""
        packed, last = self.packed, len(self.packed.sweeps) - 1
        own = frame.swap_ket(residual.kets[row]) if residual is not None else None
        self._to_last(frame, rows, row)
        what = self._start(0, last) | L.FORWARD
        if packed.z_words and not packed.dense:
            what |= L.READ
        if residual is not None or packed.flip_words or packed.dense:
            what |= L.STORE_KET
        self._take_words(frame, rows, row, frame.sweep(last, what))
        self._read_rest(frame, rows, row)
        if own is not None:
            frame.swap_ket(own)

    def _take_words(self, frame: Frame, rows: _Rows, row: int, sums: np.ndarray) -> None:
        slots = self.packed.slots[-1]
        rows.words_BW[row, slots.words] = sums[len(slots.turns) :]

    def _read_rest(self, frame: Frame, rows: _Rows, row: int) -> None:
        """Words that need the whole ket in memory."""
        for word in self.packed.flip_words:
            rows.words_BW[row, word] = frame.read_flip(word)
        if self.dense is not None:
            rows.words_BW[row, self.packed.z_words] = self.dense.values(frame.source.array)

    def _gradient(self, frame: Frame, rows: _Rows, row: int, residual: WideResidual | None, want_words: bool) -> None:
        """Slopes of all turns of one row."""
        packed, last = self.packed, len(self.packed.sweeps) - 1
        frame.bra  # made here
        fused = not packed.flip_words and not packed.dense
        store = L.STORE_BRA | (L.STORE_KET if last else 0)
        read = L.READ if want_words and packed.z_words and not packed.dense else 0
        if residual is None:
            self._to_last(frame, rows, row)
            what = self._start(0, last) | L.FORWARD
        else:
            cotangent = rows.cotangent_BW[row] if rows.cotangent_BW is not None else None
            frame.set_row(rows.angles, row, cotangent)
            if not self.plan.initial:
                frame.start_product(self.product, rows.angles.half_BT[row])
            frame.read_from(residual.kets[row])
            what = L.LOAD_KET
        if fused:
            sums = frame.sweep(last, what | read | L.START_BRA | L.BACKWARD | store)
        else:
            if residual is None:
                words = frame.sweep(last, what | read | L.STORE_KET)
            elif read:
                words = frame.sweep(last, what | read)
            else:
                words = None
            if want_words:
                if words is not None:
                    self._take_words(frame, rows, row, words)
                self._read_rest(frame, rows, row)
            self._start_bra(frame, rows, row)
            sums = frame.sweep(last, L.LOAD_KET | L.LOAD_BRA | L.BACKWARD | store)
        slopes = rows.slopes_BT[row]
        slopes[packed.slots[last].turns] = sums[: len(packed.slots[last].turns)]
        if fused and read:
            self._take_words(frame, rows, row, sums)
        frame.read_from(frame.ket)
        for number in range(last - 1, -1, -1):
            what = L.LOAD_KET | L.LOAD_BRA | L.BACKWARD | L.STORE_BRA | (L.STORE_KET if number else 0)
            slopes[packed.slots[number].turns] = frame.sweep(number, what)
        if rows.states_BA is not None:
            frame.bra.amplitudes(rows.states_BA[row])
            rows.states_BA[row] *= 2
        elif self.product.differs:
            slopes[: self.product.n_turns] = frame.product_slopes(self.product)
        else:
            slopes[: self.product.n_turns] = 0.0

    def _start_bra(self, frame: Frame, rows: _Rows, row: int) -> None:
        """The bra of all words, from the ket that lies in memory."""
        last, packed = len(self.packed.sweeps) - 1, self.packed
        if self.dense is not None and rows.cotangent_BW is not None:
            self.dense.start_bra(frame.source.array, frame.bra.array, rows.cotangent_BW[row])
        else:
            frame.sweep(last, L.LOAD_KET | L.START_BRA | L.STORE_BRA)
        for word in packed.flip_words:
            frame.add_flip(word)

    # ---------------------------------------------------------------------------------------------- all rows
    def _each(self, rows: _Rows, job, threads: int | None, gradient: bool) -> None:
        """Run `job(frame, row)` for every row whose angles are finite; the others keep their NaN."""
        wanted = [row for row in range(len(rows.words_BW)) if rows.angles.finite_B[row]]
        if not wanted:
            return
        if gradient not in self._ready:
            self.packed.library.need(self.packed.entries(gradient))
            self._ready.add(gradient)
        threads = self._threads(len(wanted), gradient, threads)
        if self.packed.state_bytes <= ROWS_BESIDE or threads == 1:
            beside, each = min(threads, len(wanted)), 1
        else:
            beside, each = 1, threads
        check_memory(self.plan.n_qubits, self.dtype, beside * (2 if gradient else 1), self._held(each, beside))
        frames, tickets = [self._take(each) for _ in range(beside)], itertools.count()

        def work(number: int) -> None:
            while (place := next(tickets)) < len(wanted):
                job(frames[number], wanted[place])

        if beside == 1:
            work(0)
        else:
            CREW.run(work, beside)
        for frame in frames:
            self._give(each, frame)

    def _threads(self, batch: int, gradient: bool, wanted: int | None) -> int:
        """Threads that a call is worth."""
        seconds = batch * self.packed.row_seconds * (1.0 if gradient else 0.35)
        if wanted is None and seconds < WORTH_A_THREAD:
            return 1
        return wanted or default_threads()

    def _held(self, each: int, beside: int) -> int:
        idle = self._frames.get(each, [])[:beside]
        return sum(frame.state_bytes for frame in idle)

    def _take(self, threads: int) -> Frame:
        with self._lock:
            idle = self._frames.setdefault(threads, [])
            if idle:
                return idle.pop()
        workspaces = [
            Workspace(self.packed.tile_vectors, VECTOR_BYTES, self.packed.most_highs) for _ in range(threads)
        ]
        return Frame(self.packed, workspaces)

    def _give(self, threads: int, frame: Frame) -> None:
        with self._lock:
            self._frames[threads].append(frame)

    def _residual(self, batch: int) -> WideResidual | None:
        """Room for the last kets of a forward run, if half the budget holds them beside all others that wait."""
        packed = self.packed
        if batch == 0 or not WAITING.take(batch * packed.state_bytes, self.budget // 2):
            return None
        return WideResidual(packed, [State(packed.n_vectors, packed.lanes, packed.real) for _ in range(batch)])
