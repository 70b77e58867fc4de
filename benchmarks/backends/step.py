"""What one route gave and took."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.backends.task import Answer


@dataclass(frozen=True)
class Took:
    """What one step took and asked for: processor and wall seconds; executions are the shots of all circuits."""

    cpu_s: float
    wall_s: float
    circuits: int | None
    transpilations: int | None
    jobs: int | None
    executions: int | None = None


@dataclass(frozen=True)
class Step:
    """A route's first step and the next one, or why there is none.

    Args:
        name: of the route.
        answer: of the first step.
        first: with all that is done once for a circuit, such as transpiling it.
        again: of a second step; None where the first took too long.
        reason: why nothing was measured.
    """

    name: str
    answer: Answer | None = None
    first: Took | None = None
    again: Took | None = None
    reason: str = ""
