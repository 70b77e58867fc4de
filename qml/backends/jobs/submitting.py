"""A job that is written down is sent to its machine, exactly once."""

from __future__ import annotations

import json
import logging
import sqlite3
import time

from qml.backends.jobs import book, searching
from qml.backends.jobs.call import Call
from qml.backends.jobs.claiming import is_mine
from qml.backends.jobs.database import writing
from qml.backends.jobs.packing import cost_from
from qml.backends.jobs.safely import Safely
from qml.backends.jobs.waiting import drop
from qml.backends.remote import AmbiguousSubmitError, TransientError
from qml.base.errors import JobError, QmlError
from qml.base.redacting import redacted

_log = logging.getLogger(__name__)
LOOK_FIRST_S, LOOK_CAP_S = 0.05, 3.0


def submit(call: Call, key: str) -> None:
    """Have the machine own the job: look for it where it may have been sent, else send it.

    Args:
        call: that works on its request.
        key: of the job.

    Raises:
        PendingJobError: nobody knows yet whether it was accepted, or it was not; it is kept.
        QmlError: the machine does not take it; what was reserved is given back.
    """
    pace, sent = call.pace(), 0
    while (job := book.job_of(call.database, key))["remote"] is None:
        call.beat()
        if job["doubtful"] and (found := searched(call, job)):
            own(call, job, *searching.furthest(call.remote, found))
            break
        if sent >= call.how.posts:
            raise call.pending("was sent without a clear answer", job)
        after_s = _post(call, job)
        sent += after_s is None
        if after_s is not None:
            if pace.is_over:
                raise call.pending("was not accepted", book.job_of(call.database, key))
            pace.wait(after_s or None)
    job = book.job_of(call.database, key)
    if not job["looked"]:
        searching.drop_others(call.remote, call.database, job)
        call.how.at("looked")


def _post(call: Call, job: sqlite3.Row) -> float | None:
    """Send it once; None where the answer was clear or is to be looked for, else how long to wait."""
    before = {name: job[name] for name in ("state", "doubtful", "posted")}
    posted = {"state": "submitting", "doubtful": 1, "posted": time.time()}
    with writing(call.database):
        if not is_mine(call):  # this process stood still for so long that another one has taken over
            raise call.pending("was taken over by another process", job)
        book.mark(call.database, job["key"], **posted, posts=job["posts"] + 1)
    call.how.at("submitting")
    try:
        with Safely():
            name = call.remote.submit(call.request(job), job["tag"])
    except TransientError as error:
        book.mark(call.database, job["key"], **before, error=redacted(str(error)))
        return error.after_s or 0.0
    except AmbiguousSubmitError as error:
        _log.warning("%s: %s It is looked for before it is sent again.", call.name(job), redacted(str(error)))
        # a member may have prepared for long before it sent: the list may lag from now on
        book.mark(call.database, job["key"], posted=time.time(), error=redacted(str(error)))
        return None
    except QmlError as error:
        _refused(call, job, before, error)
        raise
    call.how.at("accepted")
    own(call, job, name)
    return None


def own(call: Call, job: sqlite3.Row, name: str, *others: str) -> None:
    """Write the machine's name of the job, and those of its duplicates.

    Where another process that took over has sent it meanwhile, its name stays, and this one is a duplicate.
    """
    late: tuple[str, ...] = ()
    with writing(call.database):
        now = book.job_of(call.database, job["key"])
        if now["remote"] is None:
            fields = {"state": "submitted", "remote": name, "others": json.dumps([*others])}
            book.mark(call.database, job["key"], **fields, submitted=time.time(), error=None)
        else:
            known = [now["remote"], *json.loads(now["others"])]
            late = tuple(one for one in (name, *others) if one not in known)
            book.mark(call.database, job["key"], others=json.dumps([*known[1:], *late]))
    for one in late:
        _log.warning("%s was sent by two processes; %s is cancelled", call.name(now), one)
        drop(call, now, one)
    call.how.at("recorded")


def _refused(call: Call, job: sqlite3.Row, before: dict[str, object], error: QmlError) -> None:
    """Give back what was reserved for a job that the machine did not take."""
    failed = {"state": "failed", "finished": time.time()} if isinstance(error, JobError) else before
    with writing(call.database):
        book.mark(call.database, job["key"], **failed, error=redacted(str(error)))
        book.release(call.database, job["key"], cost_from(job["estimate"]))


def searched(call: Call, job: sqlite3.Row) -> tuple[str, ...]:
    """Names of jobs with its tag, looked for until a list that lags would show them.

    Raises:
        PendingJobError: the deadline came first.
    """
    pace = call.pace(LOOK_FIRST_S, LOOK_CAP_S)
    found = searching.searched(call.remote, job, call.how.grace_s, pace, call.beat)
    if found is None:
        raise call.pending("could not be looked for in time", job)
    return found
