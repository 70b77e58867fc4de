"""How long to wait before asking a machine again: longer each time, never in step with others."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, field

GROWTH = 1.6
SPREAD = (0.7, 1.0)


@dataclass
class Pace:
    """Waits that grow from `first_s` to `cap_s`, and end at a moment.

    Args:
        first_s: of the first wait, in seconds.
        cap_s: of the longest.
        deadline: on `time.monotonic`.

    Example:
        >>> pace = Pace(0.1, 1.0, time.monotonic() + 60)
        >>> 0.07 <= pace.next_s() <= 0.1, pace.next_s(after_s=5) >= 5, pace.is_over
        (True, True, False)
    """

    first_s: float
    cap_s: float
    deadline: float
    asked: int = field(default=0)

    @property
    def is_over(self) -> bool:
        """Whether the moment has come."""
        return time.monotonic() >= self.deadline

    def next_s(self, after_s: float | None = None) -> float:
        """The next wait: never less than the machine asks for with `after_s`."""
        wait = min(self.cap_s, self.first_s * GROWTH**self.asked) * random.uniform(*SPREAD)
        self.asked += 1
        return wait if after_s is None else max(wait, after_s * random.uniform(1.0, 1.1))

    def wait(self, after_s: float | None = None) -> None:
        """Wait, at most until the moment."""
        time.sleep(max(0.0, min(self.next_s(after_s), self.deadline - time.monotonic())))
