"""One process at a time in a place: a lock of the operating system that ends with the process, also after `kill -9`."""

from __future__ import annotations

import errno
import fcntl
import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from qml.base.errors import ConfigError

log = logging.getLogger(__name__)
POLL_SECONDS = 0.1
WITHOUT_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)
"""What file systems answer that keep no locks, as some network file systems do."""


@contextmanager
def alone(lock: Path, doing: str, *, wait_s: float | None = None) -> Iterator[None]:
    """Hold `lock` while the block runs; wait while another process holds it, and say so once.

    The file is taken away at the end, so that nothing is left of it. Where the file system keeps no locks, the block
    runs all the same, with a warning.

    Args:
        lock: a file for this alone; its folder is made.
        doing: what it is for, for the log.
        wait_s: seconds after which it is refused; 0 at once; None waits until the other process is done.

    Raises:
        ConfigError: another process holds it for longer than that.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "a.lock"
        >>> with alone(path, "an example"):
        ...     path.exists()
        True
        >>> path.exists()
        False
    """
    handle = _held(lock, doing, wait_s)
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)
        os.close(handle)


def _held(lock: Path, doing: str, wait_s: float | None) -> int:
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
            if wait_s != 0:
                log.info("%s: another process is at it; waiting", doing)
            if not _waited(handle, wait_s):
                os.close(handle)
                raise ConfigError(
                    f"{doing} was asked for; another process is at it ({lock} is held). Wait until it is done."
                ) from None
        except OSError as error:
            if error.errno not in WITHOUT_LOCKS:
                os.close(handle)
                raise
            log.warning("%s: this file system keeps no locks (%s); see that one process alone is at it", doing, lock)
            return handle
        try:
            if os.fstat(handle).st_ino == os.stat(lock).st_ino:
                return handle
        except FileNotFoundError:
            pass
        os.close(handle)


def _waited(handle: int, wait_s: float | None) -> bool:
    """Whether the lock of an open file came free in time."""
    if wait_s is None:
        fcntl.flock(handle, fcntl.LOCK_EX)
        return True
    end = time.monotonic() + wait_s
    while time.monotonic() < end:
        time.sleep(POLL_SECONDS)
        with suppress(BlockingIOError):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
    return False
