"""One call that works on a request: what is asked of which machine, through which store, and how patiently."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from qml.backends.jobs import book
from qml.backends.jobs.owner import this_call
from qml.backends.jobs.pace import Pace
from qml.backends.remote import RemoteBackend, Request
from qml.base.errors import PendingJobError
from qml.base.lazy import cached_property


def no_step(step: str) -> None:
    """Nothing happens at a step."""


@dataclass(frozen=True)
class How:
    """How patient a store is; see `StoredBackend`."""

    deadline_s: float
    first_s: float
    cap_s: float
    grace_s: float
    posts: int
    lease_s: float
    retry: bool
    at: Callable[[str], None] = no_step


@dataclass(frozen=True, eq=False)
class Call:
    """A request on a machine, through a store.

    Args:
        remote: the machine.
        database: of the store.
        how: patience.
        asked: the request.
        owner: this call's name, which no other has.
        begun: on `time.monotonic`.
    """

    remote: RemoteBackend
    database: sqlite3.Connection
    how: How
    asked: book.Asked
    owner: str = field(default_factory=this_call)
    begun: float = field(default_factory=time.monotonic)

    @cached_property
    def key(self) -> str:
        """Of the request."""
        return self.asked.key

    @property
    def machine(self) -> str:
        """Provider and machine."""
        return f"{self.asked.provider}/{self.asked.target.name}"

    @property
    def jobs(self) -> list[sqlite3.Row]:
        """Of the request, as they stand in the store; none before it is written."""
        return book.jobs_of(self.database, self.key)

    def request(self, job: sqlite3.Row) -> Request:
        """What one job in the store is made of."""
        slots = self.asked.slots_RS[job["start"] : job["stop"]]
        return Request(self.asked.program, slots, self.asked.shots, job["seed"])

    def pace(self, first_s: float | None = None, cap_s: float | None = None) -> Pace:
        """Waits that end with this call; those of `how` where nothing is said."""
        first_s, cap_s = (self.how.first_s, self.how.cap_s) if first_s is None or cap_s is None else (first_s, cap_s)
        return Pace(first_s, cap_s, self.begun + self.how.deadline_s)

    def beat(self) -> None:
        """Say that this call still works on the request, for processes on other hosts."""
        soon = time.time() + self.how.lease_s
        query = "UPDATE request SET lease=? WHERE key=? AND owner=? AND lease<?"
        self.database.execute(query, (soon, self.key, self.owner, soon - self.how.lease_s / 4))

    def name(self, job: sqlite3.Row | None) -> str:
        """A job for people; the request where there is none yet."""
        if job is None:
            return f"Request {self.key} of {self.machine}"
        return f"Job {job['remote'] or '(not named yet)'} of {self.machine} ({job['tag']})"

    def pending(self, what: str, job: sqlite3.Row | None = None) -> PendingJobError:
        """The error of a call whose time is over."""
        last = f" (last: {job['error']})" if job is not None and job["error"] else ""
        return PendingJobError(
            f"{self.name(job)} {what} within {self.how.deadline_s:g} s{last}. It is kept in the store: the same call, "
            "or python -m experiments.jobs action=resume, continues to wait for it and does not send it twice."
        )
