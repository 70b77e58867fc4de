"""The smoke recipe end to end: cells, resume, report, a sweep into one store, and its first losses."""

import subprocess
import sys
from pathlib import Path

import pytest

from qml import config
from qml.bench import Store
from qml.data.source import Target
from qml.estimators import load_weights
from qml.estimators.data_choice import signature_of
from qml.estimators.fits import step_fit
from qml.estimators.placing import placed_in
from qml.learn.fit import Budget
from qml.learn.hooks import Hook

ROOT = Path(__file__).resolve().parents[2]
ARMS = 7
GOLDEN = [2.341527, 2.314507, 2.311122, 2.273915, 2.248324]


def job(tmp_path, *overrides):
    return config.build(["recipe=smoke", f"store={tmp_path / 'store'}", f"out={tmp_path / 'out'}", *overrides])


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    folder = tmp_path_factory.mktemp("smoke")
    return folder, job(folder).run(progress=False)


def test_every_cell_is_finished_and_reported(done):
    _, outcome = done
    assert len(outcome.ran) == 2 * ARMS
    outcome.check()
    assert {result.cell.arm.family for result in outcome.ran} == {"hybrid", "control", "baseline"}
    counts = {result.cell.arm.name: result.best.parameters for result in outcome.ran}
    assert counts["hybrid"]["quantum"] == 24
    assert counts["frozen"].get("quantum", 0) == 0
    assert counts["twin"]["classical"] - counts["frozen"]["classical"] == 24
    assert outcome.report.html.is_file()
    assert "hybrid" in outcome.report.markdown.read_text().lower()


def test_nothing_is_run_twice(done):
    folder, _ = done
    again = job(folder, "report=false").run(progress=False)
    assert (len(again.ran), again.skipped) == (0, 2 * ARMS)


def test_the_report_joins_what_is_there(done):
    folder, _ = done
    overrides = ["recipe=smoke", f"store={folder / 'store'}", f"out={folder / 'again'}"]
    assert config.build(overrides, "report").run().html.is_file()


class Losses(Hook):
    def __init__(self):
        self.seen = []

    def on_step(self, run, info):
        self.seen.append(info["loss"])


def test_golden_losses(tmp_path):
    smoke = job(tmp_path, "backend=reference")
    losses = Losses()
    source = smoke.data.source(0)
    arm = smoke.contestants(signature_of(source), False)[0]
    fit = step_fit(arm.spec, smoke.training, hooks=(losses,), progress=False)
    target = source.schema.target
    assert isinstance(target, Target)
    fit(arm.spec.build, smoke.training.task(target), source, Budget(epochs=2), 1)
    assert losses.seen[:5] == pytest.approx(GOLDEN, rel=1e-4)


@pytest.mark.slow
def test_a_sweep_fills_one_store(tmp_path):
    command = [sys.executable, "-m", "experiments.benchmark", "-m", "recipe=smoke", "arms=[logistic]"]
    command += ["model/circuit=sel,iqp,twin", "seed=0,1", "protocol.epochs=1", f"store={tmp_path / 'store'}"]
    command += [f"out={tmp_path / 'out'}", f"hydra.sweep.dir={tmp_path / 'hydra'}"]
    ended = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert ended.returncode == 0, ended.stderr[-3000:]
    results = Store(tmp_path / "store").finished()
    assert sorted(r.cell.arm.title for r in results if r.cell.seed == 0) == [
        "Classical twin",
        "Hybrid (iqp, 4 qubits, depth 2)",
        "Hybrid (sel, 4 qubits, depth 2)",
        "Logistic regression",
    ]
    assert len(results) == 8
    assert len({r.cell.protocol_hash for r in results}) == 1


@pytest.mark.parametrize("overrides", [[], ["model=logistic"], ["framework=jax"]])
def test_train_saves_what_it_trained(tmp_path, overrides):
    small = [] if overrides == ["model=logistic"] else ["model.circuit.n_qubits=3"]
    run = config.build(
        [*small, "data=wine", "epochs=2", f"folder={tmp_path}", "tensorboard=false", *overrides], "train"
    )
    trained = run.run(progress=False)
    assert 0 <= trained.scores["test"]["accuracy"] <= 1
    assert (trained.folder / "summary.json").is_file()
    if trained.model is not None:
        spec = placed_in(run.model, run.framework, run.backend).on(signature_of(run.data.source(0)))
        assert load_weights(spec, trained.folder) is not None
    again = run.run(progress=False)
    assert again.scores == trained.scores
