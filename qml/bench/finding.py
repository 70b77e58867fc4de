"""One line of an audit as a value: how bad, what, the evidence, which rows, and what it does to the conclusion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

Level = Literal["severe", "fail", "suspect", "warn", "note", "pass"]
LEVELS: tuple[Level, ...] = ("severe", "fail", "suspect", "warn", "note", "pass")
SEVERE: tuple[Level, ...] = ("severe", "fail")


@dataclass(frozen=True)
class Finding:
    """A short title, the evidence, and what it does to the conclusion.

    | level | means | ends with a bad status |
    |---|---|---|
    | severe | numbers that cannot be what they are called, or count twice: no conclusion may rest on them | yes |
    | fail | a run that did not keep its own terms: failed cells, unequal trials, a champion below its floor | yes |
    | suspect | numbers that may be right and are too unlikely to pass unread | no |
    | warn | a weakness of the design: read the conclusion with it in mind | no |
    | note | a fact to know | no |
    | pass | looked for, and not found | no |

    Args:
        level: one of the above.
        title: what was found, in a few words.
        text: what was found, in a sentence.
        evidence: the numbers that show it; "" where `text` says them.
        consequence: what it does to a conclusion drawn from these numbers; "" where `text` says it.
        rows: numbers of the rows of a result table that it is about, ascending; empty for a whole table.

    Example:
        >>> Finding("severe", "One row", rows=(3,)).is_severe, Finding("suspect", "One row").is_severe
        (True, False)
    """

    level: Level
    title: str
    text: str = ""
    evidence: str = ""
    consequence: str = ""
    rows: tuple[int, ...] = ()

    @property
    def is_severe(self) -> bool:
        """Whether no conclusion may rest on it."""
        return self.level in SEVERE

    @property
    def words(self) -> str:
        """Text, evidence and consequence as one paragraph; "" where there are none."""
        parts = (part.rstrip(".") for part in (self.text, self.evidence, self.consequence) if part)
        return ". ".join(parts) + "." if self.evidence or self.consequence else self.text

    def to_json(self) -> dict[str, Any]:
        """Plain data from which `from_json` makes an equal finding."""
        return {**asdict(self), "rows": list(self.rows)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Finding:
        """The finding that `to_json` wrote."""
        return cls(**{**data, "rows": tuple(data.get("rows", ()))})


def by_level(found: list[Finding]) -> tuple[Finding, ...]:
    """The worst first; those of one level as they came.

    Example:
        >>> [f.level for f in by_level([Finding("note", "a"), Finding("severe", "b"), Finding("pass", "c")])]
        ['severe', 'note', 'pass']
    """
    return tuple(sorted(found, key=lambda finding: LEVELS.index(finding.level)))
