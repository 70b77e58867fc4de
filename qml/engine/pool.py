"""Threads that help with one call at a time; they sleep between calls and are made anew after a fork."""

from __future__ import annotations

import ctypes
import itertools
import sys
import threading
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import TracebackType

import numpy as np

from qml.engine import crew_layout as C
from qml.engine.cache import DRIVER, Kit, Library
from qml.engine.forks import fresh_in_children

Job = Callable[[int], object]

MOST = 255  # helpers of a process
SPIN_SECONDS = 100e-6  # that a helper stays awake: the two halves of a training step are seldom further apart
PATIENCE_SECONDS = 100e-6  # that a caller looks at a helper before it sleeps: longer than most chunks of work
SOURCES = ("vector.py", "atomics.py", "crew_layout.py")
ENTRIES = ("look", "call_one", "dismiss", "serve")


def _source(stem: str, dtype: str) -> str:
    return (DRIVER / f"{stem}.py").read_text()


def _texts() -> list[str]:
    return [*(Path(__file__).with_name(name).read_text() for name in SOURCES), _source("crew", "")]


@cache
def crew_library() -> Library:
    """The compiled half, which knows nothing of numbers and so of no precision."""
    return Library("int64", Kit({"crew": ENTRIES}, ENTRIES, _source, _texts))


class _Compiled:
    """Its pieces, as Python calls them."""

    def __init__(self):
        self.look, self.call_one, self.dismiss, self.serve = map(crew_library().function, ENTRIES)

    def looks(self, seconds: float) -> int:
        """How often a thread looks at a number in so many seconds."""
        number, count = np.zeros(1, np.int64), 20_000
        started = time.perf_counter()
        self.look(number.ctypes.data, 0, count)
        return max(1, int(count * seconds / (time.perf_counter() - started)))


@cache
def _compiled() -> _Compiled:
    return _Compiled()


class Crew:
    """Helpers shared by all calls of a process; a call that finds none free runs with fewer.

    Compiled code calls helpers by the `address` of the crew, Python by `run`; `driver/crew.py` says how they are woken.

    Example:
        >>> crew, seen = Crew(), []
        >>> crew.run(seen.append, threads=2)
        >>> sorted(seen)[0]
        0
    """

    def __init__(self):
        memory = np.zeros(C.CREW_FIRST + C.POST_SIZE * (MOST + 1), np.int64)
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(memory))  # never freed: helpers outlive this object, even Python
        self._table = memory[-(memory.ctypes.data // 8) % C.POST_SIZE :]  # posts begin on cache lines of their own
        self._address = self._table.ctypes.data
        self._numbers = itertools.count()
        self._jobs: dict[int, _Shared] = {}
        self._do = ctypes.CFUNCTYPE(ctypes.c_int64, *[ctypes.c_int64] * 3)(self._run_one)
        self._do_address = ctypes.cast(self._do, ctypes.c_void_p).value or 0
        fresh_in_children(self._reset)

    def _reset(self) -> None:
        """Forget all helpers: threads do not survive a fork. The table stays where compiled code knows it."""
        self._lock, self._made = threading.Lock(), 0
        self._table[:] = 0

    def address(self, threads: int) -> int:
        """Where compiled code finds the crew; there are helpers for a call on so many threads, if all are free."""
        if threads - 1 > self._made:
            with self._lock:
                while self._made < min(threads - 1, MOST):
                    self._hire()
        return self._address

    def _hire(self) -> None:
        """One more thread; its post is counted first, so that whatever interrupts this, no other thread gets it too."""
        compiled, first = _compiled(), C.CREW_FIRST + C.POST_SIZE * self._made
        if self._made == 0:
            self._table[C.CREW_ACQUIRE] = _function_address("PyThread_acquire_lock")
            self._table[C.CREW_RELEASE] = _function_address("PyThread_release_lock")
            self._table[C.CREW_SPINS] = compiled.looks(SPIN_SECONDS)
            self._table[C.CREW_PATIENCE] = compiled.looks(PATIENCE_SECONDS)
            self._table[C.CREW_REST] = yield_address()
        for place in (C.POST_BELL, C.POST_DONE):
            self._table[first + place] = _closed_lock()
        self._made += 1
        arguments = (self._address, self._address + 8 * first)
        threading.Thread(target=compiled.serve, args=arguments, daemon=True, name="qml-engine").start()
        self._table[C.CREW_POSTS] = self._made

    def run(self, job: Job, threads: int) -> None:
        """Run `job(0)` here and `job(1)`, `job(2)`, ... beside it, on at most `threads` threads in all.

        The job must be right on any number of threads, one included: they share its work among themselves. A thread
        that has not begun when `job(0)` ends is not waited for. An error on any of them is raised here.
        """
        crew, compiled, number, taken = self.address(threads), _compiled(), next(self._numbers), ctypes.c_int64()
        shared, last = _Shared(job), ctypes.addressof(taken)
        try:
            self._jobs[number] = shared
            for place in range(1, threads):
                compiled.call_one(crew, last, self._do_address, number, place)
            job(0)
        finally:
            compiled.dismiss(crew, last)
            self._jobs.pop(number, None)
        if shared.error is not None:
            raise shared.error

    def _run_one(self, number: int, place: int, _: int) -> int:
        """What a helper calls for a job in Python."""
        shared = self._jobs[number]
        with shared:
            shared.job(place)
        return 0


class _Shared:
    """A job in Python, and the last error of a helper, which has nobody above it to be raised to."""

    def __init__(self, job: Job):
        self.job = job
        self.error: BaseException | None = None

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type | None, error: BaseException | None, traceback: TracebackType | None) -> bool:
        if error is not None:
            self.error = error
        return True


def _function_address(name: str) -> int:
    """Where a function of the interpreter's C interface lies."""
    return ctypes.cast(getattr(ctypes.pythonapi, name), ctypes.c_void_p).value or 0


@cache
def yield_address() -> int:
    """The system's function that gives the rest of a time slice away, where it is known; else 0."""
    if sys.platform == "win32":
        return 0
    return ctypes.cast(ctypes.CDLL(None).sched_yield, ctypes.c_void_p).value or 0


def _closed_lock() -> int:
    """A lock of the interpreter's own, which compiled code can sleep at on every system; it is never freed."""
    python = ctypes.pythonapi
    python.PyThread_allocate_lock.restype = ctypes.c_void_p
    lock = python.PyThread_allocate_lock()
    python.PyThread_acquire_lock(ctypes.c_void_p(lock), 1)
    return lock


CREW = Crew()
