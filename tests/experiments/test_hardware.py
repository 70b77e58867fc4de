"""A trained hybrid on another machine: one record an evaluation, nothing sent twice, nothing sent by a dry run."""

import json
import re
import time
from dataclasses import replace

import numpy as np
import pytest

from qml import config
from qml.backends.aer import AerBackend
from qml.backends.assembling import assembled
from qml.backends.jobs import DryRunError
from qml.backends.watched import Ledger
from qml.base.errors import BudgetError, ConfigError, DataError
from qml.base.registry import Registry
from qml.estimators import hardware_job, hardware_progress, hardware_run
from qml.estimators.hardware_record import read, table
from qml.estimators.training import TrainJob
from qml.learn.supervised import Supervised
from tests.servers.machine import FileBackend, FileMachine

SMALL = ["data=wine", "model.circuit.n_qubits=3", "model.circuit.depth=1", "epochs=2", "progress=false"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("hardware")


def job(folder, *words):
    return config.build([*SMALL, f"models={folder / 'models'}", f"out={folder / 'out'}", *words], "hardware")


def test_noise_is_evaluated_beside_exact_values_in_one_table(folder, monkeypatch):
    exact = job(folder, "backend=engine_cpu").run()
    noisy = job(folder, "noise=depolarising", "noise.options.p2=0.2").run()
    drawn = job(folder, "backend=engine_cpu", "shots=100", "rows_a_job=20").run()
    assert exact.record.values_rms == pytest.approx(0, abs=1e-6)
    assert noisy.record.values_rms > 0.02
    assert noisy.record.scores["log_loss"].se_shots is None
    assert drawn.record.scores["log_loss"].se_shots > 0
    rows = drawn.record.identity["rows"]
    assert drawn.record.work["circuits"] == rows
    assert drawn.record.work["executions"] == 100 * rows
    assert drawn.record.work["n_jobs"] == -(-rows // 20)
    assert len(drawn.beside) == 3
    assert len({one.noise["digest"] for one in drawn.beside}) == 2
    monkeypatch.setattr(hardware_job, "evaluated", None)
    again = job(folder, "backend=engine_cpu", "shots=100", "rows_a_job=20").run()
    assert again.record.scores == drawn.record.scores
    said = str(job(folder, "action=report").run())
    assert all(word in said for word in ("depolarising", "log_loss", "±", "exact", "100"))


def test_a_saved_model_is_taken_and_rows_of_its_training_are_not(folder):
    (trained,) = (folder / "models").glob("hybrid-wine-*")
    assert job(folder, f"folder={trained}", "backend=reference").run().record.values_rms < 1e-5
    with pytest.raises(ConfigError, match="was trained with seed=0; here it is 1"):
        job(folder, f"folder={trained}", "backend=reference", "seed=1").run()


def on_files(monkeypatch, folder, at=None):
    machines = Registry("backend")
    more = {} if at is None else {"at": at}
    machines.add("files", lambda: FileBackend(str(folder / "machine"), **more))
    monkeypatch.setattr("qml.backends.assembling.BACKENDS", machines)
    return [
        "backend.executor=files",
        "rows=12",
        "rows_a_job=4",
        "shots=50",
        f"backend.jobs.path={folder / 'jobs.sqlite'}",
    ]


class KilledError(BaseException):
    """The end of the process."""


def test_killed_and_started_again_it_sends_nothing_twice(folder, monkeypatch):
    machine = FileMachine(str(folder / "machine"))
    machine.reset()
    sent = []

    def at(step):
        sent.append(step)
        if len(sent) == 2:
            raise KilledError

    words = on_files(monkeypatch, folder, at)
    with pytest.raises(KilledError):
        job(folder, *words).run()
    found = job(folder, *words).run()
    assert len(machine.jobs()) == 3
    assert len(found.record.work["jobs"]) == 3
    assert found.record.work["machine_s"] == pytest.approx(12 * 50 / 1000)
    assert len(found.record.calibrations) == 1
    assert found.estimate.evaluation.executions == 12 * 50
    assert found.estimate.evaluation.seconds == pytest.approx(0.6)
    assert found.estimate.jobs == (3, 0)
    another = job(folder, *words, "draw=2").run()
    assert len(machine.jobs()) == 6
    assert another.record.scores["log_loss"] != found.record.scores["log_loss"]


def said_in(caplog):
    return [record.getMessage() for record in caplog.records if record.name.startswith("qml.estimators.hardware")]


def places(said, parts):
    """Where each part is said, which is once."""
    found = [[place for place, line in enumerate(said) if part in line] for part in parts]
    assert [len(one) for one in found] == [1] * len(parts), dict(zip(parts, found, strict=True))
    return [one for (one,) in found]


def test_phases_of_a_machine_that_keeps_jobs_are_logged_in_order(folder, monkeypatch, caplog):
    caplog.set_level("INFO", "qml")
    FileMachine(str(folder / "machine")).reset()
    monkeypatch.setattr(hardware_progress, "SECONDS_BETWEEN_PLACES", 0.0)
    words = [*on_files(monkeypatch, folder), "draw=5"]
    job(folder, *words).run()
    said = said_in(caplog)
    order = ["estimating what files(shots=50) will be asked ...", "training exactly, as no folder= is named ..."]
    order += ["the trained model is in", "evaluating 12 rows on files(shots=50) ...", "rows 1 to 4 of 12, 1 of 3"]
    order += ["rows 5 to 8 of 12, 2 of 3", "rows 9 to 12 of 12, 3 of 3", "evaluating 12 rows on files(shots=50): "]
    found = places(said, order)
    assert found == sorted(found)
    between = said[found[4] + 1 : found[5]]
    assert [line.partition(": ")[2] for line in between] == list(hardware_progress.TOLD.values())
    job(folder, *words).run()
    assert "this evaluation has a record, which is read" in said_in(caplog)[-1]
    with pytest.raises(AssertionError):
        places(said, ["of another machine"])


def test_a_circuit_that_is_transpiled_is_logged_and_lines_of_rows_are_few(caplog):
    caplog.set_level("INFO", "qml")
    hardware_progress.tell_machine(assembled("aer", noise="fake_manila"))
    hardware_progress.tell_machine(assembled("reference"))
    assert said_in(caplog) == ["the circuit is transpiled for aer(fake_manila), once"]
    assert list(hardware_progress.places(20, 12)) == [(0, "rows 1 to 12 of 12, 1 of 1")]
    many = list(hardware_progress.places(1, 500))
    assert [start for start, _ in many] == list(range(500))
    assert [line for _, line in many if line] == ["rows 1 to 1 of 500, 1 of 500", "rows 500 to 500 of 500, 500 of 500"]


def test_a_phase_tells_that_it_goes_on_and_ends_with_its_error(caplog):
    caplog.set_level("INFO", "qml")
    with hardware_progress.phase("counting", every_s=0.01):
        time.sleep(0.2)
    said = said_in(caplog)
    assert said[0] == "counting ..."
    assert said[1] == "counting: at it for 0 s"
    assert said[-1].startswith("counting: 0.")
    with pytest.raises(KeyError), hardware_progress.phase("breaking"):
        raise KeyError
    assert said_in(caplog)[-1] == "breaking ..."


def test_mitigations_named_in_another_order_are_one_record(folder, monkeypatch):
    words = ["backend=aer", "noise=depolarising", "noise.options.readout=0.05", "shots=20", "rows=2"]
    first = job(folder, *words, "mitigation=[readout,zne]").run()
    monkeypatch.setattr(hardware_job, "evaluated", None)
    again = job(folder, *words, "mitigation=[zne,{readout: {}}]").run()
    assert again.record.digest == first.record.digest
    other = job(folder, *words, "mitigation=[readout,{zne: {scales: [1, 3]}}]")
    assert other.backend.words != again.record.identity["backend"]


def test_a_dry_run_and_a_spent_budget_send_nothing(folder, monkeypatch, capsys):
    machine = FileMachine(str(folder / "machine"))
    machine.reset()
    words = on_files(monkeypatch, folder)
    out = job(folder, *words, "draw=3", "dry_run=true").run()
    assert out.record is None
    assert "3 jobs, 12 circuits, 600 shots" in capsys.readouterr().out
    with pytest.raises(DryRunError, match="dry run"):
        job(folder, *words, "draw=3", "backend.jobs.dry_run=true").run()
    words += ["draw=3", "backend.jobs.budget={executions:300}"]
    with pytest.raises(BudgetError, match="600 executions"):  # the first job alone would fit
        job(folder, *words).run()
    capsys.readouterr()
    job(folder, *words, "dry_run=true").run()
    said = capsys.readouterr().out
    assert re.search(r"budget +300 executions: [0-9]+ spent, 0 reserved, 600 more do not fit", said), said
    assert machine.jobs() == []


def test_what_will_be_refused_is_refused_before_the_model_is_trained(folder, tmp_path, monkeypatch):
    machine, words = on_its_own_files(monkeypatch, folder, tmp_path)
    monkeypatch.setattr(TrainJob, "run", lambda *_: pytest.fail("the model was trained"))
    with pytest.raises(BudgetError, match="600 executions"):
        job(folder, *words, "backend.jobs.budget={executions:300}").run()
    with pytest.raises(DataError, match=r"nowhere was to hold a trained model"):
        job(folder, *words, f"folder={tmp_path / 'nowhere'}").run()
    (tmp_path / "jobs.sqlite").write_bytes(b"no database at all")
    with pytest.raises(DataError, match="is no SQLite database"):
        job(folder, *words).run()
    assert machine.jobs() == []


def test_a_budget_that_was_lowered_keeps_nobody_from_the_record(folder, tmp_path, monkeypatch):
    machine, words = on_its_own_files(monkeypatch, folder, tmp_path)
    first = job(folder, *words).run()
    again = job(folder, *words, "backend.jobs.budget={executions:1}").run()
    assert again.record.scores == first.record.scores
    assert len(machine.jobs()) == 3


def test_who_interrupts_learns_that_a_job_goes_on(folder, tmp_path, monkeypatch, caplog):
    caplog.set_level("WARNING", "qml")
    machine, words = on_its_own_files(monkeypatch, folder, tmp_path)

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(FileBackend, "status", interrupted)
    with pytest.raises(KeyboardInterrupt):
        job(folder, *words).run()
    assert any("jobs.sqlite: 1 job, which their machine goes on with" in line for line in said_in(caplog))
    assert len(machine.jobs()) == 1


def on_its_own_files(monkeypatch, folder, path, at=None):
    machine = FileMachine(str(path / "machine"))
    machine.reset()
    words = [word for word in on_files(monkeypatch, path, at) if "jobs.path" not in word]
    return machine, [*words, f"backend.jobs.path={path / 'jobs.sqlite'}", f"out={path / 'out'}"]


def test_a_budget_is_asked_beside_what_other_jobs_have_spent(folder, tmp_path, monkeypatch):
    machine, words = on_its_own_files(monkeypatch, folder, tmp_path)
    job(folder, *words, "draw=4").run()
    with pytest.raises(
        BudgetError, match=r"600 executions beside 600 executions spent and 0 executions reserved.*of 1199"
    ):
        job(folder, *words, "draw=5", "backend.jobs.budget={executions:1199}").run()  # two of its three jobs would fit
    assert len(machine.jobs()) == 3


@pytest.mark.slow
@pytest.mark.parametrize("qubits", [14, 2])  # the very requests, and those of the same circuit
def test_an_evaluation_that_goes_on_is_not_counted_twice(folder, tmp_path, monkeypatch, qubits):
    monkeypatch.setattr(hardware_job, "EXACT_QUBITS", qubits)
    sent = []

    def at(step):
        sent.append(step)
        if len(sent) == 2:
            raise KilledError

    machine, words = on_its_own_files(monkeypatch, folder, tmp_path, at)
    words.append("backend.jobs.budget={executions:600}")
    with pytest.raises(KilledError):
        job(folder, *words).run()
    job(folder, *words).run()
    assert len(machine.jobs()) == 3
    with pytest.raises(BudgetError, match="200 executions beside 600 executions spent"):
        job(folder, *words, "rows=16").run()  # the first twelve rows are in the store


@pytest.mark.slow
def test_a_training_run_that_goes_on_is_not_counted_twice(folder, tmp_path, monkeypatch):
    sent = []

    def at(step):
        sent.append(step)
        if len(sent) == 3:
            raise KilledError

    machine, words = on_its_own_files(monkeypatch, folder, tmp_path, at)
    words += ["action=train", "epochs=1", "data.rows=20", f"models={tmp_path / 'models'}", "training.batch_size=10"]
    told = job(folder, *words, "dry_run=true").run().estimate
    words.append(f"backend.jobs.budget={{executions:{told.whole.executions}}}")
    with pytest.raises(KilledError):
        job(folder, *words).run()
    job(folder, *words).run()
    assert sum(one["executions"] for one in machine.jobs()) <= told.whole.executions
    with pytest.raises(BudgetError, match="spent"):
        job(folder, *words, "seed=2").run()


def test_training_on_a_machine_learns_with_its_noise(folder):
    words = ["action=train", "backend=noisy", "noise=depolarising", "noise.options.p2=0.2", "epochs=1", "data.rows=20"]
    out = job(folder, *words).run()
    assert out.estimate.training is not None
    assert out.record.identity["trained"] == "on this backend"
    assert out.record.scores["accuracy"].se_rows > 0


@pytest.mark.parametrize("mitigation", ["[]", pytest.param("[readout]", marks=pytest.mark.slow)])
def test_what_training_takes_is_what_was_estimated(folder, monkeypatch, tmp_path, mitigation):
    """Updates with a short last batch, validation after each pass, and the scores at the end."""
    ledger = Ledger()
    run = AerBackend.run

    def counted(self, program, slots_RS, *, shots, seed):
        ledger.runs += 1
        ledger.executions += len(slots_RS) * shots
        return run(self, program, slots_RS, shots=shots, seed=seed)

    monkeypatch.setattr(AerBackend, "run", counted)
    words = ["action=train", "backend=aer", "shots=5", "data.rows=60", "training.batch_size=16", "epochs=2", "rows=6"]
    words += [f"mitigation={mitigation}", "data.validation=0.2", "model.circuit.n_qubits=2"]
    estimate = job(tmp_path, *words).run().estimate
    assert ledger.runs == sum(estimate.jobs)
    assert ledger.executions == estimate.training.executions + estimate.evaluation.executions


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["action=evaluat"], "Did you mean 'evaluate'"),
        (["model/circuit=twin"], "has no circuit in it"),
        (["rows=0"], "rows=0 was asked for"),
        (["draw=0"], "draw=0 was asked for"),
        (["action=train", "folder=x"], "folder= were given"),
        (["noise=fake_manilla"], "Did you mean 'fake_manila'"),
    ],
)
def test_what_cannot_be_meant_is_refused(folder, words, said):
    with pytest.raises(ConfigError, match=said):
        job(folder, *words)


def test_errors_of_scores_are_those_of_many_draws():
    rng = np.random.default_rng(0)
    targets = rng.integers(2, size=200)
    values = np.where(targets == 1, 0.4, -0.4) + rng.normal(scale=0.5, size=200)
    from qml.data.source import Target

    task = Supervised(Target("side", "classes", labels=("left", "right")))

    def head(values_NK):
        return np.concatenate([-values_NK, values_NK], axis=1)

    found = hardware_run.scored(head, values[:, None], np.full((200, 1), 0.01), targets, task, 1)
    share = found["accuracy"].value
    assert found["accuracy"].se_rows == pytest.approx(np.sqrt(share * (1 - share) / 200), rel=0.15)
    moved = [np.mean((values + 0.1 * rng.normal(size=200) > 0) == targets) for _ in range(2000)]
    assert found["accuracy"].se_shots == pytest.approx(np.std(moved), rel=0.2)
    assert hardware_run.scored(head, values[:, None], None, targets, task, 1)["accuracy"].se_shots is None


def test_a_table_tells_devices_apart(folder):
    record = read(next((folder / "out").glob("hardware-*.json")))
    names = []
    for device in ({}, {"device": "fake_lagos"}, {"device": "arn:aws:braket:::device/quantum-simulator/amazon/sv1"}):
        words = {**record.identity["backend"], "executor": "fake_ibm", "options": device}
        names.append(replace(record, identity={**record.identity, "backend": words}).line()["backend"])
    assert names == ["fake_ibm", "fake_ibm(fake_lagos)", "fake_ibm(sv1)"]


def test_a_damaged_record_is_told(folder, tmp_path):
    path = next((folder / "out").glob("hardware-*.json"))
    plain = json.loads(path.read_text())
    del plain["work"]
    (tmp_path / path.name).write_text(json.dumps(plain))
    with pytest.raises(DataError, match=r"'work'\. Delete it"):
        read(tmp_path / path.name)
    assert table([]) == "no records"
