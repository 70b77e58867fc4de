"""Two processes tell the losses of one at the same global batch."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from tests.together.losses import BATCH, CASES, UPDATES, source_of

pytestmark = pytest.mark.skipif(not getattr(os, "fork", None), reason="forks processes, and this system cannot")
WITHIN = {"64": 1e-9, "32": 1e-5}


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    folder = tmp_path_factory.mktemp("told")
    command = [sys.executable, "-W", "error", "-m", "tests.together.losses", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    assert done.returncode == 0, done.stderr[-3000:]
    return {path.stem: json.loads(path.read_text()) for path in folder.glob("*.json")}


@pytest.mark.parametrize("case", CASES)
def test_a_hundred_losses_are_those_of_one_process(case, told):
    one, within = told[f"{case}-1-0"], WITHIN[case[-2:]]
    assert len(one["losses"]) == UPDATES
    for rank in (0, 1):
        two = told[f"{case}-2-{rank}"]
        for name in ("loss", "gradient_norm/quantum", "gradient_norm/classical"):
            found, wanted = ([info[name] for info in run["losses"]] for run in (two, one))
            np.testing.assert_allclose(found, wanted, rtol=within, atol=within)
        np.testing.assert_allclose(two["predictions"], one["predictions"], atol=within)
        assert [record[:2] for record in two["records"]] == [record[:2] for record in one["records"]]
        np.testing.assert_allclose(*([record[2] for record in run["records"]] for run in (two, one)), atol=within)
        assert two["rows"] == one["rows"]
        assert two["info"] == pytest.approx(one["info"], abs=within)
    assert told[f"{case}-2-0"] == told[f"{case}-2-1"]  # to the bit, scores of the validation split included


def test_a_last_batch_is_smaller_than_the_processes_are_many():
    sizes = [len(batch) for batch in source_of().batches("train", BATCH, 0, shard=(1, 2))]
    assert sizes[0] == BATCH // 2
    assert sizes[-1] == 0


def test_other_models_tell_other_losses(told):
    network, hybrid = (told[f"{case}-1-0"]["losses"][0]["loss"] for case in ("network64", "hybrid64"))
    assert abs(network - hybrid) > 1e-3
