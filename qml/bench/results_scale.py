"""What the scores of a table are: accuracies or another metric, by the name of their column; shares or per cent."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from qml.base.errors import ConfigError, DataError
from qml.bench.results_row import SCORES, ResultTable

ACCURACY = "accuracy"
WORD = re.compile(r"[a-z]+\d*")
OTHERS = {"auc", "auroc", "auprc", "roc", "ap", "f1", "f2", "balanced", "macro", "precision", "recall", "kappa", "mcc"}
OTHERS |= {"r2", "mae", "mse", "rmse", "loss", "nll", "brier", "ece", "logloss", "error", "fidelity"}
LEVELS = tuple(name for name in SCORES if not name.endswith("_sd"))  # a spread is below 1 in per cent, too


def named_metric(columns: Sequence[str]) -> str | None:
    """Accuracy where the columns of the test scores are called so; None where their names say nothing.

    Args:
        columns: as the table calls them.

    Raises:
        ConfigError: a name says that they hold something else.

    Example:
        >>> named_metric(["test_acc_mean"]), named_metric(["score"])
        ('accuracy', None)
    """
    words = {column: WORD.findall(re.sub(r"([a-z])([A-Z])", r"\1 \2", column).lower()) for column in columns}
    for column, found in words.items():
        other = next((word for word in found if word in OTHERS), None)
        if other is not None:
            raise ConfigError(
                f"The test scores stand in the column {column!r}, and would be read as accuracies. Say what they are: "
                f"metric={other}, or metric={ACCURACY} if they are shares of right rows all the same."
            )
    return ACCURACY if any(word.startswith("acc") for found in words.values() for word in found) else None


def as_shares(table: ResultTable) -> ResultTable:
    """Accuracies in per cent as shares; a table of shares, or of another metric, as it is.

    Raises:
        ConfigError: test scores that are no accuracies.
        DataError: scores up to 1 and above it in one table.
    """
    tests = [value for row in table.rows for value in (*row.test, row.test_mean or 0.0)]
    if table.metric != ACCURACY:
        return table
    if tests and (max(tests) > 100.0 or min(tests) < 0.0):
        raise ConfigError(
            f"Scores from {min(tests):g} to {max(tests):g} were read as accuracies, which lie in 0..1 or 0..100 per "
            f"cent. Name another metric, such as metric=rmse, or other columns."
        )
    found = [(row, name, value) for row in table.rows for name in LEVELS for value in _numbers(getattr(row, name))]
    share = next((each for each in found if 0.0 < each[2] <= 1.0), None)
    cent = next((each for each in found if each[2] > 1.0), None)
    if cent is None:
        return table
    if share is not None:
        shown = ", ".join(f"{row.place} has {name} {value:g}" for row, name, value in (cent, share))
        raise DataError(
            f"Accuracies are shares up to 1 or per cent above it; this table mixes the two: {shown}. Write all of them "
            "as shares, or name another metric."
        )
    rows = tuple(replace(row, **{name: _hundredth(getattr(row, name)) for name in SCORES}) for row in table.rows)
    decimals = {name: digits + 2 * (name in SCORES) for name, digits in table.decimals.items()}
    return replace(table, rows=rows, decimals=decimals)


def _numbers(value: Any) -> Iterator[float]:
    """The numbers of a field, however nested."""
    if isinstance(value, tuple):
        for part in value:
            yield from _numbers(part)
    elif value is not None:
        yield value


def _hundredth(value: Any) -> Any:
    """A field in per cent as a share."""
    return tuple(map(_hundredth, value)) if isinstance(value, tuple) else None if value is None else value / 100
