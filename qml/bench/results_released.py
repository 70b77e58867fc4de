"""The released files of Bowles, Ahmed and Schuld (arXiv:2403.07059): three CSV files a model and data set."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from qml.base.errors import DataError
from qml.bench.csv_lines import csv_lines, shown
from qml.bench.results_row import ResultRow, ResultTable

SCORES_END = "_GridSearchCV-best-hyperparams-results.csv"
SETTINGS_END = "_GridSearchCV-best-hyperparams.csv"
GRID_END = "_GridSearchCV.csv"
SIZES = (  # folder of a data set begins with -> training rows, test rows; the paper's protocol, not in the files
    ("bars_and_stripes", 1000, 200),
    ("mnist_pca-", 250, 250),
    ("mnist", 11552, 1902),
    ("", 240, 60),
)
FIELDS = (
    "arm",
    "data",
    "n_train",
    "n_test",
    "train",
    "test",
    "selection",
    "selection_sd",
    "cost_s",
    "trials",
    "failed",
)


def read_released(folder: Path) -> ResultTable:
    """The table that the released files make; every number is written in full there.

    Scores of the five seeds are in `<data>/<model>/<model>_<variant>_GridSearchCV-best-hyperparams-results.csv`; the
    chosen setting and all grid points in the two files beside it, where they are.

    Args:
        folder: `paper/results` of the study's repository, or a folder inside it.

    Raises:
        DataError: no such files, or one of them lacks a column.
    """
    files = sorted(folder.rglob(f"*{SCORES_END}")) if folder.is_dir() else []
    if not files:
        raise DataError(f"{folder} has no file *{SCORES_END}. Name the folder paper/results of the released study.")
    rows = tuple(_row(number, file, folder) for number, file in enumerate(files))
    return ResultTable(rows, frozenset((*FIELDS, "settings")), files=tuple(map(str, files)))


def _row(number: int, file: Path, folder: Path) -> ResultRow:
    """One model on one data set."""
    model, data = file.parent.name, file.resolve().parent.parent.name
    stem = file.name.removesuffix(SCORES_END)
    n_train, n_test = next(sizes for begins, *sizes in SIZES if data.startswith(begins))
    lines = [line for _, line in _lines(file, ("train_acc", "test_acc"))]
    return ResultRow(
        number,
        shown(file, folder),
        model,
        f"{data} / {stem.removeprefix(f'{model}_')}",
        n_train=n_train,
        n_test=n_test,
        train=tuple(_number(line, "train_acc", file) for line in lines),
        test=tuple(_number(line, "test_acc", file) for line in lines),
        settings=_settings(file.with_name(f"{stem}{SETTINGS_END}")),
        **_grid(file.with_name(f"{stem}{GRID_END}")),
    )


def _settings(file: Path) -> str:
    """The chosen hyper-parameters as text; "" where the file is not there."""
    if not file.is_file():
        return ""
    pairs = {line["hyperparameter"]: line["best_value"] for _, line in _lines(file, ("hyperparameter", "best_value"))}
    return json.dumps(pairs, sort_keys=True)


def _grid(file: Path) -> dict[str, Any]:
    """Trials, failures and the best point of the search; nothing where the file is not there."""
    if not file.is_file():
        return {}
    lines = [line for _, line in _lines(file, ("mean_fit_time", "mean_test_score", "std_test_score"))]
    scored = [line for line in lines if math.isfinite(_number(line, "mean_test_score", file))]
    found: dict[str, Any] = {"trials": len(lines), "failed": len(lines) - len(scored)}
    if not scored:
        return found
    best = max(scored, key=lambda line: _number(line, "mean_test_score", file))
    said = {"selection": "mean_test_score", "selection_sd": "std_test_score", "cost_s": "mean_fit_time"}
    return found | {name: _number(best, column, file) for name, column in said.items()}


def _lines(file: Path, columns: tuple[str, ...]) -> list[tuple[int, dict[str, str]]]:
    """Lines of a file that has these columns."""
    head, body = csv_lines(file)
    missing = [name for name in columns if name not in head]
    if missing:
        raise DataError(f"{file} lacks the columns {', '.join(missing)}; it has {', '.join(head)}. Restore the file.")
    return body


def _number(line: Mapping[str, str], column: str, file: Path) -> float:
    """A value of a line; NaN where it is empty."""
    try:
        return float(line[column] or "nan")
    except ValueError as error:
        raise DataError(f"{file}, column {column!r}, holds {line[column]!r}; it is to be a number.") from error
