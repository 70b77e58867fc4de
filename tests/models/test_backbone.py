"""The digest of a frozen backbone tells networks apart by what they compute, and is the same in every process."""

import importlib
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

from qml.models.backbone import frozen
from qml.models.features import Cnn, Own

OWN = """
import torch
from own_helper import bent

class Net(torch.nn.Module):
    def __init__(self, scale, shift):
        super().__init__()
        torch.manual_seed(0)
        self.linear = torch.nn.Linear(13, 4)
        self.scale = scale
        self.register_buffer("shift", torch.full((4,), shift), persistent=False)

    def forward(self, rows):
        return ACT(self.linear(rows)) * self.scale + self.shift

def make(input_shape):
    return Net(SCALE, SHIFT)
"""
HELPER = "import torch\ndef bent(rows):\n    return torch.BENT(rows)\n"


@pytest.fixture
def backbone(tmp_path, monkeypatch):
    """The backbone of a module of one's own, as it is after it was written anew."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def made(act="torch.tanh", scale="1.0", shift="0.0", bent="sin"):
        text = OWN.replace("ACT", act).replace("SCALE", scale).replace("SHIFT", shift)
        for name, content in (("own_network", text), ("own_helper", HELPER.replace("BENT", bent))):
            (tmp_path / f"{name}.py").write_text(content)
            monkeypatch.delitem(sys.modules, name, raising=False)
        shutil.rmtree(tmp_path / "__pycache__", ignore_errors=True)
        importlib.invalidate_caches()
        return frozen(Own("own_network:make"), (13,))

    return made


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({}, {"act": "torch.relu"}),
        ({}, {"scale": "1.0001"}),
        ({}, {"shift": "0.0001"}),
        ({"act": "bent"}, {"act": "bent", "bent": "cos"}),
    ],
    ids=["code", "attribute", "buffer", "code elsewhere"],
)
def test_another_computation_of_equal_weights_is_another_backbone(one, other, backbone):
    first, again, changed = (backbone(**said).digest for said in (one, one, other))
    assert first == again != changed


def test_a_network_that_draws_is_the_same_backbone_again(backbone):
    again = [backbone(act="torch.nn.functional.dropout").digest for _ in range(2)]  # drawn from the seed of the digest
    assert again[0] == again[1]


def test_the_digest_is_the_same_in_another_process_with_other_threads():
    code = (
        "from qml.models.backbone import frozen; from qml.models.features import Cnn\n"
        "print(frozen(Cnn((4,), 8), (1, 8, 8)).digest)"
    )
    env = {**os.environ, "OMP_NUM_THREADS": "2", "PYTHONHASHSEED": "7"}
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env).stdout
    assert said.strip() == frozen(Cnn((4,), 8), (1, 8, 8)).digest


def test_asking_for_the_digest_leaves_the_random_numbers_of_torch_alone():
    import torch

    torch.manual_seed(3)
    before = torch.get_rng_state().numpy().copy()
    frozen(Cnn((4,), 8), (1, 8, 8))
    assert np.array_equal(torch.get_rng_state().numpy(), before)
