"""Two processes fill one store and are killed with SIGKILL: the cells are those of one quiet run, each run once."""

import os
import random
import signal
import time
from collections import Counter

import pytest

from tests.experiments.killed import Kill
from tests.experiments.test_killed import CALLS, Command, check_complete, ended, ends, marks

pytestmark = pytest.mark.skipif(os.name != "posix", reason="kills process groups, which this system does not have")

QUICK = ("protocol=smoke", "protocol.epochs=30", "data.rows=200", "model.circuit.n_qubits=3", "arms=[twin]")
LONG = ("protocol=small", "protocol.epochs=60", "arms=[twin,frozen,removed]")


def kill_both(command, kind, draws):
    """Two processes at once: one dies at a moment of that kind, the other soon after; gives the kind that was met."""
    note = command.folder / "note"
    note.unlink(missing_ok=True)
    count = draws.randint(1, CALLS.get(kind, 1))
    one, other = command.start(Kill(kind, note, count, draws.uniform(0.0, command.within))), command.start()
    assert ended(one) == -signal.SIGKILL, f"it ended before it came to a {kind}: {command.tail()}"
    time.sleep(draws.uniform(0.0, 0.5))
    os.killpg(other.pid, signal.SIGKILL)
    assert ended(other) == -signal.SIGKILL, f"it ended before it was killed: {command.tail()}"
    return note.read_text()


def end_of_both(command, plan, seed):
    """Kill two processes as often as planned, then let two run to the end; finished cells stay as they are."""
    draws, kinds, seen = random.Random(seed), Counter(), {}
    for kind in plan:
        kinds[kill_both(command, kind, draws)] += 1
        now = marks(command.store)
        assert {path: now.get(path) for path in seen} == seen
        seen = now
        print(f"both killed, one in a {kind}; cells finished: {len(command.store.finished())}")
    last = [command.start(), command.start()]
    assert [ended(child) for child in last] == [0, 0], command.tail()
    now = marks(command.store)
    assert {path: now.get(path) for path in seen} == seen
    return kinds


@pytest.mark.timeout(400)
@pytest.mark.slow  # nearly a minute; tests/bench/test_store.py kills one process
def test_two_killed_processes_and_two_workers_end_as_one_quiet_run(tmp_path):
    whole = Command(QUICK, tmp_path / "whole")
    whole.finish()
    killed = Command(QUICK, tmp_path / "killed", every_steps=5, within=0.05)
    met = kill_both(killed, "step", random.Random(1))
    assert met == "step"
    seen = marks(killed.store)
    last = Command((*QUICK, "workers=2"), tmp_path / "killed", every_steps=5)
    last.finish()
    assert {path: marks(last.store).get(path) for path in seen} == seen
    check_complete(last, 4)
    assert ends(last.store) == ends(whole.store)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_two_processes_killed_ten_times_end_as_one_quiet_run(tmp_path):
    whole = Command(LONG, tmp_path / "whole")
    whole.finish()
    killed = Command(LONG, tmp_path / "killed", every_steps=40, within=0.4)
    plan = ["step", "checkpoint", "trial", "cell", "step"]
    assert end_of_both(killed, plan, seed=0) == Counter(plan)
    check_complete(killed, 8)
    assert ends(killed.store) == ends(whole.store)
