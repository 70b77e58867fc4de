"""How a check shows its evidence: a few rows in full, and how many more there are."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from qml.bench.results_row import ResultRow

SHOWN = 3


def rows_of(found: Sequence[ResultRow]) -> tuple[int, ...]:
    """Their numbers, ascending."""
    return tuple(sorted(row.number for row in found))


def examples(found: Sequence[ResultRow], say: Callable[[ResultRow], str], shown: int = SHOWN) -> str:
    """The first rows, each with what `say` says of it; then how many are left out.

    Example:
        >>> rows = [ResultRow(n, f"a.csv:{n}", "svm", f"set {n}") for n in range(5)]
        >>> examples(rows, lambda row: "is odd", shown=1)
        'a.csv:0 (svm, set 0) is odd; and 4 more'
    """
    said = [f"{row.place} ({row.label}) {say(row)}" for row in found[:shown]]
    more = [f"and {len(found) - shown} more"] if len(found) > shown else []
    return "; ".join([*said, *more])


def figure(value: float) -> str:
    """A number as a reader needs it: six digits after the point at most.

    Example:
        >>> figure(0.9708333333), figure(1.0)
        ('0.970833', '1')
    """
    return f"{value:.6f}".rstrip("0").rstrip(".")
