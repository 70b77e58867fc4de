"""What a job on a machine says in the log, for those who see no bar: phases, jobs, and that it still waits."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from qml.backends.assembling import with_machine
from qml.backends.executor import Executor
from qml.backends.jobs import StoredBackend
from qml.base.errors import QmlError
from qml.base.words import plural

SECONDS_BETWEEN_LINES = 60.0
SECONDS_BETWEEN_PLACES = 1.0
TOLD = {"recorded": "a job was submitted; waiting for it to end", "done": "a job has ended; what it brought is fetched"}
"""Steps of a job store that are told -> in which words."""
_logger = logging.getLogger(__name__)


@contextmanager
def phase(text: str, *, every_s: float | None = None) -> Iterator[None]:
    """Say that work begins, now and then that it goes on, and how long it took once it has ended well.

    Args:
        text: what is done, such as "training".
        every_s: seconds between two lines meanwhile; None takes `SECONDS_BETWEEN_LINES`.

    Example:
        >>> with phase("counting"):
        ...     sum(range(3))
        3
    """
    begun, ended = time.monotonic(), threading.Event()
    each = SECONDS_BETWEEN_LINES if every_s is None else every_s

    def beat() -> None:
        while not ended.wait(each):
            _logger.info("%s: at it for %.0f s", text, time.monotonic() - begun)

    _logger.info("%s ...", text)
    beside = threading.Thread(target=beat, daemon=True)
    beside.start()
    try:
        yield
    finally:
        ended.set()
        beside.join()
    _logger.info("%s: %.1f s", text, time.monotonic() - begun)


def places(size: int, n_rows: int) -> Iterator[tuple[int, str]]:
    """First rows of what goes out together, and what is said of it: nothing where the last line is fresh.

    Example:
        >>> list(places(256, 359))
        [(0, 'rows 1 to 256 of 359, 1 of 2'), (256, 'rows 257 to 359 of 359, 2 of 2')]
    """
    last, total = -SECONDS_BETWEEN_PLACES, -(-n_rows // size)
    for place in range(total):
        start, now = place * size, time.monotonic()
        told = place in (0, total - 1) or now - last >= SECONDS_BETWEEN_PLACES
        last = now if told else last
        text = f"rows {start + 1} to {min(start + size, n_rows)} of {n_rows}, {place + 1} of {total}"
        yield start, text if told else ""


def telling(executor: Executor) -> Executor:
    """The same Executor; where its machine keeps jobs, it is said when one has been submitted and when one has ended.

    Args:
        executor: put together by `qml.backends.assembling.assembled`, and not watched yet.
    """

    def changed(machine: Any) -> Any:
        if not isinstance(machine, StoredBackend):
            return machine
        before = machine.at

        def at(step: str) -> None:
            if step in TOLD:
                _logger.info("%s: %s", machine.target.name, TOLD[step])
            before(step)

        return replace(machine, at=at)

    return with_machine(executor, changed)[0]


def tell_waiting(executor: Executor) -> None:
    """Say how many jobs go on at their machines when the work here ends early; nothing where there are none."""
    machine = with_machine(executor, lambda found: found)[1]
    try:
        number = machine.waiting() if isinstance(machine, StoredBackend) else 0
    except QmlError:  # what is to be told is that the work was interrupted
        return
    if number:
        _logger.warning(
            "not ended in %s: %s, which their machine goes on with; the same command fetches its own, and "
            "python -m experiments.jobs store=%s action=list|cancel shows or cancels them",
            machine.path,
            plural(number, "job"),
            machine.path,
        )


def tell_machine(executor: Executor) -> None:
    """Say for what machine circuits are transpiled; nothing of one that runs any gate."""
    machine = with_machine(executor, lambda found: found)[1]
    if machine is not None and machine.target.gate_set:
        _logger.info("the circuit is transpiled for %s, once", machine.target.name)
