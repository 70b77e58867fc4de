"""Jobs at a machine by their tag: found again before anything is sent again, and duplicates stopped."""

from __future__ import annotations

import json
import logging
import sqlite3
import time
from collections.abc import Callable, Sequence

from qml.backends.jobs import book
from qml.backends.jobs.pace import Pace
from qml.backends.jobs.safely import Safely
from qml.backends.remote import JobStatus, RemoteBackend, TransientError
from qml.base.redacting import redacted

_log = logging.getLogger(__name__)
LOOKS = 2
PROGRESS = (JobStatus.CANCELLED, JobStatus.FAILED, JobStatus.QUEUED, JobStatus.RUNNING, JobStatus.DONE)


def searched(
    remote: RemoteBackend, job: sqlite3.Row, grace_s: float, pace: Pace, beat: Callable[[], None]
) -> tuple[str, ...] | None:
    """Names of jobs with the tag of `job`; empty only after several looks, the last `grace_s` behind the first.

    How long ago the job was sent by the clock spares no look: clocks are set, and ten seconds are cheaper than a job.

    Args:
        remote: the machine.
        job: in the store.
        grace_s: how long the list of jobs may lag behind, in seconds.
        pace: of the looks.
        beat: called between them.

    Returns:
        The names, the oldest first; None where the deadline came first.
    """
    looks, start = 0, time.monotonic()
    while True:
        since, after_s = time.monotonic() - start, None
        try:
            with Safely():
                found = remote.find(job["tag"])
            looks += 1
            if found:
                return found
            if looks >= LOOKS and since >= grace_s:
                return ()
        except TransientError as error:
            after_s = error.after_s
        if pace.is_over:
            return None
        beat()
        pace.wait(after_s)


def furthest(remote: RemoteBackend, names: Sequence[str]) -> tuple[str, ...]:
    """`names` with the one first that is closest to a result; the oldest of those where several are."""
    if len(names) < 2:
        return tuple(names)
    try:
        with Safely():
            progress = [PROGRESS.index(remote.status(name)) for name in names]
    except TransientError:
        return tuple(names)
    best = names[progress.index(max(progress))]
    return (best, *(name for name in names if name != best))


def drop_others(remote: RemoteBackend, database: sqlite3.Connection, job: sqlite3.Row) -> None:
    """Stop all jobs with the tag of `job` but one, which is written down first; trouble leaves it for a later time."""
    known = [job["remote"], *json.loads(job["others"])]
    try:
        with Safely():
            found = remote.find(job["tag"])
            others = [name for name in found if name not in known]
            kept = furthest(remote, [*known, *others]) if others else tuple(known)
            if others:
                _log.warning(
                    "%s was submitted %d times; %s is kept, the others are cancelled", job["tag"], len(kept), kept[0]
                )
                book.mark(database, job["key"], remote=kept[0], others=json.dumps(kept[1:]))
            for name in kept[1:]:
                remote.cancel(name)
    except TransientError as error:
        _log.info("%s: duplicates are looked for later: %s", job["tag"], redacted(str(error)))
        return
    book.mark(database, job["key"], looked=1)
