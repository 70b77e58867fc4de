"""Our routes, each with what it promises."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmarks.backends.step import Step, Took
from benchmarks.backends.task import Answer, Task, program
from benchmarks.resident import children_cpu_seconds
from qml.backends import EXECUTORS, Backend, Executor, Outcome, Target
from qml.backends.aer import AerBackend
from qml.backends.braket import LocalBraketBackend
from qml.backends.braket.interpreter import VARIABLE, braket_python
from qml.backends.ibm import IbmBackend
from qml.backends.jobs import StoredBackend
from qml.backends.measuring import settings_of
from qml.backends.noise import noise_named
from qml.backends.noisy import NoisyExecutor
from qml.backends.reference import ReferenceBackend
from qml.backends.remote import Request
from qml.backends.shifts import ShiftedExecutor
from qml.backends.transpiling import transpilations
from qml.base.errors import MissingExtraError
from qml.circuits import Program
from tests.servers.ibm_process import IbmServer

EXACT = 1e-9


@dataclass
class Tally:
    """Jobs, bound circuits and their shots that a backend was asked for, and who counts what it has transpiled."""

    transpiled: Callable[[], int] = transpilations
    jobs: int = 0
    circuits: int = 0
    executions: int = 0

    def add(self, program: Program, slots_RS: np.ndarray, shots: int | None) -> None:
        """Count one job."""
        circuits = len(slots_RS) * len(settings_of(program.readout))
        self.jobs += 1
        self.circuits += circuits
        self.executions += circuits * (shots or 0)

    def clear(self) -> None:
        """Begin anew."""
        self.jobs = self.circuits = self.executions = 0


@dataclass(frozen=True)
class CountedBackend:
    """A Backend whose runs are counted."""

    inner: Backend
    tally: Tally = field(default_factory=Tally)

    @property
    def target(self) -> Target:
        """That of the inner one."""
        return self.inner.target

    def run(self, program: Program, slots_RS: np.ndarray, *, shots: int | None, seed: int | None) -> Outcome:
        """Hand on, and count."""
        self.tally.add(program, slots_RS, shots)
        return self.inner.run(program, slots_RS, shots=shots, seed=seed)


@dataclass(frozen=True)
class CountedRemote:
    """A machine behind a service whose submissions are counted; everything else is the machine's own."""

    inner: IbmBackend
    tally: Tally

    def __getattr__(self, name: str):
        return getattr(self.inner, name)

    def submit(self, request: Request, tag: str) -> str:
        """Hand on, and count."""
        self.tally.add(request.program, request.slots_RS, request.shots)
        return self.inner.submit(request, tag)


@dataclass(frozen=True)
class Route:
    """A route of ours.

    Args:
        name: as the table calls it.
        make: from the task and a tally to an Executor; the tally is left alone where nothing is submitted.
        error: root mean square error of values and gradients that it stays below.
        beside: whether it works in a process beside this one, whose CPU seconds count too.
        slow: minutes; left out unless asked for.
        like: the route whose answer it has to EXACT, where it is biased by noise but not by shots.
        jobs: that one step takes; None where it has none.
        transpilations: that the first step takes; None where it has none.
    """

    name: str
    make: Callable[[Task, Tally], Executor]
    error: float
    jobs: int | None = None
    transpilations: int | None = None
    like: str | None = None
    beside: bool = False
    slow: bool = False

    def run(self, asked: Task, again_below_s: float = 60.0) -> Step:
        """One step, and a second where the first took less than `again_below_s`."""
        tally = Tally()
        try:
            executor = self.make(asked, tally)
        except MissingExtraError as error:
            return Step(self.name, reason=str(error)[:150])
        answer, first = self._timed(executor, asked, tally, seed=1)
        again = self._timed(executor, asked, tally, seed=2)[1] if first.wall_s < again_below_s else None
        return Step(self.name, answer, first, again)

    def _cpu(self) -> float:
        return time.process_time() + (children_cpu_seconds() if self.beside else 0.0)

    def _timed(self, executor: Executor, asked: Task, tally: Tally, seed: int) -> tuple[Answer, Took]:
        inputs, weights, cotangent = (np.array(part) for part in (asked.inputs, asked.weights, asked.cotangent))
        tally.clear()
        before = tally.transpiled()
        cpu, wall = self._cpu(), time.perf_counter()
        values = executor.forward(program(), inputs, weights, seed=seed, keep=True)
        found = executor.vjp(program(), inputs, weights, cotangent, seed=seed, residual=values.residual)
        took = (self._cpu() - cpu, time.perf_counter() - wall)
        made = tally.transpiled() - before
        counted = self.jobs is not None
        asked_for = (tally.circuits, made, tally.jobs, tally.executions) if counted else (None, made, None, None)
        return Answer(values.values_BK, found.inputs_BD, found.weights), Took(*took, *asked_for)


def _shifted(backend: Callable[[], Backend], plan: str, shots: bool) -> Callable[[Task, Tally], Executor]:
    def make(asked: Task, tally: Tally) -> Executor:
        counted = CountedBackend(backend(), tally)
        return ShiftedExecutor(counted, shots=asked.shots if shots else None, plan=plan)

    return make


def _named(name: str) -> Callable[[Task, Tally], Executor]:
    return lambda asked, tally: EXECUTORS[name]()


def _aer(device: str = "none") -> Callable[[], Backend]:
    return lambda: AerBackend(noise=noise_named(device))


def _noisy(asked: Task, tally: Tally) -> Executor:
    return NoisyExecutor(noise_named(MANILA))


def _braket(plan: str, shots: bool) -> Callable[[Task, Tally], Executor]:
    """Braket's SDK, in the worker process of an environment of its own."""

    def make(asked: Task, tally: Tally) -> Executor:
        try:
            python = braket_python()
        except MissingExtraError as error:
            raise MissingExtraError(f"not measured: {VARIABLE} names no environment with Braket's SDK") from error
        return _shifted(lambda: LocalBraketBackend(python=python), plan, shots)(asked, tally)

    return make


def _served(plan: str) -> Callable[[Task, Tally], Executor]:
    """IBM's own client, a server on this machine that speaks its protocol and runs Aer, and the job store between."""

    def make(asked: Task, tally: Tally) -> Executor:
        folder = Path(tempfile.mkdtemp(prefix="qml-benchmark-"))
        server = IbmServer.start(folder)
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        atexit.register(server.stop)
        os.environ.update(server.environment)
        remote = IbmBackend("ibm_manila", account="mine", account_file=server.accounts)
        tally.transpiled = lambda: remote.transpilations
        stored = StoredBackend(CountedRemote(remote, tally), str(folder / "jobs.sqlite"))
        return ShiftedExecutor(stored, shots=asked.shots, plan=plan)

    return make


MANILA = "fake_manila"
BIASED = 0.3  # what the noise of a device may do to the step; 1,024 shots do less

NOISY = "noisy as fake_manila, adjoint"
ROUTES = (
    Route("engine_cpu, adjoint", _named("engine_cpu"), EXACT),
    Route("lightning, adjoint", _named("lightning"), EXACT),
    Route("reference, shifts", _shifted(ReferenceBackend, "eager", shots=False), EXACT, 1, 0),
    Route("aer statevector, eager", _shifted(_aer(), "eager", shots=False), EXACT, 1, 0),
    Route("aer statevector, shots, eager", _shifted(_aer(), "eager", shots=True), BIASED, 1, 0),
    Route("aer statevector, shots, weighted", _shifted(_aer(), "weighted", shots=True), BIASED, 2, 0),
    Route(NOISY, _noisy, BIASED, None, 1),
    Route("aer as fake_manila, eager", _shifted(_aer(MANILA), "eager", shots=False), BIASED, 1, 1, like=NOISY),
    Route("aer as fake_manila, shots, eager", _shifted(_aer(MANILA), "eager", shots=True), BIASED, 1, 1),
    Route("aer as fake_manila, shots, weighted", _shifted(_aer(MANILA), "weighted", shots=True), BIASED, 2, 1),
    Route("IBM's client, served here, eager", _served("eager"), BIASED, 1, 1),
    Route("IBM's client, served here, weighted", _served("weighted"), BIASED, 2, 1),
    Route("Braket's simulator, exact, eager", _braket("eager", shots=False), EXACT, 1, 0, beside=True),
    Route("Braket's simulator, shots, eager", _braket("eager", shots=True), BIASED, 1, 0, beside=True),
    Route("Braket's simulator, shots, weighted", _braket("weighted", shots=True), BIASED, 2, 0, beside=True, slow=True),
)


def run_route(place: int, asked: Task, again_below_s: float) -> Step:
    """The route of that place; called in a process of its own, where nothing is compiled or transpiled yet."""
    return ROUTES[place].run(asked, again_below_s)
