"""The kernel cache: where it lies, that several processes may fill it at once, and what happens when it is sealed."""

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from qml.backends import warmup as machines
from qml.engine import cache, warmup

ROOT = Path(__file__).parents[2]

# One qubit turned by pi/3, read in X, Y and Z and differentiated: it needs few pieces, so an empty cache fills fast.
SMALL_RUN = """
import logging
logging.basicConfig(level=logging.INFO, format="%(name)s %(levelname)s %(message)s")
import numpy as np
from qml.engine.plan import Plan, Turn
from qml.engine.runtime import run
plan = Plan(1, ((Turn(1, 1, "row", 0, 1.0),),), (), ((0, 1),), n_shared=0, n_rows=1)
result = run(plan, np.full((1, 1), np.pi / 3), np.zeros(0))
print("value", round(float(result.words_BW[0, 0]), 9))
"""


def start(folder: Path, code: str = SMALL_RUN, **environment: str) -> subprocess.Popen:
    """A fresh process that uses `folder` as its cache."""
    variables = {**os.environ, "QML_CACHE_DIR": str(folder), "PYTHONPATH": str(ROOT), **environment}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen([sys.executable, "-c", code], env=variables, **pipes)


def test_three_processes_fill_an_empty_cache_at_once(tmp_path):
    processes = [start(tmp_path) for _ in range(3)]
    answers = [process.communicate(timeout=240) for process in processes]
    for process, (out, err) in zip(processes, answers, strict=True):
        assert process.returncode == 0, err
        assert out == "value 0.5\n"
    assert any("compiling the float64 kernels" in err for _, err in answers)
    (folder,) = (tmp_path / "qml-hybrid").iterdir()
    assert not list(folder.glob("*.tmp"))
    again = start(tmp_path)
    out, err = again.communicate(timeout=240)
    assert out == "value 0.5\n"
    assert "compiling" not in err


@pytest.mark.slow
def test_a_damaged_piece_is_made_anew(tmp_path):
    start(tmp_path).communicate(timeout=240)
    (folder,) = (tmp_path / "qml-hybrid").iterdir()
    for place, pattern in enumerate(("prepare_*.prepare-*.nbc", "calls_*.begin-*.nbi")):
        (piece,) = (folder / "__pycache__").glob(pattern)
        piece.write_bytes(b"\x80" * place)
    out, err = start(tmp_path).communicate(timeout=240)
    assert out == "value 0.5\n", err
    assert err.count("is damaged") == 2
    assert "is damaged" not in start(tmp_path).communicate(timeout=240)[1]


@pytest.mark.skipif(sys.platform == "win32", reason="folders have no write bit")
def test_a_cache_that_cannot_be_written_is_told_and_replaced(tmp_path, monkeypatch, caplog):
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    monkeypatch.setenv("QML_CACHE_DIR", str(blocked))
    cache.cache_folder.cache_clear()
    try:
        with caplog.at_level(logging.WARNING):
            folder = cache.cache_folder()
        assert folder.is_dir()
        assert tmp_path not in folder.parents
        assert "Set QML_CACHE_DIR" in caplog.text
    finally:
        cache.cache_folder.cache_clear()


def test_where_the_cache_lies(monkeypatch, tmp_path):
    monkeypatch.setenv("QML_CACHE_DIR", str(tmp_path))
    assert cache.cache_root() == tmp_path / "qml-hybrid"
    monkeypatch.delenv("QML_CACHE_DIR")
    if sys.platform == "linux":
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
        assert cache.cache_root() == tmp_path / "xdg" / "qml-hybrid"


def test_the_key_depends_on_the_machine(monkeypatch):
    here = cache.content_key()
    cache.content_key.cache_clear()
    monkeypatch.setattr(cache.llvm, "get_host_cpu_name", lambda: "another")
    try:
        assert cache.content_key() != here
    finally:
        monkeypatch.undo()
        cache.content_key.cache_clear()
    assert cache.content_key() == here


def test_warmup_explains_itself(capsys):
    with pytest.raises(SystemExit) as stopped:
        warmup.main(["--help"])
    assert stopped.value.code == 0
    text = capsys.readouterr().out
    assert "--dtype" in text
    assert "QML_CACHE_DIR" in text


def test_warmup_knows_every_piece():
    entries = [name for library in warmup.libraries("float32").values() for name in library.kit.entries]
    assert {"run_chunks", "xla_call", "run_sweep", "serve"} <= set(entries)


def test_warmup_of_machines_compiles_noise_too(capsys, monkeypatch):
    found = machines.libraries("float64")
    assert {"run_chunks", "sweep_forward", "sweep_backward"} <= {e for one in found.values() for e in one.kit.entries}
    done = []
    monkeypatch.setattr(warmup, "warm", lambda library: done.append(library) or 0.0)
    machines.main(["--dtype", "float64"])
    assert done == [*found.values()]
    assert "float64, noise: 2 pieces ready" in capsys.readouterr().out


def test_warmup_refuses_other_precisions(capsys):
    with pytest.raises(SystemExit):
        warmup.main(["--dtype", "float16"])
    assert "float16" in capsys.readouterr().err


SEALED = """
import tempfile
real = tempfile.TemporaryFile
def refuse(*args, dir=None, **options):
    if str(dir).startswith({sealed!r}):
        raise OSError(30, "Read-only file system")
    return real(*args, dir=dir, **options)
tempfile.TemporaryFile = refuse
"""


@pytest.mark.slow
def test_a_full_cache_that_is_read_only_is_used(tmp_path):
    start(tmp_path).communicate(timeout=240)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    out, err = start(tmp_path, SEALED.format(sealed=str(tmp_path)) + SMALL_RUN).communicate(timeout=240)
    assert out == "value 0.5\n", err
    assert "using a copy of the compiled kernels" in err
    assert "compiling" not in err
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before
