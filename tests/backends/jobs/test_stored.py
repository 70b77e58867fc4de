"""A stored request: sent once, kept, answered again; what a machine may do to it, and what stays of it."""

import dataclasses
import pickle
import shutil
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from qml.backends.backend import Limits
from qml.backends.jobs import ReplayedBackend, StoredBackend
from qml.backends.jobs.book import calibration, content_key, tag_of
from qml.backends.jobs.database import opened
from qml.base.errors import (
    CapabilityError,
    ConfigError,
    CredentialsError,
    DataError,
    JobError,
    PendingJobError,
    ShapeError,
)
from qml.contracts import check_backend
from tests.backends.jobs.made import EXACT_RK, PROGRAM, SLOTS_RS, program
from tests.servers.machine import FileBackend


def rows(store, query, *values):
    with opened(store, make=False) as database:
        return [dict(row) for row in database.execute(query, values)]


def test_values_are_those_of_the_machine_and_stay(rig):
    outcome = rig.run()
    np.testing.assert_allclose(outcome.values_RK, EXACT_RK, atol=6 / np.sqrt(200))
    assert outcome.counts[0].shots_R.tolist() == [200, 200, 200]
    asked = rig.machine.asked()
    again = rig.run()
    assert rig.machine.asked() == asked  # not a single request went out
    np.testing.assert_array_equal(again.values_RK, outcome.values_RK)
    np.testing.assert_array_equal(again.variance_RK, outcome.variance_RK)
    np.testing.assert_array_equal(again.counts[0].bits_NM, outcome.counts[0].bits_NM)
    assert again.record == outcome.record
    assert pickle.dumps(rig.backend())


def test_numbers_of_numpy_are_those_of_python(rig):
    outcome = rig.run(shots=np.int64(200), seed=np.int32(1))
    again = rig.run(shots=200, seed=1)
    assert len(rig.machine.jobs()) == 1
    np.testing.assert_array_equal(again.values_RK, outcome.values_RK)
    (kept,) = rows(rig.store, "SELECT shots, seed, typeof(shots) AS kind, typeof(seed) AS other FROM request")
    assert [*kept.values()] == [200, 1, "integer", "integer"]


def test_a_new_draw_is_a_new_seed_and_exact_values_have_one(rig):
    assert (rig.run(seed=1).values_RK != rig.run(seed=2).values_RK).any()
    np.testing.assert_allclose(rig.run(shots=None, seed=None).values_RK, EXACT_RK, atol=1e-12)
    rig.run(shots=None, seed=3)
    assert len(rig.machine.jobs()) == 3


@pytest.mark.parametrize(
    "change",
    [
        {"slots": SLOTS_RS + 1e-15},
        {"slots": SLOTS_RS[:2]},
        {"shots": 201},
        {"seed": 7},
        {"asked": program(("Z", "X"))},
        {"target": {"rate": 0.1}},
    ],
)
def test_the_key_tells_all_that_the_answer_depends_on(rig, change):
    rig.run()
    noise = change.pop("target", {})
    rig.run(member=FileBackend(rig.machine.folder, noise=noise), **change)
    assert len(rows(rig.store, "SELECT key FROM request")) == 2
    assert content_key(PROGRAM, SLOTS_RS * 0.0, 1, 1) == content_key(PROGRAM, SLOTS_RS * -0.0, 1, 1)


def test_the_tag_of_a_job_is_its_key(rig):
    rig.run()
    (job,) = rows(rig.store, "SELECT key, tag FROM job")
    assert job["tag"] == tag_of(job["key"], 0) == f"qml-{job['key']}" == rig.machine.jobs()[0]["tag"]
    assert len(job["tag"]) == 36
    assert tag_of(job["key"], 1) != job["tag"]


@pytest.mark.parametrize("limits", [Limits(circuits=4), Limits(executions=800), Limits(circuits=5, executions=400)])
def test_a_request_over_the_limits_is_cut_into_spans_and_joined(rig, limits):
    member = FileBackend(rig.machine.folder, limits=limits)
    asked = program(("Z", "X"))  # one setting: the wires differ
    slots = np.concatenate([SLOTS_RS, SLOTS_RS])
    outcome = rig.run(asked=asked, slots=slots, member=member)
    exact = np.stack([np.cos(slots[:, 0]), np.zeros(6)], axis=1)
    np.testing.assert_allclose(outcome.values_RK, exact, atol=6 / np.sqrt(200))
    jobs = rig.machine.jobs()
    assert len(jobs) == (2 if limits.circuits == 4 or limits.executions == 800 else 3)
    assert max(job["executions"] for job in jobs) <= (limits.executions or 800)
    assert (outcome.values_RK[:3] != outcome.values_RK[3:]).any()  # equal bindings of two spans are two draws
    assert outcome.counts[0].n_rows == 6
    assert [job["remote"] for job in outcome.record["jobs"]] == [job["name"] for job in jobs]
    wider = rig.run(asked=asked, slots=slots, member=FileBackend(rig.machine.folder))  # other limits, same request
    np.testing.assert_array_equal(wider.values_RK, outcome.values_RK)
    assert len(rig.machine.jobs()) == len(jobs)


def test_settings_count_as_circuits(rig):
    member = FileBackend(rig.machine.folder, limits=Limits(circuits=2))
    both = program(("Z", "Z"))
    both = type(both)(
        2, both.gates, type(both.readout)((*both.readout.observables, *program(("X", "X")).readout.observables)), 2
    )
    rig.run(asked=both, member=member, shots=10)
    assert [job["executions"] for job in rig.machine.jobs()] == [20, 20, 20]
    with pytest.raises(CapabilityError, match="bindings of 2 circuits"):
        rig.run(asked=both, member=FileBackend(rig.machine.folder, limits=Limits(circuits=1)), shots=11)


@pytest.mark.parametrize("fault", ["accepted_502", "dropped", "lag", "storm_submit", "storm_poll"])
def test_a_machine_that_stumbles_has_one_job_and_gives_its_result(rig, fault):
    rig.machine.reset(fault)
    outcome = rig.run(grace_s=0.8)
    np.testing.assert_allclose(outcome.values_RK, EXACT_RK, atol=6 / np.sqrt(200))
    assert [job["status"] for job in rig.machine.jobs()] == ["done"]


def test_a_list_that_lags_longer_than_the_grace_leaves_no_duplicate_running(rig, caplog):
    caplog.set_level("WARNING", "qml")
    rig.machine.reset("lag")
    outcome = rig.run(grace_s=0.05)
    np.testing.assert_allclose(outcome.values_RK, EXACT_RK, atol=6 / np.sqrt(200))
    jobs = rig.machine.jobs()
    assert len(jobs) == 2
    (job,) = rows(rig.store, "SELECT remote, others, looked FROM job")
    assert job["looked"] == 1
    assert "is looked for before it is sent again" in caplog.text


def test_duplicates_are_stopped_and_the_one_closest_to_its_end_is_kept(rig, caplog):
    caplog.set_level("WARNING", "qml")
    rig.machine.reset("stuck")
    with pytest.raises(PendingJobError):
        rig.run(deadline_s=0.05)
    (job,) = rows(rig.store, "SELECT tag FROM job")
    with rig.machine._state() as state:  # somebody below us sent it twice; the second copy ran
        state["jobs"].append({**state["jobs"][0], "name": "job-1", "status": "done"})
        state["jobs"].append({**state["jobs"][0], "name": "job-2"})
    shutil.copy(f"{rig.machine.folder}/job-0.npz", f"{rig.machine.folder}/job-1.npz")
    with opened(rig.store) as database:
        database.execute("UPDATE job SET looked=0")
    assert rig.run().record["job"] == "job-1"
    assert [one["status"] for one in rig.machine.jobs()] == ["cancelled", "done", "cancelled"]
    assert f"{job['tag']} was submitted 3 times; job-1 is kept" in caplog.text


def test_a_deadline_keeps_the_job_and_the_next_call_goes_on(rig):
    rig.machine.reset("stuck")
    with pytest.raises(PendingJobError, match=r"job-0 of files/files .* has not ended within 0.1 s.*does not send it"):
        rig.run(deadline_s=0.1)
    rig.machine.heal()
    np.testing.assert_allclose(rig.run().values_RK, EXACT_RK, atol=6 / np.sqrt(200))
    assert len(rig.machine.jobs()) == 1


def test_a_cancelled_job_is_an_error_until_it_is_asked_for_anew(rig):
    rig.machine.reset("cancelled")
    for _ in range(2):
        with pytest.raises(JobError, match=r"job-0 of .* cancelled: job job-0: stopped by the operator .*retry=True"):
            rig.run()
    assert len(rig.machine.jobs()) == 1
    np.testing.assert_allclose(rig.run(retry=True).values_RK, EXACT_RK, atol=6 / np.sqrt(200))
    first, second = rig.machine.jobs()
    assert first["tag"] != second["tag"]
    assert [row["remote"] for row in rows(rig.store, "SELECT remote FROM past")] == ["job-0"]
    rig.run()
    assert len(rig.machine.jobs()) == 2


def test_garbage_is_an_error_and_the_job_stays(rig):
    rig.machine.reset("garbage")
    with pytest.raises(JobError, match="answered with what is no result"):
        rig.run()
    rig.machine.heal()
    rig.run()
    assert len(rig.machine.jobs()) == 1


class Liar(FileBackend):
    """Brings counts of fewer bindings than were asked for."""

    def result(self, job, request):
        delivery = super().result(job, request)
        short = type(delivery.outcome)(delivery.outcome.values_RK[:-1])
        return type(delivery)(short, delivery.billed)


def test_a_result_of_another_shape_is_not_kept(rig):
    with pytest.raises(JobError, match=r"values of shape \(2, 2\); \(3, 2\) were asked for"):
        rig.run(member=Liar(rig.machine.folder))
    assert rows(rig.store, "SELECT state FROM job") == [{"state": "submitted"}]
    np.testing.assert_allclose(rig.run().values_RK, EXACT_RK, atol=6 / np.sqrt(200))


def test_the_calibration_of_the_run_is_kept_once_under_its_digest(rig):
    names = {rig.run(seed=seed).record["jobs"][0]["calibration"] for seed in (1, 2)}
    (name,) = names
    with opened(rig.store) as database:
        assert calibration(database, name) == {"machine": "files", "error_rate": 0.01}


def test_a_replay_needs_no_machine(rig):
    outcome = rig.run()
    shutil.rmtree(rig.machine.folder)
    replay = ReplayedBackend(rig.store)
    assert replay.target.name == "files"
    np.testing.assert_array_equal(replay.run(PROGRAM, SLOTS_RS, shots=200, seed=1).values_RK, outcome.values_RK)
    np.testing.assert_array_equal(rig.run().values_RK, outcome.values_RK)
    with pytest.raises(JobError, match=r"3 bindings of Program .* seed=2 on files were asked for; .* not have them"):
        replay.run(PROGRAM, SLOTS_RS, shots=200, seed=2)
    with pytest.raises(ConfigError, match="Did you mean 'files'"):
        ReplayedBackend(rig.store, "fils").run(PROGRAM, SLOTS_RS, shots=200, seed=1)
    with pytest.raises(DataError, match="no such file"):
        ReplayedBackend(rig.store + "x").run(PROGRAM, SLOTS_RS, shots=200, seed=1)


@dataclasses.dataclass(frozen=True)
class _OtherBackend(FileBackend):
    """The machine of the rig behind options, or a provider, of its own."""

    options: tuple = ()
    owner: str = "files"

    @property
    def target(self):
        return dataclasses.replace(super().target, options=self.options)

    @property
    def provider(self):
        return self.owner


def _of(rig, owner="files", **options):
    return _OtherBackend(rig.machine.folder, options=tuple(options.items()), owner=owner)


def test_a_replay_is_of_one_machine_with_its_options(rig):
    one = rig.run(member=_of(rig, dynamical_decoupling=True, level=1)).values_RK
    assert (ReplayedBackend(rig.store).run(PROGRAM, SLOTS_RS, shots=200, seed=1).values_RK == one).all()
    other = rig.run(member=_of(rig, dynamical_decoupling=False, level=1), seed=2, shots=100)
    targets = [_of(rig, dynamical_decoupling=on, level=1).target for on in (True, False)]
    for machine in (None, "files"):
        with pytest.raises(ConfigError, match="several machines") as caught:
            ReplayedBackend(rig.store, machine).run(PROGRAM, SLOTS_RS, shots=200, seed=1)
        for target, said in zip(targets, ("True", "False"), strict=True):
            assert f"{target.digest[:8]} files of files, dynamical_decoupling={said}" in str(caught.value)
        assert "level" not in str(caught.value)
        assert "gate_set" not in str(caught.value)
    with pytest.raises(ConfigError, match="several machines"):
        ReplayedBackend(rig.store).target
    first, second = (ReplayedBackend(rig.store, target.digest[:8]) for target in targets)
    assert (first.target, second.target) == tuple(targets)
    assert (first.run(PROGRAM, SLOTS_RS, shots=200, seed=1).values_RK == one).all()
    assert (second.run(PROGRAM, SLOTS_RS, shots=100, seed=2).values_RK == other.values_RK).all()
    with pytest.raises(JobError, match="does not have them"):
        second.run(PROGRAM, SLOTS_RS, shots=200, seed=1)
    with pytest.raises(ConfigError, match="is not known"):
        ReplayedBackend(rig.store, targets[0].digest[:3]).target


def test_a_replay_is_of_one_provider(rig):
    rig.run()
    rig.run(member=_of(rig, "others"))
    with pytest.raises(ConfigError, match=r"files of files; .* files of others"):
        ReplayedBackend(rig.store, "files").run(PROGRAM, SLOTS_RS, shots=200, seed=1)


def test_a_replay_tells_of_jobs_that_have_not_ended(rig):
    rig.machine.reset("stuck")
    with pytest.raises(PendingJobError):
        rig.run(deadline_s=0.05)
    with pytest.raises(JobError, match="has them as submitted"):
        ReplayedBackend(rig.store).run(PROGRAM, SLOTS_RS, shots=200, seed=1)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"seed": None}, CapabilityError, "200 shots without a seed"),
        ({"seed": 0}, ConfigError, "asked for seed=0"),
        ({"shots": 0}, ConfigError, "shots=0"),
        ({"slots": SLOTS_RS[:, :1]}, ShapeError, r"it needs \(R, 2\)"),
        ({"slots": SLOTS_RS * np.nan}, DataError, "not finite"),
        ({"slots": SLOTS_RS.tolist()}, ShapeError, "hand in a NumPy array"),
    ],
)
def test_what_cannot_be_named_is_refused_before_anything(rig, options, error, message):
    with pytest.raises(error, match=message):
        rig.run(**options)
    assert rig.machine.asked() == {}


class Choosy(FileBackend):
    """Refuses everything."""

    def check(self, request):
        raise CapabilityError("files does not run RX.")


def test_what_the_machine_cannot_run_leaves_no_trace(rig):
    wide = type(PROGRAM)(9, PROGRAM.gates, PROGRAM.readout, 2)
    with pytest.raises(CapabilityError, match="Program of 9 qubits; it has 8"):
        rig.run(asked=wide)
    assert len(rig.run(slots=SLOTS_RS[:0]).values_RK) == 0
    assert not Path(rig.store).exists()
    with pytest.raises(CapabilityError, match="does not run RX"):
        rig.run(member=Choosy(rig.machine.folder))
    assert rows(rig.store, "SELECT key FROM job") == rows(rig.store, "SELECT * FROM ledger") == []
    assert rig.machine.asked() == {}


def test_a_refused_account_reserves_nothing_and_the_next_call_sends(rig):
    refused = FileBackend(rig.machine.folder, refused=True)
    with pytest.raises(CredentialsError):
        rig.run(member=refused)
    assert [row["kind"] for row in rows(rig.store, "SELECT kind FROM ledger")] == ["reserve", "release"]
    rig.run()
    assert len(rig.machine.jobs()) == 1


@pytest.mark.parametrize("content", [b"", b"hello " * 100, "other", "newer", "damaged"])
def test_a_file_that_is_no_store_is_left_alone(rig, content):
    path = Path(rig.store)
    if content == "other":
        with sqlite3.connect(rig.store) as other:
            other.execute("CREATE TABLE job(key TEXT)")
        other.close()
    elif content in ("newer", "damaged"):
        rig.run(shots=None, seed=None, slots=np.ones((40, 2)))
        with opened(rig.store) as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            if content == "newer":
                database.execute("PRAGMA user_version=9")
        if content == "damaged":
            data = bytearray(path.read_bytes())
            data[4096 : 3 * 4096] = b"\xff" * 8192
            path.unlink()  # as another file, which this process has not looked through
            path.write_bytes(data)
    else:
        path.write_bytes(content)
    before = path.read_bytes()
    words = {"other": "another program", "newer": "has schema 9", "damaged": "is damaged", b"": "is empty"}
    asked = rig.machine.asked()
    with pytest.raises(DataError, match=words.get(content, "is no SQLite database")) as found:
        rig.run(seed=5)
    assert "Nothing was submitted" in str(found.value) or "nothing was submitted" in str(found.value)
    assert path.read_bytes() == before
    assert rig.machine.asked() == asked


def test_a_store_that_cannot_be_made_is_told(tmp_path):
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(DataError, match=r"could not|was to be opened"):
        StoredBackend(FileBackend("x"), str(file / "jobs.sqlite")).run(PROGRAM, SLOTS_RS, shots=1, seed=1)


def test_it_is_a_backend_as_any_other(rig):
    check_backend(rig.backend()).raise_if_failed()
