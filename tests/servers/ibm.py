"""A stand-in for IBM's service on localhost, started as `python -m tests.servers.ibm FOLDER`.

It speaks as much of the documented Runtime REST API (version 2026-04-15) as the real client asks for: IAM tokens, CRN,
devices with configuration, properties and status, jobs that IBM's own schemas have checked, tags, cancelling, usage,
batches and sessions. Jobs are run by Aer and kept in files, so that they outlive clients and this server. Faults are
injected through `/_test/`. What it proves is how our code does with IBM's client, not with IBM's servers.
"""

import argparse
import base64
import contextlib
import importlib.util
import json
import re
import socket
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlparse

from tests.servers.ibm_jobs import Jobs, checked

CRN = f"crn:v1:bluemix:public:quantum-computing:us-east:a/{'0' * 32}:00000000-0000-4000-8000-000000000000::"
KEY = "QML-PLANTED-SECRET-0123456789-abcdefghijklmnop"  # of the only account
BEARER = "plantedsignature0123"
LIMIT_S = 100_000.0


def device_files(name: str) -> dict:
    """Configuration and properties of one of the snapshots that IBM's client ships, as its service would send them."""
    spec = importlib.util.find_spec("qiskit_ibm_runtime")
    folder = Path(spec.origin).parent / "fake_provider" / "backends" / name
    found = {}
    for kind in ("conf", "props"):
        data = json.loads((folder / f"{kind}_{name}.json").read_text())
        found[kind] = {**data, "backend_name": f"ibm_{name}"}
    return found


class State:
    def __init__(self, folder: Path, queue_s: float, devices: list[str], noisy: bool = True):
        self.folder = folder
        self.devices = {f"ibm_{name}": device_files(name) for name in devices}
        self.jobs = Jobs(folder, queue_s, noisy)
        self.lag_s = 0.0  # for so long the list of jobs does not show a new one
        self.lock = threading.Lock()
        self.faults: list[dict] = []
        self.requests: list[dict] = []
        self.sessions: dict[str, dict] = {}

    def fault(self, method: str, path: str):
        with self.lock:
            for fault in self.faults:
                if fault["times"] > 0 and fault["method"] == method and re.search(fault["path"], path):
                    fault["times"] -= 1
                    return fault["action"]
        return None

    @property
    def used(self) -> float:
        return sum(job["usage"] for job in self.jobs.all.values())

    def device(self, name: str) -> dict | None:
        """A device, or its mock, on which nothing is billed."""
        return self.devices.get(re.sub("^mock_", "ibm_", name))


def view(job: dict, params: bool) -> dict:
    """A job as the service tells it."""
    state = {"status": job["status"], "reason": job["reason"]}
    told = {key: job[key] for key in ("id", "backend", "status", "created", "tags", "session_id")}
    told |= {"state": state, "program": {"id": job["program_id"]}, "runtime": "stand-in:1", "private": False}
    told |= {"cost": job["cost"] or 600, "estimated_running_time_seconds": 1.0}
    return told | ({"params": job["params"]} if params else {})


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    state: State

    def log_message(self, *args):
        pass

    def answer(self, code: int, body=None, *, raw: bytes | None = None, headers=()):
        data = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def refuse(self, code: int, message: str, number: int = 1234, headers=()):
        error = {"code": number, "message": message}
        self.answer(code, {"errors": [error], "error": error}, headers=headers)

    def drop(self):
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)
        self.connection.close()

    def go(self):
        method, url = self.command, urlparse(self.path)
        size = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(size) if size else b""
        if url.path.startswith("/_test/"):
            return self.control(url.path.removeprefix("/_test/"), body)
        seen = {"method": method, "path": url.path, "authorization": self.headers.get("Authorization", "")}
        self.state.requests.append(seen)
        action = self.state.fault(method, url.path)
        if action == "drop":
            return self.drop()
        if isinstance(action, dict) and "stall" in action:
            time.sleep(action["stall"])
        if isinstance(action, dict) and "status" in action:
            return self.refuse(action["status"], "injected", headers=[("Retry-After", str(action["after"]))])
        if isinstance(action, int):
            return self.refuse(action, "injected")
        if action == "garbage" and method == "GET":
            return self.answer(200, raw=b'{"data": [{"evs": "who knows"}], "half an answ')
        if url.path == "/identity/token":
            return self.token(body)
        return self.api(method, re.sub("^/api/v1", "", url.path), parse_qs(url.query), body, action)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = go

    def control(self, word: str, body: bytes):
        state = self.state
        if word == "faults":
            state.faults[:] = json.loads(body)
        elif word == "queue":
            state.jobs.queue_s = json.loads(body)
        elif word == "lag":
            state.lag_s = json.loads(body)
        elif word == "forget":
            state.requests.clear()
        elif word == "reset":
            state.jobs.forget()
        elif word == "requests":
            return self.answer(200, state.requests)
        elif word == "jobs":
            return self.answer(200, [{**job, "result": None} for job in state.jobs.all.values()])
        elif word == "sessions":
            return self.answer(200, list(state.sessions.values()))
        return self.answer(200, {})

    def token(self, body: bytes):
        if parse_qs(body.decode()).get("apikey") != [KEY]:
            return self.answer(400, {"errorCode": "BXNIM0415E", "errorMessage": "Provided API key could not be found."})
        now = int(time.time())
        coded = [
            base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()
            for part in ({"alg": "none"}, {"iat": now, "exp": now + 3600})
        ]
        token = ".".join([*coded, BEARER])
        times = {"expires_in": 3600, "expiration": now + 3600, "token_type": "Bearer"}
        return self.answer(200, {"access_token": token, "refresh_token": "none", **times})

    def api(self, method: str, path: str, query: dict, body: bytes, action):
        signed = self.headers.get("Authorization", "")
        if not (signed.endswith(f".{BEARER}") or signed == f"apikey {KEY}"):
            return self.refuse(401, "no credentials")
        if self.headers.get("Service-CRN") != CRN:
            return self.refuse(403, "not your instance")
        if not self.headers.get("IBM-API-Version"):
            return self.refuse(400, "IBM-API-Version is needed")
        word = path.split("/")[1]
        known = {"backends": self.backends, "jobs": self.jobs, "sessions": self.sessions, "instances": self.usage}
        if word not in known:
            return self.refuse(404, f"nothing at {path}")
        return known[word](method, path, query, body, action)

    def usage(self, method, path, query, body, action):
        used = self.state.used
        limits = {"usage_limit_seconds": LIMIT_S, "usage_limit_reached": used >= LIMIT_S}
        self.answer(200, {"instance_id": CRN, "plan_id": "open", "usage_consumed_seconds": used, **limits})

    def backends(self, method, path, query, body, action):
        state = self.state
        if path == "/backends":
            listed = []
            for name, files in state.devices.items():
                n_qubits = files["conf"]["n_qubits"]
                for word, kind in ((name, "qpu"), (re.sub("^ibm", "mock", name), "mock")):
                    status = {"name": "online", "reason": "available"}
                    size = {"qubits": n_qubits, "physical_qubits": n_qubits, "queue_length": 0}
                    listed.append({"name": word, "status": status, "class": kind, **size})
            return self.answer(200, {"devices": listed})
        _, _, name, kind = path.split("/")
        device = state.device(name)
        if device is None:
            return self.refuse(404, "backend not found")
        if kind == "configuration":
            return self.answer(200, {**device["conf"], "backend_name": name})
        if kind == "properties":
            return self.answer(200, {**device["props"], "backend_name": name})
        waiting = sum(job["status"] == "Queued" for job in state.jobs.all.values())
        status = {"state": True, "status": "active", "message": "", "backend_version": "1.0.0"}
        return self.answer(200, {**status, "length_queue": waiting})

    def jobs(self, method, path, query, body, action):
        jobs = self.state.jobs
        if path == "/jobs" and method == "POST":
            return self.accept(json.loads(body), len(body), action)
        if path == "/jobs":
            return self.listed(query)
        _, _, name, *rest = path.split("/")
        job = jobs.all.get(name)
        if job is None:
            return self.refuse(404, "Job not found", 1291)
        match rest:
            case []:
                return self.answer(200, view(job, query.get("exclude_params", ["false"])[0] != "true"))
            case ["results"]:
                done = job["status"] == "Completed"
                return self.answer(200, raw=job["result"].encode()) if done else self.answer(204)
            case ["cancel"]:
                return self.answer(204) if jobs.cancel(name) else self.refuse(409, "job is in a terminal state")
            case ["metrics"]:
                times = {key: job[key] for key in ("created", "running", "finished")}
                status = "complete" if job["finished"] else "pending"
                usage = {"qpu_charge_time_seconds": job["usage"], "status": status}
                size = {"executions": job["executions"], "num_circuits": job["circuits"]}
                return self.answer(200, {"timestamps": times, "usage": usage, **size})
        return self.refuse(404, f"nothing at {path}")

    def accept(self, body: dict, size: int, action):
        state = self.state
        if state.device(body["backend"]) is None:
            return self.refuse(404, "backend not found")
        group = body.get("session_id")
        if group and not state.sessions.get(group, {}).get("accepting_jobs"):
            return self.refuse(409, "the session takes no more jobs", 1217)
        state.jobs.ready.wait(60)
        try:
            checked(body["params"])
        except ValueError as error:
            return self.refuse(400, f"invalid parameters: {str(error)[:300]}", 1209)
        job = state.jobs.add(body, size)
        if action == "accept_then_502":
            return self.refuse(502, "bad gateway, after the job was accepted")
        if action == "accept_then_drop":
            return self.drop()
        if action == "accept_then_garbage":
            return self.answer(200, raw=b"<html>welcome</html>")
        if action == "accept_then_cancel":
            state.jobs.cancel(job["id"], "by the operator")
        if isinstance(action, dict) and "accept_then_stall" in action:
            time.sleep(action["accept_then_stall"])
        return self.answer(200, {"id": job["id"], "backend": job["backend"]})

    def listed(self, query: dict):
        found = sorted(self.state.jobs.all.values(), key=lambda job: job["number"])
        if query.get("sort", ["DESC"])[0] != "ASC":
            found.reverse()
        found = [job for job in found if time.time() - job["at"] >= self.state.lag_s]
        found = [job for job in found if set(query.get("tags", [])) <= set(job["tags"])]
        start, size = int(query.get("offset", ["0"])[0]), int(query.get("limit", ["200"])[0])
        page = [view(job, False) for job in found[start : start + size]]
        self.answer(200, {"jobs": page, "count": len(found), "limit": size, "offset": start})

    def sessions(self, method, path, query, body, action):
        state = self.state
        if path == "/sessions":
            opened = {"id": f"s{uuid.uuid4().hex[:19]}", **json.loads(body), "accepting_jobs": True, "state": "open"}
            state.sessions[opened["id"]] = opened
            return self.answer(200, opened)
        session = state.sessions.get(path.split("/")[2])
        if session is None:
            return self.refuse(404, "no such session")
        if method == "GET":
            return self.answer(200, session)
        session.update(json.loads(body) if method == "PATCH" else {"accepting_jobs": False, "state": "closed"})
        return self.answer(204)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--queue", type=float, default=0.05)
    parser.add_argument("--devices", nargs="+", default=["manila"])
    parser.add_argument("--ideal", action="store_true", help="without noise")
    words = parser.parse_args()
    Handler.state = State(words.folder, words.queue, words.devices, not words.ideal)
    server = ThreadingHTTPServer(("127.0.0.1", words.port), Handler)
    server.daemon_threads = True
    print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    Handler.state.jobs.work()


if __name__ == "__main__":
    main()
