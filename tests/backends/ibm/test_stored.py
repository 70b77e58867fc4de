"""IBM's machine behind the job store: one job however often it is asked, and no secret in the store."""

import numpy as np
import pytest

from qml.backends.ibm import IbmBackend
from qml.backends.jobs import Budget, GuardedBackend, StoredBackend
from tests.servers.ibm import BEARER, KEY
from tests.servers.ibm_process import IbmServer


def test_one_job_however_often_it_is_asked(connected, server, request3, tmp_path):
    path = tmp_path / "jobs.sqlite"
    device = IbmBackend("ibm_manila", "mine", connected.account_file, mode="job")
    stored = StoredBackend(GuardedBackend(device, Budget(seconds=60)), str(path), first_s=0.1)
    before = len(server.jobs)
    server.fault({"method": "POST", "path": "/jobs$", "action": "accept_then_502", "times": 1})
    first, second = (stored.run(request3.program, request3.slots_RS, shots=50, seed=4) for _ in range(2))
    np.testing.assert_array_equal(first.values_RK, second.values_RK)
    assert len(server.jobs) == before + 1
    kept = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b"ibm_manila" in kept
    assert KEY.encode() not in kept
    assert BEARER.encode() not in kept


@pytest.mark.slow
def test_jobs_outlive_the_server(tmp_path, monkeypatch, request3):
    server = IbmServer.start(tmp_path, queue_s=30)
    monkeypatch.setenv("IAM_URL", server.url)
    port = int(server.url.rpartition(":")[2])
    device = IbmBackend("ibm_manila", "mine", server.accounts, mode="job")
    job = device.submit(request3, "qml-outlives")
    server.stop()
    server = IbmServer.start(tmp_path, queue_s=0, port=port)
    try:
        assert device.find("qml-outlives") == (job,)
    finally:
        server.stop()
