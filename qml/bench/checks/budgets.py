"""Unequal chances, and choices on the test set: trials, failures that dropped out, the best epoch of a test curve."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from qml.bench.checks.evidence import examples, figure, rows_of
from qml.bench.finding import Finding
from qml.bench.results_row import ResultRow, ResultTable
from qml.bench.scale import plural

CERTAIN = 3  # rows of a table, all reported at the best epoch of their test curves, that leave no doubt


def unequal_trials(table: ResultTable) -> Iterator[Finding]:
    """Arms that tried different numbers of settings."""
    by_arm: dict[str, set[int]] = defaultdict(set)
    for row in table.rows:
        if row.trials is not None:
            by_arm[row.arm].add(row.trials)
    counts = {arm: max(found) for arm, found in by_arm.items()}
    if len(set(counts.values())) < 2:
        return
    order = sorted(counts, key=lambda arm: (counts[arm], arm))
    few, many = order[0], order[-1]
    yield Finding(
        "warn",
        f"Trials unequal between arms: {counts[few]} to {counts[many]}",
        f"{few} tried {plural(counts[few], 'setting')}, {many} {counts[many]}.",
        ", ".join(f"{arm} {counts[arm]}" for arm in order),
        "The best of many trials is better by chance alone: arms with more trials are flattered, and a ranking of arms "
        "is one of budgets as well.",
    )


def failed_trials(table: ResultTable) -> Iterator[Finding]:
    """Settings that failed, and were left out of the choice rather than scored."""
    found = [row for row in table.rows if row.failed]
    if not found:
        return
    by_arm: dict[str, int] = defaultdict(int)
    for row in found:
        by_arm[row.arm] += row.failed or 0
    order = sorted(by_arm, key=lambda arm: (-by_arm[arm], arm))
    yield Finding(
        "warn",
        f"{plural(sum(by_arm.values()), 'failed trial')} of {plural(len(by_arm), 'arm')}",
        "A failed trial that drops out of the search costs its arm nothing.",
        ", ".join(f"{arm} {by_arm[arm]}" for arm in order),
        "Arms that are hard to train look as if they were not. Count a failure as a trial, scored as chance.",
        rows_of(found),
    )


def chosen_on_test(table: ResultTable) -> Iterator[Finding]:
    """Rows that say themselves that something was chosen on the test split."""
    found = [row for row in table.rows if row.chosen_on.strip().lower() == "test"]
    if found:
        yield Finding(
            "severe",
            f"{plural(len(found), 'row')} chosen on the test split",
            "The table names the test split as the one on which the epoch or setting was chosen.",
            examples(found, lambda row: "says so"),
            "The score is the best of many looks at the test rows, not one at unseen data.",
            rows_of(found),
        )


def best_of_test_curve(table: ResultTable) -> Iterator[Finding]:
    """Rows whose score is the best epoch of their test curve, though later epochs are worse."""
    curves = [row for row in table.rows if len(row.test_curve) > 2 and _reported(row) is not None]
    falling = [row for row in curves if max(row.test_curve) > row.test_curve[-1]]
    found = [row for row in falling if _reported(row) == max(row.test_curve)]
    if found:
        certain = len(found) == len(falling) and len(found) >= CERTAIN
        yield Finding(
            "severe" if certain else "suspect",
            f"{plural(len(found), 'row')} reported at the best epoch of the test curve",
            f"{len(found)} of {plural(len(falling), 'curve')} that fall towards their end are reported at their top.",
            examples(
                found,
                lambda row: f"reports {figure(max(row.test_curve))}; its last epoch has {figure(row.test_curve[-1])}",
            ),
            "An epoch chosen on the test rows makes the score too good by the height of the curve's noise.",
            rows_of(found),
        )


def _reported(row: ResultRow) -> float | None:
    """The one score that a row reports; None where it has several."""
    return row.test[0] if len(row.test) == 1 else row.test_mean if not row.test else None
