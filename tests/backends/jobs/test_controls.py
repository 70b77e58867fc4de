"""The vendor's client alone in the fault matrix, and the Python whose forks are clients."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, replace

import pytest

from benchmarks.faults import forking
from benchmarks.faults.__main__ import main, shown, summary
from benchmarks.faults.files_rig import FilesRig
from benchmarks.faults.kept import Kept
from benchmarks.faults.matrix import Alone, Found, alone, cell, started
from benchmarks.faults.rig import KILLED, rig_named
from tests.servers.machine import DroppedError, FileMachine


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
    assert set(kept) == {"schema", "machine", "cells", "alone"}
    assert [one["wrong"] for one in kept["cells"]] == [[]]
    assert [bool(one["wrong"]) for one in kept["alone"]] == [True, False]


@dataclass(frozen=True)
class Slow(FilesRig):
    """Its client waits for ever, behind a first job that it sent."""

    def stock(self, address):
        with suppress(DroppedError):
            FileMachine(address).post("", b"", 100)
        time.sleep(60)


def test_a_client_that_is_cut_shows_nothing_and_says_what_it_left(tmp_path):
    rig = Slow()
    with started(rig, tmp_path / "server") as server:
        found = alone(rig, f"{__name__}:Slow", server, "dropped", tmp_path, limit_s=2.5)
    assert (found.cut, found.demanded, found.jobs, found.ran) == (True, True, 1, 1)
    assert found.shows == ""
    assert found.told == "cut after 2.5 s, with 1 job on the server: 1 ran, 0 live; shows nothing, and must"
    assert found.told in shown(found)
    twice = replace(found, jobs=2)
    assert (twice.shows, twice.wrong) == ("2 jobs of one request", "")
    assert "and was cut by the time limit, which shows nothing, under 1; it must lose or repeat under 2" in summary(
        [found, replace(found, demanded=False, cut=False, said="result"), replace(twice, ran=2)]
    )


def test_a_client_that_sent_nothing_was_not_killed_in_time(tmp_path):
    rig = rig_named("files")
    with started(rig, tmp_path / "server") as server:
        found = alone(rig, "files", server, KILLED, tmp_path, limit_s=0.0)
    assert found.cut
    assert "before it had sent a job" in found.told


WORDS = ["--rigs", "files", "--faults", "none", "dropped", "--steps", "-", "--no-control"]


@pytest.fixture
def committed(monkeypatch):
    """The words of git for this checkout, as a test sets them."""
    said = {"commit": "0123456789ab"}
    monkeypatch.setattr("benchmarks.machine.commit", lambda: said["commit"])
    return said


def test_a_run_that_ends_early_keeps_its_cells_and_is_continued(tmp_path, capsys, monkeypatch, committed):
    record = tmp_path / "record.json"
    asked = []

    def until_the_second(rig, name, server, fault, step, folder):
        asked.append(fault)
        if len(asked) == 2:
            raise KeyboardInterrupt
        return cell(rig, name, server, fault, step, folder)

    monkeypatch.setattr("benchmarks.faults.__main__.cell", until_the_second)
    with pytest.raises(KeyboardInterrupt):
        main([*WORDS, "--json", str(record)])
    first = json.loads(record.read_text())
    assert [one["fault"] for one in first["cells"]] == ["none"]
    assert main([*WORDS, "--json", str(record)]) == 0
    second = json.loads(record.read_text())
    assert asked == ["none", "dropped", "dropped"]
    assert second["cells"][0] == first["cells"][0]
    assert [one["fault"] for one in second["cells"]] == ["none", "dropped"]
    assert "2 cells: 2 with one result" in capsys.readouterr().out
    again = main([*WORDS, "--json", str(record)])
    assert (again, len(asked)) == (0, 3)
    assert capsys.readouterr().out.count("dropped") == 1  # what was kept is shown


@pytest.mark.parametrize("commit", ["fedcba987654", "0123456789ab-dirty", ""])
def test_a_record_of_other_code_is_not_continued(tmp_path, committed, commit):
    record = tmp_path / "record.json"
    committed["commit"] = commit if commit != "fedcba987654" else "0123456789ab"
    Kept(record).add(Found("files", "none", "-", True, 1, 1, 1, 1, 0, 1, 300, 300, 0, "result"), 1.0)
    before = record.read_text()
    committed["commit"] = commit
    with pytest.raises(SystemExit, match=r"holds a run of commit .* Name another file"):
        main([*WORDS, "--json", str(record)])
    assert record.read_text() == before


def test_a_file_that_is_no_record_is_left_alone(tmp_path):
    other = tmp_path / "other.json"
    other.write_text('{"schema": 1}')
    with pytest.raises(SystemExit, match="is no record of"):
        Kept(other)
    assert other.read_text() == '{"schema": 1}'


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
