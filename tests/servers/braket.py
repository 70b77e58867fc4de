"""Amazon Braket on localhost: devices and quantum tasks over its REST calls, kept in a file; results lie in moto's S3.

It speaks what AWS's own clients demand, runs circuits with our own engine, and misbehaves as it is told. It outlives
its clients: every answer is one change of a file under a lock.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import re
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

from tests.servers.braket_runs import result_of, shots_of

REGION = "us-east-1"
DEVICE = f"arn:aws:braket:{REGION}::device/qpu/maker/Nine"
RETIRED = f"arn:aws:braket:{REGION}::device/qpu/maker/Old"
SINGLE = f"arn:aws:braket:{REGION}::device/quantum-simulator/maker/single"
BUCKET = "amazon-braket-tests"
KEY, SECRET = "AKIAPLANTED0KEY00000", "planted/secret/5f0e1d2c3b4a5968778695a4"
ENDED = ("COMPLETED", "FAILED", "CANCELLED")
QUEUE_S, LAG_S, STORM = 0.03, 0.4, 3
OPERATIONS = ("cnot", "cz", "h", "i", "rx", "ry", "rz", "s", "si", "t", "ti", "v", "vi", "x", "y", "z", "zz")


def capabilities(*, several: bool = True) -> dict[str, Any]:
    """Properties of a device of nine qubits; `several` is whether it takes program sets."""
    simulators = "braket.device_schema.simulators.gate_model_simulator_"
    program = {"version": ["1"], "actionType": "braket.ir.openqasm.program", "supportedOperations": OPERATIONS}
    action: dict[str, Any] = {"braket.ir.openqasm.program": program}
    if several:
        kind = "braket.ir.openqasm.program_set"
        limits = {"maximumExecutables": 1000, "maximumTotalShots": 1_000_000}
        action[kind] = {"version": ["1"], "actionType": kind, **limits}
    window = {"executionDay": "Everyday", "windowStartHour": "00:00:00", "windowEndHour": "23:59:59"}
    return {
        "braketSchemaHeader": {"name": f"{simulators}device_capabilities", "version": "1"},
        "service": {
            "braketSchemaHeader": {"name": "braket.device_schema.device_service_properties", "version": "1"},
            "executionWindows": [window],
            "shotsRange": [1, 20_000],
            "deviceCost": {"price": 0.0004, "unit": "shot"},
            "updatedAt": "2026-01-02T03:04:05",
        },
        "action": action,
        "paradigm": {
            "braketSchemaHeader": {"name": f"{simulators}paradigm_properties", "version": "1"},
            "qubitCount": 9,
        },
        "deviceParameters": {},
    }


class RefusedError(Exception):
    """An answer that is no success."""

    def __init__(self, status: int, kind: str, message: str, **headers: str):
        super().__init__(message)
        self.status, self.kind, self.headers = status, kind, headers


class DroppedError(Exception):
    """The connection ends without an answer."""


@dataclass(frozen=True)
class BraketMachine:
    """The service's state, in a folder."""

    folder: str

    def reset(self, fault: str = "none", **more: Any) -> None:
        """Forget all tasks; misbehave from now on."""
        Path(self.folder).mkdir(parents=True, exist_ok=True)
        with self.state(new=True) as state:
            state.update({"fault": fault, "left": STORM if "storm" in fault else 1, "tasks": [], "asked": [], **more})

    def heal(self) -> None:
        """Behave; stuck tasks run."""
        with self.state() as state:
            state.update({"fault": "none", "left": 0})

    @contextmanager
    def state(self, *, new: bool = False) -> Iterator[dict[str, Any]]:
        """The state under a lock, written back whole."""
        path = Path(self.folder) / "braket.json"
        with open(path.with_suffix(".lock"), "a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            state = {} if new else json.loads(path.read_text())
            try:
                yield state
            finally:
                temporary = path.with_suffix(f".{os.getpid()}.{threading.get_ident()}")
                temporary.write_text(json.dumps(state))
                os.replace(temporary, path)

    def tasks(self) -> list[dict[str, Any]]:
        """All tasks, the oldest first."""
        with self.state() as state:
            return [dict(task) for task in state["tasks"]]

    def asked(self, what: str) -> int:
        """How often a path that contains `what` was asked for, with its method in front."""
        with self.state() as state:
            return sum(what in each for each in state["asked"])

    def device(self, arn: str) -> dict[str, Any]:
        """GetDevice."""
        known = {DEVICE: "ONLINE", RETIRED: "RETIRED", SINGLE: "ONLINE"}
        if arn not in known:
            raise RefusedError(404, "ResourceNotFoundException", f"Device {arn} not found")
        kind = "SIMULATOR" if "simulator" in arn else "QPU"
        return {
            "deviceArn": arn,
            "deviceName": arn.split("/")[-1],
            "providerName": "maker",
            "deviceType": kind,
            "deviceStatus": known[arn],
            "deviceCapabilities": json.dumps(capabilities(several=arn != SINGLE)),
            "deviceQueueInfo": [],
        }

    def create(self, body: dict[str, Any]) -> dict[str, Any]:
        """CreateQuantumTask: one task a client token."""
        with self.state() as state:
            fault, armed = state["fault"], state["left"] > 0
            if fault == "storm_submit" and armed:
                state["left"] -= 1
                raise RefusedError(429, "ThrottlingException", "Rate exceeded", **{"Retry-After": "0.01"})
            circuits, shots = shots_of(json.loads(body["action"]), body["shots"])
            if not shots:
                raise RefusedError(400, "ValidationException", "Total shots must be divisible by the executables.")
            known = [task for task in state["tasks"] if task["token"] == body["clientToken"]]
            if not known:
                name = str(uuid.uuid4())
                lag = time.time() + LAG_S if fault == "lag" and armed else 0.0
                status = "CANCELLED" if fault == "cancelled" and armed else "QUEUED"
                arn = f"arn:aws:braket:{REGION}:123456789012:quantum-task/{name}"
                known = [
                    {
                        **{"arn": arn, "token": body["clientToken"], "status": status, "device": body["deviceArn"]},
                        **{"shots": body["shots"], "circuits": circuits, "tags": body.get("tags", {})},
                        **{"bucket": body["outputS3Bucket"], "folder": f"{body['outputS3KeyPrefix']}/{name}"},
                        **{"action": body["action"], "accepted": time.time(), "visible": lag},
                    }
                ]
                state["tasks"] += known
            if fault == "always_502":
                raise RefusedError(502, "BadGateway", "injected")
            if fault in ("accepted_502", "dropped", "lag", "cancelled") and armed:
                state["left"] -= 1
                if fault == "accepted_502":
                    raise RefusedError(502, "BadGateway", "injected")
                if fault != "cancelled":
                    raise DroppedError
            return {"quantumTaskArn": known[0]["arn"]}

    def task(self, arn: str, s3: Any) -> dict[str, Any]:
        """GetQuantumTask; the clock goes on."""
        with self.state() as state:
            if state["fault"] == "storm_poll" and state["left"] > 0:
                state["left"] -= 1
                raise RefusedError(429, "ThrottlingException", "Rate exceeded")
            return self._shown(self._run(self._known(state, arn), state["fault"], s3))

    def search(self, body: dict[str, Any]) -> dict[str, Any]:
        """SearchQuantumTasks, two a page."""
        wanted = {each["name"]: each["values"][0] for each in body["filters"]}
        with self.state() as state:
            found = [
                self._shown(task)
                for task in state["tasks"]
                if task["device"] == wanted["deviceArn"] and task["visible"] <= time.time()
            ]
        start = int(body.get("nextToken") or 0)
        more = {"nextToken": str(start + 2)} if len(found) > start + 2 else {}
        return {"quantumTasks": found[::-1][start : start + 2], **more}

    def cancel(self, arn: str) -> dict[str, Any]:
        """CancelQuantumTask; one that has ended stays."""
        with self.state() as state:
            task = self._known(state, arn)
            if task["status"] in ENDED:
                raise RefusedError(409, "ConflictException", f"the task is {task['status']}")
            task["status"] = "CANCELLED"
        return {"quantumTaskArn": arn, "cancellationStatus": "CANCELLED"}

    def run_all(self, s3: Any) -> None:
        """Let the clock go on for all tasks."""
        with self.state() as state:
            for task in state["tasks"]:
                self._run(task, state["fault"], s3)

    @staticmethod
    def _known(state: dict[str, Any], arn: str) -> dict[str, Any]:
        found = [task for task in state["tasks"] if task["arn"] == arn]
        if not found:
            raise RefusedError(404, "ResourceNotFoundException", f"QuantumTask {arn} not found")
        return found[0]

    @staticmethod
    def _run(task: dict[str, Any], fault: str, s3: Any) -> dict[str, Any]:
        if task["status"] == "QUEUED" and fault != "stuck" and time.time() > task["accepted"] + QUEUE_S:
            task["status"] = "FAILED" if fault == "failed" else "COMPLETED"
            text = "<html>no result</html>" if fault == "garbage" else json.dumps(result_of(task))
            s3.put_object(Bucket=task["bucket"], Key=f"{task['folder']}/results.json", Body=text.encode())
        return task

    @staticmethod
    def _shown(task: dict[str, Any]) -> dict[str, Any]:
        """As the service tells it."""
        reason = {"failureReason": f"the device heated up (token={SECRET})"} if task["status"] == "FAILED" else {}
        ran = {"numSuccessfulShots": task["shots"] if task["status"] == "COMPLETED" else 0}
        return {
            **{"quantumTaskArn": task["arn"], "deviceArn": task["device"], "status": task["status"], **reason},
            **{"deviceParameters": "{}", "shots": task["shots"], "tags": task["tags"]},
            **{"outputS3Bucket": task["bucket"], "outputS3Directory": task["folder"]},
            **(ran if task["status"] in ENDED else {}),
            "createdAt": datetime.fromtimestamp(task["accepted"], UTC).isoformat(),
        }


class BraketServer:
    """The service, S3 and STS on localhost.

    Args:
        folder: where everything is kept.
    """

    def __init__(self, folder: Path | str):
        import boto3
        from moto.server import ThreadedMotoServer

        self.machine = BraketMachine(str(folder))
        self.machine.reset()
        self._requests = logging.getLogger("werkzeug")
        self._level = self._requests.level
        self._requests.setLevel("ERROR")  # no line a request
        self._moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        self._moto.start()
        host, port = self._moto.get_host_and_port()
        self.aws = f"http://{host}:{port}"
        account = {"aws_access_key_id": KEY, "aws_secret_access_key": SECRET, "region_name": REGION}
        self.s3 = boto3.client("s3", endpoint_url=self.aws, **account)
        self.s3.create_bucket(Bucket=BUCKET)
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self.machine, self.s3))
        self._http.daemon_threads = True
        threading.Thread(target=self._http.serve_forever, daemon=True).start()
        self.braket = f"http://127.0.0.1:{self._http.server_address[1]}"

    @property
    def environment(self) -> dict[str, str]:
        """Variables under which AWS's clients speak to it, with an account."""
        account = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_DEFAULT_REGION": REGION}
        return {
            **account,
            "AWS_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": f"{self.machine.folder}/none",
            "AWS_SHARED_CREDENTIALS_FILE": f"{self.machine.folder}/none",
            "BRAKET_ENDPOINT": self.braket,
            "AWS_ENDPOINT_URL_S3": self.aws,
            "AWS_ENDPOINT_URL_STS": self.aws,
        }

    def close(self) -> None:
        """End it."""
        self._http.shutdown()
        self._http.server_close()
        self.s3.close()
        self._moto.stop()
        self._requests.setLevel(self._level)


def _handler(machine: BraketMachine, s3: Any) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_):
            pass

        def answered(self, method: str) -> None:
            path = unquote(urlparse(self.path).path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            with machine.state() as state:
                state["asked"].append(f"{method} {path}")
            try:
                if not (self.headers.get("Authorization") or "").startswith(f"AWS4-HMAC-SHA256 Credential={KEY}/"):
                    raise RefusedError(403, "UnrecognizedClientException", "The security token is invalid")
                self.said(201 if path == "/quantum-task" else 200, _asked(machine, s3, method, path, body))
            except RefusedError as error:
                self.said(error.status, {"message": str(error)}, {"x-amzn-ErrorType": error.kind, **error.headers})
            except DroppedError:
                self.close_connection = True
                self.connection.close()

        def said(self, status: int, answer: dict, headers: dict | None = None) -> None:
            text = json.dumps(answer).encode()
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def do_GET(self):
            self.answered("GET")

        def do_POST(self):
            self.answered("POST")

        def do_PUT(self):
            self.answered("PUT")

    return Handler


def _asked(machine: BraketMachine, s3: Any, method: str, path: str, body: bytes) -> dict[str, Any]:
    """The answer to one request."""
    if method == "GET" and path.startswith("/device/"):
        return machine.device(path.removeprefix("/device/"))
    if method == "POST" and path == "/quantum-task":
        return machine.create(json.loads(body))
    if method == "POST" and path == "/quantum-tasks":
        return machine.search(json.loads(body))
    if found := re.fullmatch(r"/quantum-task/(.+?)(/cancel)?", path):
        return machine.cancel(found.group(1)) if found.group(2) else machine.task(found.group(1), s3)
    raise RefusedError(404, "ResourceNotFoundException", f"{method} {path}")
