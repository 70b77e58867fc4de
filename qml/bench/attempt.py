"""The boundary of a fit: what a contestant raises is its own failure, trouble of the machine is not."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from qml.base.errors import CheckpointError, StaleCheckpointError

OF_THE_MACHINE = (OSError, MemoryError, CheckpointError)
"""A full disk, no memory, a checkpoint that cannot be kept: they end the benchmark, which goes on when begun again."""
T = TypeVar("T")
_logger = logging.getLogger(__name__)


def attempt(work: Callable[[], T]) -> T | Exception:
    """What `work` returns, or the exception that it raised.

    Any exception, also one of a class of the contestant's own, so that one contestant never ends the comparison of the
    others. Ctrl-C and `OF_THE_MACHINE` go on up.

    Example:
        >>> attempt(lambda: 1 / 2), attempt(lambda: 1 / 0)
        (0.5, ZeroDivisionError('division by zero'))
    """
    try:
        return work()
    except OF_THE_MACHINE:
        raise
    except Exception as error:  # noqa: BLE001  (this is the boundary)
        return error


def attempt_in(folder: Path, work: Callable[[], T]) -> T | Exception:
    """`attempt` with a folder for checkpoints, which is emptied once where what lies there cannot be continued.

    Args:
        folder: made when it is not there.
        work: a fit that continues from it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    try:
        return attempt(work)
    except StaleCheckpointError as error:
        _logger.warning("%s It is removed, and the fit begins anew.", error)
        shutil.rmtree(folder)
        folder.mkdir()
        return attempt(work)
