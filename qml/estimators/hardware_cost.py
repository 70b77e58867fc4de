"""What running a model on a machine will take, found by walking through one row with a stand-in for the machine."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from qml.backends.assembling import with_machine
from qml.backends.backend import Outcome, Target
from qml.backends.executor import Executor
from qml.backends.jobs import GuardedBackend, StoredBackend
from qml.backends.jobs.book import job_of
from qml.backends.jobs.costs import Totals, total
from qml.backends.jobs.database import opened
from qml.backends.jobs.packing import cost_from
from qml.backends.measuring import settings_of
from qml.backends.remote import Cost, Request, let_go
from qml.backends.watched import Ledger
from qml.base.errors import QmlError
from qml.base.redacting import redacted
from qml.circuits.program import Program
from qml.estimators.choices import Training

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Estimate:
    """What an evaluation, and a training run before it, will take of a machine.

    Args:
        label: who runs circuits.
        evaluation, training: costs; no training where there is none.
        jobs: of the two.
        is_remote: whether something is sent to a service.
    """

    label: str
    evaluation: Cost
    training: Cost | None
    jobs: tuple[int, int]
    is_remote: bool

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
        return SimulatedBackend(executor_named("engine_cpu")).run(program, slots_RS, shots=shots, seed=seed)


def estimated(
    executor: Executor,
    program: Program,
    n_rows: int,
    rows_a_job: int,
    *,
    steps: int | None = None,
    training: Training | None = None,
) -> Estimate:
    """What `n_rows` forward runs take, and `steps` updates before them.

    Args:
        executor: who runs circuits, put together by `qml.backends.assembling.assembled`.
        program: the circuit of the model.
        n_rows: rows that are evaluated.
        rows_a_job: rows of one forward run.
        steps: updates of a training run; None trains nothing there.
        training: says how many rows an update has.
    """
    label = executor.capabilities.name
    n_jobs = -(-n_rows // rows_a_job)
    batch = training.batch_size if training is not None else 1
    shadow, stand_in = with_machine(executor, StandIn)
    if stand_in is None:
        after = None if steps is None else Cost(2 * steps * batch, 0)
        return Estimate(label, Cost(n_rows, 0), after, (0, 0), False)
    first, second = _asked(shadow, stand_in, program, False), _asked(shadow, stand_in, program, False)
    evaluation = _sum(stand_in.machine, first, second, n_jobs, min(rows_a_job, n_rows), n_rows / n_jobs)
    jobs, after = (len(first) + (n_jobs - 1) * len(second), 0), None
    if steps is not None:
        update = _asked(shadow, stand_in, program, True)
        after = _sum(stand_in.machine, first, update, steps, batch, batch)
        jobs = jobs[0], len(first) - len(second) + steps * len(update)
    return Estimate(label, evaluation, after, jobs, isinstance(stand_in.machine, StoredBackend))


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


def allow(executor: Executor, estimate: Estimate) -> None:
    """Refuse what by itself is more than the whole budget, before the first of its jobs is sent.

    What other jobs of the store have spent does not count here: those of an evaluation that goes on are among them.

    Raises:
        BudgetError: with the numbers.
    """
    machine = with_machine(executor, lambda found: found)[1]
    if isinstance(machine, StoredBackend) and isinstance(machine.remote, GuardedBackend):
        parts = [estimate.evaluation] if estimate.training is None else [estimate.training, estimate.evaluation]
        none = Cost(0, 0, 0.0, 0.0)
        machine.remote.allow(total(parts), Totals(none, none))


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


def _sum(machine: Any, first: list[Request], each: list[Request], times: int, rows: int, mean_rows: float) -> Cost:
    """Cost of `times` calls of so many rows, and of what was asked beside the first of them only."""
    once = first[: max(0, len(first) - len(each))]  # calibrations stand in front
    sums: dict[str, Any] = {"circuits": 0, "executions": 0, "seconds": None, "amount": None, "currency": "USD"}
    for request, number, scale in [*((one, 1, 1.0) for one in once), *((one, times, mean_rows / rows) for one in each)]:
        many = request if number == 1 and request in once else replace(request, slots_RS=_rows(request.slots_RS, rows))
        cost = _cost(machine, many)
        sums["circuits"] += round(cost.circuits * number * scale)
        sums["executions"] += round(cost.executions * number * scale)
        for key in ("seconds", "amount"):
            told = getattr(cost, key)
            if told is not None:
                sums[key] = (sums[key] or 0.0) + told * number * scale
        sums["currency"], sums["basis"] = cost.currency, cost.basis
    return Cost(**sums)


def _rows(slots_RS: np.ndarray, rows: int) -> np.ndarray:
    """The bindings of one row, of so many."""
    return np.repeat(slots_RS, rows, axis=0)


def _cost(machine: Any, request: Request) -> Cost:
    """What a request takes: by the machine's own estimate where it has one."""
    if isinstance(machine, StoredBackend):
        asked = {"shots": request.shots, "seed": request.seed}
        return machine.estimate(request.program, request.slots_RS, **asked).total
    settings = 1 if request.shots is None else max(1, len(settings_of(request.program.readout)))
    circuits = len(request.slots_RS) * settings
    return Cost(circuits, circuits * (request.shots or 0))
