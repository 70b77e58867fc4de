"""Two processes killed with SIGKILL at random moments, some inside a save, end with the very same weights."""

import json
import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(not getattr(os, "fork", None), reason="kills forked processes; this system cannot fork")


def end(source, folder, kills, seed=0):
    env = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "tests.together.killed", source, str(folder), str(kills), str(seed)]
    done = subprocess.run(command, capture_output=True, text=True, env=env, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
def test_two_killed_processes_end_as_undisturbed_ones(tmp_path):
    whole = end("stream", tmp_path / "whole", 0)
    killed = end("stream", tmp_path / "killed", 3)
    assert killed["killed"] == {"save": 1, "both": 1, "one": 1}
    assert killed["digest"] == whole["digest"]


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("source", ["arrays", "stream", "workers"])
def test_two_processes_killed_ten_times_end_as_undisturbed_ones(source, tmp_path):
    whole = end(source, tmp_path / "whole", 0)
    killed = end(source, tmp_path / "killed", 10)
    assert killed["killed"] == {"save": 4, "both": 3, "one": 3}
    assert killed["saving"] >= 3
    assert killed["digest"] == whole["digest"]
    assert end("arrays", tmp_path / "arrays", 0)["digest"] != whole["digest"] or source == "arrays"
