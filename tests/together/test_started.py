"""Several processes as users start them: by the job itself, by torchrun, by one torchrun a machine; and their ends."""

import json
import os
import re
import signal
import subprocess

import numpy as np
import pytest
from safetensors.numpy import load

from tests.together.commands import ROOT, Command, free_port, gone, plain, torchrun

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(os.name != "posix", reason="kills process groups, which this system does not have"),
]
LONG = ("epochs=150", "devices=2")


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """An undisturbed run of two processes."""
    return Command(tmp_path_factory.mktemp("whole"), LONG).run()


def test_a_job_starts_its_processes_and_ends_as_one_process_does(tmp_path):
    one = Command(tmp_path / "one", ["epochs=3"]).run()
    two = Command(tmp_path / "two", ["epochs=3", "devices=2"]).run()
    found, wanted = load(two.model()), load(one.model())
    assert found.keys() == wanted.keys()
    for name in wanted:
        np.testing.assert_allclose(found[name], wanted[name], atol=1e-5)
    out = [(command.folder / "out").read_text() for command in (one, two)]
    scores = [re.findall(r"^test .*$", text, re.M) for text in out]
    assert len(scores[1]) == 1  # printed once
    assert scores[0] == scores[1]
    (summary,) = (two.folder / "runs").glob("*/summary.json")
    assert json.loads(summary.read_text())["processes"] == 2
    assert len((summary.parent / "log.csv").read_text().splitlines()) == 1 + len(
        (next((one.folder / "runs").glob("*/log.csv"))).read_text().splitlines()[1:]
    )


def test_torchrun_gives_the_same_weights_and_nobody_but_the_first_leaves_files(whole, tmp_path):
    run = Command(tmp_path, LONG, torchrun()).run()
    assert run.model() == whole.model()
    assert (tmp_path / "out").read_text().count("in " + str(tmp_path)) == 1
    assert {path.name for path in (tmp_path / "hydra").rglob("*") if path.is_file()} == {
        "config.yaml",
        "hydra.yaml",
        "overrides.yaml",
        "train.log",
    }


def test_two_machines_are_two_torchruns(whole, tmp_path):
    port = free_port()
    agents = [
        Command(tmp_path / "a", LONG, torchrun(1, 2, 0, port)),
        Command(tmp_path / "b", LONG, torchrun(1, 2, 1, port)),
    ]
    for agent in agents:
        agent.start()
    assert [agent.end() for agent in agents] == [0, 0], agents[0].said() + agents[1].said()
    assert agents[0].model() == whole.model()
    assert not (tmp_path / "b" / "runs").exists()  # no common folder is needed: the first process reads and writes


def test_a_killed_tree_goes_on_to_the_same_weights(whole, tmp_path):
    run = Command(tmp_path, LONG, torchrun())
    for number in range(3):
        ranks = run.start().until_saved().ranks()
        assert len(ranks) == 2
        if number == 0:  # torchrun alone: its processes end by themselves
            run.child.kill()
            run.child.wait()
            assert gone(ranks)
        else:  # one process alone: torchrun ends the other
            ranks[number - 1].kill()
            assert run.end() != 0
            assert gone(ranks)
        assert not list((tmp_path / "runs").glob("*/model.safetensors"))
    run.run()
    assert run.model() == whole.model()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_job_saves_its_last_update_and_says_so_once(number, whole, tmp_path):
    run = Command(tmp_path, LONG).start().until_saved()
    ranks = run.ranks()
    os.killpg(run.child.pid, number)  # as a terminal and a queue do: everyone gets it, and from the launcher again
    assert run.end() == 130, run.said()
    assert gone(ranks)
    assert run.said().count("Interrupted. What is finished is kept") == 1
    assert "Traceback" not in run.said()
    run.run()
    assert run.model() == whole.model()


def test_a_killed_process_ends_its_job_with_one_message(tmp_path):
    run = Command(tmp_path, LONG).start().until_saved()
    run.ranks()[1].kill()
    assert run.end() == 1
    assert "process 2 of 2, which train one model together, was ended by signal 9" in " ".join(run.said().split())
    assert run.said().count("LostRankError") == 1
    assert "Traceback" not in run.said()


@pytest.mark.parametrize("launcher", [(), torchrun()])
def test_an_error_is_said_once(launcher, tmp_path):
    run = Command(tmp_path, ["devices=2", "training.learning_rate=1e30"], launcher).start()
    assert run.end() == 1
    assert run.said().count("DivergedError:") == 1, run.said()


def test_a_sweep_trains_one_job_after_another(tmp_path):
    words = ["devices=2", "epochs=1", "seed=0,1", f"hydra.sweep.dir={tmp_path}/sweep", "hydra.mode=MULTIRUN"]
    run = Command(tmp_path, words).run()
    assert len(list((tmp_path / "runs").glob("*/model.safetensors"))) == 2
    assert run.said().count("Error") == 0


def test_the_slurm_script_of_the_documents_runs_where_srun_starts_a_process_a_node(whole, tmp_path):
    """`srun` is a stand-in that starts the command once for each of two nodes on this machine."""
    (script,) = re.findall(r"```bash\n(#!/bin/bash\n#SBATCH.*?)```", (ROOT / "docs" / "clusters.md").read_text(), re.S)
    words = " ".join([*Command(tmp_path, LONG).words])
    (tmp_path / "job.sh").write_text(re.sub(r"-m experiments\.train.*", f"-m experiments.train {words}", script))
    stubs = tmp_path / "bin"
    stubs.mkdir()
    (stubs / "srun").write_text(
        'while [[ $1 == --* ]]; do shift; done\nfor id in 0 1; do SLURM_NODEID=$id SLURM_PROCID=$id "$@" & done\n'
        "wait -n || exit 1\nwait -n\n"
    )
    (stubs / "scontrol").write_text("echo 127.0.0.1\necho 127.0.0.2\n")
    for stub in stubs.iterdir():
        stub.write_text("#!/bin/bash\n" + stub.read_text())
        stub.chmod(0o755)
    env = {**plain(), "PATH": f"{stubs}:{ROOT}/.venv/bin:{os.environ['PATH']}", "SLURM_JOB_NODELIST": "n[1-2]"}
    env |= {"SLURM_NNODES": "2", "SLURM_JOB_ID": str(os.getpid()), "SLURM_CPUS_PER_TASK": "1"}
    ended = subprocess.run(
        ["bash", tmp_path / "job.sh"], cwd=ROOT, env=env, capture_output=True, text=True, timeout=400
    )
    assert ended.returncode == 0, ended.stderr[-3000:]
    (model,) = (tmp_path / "runs").glob("*/model.safetensors")
    assert model.read_bytes() == whole.model()
