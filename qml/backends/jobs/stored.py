"""A Backend whose jobs survive: written before they are sent, sent once, found again, answered from a file."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from qml.backends.backend import Limits, Outcome, Target
from qml.backends.check_run import check_run
from qml.backends.jobs import book
from qml.backends.jobs.call import Call, How, no_step
from qml.backends.jobs.costs import Budget, told, total, without
from qml.backends.jobs.database import opened, without_file
from qml.backends.jobs.guarded import GuardedBackend
from qml.backends.jobs.packing import joined
from qml.backends.jobs.running import estimates, outcomes
from qml.backends.remote import Cost, RemoteBackend, Request, let_go
from qml.base.words import plural
from qml.circuits.program import Program


@dataclass(frozen=True)
class Estimate:
    """What a request would send.

    Args:
        jobs: estimate of each job that was never submitted; none where the store answers.
    """

    jobs: tuple[Cost, ...]

    @property
    def total(self) -> Cost:
        """All jobs together."""
        return total(self.jobs)

    def __str__(self) -> str:
        if not self.jobs:
            return "nothing to send: the request is in the store"
        return f"{plural(len(self.jobs), 'job')}: {told(self.total)}"


@dataclass(frozen=True)
class StoredBackend:
    """A Backend of a machine that keeps jobs, and a file that knows all of them.

    A request is known by the digest of its Program, bindings, shots, target, provider and seed: asked again it is
    answered from the file, without network; another draw is another seed. What a job of the target may not hold is
    cut into several jobs of spans of bindings, each with a seed of its own. Several processes may share a file: one
    works on a request, the others wait for it, and take over where it died.

    Not for a file on a network disk: SQLite's journal needs the processes on one machine.

    Args:
        remote: the machine, or a `GuardedBackend` of it.
        path: of the file; made where there is none.
        deadline_s: how long one call waits; then a `PendingJobError`, and the next call goes on.
        retry: send jobs anew that failed or were cancelled; otherwise they stay a `JobError`.
        first_s, cap_s: the first and the longest wait between two questions after a job.
        grace_s: how long the machine's list of jobs may lag: a submission without a clear answer is looked for that
            long before it is repeated.
        posts: submissions without a clear answer in one call.
        lease_s: after which a process on another host that shares the file counts as dead.
        at: called with the name of each step; for tests that end the process there.

    Example:
        ```python
        backend = StoredBackend(GuardedBackend(IbmBackend("ibm_x"), Budget(seconds=600)), "jobs.sqlite")
        outcome = backend.run(program, slots_RS, shots=1024, seed=1)
        ```
    """

    remote: RemoteBackend
    path: str
    deadline_s: float = 3600.0
    retry: bool = False
    first_s: float = 0.2
    cap_s: float = 30.0
    grace_s: float = 10.0
    posts: int = 5
    lease_s: float = 900.0
    at: Callable[[str], None] = field(default=no_step, compare=False, repr=False)

    @property
    def target(self) -> Target:
        """That of the machine."""
        return self.remote.target

    def run(self, program: Program, slots_RS: np.ndarray, *, shots: int | None, seed: int | None) -> Outcome:
        """Values of `R` bindings: from the file where they are, else from the machine, kept before they are returned.

        The record names the jobs, what they took and the calibration that is kept beside them.

        Raises:
            PendingJobError: the deadline has passed; the jobs are kept, and the same call goes on.
            JobError: a job failed, was cancelled, or brought what is no answer.
            BudgetError: it does not fit the budget of a guard; nothing was sent.
            CapabilityError: the machine cannot run it, or shots without a seed, which names the draw; nothing was sent.
            ConfigError: shots or a seed below 1.
            ShapeError: bindings of other shape than the Program's rotations.
            DataError: the file is damaged or of another program; nothing was sent.
        """
        slots_RS = checked(self.target, program, slots_RS, shots, seed)
        if not len(slots_RS):
            return empty(program, shots)
        with opened(self.path) as database:
            return joined(outcomes(self._call(database, program, slots_RS, shots, seed)))

    def estimate(self, program: Program, slots_RS: np.ndarray, *, shots: int | None, seed: int | None) -> Estimate:
        """What `run` of `R` bindings would send; nothing is sent, and nothing written.

        Raises:
            CapabilityError, ShapeError, ConfigError, DataError: as `run`.
        """
        slots_RS = checked(self.target, program, slots_RS, shots, seed)
        if not len(slots_RS):
            return Estimate(())
        with self._looking() as database:
            return Estimate(tuple(estimates(self._call(database, program, slots_RS, shots, seed))))

    def takes(self, request: Request) -> Estimate:
        """What a request takes, whether or not the store has it; nothing is sent, and nothing read or written.

        Raises:
            CapabilityError, ShapeError, ConfigError, DataError: as `run`.
        """
        slots_RS = checked(self.target, request.program, request.slots_RS, request.shots, request.seed)
        if not len(slots_RS):
            return Estimate(())
        with without_file() as database:
            return Estimate(
                tuple(estimates(self._call(database, request.program, slots_RS, request.shots, request.seed)))
            )

    def allow(self, whole: Cost, among: Callable[[sqlite3.Connection], Collection[str]]) -> None:
        """Refuse a row of requests that would not fit the budget of the guard together, before the first is sent.

        All jobs of the store count, of all processes; of `whole` only what is neither reserved nor done.

        Args:
            whole: what all of them take.
            among: keys of those of them that may be in the store, which it is handed.

        Raises:
            BudgetError: with the numbers.
        """
        if isinstance(self.remote, GuardedBackend) and self.remote.budget != Budget():
            with self._looking() as database:
                left = without(whole, book.under_way(database, among(database)))
                if left.circuits:  # a budget that was lowered afterwards keeps nobody from what is there
                    self.remote.allow(left, book.totals(database, self.remote.budget.currency))

    def standing(self, whole: Cost) -> list[str]:
        """How `whole` stands to the budget of the guard beside all jobs of the store, in words; nothing is refused.

        Raises:
            DataError: the file is damaged or of another program.
        """
        with self._looking() as database:
            budget = self.remote.budget if isinstance(self.remote, GuardedBackend) else Budget()
            return budget.standing(whole, book.totals(database, budget.currency))

    def waiting(self) -> int:
        """Jobs in the store that were sent, or may have been, and have not ended; 0 where there is no file."""
        with self._looking() as database:
            return book.n_waiting(database)

    def key(self, request: Request) -> str:
        """Key of a request in the store."""
        slots_RS = np.ascontiguousarray(request.slots_RS, np.float64)
        return self._asked(request.program, slots_RS, request.shots, request.seed).key

    def close(self) -> None:
        """Let go of what the machine holds open, such as a session; what was sent goes on."""
        let_go(self.remote)

    def _looking(self) -> AbstractContextManager[sqlite3.Connection]:
        """The database to look into: an empty one where there is no file, which is not made for that."""
        return opened(self.path) if Path(self.path).exists() else without_file()

    def _call(self, database, program, slots_RS, shots, seed) -> Call:
        how = How(
            self.deadline_s, self.first_s, self.cap_s, self.grace_s, self.posts, self.lease_s, self.retry, self.at
        )
        return Call(self.remote, database, how, self._asked(program, slots_RS, shots, seed))

    def _asked(self, program, slots_RS, shots, seed) -> book.Asked:
        return book.Asked(program, slots_RS, shots, seed, self.remote.provider, self.remote.target)


def empty(program: Program, shots: int | None) -> Outcome:
    """What no bindings give: nothing is sent for them."""
    values_RK = np.zeros((0, program.readout.n_values))
    return Outcome(values_RK, None if shots is None else values_RK)


def checked(target: Target, program: Program, slots_RS: np.ndarray, shots: int | None, seed: int | None) -> np.ndarray:
    """Bindings `(R, S)` in float64, once everything is seen to be sound; how many of them a job holds is no matter.

    Raises:
        ShapeError, DataError, ConfigError, CapabilityError: see `qml.backends.check_run.check_run`.
    """
    check_run(replace(target, limits=Limits()), program, slots_RS, shots, seed)
    return np.ascontiguousarray(slots_RS, np.float64)
