"""The temporary folder beside the result: one process at a time, cleaned of what a killed run has left."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from qml.base.alone import alone
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
    with ExitStack() as stack:
        lock = out.with_name(f".{out.name}.etl.lock")
        stack.enter_context(alone(lock, f"The preparing of out={out}", wait_s=0))
        temporary = re.compile(re.escape(f".{out.name}.etl-") + r"\d+")
        left = [path for path in out.parent.iterdir() if temporary.fullmatch(path.name)]
        if left:
            _logger.info("A run for %s was interrupted; what it left is removed, and it starts anew.", out)
            remove_local(left)
        folder = out.with_name(f".{out.name}.etl-{os.getpid()}")
        folder.mkdir()
        try:
            yield folder
        finally:
            remove_local([folder])
