"""Jobs of a sweep by other launchers than the usual one: each fills the same store."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from qml.bench import Store

ROOT = Path(__file__).resolve().parents[2]
LAUNCHERS = {  # launcher -> its plug-in, the extra that has it, and what it is told
    "basic": ("hydra", "experiments", []),
    "submitit_local": ("submitit", "slurm", ["hydra.launcher.cpus_per_task=1", "hydra.launcher.timeout_min=5"]),
    "ray": ("ray", "ray", ["+hydra.launcher.ray.init.num_cpus=1"]),
}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("launcher", list(LAUNCHERS))
def test_a_sweep_fills_one_store(launcher, tmp_path):
    package, extra, told = LAUNCHERS[launcher]
    if importlib.util.find_spec(package) is None:
        pytest.skip(f"needs the package {package}: pip install 'qml-hybrid[{extra}]'")
    words = ["data=wine", "protocol=smoke", "model=logistic", "seed=0,1", f"store={tmp_path / 'store'}"]
    words += [f"out={tmp_path / 'out'}", f"hydra.sweep.dir={tmp_path / 'hydra'}", f"hydra/launcher={launcher}", *told]
    command = [sys.executable, "-m", "experiments.benchmark", "-m", *words]
    ended = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert ended.returncode == 0, ended.stderr[-3000:]
    assert sorted(result.cell.seed for result in Store(tmp_path / "store")) == [0, 1]
