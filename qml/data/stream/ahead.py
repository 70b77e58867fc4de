"""The next window is read by one thread while the batches of this one are used."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def one_ahead(read: Callable[[int], T], numbers: range, done: Callable[[], None]) -> Iterator[T]:
    """`read(number)` of each number in turn, one read ahead of the one that is used.

    At most two results are alive: the one handed out and the next. Reading the one after it begins when the next is
    asked for.

    Args:
        read: runs in a thread of its own, which ends with the iterator.
        numbers: what to read.
        done: called in that thread when nothing more is read.

    Example:
        >>> list(one_ahead(lambda number: number * 10, range(3), lambda: None))
        [0, 10, 20]
    """
    pool = ThreadPoolExecutor(1, thread_name_prefix="qml-window")
    try:
        pending = [pool.submit(read, numbers[0])] if numbers else []
        for following in [*numbers[1:], None]:
            if not pending:
                return
            result = pending.pop().result()
            if following is not None:
                pending.append(pool.submit(read, following))
            yield result
            del result
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        done()
