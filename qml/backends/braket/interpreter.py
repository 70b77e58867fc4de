"""Which Python has the SDK of Amazon Braket; `qml.backends.braket.environment` makes one."""

from __future__ import annotations

import os
from pathlib import Path

from qml.base.errors import ConfigError, MissingExtraError

VARIABLE = "QML_BRAKET_PYTHON"
FOLDER = ".venv-braket"


def braket_python(python: str | None = None) -> str:
    """The Python that has the SDK: the one that is named, else the one that the environment variable names.

    Args:
        python: its path; None takes `QML_BRAKET_PYTHON`.

    Raises:
        MissingExtraError: neither names one; the message has the lines to run.
        ConfigError: what is named is no file that can be run.

    Example:
        >>> import sys
        >>> braket_python(sys.executable) == sys.executable
        True
    """
    named = python or os.environ.get(VARIABLE)
    if not named:
        raise MissingExtraError(
            "Amazon Braket's SDK lives in an environment of its own, for it cannot be installed beside Hydra 1.3, and "
            f"none is named. Make it and name it:\n{_lines(FOLDER)}\nor hand in `python=` with its path."
        )
    path = Path(named).expanduser()
    if not path.is_file() or not os.access(path, os.X_OK):
        raise ConfigError(
            f"The Python of Amazon Braket's environment is named as {named!r}, which is no program. Make one:\n"
            f"{_lines(FOLDER)}"
        )
    return str(path)


def _lines(folder: str | Path) -> str:
    folder = Path(folder)
    shown = folder if folder.is_absolute() else f"$PWD/{folder}"
    return f"    python -m qml.backends.braket.environment {folder}\n    export {VARIABLE}={shown}/bin/python"
