"""One stand-in for IBM's service for all tests of this folder, and a connection to it."""

import os
import time
from dataclasses import dataclass

import numpy as np
import pytest

from qml.backends.ibm import IbmBackend
from qml.backends.remote import Request
from qml.circuits import angle, sel
from qml.circuits.slots import slots
from tests.servers.ibm_process import IbmServer


@pytest.fixture(scope="session")
def running(tmp_path_factory):
    server = IbmServer.start(tmp_path_factory.mktemp("ibm"))
    before = {name: os.environ.get(name) for name in server.environment}
    os.environ.update(server.environment)
    yield server
    server.stop()
    for name, value in before.items():
        os.environ.pop(name) if value is None else os.environ.update({name: value})


@pytest.fixture
def server(running):
    running.fault()
    running.queue(0.0)
    running.forget()
    yield running
    running.fault()


@pytest.fixture(scope="session")
def connected(running):
    backend = IbmBackend("ibm_manila", account="mine", account_file=running.accounts, timeout_s=20)
    assert backend.target.n_qubits == 5
    return backend


@pytest.fixture
def device(server, connected):
    return connected


@dataclass(frozen=True)
class Waiting:
    """A RemoteBackend as a Backend that waits; without a store."""

    remote: IbmBackend
    tag: str

    @property
    def target(self):
        return self.remote.target

    def run(self, program, slots_RS, *, shots, seed):
        request = Request(program, slots_RS, shots, seed)
        return self.fetched(self.remote.submit(request, self.tag), request).outcome

    def fetched(self, job, request):
        end = time.monotonic() + 60
        while not self.remote.status(job).ended:
            assert time.monotonic() < end, "the job did not end"
            time.sleep(0.2)  # each question costs the client some milliseconds
        return self.remote.result(job, request)


def request_of(program, n_rows=3, shots=400, seed=1):
    rng = np.random.default_rng(seed)
    inputs, weights = rng.uniform(0, 3, (n_rows, program.n_inputs)), rng.uniform(-3, 3, program.n_weights)
    return Request(program, slots(program, inputs, weights), shots, seed)


@pytest.fixture
def request3():
    return request_of(angle(3) + sel(3, depth=1))
