"""Work on a job store from outside a program: list, show, resume, cancel, export."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from qml.backends.jobs import book
from qml.backends.jobs.call import Call, How
from qml.backends.jobs.costs import told
from qml.backends.jobs.database import opened
from qml.backends.jobs.export import write_parquet
from qml.backends.jobs.listing import WIDTHS, line, requests_of, result_of, rows_of
from qml.backends.jobs.packing import unpacked
from qml.backends.jobs.plain import from_text
from qml.backends.jobs.running import outcomes
from qml.backends.jobs.stopping import OPEN, stop
from qml.backends.remote import Cost
from qml.base.errors import ConfigError, JobError, PendingJobError, QmlError
from qml.base.files import write_json
from qml.base.registry import unknown
from qml.base.words import plural

SUFFIXES = (".json", ".parquet")


@dataclass(frozen=True)
class JobsOutcome:
    """What was done.

    Args:
        lines: for a terminal.
        status: 0 where nothing is left to do; 2 where jobs still wait, or ended badly.
    """

    lines: tuple[str, ...]
    status: int = 0

    def __str__(self) -> str:
        return "\n".join(self.lines)


@dataclass(frozen=True)
class JobsJob:
    """A look at a job store, or work on it.

    Resuming and cancelling need the vendor's package and account: the machine is made again from what the store keeps
    of it, which is plain data without keys.

    Args:
        store: path of the file.
        action: a name of `ACTIONS`.
        key: how the key of a request, or a tag or name of one of its jobs, begins; None takes all.
        out: file of an export, `.json` or `.parquet`.
        deadline_s: how long to wait for each request.
        retry: whether resuming sends jobs anew that failed or were cancelled.
        plugins: packages of yours whose classes the store may name.

    Raises:
        ConfigError: another action, or an export without a file.

    Example:
        ```python
        print(JobsJob("jobs.sqlite", "list").run())
        ```
    """

    store: str
    action: str = "list"
    key: str | None = None
    out: str | None = None
    deadline_s: float = 60.0
    retry: bool = False
    plugins: tuple[str, ...] = ()

    def __post_init__(self):
        if self.action not in ACTIONS:
            raise unknown("action", self.action, [*ACTIONS])
        if (self.action == "export") != (self.out is not None):
            raise ConfigError(
                f"action={self.action} was asked for with out={self.out}; export alone takes a file, out=FILE."
            )
        if self.out is not None and Path(self.out).suffix not in SUFFIXES:
            raise ConfigError(f"out={self.out} was asked for; name a file that ends in {' or '.join(SUFFIXES)}.")

    def run(self) -> JobsOutcome:
        """Do it.

        Raises:
            DataError: the file is not there, or no job store.
            ConfigError: no request of that key.
        """
        with opened(self.store, make=False) as database:
            return ACTIONS[self.action](self, database)

    def _list(self, database: sqlite3.Connection) -> JobsOutcome:
        rows = rows_of(database, requests_of(database, self.key))
        return JobsOutcome((line([*WIDTHS]), *map(str, rows), "", *_sums(database)))

    def _show(self, database: sqlite3.Connection) -> JobsOutcome:
        lines: list[str] = []
        for request in requests_of(database, self.key):
            program = from_text(request["program"])
            lines += [f"request {request['key']}", str(program)]
            for job, row in zip(book.jobs_of(database, request["key"]), rows_of(database, [request]), strict=True):
                kept = {name: value for name, value in asdict(row).items() if value not in (None, (), [])}
                lines += [f"  {name}: {value}" for name, value in kept.items()]
                if job["calibration"]:
                    text = json.dumps(book.calibration(database, job["calibration"]))
                    lines.append(f"  calibration holds {len(text)} letters: {text[:200]}")
                lines += [f"  values: {result_of(job)['values']}"] if job["result"] else []
        return JobsOutcome(tuple(lines))

    def _export(self, database: sqlite3.Connection) -> JobsOutcome:
        requests = requests_of(database, self.key)
        jobs = [job for request in requests for job in book.jobs_of(database, request["key"])]
        rows = [asdict(row) | result_of(job) for row, job in zip(rows_of(database, requests), jobs, strict=True)]
        place = Path(str(self.out))
        if place.suffix == ".parquet":
            write_parquet(rows, place)
        else:
            ledger = [dict(entry) for entry in database.execute("SELECT * FROM ledger ORDER BY id")]
            names = {row["calibration"] for row in rows if row["calibration"]}
            kept = {name: book.calibration(database, name) for name in sorted(names)}
            write_json(place, {"jobs": rows, "ledger": ledger, "calibrations": kept})
        return JobsOutcome((f"{plural(len(rows), 'job')} written to {place}",))

    def _resume(self, database: sqlite3.Connection) -> JobsOutcome:
        return self._each(database, "resumed", outcomes)

    def _cancel(self, database: sqlite3.Connection) -> JobsOutcome:
        return self._each(database, "cancelled", stop)

    def _each(self, database: sqlite3.Connection, word: str, do: Callable[[Call], object]) -> JobsOutcome:
        """Work on each request that has something left to do."""
        lines, status = [], 0
        for request in requests_of(database, self.key):
            states = {job["state"] for job in book.jobs_of(database, request["key"])}
            again = self.retry and self.action == "resume" and states & {"failed", "cancelled"}
            if not (states & {*OPEN} or again):
                continue
            try:
                do(self._call(database, request))
                now = ", ".join(job["state"] for job in book.jobs_of(database, request["key"]))
                lines.append(f"request {request['key'][:12]} {word}: {now}")
            except PendingJobError as error:
                lines.append(f"request {request['key'][:12]} waits: {error}")
                status = 2
            except JobError as error:
                lines.append(f"request {request['key'][:12]}: {error}")
                status = 2
            except QmlError as error:
                lines.append(f"request {request['key'][:12]}: {type(error).__name__}: {error}")
                status = 2
        return JobsOutcome((*(lines or ["nothing was left to do"]), "", *_sums(database)), status)

    def _call(self, database: sqlite3.Connection, request: sqlite3.Row) -> Call:
        """The request on its machine, made again from plain data."""
        if request["member"] is None:
            raise ConfigError(
                f"The store keeps no plain data of the machine {request['target_name']}. Make the same call in Python "
                "again: it goes on where it was."
            )
        packages = {"qml", *self.plugins}
        remote: Any = from_text(request["member"], packages)
        how = How(self.deadline_s, 0.2, 30.0, 10.0, 5, 900.0, self.retry)
        slots = unpacked(request["slots"])["slots"]
        target = from_text(request["target"], packages)
        program = from_text(request["program"])
        asked = book.Asked(program, slots, request["shots"], request["seed"], request["provider"], target)
        return Call(remote, database, how, asked)


def _sums(database: sqlite3.Connection) -> tuple[str, ...]:
    """What all jobs took and hold."""
    currencies = [row[0] for row in database.execute("SELECT DISTINCT currency FROM ledger WHERE amount IS NOT NULL")]
    lines = []
    for currency in currencies or ["USD"]:
        found = book.totals(database, currency)
        lines += [f"spent: {_sum(found.spent)}", f"reserved: {_sum(found.reserved)}"]
    return tuple(lines)


def _sum(cost: Cost) -> str:
    return told(cost).partition(", ")[2]


ACTIONS: dict[str, Callable[[JobsJob, sqlite3.Connection], JobsOutcome]] = {
    "list": JobsJob._list,
    "show": JobsJob._show,
    "resume": JobsJob._resume,
    "cancel": JobsJob._cancel,
    "export": JobsJob._export,
}
