"""The wheel holds only `qml`, and works where nothing else of the project is."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "-q",
        "--no-deps",
        "--no-build-isolation",
        "-w",
        str(folder),
        str(ROOT),
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    return next(folder.glob("*.whl"))


def test_wheel_holds_only_qml(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {"qml"}
    assert "qml/py.typed" in names
    assert any(name.startswith("qml/conf/") and name.endswith(".yaml") for name in names)


def test_wheel_requires_only_numpy_scipy_numba(wheel):
    with zipfile.ZipFile(wheel) as archive:
        meta = next(n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        lines = archive.read(meta).decode().splitlines()
    needed = {
        line.split(":")[1].strip() for line in lines if line.startswith("Requires-Dist") and "extra ==" not in line
    }
    assert {name.split(">")[0].split("=")[0] for name in needed} == {"numpy", "scipy", "numba"}


def test_wheel_works_away_from_the_checkout(wheel, tmp_path):
    site = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    code = (
        "import qml, torch; from qml.circuits import angle, sel; from qml.layers.torch import CircuitLayer;"
        "layer = CircuitLayer(angle(3) + sel(3, depth=1)); x = torch.zeros(2, 3, requires_grad=True);"
        "layer(x).sum().backward(); print(qml.__file__, x.grad.shape)"
    )
    env = {**os.environ, "PYTHONPATH": str(site), "QML_CACHE_DIR": os.environ.get("QML_CACHE_DIR", "")}
    env = {key: value for key, value in env.items() if value}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, env=env)
    assert done.returncode == 0, done.stderr[-3000:]
    assert str(site) in done.stdout
