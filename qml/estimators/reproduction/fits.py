"""Published fits as a table: a model, its hyper-parameters, a data set, and what was published of it."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qml.base.errors import DataError
from qml.estimators.reproduction.claim import Claim

COLUMNS = ("arm", "model", "data", "settings", "learning_rate", "published", "corrected", "n_test")
COLUMNS += ("rule", "fit_s", "steps", "trained", "note", "source")


@dataclass(frozen=True)
class PublishedFit:
    """A model at published hyper-parameters on one data set, with what was published of it.

    Args:
        model: an entry of `qml.models.MODELS`.
        settings: hyper-parameters of the model.
        learning_rate: of Adam, for a model that learns by steps; None for one that is fitted at once.
        claim: the published scores, with the names of arm and data set.
    """

    model: str
    settings: Mapping[str, Any]
    learning_rate: float | None
    claim: Claim


def read_fits(path: str | Path) -> tuple[PublishedFit, ...]:
    """Published fits of a CSV file with the columns `COLUMNS`; settings and accuracies are JSON.

    Raises:
        DataError: the file is missing, lacks a column, or a cell cannot be read; the line is named.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise DataError(f"The table of published fits {path} cannot be read: {error.strerror}.") from error
    rows = csv.DictReader(text.splitlines())
    missing = [name for name in COLUMNS if name not in (rows.fieldnames or ())]
    if missing:
        raise DataError(f"{path} lacks the columns {', '.join(missing)}; it has {', '.join(rows.fieldnames or ())}.")
    return tuple(_read(row, f"{path}, line {number}") for number, row in enumerate(rows, 2))


def _read(row: Mapping[str, str], where: str) -> PublishedFit:
    """One row."""
    try:
        steps: Any = _numbers(row["steps"])
        rule: Any = row["rule"]
        claim = Claim(
            arm=row["arm"],
            data=row["data"],
            published=_numbers(row["published"]),
            n_test=int(row["n_test"]),
            rule=rule,
            corrected=_numbers(row["corrected"]),
            fit_s=float(row["fit_s"]) if row["fit_s"] else None,
            steps=(int(steps[0]), int(steps[1])) if steps else None,
            trained=row["trained"] == "1",
            note=row["note"],
            source=row["source"],
        )
        rate = float(row["learning_rate"]) if row["learning_rate"] else None
        return PublishedFit(row["model"], json.loads(row["settings"]), rate, claim)
    except (ValueError, TypeError, IndexError) as error:
        raise DataError(f"{where} is no published fit: {error}. Write numbers, and lists as JSON.") from error


def _numbers(text: str) -> tuple[float, ...]:
    """A JSON list of numbers; nothing is an empty one."""
    return tuple(float(number) for number in json.loads(text)) if text else ()
