"""IBM in the fault matrix: the stand-in for its service, our member over its real client, and that client alone."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.faults.rig import FAULTS, KILLED, ServerJob, Watched
from qml.backends.ibm import IbmBackend, primitives, service
from qml.backends.remote import RemoteBackend
from tests.servers.ibm_process import IbmServer

POST, POLL, RESULT = ("POST", "/jobs$"), ("GET", "/jobs/[^/]+$"), ("GET", "/results$")
ALWAYS = 10**6
FAULTY = {  # fault -> request, what is done to it, and how often
    "accepted_502": (*POST, "accept_then_502", 1),
    "always_502": (*POST, "accept_then_502", ALWAYS),
    "dropped": (*POST, "accept_then_drop", 1),
    "storm_submit": (*POST, 429, 3),
    "storm_poll": (*POLL, 429, 3),
    "cancelled": (*POST, "accept_then_cancel", 1),
    "garbage": (*RESULT, "garbage", ALWAYS),
    "lag": (*POST, "accept_then_drop", 1),
}
STATUS = {"Queued": "queued", "Running": "running", "Completed": "done", "Failed": "failed", "Cancelled": "cancelled"}
DEVICE, ACCOUNT = "ibm_manila", "mine"
GIVE_UP_S = 10.0
LOADED = (primitives, service)  # IBM's client, in the process that the clients are forked from


@dataclass(frozen=True)
class IbmRigServer:
    """The stand-in as the matrix asks it."""

    server: IbmServer

    @property
    def address(self) -> str:
        """The file of its account, which names its address."""
        return self.server.accounts

    def reset(self, fault: str) -> None:
        """Forget all jobs."""
        self.heal()
        self.server.reset()
        if fault in FAULTY:
            method, path, action, times = FAULTY[fault]
            self.server.fault({"method": method, "path": path, "action": action, "times": times})
        self.server.queue(ALWAYS if fault == "stuck" else 0.05)
        self.server.lag(0.4 if fault == "lag" else 0.0)

    def heal(self) -> None:
        """Behave."""
        self.server.fault()
        self.server.queue(0.05)
        self.server.lag(0.0)

    def jobs(self) -> tuple[ServerJob, ...]:
        """As it keeps them."""
        return tuple(
            ServerJob(job["id"], (job["tags"] or [""])[0], STATUS[job["status"]], job["executions"])
            for job in self.server.jobs
        )

    def close(self) -> None:
        """End it."""
        self.server.stop()


class Accepted(list):
    """Accepted jobs, of each of which `at` is told before the client returns."""

    def __init__(self, at: Callable[[str], None]):
        super().__init__()
        self.at = at

    def append(self, job: str) -> None:
        """One more."""
        super().append(job)
        self.at("sent")


@dataclass(frozen=True)
class IbmRig:
    """IBM's client and a service without noise."""

    name: str = "ibm"
    faults: tuple[str, ...] = tuple(FAULTS)
    steps: tuple[str, ...] = ("sent",)
    control_loses: tuple[str, ...] = ("accepted_502", "always_502", "dropped", "lag", "storm_poll", KILLED)

    def start(self, folder: Path) -> IbmRigServer:
        """The service as a process."""
        folder.mkdir(parents=True, exist_ok=True)
        return IbmRigServer(IbmServer.start(folder, ideal=True))

    def backend(self, address: str, at: Callable[[str], None]) -> RemoteBackend:
        """Our member."""
        _reach(address)
        backend = IbmBackend(DEVICE, ACCOUNT, address, timeout_s=20.0)
        backend._connection.adapter.accepted = Accepted(at)
        return Watched(backend, at)  # pyright: ignore[reportReturnType]

    def stock(self, address: str) -> object:
        """IBM's client as its documents show it, its account apart."""
        url = _reach(address)
        os.environ["QISKIT_FUNCTIONS_EXPERIMENTAL"] = "1"  # it then asks no other service for the account's instances
        from qiskit import QuantumCircuit
        from qiskit.transpiler import generate_preset_pass_manager
        from qiskit_ibm_runtime import QiskitRuntimeService
        from qiskit_ibm_runtime.executor_sampler import Sampler

        service = QiskitRuntimeService(name=ACCOUNT, filename=address, url_resolver=lambda *words: f"{url}/api/v1")
        device = service.backend(DEVICE)
        circuit = QuantumCircuit(2)
        circuit.h(0)
        circuit.cx(0, 1)
        circuit.measure_all()
        passes = generate_preset_pass_manager(1, device)
        return Sampler(device).run([passes.run(circuit)], shots=100).result(timeout=GIVE_UP_S)


def _reach(address: str) -> str:
    """Where the service of the account is, its identity service included."""
    url = json.loads(Path(address).read_text(encoding="utf-8"))[ACCOUNT]["url"]
    os.environ |= {"IAM_URL": url, "USAGE_DATA_OPT_OUT": "True"}  # not to look for who called, at each request
    return url
