"""The cells of jobs, run by several processes of this machine: the claims of the store share out the work."""

from __future__ import annotations

import importlib
import logging
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from qml.base.errors import QmlError
from qml.base.orphans import end_with_parent
from qml.base.ranks import environment
from qml.base.threads import available_cores

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess

    from qml.estimators.jobs import BenchmarkJob

THREADS = ("QML_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
POLL_SECONDS = 0.5
FAILED, INTERRUPTED = 1, 130
FORMAT = "[%(asctime)s][%(name)s][%(levelname)s] - %(message)s"
_logger = logging.getLogger(__name__)


class WorkerError(QmlError, RuntimeError):
    """A process that ran cells came to a bad end; the finished cells are kept."""


def run_side_by_side(
    jobs: Sequence[BenchmarkJob], workers: int, command: Sequence[str], watch: Callable[[], None]
) -> None:
    """Run the cells of `jobs` in `workers` processes and return when none is left to begin.

    Each process goes through all cells in the same order and leaves out what is finished or held by another, so one
    that dies costs the others nothing, and its cell is taken up again. Processes are started anew (`spawn`), each
    with its share of the cores; they end with this one, whatever ends it.

    Args:
        jobs: one after another.
        workers: processes.
        command: words that run this again, kept with each cell.
        watch: called some times a second while they run.

    Raises:
        WorkerError: a process failed, or was killed.
        KeyboardInterrupt: interrupted; every fit under way has saved its checkpoint.
    """
    import multiprocessing

    context = multiprocessing.get_context("spawn")
    level = logging.getLogger("qml").getEffectiveLevel()
    with _share_of_cores(workers):
        started = [
            context.Process(target=_work, args=(tuple(jobs), tuple(command), level), name=f"worker {number + 1}")
            for number in range(workers)
        ]
        for process in started:
            process.start()
    try:
        while any(process.is_alive() for process in started):
            _wait(started)
            watch()
    finally:
        for process in started:  # of an interrupted job: each saves what it is at, and ends
            if process.is_alive():
                process.terminate()
            process.join()
    _check([(process.name, process.exitcode or 0) for process in started], workers)


def _wait(started: Sequence[BaseProcess]) -> None:
    """Some time, or until one of the processes ends."""
    from multiprocessing.connection import wait

    wait([process.sentinel for process in started if process.is_alive()], timeout=POLL_SECONDS)
    time.sleep(0.01)  # after an end the others may run on for long


def _check(ends: Sequence[tuple[str, int]], workers: int) -> None:
    """Raise where a process did not end well."""
    if any(status == INTERRUPTED for _, status in ends):
        raise KeyboardInterrupt("interrupted; start again to continue")
    for name, status in ends:
        if status < 0:
            raise WorkerError(
                f"{name} of {workers} was ended by signal {-status} (9 is often a lack of memory). The finished cells "
                f"are kept; start the same command again, with fewer workers where memory is short."
            )
        if status:
            raise WorkerError(
                f"{name} of {workers} ended with status {status}; what it said stands above. The finished cells are "
                f"kept; when the cause is gone, start the same command again."
            )


@contextmanager
def _share_of_cores(workers: int) -> Iterator[None]:
    """While it lasts, processes that are started have a fair share of the cores as their number of threads."""
    with environment(dict.fromkeys(THREADS, str(max(1, available_cores() // workers)))):
        yield


def _work(jobs: tuple[BenchmarkJob, ...], command: tuple[str, ...], level: int) -> None:
    """What one process does."""
    from qml.learn.interrupt import end_on_terminate

    end_with_parent()
    end_on_terminate()
    logging.basicConfig(level=logging.WARNING, format=FORMAT)
    logging.getLogger("qml").setLevel(level)
    try:
        for job in jobs:
            for plugin in job.plugins:
                importlib.import_module(plugin)
        for job in jobs:
            job.run_cells(job.planned(progress=False), shown=False, command=command, counted=False)
    except QmlError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        sys.exit(FAILED)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
