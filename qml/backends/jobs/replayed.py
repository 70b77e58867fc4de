"""A Backend without a machine: what a job store holds, and nothing else."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

import numpy as np

from qml.backends.backend import Outcome, Target
from qml.backends.jobs import book
from qml.backends.jobs.database import opened
from qml.backends.jobs.packing import joined, outcome_from
from qml.backends.jobs.plain import from_text
from qml.backends.jobs.stored import checked, empty
from qml.base.errors import ConfigError, JobError
from qml.base.registry import unknown
from qml.base.words import plural
from qml.circuits.program import Program


@dataclass(frozen=True)
class ReplayedBackend:
    """Answers from a file of a `StoredBackend`: no vendor's package, no account, no network.

    Args:
        path: of the file.
        machine: whose results, by name; may be left out where the file has those of one machine only.

    Raises:
        DataError: there is no such file, or it is no job store.

    Example:
        ```python
        outcome = ReplayedBackend("jobs.sqlite").run(program, slots_RS, shots=1024, seed=1)
        ```
    """

    path: str
    machine: str | None = None

    @property
    def target(self) -> Target:
        """That of the machine, as it was when the last request was written.

        Raises:
            ConfigError: the file has no such machine, or several and none is named.
        """
        with opened(self.path, make=False) as database:
            return from_text(self._last(database)["target"])

    def run(self, program: Program, slots_RS: np.ndarray, *, shots: int | None, seed: int | None) -> Outcome:
        """The stored values of `R` bindings.

        Raises:
            JobError: they are not in the file, or their jobs have not ended well.
            CapabilityError, ConfigError, ShapeError, DataError: as `StoredBackend.run`.
        """
        slots_RS = checked(self.target, program, slots_RS, shots, seed)
        if not len(slots_RS):
            return empty(program, shots)
        with opened(self.path, make=False) as database:
            target = self._last(database)["target_name"]
            content = book.content_key(program, slots_RS, shots, seed)
            query = "SELECT key FROM request WHERE content=? AND target_name=? ORDER BY created DESC"
            found = [book.jobs_of(database, row["key"]) for row in database.execute(query, (content, target))]
            for jobs in found:
                if all(job["state"] == "done" for job in jobs):
                    return joined([outcome_from(job["result"]) for job in jobs])
        asked = f"{plural(len(slots_RS), 'binding')} of Program {program.digest[:12]} with shots={shots}, seed={seed}"
        states = ", ".join(job["state"] for job in found[0]) if found else ""
        held = f"has them as {states}; run them to their end there" if found else "does not have them"
        raise JobError(
            f"{asked} on {target} were asked for; the store {self.path!r} {held}. Nothing is sent by a replay: use a "
            "StoredBackend with the same file."
        )

    def _last(self, database: sqlite3.Connection) -> sqlite3.Row:
        """The last request of the machine."""
        rows = database.execute("SELECT target_name, target FROM request ORDER BY created").fetchall()
        machines = {row["target_name"]: row for row in rows}
        if not machines:
            raise JobError(f"The store {self.path!r} holds no request. Nothing is sent by a replay.")
        if self.machine is None and len(machines) > 1:
            raise ConfigError(
                f"The store {self.path!r} holds results of {', '.join(sorted(machines))}. Say machine=NAME."
            )
        if self.machine is not None and self.machine not in machines:
            raise unknown("machine", self.machine, list(machines))
        return machines[self.machine or next(iter(machines))]
