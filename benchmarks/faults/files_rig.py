"""The fault matrix without a vendor: a machine in files, and a member over it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.faults.rig import FAULTS, KILLED, ServerJob
from qml.backends.remote import RemoteBackend
from tests.servers.machine import DroppedError, FileBackend, FileMachine, RefusedError


@dataclass(frozen=True)
class FilesServer:
    """A `FileMachine` as the matrix asks it."""

    machine: FileMachine

    @property
    def address(self) -> str:
        """Its folder."""
        return self.machine.folder

    def reset(self, fault: str) -> None:
        """Forget all jobs."""
        self.machine.reset(fault)

    def heal(self) -> None:
        """Behave."""
        self.machine.heal()

    def jobs(self) -> tuple[ServerJob, ...]:
        """As the machine keeps them."""
        return tuple(
            ServerJob(job["name"], job["tag"], job["status"], job["executions"] if job["status"] == "done" else 0)
            for job in self.machine.jobs()
        )

    def close(self) -> None:
        """Nothing runs."""


@dataclass(frozen=True)
class FilesRig:
    """A machine in files; it ends with nobody."""

    name: str = "files"
    faults: tuple[str, ...] = tuple(FAULTS)
    steps: tuple[str, ...] = ("sent",)
    control_loses: tuple[str, ...] = ("accepted_502", "always_502", "dropped", "lag", KILLED)

    def start(self, folder: Path) -> FilesServer:
        """A machine in `folder`."""
        return FilesServer(FileMachine(str(folder)))

    def backend(self, address: str, at: Callable[[str], None]) -> RemoteBackend:
        """Our member."""
        return FileBackend(address, at=at)

    def stock(self, address: str) -> object:
        """What many a client does: it submits again when an answer fails, and reads until it has a result."""
        machine = FileMachine(address)
        for _ in range(5):
            try:
                name = machine.post("", b"", 100)
                break
            except RefusedError as error:
                if error.status == 429:
                    raise
            except DroppedError:
                pass
        else:
            raise TimeoutError("no answer that names a job")
        end = time.monotonic() + 10
        while time.monotonic() < end:
            if machine.get(name) == "done":
                return machine.fetch(name)
            time.sleep(0.05)
        raise TimeoutError(f"{name} has not ended")
