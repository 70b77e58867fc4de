"""Where a number comes from: versions, machine, revision of the code, command line and time."""

from __future__ import annotations

import datetime
import functools
import importlib.metadata
import platform
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from qml.base.threads import available_cores, default_threads

PACKAGES = ("qml-hybrid", "numpy", "scipy", "numba", "scikit-learn", "torch", "jax", "pennylane", "qiskit")


def provenance(command: Sequence[str] = ()) -> dict[str, Any]:
    """Versions, machine, code revision, command line and the moment, as plain data.

    Args:
        command: words that run the same again; by default those that started this process.

    Example:
        >>> sorted(provenance())
        ['command', 'cores', 'machine', 'python', 'revision', 'threads', 'time', 'versions']
    """
    return {
        "versions": versions(),
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
        "cores": available_cores(),
        "threads": default_threads(),
        "revision": revision(),
        "command": list(command) or ["python", *sys.orig_argv[1:]],
        "time": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }


@functools.cache
def versions() -> dict[str, str]:
    """Versions of the installed packages that can change a number; nothing is imported."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


@functools.cache
def revision() -> str | None:
    """Git commit of the code, with "+changes" for a changed tree; None where it lies in no checkout of its own.

    An installed package may lie inside a repository of yours, whose commit says nothing of this code.
    """
    folder = Path(__file__).resolve().parents[2]
    if not is_checkout(folder):
        return None
    commit = _git(folder, "rev-parse", "HEAD")
    if commit is None:
        return None
    return commit + ("+changes" if _git(folder, "status", "--porcelain", "--untracked-files=no") else "")


def is_checkout(folder: Path) -> bool:
    """Whether `folder` is the root of a repository of this very project."""
    try:
        project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8")).get("project", {})
    except (OSError, ValueError):  # absent, unreadable, or no TOML
        return False
    root = _git(folder, "rev-parse", "--show-toplevel") if project.get("name") == PACKAGES[0] else None
    return root is not None and Path(root).resolve() == folder


def _git(folder: Path, *words: str) -> str | None:
    command = ["git", "--no-optional-locks", "-C", str(folder), *words]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    except (FileNotFoundError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
