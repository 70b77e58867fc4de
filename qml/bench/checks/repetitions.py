"""Repetitions that are fewer than they seem: a seed used twice, a block that returns, seeds that change nothing."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator, Sequence

from qml.base.words import plural
from qml.bench.checks.evidence import examples, figure, rows_of
from qml.bench.finding import Finding
from qml.bench.results_row import ResultRow, ResultTable
from qml.bench.scale import listed

CHANCE = 1e-4
SHORTEST = 3


def repeated_seeds(table: ResultTable) -> Iterator[Finding]:
    """Rows in which one seed is counted twice, also where it is written in two ways ("0" and "0.0")."""
    counts = {row.number: Counter(map(_seed, row.seeds)).most_common(1) for row in table.rows}
    found = [row for row in table.rows if counts[row.number] and counts[row.number][0][1] > 1]
    if found:
        yield Finding(
            "severe",
            f"{plural(len(found), 'row')} with a seed that is counted twice",
            "The same seed stands on several lines of one arm and data set.",
            examples(
                found,
                lambda row: "has seed {} {} times".format(*counts[row.number][0]),
            ),
            "Repetitions are fewer than they seem, so intervals are too narrow and tests too sure.",
            rows_of(found),
        )


def _seed(name: str) -> str:
    """A seed by its number, where it is one.

    Example:
        >>> _seed("00"), _seed("1.0"), _seed("first")
        ('0', '1', 'first')
    """
    try:
        return f"{float(name):.17g}"
    except ValueError:
        return name


def repeated_blocks(table: ResultTable) -> Iterator[Finding]:
    """Rows in which a run of repetitions returns, longer than chance allows."""
    found = {}
    for row in table.rows:
        alike = list(zip(row.test, row.train, strict=True)) if len(row.train) == len(row.test) else list(row.test)
        block = longest_block(alike)
        if block is not None:
            found[row.number] = block
    rows = [row for row in table.rows if row.number in found]
    if rows:
        yield Finding(
            "severe",
            f"{plural(len(rows), 'row')} with repetitions that are repeated",
            "A run of scores returns digit for digit later in the same row.",
            examples(
                rows,
                lambda row: "repeats {2} of {3}: from {0} and again from {1}".format(*found[row.number], len(row.test)),
            ),
            "The number of independent repetitions is smaller than stated, so intervals are too narrow.",
            rows_of(rows),
        )


def longest_block(scores: Sequence[Hashable]) -> tuple[int, int, int] | None:
    """Where the longest run of scores that returns begins, where it returns, and how long it is.

    Two positions agree by chance with the share q of equal pairs among the scores, so a run of length L is expected
    by chance n (n - 1) / 2 q ** L times in n scores; runs are told where that is below one in ten thousand.

    Example:
        >>> longest_block([0.81, 0.84, 0.79, 0.9, 0.86, 0.88, 0.8, 0.83] * 2 + [0.7, 0.71])
        (0, 8, 8)
        >>> longest_block([0.9, 0.8, 0.9, 0.8, 0.85]) is None
        True
    """
    n = len(scores)
    best = (0, 0, 0)
    for shift in range(1, n):
        length = 0
        for end in range(n - shift):
            length = length + 1 if scores[end] == scores[end + shift] and length < shift else 0
            if length > best[2]:
                best = (end - length + 1, end - length + 1 + shift, length)
    if best[2] < SHORTEST:
        return None
    kept = [*scores[: best[1]], *scores[best[1] + best[2] :]]  # chance is judged without the run that returned
    counts = Counter(kept).values()
    share = sum(count * count for count in counts) / len(kept) ** 2
    return best if n * (n - 1) / 2 * share ** best[2] < CHANCE else None


def seeds_without_effect(table: ResultTable) -> Iterator[Finding]:
    """Arms whose repetitions are all equal: in every row, or in rows of an arm that differs elsewhere."""
    rows_by_arm: dict[str, list[ResultRow]] = defaultdict(list)
    for row in table.rows:
        if len(row.test) > 2 and set(row.test) != {1.0} and row.train_mean != 1.0 and set(row.train) != {1.0}:
            rows_by_arm[row.arm].append(row)
    fixed = {arm for arm, rows in rows_by_arm.items() if all(is_constant(row) for row in rows)}
    if fixed:
        yield Finding(
            "note",
            f"Seeds change nothing for {listed(sorted(fixed))}",
            "Every repetition gives the same score, on every data set.",
            consequence="Right for an arm without chance. Its repetitions are one measurement: a spread of zero is no "
            "sign of certainty, and they must not be counted as independent runs.",
            rows=rows_of([row for arm in fixed for row in rows_by_arm[arm]]),
        )
    moved = {arm: rows for arm, rows in rows_by_arm.items() if arm not in fixed}
    stuck = [row for rows in moved.values() for row in rows if is_constant(row)]
    if stuck:
        yield Finding(
            "suspect",
            f"{plural(len(stuck), 'row')} in which seeds change nothing, of arms that differ elsewhere",
            "Training and test scores are the same in every repetition, and neither is perfect.",
            examples(stuck, lambda row: f"gives {figure(row.test[0])} {len(row.test)} times"),
            "Runs that ended in one answer for all rows, or one run written down several times.",
            rows_of(stuck),
        )


def is_constant(row: ResultRow) -> bool:
    """Whether all repetitions of a row have one test score, and one training score where that is told."""
    trained = len(set(row.train)) <= 1 if row.train else not row.train_sd
    return len(set(row.test)) == 1 and trained
