"""A run killed with SIGKILL at random moments, some inside a save, ends with the very same weights and records."""

import json
import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(
    not getattr(os, "fork", None), reason="kills forked children, and this system cannot fork"
)


def end(framework, folder, kills, seed=0):
    env = {**os.environ, "OMP_NUM_THREADS": "1", "JAX_PLATFORMS": "cpu"}
    command = [sys.executable, "-m", "tests.learn.killed", framework, str(folder), str(kills), str(seed)]
    done = subprocess.run(command, capture_output=True, text=True, env=env, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize(("framework", "kills"), [("torch", 10), pytest.param("jax", 6, marks=pytest.mark.slow)])
def test_killed_runs_end_as_undisturbed_ones(framework, kills, tmp_path):
    whole = end(framework, tmp_path / "whole", 0)
    killed = end(framework, tmp_path / "killed", kills)
    assert killed["killed"] == kills
    assert killed["saving"] >= kills // 3
    assert killed["digest"] == whole["digest"]


def test_the_digest_tells_runs_apart(tmp_path):
    from tests.learn.killed import class_source

    assert class_source(seed=0).splits["train"][0].tolist() != class_source(seed=1).splits["train"][0].tolist()
