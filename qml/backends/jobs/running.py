"""One request through its whole life: claimed, submitted once, waited for, answered from the store."""

from __future__ import annotations

from qml.backends.backend import Outcome
from qml.backends.jobs.call import Call
from qml.backends.jobs.claiming import claimed, let_go, parts
from qml.backends.jobs.packing import outcome_from
from qml.backends.jobs.submitting import submit
from qml.backends.jobs.waiting import ended_badly, wait
from qml.backends.remote import ENDED_BADLY, Cost

OTHERS_FIRST_S, OTHERS_CAP_S = 0.02, 1.0  # between two looks at what another process does


def outcomes(call: Call) -> list[Outcome]:
    """Outcomes of the jobs of a request, from the store or from the machine.

    Raises:
        PendingJobError: the deadline has passed; everything is kept.
        JobError: a job failed, was cancelled, or brought what is no answer.
        BudgetError, CapabilityError, ConfigError, CredentialsError: nothing was sent.
    """
    pace = call.pace(OTHERS_FIRST_S, OTHERS_CAP_S)
    while not _is_done(call):
        if claimed(call):
            try:
                _work(call)
            finally:
                let_go(call)
            continue
        if pace.is_over:
            raise call.pending("is worked on by another process")
        pace.wait()
    return [outcome_from(job["result"]) for job in call.jobs]


def estimates(call: Call) -> list[Cost]:
    """What the jobs that were never submitted are estimated to take; nothing is sent or written."""
    jobs = call.jobs
    if not jobs:
        return [call.remote.estimate(part.request) for part in parts(call)]
    return [call.remote.estimate(call.request(job)) for job in jobs if job["state"] == "prepared"]


def _is_done(call: Call) -> bool:
    jobs = call.jobs
    return bool(jobs) and all(job["state"] == "done" for job in jobs)


def _work(call: Call) -> None:
    """Send what was not sent, and wait for all of it."""
    for job in call.jobs:
        if job["state"] in ENDED_BADLY:
            raise ended_badly(call, job)
    for job in call.jobs:
        submit(call, job["key"])
    for job in call.jobs:
        if job["state"] != "done":
            wait(call, job["key"])
