"""Runs a plan on any number of rows: as many at a time as a register has lanes, from checkpoints where it must."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from qml.backends.noisy import layout as L
from qml.backends.noisy.pieces import sweep_library
from qml.backends.noisy.plan import Plan
from qml.base.memory import check_memory
from qml.engine.vector import VECTOR_BYTES

KEPT_BYTES = 5 << 19  # of a whole batch, left by a forward run for its gradient; more is sooner made anew than fetched
STORE_BYTES = 256 << 20  # of states kept for a gradient, a thread; beyond that sweeps start from checkpoints


@dataclass(frozen=True)
class Cut:
    """How a backward sweep is cut: operations `ends[i]..ends[i + 1]` are run again from a checkpoint of their own.

    Args:
        ends: places of operations, from 0 to all.
        store: vectors that the largest part keeps.
    """

    ends: tuple[int, ...]
    store: int

    @property
    def n_kept(self) -> int:
        """States kept at the start of a part; the first part starts anew."""
        return len(self.ends) - 2


def cut_of(plan: Plan, budget: int = STORE_BYTES) -> Cut:
    """The fewest parts whose states fit into `budget` bytes; where none do, those that take the least."""
    n_ops, total = len(plan.ops), int(plan.store[-1])
    best, least = Cut((0, n_ops), total), None
    for n_parts in range(1, max(1, min(n_ops, 64)) + 1):
        wanted = np.linspace(0, total, n_parts + 1)[1:-1]
        inner = sorted({int(place) for place in np.searchsorted(plan.store, wanted)} - {0, n_ops})
        ends = (0, *inner, n_ops)
        store = max(int(plan.store[last] - plan.store[first]) for first, last in pairwise(ends))
        cut = Cut(ends, store)
        nbytes = (store + cut.n_kept * plan.n_entries) * VECTOR_BYTES
        if nbytes <= budget:
            return cut
        if least is None or nbytes < least:
            best, least = cut, nbytes
    return best


def kept_whole(plan: Plan, dtype: str, n_rows: int) -> Cut | None:
    """How to keep all that a gradient of `n_rows` rows needs of the forward sweep; None where that is too much."""
    blocks = -(-n_rows * np.dtype(dtype).itemsize // VECTOR_BYTES)
    cut = Cut((0, len(plan.ops)), int(plan.store[-1]))
    return cut if blocks * cut.store * VECTOR_BYTES <= KEPT_BYTES else None


def bytes_of(plan: Plan, cut: Cut | None) -> int:
    """Bytes that one thread holds: forward only without a cut."""
    vectors = plan.n_entries + L.SCRATCH_VECTORS
    if cut is not None:
        vectors += plan.n_entries * (1 + cut.n_kept) + cut.store
    return vectors * VECTOR_BYTES


class Work:
    """What one thread holds."""

    def __init__(self, plan: Plan, dtype: str, cut: Cut | None):
        self.plan, self.cut = plan, cut
        library = sweep_library(dtype)
        self._forward, self._backward = library.function("sweep_forward"), library.function("sweep_backward")
        lanes = VECTOR_BYTES // np.dtype(dtype).itemsize
        self.state = _aligned(plan.n_entries, lanes, dtype)
        self.bra = _aligned(plan.n_entries if cut else 0, lanes, dtype)
        self.store = _aligned(cut.store if cut else 0, lanes, dtype)
        self.kept = [_aligned(plan.n_entries, lanes, dtype) for _ in range(cut.n_kept if cut else 0)]
        self.scratch = _aligned(L.SCRATCH_VECTORS, lanes, dtype)
        self.gradient = _aligned(len(plan.columns), lanes, dtype)
        self.cossin = _aligned(2 * len(plan.columns), lanes, dtype)
        self.frame = np.zeros(L.FRAME_SIZE, np.int64)
        addresses = {
            L.FRAME_STATE: self.state,
            L.FRAME_BRA: self.bra,
            L.FRAME_SCRATCH: self.scratch,
            L.FRAME_OPS: plan.ops,
            L.FRAME_LISTS: plan.lists,
            L.FRAME_TABLE: plan.table,
            L.FRAME_NUMBERS: plan.numbers[dtype],
            L.FRAME_COSSIN: self.cossin,
            L.FRAME_GRADIENT: self.gradient,
        }
        for place, array in addresses.items():
            self.frame[place] = array.ctypes.data

    def values(self, angles_CT: np.ndarray) -> np.ndarray:
        """Means of the words that are read, `(W, T)`."""
        self._load(angles_CT)
        self._run(self._forward, 0, len(self.plan.ops), keep=0)
        return self.state[self.plan.read]

    def values_and_store(self, angles_CT: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Means of the words that are read, and what stood before each turn: an array of its own."""
        self.store = _aligned(int(self.plan.store[-1]), self.state.shape[1], self.state.dtype.name)
        self._load(angles_CT)
        self._run(self._forward, 0, len(self.plan.ops), keep=1)
        return self.state[self.plan.read], self.store

    def slopes_from(self, store: np.ndarray, angles_CT: np.ndarray, cotangent_WT: np.ndarray) -> np.ndarray:
        """Slopes `(C, T)` from what `values_and_store` has left."""
        self.store = store
        self._turn(angles_CT)
        self._start_back(cotangent_WT)
        self._run(self._backward, 0, len(self.plan.ops), keep=0)
        return self.gradient

    def slopes(self, angles_CT: np.ndarray, cotangent_WT: np.ndarray) -> np.ndarray:
        """Slopes `(C, T)` of the sum of means times cotangents by the angles."""
        ends = self.cut.ends if self.cut else (0, len(self.plan.ops))
        self._load(angles_CT)
        for number in range(len(ends) - 2):
            self._run(self._forward, ends[number], ends[number + 1], keep=0)
            self.kept[number][:] = self.state
        self._start_back(cotangent_WT)
        for number in reversed(range(len(ends) - 1)):
            if number < len(ends) - 2:
                if number:
                    self.state[:] = self.kept[number - 1]
                else:
                    self._load(angles_CT)
            self._run(self._forward, ends[number], ends[number + 1], keep=1)
            self._run(self._backward, ends[number], ends[number + 1], keep=0)
        return self.gradient

    def _start_back(self, cotangent_WT: np.ndarray) -> None:
        self.bra[:] = 0
        np.add.at(self.bra, self.plan.read, cotangent_WT)
        self.gradient[:] = 0

    def _turn(self, angles_CT: np.ndarray) -> None:
        self.cossin[0::2], self.cossin[1::2] = np.cos(angles_CT), np.sin(angles_CT)

    def _load(self, angles_CT: np.ndarray) -> None:
        """Angles, and the state before the first operation."""
        self._turn(angles_CT)
        self.state[:] = 0
        self.state[self.plan.start[0]] = self.plan.start[1][:, None]

    def _run(self, sweep: Callable[[int], int], first: int, last: int, *, keep: int) -> None:
        before = int(self.plan.store[first])  # places in the store count from the first operation of all
        self.frame[[L.FRAME_FIRST, L.FRAME_LAST, L.FRAME_KEEP]] = first, last, keep
        self.frame[L.FRAME_STORE] = self.store.ctypes.data - before * VECTOR_BYTES
        sweep(self.frame.ctypes.data)


def _aligned(vectors: int, lanes: int, dtype: str) -> np.ndarray:
    """`(vectors, lanes)` numbers from an address that vectors may stand at."""
    raw = np.empty(vectors * VECTOR_BYTES + VECTOR_BYTES, np.uint8)
    start = -raw.ctypes.data % VECTOR_BYTES
    return raw[start : start + vectors * VECTOR_BYTES].view(dtype).reshape(vectors, lanes)


def _blocks(n_rows: int, lanes: int) -> Iterator[slice]:
    return (slice(start, min(start + lanes, n_rows)) for start in range(0, n_rows, lanes))


Stores = dict[int, np.ndarray]
"""What a forward run has left for its gradient, by the first row of each register of rows."""


def words_of(
    plan: Plan, angles_BS: np.ndarray, dtype: str, threads: int, *, keep: bool = False
) -> tuple[np.ndarray, Stores | None]:
    """Means of the words that are read, `(B, W)`, of angles `(B, S)`, and with `keep` what is left where it fits.

    Raises:
        CapabilityError: more memory than can be had; nothing has been allocated.
    """
    found = np.empty((len(angles_BS), len(plan.read)), dtype)
    stores: Stores | None = {} if keep and kept_whole(plan, dtype, len(angles_BS)) is not None else None

    def one(work: Work, rows: slice) -> None:
        angles = _lanes(angles_BS[rows][:, plan.columns], work)
        if stores is None:
            values = work.values(angles)
        else:
            values, stores[rows.start] = work.values_and_store(angles)
        found[rows] = values.T[: rows.stop - rows.start]

    _each(plan, dtype, None, len(angles_BS), threads, one)
    return found, stores


def slopes_of(
    plan: Plan,
    angles_BS: np.ndarray,
    cotangent_BW: np.ndarray,
    dtype: str,
    threads: int,
    stores: Stores | None = None,
) -> np.ndarray:
    """Slopes `(B, S)` of the sums of means times cotangents by all angles, from `stores` where a forward run left any.

    Raises:
        CapabilityError: more memory than can be had; nothing has been allocated.
    """
    found = np.zeros(angles_BS.shape)

    def one(work: Work, rows: slice) -> None:
        angles, cotangent = (_lanes(array[rows], work) for array in (angles_BS[:, plan.columns], cotangent_BW))
        if stores is None:
            slopes = work.slopes(angles, cotangent.astype(dtype))
        else:
            slopes = work.slopes_from(stores[rows.start], angles, cotangent.astype(dtype))
        found[rows.start : rows.stop, plan.columns] = slopes.T[: rows.stop - rows.start]

    cut = cut_of(plan) if stores is None else Cut((0, len(plan.ops)), store=0)
    _each(plan, dtype, cut, len(angles_BS), threads, one)
    return found


def _lanes(rows: np.ndarray, work: Work) -> np.ndarray:
    """`(N, T)` of `(rows, N)`; lanes without a row hold zeros."""
    lanes = work.state.shape[1]
    if len(rows) < lanes:
        rows = np.concatenate([rows, np.zeros((lanes - len(rows), rows.shape[1]))])
    return rows.T


def _each(plan: Plan, dtype: str, cut: Cut | None, n_rows: int, threads: int, one) -> None:
    """Every block of rows, on as many threads as there are blocks and were asked for."""
    blocks = list(_blocks(n_rows, VECTOR_BYTES // np.dtype(dtype).itemsize))
    threads = min(threads, len(blocks))
    if not blocks:
        return
    check_memory(
        bytes_of(plan, cut) * threads,
        f"A sweep over mixed states of {plan.n_wires} wires on {threads} threads",
        "Take fewer qubits or layers, dtype='float32', or threads=1.",
    )
    sweep_library(dtype).need(L.ENTRIES)
    if threads == 1:
        work = Work(plan, dtype, cut)
        for rows in blocks:
            one(work, rows)
        return

    def mine(number: int) -> None:
        work = Work(plan, dtype, cut)
        for rows in blocks[number::threads]:
            one(work, rows)

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(mine, range(threads)))
