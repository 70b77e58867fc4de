"""Threads that help with one call at a time; they sleep between calls and are made anew after a fork."""

from __future__ import annotations

import threading
from collections.abc import Callable

from qml.base.threads import available_cores
from qml.engine.forks import fresh_in_children

Job = Callable[[int], object]


class _Helper:
    """One sleeping thread: woken through a lock, it runs a job and says so through another."""

    def __init__(self):
        self._wake, self._done = threading.Lock(), threading.Lock()
        self._wake.acquire()
        self._done.acquire()
        self._job: Job | None = None
        self._number = 0
        self.alive = True
        threading.Thread(target=self._serve, daemon=True, name="qml-engine").start()

    def _serve(self) -> None:
        while True:
            self._wake.acquire()
            self.alive = False
            try:
                if self._job is not None:
                    self._job(self._number)
                self.alive = True
            finally:  # an error ends this thread, and Python prints it
                self._job = None
                self._done.release()

    def start(self, job: Job, number: int) -> None:
        """Wake the thread with a job."""
        self._job, self._number = job, number
        self._wake.release()

    def wait(self) -> None:
        """Sleep until the job is done."""
        self._done.acquire()


class Crew:
    """Helpers shared by all calls of a process; a call that finds none free runs with fewer.

    Example:
        >>> crew, seen = Crew(), []
        >>> crew.run(seen.append, threads=2)
        >>> sorted(seen)[0]
        0
    """

    def __init__(self):
        fresh_in_children(self._reset)

    def _reset(self) -> None:
        """Forget all helpers: threads do not survive a fork."""
        self._idle: list[_Helper] = []
        self._made = 0
        self._lock = threading.Lock()

    def _take(self, wanted: int) -> list[_Helper]:
        most = max(wanted, available_cores() - 1)
        with self._lock:
            helpers = [self._idle.pop() for _ in range(min(wanted, len(self._idle)))]
            while len(helpers) < wanted and self._made < most:
                helpers.append(_Helper())
                self._made += 1
        return helpers

    def _give_back(self, helpers: list[_Helper]) -> None:
        alive = [helper for helper in helpers if helper.alive]
        with self._lock:
            self._idle.extend(alive)
            self._made -= len(helpers) - len(alive)

    def run(self, job: Job, threads: int) -> None:
        """Run `job(0)` here and `job(1)`, `job(2)`, ... beside it, on at most `threads` threads in all.

        The job must be right on any number of threads, one included: they share its work among themselves.

        Raises:
            RuntimeError: a job failed on another thread, which has printed why.
        """
        helpers = self._take(threads - 1)
        for number, helper in enumerate(helpers, start=1):
            helper.start(job, number)
        try:
            job(0)
        finally:
            for helper in helpers:
                helper.wait()
            self._give_back(helpers)
        if not all(helper.alive for helper in helpers):
            raise RuntimeError("A thread of the engine failed; its error is printed above.")


CREW = Crew()
