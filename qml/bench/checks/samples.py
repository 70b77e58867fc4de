"""Samples that lie in both splits, and a test file that is the training file, seen in the rows themselves."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import numpy as np

from qml.base.errors import DataError
from qml.bench.finding import Finding
from qml.data.duplicates import row_keys

MANY = 0.05  # share of test rows that lie in training from which scores are no longer of unseen rows


def sample_findings(train_ND: np.ndarray, test_ND: np.ndarray) -> tuple[Finding, ...]:
    """What the rows of two splits say of each other; inputs only, so that a changed label hides nothing.

    Args:
        train_ND: inputs of training `(N, ...)`.
        test_ND: inputs of test, rows of the same shape.

    Raises:
        DataError: a split has no rows, or rows of another shape.

    Example:
        >>> rows = np.arange(12.0).reshape(6, 2)
        >>> [finding.title for finding in sample_findings(rows, rows[::-1])]
        ['The test rows are the training rows']
    """
    if not len(train_ND) or not len(test_ND) or train_ND.shape[1:] != test_ND.shape[1:]:
        raise DataError(
            f"Two splits of equal columns were to be compared; training is {train_ND.shape}, test {test_ND.shape}. "
            "Name the two files of one data set."
        )
    train_ND, test_ND = (rows.astype(np.result_type(train_ND, test_ND)) for rows in (train_ND, test_ND))
    train, test = row_keys(train_ND), row_keys(test_ND)
    if len(train) == len(test) and np.array_equal(np.sort(train), np.sort(test)):
        return (
            Finding(
                "severe",
                "The test rows are the training rows",
                "Both files hold the same rows, in whatever order.",
                f"{len(test)} of {len(test)} rows agree in every input",
                "Every test score of these files is a training score.",
            ),
        )
    found = []
    shared = int(np.isin(test, train).sum())
    if shared:
        found.append(
            Finding(
                "severe" if shared >= MANY * len(test) else "suspect",
                f"{shared} of {len(test)} test rows lie in training",
                "They equal a training row in every input.",
                f"first at test row {int(np.flatnonzero(np.isin(test, train))[0])}",
                "What was learnt by heart counts as generalisation on these rows; drop them from the test set.",
            )
        )
    for name, keys in (("training", train), ("test", test)):
        repeated = len(keys) - len(np.unique(keys))
        if repeated:
            text = "Rows drawn with replacement, or recorded twice."
            found.append(Finding("note", f"{repeated} of {len(keys)} {name} rows repeat an earlier one", text))
    return tuple(found) or (Finding("pass", "No test row lies in training", f"{len(test)} rows compared."),)


def read_samples(path: str | os.PathLike[str]) -> np.ndarray:
    """Inputs `(N, D)` of a CSV or Parquet file of numbers whose last column is the target.

    Of a CSV file a header is left out, and inputs are float64. A Parquet file (`.parquet`) may hold lists of equal
    length, such as embeddings; raw pixels and numbers come in the dtype that holds all of them.

    Raises:
        DataError: no such file, no rows, lines of different lengths, or a value that is no number.
        MissingExtraError: a Parquet file, and pyarrow is not installed.
    """
    path = Path(path)
    if not path.is_file():
        raise DataError(f"Samples were to be read from {path}; there is no such file. Check the path.")
    return _of_parquet(path) if path.suffix == ".parquet" else _of_csv(path)


def _of_csv(path: Path) -> np.ndarray:
    """Inputs of a CSV file."""
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            lines = [line for line in csv.reader(file, strict=True) if line]
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(
            f"{path} was to be a CSV file in UTF-8; reading it failed: {error}. Export it as CSV."
        ) from error
    body = lines[1:] if lines and not _are_numbers(lines[0][:-1]) else lines
    if not body or len({len(line) for line in body}) > 1 or len(body[0]) < 2:
        raise _no_rows(path)
    wrong = next((number for number, line in enumerate(body) if not _are_numbers(line[:-1])), None)
    if wrong is not None:
        raise DataError(f"Row {wrong} of {path} holds {body[wrong][:-1]}; inputs are numbers. Encode words first.")
    return np.array([[float(value) for value in line[:-1]] for line in body])


def _of_parquet(path: Path) -> np.ndarray:
    """Inputs of a Parquet file."""
    from qml.data.parquet import names_and_rows, read_columns

    names, rows = names_and_rows(path)
    if rows < 1 or len(names) < 2:
        raise _no_rows(path)
    columns = read_columns([path], dict.fromkeys(names[:-1], "raw"))
    parts = []
    for name, (values, _) in columns.items():
        if not isinstance(values, np.ndarray) or values.dtype.kind not in "fiub":
            kind = values.dtype if isinstance(values, np.ndarray) else "lists of different lengths"
            raise DataError(f"Column {name!r} of {path} holds {kind}; inputs are numbers. Encode words first.")
        parts.append(values.reshape(rows, -1))
    return np.concatenate(parts, axis=1)


def _no_rows(path: Path) -> DataError:
    return DataError(f"{path} was to hold rows of at least two equal columns, the last one the target; it does not.")


def _are_numbers(values: list[str]) -> bool:
    """Whether every value can be read as a number."""
    try:
        np.array(values, np.float64)
    except ValueError:
        return False
    return True
