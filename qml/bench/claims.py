"""Who works on what: one lock file a cell, held by the operating system, free again the moment its holder dies."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def claim(path: Path, *, wait: bool = False) -> Iterator[bool]:
    """Try to hold `path` for the length of the block; gives False at once when somebody else holds it.

    With `wait` it stands in line until `path` is free, and gives True.

    The lock is the operating system's (`flock`): it ends with the process, also after `kill -9`, and holds
    between processes and between threads. The file itself stays; its content is the holder's process number,
    for people to read.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "a.lock"
        >>> with claim(path) as mine, claim(path) as second:
        ...     (mine, second)
        (True, False)
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        os.ftruncate(handle, 0)
        os.write(handle, f"{os.getpid()}\n".encode())
        yield True
    finally:
        os.close(handle)
