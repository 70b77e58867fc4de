"""Locks and threads that a forked child must not inherit from its parent."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from types import MethodType
from weakref import WeakKeyDictionary

_functions: list[Callable[[], None]] = []
_methods: WeakKeyDictionary[object, Callable[[object], None]] = WeakKeyDictionary()


def fresh_in_children(reset: Callable[[], None]) -> None:
    """Call `reset` now, and again in every child that this process forks.

    A lock that another thread holds at the moment of a fork stays closed for ever in the child, and threads are
    not copied at all. An object whose method this is, one an object, is not kept alive by it.

    Example:
        >>> calls = []
        >>> fresh_in_children(lambda calls=calls: calls.append("reset"))
        >>> calls
        ['reset']
    """
    reset()
    if isinstance(reset, MethodType):
        _methods[reset.__self__] = reset.__func__
    else:
        _functions.append(reset)


def forks_wait_for(take: Callable[[], object], give_back: Callable[[], object]) -> None:
    """Let a fork wait while another thread holds a lock that is not ours to make anew in the child.

    Args:
        take: takes the lock, which must be one that its holder may take again; called before a fork.
        give_back: called behind it, in parent and child.

    Example:
        >>> import threading
        >>> lock = threading.RLock()
        >>> forks_wait_for(lock.acquire, lock.release)
    """
    if sys.platform != "win32":
        os.register_at_fork(before=take, after_in_parent=give_back, after_in_child=give_back)


def _reset_all() -> None:
    for function in _functions:
        function()
    for owner, method in list(_methods.items()):
        method(owner)


if sys.platform != "win32":
    os.register_at_fork(after_in_child=_reset_all)
