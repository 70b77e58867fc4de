"""What a Task or a Step may offer beyond its protocol; a fit asks for each by `isinstance`."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol, runtime_checkable

import numpy as np

from qml.data.source import Source
from qml.learn.step import Step
from qml.learn.task import Task


@runtime_checkable
class PreparedTask(Protocol):
    """A Task that looks at the data once before training: checks labels, resolves "balanced"."""

    def prepared(self, source: Source) -> Task:
        """The same task with everything settled that depends on the training split.

        Raises:
            DataError: the splits hold labels or inputs that this task cannot learn from.
        """
        ...


@runtime_checkable
class ScheduledStep(Protocol):
    """A Step whose learning rate follows a plan over the whole run."""

    def scheduled(self, total_updates: int | None) -> Step:
        """The same step with its schedule stretched over `total_updates` (None: not known).

        Raises:
            ConfigError: the schedule needs the number of updates and it is not known.
        """
        ...


@runtime_checkable
class RankedStep(Protocol):
    """A Step that may be one of several processes that train one model together."""

    def shard(self, state: Any) -> tuple[int, int]:
        """`(rank, world)` of this process."""
        ...

    def tell(self, state: Any, reason: str | None) -> None:
        """Have the others hear with the next update why this process wants to stop: "interrupted", "cpu_s" or None."""
        ...

    def heard(self, state: Any) -> str | None:
        """Why any process wanted to stop at the last update; every process gets the same answer."""
        ...

    def agree(self, state: Any, flag: bool) -> bool:
        """Whether any process has raised its flag; none goes on before all have come here."""
        ...

    def gathered(self, state: Any, array: np.ndarray) -> np.ndarray:
        """Rows `(N, ...)` of all processes, one process after another, of the `(B, ...)` that each brings."""
        ...

    def of_the_first(self, state: Any, value: Any) -> Any:
        """`value` of the first process, at every process."""
        ...

    def align(self, state: Any) -> None:
        """Bring what an update does not keep equal, such as buffers, to that of the first process."""
        ...


@runtime_checkable
class ThreadedStep(Protocol):
    """A Step whose framework has threads of its own."""

    def threads(self, state: Any, rows: int, inputs: int) -> AbstractContextManager[None]:
        """While open, as many threads as batches of `rows` rows of `inputs` numbers are worth."""
        ...


@runtime_checkable
class TrainedStep(Protocol):
    """A Step that can hand out the trained object itself."""

    def trained(self, state: Any) -> Any:
        """The trained model, ready to predict: a torch module in evaluation mode, a JAX model with its parameters."""
        ...


def prepare_task(task: Task, source: Source) -> Task:
    """`task` after its look at `source`, or `task` itself when it needs none."""
    return task.prepared(source) if isinstance(task, PreparedTask) else task


def schedule_step(step: Step, total_updates: int | None) -> Step:
    """`step` with its schedule stretched over the run, or `step` itself when it has none."""
    return step.scheduled(total_updates) if isinstance(step, ScheduledStep) else step


def shard_of(step: Step, state: Any) -> tuple[int, int]:
    """`(rank, world)` of this process; `(0, 1)` for a step that knows no others."""
    return step.shard(state) if isinstance(step, RankedStep) else (0, 1)


def ranked(step: Step, state: Any) -> RankedStep | None:
    """`step` where it is one of several processes; None for one that is alone."""
    return step if isinstance(step, RankedStep) and step.shard(state)[1] > 1 else None


def of_the_first(step: Step, state: Any, value: Any) -> Any:
    """`value` of the first of several processes; of a process that is alone its own."""
    others = ranked(step, state)
    return value if others is None else others.of_the_first(state, value)


def meet(step: Step, state: Any) -> None:
    """Wait for the other processes, where there are any."""
    others = ranked(step, state)
    if others is not None:
        others.agree(state, False)


def threads_for(step: Step, state: Any, rows: int, inputs: int) -> AbstractContextManager[None]:
    """The threads that batches of `rows` rows of `inputs` numbers are worth; a step without threads is left alone."""
    return step.threads(state, rows, inputs) if isinstance(step, ThreadedStep) else nullcontext()


def trained_model(step: Step, state: Any) -> Any:
    """The trained object of `state`; the state itself for a step that offers none."""
    return step.trained(state) if isinstance(step, TrainedStep) else state
