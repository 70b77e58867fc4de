"""Memory of a process and all that it started, as their proportional share (PSS): pages that several map count once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from statistics import median

import psutil

MIB = 2**20


def tree_pss(pid: int, *, apart: Callable[[str], bool] = lambda name: False) -> tuple[float, float]:
    """MiB of a process tree now: of all processes, and of those that are told apart.

    Args:
        pid: the root of the tree.
        apart: says by its name whether a process is counted by itself (a JVM).
    """
    counted = told_apart = 0.0
    for process in _family(pid):
        try:
            found = process.memory_full_info().pss / MIB
            if apart(process.name()):
                told_apart += found
            else:
                counted += found
        except (psutil.NoSuchProcess, psutil.AccessDenied, ProcessLookupError):
            continue  # it ended meanwhile
    return counted, told_apart


def _family(pid: int) -> list[psutil.Process]:
    try:
        root = psutil.Process(pid)
        return [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


class TreeMemory:
    """Samples the memory of a process tree beside it, until the block ends.

    Args:
        pid: the root of the tree.
        every_s: seconds between samples.
    """

    def __init__(self, pid: int, every_s: float = 0.25):
        self.pid, self.every_s = pid, every_s
        self.samples: list[float] = []
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)

    def __enter__(self) -> TreeMemory:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    @property
    def peak_mib(self) -> float:
        """The largest sample, MiB; 0 without any."""
        return max(self.samples, default=0.0)

    def steady(self) -> tuple[float, float]:
        """Medians of the second and of the last quarter of the samples, MiB: equal where memory does not grow."""
        if len(self.samples) < 2:
            return self.peak_mib, self.peak_mib
        quarter = max(len(self.samples) // 4, 1)
        return median(self.samples[quarter : 2 * quarter]), median(self.samples[-quarter:])

    def _sample(self) -> None:
        while not self._ended.wait(self.every_s):
            self.samples.append(tree_pss(self.pid)[0])
