"""Stopping a request: what was never sent is given back, what was sent is cancelled at the machine."""

from __future__ import annotations

import time

from qml.backends.jobs import book
from qml.backends.jobs.call import Call
from qml.backends.jobs.claiming import is_taken, let_go, take
from qml.backends.jobs.database import writing
from qml.backends.jobs.packing import cost_from
from qml.backends.jobs.safely import Safely
from qml.backends.jobs.submitting import own, searched
from qml.backends.jobs.waiting import wait
from qml.backends.remote import ENDED_BADLY
from qml.base.errors import JobError

OPEN = ("prepared", "submitting", "submitted")


def stop(call: Call) -> None:
    """Cancel the jobs of a request that have not ended; one that ended meanwhile keeps its result.

    Args:
        call: of a request that is in the store.

    Raises:
        JobError: another process works on it.
        PendingJobError: the machine has not said in time that a job has ended; asking again continues.
    """
    with writing(call.database):
        if is_taken(call):
            raise JobError(f"Request {call.key} is worked on by another process; end that one first.")
        take(call)
    try:
        for job in call.jobs:
            if job["state"] in OPEN:
                _stop_job(call, job["key"])
    finally:
        let_go(call)


def _stop_job(call: Call, key: str) -> None:
    job = book.job_of(call.database, key)
    if job["remote"] is None and job["doubtful"] and (found := searched(call, job)):
        own(call, job, *found)
        job = book.job_of(call.database, key)
    if job["remote"] is None:
        with writing(call.database):
            book.mark(call.database, key, state="cancelled", finished=time.time(), error="cancelled before it was sent")
            book.release(call.database, key, cost_from(job["estimate"]))
        return
    with Safely():
        call.remote.cancel(job["remote"])
    try:
        wait(call, key)
    except JobError:
        if book.job_of(call.database, key)["state"] not in ENDED_BADLY:
            raise
