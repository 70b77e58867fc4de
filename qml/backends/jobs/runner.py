"""One request through its whole life: written, claimed, submitted once, waited for, fetched, settled."""

from __future__ import annotations

import json
import logging
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass

from qml.backends.backend import Outcome
from qml.backends.jobs import book, searching
from qml.backends.jobs.costs import settled, told, total
from qml.backends.jobs.database import writing
from qml.backends.jobs.guarded import GuardedBackend
from qml.backends.jobs.owner import is_alive, this_call
from qml.backends.jobs.pace import Pace
from qml.backends.jobs.packing import checked, cost_from, cost_text, outcome_bytes, outcome_from, packed
from qml.backends.jobs.plain import to_text
from qml.backends.jobs.safely import Safely
from qml.backends.jobs.spans import spans
from qml.backends.remote import (
    AmbiguousSubmitError,
    BillingBackend,
    Cost,
    Delivery,
    JobStatus,
    RemoteBackend,
    Request,
    TransientError,
)
from qml.base.errors import ConfigError, JobError, PendingJobError, QmlError
from qml.base.redacting import redacted

_log = logging.getLogger(__name__)
ENDED_BADLY = ("failed", "cancelled")


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


class Runner:
    """Runs one request on a machine, through a store.

    Args:
        remote: the machine.
        database: of the store.
        how: patience.
        asked: the request.
    """

    def __init__(self, remote: RemoteBackend, database: sqlite3.Connection, how: How, asked: book.Asked):
        self.remote, self.database, self.how, self.asked = remote, database, how, asked
        self.owner = this_call()
        self.deadline = time.monotonic() + how.deadline_s
        self.key = asked.key

    def outcomes(self) -> list[Outcome]:
        """Outcomes of the jobs of the request, from the store or from the machine.

        Raises:
            PendingJobError: the deadline has passed; everything is kept.
            JobError: a job failed, was cancelled, or brought what is no answer.
            BudgetError, CapabilityError, ConfigError, CredentialsError: nothing was sent.
        """
        pace = Pace(0.02, 1.0, self.deadline)
        while not self._is_done():
            if self._claimed():
                try:
                    self._work()
                finally:
                    self.let_go()
                break
            if pace.is_over:
                raise self._pending("is worked on by another process")
            pace.wait()
        return [outcome_from(job["result"]) for job in book.jobs_of(self.database, self.key)]

    def estimates(self) -> list[Cost]:
        """What the jobs that were never submitted are estimated to take; nothing is sent or written."""
        jobs = book.jobs_of(self.database, self.key)
        if not jobs:
            return [self.remote.estimate(request) for request, _, _ in self._parts()]
        return [self.remote.estimate(self.request(job)) for job in jobs if job["state"] == "prepared"]

    def _is_done(self) -> bool:
        jobs = book.jobs_of(self.database, self.key)
        return bool(jobs) and all(job["state"] == "done" for job in jobs)

    # --- written and claimed

    def _parts(self) -> list[tuple[Request, tuple[int, int], str]]:
        """The jobs of a request that is not in the store yet: what, which bindings, and key."""
        asked = self.asked
        cut = spans(asked.program, len(asked.slots_RS), asked.shots, asked.target)
        found = []
        for place, (start, stop) in enumerate(cut):
            key, seed = asked.part(place, len(cut))
            found.append((Request(asked.program, asked.slots_RS[start:stop], asked.shots, seed), (start, stop), key))
        return found

    def request(self, job: sqlite3.Row) -> Request:
        """What one job in the store is made of."""
        slots = self.asked.slots_RS[job["start"] : job["stop"]]
        return Request(self.asked.program, slots, self.asked.shots, job["seed"])

    def _claimed(self) -> bool:
        """Whether this call is now the one that works on the request; what it may send is written and reserved."""
        jobs = book.jobs_of(self.database, self.key)
        parts = [] if jobs else self._parts()
        unsent = [self.request(job) for job in jobs if self._is_unsent(job)]
        fresh = [request for request, _, _ in parts] + unsent
        for request in fresh:
            with Safely():
                self.remote.check(request)
        costs = [self.remote.estimate(request) for request in fresh]
        if fresh:
            whole = total(costs)
            target = f"{self.asked.provider}/{self.asked.target.name}"
            _log.info("%s: %d job(s), estimated: %s", target, len(fresh), told(whole))
            if isinstance(self.remote, GuardedBackend):
                self.remote.stop_dry(whole, len(fresh))
        with writing(self.database):
            now = book.jobs_of(self.database, self.key)
            if [_where(job) for job in now] != [_where(job) for job in jobs]:
                return False  # another process was faster: look again
            if now and self.is_taken():
                return False
            if not now:
                self._enter(parts, costs)
            self._reserve(costs)
            self.take()
        if fresh:
            self.how.at("prepared")
        return True

    def _is_unsent(self, job: sqlite3.Row) -> bool:
        """Whether a job in the store would be sent by this call."""
        again = self.how.retry and job["state"] in ENDED_BADLY
        return again or (job["state"] in ("prepared", "submitting") and not job["reserved"])

    def take(self) -> None:
        """Write this call down as the one that works on the request; within a transaction that has seen it free."""
        mine = (self.owner, time.time() + self.how.lease_s, self._member(), self.key)
        self.database.execute("UPDATE request SET owner=?, lease=?, member=? WHERE key=?", mine)

    def is_taken(self) -> bool:
        """Whether another call works on the request."""
        row = self.database.execute("SELECT owner, lease FROM request WHERE key=?", (self.key,)).fetchone()
        if row["owner"] in (None, self.owner):
            return False
        alive = is_alive(row["owner"])
        return row["lease"] > time.time() if alive is None else alive

    def _enter(self, parts: list[tuple[Request, tuple[int, int], str]], costs: list[Cost]) -> None:
        asked, now = self.asked, time.time()
        book.insert(
            self.database,
            "request",
            key=self.key,
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
        for place, ((request, (start, stop), key), cost) in enumerate(zip(parts, costs, strict=True)):
            span = {"request": self.key, "place": place, "start": start, "stop": stop, "seed": request.seed}
            tag = book.tag_of(key, 0)
            more = {"state": "prepared", "tag": tag, "estimate": cost_text(cost), "created": now}
            book.insert(self.database, "job", key=key, **span, **more)

    def _member(self) -> str | None:
        """The machine with its guard as plain data, from which a later process makes it again; None where it is not."""
        try:
            return to_text(self.remote)
        except ConfigError as error:
            _log.info("the job store keeps no %s: %s", type(self.remote).__name__, error)
            return None

    def _reserve(self, costs: list[Cost]) -> None:
        """Hold what the unsent jobs take, all of them or none."""
        unsent = [job for job in book.jobs_of(self.database, self.key) if self._is_unsent(job)]
        if unsent and isinstance(self.remote, GuardedBackend):
            self.remote.allow(total(costs), book.totals(self.database, self.remote.budget.currency))
        for job, cost in zip(unsent, costs, strict=True):
            if job["state"] in ENDED_BADLY:
                book.begin_anew(self.database, job)
            book.reserve(self.database, job["key"], cost)

    def let_go(self) -> None:
        """Leave the request to whoever asks next."""
        self.database.execute("UPDATE request SET owner=NULL WHERE key=? AND owner=?", (self.key, self.owner))

    def _beat(self) -> None:
        """Say that this call still works on the request, for processes on other hosts."""
        soon = time.time() + self.how.lease_s
        query = "UPDATE request SET lease=? WHERE key=? AND owner=? AND lease<?"
        self.database.execute(query, (soon, self.key, self.owner, soon - self.how.lease_s / 4))

    # --- submitted

    def _work(self) -> None:
        for job in book.jobs_of(self.database, self.key):
            if job["state"] in ENDED_BADLY:
                raise JobError(
                    f"{self._name(job)} {job['state']}: {job['error']}. It is not sent again by itself: ask with "
                    "retry=True for that."
                )
        for job in book.jobs_of(self.database, self.key):
            self._submit(job["key"])
        for job in book.jobs_of(self.database, self.key):
            if job["state"] != "done":
                self.wait(job["key"])

    def _submit(self, key: str) -> None:
        """Have the machine own the job, exactly once."""
        pace, sent = Pace(self.how.first_s, self.how.cap_s, self.deadline), 0
        while (job := book.job_of(self.database, key))["remote"] is None:
            self._beat()
            if job["doubtful"] and (found := self.searched(job)):
                self.own(job, *searching.furthest(self.remote, found))
                break
            if sent >= self.how.posts:
                raise self._pending("was sent without a clear answer", job)
            after_s = self._post(job)
            sent += after_s is None
            if after_s is not None:
                if pace.is_over:
                    raise self._pending("was not accepted", book.job_of(self.database, key))
                pace.wait(after_s or None)
        job = book.job_of(self.database, key)
        if not job["looked"]:
            searching.drop_others(self.remote, self.database, job)
            self.how.at("looked")

    def _post(self, job: sqlite3.Row) -> float | None:
        """Send it once; None where the answer was clear or is to be looked for, else how long to wait."""
        before = {name: job[name] for name in ("state", "doubtful", "posted")}
        posted = {"state": "submitting", "doubtful": 1, "posted": time.time()}
        book.mark(self.database, job["key"], **posted, posts=job["posts"] + 1)
        self.how.at("submitting")
        try:
            with Safely():
                name = self.remote.submit(self.request(job), job["tag"])
        except TransientError as error:
            book.mark(self.database, job["key"], **before, error=redacted(str(error)))
            return error.after_s or 0.0
        except AmbiguousSubmitError as error:
            _log.warning("%s: %s It is looked for before it is sent again.", self._name(job), redacted(str(error)))
            # a member may have prepared for long before it sent: the list may lag from now on
            book.mark(self.database, job["key"], posted=time.time(), error=redacted(str(error)))
            return None
        except QmlError as error:
            self._refused(job, before, error)
            raise
        self.how.at("accepted")
        self.own(job, name)
        return None

    def own(self, job: sqlite3.Row, name: str, *others: str) -> None:
        """Write the machine's name of the job."""
        known = json.dumps([*others])
        book.mark(
            self.database, job["key"], state="submitted", remote=name, others=known, submitted=time.time(), error=None
        )
        self.how.at("recorded")

    def _refused(self, job: sqlite3.Row, before: dict[str, object], error: QmlError) -> None:
        """Give back what was reserved for a job that the machine did not take."""
        failed = {"state": "failed", "finished": time.time()} if isinstance(error, JobError) else before
        with writing(self.database):
            book.mark(self.database, job["key"], **failed, error=redacted(str(error)))
            book.release(self.database, job["key"], cost_from(job["estimate"]))

    def searched(self, job: sqlite3.Row) -> tuple[str, ...]:
        """Names of jobs with its tag, looked for until a list that lags would show them."""
        found = searching.searched(self.remote, job, self.how.grace_s, Pace(0.05, 3.0, self.deadline), self._beat)
        if found is None:
            raise self._pending("could not be looked for in time", job)
        return found

    # --- waited for

    def wait(self, key: str) -> None:
        """Follow the job to its end and keep what it brought."""
        pace = Pace(self.how.first_s, self.how.cap_s, self.deadline)
        while True:
            job = book.job_of(self.database, key)
            self._beat()
            ended = None
            try:
                with Safely():
                    status = self.remote.status(job["remote"])
                    if status is JobStatus.DONE:
                        self.how.at("done")
                        delivery = self.remote.result(job["remote"], self.request(job))
                        self._keep(job, delivery)
                        return
                    ended = self._ended(job, status) if status.ended else None
                after_s = None
            except TransientError as error:
                _log.info("%s: %s", self._name(job), redacted(str(error)))
                after_s = error.after_s
            except JobError as error:
                book.mark(self.database, key, error=redacted(str(error)))
                raise
            if ended is not None:
                raise ended
            if pace.is_over:
                raise self._pending("has not ended", job)
            pace.wait(after_s)

    def _keep(self, job: sqlite3.Row, delivery: Delivery) -> None:
        """Write the result and settle, in one transaction."""
        self.how.at("fetched")
        outcome = checked(delivery.outcome, self.request(job), f"{self._name(job)}")
        if not job["looked"]:
            searching.drop_others(self.remote, self.database, job)
            job = book.job_of(self.database, job["key"])
        estimate = cost_from(job["estimate"])
        bill = settled(delivery.billed, estimate)
        bills = [bill, *self._bills(job, estimate)]
        asked = self.asked
        with writing(self.database):
            taken = book.keep_calibration(self.database, delivery.calibration, asked.provider, asked.target.name)
            facts = {"key": job["key"], "tag": job["tag"], "remote": job["remote"], "provider": asked.provider}
            facts |= {"target": asked.target.name, "calibration": taken, "billed": told(bill)}
            record = {**outcome.record, "jobs": [facts]}
            kept = outcome_bytes(Outcome(outcome.values_RK, outcome.variance_RK, outcome.counts, record))
            ended = {"state": "done", "finished": time.time(), "error": None}
            book.mark(
                self.database, job["key"], **ended, result=kept, calibration=taken, billed=cost_text(total(bills))
            )
            book.settle(self.database, job["key"], estimate, bills)

    def _ended(self, job: sqlite3.Row, status: JobStatus) -> JobError:
        """Write down that a job ended without a result, and what it took."""
        reason = redacted(self.remote.error(job["remote"]))
        estimate = cost_from(job["estimate"])
        bills = [settled(self._bill(job["remote"]), estimate), *self._bills(job, estimate)]
        with writing(self.database):
            ended = {"state": status.value, "finished": time.time(), "error": reason}
            book.mark(self.database, job["key"], **ended, billed=cost_text(total(bills)))
            book.settle(self.database, job["key"], estimate, bills)
        return JobError(
            f"{self._name(job)} {status.value}: {reason}. It is not sent again by itself: ask with retry=True for that."
        )

    def _bills(self, job: sqlite3.Row, estimate: Cost) -> list[Cost]:
        """What submissions beside the kept one took."""
        return [settled(self._bill(other), estimate) for other in json.loads(job["others"])]

    def _bill(self, name: str) -> Cost | None:
        return self.remote.billed(name) if isinstance(self.remote, BillingBackend) else None

    # --- told

    def _name(self, job: sqlite3.Row | None) -> str:
        where = f"{self.asked.provider}/{self.asked.target.name}"
        if job is None:
            return f"Request {self.key} of {where}"
        return f"Job {job['remote'] or '(not named yet)'} of {where} ({job['tag']})"

    def _pending(self, what: str, job: sqlite3.Row | None = None) -> PendingJobError:
        last = f" (last: {job['error']})" if job is not None and job["error"] else ""
        return PendingJobError(
            f"{self._name(job)} {what} within {self.how.deadline_s:g} s{last}. It is kept in the store: the same call, "
            "or python -m experiments.jobs action=resume, continues to wait for it and does not send it twice."
        )


def _where(job: sqlite3.Row) -> tuple[object, ...]:
    """What tells whether another process has touched a job."""
    return job["key"], job["state"], job["reserved"], job["tries"]
