"""Several data sets under the same terms, as one frozen value with a hash of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

from qml.base.digest import digest
from qml.base.errors import ConfigError
from qml.base.registry import unknown
from qml.bench.protocol import Protocol

OF_THE_DATA = ("data", "split", "test", "validation", "rows", "source", "floors", "title")
"""Terms of a protocol that may follow from its data set; all others are the same throughout a suite."""
MOST_CONTRASTS = 5


@dataclass(frozen=True)
class Suite:
    """The terms of a comparison over several data sets, fixed before its first cell runs.

    Args:
        name: short name of the suite.
        protocols: one for each data set; they differ in `OF_THE_DATA` only.
        contrasts: pairs (arm, against) that the verdict is about, at most five; empty takes those of the protocols.
        level: of all contrasts together, under Holm's correction.
        title: heading of the report; not part of the hash.

    Raises:
        ConfigError: no protocol, a data set twice, a term that differs, or contrasts that cannot be meant.

    Example:
        >>> one = Protocol("fair", "wine", seeds=(0, 1))
        >>> suite = Suite("small", (one, replace(one, data="digits", rows=600)))
        >>> suite.data, len(suite.hash), suite.contrasts[0]
        (('wine', 'digits'), 32, ('hybrid', 'removed'))
    """

    name: str
    protocols: tuple[Protocol, ...]
    contrasts: tuple[tuple[str, str], ...] = ()
    level: float = 0.05
    title: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "protocols", tuple(self.protocols))
        _check(isinstance(self.name, str) and self.name.strip() != "", "name", self.name, "a word")
        _check(len(self.protocols) > 0, "protocols", self.protocols, "at least one protocol")
        twice = [name for name in self.data if self.data.count(name) > 1]
        _check(not twice, "data", twice[:1], "each data set once: it is the unit of analysis")
        first = self.protocols[0]
        for other in self.protocols[1:]:
            _check_alike(first, other)
        given = self.contrasts or first.contrasts
        _check(isinstance(given, (tuple, list)), "contrasts", given, "a list of pairs")
        _check(all(isinstance(pair, (tuple, list)) and len(pair) == 2 for pair in given), "contrasts", given, "pairs")
        found = tuple((arm, against) for arm, against in given)
        object.__setattr__(self, "contrasts", found)
        names = [name for pair in found for name in pair]
        _check(all(isinstance(name, str) and name for name in names), "contrasts", found, "pairs of names of arms")
        _check(all(a != b for a, b in found), "contrasts", found, "two different arms in each pair")
        _check(0 < len(found) <= MOST_CONTRASTS, "contrasts", found, f"between 1 and {MOST_CONTRASTS} pairs")
        _check(len(set(found)) == len(found), "contrasts", found, "each pair once")
        level = self.level
        _check(isinstance(level, float) and 0 < level < 1, "level", level, "a number between 0 and 1")

    @property
    def data(self) -> tuple[str, ...]:
        """Names of the data sets, in order."""
        return tuple(protocol.data for protocol in self.protocols)

    @property
    def rope(self) -> float:
        """Half width of "practically equal", the same on every data set."""
        return self.protocols[0].rope

    @property
    def rank(self) -> str:
        """The ranking metric, the same on every data set."""
        return self.protocols[0].rank

    @property
    def hash(self) -> str:
        """Digest of every term of every protocol, 32 hexadecimal digits; titles are not terms."""
        return digest(self)

    def protocol(self, data: str) -> Protocol:
        """The protocol of one data set.

        Raises:
            ConfigError: no such data set.
        """
        for found in self.protocols:
            if found.data == data:
                return found
        raise unknown(f"data set of suite {self.name!r}", data, list(self.data))

    @classmethod
    def over(cls, name: str, terms: Protocol, data: Sequence[Mapping[str, Any]], **more: Any) -> Suite:
        """The same terms on several data sets.

        Args:
            name: of the suite.
            terms: the protocol; what stands in `data` replaces its own.
            data: for each data set the terms that follow from it, such as `{"data": "wine", "rows": 100}`.
            more: `contrasts`, `level`, `title`.

        Raises:
            ConfigError: a key that is none of `OF_THE_DATA`.
        """
        for entry in data:
            for key in entry:
                if key not in OF_THE_DATA:
                    raise unknown(f"suite {name!r}: term that may follow from the data", key, list(OF_THE_DATA))
        return cls(name, tuple(replace(terms, **entry) for entry in data), **more)

    def to_json(self) -> dict[str, Any]:
        """Plain data from which `from_json` makes an equal Suite."""
        return {
            "name": self.name,
            "protocols": [protocol.to_json() for protocol in self.protocols],
            "contrasts": [list(pair) for pair in self.contrasts],
            "level": self.level,
            "title": self.title,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Suite:
        """The Suite that `to_json` wrote.

        Raises:
            ConfigError: a field is not known to this version, or a value cannot be meant.
        """
        known = [f.name for f in fields(cls)]
        for key in data:
            if key not in known:
                raise unknown("suite field", key, known)
        return cls(**{**data, "protocols": tuple(Protocol.from_json(item) for item in data["protocols"])})


def _check_alike(first: Protocol, other: Protocol) -> None:
    for term in fields(Protocol):
        if term.name in OF_THE_DATA or not term.compare:
            continue
        ours, theirs = getattr(first, term.name), getattr(other, term.name)
        if ours != theirs:
            raise ConfigError(
                f"A suite has the same terms on every data set; {term.name} is {ours!r} on {first.data!r} and "
                f"{theirs!r} on {other.data!r}. Make them equal, or compare in two suites."
            )


def _check(holds: bool, key: str, value: object, wanted: str) -> None:
    if not holds:
        raise ConfigError(f"Suite {key} is {value!r}; it must be {wanted}. Change `{key}` in the suite.")
