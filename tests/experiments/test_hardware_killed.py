"""`python -m experiments.hardware` on IBM's client is killed with SIGKILL at chosen moments and started again."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from qml.estimators.hardware_record import read
from tests.planted import planted_in
from tests.servers.ibm import BEARER, KEY
from tests.servers.ibm_process import IbmServer

ROOT = Path(__file__).resolve().parents[2]
WORDS = ["data=wine", "model.circuit.n_qubits=3", "model.circuit.depth=1", "epochs=2", "progress=false"]
WORDS += ["rows=12", "rows_a_job=4", "shots=50", "backend=ibm", "backend.options.device=ibm_manila"]
STALL_S = 4.0
ACCEPTED = {"method": "POST", "path": "/jobs$", "action": {"accept_then_stall": STALL_S}}
MOMENTS = {  # what is slow then, which request of that kind is under way when the process ends, seconds in the queue
    "nothing was sent": ({"method": "GET", "path": "/configuration$", "action": {"stall": STALL_S}}, 1, 600.0),
    "accepted, and nobody was told": (ACCEPTED, 1, 600.0),
    "it waits in the queue": ({"method": "GET", "path": "/jobs/\\w+$", "action": {"stall": 0.0}}, 3, 600.0),
    "a result is fetched": ({"method": "GET", "path": "/results$", "action": {"stall": STALL_S}}, 1, 0.0),
    "the next is accepted": (ACCEPTED, 1, 600.0),
}


class Command:
    """The same command line, whenever it is started, with records and jobs in a folder of its own."""

    def __init__(self, server, folder, models):
        self.folder, self.server, self.said = folder, server, []
        self.words = [
            *WORDS,
            f"models={models}",
            f"out={folder / 'out'}",
            f"backend.jobs.path={folder / 'jobs.sqlite'}",
        ]
        self.words += [f"hydra.run.dir={folder / 'hydra'}", "+backend.options.account=mine"]
        self.words += [f"+backend.options.account_file={server.accounts}"]

    def start(self):
        words = [sys.executable, "-m", "experiments.hardware", *self.words]
        both = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, "cwd": ROOT}
        return subprocess.Popen(words, env={**os.environ, **self.server.environment}, start_new_session=True, **both)

    def run(self):
        """To its end; gives the record."""
        process = self.start()
        self.said.append(process.communicate(timeout=600)[0])
        assert process.returncode == 0, self.said[-1]
        (path,) = (self.folder / "out").glob("hardware-*.json")
        return read(path)

    def killed(self, fault, count):
        """Started, and killed while the server is at the request of that fault for the `count`-th time."""
        self.server.forget()
        self.server.fault({**fault, "times": count})
        before, process = len(self.server.jobs), self.start()
        try:
            while not self._has_come(fault, count, before):
                assert process.poll() is None, process.communicate()[0]
                time.sleep(0.05)
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            self.said.append(process.communicate()[0])
            self.server.fault()
        assert process.returncode == -signal.SIGKILL

    def _has_come(self, fault, count, jobs_before):
        if "accept_then_stall" in fault["action"]:
            return len(self.server.jobs) > jobs_before
        seen = [one for one in self.server.requests if one["method"] == fault["method"]]
        return sum(bool(re.search(fault["path"], one["path"])) for one in seen) >= count


@pytest.mark.slow
def test_killed_at_many_moments_it_has_the_same_scores_and_no_job_twice(tmp_path):
    server = IbmServer.start(_made(tmp_path / "server"), queue_s=0.2)
    try:
        whole = Command(server, _made(tmp_path / "whole"), tmp_path / "models")
        expected = whole.run()
        assert len(server.jobs) == 3
        server.reset()
        parts = Command(server, _made(tmp_path / "parts"), tmp_path / "models")
        for (fault, count, queue_s), jobs in zip(MOMENTS.values(), (0, 1, 1, 1, 2), strict=True):
            server.queue(queue_s)
            parts.killed(fault, count)
            assert len(server.jobs) == jobs
            assert not list((parts.folder / "out").glob("hardware-*.json"))
        server.queue(0.0)
        found = parts.run()
        jobs = server.jobs
        tags = [tuple(job["tags"]) for job in jobs]
    finally:
        server.stop()
    assert [job["status"] for job in jobs] == ["Completed"] * 3
    assert len(set(tags)) == 3
    assert sorted(found.work["jobs"]) == sorted(job["id"] for job in jobs)
    assert found.scores == expected.scores
    assert found.identity == expected.identity
    assert found.work["machine_s"] == pytest.approx(expected.work["machine_s"])
    for secret in (KEY, BEARER):
        places = [tmp_path / "whole", tmp_path / "parts", tmp_path / "models"]
        assert planted_in(secret, places, [*whole.said, *parts.said]) == []
        assert planted_in(KEY, [Path(server.accounts)]), "what looks for a secret finds it where it is"
    said = "\n".join(parts.said)
    assert "sampler.run:INFO" not in said, "what IBM's client says of each step"
    assert "a job was submitted; waiting for it to end" in said
    assert expected.identity["label"] in said


def _made(folder):
    folder.mkdir()
    return folder
