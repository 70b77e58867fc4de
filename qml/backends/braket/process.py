"""The worker process that holds Amazon Braket's SDK: started when first asked, ended with its parent."""

from __future__ import annotations

import contextlib
import os
import subprocess
import threading
import weakref
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from qml.backends.braket.interpreter import VARIABLE, braket_python
from qml.backends.braket.worker import frames
from qml.backends.remote import AmbiguousSubmitError, TransientError
from qml.base.errors import CapabilityError, ConfigError, CredentialsError, JobError, MissingExtraError
from qml.base.redacting import redacted

WORKER = Path(__file__).with_name("worker")
KEPT_LINES = 40
SHOWN_LINES = 6
GRACE_S = 3.0
ACCOUNTS = (
    "AWS keeps accounts in ~/.aws (`aws configure`), in the variables AWS_PROFILE or AWS_ACCESS_KEY_ID and "
    "AWS_SECRET_ACCESS_KEY, or in the role of the machine; hand in `profile=` to name one."
)


class Answer(NamedTuple):
    """What the worker said: plain data, and arrays by name."""

    data: dict[str, Any]
    arrays: dict[str, np.ndarray]


class Worker:
    """One worker; questions of several threads go one after the other, and a forked child starts its own.

    Args:
        python: of the environment that has the SDK; None takes the one that the environment variable names.
        program: what that Python runs; the worker of this package where left out.
    """

    def __init__(self, python: str | None = None, program: Path | None = None):
        self._python, self._program = python, program
        self._lock = threading.Lock()
        self._started: _Started | None = None

    def ask(
        self, what: str, asked: Mapping[str, Any], arrays: Mapping[str, np.ndarray] | None = None, *, sending=False
    ) -> Answer:
        """The answer to one question; errors of the SDK come as ours.

        Args:
            what: the question.
            asked: its plain data.
            arrays: its numbers, of any shape.
            sending: whether it submits something, so that nobody knows what happened where the worker ends meanwhile.

        Raises:
            MissingExtraError: there is no environment with the SDK.
            TransientError: asking again is safe.
            AmbiguousSubmitError: nobody knows whether a task was accepted.
            CredentialsError: the account is refused or absent.
            CapabilityError: the device does not take it; nothing was accepted.
            ConfigError: no such device, or no region.
            JobError: what came is no result, or the worker ended.
        """
        with self._lock:
            started = self._running()
            try:
                reply = started.exchange({"do": what, "with": dict(asked)}, arrays)
            except _EndedError as error:
                said = started.ended()
                self._started = None
                kind = AmbiguousSubmitError if sending else JobError
                raise kind(f"The worker process of Amazon Braket ended while it was asked to {what}. {said}") from error
        message, found = reply
        if "error" in message:
            raise _raised(message["error"])
        return Answer(message["ok"], found)

    def _running(self) -> _Started:
        """The process, of this process of ours."""
        if self._started is None or self._started.owner != os.getpid() or self._started.spoilt:
            self._started = _Started(braket_python(self._python), self._program or WORKER)
            weakref.finalize(self, self._started.close)
        return self._started

    def close(self) -> None:
        """End the process; the next question starts another."""
        with self._lock:
            if self._started is not None:
                self._started.close()
                self._started = None


class _EndedError(Exception):
    """The process has ended, or speaks something else."""


class _Started:
    """A process and its pipes."""

    def __init__(self, python: str, program: Path):
        self.owner, self.spoilt = os.getpid(), False
        self._python = python
        self._process = subprocess.Popen(
            [python, "-u", str(program), str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")},
            start_new_session=True,
        )
        self._said: deque[str] = deque(maxlen=KEPT_LINES)
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def _listen(self) -> None:
        for line in self._process.stderr or ():
            self._said.append(line.decode(errors="replace").rstrip())

    def exchange(self, message: Mapping[str, Any], arrays: Mapping[str, np.ndarray] | None):
        """One question and its answer; a question that is broken off leaves the process useless."""
        self.spoilt = True
        try:
            frames.write(self._process.stdin, message, arrays)  # pyright: ignore[reportArgumentType]
            reply = frames.read(self._process.stdout)  # pyright: ignore[reportArgumentType]
        except (OSError, frames.FrameError) as error:
            raise _EndedError(str(error)) from error
        finally:
            if self.spoilt and self._process.poll() is not None:
                self._listener.join(GRACE_S)
        if reply is None:
            raise _EndedError("no answer")
        self.spoilt = False
        return reply

    def ended(self) -> str:
        """How it ended and what it said last, without keys."""
        self.close()
        self._listener.join(GRACE_S)
        said = redacted("\n".join(list(self._said)[-SHOWN_LINES:]))
        if "No module named 'braket'" in said or "No module named 'boto" in said or "No module named 'numpy'" in said:
            raise MissingExtraError(
                f"{self._python} has no SDK of Amazon Braket. Install it there with\n"
                f"    python -m qml.backends.braket.environment FOLDER\n"
                f"    export {VARIABLE}=FOLDER/bin/python"
            )
        return f"Exit status {self._process.returncode}. It said last:\n{said}" if said else "It said nothing."

    def close(self) -> None:
        """End it: by the end of its pipe, then by force."""
        process = self._process
        if self.owner != os.getpid():
            return
        with contextlib.suppress(OSError):
            if process.stdin is not None:
                process.stdin.close()
        try:
            process.wait(0.5 if self.spoilt else GRACE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self._listener.join(GRACE_S)
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()


def _raised(error: Mapping[str, Any]) -> Exception:
    """The error of ours that a reply names."""
    said = redacted(str(error["message"]))
    match error["kind"]:
        case "transient":
            return TransientError(f"Amazon Braket: {said}", error.get("after_s"))
        case "ambiguous":
            return AmbiguousSubmitError(f"Amazon Braket may or may not have accepted the task: {said}")
        case "credentials":
            return CredentialsError(f"Amazon Braket needs an account that may do this: {said}. {ACCOUNTS}")
        case "config":
            return ConfigError(f"Amazon Braket does not know what was asked for: {said}")
        case "capability":
            return CapabilityError(f"Amazon Braket refused what was asked: {said}")
    return JobError(f"Amazon Braket: {said}")
