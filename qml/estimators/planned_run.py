"""The cells of one job or of several that share a store, run in one process or in many."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from qml.base.threads import available_cores
from qml.bench import Cell, Store
from qml.estimators.outcome import BenchmarkOutcome, Planned, outcome_of
from qml.estimators.tally import Tally

if TYPE_CHECKING:
    from qml.estimators.jobs import BenchmarkJob

_logger = logging.getLogger(__name__)


def run_planned(
    jobs: Sequence[BenchmarkJob], plans: Sequence[Planned], shown: bool, command: Sequence[str] = ()
) -> tuple[BenchmarkOutcome, ...]:
    """Run the cells of jobs that share a store, one job after another, in as many processes as they ask for.

    Args:
        jobs: with one store and one number of workers.
        plans: what each is about to run.
        shown: a bar.
        command: words that run this again, kept with each cell.

    Raises:
        WorkerError: one of several workers failed.
    """
    store, planned = Store(jobs[0].store), tuple(zip(jobs, plans, strict=True))
    due: list[list[Cell]] = []
    if jobs[0].workers > 1:
        due = [[cell for *_, cell in plan.cells if job.is_due(cell, store)] for job, plan in planned]
    if not any(due):
        ran = [job.run_cells(plan, shown=shown, command=command) for job, plan in planned]
    else:
        _in_workers(jobs, [cell for cells in due for cell in cells], store, shown, command)
        ran = [tuple(found for cell in cells if (found := store.find(cell)) is not None) for cells in due]
    return tuple(outcome_of(plan, found, store) for plan, found in zip(plans, ran, strict=True))


def _in_workers(
    jobs: Sequence[BenchmarkJob], due: Sequence[Cell], store: Store, shown: bool, command: Sequence[str]
) -> None:
    """Run the cells that are due in several processes, with one bar for all."""
    from qml.estimators.side_by_side import run_side_by_side

    for cell in due:
        if store.is_finished(cell):  # it failed, and is to be run again: once, not once by each worker
            with store.claim(cell) as mine:
                if mine:
                    store.discard(cell)
    asked, workers = jobs[0].workers, min(jobs[0].workers, len(due), available_cores())
    if workers < asked:
        cells = f"{len(due)} cells are due" if len(due) > 1 else "1 cell is due"
        _logger.warning(
            "workers=%d was asked for; %s and this machine has %d cores. Running %d.",
            asked,
            cells,
            available_cores(),
            workers,
        )
    once = [replace(job, retry_failed=False) for job in jobs]
    title = " and ".join(dict.fromkeys(job.protocol.name for job in jobs))
    with Tally(len(due), title=title, shown=shown) as tally:

        def watch() -> None:
            tally.reach(sum(store.path(cell).exists() for cell in due))

        run_side_by_side(once, workers, command, watch)
