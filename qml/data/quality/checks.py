"""The registry of checks, and what running them gives."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from qml.base.registry import Registry
from qml.data.quality.examined import Examined
from qml.data.quality.finding import LEVELS, Finding, by_level
from qml.data.quality.limits import Limits

_logger = logging.getLogger(__name__)


def _always(examined: Examined) -> str:
    return ""


def without_classes(examined: Examined) -> str:
    """Why a check of classes does not fit a set, or ""."""
    return "" if examined.classes is not None else "the target is no class"


@dataclass(frozen=True)
class Check:
    """One question to a data set.

    Args:
        title: what is looked for, in a few words.
        run: gives the findings; none where the fault is not there.
        unfit: why the question does not fit a set, or "".
        slow: trains models or compares samples; not asked by the gate.
    """

    title: str
    run: Callable[[Examined, Limits], Iterable[Finding]]
    unfit: Callable[[Examined], str] = _always
    slow: bool = False


CHECKS: Registry[Check] = Registry("check")
"""Every check by name; `CHECKS.add("mine", Check(...))` adds your own."""


@dataclass(frozen=True, eq=False)
class Inspection:
    """What the checks found in one data set.

    Args:
        name: of the set.
        how: it was split.
        sizes: rows of each part.
        findings: the worst first; a check that found nothing has one of level "pass".
        skipped: check -> why it was not asked.
        limits: thresholds.
        seconds: check -> wall seconds.
        class_counts: part -> rows of each class.
        labels: names of the classes.
    """

    name: str
    how: str
    sizes: Mapping[str, int]
    findings: tuple[Finding, ...]
    skipped: Mapping[str, str]
    limits: Limits
    seconds: Mapping[str, float] = field(default_factory=dict)
    class_counts: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    labels: tuple[str, ...] = ()

    @property
    def severe(self) -> tuple[Finding, ...]:
        """The findings on which no score should rest."""
        return tuple(finding for finding in self.findings if finding.is_severe)

    def of(self, check: str) -> tuple[Finding, ...]:
        """The findings of one check, those that say "not found" left out."""
        return tuple(f for f in self.findings if f.check == check and f.level != "pass")

    @property
    def headline(self) -> str:
        """How many findings of each level there are."""
        counts = Counter(finding.level for finding in self.findings)
        said = ", ".join(f"{counts[level]} {level}" for level in LEVELS if counts[level])
        return said or "nothing was asked"

    def to_json(self) -> dict[str, Any]:
        """Plain data, without the seconds, so that equal data give an equal file."""
        return {
            "name": self.name,
            "split": self.how,
            "rows": dict(self.sizes),
            "class_counts": {part: list(counts) for part, counts in self.class_counts.items()},
            "labels": list(self.labels),
            "findings": [finding.to_json() for finding in self.findings],
            "skipped": dict(self.skipped),
            "limits": asdict(self.limits),
        }


def inspect_data(
    examined: Examined,
    checks: Sequence[str] | None = None,
    *,
    limits: Limits | None = None,
    slow: bool = True,
    progress: Callable[[str], None] | None = None,
) -> Inspection:
    """Ask a data set every question of the registry.

    Args:
        examined: table and parts.
        checks: names of `CHECKS`; None asks all.
        limits: thresholds.
        slow: whether to ask those, too, that train models or compare samples.
        progress: told the name of each check as it begins.

    Raises:
        ConfigError: an unknown check; the near name is given.

    Example:
        >>> from qml.data import open_table, split_table
        >>> table = open_table("wine")
        >>> inspection = inspect_data(Examined(table, split_table(table)), ["copies", "missing"])
        >>> inspection.severe, inspection.headline
        ((), '2 pass')
    """
    limits = limits or Limits()
    chosen = {name: CHECKS[name] for name in (CHECKS if checks is None else checks)}
    findings: list[Finding] = []
    skipped: dict[str, str] = {}
    seconds: dict[str, float] = {}
    for name, check in chosen.items():
        why = check.unfit(examined) or ("slow checks were not asked for" if check.slow and not slow else "")
        if why:
            skipped[name] = why
            continue
        if progress is not None:
            progress(name)
        begun = time.perf_counter()
        found = list(check.run(examined, limits))
        seconds[name] = time.perf_counter() - begun
        _logger.debug("%s: %s took %.2f s", examined.name, name, seconds[name])
        findings += found or [Finding(name, "pass", f"{check.title}: none found")]
    split = examined.split
    return Inspection(
        name=examined.name,
        how=split.how,
        sizes=split.sizes(),
        findings=by_level(findings),
        skipped=skipped,
        limits=limits,
        seconds=seconds,
        class_counts=_class_counts(examined),
        labels=examined.labels,
    )


def _class_counts(examined: Examined) -> dict[str, tuple[int, ...]]:
    """Rows of each class in each part."""
    classes, n_classes = examined.classes, len(examined.labels)
    if classes is None:
        return {}
    counted = {part: classes[rows] for part, rows in examined.split.parts.items()}
    return {
        part: tuple(np.bincount(found[found >= 0], minlength=n_classes).tolist()) for part, found in counted.items()
    }
