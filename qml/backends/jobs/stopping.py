"""Stopping a request: what was never sent is given back, what was sent is cancelled at the machine."""

from __future__ import annotations

import time

from qml.backends.jobs import book
from qml.backends.jobs.database import writing
from qml.backends.jobs.packing import cost_from
from qml.backends.jobs.runner import ENDED_BADLY, Runner
from qml.backends.jobs.safely import Safely
from qml.base.errors import JobError

OPEN = ("prepared", "submitting", "submitted")


def stop(runner: Runner) -> None:
    """Cancel the jobs of a request that have not ended; one that ended meanwhile keeps its result.

    Args:
        runner: of a request that is in the store.

    Raises:
        JobError: another process works on it.
        PendingJobError: the machine has not said in time that a job has ended; asking again continues.
    """
    with writing(runner.database):
        if runner.is_taken():
            raise JobError(f"Request {runner.key} is worked on by another process; end that one first.")
        runner.take()
    try:
        for job in book.jobs_of(runner.database, runner.key):
            if job["state"] in OPEN:
                _stop_job(runner, job["key"])
    finally:
        runner.let_go()


def _stop_job(runner: Runner, key: str) -> None:
    job = book.job_of(runner.database, key)
    if job["remote"] is None and job["doubtful"] and (found := runner.searched(job)):
        runner.own(job, *found)
        job = book.job_of(runner.database, key)
    if job["remote"] is None:
        with writing(runner.database):
            book.mark(
                runner.database, key, state="cancelled", finished=time.time(), error="cancelled before it was sent"
            )
            book.release(runner.database, key, cost_from(job["estimate"]))
        return
    with Safely():
        runner.remote.cancel(job["remote"])
    try:
        runner.wait(key)
    except JobError:
        if book.job_of(runner.database, key)["state"] not in ENDED_BADLY:
            raise
