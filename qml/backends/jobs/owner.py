"""Who works on a request: a call in a process on a host, and whether it still does."""

from __future__ import annotations

import os
import socket
import uuid
from contextlib import suppress
from pathlib import Path


def this_call() -> str:
    """A name of a call in this process that no other call ever has.

    Example:
        >>> is_alive(this_call())
        True
    """
    return f"{socket.gethostname()}:{os.getpid()}:{_begun(os.getpid())}:{uuid.uuid4().hex}"


def is_alive(owner: str) -> bool | None:
    """Whether the process of a call still runs; None where it is on another host, and nobody here can tell."""
    host, pid, begun, _ = owner.rsplit(":", 3)
    if host != socket.gethostname():
        return None
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return _begun(int(pid)) == begun


def _begun(pid: int) -> str:
    """When a process began, in the words of its system; "gone" of one that has ended and is not yet buried."""
    with suppress(OSError, IndexError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return "gone" if fields[0] in "ZX" else fields[19]
    return ""
