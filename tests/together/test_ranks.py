"""The place of a process among others, and what one process alone refuses."""

import logging
import os

import pytest
import torch

from qml import config
from qml.base.errors import CapabilityError, ConfigError, LostRankError
from qml.base.ranks import Ranks, environment, is_first_to_say, ranks
from qml.base.threads import available_cores, fair_share
from qml.learn import Budget, StepFit, Supervised
from qml.learn.torch_ranks import check_started, reaching_others
from qml.learn.torch_step import TorchStep
from tests.learn.conftest import class_source
from tests.learn.models import small

SMALL = ["data=wine", "model.circuit.n_qubits=3", "tensorboard=false"]


def test_a_place_is_read_as_it_was_written():
    place = Ranks(3, 4, 1, 2)
    assert ranks(place.environ) == place
    assert (place.nodes, place.is_first) == (2, False)
    assert ranks({"RANK": "1", "WORLD_SIZE": "2"}) == Ranks(1, 2, 1, 2)
    assert ranks({"WORLD_SIZE": "2"}) == Ranks()


@pytest.mark.parametrize("wrong", [{"RANK": "2", "WORLD_SIZE": "2"}, {"RANK": "x", "WORLD_SIZE": "2"}])
def test_a_place_that_is_none_is_refused(wrong):
    with pytest.raises(ConfigError, match=r"no place among processes.*torchrun"):
        ranks(wrong)


def test_the_environment_is_as_before():
    with environment({"RANK": "1", "WORLD_SIZE": "2"}):
        assert ranks().rank == 1
    assert "RANK" not in os.environ
    assert ranks() == Ranks()


def test_processes_of_a_machine_share_its_cores():
    with environment(Ranks(0, 2, 0, 2).environ):
        assert fair_share() == max(1, available_cores() // 2)
    with environment(Ranks(0, 64, 0, 64).environ):
        assert fair_share() == 1


def test_one_process_of_a_machine_speaks(tmp_path):
    for rank in (0, 1):
        (tmp_path / str(rank)).mkdir()
    said = []
    for rank in (1, 0):
        file = {"TORCHELASTIC_ERROR_FILE": str(tmp_path / str(rank) / "error.json")}
        with environment({**Ranks(rank, 2, rank, 2).environ, **file}):
            said.append(is_first_to_say())
    assert said == [True, False]


@pytest.mark.parametrize(
    ("devices", "here", "text"),
    [
        (2, Ranks(), "this process is alone.*torchrun --nproc_per_node 2"),
        (2, Ranks(0, 3, 0, 3), "3 processes were started together. Say devices=3"),
        (3, Ranks(0, 3, 0, 2), "2 of them on this machine. Start as many on each"),
    ],
)
def test_another_number_of_processes_is_refused(devices, here, text):
    with pytest.raises(ConfigError, match=text):
        check_started(devices, here)


def test_a_step_of_two_does_not_start_another_process_by_itself():
    source = class_source()
    with pytest.raises(ConfigError, match=r"devices=2 was asked for, and this process is alone"):
        StepFit(TorchStep(devices=2), progress=False)(
            small, Supervised(source.schema.target), source, Budget(epochs=1), 0
        )


@pytest.mark.parametrize(
    ("words", "kind", "text"),
    [
        (["framework=jax", "devices=2"], CapabilityError, "trained by jax, in one process"),
        (["model=svm", "~model/circuit", "devices=2"], CapabilityError, "in one process"),
        (["devices=0"], ConfigError, "devices=0 was asked for; it must be at least 1"),
        (["devices=4", "training.batch_size=2"], ConfigError, "some would have none"),
        (["accelerator=gpu"], ConfigError, "accelerator 'gpu' is not known"),
    ],
)
def test_a_job_that_cannot_be_shared_is_refused_before_a_process_starts(words, kind, text, tmp_path):
    words = ["data=wine", f"folder={tmp_path}", *(word for word in words if not word.startswith("~"))]
    with pytest.raises(kind, match=text):
        config.build(words, "train").run(progress=False)
    assert list(tmp_path.iterdir()) == []


def test_processes_that_would_train_a_model_each_are_refused():
    with environment(Ranks(0, 2, 0, 2).environ), pytest.raises(ConfigError, match="Say devices=2"):
        config.build(SMALL, "train").run(progress=False)


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_more_processes_than_gpus_are_refused(tmp_path):
    job = config.build([*SMALL, "accelerator=cuda", f"folder={tmp_path}"], "train")
    with pytest.raises(ConfigError, match=r"one GPU each; torch sees 0"):
        job.run(progress=False)


def test_a_broken_connection_is_told_as_a_process_that_has_gone_and_other_errors_are_not():
    with pytest.raises(LostRankError, match="continues from its last checkpoint"), reaching_others():
        raise RuntimeError("[gloo/transport/tcp/pair.cc:534] Connection closed by peer [127.0.0.1]:51")
    with pytest.raises(RuntimeError, match="mat1 and mat2") as error, reaching_others():
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")
    assert not isinstance(error.value, LostRankError)


def test_a_run_continued_by_another_number_of_processes_is_said(tmp_path, caplog):
    source, steps = class_source(), []
    task = Supervised(source.schema.target)

    def fit(budget):
        step = TorchStep(0.02)
        hook = lambda run, info: steps.append(run.counters.steps)  # noqa: E731
        return StepFit(step, batch_size=16, hooks=(hook,), progress=False)(small, task, source, budget, 0, tmp_path)

    fit(Budget(epochs=1))
    manifest = tmp_path / "checkpoint.json"
    manifest.write_text(manifest.read_text().replace('"state": {', '"world": 2,\n  "state": {', 1))
    with caplog.at_level(logging.WARNING):
        fit(Budget(epochs=1))  # it has ended: nothing is continued, and nothing is said
        assert not caplog.records
        manifest.write_text(manifest.read_text().replace('"state": {', '"world": 2,\n  "state": {', 1))
        fit(Budget(epochs=2))
    (record,) = caplog.records
    assert "written by 2 processes together and is continued by 1" in record.getMessage()
    assert steps == list(range(1, 21))
