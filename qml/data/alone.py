"""One process at a time in a place: a lock of the operating system that ends with the process, also after `kill -9`."""

from __future__ import annotations

import fcntl
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

log = logging.getLogger(__name__)


@contextmanager
def alone(lock: Path, doing: str, *, waits: bool = True) -> Iterator[None]:
    """Hold `lock` while the block runs; wait while another process holds it, and say so once.

    The file is taken away at the end, so that nothing is left of it.

    Args:
        lock: a file for this alone; its folder is made.
        doing: what it is for, for the log.
        waits: for the other process; else its lock is an error.

    Raises:
        BlockingIOError: another process holds it, and this one was not to wait.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "a.lock"
        >>> with alone(path, "an example"):
        ...     path.exists()
        True
        >>> path.exists()
        False
    """
    handle = _held(lock, doing, waits)
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)
        os.close(handle)


def _held(lock: Path, doing: str, waits: bool) -> int:
    """The lock, open and held; asked again where another took the file or its folder away meanwhile."""
    while True:
        lock.parent.mkdir(parents=True, exist_ok=True)
        try:
            handle = os.open(lock, os.O_RDWR | os.O_CREAT, 0o644)
        except FileNotFoundError:  # another took the empty folder away
            continue
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if not waits:
                os.close(handle)
                raise
            log.info("%s: another process is at it; waiting", doing)
            fcntl.flock(handle, fcntl.LOCK_EX)
        try:
            if os.fstat(handle).st_ino == os.stat(lock).st_ino:
                return handle
        except FileNotFoundError:
            pass
        os.close(handle)
