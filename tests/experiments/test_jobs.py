"""`python -m experiments.jobs`: what it shows of a store, and what it does to jobs that have not ended."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from qml.backends.jobs import Budget, ReplayedBackend
from qml.backends.jobs.book import totals
from qml.backends.jobs.database import opened
from qml.backends.jobs.keeping import JobsJob
from qml.base.errors import ConfigError, DataError, JobError, PendingJobError
from qml.config import build
from tests.backends.jobs.made import PROGRAM, SLOTS_RS, Rig

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def rig(tmp_path):
    """A store with a request that has its result and one that waits."""
    made = Rig(tmp_path)
    made.machine.reset()
    made.run(budget=Budget(executions=5000))
    with made.machine._state() as state:
        state["fault"] = "stuck"
    with pytest.raises(PendingJobError):
        made.run(budget=Budget(executions=5000), seed=2, deadline_s=0.05)
    return made


def job(rig, **options):
    return JobsJob(rig.store, **{"plugins": ("tests",), "deadline_s": 2.0, **options})


def sums(rig):
    with opened(rig.store) as database:
        found = totals(database)
    return found.spent.executions, found.reserved.executions


def test_the_command_line_says_what_is_left_also_by_its_status(rig, tmp_path):
    words = [f"store={rig.store}", "action=resume", "deadline_s=0.1", "plugins=[tests]"]
    command = [sys.executable, "-m", "experiments.jobs", *words, f"hydra.run.dir={tmp_path / 'hydra'}"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 2, done.stderr
    assert "waits: Job job-1 of files/files" in done.stdout


def test_a_list_has_a_line_a_job_and_the_sums(rig):
    head, first, second, _, spent, reserved = str(job(rig).run()).splitlines()
    assert head.split() == ["request", "part", "state", "machine", "job", "rows", "shots", "takes"]
    assert first.split()[1:7] == ["1/1", "done", "files/files", "job-0", "3", "200"]
    assert second.split()[2:5] == ["submitted", "files/files", "job-1"]
    assert (spent, reserved) == (
        "spent: 600 executions, 0.6 s, 0.6 USD",
        "reserved: 600 executions, 0.6 s, 0.6 USD",
    )


def test_a_configuration_builds_the_job():
    assert build(["store=a.sqlite", "action=show", "key=ab"], "jobs") == JobsJob("a.sqlite", "show", "ab", plugins=[])


def test_resuming_waits_and_the_program_then_has_the_result(rig):
    found = job(rig, action="resume", deadline_s=0.1).run()
    assert found.status == 2
    assert "waits: Job job-1" in str(found)
    rig.machine.heal()
    found = job(rig, action="resume").run()
    assert found.status == 0
    assert "resumed: done" in str(found)
    assert sums(rig) == (1200, 0)
    values = ReplayedBackend(rig.store).run(PROGRAM, SLOTS_RS, shots=200, seed=2).values_RK
    np.testing.assert_allclose(values, np.cos(SLOTS_RS), atol=0.5)
    assert "nothing was left to do" in str(job(rig, action="resume").run())
    assert len(rig.machine.jobs()) == 2


def test_cancelling_stops_it_at_the_machine_and_gives_the_money_back(rig):
    found = job(rig, action="cancel").run()
    assert "cancelled: cancelled" in str(found)
    assert [one["status"] for one in rig.machine.jobs()] == ["done", "cancelled"]
    assert sums(rig) == (600, 0)
    with pytest.raises(JobError, match="retry=True"):
        rig.run(seed=2)
    rig.machine.heal()
    assert job(rig, action="resume", retry=True).run().status == 0
    assert [one["status"] for one in rig.machine.jobs()] == ["done", "cancelled", "done"]


def test_what_was_never_sent_is_cancelled_here(rig):
    with opened(rig.store) as database:
        database.execute("UPDATE job SET state='prepared', remote=NULL, doubtful=0 WHERE state='submitted'")
    job(rig, action="cancel").run()
    assert sums(rig) == (600, 0)
    assert [one["status"] for one in rig.machine.jobs()] == ["done", "queued"]


def test_what_may_have_been_sent_is_looked_for_before_it_is_cancelled(rig):
    with opened(rig.store) as database:
        database.execute("UPDATE job SET state='submitting', remote=NULL, doubtful=1 WHERE state='submitted'")
    job(rig, action="cancel").run()
    assert [one["status"] for one in rig.machine.jobs()] == ["done", "cancelled"]


def test_show_and_key(rig):
    tag = rig.machine.jobs()[1]["tag"]
    text = str(job(rig, action="show", key=tag).run())
    assert "state: submitted" in text
    assert tag in text
    assert "job-0" not in text
    assert "values: [[" in str(job(rig, action="show", key="job-0").run())
    with pytest.raises(ConfigError, match="request 'nobody' is not known"):
        job(rig, key="nobody").run()


def test_exports_hold_values_and_raw_outcomes(rig, tmp_path):
    assert "2 jobs written" in str(job(rig, action="export", out=str(tmp_path / "a.json")).run())
    told = json.loads((tmp_path / "a.json").read_text())
    first, second = told["jobs"]
    assert (first["state"], second["state"]) == ("done", "submitted")
    assert "values" not in second
    assert sum(first["counts"][0]["times"]) == 600
    assert [entry["kind"] for entry in told["ledger"]] == ["reserve", "release", "settle", "reserve"]
    assert told["calibrations"][first["calibration"]]["error_rate"] == 0.01
    job(rig, action="export", out=str(tmp_path / "a.parquet")).run()
    import pyarrow.parquet as pq

    table = pq.read_table(tmp_path / "a.parquet").to_pylist()
    assert table[0]["values"] == first["values"]
    assert table[1]["values"] is None
    assert json.loads(table[0]["counts"]) == first["counts"]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"action": "lst"}, ConfigError, "Did you mean 'list'"),
        ({"action": "export"}, ConfigError, "takes a file, out=FILE"),
        ({"out": "a.json"}, ConfigError, "action=list was asked for with out"),
        ({"action": "export", "out": "a.csv"}, ConfigError, "ends in .json or .parquet"),
    ],
)
def test_bad_input_is_told(options, error, message):
    with pytest.raises(error, match=message):
        JobsJob("a.sqlite", **options)


def test_a_store_that_is_not_there_is_not_made(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        JobsJob(str(tmp_path / "a.sqlite")).run()
    assert not (tmp_path / "a.sqlite").exists()


def test_a_machine_of_another_package_is_made_only_where_it_is_listed(rig):
    found = JobsJob(rig.store, "resume").run()
    assert found.status == 2
    assert "plugins=[tests]" in str(found)
