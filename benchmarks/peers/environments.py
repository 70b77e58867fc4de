"""Environments of peers that are not installed with the project: one virtual environment a requirements file.

They lie under `$QML_PEERS_DIR`, or `~/.cache/qml-hybrid/peers`. An environment counts as made when its stamp holds
the digest of its requirements; one that could not be made keeps a file that says why.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
REQUIREMENTS = Path(__file__).with_name("requirements")
STAMP, REASON = "made", "not-made"


def folder() -> Path:
    """Where the environments lie."""
    default = Path.home() / ".cache" / "qml-hybrid" / "peers"
    return Path(os.environ.get("QML_PEERS_DIR") or default).resolve()


def names() -> list[str]:
    """Environments that can be made."""
    return sorted(path.stem for path in REQUIREMENTS.glob("*.txt"))


def python_of(environment: str | None) -> Path:
    """The interpreter of an environment; of the project's own for None."""
    if environment is None:
        return Path(sys.executable)
    return folder() / environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def missing(environment: str | None) -> str | None:
    """Why an environment cannot be used, or None if it can."""
    if environment is None:
        return None
    place = folder() / environment
    if (place / STAMP).is_file() and (place / STAMP).read_text().strip() == _digest(environment):
        return None
    if (place / REASON).is_file():
        return f"not installed: {(place / REASON).read_text().strip()}"
    if (place / STAMP).is_file():
        return "not installed: its requirements have changed; run `python -m benchmarks.peers`"
    return "not installed: run `python -m benchmarks.peers`"


def make(environment: str) -> str | None:
    """Make an environment anew and install its requirements; returns why it could not, or None.

    Options that pip takes as environment variables (PIP_INDEX_URL, PIP_FIND_LINKS, ...) are honoured.
    """
    place, listed = folder() / environment, REQUIREMENTS / f"{environment}.txt"
    venv.create(place, clear=True, with_pip=True)
    for options, wanted in ((["-r", str(listed)], True), (["--no-deps", "-r", str(listed) + ".nodeps"], False)):
        if not wanted and not Path(options[-1]).is_file():
            continue
        command = [
            str(python_of(environment)),
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            *options,
        ]
        done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
        if done.returncode:
            lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or ["pip failed"]
            (place / REASON).write_text(lines[-1].removeprefix("ERROR: ")[:200] + "\n")
            return (place / REASON).read_text().strip()
    (place / STAMP).write_text(_digest(environment) + "\n")
    return None


def _digest(environment: str) -> str:
    """Of the requirements of an environment."""
    texts = [path.read_bytes() for path in sorted(REQUIREMENTS.glob(f"{environment}.txt*"))]
    return hashlib.sha256(b"\0".join(texts)).hexdigest()
