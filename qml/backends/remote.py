"""The seam to machines that keep jobs: a job is submitted, found again, waited for and fetched, each by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable

import numpy as np

from qml.backends.backend import Outcome, Target
from qml.backends.draws import plain_number
from qml.base.errors import QmlError
from qml.circuits.program import Program


class JobStatus(StrEnum):
    """Where a job is."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen to it."""
        return self in ENDED


ENDED_BADLY = (JobStatus.FAILED, JobStatus.CANCELLED)
ENDED = (JobStatus.DONE, *ENDED_BADLY)


class TransientError(QmlError, ConnectionError):
    """A request that had no effect and may be made again: too many of them, or reading failed.

    `after_s` is how long the machine asks to wait, in seconds, where it says so.
    """

    def __init__(self, message: str, after_s: float | None = None):
        super().__init__(message)
        self.after_s = after_s


class AmbiguousSubmitError(QmlError, ConnectionError):
    """A submission of which nobody knows whether it was accepted: it must be looked for before it is repeated."""


@dataclass(frozen=True)
class Cost:
    """What a job takes, estimated or billed.

    Args:
        circuits: bound circuits, one a binding and measurement setting.
        executions: shots of all of them together.
        seconds: of the machine; None where it does not say.
        amount: money in `currency`; None where no price is known.
        currency: such as "USD".
        basis: where the figures come from, such as "prices of 2026-11-01".
    """

    circuits: int
    executions: int
    seconds: float | None = None
    amount: float | None = None
    currency: str = "USD"
    basis: str = ""


@dataclass(frozen=True, eq=False)
class Request:
    """All that one job is made of; what `run` of a Backend was asked.

    Args:
        program: as it was handed to `run`; the member transpiles it.
        slots_RS: `(R, S)` float64 radians.
        shots: of each binding and measurement setting; None is exact.
        seed: of the draw.
    """

    program: Program
    slots_RS: np.ndarray
    shots: int | None
    seed: int | None

    def __post_init__(self):
        object.__setattr__(self, "shots", plain_number(self.shots))
        object.__setattr__(self, "seed", plain_number(self.seed))


@dataclass(frozen=True)
class Delivery:
    """What a job brought back.

    Args:
        outcome: its values, with raw counts where the machine gives them.
        billed: what it took by the machine's own account; None where that is not known.
        calibration: properties of the machine at the time of the run, as plain JSON data; empty where it has none.
    """

    outcome: Outcome
    billed: Cost | None = None
    calibration: Mapping[str, Any] = field(default_factory=dict)


class RemoteBackend(Protocol):
    """A machine behind a service; `qml.backends.jobs.StoredBackend` makes a Backend of it.

    Every method but `check` and `estimate` may talk to the service. Each raises `TransientError` where asking again is
    safe; `submit` alone may raise `AmbiguousSubmitError`. A `CredentialsError` says that the account is refused.
    """

    @property
    def target(self) -> Target:
        """The machine; its digest is part of the content key."""
        ...

    @property
    def provider(self) -> str:
        """Who runs the service, such as "ibm": jobs of different providers are never mixed up."""
        ...

    def check(self, request: Request) -> None:
        """Raise `CapabilityError` or `ConfigError` where the machine cannot run it; nothing is sent."""
        ...

    def estimate(self, request: Request) -> Cost:
        """What it will take, from what is known here; nothing is sent."""
        ...

    def submit(self, request: Request, tag: str) -> str:
        """Send it once, named by `tag` (at most 36 letters, digits and "-"), and return the service's name of the job.

        Never repeats a request by itself whose effect is not known.
        """
        ...

    def find(self, tag: str) -> tuple[str, ...]:
        """The service's names of all jobs of that tag, the oldest first."""
        ...

    def status(self, job: str) -> JobStatus:
        """Where it is."""
        ...

    def result(self, job: str, request: Request) -> Delivery:
        """What it brought back.

        Raises:
            JobError: what came is no answer to `request`.
        """
        ...

    def error(self, job: str) -> str:
        """Why it failed, in the service's words."""
        ...

    def cancel(self, job: str) -> None:
        """Ask that it be stopped; a job that has ended stays as it is."""
        ...


@runtime_checkable
class BillingBackend(Protocol):
    """A RemoteBackend that also tells what a job took that brought nothing back: failed, cancelled, or submitted twice.

    Without it, such a job counts with its estimate, for nobody knows what it took.
    """

    def billed(self, job: str) -> Cost | None:
        """What it took by the machine's own account, 0 where nothing; None where that is not known (yet)."""
        ...


@runtime_checkable
class HoldingBackend(Protocol):
    """A machine that holds something open between jobs, such as a session that is billed until it is closed."""

    def close(self) -> None:
        """Take no more jobs; what was sent goes on."""
        ...


def let_go(machine: object) -> None:
    """Close what `machine` holds open, where it holds something."""
    if isinstance(machine, HoldingBackend):
        machine.close()
