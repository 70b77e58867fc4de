"""What a check of data found, as a value: how bad, what, how many rows, which ones, and what to do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Level = Literal["severe", "suspect", "warn", "note", "pass"]
LEVELS: tuple[Level, ...] = ("severe", "suspect", "warn", "note", "pass")


@dataclass(frozen=True)
class Finding:
    """One fault of a data set, or what was looked for and not found.

    | level | means | refused by `data.gate=strict` |
    |---|---|---|
    | severe | a score on these parts is not what it is called | yes |
    | suspect | likely a fault; look before you believe a score | no |
    | warn | a weakness: read a score with it in mind | no |
    | note | a fact to know | no |
    | pass | looked for, and not found | no |

    Args:
        check: name of the check in `qml.data.quality.CHECKS`.
        level: one of the above.
        title: what was found, in a few words.
        text: what was found, in a sentence or two.
        counts: what was counted -> the number.
        remedy: what to do about it.
        columns: that it is about.
        rows: numbers in the table of the rows that it is about, ascending, the first few hundred.
        examples: some of them as text.
        pairs: numbers of two rows that belong together, such as a copy and its original.
        part: that differs from training; "" where a finding is of no such part.

    Example:
        >>> Finding("missing", "warn", "2 values are missing", counts={"missing": 2}).is_severe
        False
    """

    check: str
    level: Level
    title: str
    text: str = ""
    counts: Mapping[str, float] = field(default_factory=dict)
    remedy: str = ""
    columns: tuple[str, ...] = ()
    rows: tuple[int, ...] = ()
    examples: tuple[str, ...] = ()
    pairs: tuple[tuple[int, int], ...] = ()
    part: str = ""

    @property
    def is_severe(self) -> bool:
        """Whether no score should rest on these parts."""
        return self.level == "severe"

    @property
    def words(self) -> str:
        """Text and remedy as one paragraph."""
        return " ".join(part for part in (self.text, self.remedy) if part)

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        plain = asdict(self)
        return {key: list(value) if isinstance(value, tuple) else value for key, value in plain.items()}


def by_level(found: Iterable[Finding]) -> tuple[Finding, ...]:
    """The worst first; those of one level as they came.

    Example:
        >>> found = [Finding("order", "note", "a"), Finding("copies", "severe", "b")]
        >>> [finding.level for finding in by_level(found)]
        ['severe', 'note']
    """
    return tuple(sorted(found, key=lambda finding: LEVELS.index(finding.level)))
