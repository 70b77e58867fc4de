"""An audit as text for a terminal, as Markdown and as JSON; each says the same."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from qml.base.files import replacing, write_json
from qml.base.words import plural
from qml.bench.finding import LEVELS, Finding
from qml.bench.report.markdown import plain
from qml.bench.scale import listed

SEVERE_STATUS = 2  # 1 is that of any entry that could not do its work
WIDTH = 100
NOUNS = {
    "severe": ("severe finding", None),
    "fail": ("failure", None),
    "suspect": ("suspect finding", None),
    "warn": ("warning", None),
    "note": ("note", None),
    "pass": ("check passed", "checks passed"),
}


@dataclass(frozen=True)
class AuditSection:
    """The findings about one table, one protocol of a store, or one pair of data files.

    Args:
        subject: what was looked at, in a few words.
        findings: the worst first.
        labels: number of a row -> where it stands and what it is about.
    """

    subject: str
    findings: tuple[Finding, ...]
    labels: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class AuditOutcome:
    """What an audit found.

    Args:
        path: what was asked about.
        sections: findings by subject.
        files: where they were written.

    Example:
        >>> section = AuditSection(
        ...     "a.csv", (Finding("severe", "One row twice", rows=(3,)),), {3: "a.csv:5 (svm, wine)"}
        ... )
        >>> outcome = AuditOutcome("a.csv", (section,))
        >>> outcome.status, outcome.headline
        (2, '1 severe finding')
    """

    path: str
    sections: tuple[AuditSection, ...]
    files: tuple[Path, ...] = ()

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Those of all sections."""
        return tuple(finding for section in self.sections for finding in section.findings)

    @property
    def status(self) -> int:
        """Exit status: 2 where a finding is severe or a failure, else 0."""
        return SEVERE_STATUS if any(finding.is_severe for finding in self.findings) else 0

    @property
    def headline(self) -> str:
        """How many findings of each level there are."""
        counts = Counter(finding.level for finding in self.findings)
        return listed([plural(counts[level], *NOUNS[level]) for level in LEVELS if counts[level]]) or "no findings"

    def __str__(self) -> str:
        parts = [f"Audit of {self.path}: {self.headline}."]
        for section in self.sections:
            parts += [f"\n{section.subject}"] + [_lines(section, finding) for finding in section.findings]
        parts += ["", *map(str, self.files)] if self.files else []
        return "\n".join(parts)

    def markdown(self) -> str:
        """The audit as a Markdown page."""
        parts = [f"# Audit of {plain(self.path)}", f"**{self.headline}**"]
        for section in self.sections:
            parts += [f"## {plain(section.subject)}"] + [_markdown(section, finding) for finding in section.findings]
        return "\n\n".join(parts) + "\n"

    def to_json(self) -> dict[str, Any]:
        """Plain data with every row of every finding."""
        return {
            "path": self.path,
            "status": self.status,
            "sections": [
                {
                    "subject": section.subject,
                    "findings": [
                        {**finding.to_json(), "places": [section.labels.get(row, "") for row in finding.rows]}
                        for finding in section.findings
                    ],
                }
                for section in self.sections
            ],
        }

    def write(self, folder: Path) -> tuple[Path, ...]:
        """Write `audit.md` and `audit.json`."""
        paths = (folder / "audit.md", folder / "audit.json")
        with replacing(paths[0]) as temporary:
            temporary.write_text(self.markdown(), encoding="utf-8")
        write_json(paths[1], self.to_json())
        return paths


def ranges(numbers: Sequence[int]) -> str:
    """Ascending numbers, runs as "from-to".

    Example:
        >>> ranges([3, 4, 5, 9])
        '3-5, 9'
    """
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ", ".join(str(low) if low == high else f"{low}-{high}" for low, high in runs)


def places(found: Sequence[str]) -> str:
    """Files with their lines, as the evidence names them.

    Example:
        >>> places(["a.csv:2", "a.csv:3", "a.csv:7", "b.csv:2"])
        'a.csv:2-3, 7; b.csv:2'
    """
    lines: dict[str, list[int]] = {}
    for place in found:
        file, _, line = place.rpartition(":")
        if not file or not line.isdigit():
            return ", ".join(found)
        lines.setdefault(file, []).append(int(line))
    return "; ".join(f"{file}:{ranges(sorted(numbers))}" for file, numbers in lines.items())


def _details(section: AuditSection, finding: Finding) -> list[tuple[str, str]]:
    """What stands below the title, as heads and their words."""
    where = places([section.labels.get(row, str(row)).partition(" (")[0] for row in finding.rows])
    rows = f"{plural(len(finding.rows), 'row')}: {where}" if finding.rows and section.labels else ""
    pairs = (("", finding.text), ("Evidence", finding.evidence), ("Effect", finding.consequence), ("Where", rows))
    return [(head, text) for head, text in pairs if text]


def _lines(section: AuditSection, finding: Finding) -> str:
    """One finding for a terminal."""
    lines = [f"  {finding.level:<8}{finding.title}"]
    for head, text in _details(section, finding):
        said = textwrap.shorten(text, 400, placeholder=" ...") if head == "Where" else text
        lines += textwrap.wrap(
            f"{head}: {said}" if head else said, WIDTH, initial_indent=" " * 10, subsequent_indent=" " * 10
        )
    return "\n".join(lines)


def _markdown(section: AuditSection, finding: Finding) -> str:
    """One finding as a list item with its details below it."""
    lines = [f"- {finding.level}: **{plain(finding.title)}**"]
    lines += [f"  - {head + ': ' if head else ''}{plain(text)}" for head, text in _details(section, finding)]
    return "\n".join(lines)
