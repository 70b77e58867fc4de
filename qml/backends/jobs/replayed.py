"""A Backend without a machine: what a job store holds, and nothing else."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, fields
from textwrap import shorten

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

SHORTEST = 4  # digits of a digest that stand for it


@dataclass(frozen=True)
class ReplayedBackend:
    """Answers from a file of a `StoredBackend`: no vendor's package, no account, no network.

    Args:
        path: of the file.
        machine: whose results, by name, or by the first digits of the target's digest where machines of one name differ
            in options; may be left out where the file has those of one machine only.

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
            ConfigError: the file has no such machine, or several that `machine` could be; the message lists them.
        """
        with opened(self.path, make=False) as database:
            return self._machine(database)[1]

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
            provider, target = self._machine(database)
            key = book.Asked(program, slots_RS, shots, seed, provider, target).content
            query = "SELECT key, target FROM request WHERE content=? AND provider=? ORDER BY created DESC"
            rows = database.execute(query, (key, provider)).fetchall()
            found = [book.jobs_of(database, row["key"]) for row in rows if from_text(row["target"]) == target]
            for jobs in found:
                if all(job["state"] == "done" for job in jobs):
                    return joined([outcome_from(job["result"]) for job in jobs])
        asked = f"{plural(len(slots_RS), 'binding')} of Program {program.digest[:12]} with shots={shots}, seed={seed}"
        states = ", ".join(job["state"] for job in found[0]) if found else ""
        held = f"has them as {states}; run them to their end there" if found else "does not have them"
        raise JobError(
            f"{asked} on {target.name} were asked for; the store {self.path!r} {held}. Nothing is sent by a replay: "
            "use a StoredBackend with the same file."
        )

    def _machine(self, database: sqlite3.Connection) -> tuple[str, Target]:
        """Provider and target of the one machine that is meant, as its last request wrote it."""
        query = "SELECT provider, target FROM request GROUP BY provider, target ORDER BY max(created)"
        written = [(row["provider"], from_text(row["target"])) for row in database.execute(query)]
        machines = {(provider, target.digest): target for provider, target in written}
        if not machines:
            raise JobError(f"The store {self.path!r} holds no request. Nothing is sent by a replay.")
        meant = {key: target for key, target in machines.items() if self._means(key[1], target)}
        if not meant:
            raise unknown("machine", self.machine or "", sorted({target.name for target in machines.values()}))
        if len(meant) > 1:
            raise ConfigError(
                f"The store {self.path!r} holds results of several machines: {'; '.join(_told(meant))}. "
                "Say machine=NAME, or the first digits in front where names are equal."
            )
        ((provider, _),) = meant
        return provider, *meant.values()

    def _means(self, digest: str, target: Target) -> bool:
        """Whether `machine` is its name, or begins its digest."""
        said = self.machine
        return said is None or said == target.name or (len(said) >= SHORTEST and digest.startswith(said))


def _told(machines: dict[tuple[str, str], Target]) -> list[str]:
    """Each machine with its digest, its provider, and what it differs in from others of its name."""
    found = []
    for (provider, digest), target in machines.items():
        alike = [_facts(other) for other in machines.values() if other.name == target.name]
        own = [
            f"{name}={value}"
            for name, value in _facts(target).items()
            if any(other.get(name, None) != value for other in alike)
        ]
        found.append(f"{digest[:8]} {', '.join([f'{target.name} of {provider}', *own])}")
    return found


def _facts(target: Target) -> dict[str, str]:
    """All that answers depend on, by name, as short text."""
    named = {each.name: getattr(target, each.name) for each in fields(target) if each.compare}
    options = named.pop("options")
    return {name: shorten(str(value), 60) for name, value in {**named, **dict(options)}.items()}
