"""What a job store writes down: requests, their jobs, calibrations, and the ledger."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
import zlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from qml.backends.backend import Target
from qml.backends.draws import plain_number
from qml.backends.jobs.costs import Totals
from qml.backends.jobs.packing import cost_from, cost_text, plain
from qml.backends.jobs.plain import to_text
from qml.backends.remote import Cost
from qml.base.digest import digest
from qml.base.seeds import derive
from qml.circuits.program import Program


@dataclass(frozen=True, eq=False)
class Asked:
    """What `run` was asked, with its content key.

    Args:
        program: to run.
        slots_RS: `(R, S)` float64 radians.
        shots: of each binding and setting.
        seed: of the draw.
        provider: of the machine.
        target: the machine.
    """

    program: Program
    slots_RS: np.ndarray
    shots: int | None
    seed: int | None
    provider: str
    target: Target

    def __post_init__(self):
        object.__setattr__(self, "shots", plain_number(self.shots))
        object.__setattr__(self, "seed", plain_number(self.seed))

    @property
    def content(self) -> str:
        """Key of what was asked, of whatever machine."""
        return content_key(self.program, self.slots_RS, self.shots, self.seed)

    @property
    def key(self) -> str:
        """Key of what was asked of this machine: 32 hexadecimal digits."""
        return digest(("qml job", self.content, self.provider, self.target.digest))

    def part(self, place: int, n_parts: int) -> tuple[str, int | None]:
        """Key and seed of one of several jobs; of one alone those of the whole."""
        if n_parts == 1:
            return self.key, self.seed
        seed = None if self.seed is None else derive(self.seed, "span", place)
        return digest((self.key, place, n_parts)), seed


def content_key(program: Program, slots_RS: np.ndarray, shots: int | None, seed: int | None) -> str:
    """Key of a Program, its bindings `(R, S)`, shots and the seed of the draw.

    Example:
        >>> from qml.circuits import angle
        >>> one, two = (content_key(angle(1), np.zeros((1, 1)), 100, seed) for seed in (1, 2))
        >>> one == two
        False
    """
    exact = shots is None  # nothing is drawn, and a seed changes nothing
    slots = np.ascontiguousarray(slots_RS, "<f8") + 0.0  # -0.0 is 0.0
    return digest((program.digest, slots, shots, None if exact else seed))


def tag_of(key: str, tries: int) -> str:
    """The name of a job at the machine; each explicit retry has another, so that no old job is taken for it.

    Example:
        >>> tag_of("0123456789abcdef0123456789abcdef", 0)
        'qml-0123456789abcdef0123456789abcdef'
    """
    return f"qml-{key if tries == 0 else digest((key, 'try', tries))}"


def jobs_of(database: sqlite3.Connection, request: str) -> list[sqlite3.Row]:
    """The jobs of a request, in the order of its bindings."""
    return database.execute("SELECT * FROM job WHERE request=? ORDER BY place", (request,)).fetchall()


def job_of(database: sqlite3.Connection, key: str) -> sqlite3.Row:
    """A job."""
    return database.execute("SELECT * FROM job WHERE key=?", (key,)).fetchone()


def n_waiting(database: sqlite3.Connection) -> int:
    """Jobs that were sent, or may have been, and have not ended."""
    return database.execute("SELECT count(*) FROM job WHERE state IN ('submitting', 'submitted')").fetchone()[0]


def mark(database: sqlite3.Connection, job: str, **fields: Any) -> None:
    """Write fields of a job; outside of a transaction it is on disk on return."""
    names = ", ".join(f"{name}=?" for name in fields)
    database.execute(f"UPDATE job SET {names} WHERE key=?", (*fields.values(), job))


def insert(database: sqlite3.Connection, table: str, **fields: Any) -> None:
    """Write a row."""
    names, places = ", ".join(fields), ", ".join("?" * len(fields))
    database.execute(f"INSERT INTO {table}({names}) VALUES({places})", tuple(fields.values()))


def begin_anew(database: sqlite3.Connection, job: sqlite3.Row) -> None:
    """Put a job that ended badly among the past, and make it one that was never sent, with another tag."""
    kept = ("tries", "tag", "remote", "others", "state", "billed", "submitted", "finished", "error")
    insert(database, "past", job=job["key"], **{name: job[name] for name in kept})
    tries = job["tries"] + 1
    gone = dict.fromkeys(("posted", "remote", "billed", "submitted", "finished", "error"))
    anew = {"state": "prepared", "tries": tries, "tag": tag_of(job["key"], tries), "others": "[]"}
    mark(database, job["key"], **anew, **gone, posts=0, doubtful=0, looked=0)


def remote_names(database: sqlite3.Connection, job: str | None = None) -> tuple[str, ...]:
    """The machine's names of all jobs that the store knows, also past ones and duplicates; of one job, or of all."""
    where, given = ("WHERE key=?", (job, job)) if job else ("", ())
    query = f"SELECT remote, others FROM job {where} UNION ALL SELECT remote, others FROM past {where}"
    rows = database.execute(query.replace("past WHERE key", "past WHERE job"), given)
    return tuple(name for remote, others in rows for name in (remote, *json.loads(others)) if name)


def keep_calibration(
    database: sqlite3.Connection, properties: Mapping[str, Any], provider: str, target: str
) -> str | None:
    """Keep properties under the digest of their text, once; None where there are none."""
    if not properties:
        return None
    text = json.dumps(plain(properties), sort_keys=True, separators=(",", ":")).encode()
    name = hashlib.sha256(text).hexdigest()[:32]
    row = (name, provider, target, time.time(), zlib.compress(text, 6))
    database.execute("INSERT OR IGNORE INTO calibration VALUES(?,?,?,?,?)", row)
    return name


def calibration(database: sqlite3.Connection, name: str) -> dict[str, Any]:
    """Properties that were kept under a name."""
    row = database.execute("SELECT properties FROM calibration WHERE id=?", (name,)).fetchone()
    return json.loads(zlib.decompress(row["properties"]))


def reserve(database: sqlite3.Connection, job: str, cost: Cost) -> None:
    """Hold what a job is estimated to take; within the transaction that writes it."""
    mark(database, job, reserved=1, estimate=cost_text(cost))
    _enter(database, job, "reserve", cost)


def release(database: sqlite3.Connection, job: str, estimate: Cost) -> None:
    """Give back what was held, if it is."""
    if job_of(database, job)["reserved"]:
        _enter(database, job, "release", estimate)
        mark(database, job, reserved=0)


def settle(database: sqlite3.Connection, job: str, estimate: Cost, bills: Sequence[Cost]) -> None:
    """Replace what was held by what was billed; bills of nothing leave no line."""
    release(database, job, estimate)
    for bill in bills:
        if bill.executions or bill.seconds or bill.amount:
            _enter(database, job, "settle", bill)


def _enter(database: sqlite3.Connection, job: str, kind: str, cost: Cost) -> None:
    money = (cost.seconds, cost.amount, cost.currency, cost.basis)
    names = ("executions", "seconds", "amount", "currency", "basis")
    line = dict(zip(names, (cost.executions, *money), strict=True))
    insert(database, "ledger", moment=time.time(), job=job, kind=kind, **line)


def under_way(database: sqlite3.Connection, requests: Collection[str]) -> list[Cost]:
    """Estimates of the jobs of requests that ask for no more money: what they take is reserved, or they are done.

    Args:
        database: of the store.
        requests: keys; those that are not there count nothing.

    Example:
        >>> from qml.backends.jobs.database import without_file
        >>> with without_file() as database:
        ...     under_way(database, ["0123"])
        []
    """
    wanted = {*requests}
    rows = database.execute("SELECT request, estimate FROM job WHERE reserved=1 OR state='done'")
    return [cost_from(row["estimate"]) for row in rows if row["request"] in wanted]


def requests_like(
    database: sqlite3.Connection, provider: str, target: Target, programs: Collection[Program], shots: int | None
) -> tuple[str, ...]:
    """Keys of all requests of some Programs, with these shots and on this machine, whatever their bindings."""
    texts = {to_text(program) for program in programs}
    query = "SELECT key, program FROM request WHERE provider=? AND target=? AND shots IS ?"
    rows = database.execute(query, (provider, to_text(target), shots))
    return tuple(row["key"] for row in rows if row["program"] in texts)


def totals(database: sqlite3.Connection, currency: str = "USD") -> Totals:
    """What the store has counted.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from qml.backends.jobs.database import opened
        >>> with opened(Path(tempfile.mkdtemp()) / "jobs.sqlite") as database:
        ...     totals(database).spent.executions
        0
    """
    query = (
        "SELECT coalesce(sum(executions),0), coalesce(sum(seconds),0.0), "
        "coalesce(sum(CASE WHEN currency=? THEN amount END),0.0) FROM ledger WHERE kind=?"
    )
    found = {kind: database.execute(query, (currency, kind)).fetchone() for kind in ("reserve", "release", "settle")}
    held = [a - b for a, b in zip(found["reserve"], found["release"], strict=True)]
    spent = tuple(found["settle"])
    held = [held[0], *(0.0 if abs(part) < 1e-9 else part for part in held[1:])]
    return Totals(Cost(0, *spent, currency=currency), Cost(0, *held, currency=currency))
