"""Failed seeds in words, where several comparisons stand in one answer: a score that they feed must not hide them."""

from __future__ import annotations

from collections.abc import Iterable

from qml.base.words import plural
from qml.bench.scale import listed
from qml.bench.summary import Summary


def failures(found: Iterable[tuple[str, Summary]]) -> str:
    """Who failed in every trial of some seeds, which count as a constant answer; "" where nobody did.

    Args:
        found: (where in words, such as "at 300 rows", the comparison there).
    """
    named = [
        f"{arm.title} {where} ({plural(len(arm.at_chance), 'seed')})"
        for where, summary in found
        for arm in summary.ranked
        if arm.at_chance
    ]
    return f"Every trial failed for {listed(named)}, counted as a constant answer." if named else ""
