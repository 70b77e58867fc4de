"""Before anything is sent: a request is written down, what it takes is reserved, and one call takes it."""

from __future__ import annotations

import logging
import sqlite3
import time
from dataclasses import dataclass

from qml.backends.jobs import book
from qml.backends.jobs.call import Call
from qml.backends.jobs.costs import told, total
from qml.backends.jobs.database import writing
from qml.backends.jobs.guarded import GuardedBackend
from qml.backends.jobs.owner import is_alive
from qml.backends.jobs.packing import cost_text, packed
from qml.backends.jobs.plain import to_text
from qml.backends.jobs.safely import Safely
from qml.backends.jobs.spans import spans
from qml.backends.remote import ENDED_BADLY, Cost, Request
from qml.base.errors import ConfigError

_log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Part:
    """A job of a request that is not in the store yet: what, which bindings, and its key."""

    request: Request
    start: int
    stop: int
    key: str


def parts(call: Call) -> list[Part]:
    """The jobs that a request becomes.

    Raises:
        CapabilityError: the target's limits hold not even one binding.
    """
    asked = call.asked
    cut = spans(asked.program, len(asked.slots_RS), asked.shots, asked.target)
    found = []
    for place, (start, stop) in enumerate(cut):
        key, seed = asked.part(place, len(cut))
        found.append(Part(Request(asked.program, asked.slots_RS[start:stop], asked.shots, seed), start, stop, key))
    return found


def claimed(call: Call) -> bool:
    """Whether this call is now the one that works on the request; what it may send is written and reserved.

    Raises:
        BudgetError: it does not fit; nothing was written.
        CapabilityError, ConfigError, CredentialsError: the machine does not take it; nothing was written.
    """
    jobs = call.jobs
    new = [] if jobs else parts(call)
    fresh = [part.request for part in new] + [call.request(job) for job in jobs if _is_unsent(call, job)]
    for request in fresh:
        with Safely():
            call.remote.check(request)
    costs = [call.remote.estimate(request) for request in fresh]
    if fresh:
        whole = total(costs)
        _log.info("%s: %d job(s), estimated: %s", call.machine, len(fresh), told(whole))
        if isinstance(call.remote, GuardedBackend):
            call.remote.stop_dry(whole, len(fresh))
    with writing(call.database):
        now = call.jobs
        if [_where(job) for job in now] != [_where(job) for job in jobs]:
            return False  # another process was faster: look again
        if now and is_taken(call):
            return False
        if not now:
            _enter(call, new, costs)
        _reserve(call, costs)
        take(call)
    if fresh:
        call.how.at("prepared")
    return True


def _is_unsent(call: Call, job: sqlite3.Row) -> bool:
    """Whether a job in the store would be sent by this call."""
    again = call.how.retry and job["state"] in ENDED_BADLY
    return again or (job["state"] in ("prepared", "submitting") and not job["reserved"])


def _where(job: sqlite3.Row) -> tuple[object, ...]:
    """What tells whether another process has touched a job."""
    return job["key"], job["state"], job["reserved"], job["tries"]


def take(call: Call) -> None:
    """Write a call down as the one that works on the request; within a transaction that has seen it free."""
    mine = (call.owner, time.time() + call.how.lease_s, _member(call), call.key)
    call.database.execute("UPDATE request SET owner=?, lease=?, member=? WHERE key=?", mine)


def is_taken(call: Call) -> bool:
    """Whether another call works on the request."""
    row = call.database.execute("SELECT owner, lease FROM request WHERE key=?", (call.key,)).fetchone()
    if row["owner"] in (None, call.owner):
        return False
    alive = is_alive(row["owner"])
    return row["lease"] > time.time() if alive is None else alive


def is_mine(call: Call) -> bool:
    """Whether this call still works on the request: a process that stood still for long may have lost it."""
    row = call.database.execute("SELECT owner FROM request WHERE key=?", (call.key,)).fetchone()
    return row["owner"] == call.owner


def let_go(call: Call) -> None:
    """Leave the request to whoever asks next."""
    call.database.execute("UPDATE request SET owner=NULL WHERE key=? AND owner=?", (call.key, call.owner))


def _enter(call: Call, new: list[Part], costs: list[Cost]) -> None:
    asked, now = call.asked, time.time()
    book.insert(
        call.database,
        "request",
        key=call.key,
        content=asked.content,
        provider=asked.provider,
        target_name=asked.target.name,
        target=to_text(asked.target),
        program=to_text(asked.program),
        shots=asked.shots,
        seed=asked.seed,
        rows=len(asked.slots_RS),
        slots=packed({"slots": asked.slots_RS}),
        created=now,
    )
    for place, (part, cost) in enumerate(zip(new, costs, strict=True)):
        span = {"place": place, "start": part.start, "stop": part.stop, "seed": part.request.seed}
        more = {"state": "prepared", "tag": book.tag_of(part.key, 0), "estimate": cost_text(cost), "created": now}
        book.insert(call.database, "job", key=part.key, request=call.key, **span, **more)


def _member(call: Call) -> str | None:
    """The machine with its guard as plain data, from which a later process makes it again; None where it is not."""
    try:
        return to_text(call.remote)
    except ConfigError as error:
        _log.info("the job store keeps no %s: %s", type(call.remote).__name__, error)
        return None


def _reserve(call: Call, costs: list[Cost]) -> None:
    """Hold what the unsent jobs take, all of them or none."""
    unsent = [job for job in call.jobs if _is_unsent(call, job)]
    if unsent and isinstance(call.remote, GuardedBackend):
        call.remote.allow(total(costs), book.totals(call.database, call.remote.budget.currency))
    for job, cost in zip(unsent, costs, strict=True):
        if job["state"] in ENDED_BADLY:
            book.begin_anew(call.database, job)
        book.reserve(call.database, job["key"], cost)
