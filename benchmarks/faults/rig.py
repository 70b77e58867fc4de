"""What the fault matrix asks of a machine: a server that can be told to misbehave, and clients in child processes.

One rig a vendor: its server on localhost, our member over the vendor's real client, and that client alone. The matrix
starts the server once, in a process that is never killed, and the clients in children that it kills.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from qml.backends.remote import AmbiguousSubmitError, RemoteBackend, Request

FAULTS = {  # name -> what the server does; each once it is injected, until `heal` or as often as it says
    "none": "nothing",
    "accepted_502": "accepts the first submission and answers 502 (once)",
    "always_502": "accepts each submission and answers 502 (until `heal`)",
    "dropped": "accepts the first submission and drops the connection (once)",
    "storm_submit": "answers 429 to the first three submissions, and accepts none of them",
    "storm_poll": "answers 429 to the first three questions after a job",
    "stuck": "leaves jobs in the queue until `heal`",
    "cancelled": "cancels the first job by itself, without cost; later ones run",
    "garbage": "answers with what is no result, until `heal`",
    "lag": "accepts the first submission, drops the connection (once), and finds jobs by tag only 0.4 s after that",
}

KILLED = "killed"
"""A control beside `FAULTS`: the vendor's client alone is killed when the server has its job, and started anew."""

STEPS = ("prepared", "submitting", "accepted", "recorded", "looked", "done", "fetched")
"""Where `qml.backends.jobs.StoredBackend` calls `at`: each behind what its name says. `accepted` is behind the return
of `submit`, `recorded` behind the write of the service's name of the job, `looked` behind the search for duplicates,
`done` behind the answer that the job has ended well, `fetched` between its result and the write of it."""


@dataclass(frozen=True)
class ServerJob:
    """A job as the server keeps it.

    Args:
        name: the server's.
        tag: with which it was submitted; "" without.
        status: "queued", "running", "done", "failed" or "cancelled".
        billed: shots of all circuits that it ran, as the member's `Delivery.billed` counts `executions`; 0 where it
            never ran.
    """

    name: str
    tag: str
    status: str
    billed: int


class Server(Protocol):
    """A machine that runs on localhost, or in files, and is not killed with its clients."""

    @property
    def address(self) -> str:
        """Where a client in another process reaches it; plain text."""
        ...

    def reset(self, fault: str) -> None:
        """Forget all jobs, and misbehave as `FAULTS` says from now on."""
        ...

    def heal(self) -> None:
        """Behave from now on; jobs stay, and stuck ones run."""
        ...

    def jobs(self) -> tuple[ServerJob, ...]:
        """All jobs since `reset`, the oldest first."""
        ...

    def close(self) -> None:
        """End it."""
        ...


class Rig(Protocol):
    """A vendor's client beside a server that it can be driven with."""

    @property
    def name(self) -> str:
        """As the table calls it, such as "ibm"."""
        ...

    @property
    def faults(self) -> tuple[str, ...]:
        """Those of `FAULTS` that its server can be told."""
        ...

    @property
    def steps(self) -> tuple[str, ...]:
        """Steps of its own at which `backend(..., at)` calls `at`, such as "sent": within `submit` of the member, when
        the server has the job and the client has not yet returned. Empty where there is no such hook."""
        ...

    @property
    def control_loses(self) -> tuple[str, ...]:
        """Of `FAULTS` and `KILLED`, those under which the vendor's client alone is known to repeat a job or to leave
        one behind: a control that does not show it there has shown nothing, and the matrix fails."""
        ...

    def start(self, folder: Path) -> Server:
        """The server; called in the parent, and everything it keeps lies in `folder`."""
        ...

    def backend(self, address: str, at: Callable[[str], None]) -> RemoteBackend:
        """Our member, in a child process; its `target` offers 2 qubits or more. `at` may end the process."""
        ...

    def stock(self, address: str) -> Any:
        """The vendor's client alone, in a child process: submit one small job as its documents say, and wait for it.

        Errors are left as they are; a run that would never end gives up after some 10 s. The process leads a group of
        its own, and whatever it starts is killed with it.
        """
        ...


class Watched:
    """A member that tells `at` of "sent" when its `submit` ends, with the name of a job or without a clear answer."""

    def __init__(self, member: RemoteBackend, at: Callable[[str], None]):
        self._member, self._at = member, at

    def __getattr__(self, name: str) -> Any:
        return getattr(self._member, name)

    def submit(self, request: Request, tag: str) -> str:
        """As the member does."""
        try:
            job = self._member.submit(request, tag)
        except AmbiguousSubmitError:
            self._at("sent")
            raise
        self._at("sent")
        return job


RIGS = {  # name -> address of a Rig, called without arguments
    "files": "benchmarks.faults.files_rig:FilesRig",
    "braket": "benchmarks.faults.braket_rig:BraketRig",
    "ibm": "benchmarks.faults.ibm_rig:IbmRig",
}
"""Machines of the matrix; a row each."""


def rig_named(name: str) -> Rig:
    """The Rig of that name, or at an address `package.module:name`."""
    module, _, attribute = RIGS.get(name, name).partition(":")
    return getattr(importlib.import_module(module), attribute)()
