"""A trained hybrid on another machine: one record an evaluation, nothing sent twice, nothing sent by a dry run."""

import json

import numpy as np
import pytest

from qml import config
from qml.backends.jobs import DryRunError
from qml.base.errors import BudgetError, ConfigError, DataError
from qml.base.registry import Registry
from qml.estimators import hardware_job, hardware_run
from qml.estimators.hardware_record import read, table
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


def test_a_dry_run_and_a_spent_budget_send_nothing(folder, monkeypatch, capsys):
    machine = FileMachine(str(folder / "machine"))
    machine.reset()
    words = on_files(monkeypatch, folder)
    out = job(folder, *words, "draw=3", "dry_run=true").run()
    assert out.record is None
    assert "3 jobs, 12 circuits, 600 shots" in capsys.readouterr().out
    with pytest.raises(DryRunError, match="dry run"):
        job(folder, *words, "draw=3", "backend.jobs.dry_run=true").run()
    with pytest.raises(BudgetError, match="600 executions"):  # the first job alone would fit
        job(folder, *words, "draw=3", "backend.jobs.budget={executions:300}").run()
    assert machine.jobs() == []


def test_training_on_a_machine_learns_with_its_noise(folder):
    words = ["action=train", "backend=noisy", "noise=depolarising", "noise.options.p2=0.2", "epochs=1", "data.rows=20"]
    out = job(folder, *words).run()
    assert out.estimate.training is not None
    assert out.record.identity["trained"] == "on this backend"
    assert out.record.scores["accuracy"].se_rows > 0


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


def test_a_damaged_record_is_told(folder, tmp_path):
    path = next((folder / "out").glob("hardware-*.json"))
    plain = json.loads(path.read_text())
    del plain["work"]
    (tmp_path / path.name).write_text(json.dumps(plain))
    with pytest.raises(DataError, match=r"'work'\. Delete it"):
        read(tmp_path / path.name)
    assert table([]) == "no records"
