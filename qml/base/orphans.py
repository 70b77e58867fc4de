"""A process that ends with the one that it serves, whatever ends that one: a killed job leaves nobody behind."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

ORPHANED = 1  # exit status of a process whose parent has gone


def end_after(gone: Callable[[], object]) -> None:
    """From now on this process ends, at once and without any clean-up, when `gone()` returns.

    A thread of its own waits for that.

    Args:
        gone: returns when the process that this one serves has ended.

    Example:
        ```python
        end_after(process.join)
        ```
    """

    def follow() -> None:
        gone()
        os._exit(ORPHANED)

    threading.Thread(target=follow, name="ends with another process", daemon=True).start()


def end_with_parent() -> None:
    """From now on this process ends when the one that started it does, also where a server of processes stands between.

    For processes that `multiprocessing` started; does nothing in others.

    Example:
        ```python
        end_with_parent()  # first thing in the function that the process runs
        ```
    """
    from multiprocessing import parent_process

    parent = parent_process()
    if parent is not None:
        end_after(parent.join)
