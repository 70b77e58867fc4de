"""Unequal chances, and choices on the test set: trials, failures that dropped out, the best epoch of a test curve."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence

from qml.base.words import plural
from qml.bench.checks.evidence import examples, figure, rows_of
from qml.bench.finding import Finding, Level
from qml.bench.results_row import ResultRow, ResultTable

CERTAIN = 3  # curves of a table, all reported at the best epoch of their test curves, that leave no doubt
WORD = re.compile(r"[a-z]+")
OTHER_SPLITS = {"val", "valid", "validation", "dev", "development", "train", "training", "cv", "cross", "fold", "folds"}
OTHER_SPLITS |= {"inner", "not", "never", "no", "none", "without"}


def unequal_trials(table: ResultTable) -> Iterator[Finding]:
    """Arms that tried different numbers of settings on one data set; shown where they differ most."""
    by_data: dict[str, dict[str, int]] = defaultdict(dict)
    for row in table.rows:
        if row.trials is not None:
            counts = by_data[row.data]
            counts[row.arm] = max(row.trials, counts.get(row.arm, 0))
    unequal = {data: counts for data, counts in by_data.items() if len(set(counts.values())) > 1}
    if not unequal:
        return
    data = max(unequal, key=lambda name: max(unequal[name].values()) / max(1, min(unequal[name].values())))
    counts = unequal[data]
    order = sorted(counts, key=lambda arm: (counts[arm], arm))
    few, many = order[0], order[-1]
    yield Finding(
        "warn",
        f"Trials unequal between arms: {counts[few]} to {counts[many]}",
        f"On {data}, {few} tried {plural(counts[few], 'setting')}, {many} {counts[many]}; the numbers differ on "
        f"{len(unequal)} of {plural(len(by_data), 'data set')}.",
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
    """Rows that say themselves that something was chosen on the test split, alone or beside another one."""
    said = {row.number: _is_of_test(row.chosen_on) for row in table.rows}
    alone = [row for row in table.rows if said[row.number] == "severe"]
    beside = [row for row in table.rows if said[row.number] == "suspect"]
    if alone:
        yield Finding(
            "severe",
            f"{plural(len(alone), 'row')} chosen on the test split",
            "The table names the test split as the one on which the epoch or setting was chosen.",
            examples(alone, lambda row: f"says {row.chosen_on!r}"),
            "The score is the best of many looks at the test rows, not one at unseen data.",
            rows_of(alone),
        )
    if beside:
        yield Finding(
            "suspect",
            f"{plural(len(beside), 'row')} whose choice names the test split beside another one",
            "What was chosen on which split cannot be told from these words.",
            examples(beside, lambda row: f"says {row.chosen_on!r}"),
            "If the test rows had a part in the choice, the score is not one of unseen data.",
            rows_of(beside),
        )


def _is_of_test(words: str) -> Level | None:
    """How bad it is to have chosen on a split of these words: None where no word begins with "test".

    Example:
        >>> (
        ...     _is_of_test("test_acc"),
        ...     _is_of_test("validation, never test"),
        ...     _is_of_test("validation"),
        ...     _is_of_test("latest"),
        ... )
        ('severe', 'suspect', None, None)
    """
    found = WORD.findall(re.sub(r"([a-z])([A-Z])", r"\1 \2", words).lower())
    if not any(word.startswith("test") for word in found):
        return None
    return "severe" if OTHER_SPLITS.isdisjoint(found) else "suspect"


def best_of_test_curve(table: ResultTable) -> Iterator[Finding]:
    """Repetitions whose score is the best epoch of their test curve, though the last epoch is worse."""
    slack = table.rounding("test_curve") + max(table.rounding("test"), table.rounding("test_mean")) + 1e-9
    falling = [each for each in _curves(table) if max(each[2]) > each[2][-1]]
    found = [each for each in falling if _is_top(each[1], each[2], slack)]
    if found:
        shown = {row.number: (row, score, curve) for row, score, curve in reversed(found)}
        rows = [shown[number][0] for number in sorted(shown)]
        certain = len(found) == len(falling) and len(found) >= CERTAIN
        yield Finding(
            "severe" if certain else "suspect",
            f"{plural(len(rows), 'row')} reported at the best epoch of the test curve",
            f"{len(found)} of {plural(len(falling), 'curve')} that fall towards their end are reported at their top.",
            examples(
                rows,
                lambda row: (
                    f"reports {figure(shown[row.number][1])}; its last epoch has {figure(shown[row.number][2][-1])}"
                ),
            ),
            "An epoch chosen on the test rows makes the score too good by the height of the curve's noise.",
            rows_of(rows),
        )


def _is_top(score: float, curve: Sequence[float], slack: float) -> bool:
    """Whether a score is the top of its curve within rounding, and nearer to it than to its end."""
    return abs(score - max(curve)) <= slack and abs(score - max(curve)) < abs(score - curve[-1])


def _curves(table: ResultTable) -> Iterator[tuple[ResultRow, float, Sequence[float]]]:
    """Row, score and test curve of every repetition that has one of at least three epochs."""
    for row in table.rows:
        scores = row.test or (() if row.test_mean is None else (row.test_mean,))
        if len(scores) == len(row.test_curve):
            yield from (
                (row, score, curve) for score, curve in zip(scores, row.test_curve, strict=True) if len(curve) > 2
            )
