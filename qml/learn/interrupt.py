"""Ctrl-C as a flag: the update under way ends, the run is saved, and a usable model comes back."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import Any

from qml.base.ranks import ranks

PASSED_ON_SECONDS = 5.0  # within which a launcher passes a signal on


class Interrupt:
    """Whether Ctrl-C was pressed."""

    def __init__(self) -> None:
        self.pressed = False
        self.last = 0.0  # the moment of the last signal

    def press(self, patience: float) -> bool:
        """Note a signal; whether it is the same one again, or a first one, rather than a second one."""
        before, self.last = self.last, time.monotonic()
        again = self.pressed and self.last - before > patience
        self.pressed = True
        return not again


def end_on_terminate() -> None:
    """From now on SIGTERM ends this process as Ctrl-C does: a fit under way saves its state first.

    For entry points. A notebook or a service keeps its own way of ending; outside the main thread, where Python
    delivers no signal, nothing changes.

    Example:
        ```python
        end_on_terminate()  # kill PID, or scancel: the checkpoint is of the last update, not of half a minute ago
        ```
    """
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _end)


def _end(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt("SIGTERM")


@contextmanager
def listening() -> Iterator[Interrupt]:
    """While it lasts, a first Ctrl-C sets the flag and a second one raises KeyboardInterrupt as usual.

    SIGTERM does the same where `end_on_terminate` was called, and is left alone elsewhere. Outside the main thread,
    where Python delivers no signal, the flag stays unset. Processes that train together get a signal from the terminal
    or the queue and from their launcher too: there one that comes soon again is the same one.
    """
    interrupt = Interrupt()
    patience = PASSED_ON_SECONDS if ranks().world > 1 else 0.0
    if threading.current_thread() is not threading.main_thread():
        yield interrupt
        return

    def press(number: int, frame: FrameType | None) -> None:
        if not interrupt.press(patience):
            raise KeyboardInterrupt

    heard = [signal.SIGINT, *([signal.SIGTERM] if signal.getsignal(signal.SIGTERM) is _end else [])]
    previous = {number: signal.signal(number, press) for number in heard}
    try:
        yield interrupt
    finally:
        _restore(previous)


@contextmanager
def unbroken() -> Iterator[None]:
    """While it lasts, Ctrl-C and a SIGTERM that somebody listens to wait; they count when the block has ended well.

    For what must be whole on disk. Outside the main thread, where Python delivers no signal, nothing changes.

    Example:
        >>> with unbroken():
        ...     saved = True
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    waiting: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        waiting.append(number)

    heard = [number for number in (signal.SIGINT, signal.SIGTERM) if callable(signal.getsignal(number))]
    previous = {number: signal.signal(number, note) for number in heard}
    try:
        yield
    finally:
        _restore(previous)
    for number in waiting:
        signal.raise_signal(number)


def _restore(previous: Mapping[signal.Signals, Any]) -> None:
    """Give each signal back to who listened before."""
    for number, handler in previous.items():
        signal.signal(number, signal.SIG_DFL if handler is None else handler)
