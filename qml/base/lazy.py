"""Attributes that are computed once, without the lock that Python 3.11 holds for all objects of a class meanwhile."""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any, TypeVar

Value = TypeVar("Value")


class cached_property(functools.cached_property[Value]):
    """`functools.cached_property` as it is from Python 3.12 on.

    Before, one lock a class is held while a value is computed: a process that forks at that moment, as a DataLoader
    does beside a thread that trains, has children in which it is never opened. Without it, two threads may compute the
    same value at once, and the last one stays; so not for values whose identity matters.

    Args:
        function: computes the value from the object.

    Example:
        >>> class Circle:
        ...     radius = 2
        ...
        ...     @cached_property
        ...     def diameter(self):
        ...         return 2 * self.radius
        >>> Circle().diameter
        4
    """

    def __init__(self, function: Callable[[Any], Value]):
        super().__init__(function)
        self.lock = nullcontext()
