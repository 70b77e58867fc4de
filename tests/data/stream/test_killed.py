"""A run over streamed rows, killed with SIGKILL at random moments, some inside a save, ends with the same weights."""

import json
import os
import subprocess
import sys

import pytest

pytest.importorskip("torch")
pytestmark = pytest.mark.skipif(
    not getattr(os, "fork", None), reason="kills forked children, and this system cannot fork"
)


def end(folder, prepared, workers, kills, seed=0):
    env = {**os.environ, "OMP_NUM_THREADS": "1"}
    words = [str(folder), str(prepared), str(workers), str(kills), str(seed)]
    command = [sys.executable, "-m", "tests.data.stream.killed", *words]
    done = subprocess.run(command, capture_output=True, text=True, env=env, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
@pytest.mark.parametrize(("workers", "kills"), [(0, 6), (2, 10)])
def test_killed_runs_end_as_undisturbed_ones(prepared, tmp_path, workers, kills):
    whole = end(tmp_path / "whole", prepared, 0, 0)
    killed = end(tmp_path / "killed", prepared, workers, kills)
    assert killed["killed"] == kills
    assert killed["saving"] >= kills // 3
    assert killed["digest"] == whole["digest"]
