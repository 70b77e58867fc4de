"""Members that other packages add to our tables through entry points: found by name, imported when first called."""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from qml.base.errors import ConfigError

log = logging.getLogger(__name__)

# A package of others may fail to import in any way a program can; these families leave Ctrl-C and exit alone.
FAILURES = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    ImportError,
    LookupError,
    NameError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
)


@dataclass(frozen=True)
class Plugged:
    """A callable of another package.

    Args:
        name: by which it is asked for.
        entry: the `importlib.metadata.EntryPoint`.
    """

    name: str
    entry: Any

    def __call__(self, *args: Any, **options: Any) -> Any:
        """Import it and call it.

        Raises:
            ConfigError: it cannot be imported; the message names the entry point, its package and the reason.
        """
        try:
            maker = self.entry.load()
        except FAILURES as error:
            raise ConfigError(
                f"{self.name!r} is the entry point {self.entry.value!r} of {package_of(self.entry)} in the group "
                f"{self.entry.group!r}, which cannot be loaded: {type(error).__name__}: {error}. Mend or remove that "
                "package."
            ) from error
        return maker(*args, **options)


def plugged(group: str, taken: Collection[str]) -> list[Plugged]:
    """The entry points of `group`; one whose name is taken is left out, and said so at WARNING.

    Example:
        >>> plugged("qml.no_such_group", ())
        []
    """
    from importlib.metadata import entry_points

    found: dict[str, Plugged] = {}
    for entry in entry_points(group=group):
        if entry.name in taken or entry.name in found:
            log.warning("%s adds %r to %r, a name that is taken; it is left out.", package_of(entry), entry.name, group)
        else:
            found[entry.name] = Plugged(entry.name, entry)
    return list(found.values())


def package_of(entry: Any) -> str:
    """The package that an entry point belongs to, with its version."""
    return f"{entry.dist.name} {entry.dist.version}" if entry.dist is not None else "an unknown package"
