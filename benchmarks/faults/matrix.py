"""Cells of the fault matrix: a fault of the server, a crash of the client, and what is left when it has asked again."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.faults.client import ANGLES_RS, CRASHED, SEED, SHOTS, VALUES_RK, Call, asked, begun, killed, program
from benchmarks.faults.rig import KILLED, STEPS, Rig, Server, ServerJob
from qml.backends.jobs import ReplayedBackend
from qml.backends.jobs.book import remote_names, totals
from qml.backends.jobs.database import opened
from qml.base.words import plural

MOST = 6  # calls until a result
TOLERANCE = 0.3  # of a value that is 1 or -1 without noise
UNTIL_HEALED_S = 1.5
HEALED = ("stuck", "garbage")
LIMIT_S = 60.0  # of the vendor's client alone, which gives up by itself after some 10 s of waiting for a result


@dataclass(frozen=True)
class Found:
    """What is left of one request.

    Args:
        rig, fault, step: of the cell; step "-" without a crash.
        crashed: whether the step came.
        calls: processes until a result.
        jobs: on the server.
        ran: of these, those that the server bills.
        recorded: of these, those whose name stands in the store.
        live: of these, those that are queued or run.
        results: returned by the last call, and equal to what a replay of the store returns.
        billed: executions that the server bills.
        counted: executions that the store has settled.
        reserved: executions that it still holds.
        said: the last word of the client.
    """

    rig: str
    fault: str
    step: str
    crashed: bool
    calls: int
    jobs: int
    ran: int
    recorded: int
    live: int
    results: int
    billed: int
    counted: int
    reserved: int
    said: str

    @property
    def wrong(self) -> tuple[str, ...]:
        """What was lost or paid twice; empty where nothing was."""
        checks = {
            f"{self.results} results; {self.said}": self.results != 1,
            f"{self.ran} jobs were paid": self.ran != 1,
            f"{self.jobs - self.recorded} jobs are not recorded": self.recorded != self.jobs,
            f"{self.live} jobs were left to run": self.live != 0,
            f"{self.billed} executions billed, {self.counted} counted": self.billed != self.counted,
            f"{self.reserved} executions are still reserved": self.reserved != 0,
        }
        return tuple(text for text, is_wrong in checks.items() if is_wrong)


@dataclass(frozen=True)
class Alone:
    """What the vendor's client alone leaves behind a fault: the positive control.

    Args:
        rig, fault: of the control; the fault may be `KILLED`.
        demanded: whether it must show a loss.
        jobs, ran, live: as of `Found`.
        said: the last word of the client.
        cut: whether the time limit of the matrix ended it before it had said what it thinks of its job. What it has
            left behind by then may be a duplicate; it is no lost job, for the client might have come back to it.
    """

    rig: str
    fault: str
    demanded: bool
    jobs: int
    ran: int
    live: int
    said: str
    cut: bool = False

    @property
    def shows(self) -> str:
        """What went wrong: a duplicate, or a job that runs or is paid and of which nobody has a result."""
        if self.jobs > 1:
            return f"{self.jobs} jobs of one request"
        return "job left behind" if self.ran + self.live and self.said != "result" and not self.cut else ""

    @property
    def wrong(self) -> str:
        """What makes it no control: a loss that must be seen, and is not."""
        if not self.demanded or self.shows:
            return ""
        return "shows nothing, and must" if self.cut else "lost nothing, and is known to"

    @property
    def told(self) -> str:
        """All of it in words."""
        behind = f"{self.said}, with {plural(self.jobs, 'job')} on the server: {self.ran} ran, {self.live} live"
        parts = (behind if self.cut else "", self.shows, self.wrong)
        return "; ".join(part for part in parts if part) or self.said


@contextmanager
def started(rig: Rig, folder: Path) -> Iterator[Server]:
    """A server for the length of a block."""
    server = rig.start(folder)
    try:
        yield server
    finally:
        server.close()


def steps_of(rig: Rig) -> tuple[str, ...]:
    """No crash, and a crash at each step, those within the vendor's client in their place."""
    return ("-", *STEPS[:2], *rig.steps, *STEPS[2:])


def cell(rig: Rig, name: str, server: Server, fault: str, step: str, folder: Path) -> Found:
    """Ask until there is a result; the client is killed once at the step.

    Args:
        rig: its machine.
        name: of the rig in `RIGS`, or its address.
        server: running.
        fault: of `FAULTS`.
        step: of `steps_of(rig)`.
        folder: of the store.
    """
    server.reset(fault)
    store, report = str(folder / f"{fault}-{step}.sqlite"), str(folder / "report.json")
    crashed, calls, said = False, 0, {}
    while calls < MOST and said.get("said") != "result":
        crash = "" if crashed or step == "-" else step
        retry = fault == "cancelled" and said.get("said") == "failed"
        deadline_s = UNTIL_HEALED_S if fault == "stuck" and calls == 0 else 30.0
        status, said = asked(Call(name, server.address, store, report, crash, retry, deadline_s))
        calls += 1
        if status == CRASHED:
            crashed = True
        elif said.get("said") != "result" and fault in HEALED:
            server.heal()
        if fault == "stuck" and crashed:
            server.heal()
    values = np.array(said.get("values", []))
    jobs = server.jobs()
    with opened(store, make=False) as database:
        sums = totals(database)
        names = {*remote_names(database)}
    return Found(
        rig.name,
        fault,
        step,
        crashed,
        calls,
        **_left(jobs),
        recorded=sum(job.name in names for job in jobs),
        results=int(_is_right(values, store)),
        billed=sum(job.billed for job in jobs),
        counted=sums.spent.executions,
        reserved=sums.reserved.executions,
        said=said.get("why", said.get("said", "nothing")),
    )


def alone(rig: Rig, name: str, server: Server, fault: str, folder: Path, limit_s: float = LIMIT_S) -> Alone:
    """The vendor's client alone, cut after `limit_s`.

    Under `KILLED` nothing is wrong with the server: the client is killed once the server has its job, and started anew,
    as whoever still wants a result would.
    """
    server.reset("stuck" if fault == KILLED else fault)
    call = Call(name, server.address, "", str(folder / "stock.json"), stock=True)
    demanded = fault in rig.control_loses
    if fault == KILLED:
        process, end = begun(call), time.monotonic() + limit_s
        while not (reached := bool(server.jobs())) and process.is_alive() and time.monotonic() < end:
            time.sleep(0.05)
        killed(process, call)
        server.heal()
        if not reached:
            said = f"cut before it had sent a job, after {limit_s:g} s at most"
            return Alone(rig.name, fault, demanded, **_left(server.jobs()), said=said, cut=True)
    status, said = asked(call, limit_s)
    cut = status is None
    word = f"cut after {limit_s:g} s" if cut else said.get("said", "nothing") if status == 0 else "error"
    return Alone(rig.name, fault, demanded, **_left(server.jobs()), said=word, cut=cut)


def _left(jobs: Sequence[ServerJob]) -> dict[str, int]:
    live = sum(job.status in ("queued", "running") for job in jobs)
    return {"jobs": len(jobs), "ran": sum(job.billed > 0 for job in jobs), "live": live}


def _is_right(values_RK: np.ndarray, store: str) -> bool:
    """Whether values are those of the circuit, and those that the store replays."""
    if values_RK.shape != VALUES_RK.shape or np.abs(values_RK - VALUES_RK).max() > TOLERANCE:
        return False
    replayed = ReplayedBackend(store).run(program(), ANGLES_RS, shots=SHOTS, seed=SEED)
    return bool((replayed.values_RK == values_RK).all())
