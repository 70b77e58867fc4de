"""What watches a run: hooks see where it stands after each update and each pass, and change nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qml.learn.counters import Counters
from qml.learn.record import Record


@dataclass
class Run:
    """A run as its hooks see it.

    Args:
        state: the Step's state now.
        counters: where the run stands; already continued from a checkpoint when hooks start.
        total_steps: updates that the budget allows; None where it cannot be known.
        folder: where logs go; None keeps everything in memory.
        rank: this process among those that train together; logs are written by rank 0.
    """

    state: Any
    counters: Counters
    total_steps: int | None = None
    folder: Path | None = None
    rank: int = 0


class Hook:
    """Base of hooks: each method does nothing until a subclass says otherwise.

    Example:
        >>> class Losses(Hook):
        ...     def __init__(self):
        ...         self.seen = []
        ...
        ...     def on_step(self, run, info):
        ...         self.seen.append(info["loss"])
    """

    def on_start(self, run: Run) -> None:
        """Before the first update, or before the first one after a resume."""

    def on_step(self, run: Run, info: Mapping[str, float]) -> None:
        """After each update; `info` holds "loss", gradient norms by part, and what the task logs."""

    def on_epoch(self, run: Run, records: Sequence[Record]) -> None:
        """After each pass and its validation; `records` are the new ones."""

    def on_end(self, run: Run) -> None:
        """After the last update, also when the run ends by an error."""


class EachStep(Hook):
    """A plain function `(run, info) -> None` as a hook that is called after each update."""

    def __init__(self, function: Callable[[Run, Mapping[str, float]], None]):
        self.function = function

    def on_step(self, run: Run, info: Mapping[str, float]) -> None:
        """Call the function."""
        self.function(run, info)


HookLike = Hook | Callable[[Run, Mapping[str, float]], None]


def as_hooks(hooks: Sequence[HookLike]) -> tuple[Hook, ...]:
    """Each member as a Hook; a plain function becomes one that is called after each update."""
    return tuple(hook if isinstance(hook, Hook) else EachStep(hook) for hook in hooks)
