"""Files of a cell under way: written with their digests, read back whole or not at all."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from qml.base.files import write_json

_logger = logging.getLogger(__name__)


def keep(path: Path, data: Any, beside: Sequence[str] = ()) -> None:
    """Write JSON data with a digest of it, and of files of the same folder that belong to it.

    Args:
        path: of the JSON file; it is whole or absent.
        data: plain data without NaN.
        beside: names of files that were written before.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "value.json"
        >>> keep(path, {"score": 0.5})
        >>> kept(path)
        {'score': 0.5}
    """
    files = {name: sha_of_file(path.parent / name) for name in beside}
    write_json(path, {"data": data, "digest": sha_of_data(data), "files": files})


def kept(path: Path) -> Any:
    """What `keep` wrote; None where there is nothing, or, said in the log, where it was cut, lost or changed."""
    if not path.exists():
        return None
    try:
        text = json.loads(path.read_text())
        data, wanted, files = text["data"], text["digest"], dict(text["files"])
        changed = [name for name, sha in files.items() if sha_of_file(path.parent / name) != sha]
    except (FileNotFoundError, ValueError, TypeError, KeyError) as error:
        return _said(path, f"it cannot be read ({error})")
    if sha_of_data(data) != wanted:
        changed.append(path.name)
    return _said(path, f"{changed[0]} was changed after it was written") if changed else data


def forget(path: Path, name: str) -> None:
    """Remove a file that belongs to what `keep` wrote at `path`, which stays whole without it."""
    text = json.loads(path.read_text())
    if text["files"].pop(name, None) is not None:
        write_json(path, text)
    (path.parent / name).unlink(missing_ok=True)


def sha_of_file(path: Path) -> str:
    """Digest of a file's bytes, 32 hexadecimal digits."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:32]


def sha_of_data(data: Any) -> str:
    """Digest of JSON data, 32 hexadecimal digits.

    Raises:
        ValueError: a number is NaN or infinite.
    """
    return hashlib.sha256(json.dumps(data, sort_keys=True, allow_nan=False).encode()).hexdigest()[:32]


def _said(path: Path, what: str) -> None:
    _logger.warning("%s: %s. It counts as not done and is made again.", path, what)
