"""Test scores that are training scores: equal in every repetition, or perfect where selection promised far less."""

from __future__ import annotations

from collections.abc import Iterator

from qml.base.words import plural
from qml.bench.checks.evidence import examples, figure, rows_of
from qml.bench.finding import Finding
from qml.bench.results_row import ResultRow, ResultTable

CHANCE = 0.01


def equal_to_training(table: ResultTable) -> Iterator[Finding]:
    """Rows whose test scores equal the training scores, in repetitions that differ among themselves.

    One number that agrees may do so by chance or at a ceiling, and says nothing; several that differ do not.
    """
    found = [row for row in table.rows if _equal(row)]
    if found:
        yield Finding(
            "severe",
            f"{plural(len(found), 'row')} whose test scores equal the training scores",
            "Repetitions that differ from each other agree with those of training to the last digit.",
            examples(found, _shown),
            "The test split was not tested on: these rows say nothing of unseen data, and flatter learning by heart.",
            rows_of(found),
        )


def _equal(row: ResultRow) -> bool:
    """Whether test is train, in at least two different numbers."""
    if row.train and row.test:
        return row.train == row.test and len(set(row.test)) > 1
    spread = row.test_sd is not None and row.test_sd > 0 and row.test_sd == row.train_sd
    return spread and row.test_mean is not None and row.test_mean == row.train_mean


def _shown(row: ResultRow) -> str:
    if row.train and row.test:
        return f"has {', '.join(map(figure, row.test[:5]))} in both"
    return f"has {figure(row.test_mean or 0.0)} +- {figure(row.test_sd or 0.0)} in both"


def perfect_against_selection(table: ResultTable) -> Iterator[Finding]:
    """Rows with no error in training and test, though the best setting was wrong more often in selection.

    A model that is right with the share p that selection found is right on all N test rows with probability p ** N;
    the row is suspect where that is below one in a hundred.
    """
    if table.metric != "accuracy":
        return
    found = [row for row in table.rows if _is_perfect(row) and chance_of_perfection(row) < CHANCE]
    if found:
        yield Finding(
            "suspect",
            f"{plural(len(found), 'row')} without one error in training and test, against selection",
            "Training and test are perfect in every repetition, while the best setting was clearly worse in selection.",
            examples(
                found,
                lambda row: (
                    f"was right in {figure(row.selection or 0.0)} of selection; "
                    f"{row.n_test} of {row.n_test} test rows then have a chance of {chance_of_perfection(row):.1g}"
                ),
                4,
            ),
            "This is what testing on the training rows looks like. Test them again before they enter a comparison.",
            rows_of(found),
        )


def _is_perfect(row: ResultRow) -> bool:
    """Whether training and test are without an error in every repetition."""
    means = (min(row.train) if row.train else row.train_mean, min(row.test) if row.test else row.test_mean)
    return all(mean == 1.0 for mean in means)


def chance_of_perfection(row: ResultRow) -> float:
    """Probability that all test rows are right at the rate of selection; 1 where that is not known.

    Example:
        >>> chance_of_perfection(ResultRow(0, "a.csv:2", "svm", "wine", n_test=60, selection=0.5)) == 0.5**60
        True
    """
    return 1.0 if row.selection is None or not row.n_test else row.selection**row.n_test
