"""What a job store holds, as rows for people and files."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from qml.backends.jobs import book
from qml.backends.jobs.packing import cost_from, outcome_from
from qml.base.registry import unknown

WIDTHS = {"request": 12, "part": 5, "state": 10, "machine": 22, "job": 26, "rows": 5, "shots": 6, "takes": 26}


@dataclass(frozen=True)
class JobRow:
    """A job of a store.

    Args:
        request: key of what was asked.
        part: number of the job, and of how many.
        state: prepared, submitting, submitted, done, failed or cancelled.
        provider, target: the machine.
        remote: its name of the job; None before it is known.
        tag: by which it is found there.
        rows, shots, seed: what it runs.
        estimate, billed: what it takes, as costs; billed None before it has ended.
        calibration: name of the properties that are kept beside it.
        created, submitted, finished: moments in UTC; None where they have not come.
        error: the last trouble.
        past: names of jobs at the machine beside this one: duplicates and earlier tries.
    """

    request: str
    part: str
    state: str
    provider: str
    target: str
    remote: str | None
    tag: str
    rows: int
    shots: int | None
    seed: int | None
    estimate: dict[str, Any]
    billed: dict[str, Any] | None
    calibration: str | None
    created: str | None
    submitted: str | None
    finished: str | None
    error: str | None
    past: tuple[str, ...]

    @classmethod
    def of(cls, database: sqlite3.Connection, request: sqlite3.Row, job: sqlite3.Row, n_parts: int) -> JobRow:
        """The row of a job."""
        names = tuple(name for name in book.remote_names(database, job["key"]) if name != job["remote"])
        return cls(
            request["key"],
            f"{job['place'] + 1}/{n_parts}",
            job["state"],
            request["provider"],
            request["target_name"],
            job["remote"],
            job["tag"],
            job["stop"] - job["start"],
            request["shots"],
            job["seed"],
            json.loads(job["estimate"]),
            json.loads(job["billed"]) if job["billed"] else None,
            job["calibration"],
            moment(job["created"]),
            moment(job["submitted"]),
            moment(job["finished"]),
            job["error"],
            names,
        )

    def __str__(self) -> str:
        cost = cost_from(json.dumps(self.billed or self.estimate))
        money = "" if cost.amount is None else f", {cost.amount:.4g} {cost.currency}"
        seconds = "" if cost.seconds is None else f", {cost.seconds:.4g} s"
        cells = (
            self.request[:12],
            self.part,
            self.state,
            f"{self.provider}/{self.target}",
            self.remote or "-",
            self.rows,
            "exact" if self.shots is None else self.shots,
            f"{'' if self.billed else '~'}{cost.executions}{seconds}{money}",
        )
        return line(cells) + (f"  {self.error}" if self.error else "")


def moment(seconds: float | None) -> str | None:
    """Seconds since 1970 as text in UTC.

    Example:
        >>> moment(0.0)
        '1970-01-01T00:00:00+00:00'
    """
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def line(cells: Sequence[object]) -> str:
    """Cells below their heads."""
    return "  ".join(f"{cell!s:{width}}" for cell, width in zip(cells, WIDTHS.values(), strict=True)).rstrip()


def requests_of(database: sqlite3.Connection, key: str | None) -> list[sqlite3.Row]:
    """Requests whose key, or a tag or name of whose jobs, begins with `key`; all where it is None.

    Raises:
        ConfigError: there is none.
    """
    rows = database.execute("SELECT * FROM request ORDER BY created, key").fetchall()
    if key is None:
        return rows
    found = [row for row in rows if any(name.startswith(key) for name in _names(database, row))]
    if not found:
        raise unknown("request", key, [row["key"][:12] for row in rows])
    return found


def _names(database: sqlite3.Connection, request: sqlite3.Row) -> list[str]:
    jobs = book.jobs_of(database, request["key"])
    return [request["key"], *(name for job in jobs for name in (job["tag"], job["key"], job["remote"] or ""))]


def rows_of(database: sqlite3.Connection, requests: Sequence[sqlite3.Row]) -> list[JobRow]:
    """The jobs of requests."""
    found = []
    for request in requests:
        jobs = book.jobs_of(database, request["key"])
        found += [JobRow.of(database, request, job, len(jobs)) for job in jobs]
    return found


def result_of(job: sqlite3.Row) -> dict[str, Any]:
    """Values, variances and raw outcomes of a job as plain lists; empty before it is done."""
    if job["result"] is None:
        return {}
    outcome = outcome_from(job["result"])
    variance = None if outcome.variance_RK is None else outcome.variance_RK.tolist()
    counts = [
        {"rows": c.row_N.tolist(), "bits": ["".join(map(str, bits)) for bits in c.bits_NM], "times": c.times_N.tolist()}
        for c in outcome.counts
    ]
    return {"values": outcome.values_RK.tolist(), "variance": variance, "counts": counts}
