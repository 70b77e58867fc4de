"""The temporary folder beside the result: one process at a time, cleaned of what a killed run has left."""

from __future__ import annotations

import fcntl
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from qml.base.errors import ConfigError
from qml.base.files import made_folder
from qml.data.etl.places import remove_local

_logger = logging.getLogger(__name__)


@contextmanager
def temporary_beside(out: Path) -> Iterator[Path]:
    """A folder beside `out` for the block, removed afterwards; the lock on it dies with this process.

    Args:
        out: the folder that is to come to be.

    Raises:
        ConfigError: another process prepares the same folder, or none can be made there.

    Example:
        >>> import tempfile
        >>> out = Path(tempfile.mkdtemp()) / "prepared"
        >>> with temporary_beside(out) as folder:
        ...     print(folder.parent == out.parent, folder.is_dir())
        True True
        >>> list(out.parent.iterdir())
        []
    """
    made_folder("out", out.parent)
    folder = out.with_name(f".{out.name}.etl-{os.getpid()}")
    folder.mkdir(exist_ok=True)
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        for other in sorted(out.parent.glob(f".{out.name}.etl-*")):
            if other != folder:
                _clear(other, out)
        yield folder
    finally:
        remove_local([folder])
        os.close(handle)


def _clear(other: Path, out: Path) -> None:
    """Remove the folder of a run that has died; refuse to disturb one that lives."""
    try:
        handle = os.open(other, os.O_RDONLY)
    except FileNotFoundError:  # it has just ended
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _logger.info("A run for %s was interrupted; what it left is removed, and it starts anew.", out)
        remove_local([other])
    except BlockingIOError as error:
        raise ConfigError(f"out={out} is being prepared by another process. Wait for it, or name another.") from error
    finally:
        os.close(handle)
