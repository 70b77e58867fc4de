"""Which executor and framework a job puts its models on."""

import numpy as np
import pytest

from qml import config
from qml.base.errors import ConfigError
from qml.bench import Store

WORDS = ["data=breast_cancer", "data.rows=60", "protocol=smoke", "arms=[]", "protocol.epochs=1", "report=false"]


def run(folder, *words):
    job = config.build([*WORDS, f"store={folder / 'store'}", f"out={folder / 'out'}", "seed=0", *words])
    (result,) = job.run(progress=False).ran
    return result


def test_a_published_model_runs_on_the_executor_that_was_asked_for(tmp_path):
    engine, dense = (run(tmp_path, "model=circuit_centric", f"backend={name}") for name in ("engine_cpu", "reference"))
    assert [result.cell.arm.config["executor"] for result in (engine, dense)] == ["engine_cpu", "reference"]
    assert len(Store(tmp_path / "store").finished()) == 2
    np.testing.assert_allclose(engine.arrays["test_predictions"], dense.arrays["test_predictions"], atol=1e-4)


def test_a_published_model_is_not_moved_to_another_framework_in_silence(tmp_path):
    with pytest.raises(ConfigError, match="framework=jax was asked for; model=circuit_centric is trained in torch"):
        run(tmp_path, "model=circuit_centric", "framework=jax")


def test_a_classical_model_hears_of_neither(tmp_path):
    assert "executor" not in run(tmp_path, "model=svm", "backend=reference", "framework=jax").cell.arm.config


def cell_of(*words, size=("model.circuit.n_qubits=2", "model.circuit.depth=1")):
    job = config.build([*WORDS, "seed=0", *size, *words])
    return job.planned(progress=False).cells[0][2]


def test_a_cell_is_that_of_its_noise_and_shots_alone():
    crossed = [
        [],
        ["backend=noisy"],
        ["backend=noisy", "noise=depolarising"],
        ["backend=noisy", "noise=depolarising", "noise.options.p2=0.1"],
        ["backend=noisy", "noise=fake_manila"],
        ["backend=lightning"],
        ["shots=100"],
        ["shots=200"],
        ["backend=aer", "noise=depolarising", "shots=100"],
        ["backend=aer", "noise=depolarising", "shots=100", "mitigation=[readout]"],
    ]
    cells = [cell_of(*words) for words in crossed]
    assert len({cell.digest for cell in cells}) == len(cells)
    assert cells[0].arm.config["executor"] == "engine_cpu"
    assert "backend" not in cells[0].arm.config, "cells from before are found again"
    assert cells[2].arm.config["backend"]["noise"] == "depolarising"


def test_a_kernel_takes_no_noise_in_silence():
    with pytest.raises(ConfigError, match="takes exact states"):
        cell_of("model=iqp_kernel", "noise=fake_manila", "backend=noisy", size=())
