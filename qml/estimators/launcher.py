"""The processes of this machine that train one model together, started and watched from the process that asked."""

from __future__ import annotations

import importlib
import logging
import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from qml.base.errors import LostRankError, QmlError
from qml.base.orphans import end_with_parent
from qml.base.ranks import Ranks, environment, ranks
from qml.base.threads import available_cores
from qml.estimators.side_by_side import FAILED, FORMAT, INTERRUPTED, THREADS

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess

    from qml.estimators.training import TrainJob

POLL_SECONDS = 0.5
TO_NOTICE_SECONDS = 15.0  # for the others to notice by themselves that one has gone
TO_SAVE_SECONDS = 60.0  # for a checkpoint under way


def run_ranks(job: TrainJob, progress: bool | None) -> None:
    """Run `job` in `job.devices` processes of this machine, and return when all have ended well.

    Processes are started anew (`spawn`) with their share of the cores, and end with this one, whatever ends it. The
    first of them writes, logs and shows the bar.

    Args:
        job: whose `devices` say how many.
        progress: a bar; None shows one in a terminal.

    Raises:
        QmlError: what one of them raised.
        LostRankError: one was killed.
        KeyboardInterrupt: interrupted; the checkpoint of the last update is kept.
    """
    import multiprocessing

    from qml.learn.torch_ranks import meeting_point

    context = multiprocessing.get_context("spawn")
    level = logging.getLogger("qml").getEffectiveLevel()
    said = context.SimpleQueue()
    share = dict.fromkeys(THREADS, str(max(1, available_cores() // job.devices)))
    started: list[BaseProcess] = []
    with meeting_point() as meeting:
        try:
            for rank in range(job.devices):
                process = context.Process(target=_work, args=(job, level, progress, said), name=f"process {rank + 1}")
                place = Ranks(rank, job.devices, rank, job.devices)
                with environment({**share, **meeting, **place.environ}):
                    process.start()
                started.append(process)
            errors = _watch(started, said)
        finally:
            _end(started)
        _check(started, errors + _heard(said))


def _watch(started: Sequence[BaseProcess], said: Any) -> list[Exception]:
    """Wait until all have ended, or for some time after the first one that failed; gives the errors they have sent.

    What a process sends is read at once: it ends only when all of it has gone through the pipe.
    """
    from multiprocessing.connection import wait

    deadline, errors = None, []
    while any(process.is_alive() for process in started):
        errors += _heard(said)
        wait([process.sentinel for process in started if process.is_alive()], timeout=POLL_SECONDS)
        if deadline is None and any(process.exitcode for process in started):
            deadline = time.monotonic() + TO_NOTICE_SECONDS
        if deadline is not None and time.monotonic() > deadline:
            break
    return errors


def _heard(said: Any) -> list[Exception]:
    """The errors that lie in the pipe."""
    errors = []
    while not said.empty():
        errors.append(said.get())
    return errors


def _end(started: Sequence[BaseProcess]) -> None:
    """End those that still run: each saves what it is at, or is killed where it does not come to it."""
    for process in started:
        if process.is_alive():
            process.terminate()
    deadline = time.monotonic() + TO_SAVE_SECONDS
    for process in started:
        process.join(max(0.0, deadline - time.monotonic()))
        if process.is_alive():
            process.kill()
            process.join()


def _check(started: Sequence[BaseProcess], errors: Sequence[Exception]) -> None:
    """Raise what one of the processes raised; where none had the time to, say which one has gone."""
    telling = [error for error in errors if not isinstance(error, LostRankError)]
    if telling:
        raise telling[0]
    ends = {process.name: process.exitcode or 0 for process in started}
    if INTERRUPTED in ends.values():
        raise KeyboardInterrupt("interrupted; start again to continue")
    for name, status in sorted(ends.items(), key=lambda end: end[1]):  # signals are negative, and the cause
        if status:
            how = f"was ended by signal {-status} (9 is often a lack of memory)" if status < 0 else "failed"
            raise LostRankError(
                f"{name} of {len(started)}, which train one model together, {how}"
                + ("" if status < 0 else f" with status {status}; what it said stands above")
                + ". Start the same command again: the run continues from its last checkpoint."
            )


def _work(job: TrainJob, level: int, progress: bool | None, said: Any) -> None:
    """What one process does."""
    from qml.learn.interrupt import end_on_terminate

    end_with_parent()
    end_on_terminate()
    is_first = ranks().is_first
    logging.basicConfig(level=logging.WARNING, format=FORMAT)
    logging.getLogger("qml").setLevel(level if is_first else logging.ERROR)
    try:
        for plugin in job.plugins:
            importlib.import_module(plugin)
        job.run(progress if is_first else False)
    except (QmlError, OSError) as error:
        said.put(error)
        sys.exit(FAILED)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
