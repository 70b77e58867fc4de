"""A machine that keeps jobs, without a network: its state lies in files, so that it outlives whoever asks it.

`FileMachine` is the server: accepts, lists, answers, and misbehaves as it is told. `FileBackend` is a member over it,
as a room of a vendor would write it. A caller may die at any moment; each answer is one change of a file under a lock.
"""

from __future__ import annotations

import fcntl
import io
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from qml.backends.backend import Limits, Outcome, Target
from qml.backends.counts import Counts
from qml.backends.measuring import basis_gates, outcome_of, settings_of
from qml.backends.reference import ReferenceExecutor
from qml.backends.remote import AmbiguousSubmitError, Cost, Delivery, JobStatus, Request, TransientError
from qml.backends.slotted import slotted
from qml.base.errors import CapabilityError, CredentialsError, JobError
from qml.base.seeds import generator
from qml.circuits.program import Program
from qml.circuits.readout import Probabilities

QUEUE_S = 0.03
LAG_S = 0.4
STORM = 3


class RefusedError(OSError):
    """An answer with a status that is not 200."""

    def __init__(self, status: int, after_s: float | None = None):
        super().__init__(f"status {status}")
        self.status, self.after_s = status, after_s


class DroppedError(OSError):
    """The connection ended before an answer came."""


@dataclass(frozen=True)
class FileMachine:
    """The server, in a folder."""

    folder: str

    def reset(self, fault: str = "none", **more: Any) -> None:
        """Forget all jobs; misbehave from now on."""
        Path(self.folder).mkdir(parents=True, exist_ok=True)
        with self._state(new=True) as state:
            state.update({"fault": fault, "left": STORM if "storm" in fault else 1, "jobs": [], "asked": {}, **more})

    def heal(self) -> None:
        """Behave; stuck jobs run."""
        with self._state() as state:
            state.update({"fault": "none", "left": 0})

    @contextmanager
    def _state(self, *, new: bool = False) -> Iterator[dict[str, Any]]:
        """The state under a lock, written back whole."""
        path = Path(self.folder) / "state.json"
        with open(path.with_suffix(".lock"), "a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            state = {} if new else json.loads(path.read_text())
            yield state
            temporary = path.with_suffix(f".{os.getpid()}")
            temporary.write_text(json.dumps(state))
            os.replace(temporary, path)

    def post(self, tag: str, arrays: bytes, executions: int) -> str:
        """Take a job."""
        after = None
        with self._state() as state:
            self._count(state, "post")
            fault, armed = state["fault"], state["left"] > 0
            if fault == "storm_submit" and armed:
                state["left"] -= 1
                after = RefusedError(429, 0.01)
            else:
                name = f"job-{len(state['jobs'])}"
                (Path(self.folder) / f"{name}.npz").write_bytes(arrays)
                lag = time.time() + LAG_S if fault == "lag" and armed else 0.0
                status = "cancelled" if fault == "cancelled" and armed else "queued"
                job = {"name": name, "tag": tag, "status": status, "accepted": time.time(), "visible": lag}
                state["jobs"].append({**job, "executions": executions})
                if fault == "always_502":
                    after = RefusedError(502)
                elif fault in ("accepted_502", "dropped", "lag", "cancelled") and armed:
                    state["left"] -= 1
                    after = {"accepted_502": RefusedError(502), "cancelled": None}.get(fault, DroppedError("dropped"))
        if after is not None:
            raise after
        return name

    def named(self, tag: str) -> tuple[str, ...]:
        """Names of the jobs of a tag, the oldest first."""
        with self._state() as state:
            self._count(state, "find")
            return tuple(job["name"] for job in state["jobs"] if job["tag"] == tag and job["visible"] <= time.time())

    def get(self, name: str) -> str:
        """Where a job is."""
        with self._state() as state:
            self._count(state, "get")
            if state["fault"] == "storm_poll" and state["left"] > 0:
                state["left"] -= 1
                storm = True
            else:
                storm = False
                self._run(state)
            found = [job["status"] for job in state["jobs"] if job["name"] == name]
        if storm:
            raise RefusedError(429)
        if not found:
            raise RefusedError(404)
        return found[0]

    def fetch(self, name: str) -> bytes:
        """What a job brought."""
        with self._state() as state:
            self._count(state, "fetch")
            if state["fault"] == "garbage":
                return b"<html>no result</html>"
        return (Path(self.folder) / f"{name}.npz").read_bytes()

    def delete(self, name: str) -> None:
        """Stop a job; one that has ended stays."""
        with self._state() as state:
            self._count(state, "cancel")
            for job in state["jobs"]:
                if job["name"] == name and job["status"] in ("queued", "running"):
                    job["status"] = "cancelled"

    def jobs(self) -> list[dict[str, Any]]:
        """All jobs."""
        with self._state() as state:
            self._run(state)
            return [dict(job) for job in state["jobs"]]

    def asked(self) -> dict[str, int]:
        """How often what was asked."""
        with self._state() as state:
            return dict(state["asked"])

    @staticmethod
    def _run(state: dict[str, Any]) -> None:
        """Let the clock go on."""
        for job in state["jobs"]:
            if job["status"] == "queued" and state["fault"] != "stuck" and time.time() > job["accepted"] + QUEUE_S:
                job["status"] = "done"

    @staticmethod
    def _count(state: dict[str, Any], what: str) -> None:
        state["asked"][what] = state["asked"].get(what, 0) + 1


def _nothing(step: str) -> None:
    """No crash."""


@dataclass(frozen=True)
class FileBackend:
    """A member over a `FileMachine`; it can do what a vendor's can.

    Args:
        folder: of the machine.
        limits: of one job.
        refused: whether the account is refused, before anything is sent.
        noise: options of the target.
        at: called with "sent" when the machine has the job and `submit` has not returned.
    """

    folder: str
    limits: Limits = field(default=Limits())
    refused: bool = False
    noise: Mapping[str, float] = field(default_factory=dict)
    at: Callable[[str], None] = field(default=_nothing, compare=False, repr=False)

    @property
    def machine(self) -> FileMachine:
        """The server."""
        return FileMachine(self.folder)

    @property
    def target(self) -> Target:
        """Eight qubits, all gates."""
        return Target("files", 8, limits=self.limits, queued=True, options=tuple(sorted(self.noise.items())))

    @property
    def provider(self) -> str:
        """Of the jobs."""
        return "files"

    def check(self, request: Request) -> None:
        """Width alone."""
        if request.program.n_qubits > self.target.n_qubits:
            raise CapabilityError(f"files has 8 qubits; the Program has {request.program.n_qubits}.")

    def estimate(self, request: Request) -> Cost:
        """One millisecond a shot."""
        circuits = len(request.slots_RS) * (len(settings_of(request.program.readout)) if request.shots else 1)
        executions = circuits * (request.shots or 0)
        return Cost(circuits, executions, seconds=executions / 1000, basis="1 ms a shot")

    def submit(self, request: Request, tag: str) -> str:
        """Send it once."""
        if self.refused:
            raise CredentialsError("files refuses this account. Keys are kept in nothing.")
        arrays = io.BytesIO()
        np.savez(arrays, **answer(request))
        try:
            name = self.machine.post(tag, arrays.getvalue(), self.estimate(request).executions)
        except RefusedError as error:
            self.at("sent")
            if error.status == 429:
                raise TransientError("files: too many requests (429)", error.after_s) from error
            raise AmbiguousSubmitError(f"files: {error} behind Authorization: Bearer {SECRET}") from error
        except DroppedError as error:
            self.at("sent")
            raise AmbiguousSubmitError("files: the connection was dropped") from error
        self.at("sent")
        return name

    def find(self, tag: str) -> tuple[str, ...]:
        """By tag."""
        return self.machine.named(tag)

    def status(self, job: str) -> JobStatus:
        """Where it is."""
        try:
            return JobStatus(self.machine.get(job))
        except RefusedError as error:
            raise TransientError(f"files: {error}", error.after_s) from error

    def result(self, job: str, request: Request) -> Delivery:
        """Counts or values."""
        try:
            with np.load(io.BytesIO(self.machine.fetch(job)), allow_pickle=False) as arrays:
                found = {name: arrays[name] for name in arrays.files}
        except ValueError as error:
            raise JobError(f"files: job {job} answered with what is no result.") from error
        calibration = {"machine": "files", "error_rate": 0.01}
        cost = self.estimate(request)
        if "values" in found:
            return Delivery(Outcome(found["values"], record={"job": job}), cost, calibration)
        settings = settings_of(request.program.readout)
        counts = tuple(
            Counts(len(request.slots_RS), found[f"row{i}"], found[f"bits{i}"], found[f"times{i}"])
            for i in range(len(settings))
        )
        outcome = outcome_of(request.program.readout, counts, len(request.slots_RS))
        return Delivery(
            Outcome(outcome.values_RK, outcome.variance_RK, counts, {"job": job}),
            Cost(cost.circuits, cost.executions, seconds=cost.executions / 1000, basis="billed"),
            calibration,
        )

    def billed(self, job: str) -> Cost | None:
        """By the account of the machine."""
        (found,) = [one for one in self.machine.jobs() if one["name"] == job]
        executions = found["executions"] if found["status"] == "done" else 0
        return Cost(0, executions, seconds=executions / 1000, basis="billed")

    def error(self, job: str) -> str:
        """Words."""
        return f"job {job}: stopped by the operator (token={SECRET})"

    def cancel(self, job: str) -> None:
        """Stop it."""
        self.machine.delete(job)


SECRET = "planted-9f83kd02jf7740aa"
"""Stands in what the machine says, as a careless client might show it; must never be kept."""


def answer(request: Request) -> dict[str, np.ndarray]:
    """What a perfect machine brings back: exact values, or counts drawn from the exact probabilities."""
    program = slotted(request.program)
    slots = np.asarray(request.slots_RS, float)
    executor = ReferenceExecutor()
    if request.shots is None:
        return {"values": executor.forward(program, slots, np.zeros(0)).values_BK}
    arrays = {}
    for place, setting in enumerate(settings_of(program.readout)):
        gates = (*program.gates, *basis_gates(setting))
        measured = Program(program.n_qubits, gates, Probabilities(setting.wires), program.n_inputs)
        shares = executor.forward(measured, slots, np.zeros(0)).values_BK
        draws = generator(request.seed or 1, "files", place)
        seen = np.stack([draws.multinomial(request.shots, row / row.sum()) for row in np.maximum(shares, 0)])
        row, outcome = np.nonzero(seen)
        bits = (outcome[:, None] >> np.arange(len(setting.wires))[::-1]) & 1
        arrays |= {f"row{place}": row, f"bits{place}": bits.astype(np.uint8), f"times{place}": seen[row, outcome]}
    return arrays
