"""The same work in several threads at once."""

import threading
from collections.abc import Callable


def at_once(work: Callable[[int], object], count: int, seconds: float = 100) -> None:
    """Run `work(0)` to `work(count - 1)`, each in a thread of its own; one that does not end in time is a failure."""
    threads = [threading.Thread(target=work, args=(number,), daemon=True) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(seconds)
        assert not thread.is_alive(), "a thread hangs"
