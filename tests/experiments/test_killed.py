"""A sweep killed with SIGKILL at ten random moments ends with the same numbers, and repeats no finished cell."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from qml.bench import ArmInfo, Cell, Protocol, Store, render
from tests.experiments.killed import PREFIX, Kill

pytestmark = pytest.mark.skipif(os.name != "posix", reason="kills process groups, which this system does not have")

ROOT = Path(__file__).resolve().parents[2]
WAIT = 400  # seconds for one run of a command
CALLS = {"checkpoint": 5 * 6, "trial": 6, "cell": 7, "report": 4}  # flushes and renames to die at, of six checkpoints
SWEEP = ("-m", "model/circuit=sel,iqp,twin", "seed=0,1")
ONE = ("protocol=smoke", "protocol.epochs=30", "data.rows=200", "model.circuit.n_qubits=3", "seed=0")


class Command:
    """`python -m experiments.benchmark` with its results in a folder of its own.

    Args:
        words: of the command line.
        folder: for the store, the reports and the logs.
        every_steps: updates between checkpoints; None leaves the default, and loads no plugin.
        within: a step is killed so many seconds after the first one at the latest.
    """

    def __init__(self, words, folder, every_steps=None, within=0.0):
        self.words, self.folder, self.every_steps, self.within = words, folder, every_steps, within
        self.store = Store(folder / "store")
        self.log = folder / "log.txt"

    def start(self, kill=None):
        """One process group of its own."""
        words = [*self.words, f"store={self.store.folder}", f"out={self.folder / 'reports'}"]
        words.append(f"hydra.{'sweep' if '-m' in words else 'run'}.dir={self.folder / 'hydra'}")
        environ = {**os.environ, "QML_JOBS": "2"}
        if self.every_steps is not None:
            words.append(f"plugins=[{Kill.__module__}]")
            environ[f"{PREFIX}EVERY"] = str(self.every_steps)
        environ |= kill.environ() if kill is not None else {}
        with open(self.log, "a") as log:
            command = [sys.executable, "-m", "experiments.benchmark", *words]
            return subprocess.Popen(command, cwd=ROOT, env=environ, stdout=log, stderr=log, start_new_session=True)

    def finish(self):
        """Run to the end; gives how many cells that run began."""
        begun = self.started()
        assert ended(self.start()) == 0, self.tail()
        return self.started() - begun

    def kill(self, kind, draws):
        """Start, and die at a moment of that kind; "anywhere" is some time after the start.

        Returns:
            The kind, as the process that died has noted it.
        """
        if kind == "anywhere":
            child = self.start()
            time.sleep(draws.uniform(0.2, 9.0))
            os.killpg(child.pid, signal.SIGKILL)
            assert ended(child) == -signal.SIGKILL
            return kind
        note = self.folder / "note"
        note.unlink(missing_ok=True)
        count = draws.randint(1, CALLS.get(kind, 1))
        child = self.start(Kill(kind, note, count, draws.uniform(0.0, self.within)))
        assert ended(child) == -signal.SIGKILL, f"it ended before it came to a {kind}: {self.tail()}"
        return note.read_text()

    def started(self):
        """How many cells were begun so far, as the log says."""
        return self.text().count(": trial 1 of 1")

    def text(self):
        return self.log.read_text() if self.log.exists() else ""

    def tail(self):
        return self.text()[-3000:]


def ended(child):
    """The status with which a process ends; one that hangs goes with its group."""
    try:
        return child.wait(timeout=WAIT)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        raise


def marks(store):
    """Inode, size and moment of writing of every file of every finished cell."""
    files = sorted(path for path in (store.folder / "cells").glob("*/*"))
    found = [(str(path), path.stat()) for path in files]
    return {path: (stat.st_ino, stat.st_size, stat.st_mtime_ns) for path, stat in found}


def numbers(result):
    """Everything of a cell but seconds, memory, rates and provenance, to the last bit."""
    seconds = ("cpu_s", "wall_s", "peak_bytes", "grown_bytes")

    def timeless(facts):
        return {key: value for key, value in facts.items() if key not in seconds}

    return {
        "status": (result.status, result.reason, result.chosen),
        "metrics": result.metrics,
        "data": result.data,
        "trials": [asdict(replace(trial, cost=timeless(trial.cost), rates={})) for trial in result.trials],
        "records": [(number, timeless(asdict(record))) for number, record in result.records],
        "arrays": {key: (str(a.dtype), a.shape, a.tobytes()) for key, a in sorted(result.arrays.items())},
    }


def ends(store):
    """The numbers of each cell by its digest."""
    return {result.cell.digest: numbers(result) for result in store.finished()}


def end_after(command, plan, seed):
    """Kill as planned, then run to the end; finished cells stay as they are all the while.

    Returns:
        How often each kind of moment was met, and the cells finished when the last run began with those it began.
    """
    draws = random.Random(seed)
    kinds, seen = Counter(), {}
    for kind in plan:
        kinds[command.kill(kind, draws)] += 1
        now = marks(command.store)
        assert {path: now.get(path) for path in seen} == seen
        seen = now
        print(f"killed in: {kind}; cells finished: {len(command.store.finished())}")
    done = len(command.store.finished())
    begun = command.finish()
    now = marks(command.store)
    assert {path: now.get(path) for path in seen} == seen
    return kinds, begun + done


def check_complete(command, cells):
    """All cells are there, nothing is left over, and the report is made of all of them."""
    store = command.store
    assert len(store.finished()) == cells
    assert store.damaged() == ()
    assert list((store.folder / "work").iterdir()) == []
    assert not (store.folder / "damaged").exists()
    (report,) = (command.folder / "reports").glob("*/report.md")
    assert [path.name for path in report.parent.iterdir() if path.suffix == ".tmp"] == []
    assert report.read_text() == render(store, command.folder / "again").markdown_path.read_text()


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_one_killed_job_ends_as_an_undisturbed_one(tmp_path):
    whole = Command(ONE, tmp_path / "whole")
    whole.finish()
    killed = Command(ONE, tmp_path / "killed", every_steps=5, within=0.05)
    kinds, begun = end_after(killed, ("step", "cell"), seed=1)
    assert kinds == {"step": 1, "cell": 1}
    assert begun == 1
    check_complete(killed, 1)
    assert ends(killed.store) == ends(whole.store)
    (result,) = whole.store.finished()
    other = {**result.arrays, "test_predictions": np.nextafter(result.arrays["test_predictions"], 2)}
    assert numbers(replace(result, arrays=other)) != numbers(result)


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_sweep_killed_ten_times_ends_as_an_undisturbed_one(tmp_path):
    whole = Command(SWEEP, tmp_path / "whole")
    whole.finish()
    plan = ["step"] * 4 + ["checkpoint"] * 2 + ["anywhere"] * 2 + ["trial", "cell"]
    random.Random(0).shuffle(plan)
    killed = Command(SWEEP, tmp_path / "killed", every_steps=40, within=0.4)
    kinds, begun = end_after(killed, plan, seed=0)
    assert kinds == {"step": 4, "checkpoint": 2, "anywhere": 2, "trial": 1, "cell": 1}
    assert begun == 6
    assert "continuing at update" in killed.text()
    check_complete(killed, 6)
    assert ends(killed.store) == ends(whole.store)


def test_a_cell_that_is_run_again_starts_without_the_leftovers_of_the_last_time(tmp_path):
    store = Store(tmp_path)
    cell = Cell.of(ArmInfo("a", "hybrid", "A", {}), Protocol("p", "digits", seeds=(0, 1), epochs=1), 0)
    store.path(cell).mkdir()
    (store.work(cell) / "trials").mkdir()
    store.discard(cell)
    assert not (store.work(cell) / "trials").exists()


def test_the_checks_see_a_cell_that_was_written_again(tmp_path):
    folder = tmp_path / "store" / "cells" / "a"
    folder.mkdir(parents=True)
    (folder / "cell.json").write_text("{}")
    before = marks(Store(tmp_path / "store"))
    (folder / "again").write_text("{}")
    (folder / "again").replace(folder / "cell.json")
    assert marks(Store(tmp_path / "store")) != before
