"""The stand-in for IBM's service as a process beside a test, and an account file that leads to it."""

import json
import os
import subprocess
import sys
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from tests.servers.ibm import CRN, KEY

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class IbmServer:
    """A running server; a fault is `{"method", "path", "action", "times"}`."""

    url: str
    folder: Path
    process: subprocess.Popen

    @classmethod
    def start(cls, folder: Path, *, queue_s: float = 0.05, port: int = 0, ideal: bool = False) -> "IbmServer":
        words = [sys.executable, "-m", "tests.servers.ibm", str(folder), "--queue", str(queue_s), "--port", str(port)]
        path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
        process = subprocess.Popen(
            [*words, *(["--ideal"] if ideal else [])],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
        )
        server = cls(process.stdout.readline().strip(), folder, process)
        server.write_account(folder / "accounts.json")
        return server

    def write_account(self, path: Path, *, key: str = KEY, name: str = "mine") -> Path:
        account = {"channel": "ibm_quantum_platform", "token": key, "url": self.url, "instance": CRN}
        path.write_text(json.dumps({name: account}))
        return path

    @property
    def accounts(self) -> str:
        return str(self.folder / "accounts.json")

    @property
    def environment(self) -> dict[str, str]:
        """Where a client finds the identity service, and that it need not look for who called it at each request."""
        return {"IAM_URL": self.url, "USAGE_DATA_OPT_OUT": "True"}

    def _ask(self, word: str, body=None):
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(urllib.request.Request(f"{self.url}/_test/{word}", data), timeout=30) as answer:
            return json.loads(answer.read())

    def fault(self, *faults: dict) -> None:
        self._ask("faults", list(faults))

    def queue(self, seconds: float) -> None:
        self._ask("queue", seconds)

    def lag(self, seconds: float) -> None:
        self._ask("lag", seconds)

    def reset(self) -> None:
        self._ask("reset", {})

    def forget(self) -> None:
        self._ask("forget", {})

    @property
    def jobs(self) -> list[dict]:
        return self._ask("jobs")

    @property
    def sessions(self) -> list[dict]:
        return self._ask("sessions")

    @property
    def requests(self) -> list[dict]:
        return self._ask("requests")

    def tagged(self, tag: str) -> list[dict]:
        return [job for job in self.jobs if tag in job["tags"]]

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)
        self.process.stdout.close()
