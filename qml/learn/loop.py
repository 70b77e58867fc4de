"""The training loop: a function that calls a Source, a Step and hooks, and knows of nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from qml.base.errors import DataError
from qml.base.seeds import derive
from qml.data.source import Source
from qml.learn.abilities import RankedStep, ranked, shard_of
from qml.learn.counters import Clock, Counters, exhausted
from qml.learn.diverged import check_finite
from qml.learn.fit import Budget
from qml.learn.hooks import Hook, Run
from qml.learn.interrupt import Interrupt, listening
from qml.learn.step import Step

Validate = Callable[[Any, Counters], Mapping[str, float]]


@dataclass(frozen=True)
class Course:
    """How a run goes over its source.

    Args:
        source: gives the batches of "train".
        budget: what the run may spend.
        batch_size: rows of a batch.
        seed: decides the order of the rows in each pass.
        validate: `(state, counters) -> scores` of the validation split, called after each pass; it keeps track of
            the best one in `counters`. None where there is no such split.
    """

    source: Source
    budget: Budget
    batch_size: int
    seed: int
    validate: Validate | None = None


def train(step: Step, run: Run, course: Course, hooks: Sequence[Hook] = ()) -> str:
    """Update `run` until a bound of the budget is reached, and say which one, or "interrupted".

    The run may stand anywhere, also amid a pass: the loop continues at the very next batch. After each pass, and
    where "steps", "cpu_s" or "converged" ends the run amid one, the split "validation" is scored and records are
    written.

    Args:
        step: how a state is updated.
        run: where the run stands; its state and counters are kept up to date, also when an error is raised.
        course: source, budget, batch size and seed.
        hooks: called in order after each update and each pass.

    Returns:
        "epochs", "steps", "cpu_s", "patience", "converged" or "interrupted".

    Raises:
        DivergedError: a loss or gradient is NaN or infinite.
    """
    clock = Clock(run.counters)
    with listening() as interrupt:
        try:
            for hook in hooks:
                hook.on_start(run)
            why_stop = _watch(step, run, course, interrupt)
            while (stopped := why_stop()) is None:
                _one_pass(step, run, course, hooks, clock, why_stop)
            if stopped in ("steps", "cpu_s", "converged") and run.counters.evaluated != run.counters.steps:
                _end_pass(run, course, hooks, clock, whole=False)
        finally:
            for hook in hooks:
                hook.on_end(run)
    return stopped


def _one_pass(
    step: Step, run: Run, course: Course, hooks: Sequence[Hook], clock: Clock, why_stop: Callable[[], str | None]
) -> None:
    """The rest of the pass that the cursor stands in, up to its validation or to a bound of the budget."""
    counters = run.counters
    batches = course.source.batches(
        "train",
        course.batch_size,
        derive(course.seed, "batches"),
        epoch=counters.epoch,
        start=counters.batch,
        shard=shard_of(step, run.state),
    )
    for batch in batches:
        if why_stop() is not None:
            return
        run.state, info = step.update(run.state, batch)
        check_finite(info, counters.steps, batch.rows, counters.records)
        counters.add(int(info.get("rows", len(batch))), info)
        if course.budget.plateau is not None:
            counters.remember(info["loss"], course.budget.plateau.memory)
        clock.tick(counters)
        for hook in hooks:
            hook.on_step(run, info)
    if counters.batch == 0:
        raise DataError(
            f"A pass over 'train' of {course.source.schema.name!r} gave no batch. Check that the split holds rows."
        )
    _end_pass(run, course, hooks, clock, whole=True)


def _end_pass(run: Run, course: Course, hooks: Sequence[Hook], clock: Clock, *, whole: bool) -> None:
    """Score the validation split, write the records of the pass, and begin the next one where this one is whole."""
    counters = run.counters
    epoch = counters.epoch + (1.0 if whole else _share_done(course, counters))
    scores = course.validate(run.state, counters) if course.validate else {}
    counters.evaluated = counters.steps
    if counters.best_steps == counters.steps:
        counters.best_epoch = epoch
    clock.tick(counters)
    new = counters.record("train", counters.means(), epoch) + counters.record("validation", scores, epoch)
    if whole:
        counters.end_pass()
    for hook in hooks:
        hook.on_epoch(run, new)


def _share_done(course: Course, counters: Counters) -> float:
    """Share of the pass under way that is done; 0 for a stream, whose length is not known."""
    per_pass = batches_per_pass(course.source, course.batch_size)
    return counters.batch / per_pass if per_pass else 0.0


def batches_per_pass(source: Source, batch_size: int) -> int | None:
    """Batches in one pass over "train"; None for a stream."""
    rows = source.schema.sizes.get("train")
    return None if rows is None else -(-rows // batch_size)


def _watch(step: Step, run: Run, course: Course, interrupt: Interrupt) -> Callable[[], str | None]:
    """A function that gives the reason to stop now, or None."""
    others = ranked(step, run.state)
    if others is not None:
        return _watch_together(others, run, course.budget, interrupt)

    def why_stop() -> str | None:
        return "interrupted" if interrupt.pressed else exhausted(course.budget, run.counters)

    return why_stop


def _watch_together(step: RankedStep, run: Run, budget: Budget, interrupt: Interrupt) -> Callable[[], str | None]:
    """The same for processes that train together, which stop at the same update for the same reason.

    What they count in common (updates, passes, scores) tells each of them the same. What one alone may meet, Ctrl-C or
    its CPU seconds, it tells with its next update, at no exchange of its own, and all stop after that update.
    """
    common = replace(budget, cpu_s=None)

    def why_stop() -> str | None:
        if (heard := step.heard(run.state)) is not None:
            return heard
        reason = exhausted(common, run.counters)
        if reason is not None:
            return "interrupted" if step.agree(run.state, interrupt.pressed) else reason
        capped = budget.cpu_s is not None and run.counters.cpu_s >= budget.cpu_s
        step.tell(run.state, "interrupted" if interrupt.pressed else "cpu_s" if capped else None)
        return None

    return why_stop
