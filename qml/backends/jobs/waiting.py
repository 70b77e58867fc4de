"""A job at its machine is followed to its end; what it brought is kept, and what it took is settled."""

from __future__ import annotations

import json
import logging
import sqlite3
import time

from qml.backends.backend import Outcome
from qml.backends.jobs import book, searching
from qml.backends.jobs.call import Call
from qml.backends.jobs.costs import settled, told, total
from qml.backends.jobs.database import writing
from qml.backends.jobs.packing import checked, cost_from, cost_text, outcome_bytes
from qml.backends.jobs.safely import Safely
from qml.backends.remote import ENDED, BillingBackend, Cost, Delivery, JobStatus, TransientError
from qml.base.errors import JobError
from qml.base.redacting import redacted

_log = logging.getLogger(__name__)


def wait(call: Call, key: str) -> None:
    """Follow the job to its end and keep what it brought.

    Args:
        call: that works on its request.
        key: of the job.

    Raises:
        PendingJobError: the deadline has passed.
        JobError: it failed, was cancelled, or brought what is no answer.
    """
    pace = call.pace()
    while True:
        job = book.job_of(call.database, key)
        call.beat()
        ended = None
        try:
            with Safely():
                status = call.remote.status(job["remote"])
                if status is JobStatus.DONE:
                    call.how.at("done")
                    _keep(call, job, call.remote.result(job["remote"], call.request(job)))
                    return
                ended = _ended(call, job, status) if status.ended else None
            after_s = None
        except TransientError as error:
            _log.info("%s: %s", call.name(job), redacted(str(error)))
            after_s = error.after_s
        except JobError as error:
            book.mark(call.database, key, error=redacted(str(error)))
            raise
        if ended is not None:
            raise ended
        if pace.is_over:
            raise call.pending("has not ended", job)
        pace.wait(after_s)


def _keep(call: Call, job: sqlite3.Row, delivery: Delivery) -> None:
    """Write the result and settle, in one transaction."""
    call.how.at("fetched")
    outcome = checked(delivery.outcome, call.request(job), call.name(job))
    if not job["looked"]:
        searching.drop_others(call.remote, call.database, job)
        job = book.job_of(call.database, job["key"])
    estimate = cost_from(job["estimate"])
    bill = settled(delivery.billed, estimate)
    bills = [bill, *_bills(call, job, estimate)]
    asked = call.asked
    with writing(call.database):
        if _is_settled(call, job):
            return
        taken = book.keep_calibration(call.database, delivery.calibration, asked.provider, asked.target.name)
        facts = {"key": job["key"], "tag": job["tag"], "remote": job["remote"], "provider": asked.provider}
        facts |= {"target": asked.target.name, "calibration": taken, "billed": told(bill)}
        finished = time.time()
        facts |= {"submitted": job["submitted"], "finished": finished}
        record = {**outcome.record, "jobs": [facts]}
        kept = outcome_bytes(Outcome(outcome.values_RK, outcome.variance_RK, outcome.counts, record))
        ended = {"state": "done", "finished": finished, "error": None}
        book.mark(call.database, job["key"], **ended, result=kept, calibration=taken, billed=cost_text(total(bills)))
        book.settle(call.database, job["key"], estimate, bills)


def _ended(call: Call, job: sqlite3.Row, status: JobStatus) -> JobError:
    """Write down that a job ended without a result, and what it took."""
    reason = redacted(call.remote.error(job["remote"]))
    estimate = cost_from(job["estimate"])
    bills = [settled(_bill(call, job["remote"]), estimate), *_bills(call, job, estimate)]
    with writing(call.database):
        if not _is_settled(call, job):
            ended = {"state": status.value, "finished": time.time(), "error": reason}
            book.mark(call.database, job["key"], **ended, billed=cost_text(total(bills)))
            book.settle(call.database, job["key"], estimate, bills)
    return ended_badly(call, book.job_of(call.database, job["key"]))


def _is_settled(call: Call, job: sqlite3.Row) -> bool:
    """Whether another process that took over has brought the job to its end meanwhile; within a transaction."""
    return book.job_of(call.database, job["key"])["state"] in ENDED


def drop(call: Call, job: sqlite3.Row, name: str) -> None:
    """Cancel a duplicate, and count what it took where its job is settled without it.

    Args:
        call: that works on its request.
        job: whose duplicate it is.
        name: of the duplicate.
    """
    bill, estimate = None, cost_from(job["estimate"])
    try:
        with Safely():
            call.remote.cancel(name)
            bill = _bill(call, name)
    except TransientError as error:
        _log.warning("%s: whether %s was cancelled is not known: %s", call.name(job), name, redacted(str(error)))
    with writing(call.database):
        if _is_settled(call, job):
            book.settle(call.database, job["key"], estimate, [settled(bill, estimate)])


def ended_badly(call: Call, job: sqlite3.Row) -> JobError:
    """The error of a job that failed or was cancelled."""
    return JobError(
        f"{call.name(job)} {job['state']}: {job['error'] or 'no reason was given'}. It is not sent again by itself: "
        "ask with retry=True for that, or python -m experiments.jobs action=resume retry=true."
    )


def _bills(call: Call, job: sqlite3.Row, estimate: Cost) -> list[Cost]:
    """What submissions beside the kept one took."""
    return [settled(_bill(call, other), estimate) for other in json.loads(job["others"])]


def _bill(call: Call, name: str) -> Cost | None:
    return call.remote.billed(name) if isinstance(call.remote, BillingBackend) else None
