"""The pipe to the worker: messages, its death, its words without keys, its end with its parent."""

import copy
import io
import os
import pickle
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from qml.backends.braket.environment import CONSTRAINTS, made, main
from qml.backends.braket.interpreter import VARIABLE, braket_python
from qml.backends.braket.process import Worker
from qml.backends.braket.worker import frames
from qml.backends.remote import AmbiguousSubmitError, TransientError
from qml.base.errors import CapabilityError, ConfigError, CredentialsError, JobError, MissingExtraError

FAKE = Path(__file__).with_name("fake_worker")
PLANTED = "planted-4f1c77d09be2"


@pytest.fixture(scope="module")
def worker():
    worker = Worker(sys.executable, FAKE)
    yield worker
    worker.close()


@pytest.mark.parametrize(
    "array",
    [np.arange(6.0).reshape(2, 3), np.zeros((0, 4)), np.array(7), np.array([True, False]), np.arange(3, dtype=">i2")],
)
def test_messages_there_and_back(array):
    pipe = io.BytesIO()
    frames.write(pipe, {"a": [1, None, "ü"]}, {"array": array, "more": np.ones(2)})
    frames.write(pipe, {"b": 2})
    pipe.seek(0)
    message, arrays = frames.read(pipe)
    assert message == {"a": [1, None, "ü"]}
    assert arrays["array"].shape == array.shape
    assert arrays["array"].dtype == array.dtype.newbyteorder("=")
    np.testing.assert_array_equal(arrays["array"], array)
    np.testing.assert_array_equal(arrays["more"], np.ones(2))
    assert frames.read(pipe) == ({"b": 2}, {})
    assert frames.read(pipe) is None


def whole():
    pipe = io.BytesIO()
    frames.write(pipe, {"a": 1}, {"array": np.arange(3)})
    return pipe.getvalue()


@pytest.mark.parametrize(
    "spoilt",
    [
        whole()[:-1],
        whole()[:7],
        b"print" + whole(),
        whole()[:5] + b"\xff" * 12 + whole()[17:],
        whole().replace(b'"arrays"', b'"arrayz"'),
        whole().replace(b"<i8", b"|O8"),
    ],
)
def test_what_is_no_message(spoilt):
    with pytest.raises(frames.FrameError):
        frames.read(io.BytesIO(spoilt))


def test_objects_are_not_sent():
    with pytest.raises(frames.FrameError, match="numbers only"):
        frames.write(io.BytesIO(), {}, {"a": np.array([object()])})


def test_questions_of_several_threads(worker):
    found = {}

    def ask(n):
        answer = worker.ask("anything", {"n": n}, {"a": np.full(1000, n)})
        found[n] = answer.data["with"]["n"], set(answer.arrays["a"].tolist())

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {n: (n, {2 * n}) for n in range(8)}


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("transient", TransientError),
        ("ambiguous", AmbiguousSubmitError),
        ("credentials", CredentialsError),
        ("config", ConfigError),
        ("capability", CapabilityError),
        ("job", JobError),
        ("unknown", JobError),
    ],
)
def test_errors_by_kind(worker, kind, expected):
    asked = {"kind": kind, "message": f"it said token={PLANTED}", "after_s": 2.5}
    with pytest.raises(expected) as caught:
        worker.ask("fail", asked)
    assert PLANTED not in str(caught.value)
    assert "it said" in str(caught.value)
    if expected is TransientError:
        assert caught.value.after_s == 2.5


@pytest.mark.parametrize(("sending", "expected"), [(False, JobError), (True, AmbiguousSubmitError)])
def test_a_worker_that_dies_is_told_and_replaced(worker, sending, expected):
    before = worker.ask("anything", {}).data["pid"]
    with pytest.raises(expected) as caught:
        worker.ask("die", {"planted": PLANTED}, sending=sending)
    assert "Exit status 3" in str(caught.value)
    assert "it broke" in str(caught.value)
    assert PLANTED not in str(caught.value)
    assert worker.ask("anything", {}).data["pid"] != before


def test_a_worker_that_prints_into_the_pipe_is_told(worker):
    with pytest.raises(JobError, match="ended while it was asked to garble"):
        worker.ask("garble", {})
    assert worker.ask("anything", {}).data["what"] == "anything"


def test_a_worker_ends_with_its_parent():
    code = (
        "import sys, os; from pathlib import Path; from qml.backends.braket.process import Worker\n"
        f"worker = Worker(sys.executable, Path({str(FAKE)!r}))\n"
        "print(worker.ask('anything', {}).data['pid'], flush=True); os._exit(9)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    pid = int(done.stdout)
    for _ in range(100):
        if not Path(f"/proc/{pid}").exists() or "Z" in Path(f"/proc/{pid}/stat").read_text().split()[2]:
            return
        time.sleep(0.05)
    pytest.fail("the worker outlived its parent")


def test_without_an_environment_the_lines_are_shown(monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    with pytest.raises(MissingExtraError, match=r"python -m qml.backends.braket.environment .venv-braket\n    export"):
        braket_python()
    monkeypatch.setenv(VARIABLE, "/nowhere/python")
    with pytest.raises(ConfigError, match="'/nowhere/python', which is no program"):
        braket_python()
    monkeypatch.setenv(VARIABLE, sys.executable)
    assert braket_python() == sys.executable


def test_a_python_without_the_sdk_is_told(tmp_path):
    (tmp_path / "__main__.py").write_text("import braket.circuits")
    with pytest.raises(MissingExtraError, match=r"has no SDK of Amazon Braket(.|\n)*braket.environment FOLDER"):
        Worker(sys.executable, tmp_path).ask("hello", {}, sending=True)


def test_versions_are_pinned():
    pinned = dict(line.split("==") for line in CONSTRAINTS.read_text().splitlines() if "==" in line)
    assert pinned["amazon-braket-sdk"] == "1.127.5"
    assert {"boto3", "numpy", "antlr4-python3-runtime"} <= set(pinned)


def test_the_environment_is_made_by_pip(monkeypatch, tmp_path, capsys):
    ran = []

    def run(command, **_):
        ran.append(command)
        if "venv" in command:
            (tmp_path / "e" / "bin").mkdir(parents=True)
            (tmp_path / "e" / "bin" / "python").write_text("")
        code = 1 if "check" in command and len(ran) > 3 else 0
        return subprocess.CompletedProcess(command, code, "", "numpy 9 is too new")

    monkeypatch.setattr(subprocess, "run", run)
    main([str(tmp_path / "e")])
    assert capsys.readouterr().out == f"export {VARIABLE}={tmp_path}/e/bin/python\n"
    assert [command[1:3] for command in ran] == [["-m", "venv"], ["-m", "pip"], ["-m", "pip"]]
    assert str(CONSTRAINTS) in ran[1]
    with pytest.raises(ConfigError, match="numpy 9 is too new"):
        made(tmp_path / "e")


def test_the_command_warns_of_nothing():
    command = [sys.executable, "-W", "error::RuntimeWarning", "-m", "qml.backends.braket.environment", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_worker_of_a_parent_is_not_used_by_its_child(worker):
    """After a fork both would read from one pipe."""
    first = worker.ask("anything", {}).data["pid"]
    worker._started.owner = os.getpid() + 1
    assert worker.ask("anything", {}).data["pid"] != first


def test_members_are_pickled_without_their_worker():
    from qml.backends.braket import BraketBackend, LocalBraketBackend

    for member in (LocalBraketBackend("braket_dm"), BraketBackend("arn:aws:braket:::device/qpu/a/b", s3="c/d")):
        assert member.worker is member.worker
        assert copy.deepcopy(member) == member
        assert "worker" not in copy.deepcopy(member).__dict__
        assert b"Worker" not in pickle.dumps(member)
