"""A table of named members of one noun: registered is known, listed, tested, and offered when a name is misspelt."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping
from typing import Generic, TypeVar

from qml.base.errors import ConfigError

ALIKE = 0.6  # of 1: "smv" is as like to "svm" as that, "own" to "wine" is not
MANY, NEAREST = 12, 5
HELP = "python -m experiments.benchmark --help"  # lists what a configuration can name


def unknown(noun: str, name: object, known: list[str], *, listing: str = "") -> ConfigError:
    """The error for a name that is not in a table: it names the near one, and all known ones.

    Args:
        noun: what the name was to be.
        name: as it was given.
        known: members of the table.
        listing: words that list them all; with these, of very many only the nearest are named.

    Example:
        >>> print(unknown("circuit", "sell", ["iqp", "sel"]))
        circuit 'sell' is not known. Did you mean 'sel'? Known: iqp, sel.
    """
    known = list(dict.fromkeys(known))
    hint = meant(name, known)
    if listing and len(known) > MANY:
        nearest = ", ".join(difflib.get_close_matches(str(name), known, n=NEAREST, cutoff=0.0))
        hint += f"The nearest of {len(known)}: {nearest}. All are listed by `{listing}`."
        return ConfigError(f"{noun} {name!r} is not known. {hint}")
    return ConfigError(f"{noun} {name!r} is not known. {hint}Known: {', '.join(sorted(known))}.")


def meant(name: object, known: list[str]) -> str:
    """The question whether a near name was meant, with a space behind it; nothing where none is near.

    Example:
        >>> meant("sell", ["iqp", "sel"]), meant("wine", ["own"])
        ("Did you mean 'sel'? ", '')
    """
    begun = [member for member in known if name and member.startswith(str(name))]
    near = difflib.get_close_matches(str(name), known, n=1, cutoff=ALIKE) or (begun if len(begun) == 1 else [])
    return f"Did you mean {near[0]!r}? " if near else ""


T = TypeVar("T")


class Registry(Mapping[str, T], Generic[T]):
    """Members of one noun by name.

    Args:
        noun: what they are.
        group: of entry points through which other packages add members; they are looked for when a member is first
            asked for, and imported when they are first called. See `qml.base.plugins`.

    Example:
        >>> shapes: Registry[int] = Registry("shape")
        >>> shapes.add("square", 4)
        4
        >>> shapes["square"]
        4
    """

    def __init__(self, noun: str, group: str = ""):
        self.noun = noun
        self.group = group
        self._members: dict[str, T] = {}
        self._opened = not group

    def add(self, name: str, member: T) -> T:
        """Enter `member` under `name`; a name is taken once."""
        if name in self._members:
            raise ConfigError(f"{self.noun} {name!r} is registered already. Choose another name.")
        self._members[name] = member
        return member

    def register(self, name: str) -> Callable[[T], T]:
        """Decorator form of `add`."""
        return lambda member: self.add(name, member)

    def __getitem__(self, name: str) -> T:
        members = self._all(name)
        if name not in members:
            raise unknown(self.noun, name, list(members))
        return members[name]

    def get(self, name, default=None):
        """The member called `name`, or `default`; the only look-up that does not raise."""
        return self._all(name).get(name, default)

    def __contains__(self, name: object) -> bool:
        return name in self._all(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())

    def _all(self, name: object = None) -> dict[str, T]:
        """All members, those of other packages too, unless `name` is one of our own."""
        if not self._opened and name not in self._members:
            from qml.base.plugins import plugged

            self._opened = True
            for found in plugged(self.group, self._members):
                self._members[found.name] = found  # pyright: ignore[reportArgumentType]
        return self._members
