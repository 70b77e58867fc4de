"""Several processes with one store, and processes that die."""

import multiprocessing
import subprocess
import time
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest

from benchmarks.faults.__main__ import main, shown
from benchmarks.faults.client import Call, asked
from benchmarks.faults.matrix import Found, cell, started, steps_of
from benchmarks.faults.rig import FAULTS, rig_named
from qml.backends.jobs import Budget, book, claiming
from qml.backends.jobs.book import totals
from qml.backends.jobs.database import opened
from qml.backends.jobs.owner import is_alive, this_call
from qml.base.errors import BudgetError, PendingJobError
from tests.backends.jobs.made import SLOTS_RS, Rig
from tests.servers.machine import FileBackend

CELLS = [
    ("accepted_502", "sent"),
    ("always_502", "submitting"),
    ("none", "submitting"),
    ("lag", "sent"),
    ("cancelled", "fetched"),
]


@pytest.mark.parametrize(("fault", "step"), CELLS)
def test_a_killed_client_loses_nothing_and_pays_once(tmp_path, fault, step):
    rig = rig_named("files")
    with started(rig, tmp_path / "server") as server:
        found = cell(rig, "files", server, fault, step, tmp_path)
    assert found.crashed
    assert found.wrong == (), shown(found)


@pytest.mark.slow
def test_the_whole_matrix(capsys):
    assert main(["--rigs", "files"]) == 0
    cells = len(FAULTS) * len(steps_of(rig_named("files")))
    assert f"{cells} cells" in capsys.readouterr().out


def test_the_matrix_sees_what_is_wrong():
    sound = Found("files", "none", "-", True, 1, 1, 1, 1, 0, 1, 300, 300, 0, "result")
    assert sound.wrong == ()
    changes = {"jobs": 2, "ran": 2, "live": 1, "results": 0, "billed": 600, "counted": 0, "reserved": 300}
    for name, value in changes.items():
        assert len(Found(**{**vars(sound), name: value}).wrong) == 1, name


def ask_in_turn(folder, seed, executions, heard):
    try:
        Rig(Path(folder)).run(budget=Budget(executions=executions), seed=seed)
        heard.put("result")
    except BudgetError:
        heard.put("refused")


def heard_from(calls):
    """What processes that begin together say, each one word."""
    context = multiprocessing.get_context("forkserver")
    heard = context.Queue()
    processes = [context.Process(target=ask_in_turn, args=(*call, heard)) for call in calls]
    for process in processes:
        process.start()
    words = [heard.get(timeout=60) for _ in processes]
    for process in processes:
        process.join()
    return sorted(words)


def test_of_several_processes_one_submits_and_all_have_the_result(rig):
    assert heard_from([(rig.folder, 1, 10**6)] * 3) == ["result"] * 3
    assert len(rig.machine.jobs()) == 1


def test_a_budget_holds_across_processes(rig):
    words = heard_from([(rig.folder, seed, 1200) for seed in (1, 2, 3)])
    assert words == ["refused", "result", "result"]
    assert sum(job["executions"] for job in rig.machine.jobs()) == 1200
    with opened(rig.store) as database:
        assert totals(database).spent.executions == 1200


SEEDS, N_ATTACKERS, BUDGET = 4, 3, 5 * 600 + 599


def attack(folder, place, careless, ready, heard):
    """Submit one request after another against one budget; carelessly: looking first, and holding later."""
    rig, words = Rig(Path(folder)), []
    if careless:
        held = book.totals

        def together(*asked):
            found = held(*asked)
            ready.wait(60)  # all of them have looked
            return found

        claiming.writing = nullcontext
        book.totals = together
    ready.wait(60)
    for seed in range(1, SEEDS + 1):
        try:
            rig.run(budget=Budget(executions=BUDGET), seed=10 * place + seed, deadline_s=60.0)
            words.append("result")
        except BudgetError:
            words.append("refused")
    heard.put(words)


def attacked(rig, *, careless=False):
    """Words of processes that attack together, and the most that the ledger has held and spent at any time."""
    context = multiprocessing.get_context("forkserver")
    ready, heard = context.Barrier(N_ATTACKERS), context.Queue()
    given = [(rig.folder, place, careless, ready, heard) for place in range(N_ATTACKERS)]
    processes = [context.Process(target=attack, args=one) for one in given]
    for process in processes:
        process.start()
    words = [word for _ in processes for word in heard.get(timeout=60)]
    for process in processes:
        process.join()
    most = now = 0
    with opened(rig.store) as database:
        for kind, executions in database.execute("SELECT kind, executions FROM ledger ORDER BY id"):
            now += -executions if kind == "release" else executions
            most = max(most, now)
    return sorted(words), most


def test_processes_that_attack_a_budget_together_never_exceed_it(rig):
    words, most = attacked(rig)
    assert words == ["refused"] * (N_ATTACKERS * SEEDS - 5) + ["result"] * 5  # all that fits, and no more
    assert most == sum(job["executions"] for job in rig.machine.jobs()) == 5 * 600


def test_the_attack_breaks_a_guard_that_looks_before_it_holds(rig):
    assert attacked(rig, careless=True)[1] > BUDGET


@pytest.fixture
def waiting(rig):
    """A request whose job waits for its result."""
    rig.machine.reset("stuck")
    with pytest.raises(PendingJobError):
        rig.run(deadline_s=0.02)
    rig.machine.heal()
    return rig


def owned(rig, owner, lease=10**12):
    with opened(rig.store) as database:
        database.execute("UPDATE request SET owner=?, lease=?", (owner, lease))


def test_who_lives_is_waited_for(waiting):
    owned(waiting, this_call())
    with pytest.raises(PendingJobError, match=r"is worked on by another process within 0.2 s"):
        waiting.run(deadline_s=0.2)


def test_who_is_dead_is_followed(waiting):
    child = subprocess.Popen(["true"])
    time.sleep(0.2)
    owner = f"{this_call().split(':')[0]}:{child.pid}:1:x"
    assert is_alive(owner) is False  # ended, and not yet buried
    child.wait()
    assert is_alive(owner) is False
    owned(waiting, owner)
    waiting.run()
    assert len(waiting.machine.jobs()) == 1


@pytest.mark.parametrize("step", ["prepared", "submitting", "accepted", "recorded", "looked", "done", "fetched"])
def test_who_stood_still_and_was_taken_over_counts_nothing_twice(rig, step):
    rig.machine.reset()
    other = []

    def at(name):
        if name == step and not other:
            owned(rig, None)  # as a lease that has ended, or a process that looked dead
            other.append(rig.run(budget=Budget(), grace_s=0.05))

    outcome = rig.run(budget=Budget(), at=at)
    np.testing.assert_array_equal(outcome.values_RK, other[0].values_RK)
    jobs = rig.machine.jobs()
    assert len(jobs) == (2 if step == "submitting" else 1)  # nobody can tell where one stands between two orders
    with opened(rig.store) as database:
        names, sums = book.remote_names(database), totals(database)
    assert {*names} == {job["name"] for job in jobs}
    assert sums.spent.executions == sum(job["executions"] for job in jobs if job["status"] == "done")
    assert sums.reserved.executions == 0


class KilledError(BaseException):
    """The end of a process."""


def test_a_clock_that_was_set_does_not_shorten_the_search(rig):
    def at(name):
        raise KilledError

    rig.machine.reset("lag")
    with pytest.raises(KilledError):
        rig.run(member=FileBackend(rig.machine.folder, at=at))
    with opened(rig.store) as database:
        database.execute("UPDATE job SET posted=posted-3600")
    rig.run(grace_s=0.8)
    assert len(rig.machine.jobs()) == 1


def test_who_was_taken_over_sends_nothing(rig):
    def at(name):
        if name == "prepared":
            owned(rig, "elsewhere:1:1:x")

    with pytest.raises(PendingJobError, match="was taken over by another process"):
        rig.run(at=at, deadline_s=0.3)
    assert rig.machine.jobs() == []


def test_a_host_that_nobody_can_see_is_believed_until_its_lease_ends(waiting):
    owned(waiting, "elsewhere:1:1:x")
    with pytest.raises(PendingJobError, match="another process"):
        waiting.run(deadline_s=0.1)
    owned(waiting, "elsewhere:1:1:x", lease=0.0)
    np.testing.assert_allclose(waiting.run().values_RK, np.cos(SLOTS_RS), atol=0.5)


def test_a_client_that_says_nothing_is_an_error(tmp_path):
    with pytest.raises(RuntimeError, match="without a word"):
        asked(Call("files", str(tmp_path / "nowhere"), str(tmp_path / "s.sqlite"), str(tmp_path / "r.json")))
