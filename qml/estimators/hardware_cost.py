"""What running a model on a machine will take, found by walking through one row with a stand-in for the machine."""

from __future__ import annotations

import logging
import sqlite3
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from qml.backends.assembling import with_machine
from qml.backends.backend import Outcome, Target
from qml.backends.executor import Executor
from qml.backends.jobs import StoredBackend
from qml.backends.jobs.book import job_of, requests_like
from qml.backends.jobs.costs import total
from qml.backends.jobs.database import opened
from qml.backends.jobs.packing import cost_from
from qml.backends.measuring import settings_of
from qml.backends.remote import Cost, Request, let_go
from qml.backends.transpiling import compact
from qml.backends.watched import Ledger, WatchedExecutor
from qml.base.errors import QmlError
from qml.base.redacting import redacted
from qml.circuits.program import Program
from qml.estimators.training import SCORED
from qml.learn.step_fit import StepFit

_logger = logging.getLogger(__name__)
Own = Callable[[sqlite3.Connection], Collection[str]]
"""Keys of requests, once the store is open."""


@dataclass(frozen=True)
class Estimate:
    """What an evaluation, and a training run before it, will take of a machine.

    Args:
        label: who runs circuits.
        evaluation, training: costs; no training where there is none.
        jobs: of the two.
        is_remote: whether something is sent to a service.
        budget: how the whole stands to each bound of a budget beside all jobs of the store, in words.
    """

    label: str
    evaluation: Cost
    training: Cost | None
    jobs: tuple[int, int]
    is_remote: bool
    budget: Sequence[str] = ()

    @property
    def whole(self) -> Cost:
        """Training and evaluation together."""
        return self.evaluation if self.training is None else total([self.training, self.evaluation])

    def __str__(self) -> str:
        lines = [f"estimate for {self.label}" + ("" if self.is_remote else ", which runs here and costs no money")]
        for name, cost, jobs in (
            ("training", self.training, self.jobs[1]),
            ("evaluation", self.evaluation, self.jobs[0]),
        ):
            if cost is None:
                continue
            said = f"  {name:<10} {jobs:,} jobs, {cost.circuits:,} circuits"
            said += f", {cost.executions:,} shots" if cost.executions else ""
            said += "" if cost.seconds is None else f", {cost.seconds:,.1f} s of the machine"
            said += "" if cost.amount is None else f", {cost.amount:,.2f} {cost.currency}"
            lines.append(said + (f" ({cost.basis})" if cost.basis else ""))
        lines += [f"  {'budget':<10} {said}" for said in self.budget]
        if any("do not fit" in said for said in self.budget):
            lines.append(f"  {'':<10} (what of it the store has already is not counted twice when it is sent)")
        return "\n".join(lines)


@dataclass(frozen=True)
class StandIn:
    """Takes the place of a machine: notes what it is asked, and answers as an exact simulator or with shots of one.

    Args:
        machine: whose target it shows.
        noted: the requests so far.
    """

    machine: Any
    noted: list[Request] = field(default_factory=list, compare=False)

    @property
    def target(self) -> Target:
        """That of the machine."""
        return self.machine.target

    def run(self, program: Program, slots_RS: np.ndarray, *, shots: int | None, seed: int | None) -> Outcome:
        """Note the request and answer it here."""
        from qml.backends import executor_named
        from qml.backends.simulated import SimulatedBackend

        self.noted.append(Request(program, slots_RS, shots, seed))
        small = compact(program)[0]  # of a machine that may have more wires than can be simulated
        return SimulatedBackend(executor_named("engine_cpu")).run(small, slots_RS, shots=shots, seed=seed)


@dataclass(frozen=True)
class Calls:
    """Calls of an Executor that a piece of work makes, by their rows.

    Args:
        runs: rows of a forward run -> how often there is one.
        updates: rows of a forward run whose gradient is asked for -> how often.
    """

    runs: Mapping[int, int]
    updates: Mapping[int, int] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """Forward runs and gradients of single rows."""
        return sum(rows * times for rows, times in self.runs.items()) + 2 * sum(
            rows * times for rows, times in self.updates.items()
        )


def in_batches(n_rows: int, size: int, times: int = 1) -> Counter[int]:
    """Rows of a batch -> how many there are, in so many passes over `n_rows`.

    Example:
        >>> in_batches(10, 4, times=3)
        Counter({4: 6, 2: 3})
    """
    return +Counter({size: n_rows // size * times}) + Counter({n_rows % size: times if n_rows % size else 0})


def training_calls(sizes: Mapping[str, int | None], batch_size: int, epochs: int) -> Calls:
    """What training takes at most: updates, validation after each pass and of the weights kept, and the last scores.

    Args:
        sizes: of the splits.
        batch_size: rows of an update.
        epochs: passes.
    """
    size = StepFit.evaluation_size
    runs = in_batches(sizes.get("validation") or 0, size, epochs + 1)
    for split in SCORED:
        runs += in_batches(sizes.get(split) or 0, size)
    return Calls(runs, in_batches(sizes.get("train") or 0, batch_size, epochs))


def estimated(executor: Executor, program: Program, evaluation: Calls, training: Calls | None = None) -> Estimate:
    """What an evaluation takes, and a training run before it.

    Args:
        executor: who runs circuits, put together by `qml.backends.assembling.assembled`.
        program: the circuit of the model.
        evaluation: its calls.
        training: its calls; None trains nothing there.

    Raises:
        DataError: the file of a job store is damaged or of another program.
    """
    label = executor.capabilities.name
    shadow, stand_in = with_machine(executor, StandIn)
    if stand_in is None:
        after = None if training is None else Cost(training.rows, 0)
        return Estimate(label, Cost(evaluation.rows, 0), after, (0, 0), False)
    asked = [_asked(shadow, stand_in, program, slopes) for slopes in (False, False, True)]
    machine = stand_in.machine
    first, first_jobs = _sum(machine, asked, evaluation)
    after, after_jobs = (None, 0) if training is None else _sum(machine, asked, training)
    is_kept = isinstance(machine, StoredBackend)
    found = Estimate(label, first, after, (first_jobs, after_jobs), is_kept)
    return replace(found, budget=machine.standing(found.whole)) if is_kept else found


def billed(executor: Executor, ledger: Ledger) -> Cost | None:
    """What the jobs in a ledger took by the account of their store; None where no store keeps them.

    Args:
        executor: whose machine has entered them.
        ledger: with the keys of the jobs.
    """
    machine = with_machine(executor, lambda found: found)[1]
    if not isinstance(machine, StoredBackend) or not ledger.facts:
        return None
    with opened(machine.path) as database:
        rows = [job_of(database, facts["key"]) for facts in ledger.facts]
    return total(cost_from(row["billed"]) for row in rows if row is not None and row["billed"])


def allow(executor: Executor, whole: Cost, requests: Callable[[StoredBackend], Own]) -> None:
    """Refuse what does not fit a budget beside all that the store has spent and reserved, before the first job is sent.

    Args:
        executor: whose machine has a store and a guard; nothing is asked of another.
        whole: what is going to be asked of it.
        requests: those of it that the store may have; they are sought only where there is a budget.

    Raises:
        BudgetError: with the numbers.
    """
    machine = with_machine(executor, lambda found: found)[1]
    if isinstance(machine, StoredBackend):
        machine.allow(whole, requests(machine))


def of_circuits(executor: Executor, program: Program, *, training: bool) -> Callable[[StoredBackend], Own]:
    """Stored requests of the circuits that a model asks for, whatever their bindings.

    Of a training run nothing more is known before it has run: its bindings follow from answers.

    Args:
        executor: put together by `qml.backends.assembling.assembled`.
        program: the circuit of the model.
        training: whether gradients are asked for too.
    """

    def requests(machine: StoredBackend) -> Own:
        shadow, stand_in = _shadow(executor)
        _asked(shadow, stand_in, program, training)
        kinds = {(request.program, request.shots) for request in stand_in.noted}
        where = machine.remote.provider, machine.target

        def own(database: sqlite3.Connection) -> list[str]:
            return [key for program, shots in kinds for key in requests_like(database, *where, [program], shots)]

        return own

    return requests


def of_rows(executor: Executor, run: Callable[[Executor], object]) -> Callable[[StoredBackend], Own]:
    """The very requests of an evaluation, found by running it with a simulator in the place of the machine.

    Args:
        executor: put together by `qml.backends.assembling.assembled`.
        run: evaluates all rows with the executor that it is handed.
    """

    def requests(machine: StoredBackend) -> Own:
        shadow, stand_in = _shadow(executor)
        run(shadow)
        keys = {machine.key(request) for request in stand_in.noted}
        return lambda database: keys

    return requests


def _shadow(executor: Executor) -> tuple[Any, StandIn]:
    """The same layers around a stand-in, with a ledger of their own."""
    shadow, stand_in = with_machine(executor, StandIn)
    return replace(shadow, ledger=Ledger()) if isinstance(shadow, WatchedExecutor) else shadow, stand_in


def close(executor: Executor) -> None:
    """Let go of what the machine holds open, such as a session that is billed until it is closed."""
    try:
        let_go(with_machine(executor, lambda found: found)[1])
    except QmlError as error:  # what was run has its record, or an error of its own
        _logger.warning("what the machine holds open could not be closed: %s", redacted(str(error)))


def _asked(shadow: Executor, stand_in: StandIn, program: Program, slopes: bool) -> list[Request]:
    """What one row asks of the machine: values, or values and slopes as an update does."""
    begun = len(stand_in.noted)
    inputs, weights = np.zeros((1, program.n_inputs)), np.full(program.n_weights, 0.1)
    values = shadow.forward(program, inputs, weights, seed=1, keep=slopes)
    if slopes:
        shadow.vjp(program, inputs, weights, np.ones_like(values.values_BK), seed=1, residual=values.residual)
    return stand_in.noted[begun:]


def _sum(machine: Any, asked: Sequence[list[Request]], calls: Calls) -> tuple[Cost, int]:
    """Cost and jobs of all calls, and of what the very first one asks beside, such as a calibration.

    Args:
        machine: estimates its requests.
        asked: by the first run of one row, by a later one, and by an update.
        calls: how many there are.
    """
    first, run, update = asked
    once = first[: max(0, len(first) - len(run))]  # calibrations stand in front
    parts = [(cost, 1) for request in once for cost in _costs(machine, request)]
    for requests, found in ((run, calls.runs), (update, calls.updates)):
        for rows, times in found.items():
            many = [replace(request, slots_RS=_rows(request.slots_RS, rows)) for request in requests]
            parts += [(cost, times) for request in many for cost in _costs(machine, request)]
    return total(_times(cost, number) for cost, number in parts), sum(number for _, number in parts)


def _times(cost: Cost, number: int) -> Cost:
    """A cost, so many times."""
    seconds, amount = (None if one is None else one * number for one in (cost.seconds, cost.amount))
    return replace(
        cost, circuits=cost.circuits * number, executions=cost.executions * number, seconds=seconds, amount=amount
    )


def _rows(slots_RS: np.ndarray, rows: int) -> np.ndarray:
    """The bindings of one row, of so many."""
    return np.repeat(slots_RS, rows, axis=0)


def _costs(machine: Any, request: Request) -> tuple[Cost, ...]:
    """What the jobs of a request take: by the machine's own estimate where it has one."""
    if isinstance(machine, StoredBackend):
        return machine.takes(request).jobs
    settings = 1 if request.shots is None else max(1, len(settings_of(request.program.readout)))
    circuits = len(request.slots_RS) * settings
    return (Cost(circuits, circuits * (request.shots or 0)),)
