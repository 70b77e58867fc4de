"""Two processes over gloo do what one does at the same global batch."""

import json
import os
import socket
import subprocess
import sys

import numpy as np
import pytest


def launched(folder, world):
    folder.mkdir()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    ranks = []
    for rank in range(world):
        env = {**os.environ, "OMP_NUM_THREADS": "1"}
        if world > 1:
            env |= {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": str(world)}
            env |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "LOCAL_WORLD_SIZE": str(world)}
            env |= {"TORCHELASTIC_RUN_ID": "test", "GROUP_RANK": "0"}
        command = [sys.executable, "-m", "tests.learn.two_ranks", str(folder)]
        ranks.append(subprocess.Popen(command, env=env, stderr=subprocess.PIPE, text=True))
    for rank in ranks:
        _, errors = rank.communicate(timeout=120)
        assert rank.returncode == 0, errors
    return [json.loads((folder / f"rank{rank}.json").read_text()) for rank in range(world)]


@pytest.mark.slow
def test_two_ranks_tell_the_losses_of_one(tmp_path):
    (one,) = launched(tmp_path / "one", 1)
    two = launched(tmp_path / "two", 2)
    for rank in two:
        assert rank["rows"] == one["rows"]
        for name in ("losses", "records", "predictions"):
            np.testing.assert_allclose(rank[name], one[name], rtol=2e-4, atol=2e-6)
    assert two[0]["predictions"] == two[1]["predictions"]
    logged = (tmp_path / "two" / "run" / "log.csv").read_text().splitlines()
    assert len(logged) == 1 + len(one["records"])  # written by one rank only
