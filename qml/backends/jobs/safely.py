"""A call to a machine whose errors lose their keys on the way out."""

from __future__ import annotations

from types import TracebackType

from qml.base.redacting import redact_error


class Safely:
    """Whatever leaves the block as an error shows no key; it stays the same error.

    Example:
        >>> with Safely():
        ...     raise ValueError("Bearer abcdef123456 is refused")
        Traceback (most recent call last):
        ...
        ValueError: Bearer *** is refused
    """

    def __enter__(self) -> Safely:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None):
        if error is not None:
            redact_error(error)
