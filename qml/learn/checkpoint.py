"""One run's state on disk: a safetensors file and a JSON manifest that names it, whole or absent, never unpickled.

The manifest is written last and by one rename, so at any moment it names a whole arrays file: a process killed while
saving, or a full disk, leaves the previous checkpoint as it was.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from qml.base.errors import CheckpointError, StaleCheckpointError
from qml.base.extras import require
from qml.base.files import replacing, write_json
from qml.learn.describe import difference

require("safetensors", extra="train", purpose="qml.learn.checkpoint")
import safetensors
import safetensors.numpy

CHECKPOINT_VERSION = 1
MANIFEST = "checkpoint.json"
ARRAYS = "checkpoint-{steps}-{sha}.safetensors"
KEYS = ("version", "arrays", "sha256", "complex", "fingerprint", "data")
_OURS = re.compile(r"^(checkpoint-\d+-[0-9a-f]+\.safetensors|\.checkpoint.*\.tmp)$")


@dataclass(frozen=True)
class Checkpoint:
    """All that continues a run to the very same result.

    Args:
        arrays: weights, optimiser, generators: numpy arrays by name (any dtype numpy has; complex ones are
            stored as pairs of reals).
        data: counters, cursor, records: plain JSON data without NaN.
        fingerprint: what the run is: model, task, source, settings, seed; plain JSON data.
    """

    arrays: Mapping[str, np.ndarray]
    data: Mapping[str, Any]
    fingerprint: Mapping[str, Any]


def save_checkpoint(folder: Path, checkpoint: Checkpoint, steps: int) -> Path:
    """Write `checkpoint` into `folder`, take the place of the previous one, and return the manifest's path.

    Raises:
        CheckpointError: the disk is full or not writable, or the data is not JSON; the previous checkpoint is intact,
            and of the one that failed nothing is left.
    """
    folder = Path(folder)
    complex_names = sorted(name for name, array in checkpoint.arrays.items() if np.iscomplexobj(array))
    blob = safetensors.numpy.save({name: _storable(array) for name, array in checkpoint.arrays.items()})
    sha = hashlib.sha256(blob).hexdigest()
    name = ARRAYS.format(steps=steps, sha=sha[:12])
    values = (CHECKPOINT_VERSION, name, sha, complex_names, checkpoint.fingerprint, checkpoint.data)
    manifest = dict(zip(KEYS, values, strict=True))
    try:
        with replacing(folder / name) as temporary:
            temporary.write_bytes(blob)
        write_json(folder / MANIFEST, manifest)
        _flush_folder(folder)
    except (ValueError, TypeError) as error:
        _remove_others(folder)
        raise CheckpointError(
            f"A checkpoint at step {steps} holds data that is not JSON: {error}. Let modules and tasks keep plain "
            f"data or tensors. {_previous(folder)}"
        ) from error
    except OSError as error:
        _remove_others(folder)
        raise CheckpointError(
            f"A checkpoint of {len(blob)} bytes at step {steps} was to be written to {folder}; it failed: {error}. "
            f"{_previous(folder)} Free some space, or choose another folder, and start again."
        ) from error
    _remove_others(folder)
    return folder / MANIFEST


def load_checkpoint(folder: Path, fingerprint: Mapping[str, Any] | None = None) -> Checkpoint | None:
    """The checkpoint in `folder`, or None where there is none.

    Args:
        folder: where `save_checkpoint` wrote.
        fingerprint: what the run is that asks; None takes any.

    Raises:
        StaleCheckpointError: the files are damaged, of another version, or belong to another run (the message
            names the first difference).
    """
    path = Path(folder) / MANIFEST
    try:
        manifest = json.loads(path.read_text())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise _damaged(path, f"it does not read as JSON: {error}") from error
    if not isinstance(manifest, dict) or manifest.get("version") != CHECKPOINT_VERSION:
        raise _damaged(path, f"it is not a manifest of version {CHECKPOINT_VERSION}")
    absent = [key for key in KEYS if key not in manifest]
    if absent:
        raise _damaged(path, f"it lacks {', '.join(absent)}")
    if fingerprint is not None:
        found = difference(manifest["fingerprint"], json.loads(json.dumps(fingerprint)))
        if found:
            raise StaleCheckpointError(
                f"{path} was asked to continue; it belongs to another run: {found}. "
                "Choose another folder, or remove this one to start afresh."
            )
    return Checkpoint(_read_arrays(path, manifest), manifest["data"], manifest["fingerprint"])


def _read_arrays(path: Path, manifest: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """The arrays that `manifest` names, checked against their SHA-256."""
    try:
        blob = (path.parent / Path(manifest["arrays"]).name).read_bytes()
    except OSError as error:
        raise _damaged(path, f"its arrays file {manifest['arrays']} cannot be read: {error}") from error
    if hashlib.sha256(blob).hexdigest() != manifest["sha256"]:
        raise _damaged(path, f"its arrays file {manifest['arrays']} has changed since it was written")
    try:
        stored = safetensors.numpy.load(blob)
    except safetensors.SafetensorError as error:
        raise _damaged(path, f"its arrays file does not read as safetensors: {error}") from error
    for name in manifest["complex"]:
        pairs = stored[name]
        stored[name] = np.ascontiguousarray(pairs).view(f"c{2 * pairs.itemsize}")[..., 0]
    return stored


def _storable(array: np.ndarray) -> np.ndarray:
    """`array` as safetensors holds it: contiguous, complex numbers as pairs of reals in a last axis."""
    array = np.ascontiguousarray(array) if array.ndim else array.copy()
    if array.dtype.kind == "c":
        return array[..., None].view(f"f{array.itemsize // 2}")
    return array


def _damaged(path: Path, what: str) -> StaleCheckpointError:
    return StaleCheckpointError(
        f"{path} was asked to continue; {what}. Remove the folder to start afresh, or restore it from a copy."
    )


def _previous(folder: Path) -> str:
    """What a failed save leaves to continue from, in words."""
    if (folder / MANIFEST).is_file():
        return "The previous checkpoint is intact, and the same command continues from it."
    return "It was the first one, so there is none to continue from."


def _flush_folder(folder: Path) -> None:
    """Make the renames last through a power cut, where the system can flush a folder."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _remove_others(folder: Path) -> None:
    """Remove our files in `folder` that the manifest does not name: older arrays, and what a killed save left."""
    with contextlib.suppress(OSError, ValueError, KeyError):
        manifest = folder / MANIFEST
        named = json.loads(manifest.read_text())["arrays"] if manifest.exists() else None
        for path in folder.iterdir():
            if path.name != named and _OURS.match(path.name):
                path.unlink(missing_ok=True)
