"""The fault matrix for Amazon Braket: its stand-in on localhost, our member, and the stock SDK alone."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.faults import forking
from benchmarks.faults.rig import FAULTS, KILLED, ServerJob, Watched
from qml.backends.braket import BraketBackend
from qml.backends.braket.interpreter import VARIABLE, braket_python
from qml.backends.remote import RemoteBackend
from tests.servers.braket import BUCKET, DEVICE, BraketServer
from tests.servers.braket_runs import result_of

STATUS = {"CREATED": "queued", "COMPLETED": "done", "FAILED": "failed", "CANCELLING": "running"}
PATIENCE_S = 10
SLOW = ("braket.aws", "braket.ir.openqasm", "braket.program_sets", "boto3")  # imported once; clients are forks

STOCK = f"""
from braket.aws import AwsDevice
from braket.ir.openqasm import Program
from braket.program_sets import ProgramSet
text = "OPENQASM 3.0;\\ninput float a;\\nqubit[2] q;\\nbit[2] b;\\nrx(a) q[0];\\ncnot q[0], q[1];\\n"
text += "b[0] = measure q[0];\\nb[1] = measure q[1];\\n"
programs = ProgramSet([Program(source=text, inputs={{"a": [0.1, 0.2]}})], shots_per_executable=50)
task = AwsDevice({DEVICE!r}).run(
    programs, ({BUCKET!r}, "stock"), poll_timeout_seconds={PATIENCE_S}, poll_interval_seconds=0.05
)
result = task.result()
print("result" if result is not None and len(result.entries) else "none")
"""


@dataclass(frozen=True)
class BraketMatrixServer:
    """A `BraketServer` as the matrix asks it."""

    server: BraketServer
    forks: subprocess.Popen
    python: str

    @property
    def address(self) -> str:
        """The variables under which clients find it, and a Python that has the SDK."""
        return json.dumps({**self.server.environment, VARIABLE: self.python})

    def reset(self, fault: str) -> None:
        """Forget all tasks."""
        self.server.machine.reset(fault)

    def heal(self) -> None:
        """Behave; results that were garbage are whole from now on."""
        self.server.machine.heal()
        for task in self.server.machine.tasks():
            if task["status"] == "COMPLETED":
                place = {"Bucket": task["bucket"], "Key": f"{task['folder']}/results.json"}
                self.server.s3.put_object(**place, Body=json.dumps(result_of(task)).encode())

    def jobs(self) -> tuple[ServerJob, ...]:
        """As the service keeps them."""
        self.server.machine.run_all(self.server.s3)
        return tuple(
            ServerJob(
                task["arn"],
                task["tags"].get("qml", ""),
                STATUS.get(task["status"], task["status"].lower()),
                task["shots"] if task["status"] == "COMPLETED" else 0,
            )
            for task in self.server.machine.tasks()
        )

    def close(self) -> None:
        """End it."""
        self.server.close()
        self.forks.communicate()


@dataclass(frozen=True)
class BraketRig:
    """Amazon Braket through its real SDK, which the variable QML_BRAKET_PYTHON names."""

    name: str = "braket"
    faults: tuple[str, ...] = tuple(FAULTS)
    steps: tuple[str, ...] = ("sent",)
    control_loses: tuple[str, ...] = ("always_502", KILLED)  # one lost answer is mended by botocore: same client token

    def start(self, folder: Path) -> BraketMatrixServer:
        """The service, S3 and STS."""
        folder.mkdir(parents=True, exist_ok=True)
        forks, python = forking.started(braket_python(), folder, SLOW)
        return BraketMatrixServer(BraketServer(folder), forks, python)

    def backend(self, address: str, at: Callable[[str], None]) -> RemoteBackend:
        """Our member."""
        os.environ.update(json.loads(address))
        return Watched(BraketBackend(DEVICE, s3=f"{BUCKET}/runs"), at)  # pyright: ignore[reportReturnType]

    def stock(self, address: str) -> str:
        """A program set as the SDK's documents submit it."""
        environment = {**os.environ, **json.loads(address)}
        environment.pop("PYTHONPATH", None)
        done = subprocess.run(
            [environment[VARIABLE], "-c", STOCK],
            capture_output=True,
            text=True,
            env=environment,
        )
        if done.returncode or "result" not in done.stdout:
            raise RuntimeError(f"the SDK ended with {done.returncode}: {done.stderr.strip().splitlines()[-1:]}")
        return done.stdout.strip()
