"""Checkpoints: whole or absent, of this run or refused."""

import errno
import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from qml.base.errors import CheckpointError
from qml.learn import checkpoint as module
from qml.learn.checkpoint import MANIFEST, Checkpoint, load_checkpoint, save_checkpoint

ARRAYS = {
    "weights": np.arange(6, dtype=np.float32).reshape(2, 3),
    "scalar": np.array(2.5),
    "complex": np.array([[1 + 2j, 3 - 1j]]),
    "complex64": np.array(1j, np.complex64),
    "ints": np.array([1, 2], np.uint32),
    "empty": np.zeros((0, 4)),
    "turned": np.arange(6.0).reshape(2, 3).T,
    "flags": np.array([True, False]),
}


def made(step=1, **fingerprint):
    return Checkpoint(
        ARRAYS, {"step": step, "records": [0.1, 1e-300]}, {"model": {"w": [2, 3]}, "seed": 0, **fingerprint}
    )


def test_there_and_back(tmp_path):
    path = save_checkpoint(tmp_path, made(), 1)
    assert path == tmp_path / MANIFEST
    back = load_checkpoint(tmp_path, made().fingerprint)
    assert back is not None
    assert back.data == made().data
    for name, array in ARRAYS.items():
        assert back.arrays[name].dtype == array.dtype, name
        np.testing.assert_array_equal(back.arrays[name], array)
    assert load_checkpoint(tmp_path / "none") is None


def test_only_the_newest_is_kept(tmp_path):
    (tmp_path / ".checkpoint.json.123.tmp").write_text("left by a killed save")
    (tmp_path / "log.csv").write_text("not ours")
    for step in (1, 2, 3):
        save_checkpoint(tmp_path, Checkpoint({"a": np.array([step])}, {}, {}), step)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert len(names) == 3
    assert names[1:] == [MANIFEST, "log.csv"]


def test_another_runs_checkpoint_names_the_difference(tmp_path):
    save_checkpoint(tmp_path, made(), 1)
    with pytest.raises(CheckpointError, match=r"seed is 0 in the checkpoint and 1 here"):
        load_checkpoint(tmp_path, made(seed=1).fingerprint)
    with pytest.raises(CheckpointError, match=r"model\.w is \[2, 3\] in the checkpoint and \[2, 4\] here"):
        load_checkpoint(tmp_path, made(model={"w": (2, 4)}).fingerprint)
    with pytest.raises(CheckpointError, match=r"model\.v is asked for and not in the checkpoint"):
        load_checkpoint(tmp_path, made(model={"w": [2, 3], "v": 1}).fingerprint)


@pytest.mark.parametrize("fails", ["write_bytes", "fsync", "replace", "manifest"])
def test_a_full_disk_leaves_the_previous_one(tmp_path, monkeypatch, fails):
    save_checkpoint(tmp_path, made(1), 1)
    full = OSError(errno.ENOSPC, "No space left on device")

    def refuse(*_, **__):
        raise full

    def write_half(path, blob):
        with open(path, "wb") as file:
            file.write(blob[: len(blob) // 2])
        raise full

    if fails == "write_bytes":
        monkeypatch.setattr(Path, "write_bytes", write_half)
    elif fails == "manifest":
        monkeypatch.setattr(Path, "write_text", refuse)
    else:
        monkeypatch.setattr(os, fails, refuse)
    with pytest.raises(CheckpointError, match=r"No space left.*previous checkpoint is intact"):
        save_checkpoint(tmp_path, Checkpoint({"a": np.array([2])}, {"step": 2}, {}), 2)
    monkeypatch.undo()
    back = load_checkpoint(tmp_path, made().fingerprint)
    assert back is not None
    assert back.data["step"] == 1
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("full", ["write_bytes", "write_text"])  # of the arrays, of the manifest
def test_a_disk_that_is_full_at_the_first_one(tmp_path, monkeypatch, full):
    def refuse(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, full, refuse)
    with pytest.raises(CheckpointError, match=r"No space left.*It was the first one") as caught:
        save_checkpoint(tmp_path, made(1), 1)
    assert "intact" not in str(caught.value)
    assert not list(tmp_path.iterdir())


@pytest.fixture
def tiny_disk(tmp_path):
    """A file system of 64 KiB, where this user may mount one."""
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "none", tmp_path], capture_output=True, check=False
    )
    if done.returncode:
        pytest.skip(f"no tmpfs can be mounted here: {done.stderr.decode().strip()}")
    yield tmp_path
    subprocess.run(["umount", tmp_path], check=True)


def test_a_disk_that_is_really_full(tiny_disk):
    save_checkpoint(tiny_disk, made(1), 1)
    with pytest.raises(CheckpointError, match="No space left"):
        save_checkpoint(tiny_disk, Checkpoint({"a": np.zeros(100_000)}, {"step": 2}, {}), 2)
    back = load_checkpoint(tiny_disk)
    assert back is not None
    assert back.data["step"] == 1


def test_damage_is_seen(tmp_path):
    save_checkpoint(tmp_path, made(), 1)
    arrays = next(tmp_path.glob("*.safetensors"))
    whole = arrays.read_bytes()
    arrays.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(CheckpointError, match="has changed since it was written"):
        load_checkpoint(tmp_path)
    arrays.unlink()
    with pytest.raises(CheckpointError, match="cannot be read"):
        load_checkpoint(tmp_path)
    (tmp_path / MANIFEST).write_text("{half")
    with pytest.raises(CheckpointError, match="does not read as JSON"):
        load_checkpoint(tmp_path)
    (tmp_path / MANIFEST).write_text(json.dumps({"version": 99}))
    with pytest.raises(CheckpointError, match="version 1"):
        load_checkpoint(tmp_path)
    (tmp_path / MANIFEST).write_text(json.dumps({"version": 1}))
    with pytest.raises(CheckpointError, match="lacks arrays, sha256"):
        load_checkpoint(tmp_path)


def test_data_that_is_not_json_is_named(tmp_path):
    save_checkpoint(tmp_path, made(), 1)
    for data in ({"x": float("nan")}, {"x": object()}):
        with pytest.raises(CheckpointError, match="not JSON"):
            save_checkpoint(tmp_path, Checkpoint({"a": np.zeros(1)}, data, {}), 2)
    assert load_checkpoint(tmp_path) is not None


def test_names_are_of_this_room():
    assert module._OURS.match("checkpoint-12-0abc.safetensors")
    assert not module._OURS.match("model.safetensors")
