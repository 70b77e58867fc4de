"""Steps as text: errors against the exact answer, what was asked of the machine, and what it took."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.backends.step import Step, Took
from benchmarks.backends.task import Answer

HEAD = (
    f"{'route':46}{'values':>9}{'d/dinput':>9}{'d/dweight':>10}{'circuits':>9}{'shots':>11}{'transp.':>9}{'jobs':>6}"
    f"{'CPU s':>9}{'wall s':>9}{'next CPU':>10}{'next wall':>10}"
)


def table(title: str, steps: Sequence[Step], exact: Answer) -> str:
    """A line a route; errors are root mean squares against exact values without noise."""
    return "\n".join([title, HEAD, *(_line(step, exact) for step in steps), ""])


def _line(step: Step, exact: Answer) -> str:
    if step.answer is None or step.first is None:
        return f"{step.name[:45]:46}{step.reason}"
    errors = "".join(f"{error:>{width}.1e}" for error, width in zip(step.answer.errors(exact), (9, 9, 10), strict=True))
    took = step.first
    asked = (
        f"{_count(took.circuits):>9}{_count(took.executions):>11}{_count(took.transpilations):>9}{_count(took.jobs):>6}"
    )
    return f"{step.name[:45]:46}{errors}{asked}{_seconds(step.first)}{_seconds(step.again, 10)}"


def _count(number: int | None) -> str:
    return "-" if number is None else f"{number:,}"


def _seconds(took: Took | None, width: int = 9) -> str:
    if took is None:
        return f"{'-':>{width}}{'-':>{width}}"
    return f"{took.cpu_s:>{width}.3f}{took.wall_s:>{width}.3f}"
