"""The vendor's client alone in the fault matrix, and the Python whose forks are clients."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass

import pytest

from benchmarks.faults import forking
from benchmarks.faults.__main__ import main
from benchmarks.faults.files_rig import FilesRig
from benchmarks.faults.matrix import Alone, alone, started
from benchmarks.faults.rig import KILLED, rig_named


@dataclass(frozen=True)
class Unshaken(FilesRig):
    """Claims that its client loses a job where nothing is wrong."""

    control_loses: tuple[str, ...] = ("none",)


def test_a_client_that_is_killed_and_started_again_pays_twice(tmp_path):
    rig = rig_named("files")
    with started(rig, tmp_path / "server") as server:
        found = alone(rig, "files", server, KILLED, tmp_path)
    assert (found.demanded, found.jobs, found.ran, found.said) == (True, 2, 2, "result")
    assert (found.shows, found.wrong) == ("2 jobs of one request", "")


def test_a_control_that_must_lose_a_job_and_does_not_fails_the_matrix(tmp_path, capsys):
    record = tmp_path / "record.json"
    rig = f"{__name__}:Unshaken"
    assert main(["--rigs", rig, "--faults", "none", "--steps", "-", "--json", str(record)]) == 1
    assert "lost nothing, and is known to" in capsys.readouterr().out
    kept = json.loads(record.read_text())
    assert [one["wrong"] for one in kept["cells"]] == [[]]
    assert [bool(one["wrong"]) for one in kept["alone"]] == [True, False]


@pytest.mark.parametrize(
    ("left", "shows"),
    [((2, 2, 0, "result"), "2 jobs of one request"), ((1, 1, 0, "error"), "job left behind"), ((1, 0, 0, "error"), "")],
)
def test_what_a_control_shows(left, shows):
    one = Alone("files", "dropped", True, *left)
    assert one.shows == shows
    assert bool(one.wrong) is not bool(shows)
    assert Alone("files", "dropped", False, *left).wrong == ""


@pytest.fixture
def python(tmp_path):
    process, program = forking.started(sys.executable, tmp_path, ("colorsys",))
    yield program
    process.communicate()
    assert process.returncode == 0


def test_a_fork_has_the_words_the_pipes_and_the_environment_of_who_asks(python):
    code = "import os, sys; print(sys.argv[1], os.environ['A'], 'colorsys' in sys.modules, input()); sys.exit(3)"
    words = [python, "-u", "-c", code, "word"]
    done = subprocess.run(words, input="said\n", capture_output=True, text=True, env={"A": "b"}, check=False)
    assert (done.stdout, done.stderr, done.returncode) == ("word b True said\n", "", 3)
    failed = subprocess.run([python, "-c", "1 / 0"], capture_output=True, text=True, check=False)
    assert failed.returncode == 1
    assert "ZeroDivisionError" in failed.stderr


def test_a_fork_ends_with_who_asks(python):
    code = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
    asker = subprocess.Popen([python, "-c", code], stdout=subprocess.PIPE, text=True)
    pid = int(asker.stdout.readline())
    os.kill(asker.pid, signal.SIGKILL)
    asker.communicate()
    for _ in range(200):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.02)
    pytest.fail("the fork outlived who asked")


def test_what_cannot_be_imported_is_told(tmp_path):
    with pytest.raises(RuntimeError, match="did not import no_such_module"):
        forking.started(sys.executable, tmp_path, ("no_such_module",))
