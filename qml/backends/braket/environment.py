"""The environment of its own that the SDK of Amazon Braket needs, for it and Hydra 1.3 want different parsers.

    python -m qml.backends.braket.environment [FOLDER]

makes it with the versions of `constraints.txt`, checks it with `pip check`, and prints the line that names it.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

from qml.backends.braket.interpreter import FOLDER, VARIABLE
from qml.base.errors import ConfigError

CONSTRAINTS = Path(__file__).with_name("constraints.txt")
WANTED = ("amazon-braket-sdk", "boto3", "numpy")


def made(folder: str | Path, *, base: str = sys.executable) -> Path:
    """Make the environment in `folder`, or bring one that is there to the pinned versions; its Python.

    Args:
        folder: made where it is absent.
        base: the Python that it is made with, 3.11 or newer.

    Raises:
        ConfigError: pip did not succeed; the message has the end of what it said.
    """
    folder = Path(folder).expanduser().absolute()
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not python.is_file():
        _run([base, "-m", "venv", str(folder)])
    pip = [str(python), "-m", "pip", "--disable-pip-version-check"]
    _run([*pip, "install", "--quiet", "-c", str(CONSTRAINTS), *WANTED])
    _run([*pip, "check"])
    return python


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        said = "\n".join((done.stdout + done.stderr).strip().splitlines()[-12:])
        raise ConfigError(f"`{' '.join(command)}` ended with {done.returncode}:\n{said}")


def main(words: list[str] | None = None) -> None:
    """Make the environment that the command line names."""
    about = (__doc__ or "").split("\n")[0]
    parser = argparse.ArgumentParser("python -m qml.backends.braket.environment", description=about)
    parser.add_argument("folder", nargs="?", default=FOLDER, help=f"where it is made (default: {FOLDER})")
    folder = parser.parse_args(words).folder
    python = made(folder)
    print(f"export {VARIABLE}={python}")


if __name__ == "__main__":
    main()
