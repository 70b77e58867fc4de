"""Optional packages: one address each, and an error that names the pip line instead of a bare ImportError."""

from __future__ import annotations

import importlib
from types import ModuleType

from qml.base.errors import MissingExtraError


def require(module: str, extra: str, purpose: str) -> ModuleType:
    """Import `module`, or say what needs it and how to install it.

    Call it on the line above the plain `import` of a heavy package, so that types stay known and the
    error is clear.

    Raises:
        MissingExtraError: the package is not installed.

    Example:
        >>> require("math", extra="torch", purpose="an example").__name__
        'math'
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module.partition(".")[0]:
            raise
        raise MissingExtraError(
            f"{purpose} needs the package {module!r}, which is not installed. "
            f'Install it with: pip install "qml-hybrid[{extra}]"'
        ) from error
