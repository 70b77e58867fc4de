"""A client of the matrix in a process of its own, which may be ended at a step as a kill would."""

from __future__ import annotations

import contextlib
import json
import logging
import multiprocessing
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.faults.rig import RIGS, rig_named
from qml.backends.jobs import Budget, GuardedBackend, StoredBackend
from qml.base.errors import JobError, PendingJobError
from qml.base.files import write_json
from qml.circuits import Circuit, Program

CRASHED = 77
SHOTS, SEED = 100, 1
ANGLES_RS = np.array([[0.0, 0.0], [np.pi, 0.0], [0.0, np.pi]])
VALUES_RK = np.cos(ANGLES_RS)
BUDGET = Budget(executions=10_000)


def program() -> Program:
    """Two qubits turned by an angle each: outcomes that no draw changes, in one measurement setting."""
    circuit = Circuit(2)
    return circuit.rx(0, circuit.input(0)).rx(1, circuit.input(1)).build()


@dataclass(frozen=True)
class Call:
    """One process: what it asks, and where it ends.

    Args:
        rig: name or address.
        address: of the server.
        store: path of the database.
        report: path of what it found.
        crash: step at which it ends; "" at none.
        retry: whether failed jobs are sent anew.
        deadline_s: of the call.
        stock: the vendor's client alone, and no store.
    """

    rig: str
    address: str
    store: str
    report: str
    crash: str = ""
    retry: bool = False
    deadline_s: float = 30.0
    stock: bool = False


def ask(call: Call) -> None:
    """Ask once, and write down what came."""
    logging.disable(logging.ERROR)
    rig = rig_named(call.rig)
    at = _ending_at(call.crash)
    if call.stock:
        os.setsid()  # what the client starts ends with it
        with open(os.devnull, "w") as nowhere:  # a client may talk
            os.dup2(nowhere.fileno(), 2)
        write_json(Path(call.report), {"said": "asked"})
        rig.stock(call.address)
        write_json(Path(call.report), {"said": "result"})
        return
    guarded = GuardedBackend(rig.backend(call.address, at), BUDGET)
    stored = StoredBackend(
        guarded, call.store, call.deadline_s, call.retry, first_s=0.02, cap_s=0.3, grace_s=1.0, at=at
    )
    try:
        outcome = stored.run(program(), ANGLES_RS, shots=SHOTS, seed=SEED)
        said: dict[str, Any] = {"said": "result", "values": outcome.values_RK.tolist()}
    except PendingJobError as error:
        said = {"said": "pending", "why": str(error)}
    except JobError as error:
        said = {"said": "failed", "why": str(error)}
    write_json(Path(call.report), said)


def _ending_at(crash: str) -> Callable[[str], None]:
    """Ends this process at a step, without any clean-up."""

    def at(step: str) -> None:
        if step == crash:
            os._exit(CRASHED)

    return at


def begun(call: Call) -> BaseProcess:
    """Begin to ask, in a new process."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["benchmarks.faults.client", *(RIGS.get(call.rig, call.rig).split(":")[:1])])
    Path(call.report).unlink(missing_ok=True)
    process = context.Process(target=ask, args=(call,))
    process.start()
    return process


def killed(process: BaseProcess, call: Call) -> None:
    """End a process as a kill does; the client alone with all that it started."""
    if call.stock:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid or 0, signal.SIGKILL)
    process.kill()
    process.join()


def asked(call: Call, limit_s: float = 90.0) -> tuple[int | None, dict[str, Any]]:
    """Ask in a new process: its exit status, None where it had to be killed, and what it found.

    Raises:
        RuntimeError: a call that was to crash nowhere ended without a word.
    """
    process = begun(call)
    process.join(limit_s)
    status = process.exitcode
    if status is None:
        killed(process, call)
    found = json.loads(Path(call.report).read_text()) if Path(call.report).exists() else {}
    if not found and status not in (CRASHED, None) and not call.stock:
        raise RuntimeError(f"A client of {call.rig} ended with status {status} and without a word.")
    return status, found
