"""Anyone's table of results: a CSV file, or a folder of them, with a column mapping becomes typed rows."""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from qml.base.errors import DataError
from qml.base.registry import unknown
from qml.bench.csv_lines import csv_files, csv_lines, shown
from qml.bench.results_presets import PRESETS
from qml.bench.results_released import read_released
from qml.bench.results_row import FIELDS, UNROUNDED, Kind, ResultRow, ResultTable
from qml.bench.results_scale import as_shares, named_metric
from qml.bench.scale import listed

NUMBER = re.compile(r"[-+]?\d+(?:\.(\d*))?(e[-+]?\d+)?", re.IGNORECASE)
ABSENT = {"", "nan", "na", "n/a", "none", "null", "-"}
GAP = " / "
PLAIN, RELEASED = "plain", "bowles_released"


def read_results(
    path: str | os.PathLike[str],
    preset: str | None = None,
    columns: Mapping[str, Any] | None = None,
    metric: str | None = None,
) -> ResultTable:
    """Read a table of results; only the columns of the mapping are looked at.

    A row is one arm on one data set. Repetitions stand in one cell ("[0.85, 0.9]"), or on lines of their own, told
    apart by a column `seed`. Accuracies above 1 are taken as per cent.

    Args:
        path: a CSV file with a header, or a folder whose CSV files are one table, in the order of their paths.
        preset: a layout of `PRESETS`; "plain" where left out.
        columns: field -> column, or a list of columns that are joined; they go before those of the preset. An empty
            list leaves a field out.
        metric: what the scores are, where not as the preset says; by default accuracies.

    Raises:
        ConfigError: an unknown preset or field; or the column of the scores is called as another metric than accuracy,
            and `metric` says nothing.
        DataError: no such file, no CSV, no rows, a column that is not there, a value that is no number; accuracies in
            shares and in per cent.

    Example:
        ```python
        table = read_results("results.csv", columns={"arm": "model", "data": "dataset", "test": "accs"})
        print(len(table.rows), table.rows[0].test)
        ```
    """
    if preset == RELEASED:
        return read_released(Path(path))
    chosen = PRESETS.get(preset or PLAIN)
    if chosen is None:
        raise unknown("preset of result tables", preset, list(PRESETS))
    given = _mapping(columns or {})
    wanted = {name: several for name, several in {**_mapping(chosen.columns), **given}.items() if several}
    lines = [(file, *csv_lines(file)) for file in csv_files(Path(path))]
    if chosen is PRESETS[PLAIN]:
        heads = [head for _, head, _ in lines]
        wanted |= {name: (name,) for name in FIELDS if name not in given and all(name in head for head in heads)}
    for file, head, _ in lines:
        _check_columns(file, head, wanted)
    _check_whole(lines[0][0], lines[0][1], wanted)
    cells = [(f"{shown(file, Path(path))}:{number}", line) for file, _, body in lines for number, line in body]
    if not cells:
        raise DataError(f"{path} has a header and no row below it; a table of results has one row a result.")
    digits = _written(cells, wanted)
    scores = [column for name in ("test", "test_mean") for column in wanted.get(name, ())]
    said = metric or (named_metric(scores) if chosen is PRESETS[PLAIN] else chosen.metric)
    table = ResultTable(
        tuple(_rows(cells, wanted)),
        frozenset(wanted),
        {name: max(found) for name, found in digits.items() if found},
        said or chosen.metric,
        tuple(str(file) for file, _, _ in lines),
        mixed=frozenset(name for name, found in digits.items() if len(found) > 1),
        assumed=said is None,
    )
    return as_shares(table)


def _mapping(columns: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Field -> its columns, with fields checked; none for a field that is to be left out."""
    for name in columns:
        if name not in FIELDS:
            raise unknown("field of a result table", name, list(FIELDS))
    return {name: _several(value) for name, value in columns.items() if value is not None}


def _check_columns(file: Path, head: Sequence[str], wanted: Mapping[str, tuple[str, ...]]) -> None:
    """Refuse a file without one of the columns of the mapping."""
    missing = [(name, column) for name, several in wanted.items() for column in several if column not in head]
    if missing:
        said = ", ".join(f"{column!r} (for {name})" for name, column in missing)
        raise DataError(
            f"{file} lacks {said}; it has {', '.join(map(repr, head))}. Say which column it is: "
            f"columns.{missing[0][0]}=COLUMN, or columns.{missing[0][0]}=[] to leave it out."
        )


def _check_whole(file: Path, head: Sequence[str], wanted: Mapping[str, tuple[str, ...]]) -> None:
    """Refuse a mapping that does not say who scored what on which data."""
    lacking = [name for name in ("arm", "data") if name not in wanted]
    lacking += [] if {"test", "test_mean"} & set(wanted) else ["test"]
    if lacking:
        raise DataError(
            f"A table of results says at least arm, data and test (or test_mean); which column is {listed(lacking)}? "
            f"{file} has {', '.join(map(repr, head))}. Say it, such as columns.{lacking[0]}=COLUMN, or name a preset: "
            f"{', '.join(PRESETS)}."
        )


def _several(value: str | Iterable[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(map(str, value))


def _text(line: Mapping[str, str], columns: tuple[str, ...]) -> str:
    return GAP.join(line[column].strip() for column in columns)


def _rows(cells: Sequence[tuple[str, Mapping[str, str]]], wanted: Mapping[str, tuple[str, ...]]) -> list[ResultRow]:
    """Every line as a row; lines that differ in their seed alone as one."""
    rows = [_row(index, place, line, wanted) for index, (place, line) in enumerate(cells)]
    return _joined(rows, [_text(line, wanted["seed"]) for _, line in cells]) if "seed" in wanted else rows


def _row(index: int, place: str, line: Mapping[str, str], wanted: Mapping[str, Any]) -> ResultRow:
    """One line as a row."""
    values: dict[str, Any] = {}
    for name, several in wanted.items():
        text, kind = _text(line, several), FIELDS[name]
        if name == "seed":
            continue
        try:
            values[name] = text if kind == "text" else _value(kind, text)
        except (ValueError, TypeError) as error:
            what = {"numbers": "a list of numbers", "count": "a whole number"}.get(kind, "a number")
            raise DataError(
                f"{place}, column {GAP.join(several)!r}, holds {text!r}; {name} is {what}. Correct it, or leave the "
                f"column out: columns.{name}=[]."
            ) from error
    if not values["arm"] or not values["data"]:
        raise DataError(f"{place} does not say whose result it is, or on which data. Fill it in, or drop the line.")
    if values.get("test_curve"):
        values["test_curve"] = (values["test_curve"],)
    return ResultRow(index, place, **values)


def _value(kind: Kind, text: str) -> Any:
    """A cell as a number, a count or a tuple of numbers; nothing where it is empty.

    Raises:
        ValueError, TypeError: it is none.
    """
    if text.lower() in ABSENT:
        return () if kind == "numbers" else None
    if kind == "numbers":
        parts = json.loads(text.replace("nan", "NaN")) if text.startswith("[") else re.split(r"[;,\s]+", text)
        numbers = (float(part) for part in (parts if isinstance(parts, list) else [parts]))
        return tuple(number for number in numbers if math.isfinite(number))
    number = float(text)
    if kind == "count" and (not number.is_integer() or number < 0):
        raise ValueError(text)
    return int(number) if kind == "count" else number if math.isfinite(number) else None


def _written(cells: Sequence[tuple[str, Mapping[str, str]]], wanted: Mapping[str, tuple[str, ...]]) -> dict[str, set]:
    """The digits of every field of numbers; a mean of one repetition a line becomes one of the row's scores."""
    digits = {name: _digits(cells, several) for name, several in wanted.items() if FIELDS[name] != "text"}
    if "seed" in wanted:
        digits |= {name: digits.get(name, set()) | digits.get(f"{name}_mean", set()) for name in ("test", "train")}
    return digits


def _digits(cells: Iterable[tuple[str, Mapping[str, str]]], columns: tuple[str, ...]) -> set[int]:
    """To how many digits after the point the numbers of a column are written."""
    written = (NUMBER.findall(_text(line, columns)) for _, line in cells)
    return {UNROUNDED if exponent else min(len(digits), UNROUNDED) for found in written for digits, exponent in found}


def _joined(rows: Sequence[ResultRow], seeds: Sequence[str]) -> list[ResultRow]:
    """Rows with one repetition a line as one row an arm and data set; figures of a single line become lists."""
    groups: dict[tuple[str, str, str], list[tuple[str, ResultRow]]] = {}
    for seed, row in zip(seeds, rows, strict=True):
        groups.setdefault(row.names, []).append((seed, row))
    joined = []
    for number, group in enumerate(groups.values()):
        first = group[0][1]
        tests = [row.test or ((row.test_mean,) if row.test_mean is not None else ()) for _, row in group]
        trains = [row.train or ((row.train_mean,) if row.train_mean is not None else ()) for _, row in group]
        curves = [
            row.test_curve if len(row.test_curve) == len(scores) else ((),) * len(scores)
            for (_, row), scores in zip(group, tests, strict=True)
        ]
        joined.append(
            replace(
                first,
                number=number,
                test=tuple(value for values in tests for value in values),
                train=tuple(value for values in trains for value in values),
                test_mean=None,
                train_mean=None,
                test_curve=tuple(curve for several in curves for curve in several),
                seeds=tuple(seed for seed, _ in group),
            )
        )
    return joined
