"""A table of your own in one CSV or Parquet file, and what its columns are for."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from qml.base.digest import digest
from qml.base.errors import ConfigError, DataError
from qml.base.files import file_digest
from qml.base.registry import unknown
from qml.data.intake import check_finite, check_present, is_absent, one_a_row, table_columns, target_values
from qml.data.parquet import Read, read_all, write_columns
from qml.data.source import Column, Target
from qml.data.table import About, ColumnValues, Table

_logger = logging.getLogger(__name__)
MOST_WORDS = 1000
"""A column of more different words than this is taken for an id or for text, unless it is said to be a category."""
MOST_CLASSES = 100
"""A target of more different whole numbers than this needs a word on what it is."""


@dataclass(frozen=True)
class TableFile:
    r"""One file, and which of its columns is predicted, tells rows apart that belong together, or is no feature.

    Columns of numbers are features as they are, words and truth values are categories, and missing values stay for a
    transform to fill in. Rows without a target are left out and counted.

    Args:
        path: a `.csv` or `.parquet` file.
        target: column that is predicted. Words, truth values and whole numbers are classes, other numbers a number.
        task: "classes" or "number", where that is to be otherwise.
        groups: column whose equal values stay in one part of a split; no feature.
        time: column that orders the rows: the last ones test; no feature.
        drop: columns that are no features.
        categories: columns of numbers that are codes.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "shops.csv"
        >>> rows = "".join(f"{i},{'north' if i % 3 else 'south'},{'yes' if i % 2 else 'no'}\n" for i in range(40))
        >>> _ = path.write_text("sales,region,open\n" + rows)
        >>> table = TableFile(str(path), "open").table("shops")
        >>> [(column.name, column.kind) for column in table.columns], table.target.labels
        ([('sales', 'number'), ('region', 'category')], ('no', 'yes'))
    """

    path: str
    target: str
    task: str | None = None
    groups: str | None = None
    time: str | None = None
    drop: Sequence[str] = ()
    categories: Sequence[str] = ()

    def __post_init__(self):
        object.__setattr__(self, "drop", tuple(self.drop))
        object.__setattr__(self, "categories", tuple(self.categories))
        if self.task not in (None, "classes", "number"):
            raise unknown("task", self.task, ["classes", "number"])
        if self.groups and self.time:
            raise ConfigError(
                f"groups={self.groups} and time={self.time} were both given for {self.path}; a split keeps groups "
                "together or follows time. Give one of them, and name the other in drop."
            )

    @property
    def kept_out(self) -> tuple[str, ...]:
        """The columns that are neither features nor target."""
        named = (*self.drop, self.groups, self.time)
        return tuple(dict.fromkeys(column for column in named if column and column != self.target))

    def table(self, name: str, *, whole: bool = False) -> Table:
        """The file, opened.

        Args:
            name: what reports call it.
            whole: with the columns that are kept out as well, of kind "id" or "time", to be looked at.

        Raises:
            ConfigError: a column that is not there; near names are given.
            DataError: no such file, or none that can be read; a column that holds neither numbers nor categories, or
                infinite numbers; a target that is no target.
        """
        read = read_all(self.file, self.categories)
        for what in ("target", "groups", "time"):
            if getattr(self, what) is not None and getattr(self, what) not in read:
                raise unknown(f"column for {what} in {self.path}", getattr(self, what), list(read))
        for column in (*self.drop, *self.categories):
            if column not in read:
                raise unknown(f"column of {self.path}", column, list(read))
        apart = {self.target, self.groups, self.time, *self.drop}
        features = {column: found for column, found in read.items() if column not in apart}
        self._check_features(features)
        target, targets, absent = self._target(read[self.target])
        kept_out = self.kept_out if whole else ()
        columns = [Column(column, found.kind, found.categories) for column, found in features.items()]
        columns += [Column(column, "time" if column == self.time else "id") for column in kept_out]
        values = {column: found.values for column, found in features.items()}
        return Table(
            name=name,
            form="table",
            columns=tuple(columns),
            values=values | {column: _as_it_is(read[column]) for column in kept_out},
            target=target,
            targets=targets,
            groups=None if self.groups is None else self._ranks(self.groups, read),
            time=None if self.time is None else self._ranks(self.time, read),
            left_out={f"{self.target} is missing": absent} if absent.any() else {},
            how="group" if self.groups else "time" if self.time else "stratified",
            digest=self.contents,
        )

    @property
    def about(self) -> About:
        """What else a Source is told."""
        return About(groups=self.groups, time=self.time)

    @property
    def file(self) -> Path:
        """The path, with `~` for the home folder."""
        return Path(self.path).expanduser()

    @property
    def contents(self) -> str:
        """Digest of the bytes of the file and of what is said of its columns; where it lies is no part of it.

        Raises:
            DataError: the file is not there.
        """
        if not self.file.is_file():
            raise DataError(f"{self.path} is to be read as a table; there is no such file. Check data.file.path.")
        said = {key: value for key, value in asdict(self).items() if key != "path"}
        return digest({**said, "file": file_digest(self.file)})

    def _check_features(self, features: Mapping[str, Read]) -> None:
        """Refuse columns that nothing can be learnt from as they are, all of them at once."""
        if not features:
            raise DataError(f"{self.path} has no column beside {self.target!r} to learn from.")
        found = {column: why for column, read in features.items() if (why := self._unfit(column, read))}
        if found:
            said = "; ".join(f"column {column!r} {why}" for column, why in found.items())
            raise DataError(
                f"{self.path}: {said}. Nothing can be learnt from this as it is: leave it out "
                f"(data.file.drop=[{','.join(found)}], or drop= from Python), make numbers of it, or name it among "
                "the categories."
            )
        for column, read in features.items():
            if read.kind == "number":
                values = np.asarray(read.values, np.float64)[:, None]
                check_finite(values, (Column(column, "number"),), allow_missing=True)
            if read.what == "whole numbers" and len(set(read.raw)) == len(read.raw) > MOST_CLASSES:
                _logger.warning(
                    "%s: column %r has another whole number in every row, as ids have, and is learnt from. If it is an "
                    "id, leave it out: drop=[%s].",
                    self.path,
                    column,
                    column,
                )

    def _unfit(self, column: str, read: Read) -> str:
        """Why a column cannot be learnt from; empty where it can."""
        if read.kind not in ("number", "category"):
            return f"holds {read.what}, neither numbers nor categories"
        words = len(read.categories)
        if column not in self.categories and words > min(MOST_WORDS, max(20, len(read.raw) // 2)):
            return f"has {words} different words in {len(read.raw)} rows, as ids and free text have"
        return ""

    def _target(self, found: Read) -> tuple[Target | None, np.ndarray, np.ndarray]:
        """The target, its values with -1 or NaN where there is none, and which rows these are."""
        absent = np.array([is_absent(value) for value in found.raw], bool)
        present = found.raw[~absent]
        if self.task == "number" and found.kind != "number":
            raise DataError(f"{self.path}: target {self.target!r} holds {found.what}; task=number needs numbers.")
        if self.task == "number" or (self.task is None and found.what == "numbers"):
            about, coded = target_values(present, self.target, None, "number")
            targets = np.full(len(found.raw), np.nan, np.float32)
        else:
            values = self._classes(present, found)
            labels = [str(value) for value in np.unique(values)]
            if len(labels) < 2:
                raise DataError(f"{self.path}: target {self.target!r} has {len(labels)} class; two are needed.")
            words = np.array([str(value) for value in values], object)
            about, coded = target_values(words, self.target, labels, "classes")
            targets = np.full(len(found.raw), -1, np.int64)
        targets[~absent] = coded  # pyright: ignore[reportCallIssue, reportArgumentType]
        return about, targets, absent

    def _classes(self, present: np.ndarray, found: Read) -> np.ndarray:
        """The values as they name classes: whole numbers as such, in their own order."""
        if found.kind != "number":
            return present
        whole = present.astype(np.int64)
        if not np.array_equal(whole, present):
            raise DataError(f"{self.path}: target {self.target!r} holds fractions: no classes. Say task=number.")
        n_classes = len(np.unique(whole))
        if self.task is None and n_classes > MOST_CLASSES:
            raise DataError(
                f"{self.path}: target {self.target!r} holds {n_classes} different whole numbers, which may be classes "
                "or an amount. Say task=classes or task=number."
            )
        return whole

    def _ranks(self, column: str, read: Mapping[str, Read]) -> np.ndarray:
        """`(N,)` int64: the place of each value among the sorted ones."""
        raw = read[column].raw
        check_present(raw, f"{self.path}: column {column!r}", "it")
        return np.unique(raw, return_inverse=True)[1].astype(np.int64)


def _as_it_is(read: Read) -> ColumnValues:
    """The values of a column that is no feature: numbers as such, all else as it stands in the file."""
    return read.values if read.kind == "number" else read.raw


def stored_table(
    inputs: Any,
    targets: Any,
    name: str,
    folder: str | Path,
    *,
    groups: Any = None,
    time: Any = None,
    task: str | None = None,
    categories: Sequence[str] = (),
) -> TableFile:
    """Arrays or a DataFrame as a Parquet file, named by its contents: the same rows are the same file.

    Args:
        inputs: `(N, D)` numbers, a DataFrame, or a mapping of column name to `(N,)` values.
        targets: `(N,)` words, truth values or numbers.
        name: of the set; the beginning of the name of the file.
        folder: of the file; made where it is not there.
        groups: `(N,)` equal for rows that must stay together.
        time: `(N,)` sortable moments.
        task: "classes" or "number", where the kind of the targets says otherwise.
        categories: columns of numbers that are codes.

    Raises:
        DataError: unequal lengths, more than two dimensions, or values that are neither numbers nor words.

    Example:
        >>> import tempfile
        >>> rng = np.random.default_rng(0)
        >>> stored = stored_table(rng.normal(size=(30, 2)), rng.integers(0, 2, 30), "mine", tempfile.mkdtemp())
        >>> len(stored.table("mine")), stored.table("mine").target.labels
        (30, ('0', '1'))
    """
    columns = table_columns(inputs)
    beside = {"target": targets, "groups": groups, "time": time}
    n_rows = len(next(iter(columns.values())))
    for what, values in beside.items():
        if values is None:
            continue
        array = one_a_row(values, f"{name}: {what}", n_rows)
        if what in columns:
            raise DataError(f"{name}: a column of the inputs is called {what!r}, as the {what} will be. Rename it.")
        columns[what] = array
    label = name.replace("/", "-")
    written = Path(folder) / f".{label}.{os.getpid()}.parquet"
    write_columns(written, columns)
    path = written.with_name(f"{label}-{file_digest(written)[:16]}.parquet")
    os.replace(written, path)
    given = {what: what for what in ("groups", "time") if beside[what] is not None}
    return TableFile(str(path), "target", task, **given, categories=categories)
