"""Bad input to machines: each is told with what was asked, found and to do, and nothing is submitted."""

import sqlite3
import sys

import numpy as np
import pytest

from qml.backends import BACKENDS
from qml.backends.assembling import assembled
from qml.backends.backend import Target
from qml.backends.ibm import IbmBackend
from qml.backends.jobs import StoredBackend
from qml.backends.transpiling import transpile
from qml.base import errors
from qml.base.registry import Registry
from qml.circuits import angle, sel
from tests.servers.machine import FileBackend, FileMachine

PROGRAM = angle(2) + sel(2, depth=1)
ARN = "arn:aws:braket:us-east-1::device/qpu/maker/Nine"
IBM_MODULES = ("asking", "client", "service", "sending", "circuits", "primitives")


def without_ibm(patch, tmp_path):
    patch.setitem(sys.modules, "qiskit_ibm_runtime", None)
    for name in IBM_MODULES:
        patch.delitem(sys.modules, f"qml.backends.ibm.{name}", raising=False)
    return asked(executor="ibm", options={"device": "ibm_x"})(patch, tmp_path)


def without_braket(patch, tmp_path):
    patch.delenv("QML_BRAKET_PYTHON", raising=False)
    return asked(executor="braket", options={"device": ARN})(patch, tmp_path)


def without_account(patch, tmp_path):
    return IbmBackend("ibm_x", "nobody", str(tmp_path / "accounts.json")).target


def refused_account(patch, tmp_path):
    return run(StoredBackend(FileBackend(str(tmp_path / "machine"), refused=True), str(tmp_path / "jobs.sqlite")))


def run(backend):
    return backend.run(PROGRAM, np.zeros((1, 8)), shots=10, seed=1)


def unsupported(patch, tmp_path):
    return transpile(PROGRAM, Target("poor", 2, ("RX", "RZ")))


def store_of(content):
    """The machine with a store that is something else."""

    def ask(patch, tmp_path):
        path = tmp_path / "jobs.sqlite"
        if callable(content):
            content(path)
        else:
            path.write_bytes(content)
        before = path.read_bytes()
        try:
            return asked()(patch, tmp_path)
        finally:
            assert path.read_bytes() == before

    return ask


def foreign(path):
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE job(key TEXT)")
    database.close()


def asked(program=PROGRAM, shots=10, executor="files", options=None, **words):
    """The Executor of these words, asked for values of one row."""

    def ask(patch, tmp_path):
        if executor == "files":
            words["jobs"] = {"path": str(tmp_path / "jobs.sqlite"), **words.get("jobs", {})}
        made = assembled(executor, options, shots=shots, **words)
        return made.forward(program, np.zeros((1, program.n_inputs)), np.zeros(program.n_weights), seed=1)

    return ask


ROWS = {
    "IBM's client is missing": (without_ibm, "MissingExtraError", ["IBM's machines", 'pip install "qml-hybrid[ibm]"']),
    "Braket's SDK is missing": (without_braket, "MissingExtraError", ["python -m qml.backends.braket.environment"]),
    "no account": (without_account, "CredentialsError", ["found no account", "save_account", "QISKIT_IBM_TOKEN"]),
    "a refused account": (refused_account, "CredentialsError", ["refuses this account"]),
    "an unknown machine": (asked(executor="fles"), "ConfigError", ["'fles'", "Did you mean 'files'"]),
    "an unknown snapshot": (
        asked(executor="fake_ibm", options={"device": "fake_manilla"}),
        "ConfigError",
        ["'fake_manilla'", "Did you mean 'fake_manila'"],
    ),
    "no ARN": (asked(executor="braket", options={"device": "nosuch"}), "ConfigError", ["'nosuch'", "local:braket_sv"]),
    "too wide": (asked(angle(9)), "CapabilityError", ["9 qubits", "8", "Take fewer"]),
    "a gate that cannot be made": (unsupported, "CapabilityError", ["poor", "RX, RZ"]),
    "more than the budget": (
        asked(jobs={"budget": {"executions": 9}}),
        "BudgetError",
        ["10 executions", "budget of 9 executions", "Nothing was sent", "Ask for fewer"],
    ),
    "a budget that is no number": (asked(jobs={"budget": "ten"}), "ConfigError", ["amount='ten'", "a number"]),
    "money that is not known": (
        asked(jobs={"budget": {"amount": 5, "currency": "EUR"}}),
        "BudgetError",
        ["USD only", "5 EUR", "Nothing was sent"],
    ),
    "a dry run": (asked(jobs={"dry_run": True}), "DryRunError", ["1 job(s)", "Nothing was sent"]),
    "shots of exact values": (
        asked(executor="propagation"),
        "CapabilityError",
        ["shots=10", "of which none can be drawn"],
    ),
    "exact values of shots": (
        asked(shots=None, executor="fake_ibm"),
        "CapabilityError",
        ["shots=null", "shots only", "shots=1000"],
    ),
    "noise of a machine that has its own": (asked(noise="depolarising"), "CapabilityError", ["noise=none"]),
    "a store that is no database": (
        store_of(b"this is no database " * 20),
        "DataError",
        ["no SQLite database", "nothing was submitted", "Name another path"],
    ),
    "a store of another program": (store_of(foreign), "DataError", ["another program", "nothing was submitted"]),
    "an empty file": (store_of(b""), "DataError", ["is empty", "nothing was submitted"]),
}


@pytest.mark.parametrize("name", ROWS)
def test_it_is_told_and_nothing_is_submitted(name, tmp_path, monkeypatch):
    ask, kind, parts = ROWS[name]
    machine = FileMachine(str(tmp_path / "machine"))
    machine.reset()
    machines = Registry("backend")
    for one in BACKENDS:
        machines.add(one, BACKENDS[one])
    machines.add("files", lambda: FileBackend(machine.folder))
    monkeypatch.setattr("qml.backends.assembling.BACKENDS", machines)
    with pytest.raises(errors.QmlError) as caught:
        ask(monkeypatch, tmp_path)
    assert type(caught.value).__name__ == kind
    for part in parts:
        assert part in str(caught.value)
    assert machine.jobs() == []
    assert "post" not in machine.asked()


def test_what_is_sound_is_submitted(tmp_path, monkeypatch):
    machine = FileMachine(str(tmp_path / "machine"))
    machine.reset()
    machines = Registry("backend")
    machines.add("files", lambda: FileBackend(machine.folder))
    monkeypatch.setattr("qml.backends.assembling.BACKENDS", machines)
    asked()(monkeypatch, tmp_path)
    assert len(machine.jobs()) == 1
