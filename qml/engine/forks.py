"""Locks and threads that a forked child must not inherit from its parent."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable


def fresh_in_children(reset: Callable[[], None]) -> None:
    """Call `reset` now, and again in every child that this process forks.

    A lock that another thread holds at the moment of a fork stays closed for ever in the child, and threads are
    not copied at all.

    Example:
        >>> calls = []
        >>> fresh_in_children(lambda: calls.append("reset"))
        >>> calls
        ['reset']
    """
    reset()
    if sys.platform != "win32":
        os.register_at_fork(after_in_child=reset)
