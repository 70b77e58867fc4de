"""Files that are whole or absent: written under a temporary name, flushed, then renamed."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from qml.base.errors import ConfigError


def made_folder(key: str, folder: str | os.PathLike[str]) -> Path:
    """`folder`, made where it is not there; asked before the work whose results are to lie in it.

    Args:
        key: what the folder was given as.
        folder: where.

    Raises:
        ConfigError: it is a file, cannot be made, or cannot be written to.

    Example:
        >>> import tempfile
        >>> made_folder("out", tempfile.mkdtemp()).is_dir()
        True
    """
    path = Path(folder)
    file = next((place for place in (path, *path.parents) if place.exists() and not place.is_dir()), None)
    if file is not None:
        raise ConfigError(f"{key}={folder} was asked for; {file} is a file. Name a folder.")
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"{key}={folder} was to be made; the system said: {error.strerror}. Name a folder that can be written."
        ) from error
    if not os.access(path, os.W_OK | os.X_OK):
        raise ConfigError(f"{key}={folder} was asked for; it cannot be written to. Name another, or make it writable.")
    return path


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path beside `path` that takes its place when the block ends well; a failure leaves `path` as it was.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> with replacing(folder / "a.txt") as temporary:
        ...     _ = temporary.write_text("whole")
        >>> (folder / "a.txt").read_text()
        'whole'
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        yield temporary
        with open(temporary, "rb+") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_json(path: Path, value: Any) -> None:
    """Write `value` as JSON, atomically; NaN is refused because it is not JSON."""
    text = json.dumps(value, indent=1, sort_keys=True, allow_nan=False)
    with replacing(path) as temporary:
        temporary.write_text(text + "\n")


def file_digest(path: Path) -> str:
    """SHA-256 of the bytes of a file.

    Example:
        >>> file_digest(Path(os.devnull))[:8]
        'e3b0c442'
    """
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
