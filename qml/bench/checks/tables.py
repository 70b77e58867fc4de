"""Every check of a result table in one tuple, and the order in which they look: copies first, the rest without them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from qml.base.words import plural
from qml.bench.checks.budgets import best_of_test_curve, chosen_on_test, failed_trials, unequal_trials
from qml.bench.checks.copies import copied_rows, listed_twice, shared_repetitions
from qml.bench.checks.grid import off_the_grid
from qml.bench.checks.moments import contradicting_moments
from qml.bench.checks.provenance import missing_provenance
from qml.bench.checks.repetitions import repeated_blocks, repeated_seeds, seeds_without_effect
from qml.bench.checks.training_scores import equal_to_training, perfect_against_selection
from qml.bench.finding import Finding, by_level
from qml.bench.results_row import ResultTable

TableCheck = Callable[[ResultTable], Iterable[Finding]]
COPIES: tuple[TableCheck, ...] = (listed_twice, copied_rows)
TABLE_CHECKS: tuple[TableCheck, ...] = (
    *COPIES,
    shared_repetitions,
    off_the_grid,
    contradicting_moments,
    equal_to_training,
    perfect_against_selection,
    repeated_seeds,
    repeated_blocks,
    seeds_without_effect,
    unequal_trials,
    failed_trials,
    chosen_on_test,
    best_of_test_curve,
    missing_provenance,
)


def table_findings(table: ResultTable, checks: Sequence[TableCheck] = TABLE_CHECKS) -> tuple[Finding, ...]:
    """What the checks find in a table, the worst first.

    Rows that copy other rows are found first and set aside, so that a fault of the original is told once.

    Args:
        table: what was read.
        checks: which of `TABLE_CHECKS`.

    Example:
        >>> from qml.bench.results_row import ResultRow
        >>> row = ResultRow(0, "a.csv:2", "svm", "wine", n_test=60, test=(0.975,))
        >>> [f.title for f in table_findings(ResultTable((row,), frozenset()), [off_the_grid])]
        ['1 row with a test score that no split of its size can give']
    """
    found = [finding for check in checks if check in COPIES for finding in check(table)]
    copies = {number for finding in found if finding.is_severe for number in finding.rows}
    left = table.without(copies)
    found += [finding for check in checks if check not in COPIES for finding in check(left)]
    if not any(row.test or row.test_mean is not None for row in table.rows):
        said = "No row holds a test score, so most checks had nothing to look at: is the right column mapped?"
        found.append(Finding("warn", f"No score was read in {plural(len(table.rows), 'row')}", said))
    elif not any(finding.is_severe for finding in found):
        title = f"Nothing severe in {plural(len(table.rows), 'row')}"
        found.append(Finding("pass", title, f"{plural(len(checks), 'check')} looked at every row."))
    return by_level(found)
