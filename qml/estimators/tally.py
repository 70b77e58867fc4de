"""How far a benchmark has come: a bar where someone looks, a line in the log now and then elsewhere."""

from __future__ import annotations

import logging
import time
from types import TracebackType

SECONDS_BETWEEN_LINES = 60.0
_logger = logging.getLogger(__name__)


class Tally:
    """Counts cells of a benchmark while it is entered.

    Args:
        total: cells in all.
        done: those that were finished before.
        title: what they belong to.
        shown: a bar; False writes a line in the log once a minute, with the time that is left if the cells that are
            missing take as long as those that were run.

    Example:
        >>> with Tally(10, done=4, title="digits", shown=False) as tally:
        ...     tally.reach(6)
        ...     print(tally.line(seconds=120.0))
        digits: 6 of 10 cells, 2 min so far, about 4 min left
    """

    def __init__(self, total: int, *, done: int = 0, title: str, shown: bool):
        from tqdm.auto import tqdm

        self._total, self._before, self._done, self._title, self._shown = total, done, done, title, shown
        self._bar = tqdm(total=total, initial=done, desc=title, unit="cell", disable=not shown)
        self._started = self._told = time.monotonic()

    def __enter__(self) -> Tally:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None):
        self._bar.close()

    def say(self, text: str) -> None:
        """A line above the bar, or in the log."""
        if self._shown:
            self._bar.write(text)
        else:
            _logger.info(text)

    def reach(self, done: int) -> None:
        """So many of all cells are done now."""
        self._bar.update(done - self._done)
        self._done = done
        now = time.monotonic()
        if not self._shown and now - self._told >= SECONDS_BETWEEN_LINES:
            self._told = now
            _logger.info(self.line(now - self._started))

    def line(self, seconds: float) -> str:
        """What is told after `seconds`."""
        ran, left = self._done - self._before, self._total - self._done
        rest = f", about {_minutes(seconds / ran * left)} left" if ran else ""
        return f"{self._title}: {self._done} of {self._total} cells, {_minutes(seconds)} so far{rest}"


def _minutes(seconds: float) -> str:
    """A duration in words."""
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"
