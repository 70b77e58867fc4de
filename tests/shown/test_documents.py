"""Whatever is shown is run: Python blocks of every document, in order."""

import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)


WITH_PYTHON = [path for path in DOCUMENTS if blocks(path.read_text(encoding="utf-8"), "python")]


LONG = ("audit", "pennylane_device", "published", "qiskit", "report", "study", "sweeps", "your_own")
"""They take long: most of them train and compare."""


@pytest.mark.parametrize(
    "path",
    [pytest.param(one, marks=pytest.mark.slow if one.stem in LONG else (), id=one.name) for one in WITH_PYTHON],
)
def test_python_blocks_run(path, tmp_path):
    script = tmp_path / "blocks.py"
    script.write_text("\n".join(blocks(path.read_text(encoding="utf-8"), "python")), encoding="utf-8")
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, cwd=tmp_path, env=env)
    assert done.returncode == 0, done.stderr[-3000:]


def test_the_preparation_shown_as_yaml_is_the_one_shown_in_python(tmp_path, monkeypatch):
    from qml import config

    monkeypatch.chdir(tmp_path)
    text = (ROOT / "docs" / "etl.md").read_text(encoding="utf-8")
    (file,) = blocks(text, "yaml")
    (tmp_path / "mine" / "etl").mkdir(parents=True)
    (tmp_path / "mine" / "etl" / "shops.yaml").write_text(file, encoding="utf-8")
    (tmp_path / "shops.py").write_text(blocks(text, "python")[0], encoding="utf-8")
    words = [f"hydra.searchpath=[file://{tmp_path / 'mine'}]", "etl=shops", "etl.read.path=raw", "out=prepared/shops"]
    assert config.build(words, "etl") == runpy.run_path("shops.py")["job"]


def test_make_targets_that_are_shown_exist():
    shown = set(re.findall(r"^make ([a-z-]+)", (ROOT / "README.md").read_text(encoding="utf-8"), flags=re.MULTILINE))
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))
    assert shown
    assert shown <= targets
