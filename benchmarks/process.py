"""A worker process seen from the driver: started on given cores, stopped while others run, ended when it hangs."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.peers.environments import ROOT
from benchmarks.resident import available_mib, cpu_seconds, resident_mib

RESERVE_MIB = 768.0  # a peer that leaves less than this to the machine is ended
POLL_SECONDS = 0.25
POSIX = os.name == "posix"


class PeerFailed(RuntimeError):
    """A worker ended, was ended, or never came up; the message is the reason shown in the table."""


class WorkerProcess:
    """A peer's process; it is stopped by the system whenever it owes no reply, and so burns no time.

    Args:
        command: how to start it.
        cores: the cores that it is bound to; every library gets as many threads.
    """

    def __init__(self, command: Sequence[str], cores: Sequence[int]):
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 (closed with the process)
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            cwd=ROOT,
            env=environment(len(cores)),
            start_new_session=POSIX,
            bufsize=0,
        )
        if sys.platform == "linux":
            os.sched_setaffinity(self._process.pid, cores)
        self._buffer = b""

    @property
    def pid(self) -> int:
        """Of the worker."""
        return self._process.pid

    def cpu_seconds(self) -> float:
        """CPU time used so far."""
        return cpu_seconds(self.pid)

    def ask(self, do: str, limit_s: float, **arguments: Any) -> dict[str, Any]:
        """Wake the worker, hand it a request, wait for its reply and stop it again.

        Raises:
            PeerFailed: it ended, took longer than `limit_s`, or left the machine without memory.
        """
        self._signal("SIGCONT")
        stdin = self._process.stdin
        if stdin is None:
            raise PeerFailed("its pipe is closed")
        try:
            stdin.write(json.dumps({"do": do, **arguments}).encode() + b"\n")
            stdin.flush()
        except BrokenPipeError:
            self._process.wait()
            raise PeerFailed(self._last_words()) from None
        reply = json.loads(self._line(do, limit_s))
        self._signal("SIGSTOP")
        return reply

    def end(self) -> None:
        """End the process and what it started."""
        if self._process.poll() is None:
            self._signal("SIGKILL")
            self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._errors):
            if stream is not None and not stream.closed:
                stream.close()

    def _signal(self, name: str) -> None:
        """Send a signal to the worker and its children, where the system has process groups."""
        if POSIX and self._process.poll() is None:
            os.killpg(self.pid, getattr(signal, name))

    def _line(self, do: str, limit_s: float) -> bytes:
        """The next line of the worker's output."""
        stdout, began = self._process.stdout, time.monotonic()
        if stdout is None:
            raise PeerFailed("its pipe is closed")
        while b"\n" not in self._buffer:
            if POSIX and not select.select([stdout], [], [], POLL_SECONDS)[0]:
                self._watch(do, began + limit_s, limit_s)
                continue
            part = os.read(stdout.fileno(), 1 << 16)
            if not part:
                self._process.wait()
                raise PeerFailed(self._last_words())
            self._buffer += part
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line

    def _watch(self, do: str, deadline: float, limit_s: float) -> None:
        """End a worker that takes too long or too much memory."""
        if time.monotonic() > deadline:
            self.end()
            raise PeerFailed(f"ended: {do} took longer than {limit_s:.0f} s")
        if available_mib() < RESERVE_MIB:
            held = resident_mib(self.pid)
            self.end()
            raise PeerFailed(f"ended: {do} held {held / 1024:.1f} GiB and left the machine without memory")

    def _last_words(self) -> str:
        """The last line that the worker wrote to standard error."""
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").strip().splitlines()
        status = self._process.returncode
        words = lines[-1].strip() if lines else "it said nothing"
        return f"failed: {words[:200]}" if status > 0 else f"ended by signal {-status}: {words[:160]}"


def environment(threads: int) -> dict[str, str]:
    """Environment variables of every worker: as many threads for each library as it has cores."""
    names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS", "QML_THREADS")
    names += ("TF_NUM_INTRAOP_THREADS", "QULACS_NUM_THREADS", "RAYON_NUM_THREADS", "QISKIT_NUM_PROCS")
    fixed = {name: str(threads) for name in names}
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    return {**os.environ, **fixed, "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONPATH": path}


def worker_command(python: Path | str, peer: str) -> list[str]:
    """How the worker of a peer is started by the Python of its environment."""
    return [str(python), "-m", "benchmarks.worker", peer]
