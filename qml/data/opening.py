"""Opening a set of the catalogue: found under the data root, checked against its row, typed."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from qml.base.digest import digest
from qml.base.errors import DataError
from qml.base.files import file_digest
from qml.base.registry import unknown
from qml.data.builtin import builtin_table
from qml.data.catalogue import CATALOGUE, Entry, PartFile
from qml.data.coding import check_counts, coded_targets, moments, official_parts, row_groups
from qml.data.parquet import names_and_rows, read_columns
from qml.data.source import Column
from qml.data.table import ColumnValues, Table

ROOT_VARIABLE = "QML_DATA"
"""Environment variable that names the data root."""


def open_table(
    name: str, root: str | Path | None = None, *, also: Sequence[str] = (), offline: bool | None = None
) -> Table:
    """Open a data set of the catalogue as typed columns, after checking columns, rows and classes.

    A set that the data root lacks is fetched from its public home, where the catalogue knows one for programs.

    Args:
        name: such as "digits" or "fashion_mnist"; `qml.data.CATALOGUE` has them all.
        root: the data root, one folder a set; by default the environment variable `QML_DATA`. Not needed for
            the sets that come with scikit-learn.
        also: columns to read too that the catalogue keeps out; they get kind "id", so they are never features.
        offline: True never goes to the internet; None reads the environment variable `QML_OFFLINE`.

    Raises:
        ConfigError: the name is not known; the nearest one is given.
        DataError: the set is not there and cannot be fetched (the message names the path and where to get it), a
            file is corrupt, or its columns, rows or classes are not those of the catalogue.

    Example:
        >>> table = open_table("wine")
        >>> len(table), table.target.n_classes, table.columns[0].name
        (178, 3, 'alcohol')
    """
    entry = CATALOGUE[name]
    if entry.built_in:
        return builtin_table(entry)
    folder = locate(entry, root, offline=offline)
    kept_out = {column: "id" for column in also}
    for column in also:
        if column not in entry.drop:
            raise unknown(f"column that {name!r} keeps out", column, list(entry.drop))
    return _opened(entry, folder, kept_out)


def open_folder(entry: Entry, folder: Path) -> Table:
    """The table of a set whose files lie in `folder`, wherever that is, after all the checks.

    Raises:
        DataError: a file is corrupt, or columns, rows or classes are not those of the catalogue.
    """
    return _opened(entry, folder, {})


def locate(entry: Entry, root: str | Path | None = None, *, offline: bool | None = None) -> Path:
    """The folder of a set, with all its files present; fetched where the root has none of them.

    Raises:
        DataError: there is no data root, or a file is absent and the set cannot be fetched; the message names what
            was looked for and says how to get it.
    """
    given = root if root is not None else os.environ.get(ROOT_VARIABLE)
    get = f"Get it from: {entry.home}. It belongs as Parquet into the folder {entry.folder!r} of the data root"
    if not given:
        raise DataError(
            f"data set {entry.name!r} is not bundled, and no data root is set. Set the environment variable "
            f"{ROOT_VARIABLE} to the folder of data sets, or give root=. {get}."
        )
    folder = Path(given).expanduser() / entry.folder
    paths = [folder / item.file for item in (*entry.files, *entry.beside.values())]
    absent = [path for path in paths if not path.is_file()]
    if absent:
        said = (
            f"data set {entry.name!r} needs the file {absent[0]}, which is not there. {get} "
            f"({Path(given).expanduser()}), which {ROOT_VARIABLE} or root= names."
        )
        from qml.data.fetch.fetching import fetch_or_say

        return fetch_or_say(entry, given, offline, said)
    return folder


def _opened(entry: Entry, folder: Path, kept_out: Mapping[str, str]) -> Table:
    """The table of files that are there."""
    kinds = {**_checked_columns(entry, folder), **kept_out}
    paths = [folder / item.file for item in entry.files]
    read = read_columns(paths, {**kinds, **_helpers(entry, kinds)})
    for column, empty in entry.empty.items():
        values = np.asarray(read[column][0], np.float32)
        read[column] = (np.where(values == empty, np.float32(np.nan), values), ())
    values = {column: read[column][0] for column in kinds}
    raw = {column: pair[0] for column, pair in read.items()}
    part_of_row = np.repeat(np.arange(len(entry.files)), [item.rows for item in entry.files])
    target, targets = coded_targets(entry, raw)
    check_counts(entry, targets, raw, part_of_row)
    time, cut = moments(entry, raw)
    table = Table(
        name=entry.name,
        form=entry.form,
        columns=tuple(_column(entry, name, kind, read[name]) for name, kind in kinds.items()),
        values=values,
        target=target,
        targets=targets,
        official=official_parts(entry, raw, part_of_row),
        groups=row_groups(entry, raw, values),
        time=time,
        cut=cut,
        left_out=_left_out(entry, raw, targets),
        beside={name: _beside(folder, item) for name, item in entry.beside.items()},
        how=entry.split.how,
        carve=entry.split.validation,
        digest=digest({"read": _what_is_read(entry), "files": [file_digest(path) for path in paths]}),
    )
    return replace(table, leaked=_leaked(entry, folder, table))


def _what_is_read(entry: Entry) -> dict[str, Any]:
    """All of an entry that decides what the table holds: not its title, nor its traps."""
    return {"columns": entry.columns, "rest": entry.rest, "empty": entry.empty, "target": entry.target}


def _checked_columns(entry: Entry, folder: Path) -> dict[str, str]:
    """Column -> kind in the order of the file, after comparing names and rows with the catalogue."""
    kinds: dict[str, str] = {}
    known = {**entry.columns, **entry.drop, **dict.fromkeys(_own(entry), "")}
    for item in entry.files:
        path = folder / item.file
        names, rows = names_and_rows(path)
        _check_rows(path, rows, item.rows)
        free = [name for name in names if name not in known and name != entry.split.leaked]
        wanted_free = entry.rest[1] if entry.rest else 0
        absent = [name for name in known if name not in names]
        if absent or len(free) != wanted_free:
            raise DataError(
                f"{path} has not the columns of the catalogue: missing {absent[:5] or 'none'}; "
                f"{len(free)} that it does not name ({free[:5]}), {wanted_free} expected. Get the file again."
            )
        kinds = {name: entry.columns.get(name) or (entry.rest[0] if entry.rest else "") for name in names}
    skipped = {*entry.drop, *_own(entry), entry.split.leaked} - set(entry.columns)
    return {name: kind for name, kind in kinds.items() if name not in skipped}


def _own(entry: Entry) -> tuple[str, ...]:
    """Columns with a purpose of their own: the target and the published split."""
    target = entry.target.column if entry.target else None
    return tuple(name for name in (target, entry.split.column) if name)


def _check_rows(path: Path, rows: int, wanted: int) -> None:
    if rows != wanted:
        raise DataError(f"{path} has {rows} rows; the catalogue knows it with {wanted}. Get the file again.")


def _helpers(entry: Entry, kinds: Mapping[str, str]) -> dict[str, str]:
    """Columns that are read though they are no part of the table."""
    return {name: "raw" for name in _own(entry) if name not in kinds}


def _column(entry: Entry, name: str, kind: str, read: tuple[ColumnValues, tuple[str, ...]]) -> Column:
    """The description of a column as it was read."""
    return Column(name, kind, categories=read[1], shape=entry.shapes.get(name, ()))  # pyright: ignore[reportArgumentType]


def _left_out(entry: Entry, raw: Mapping[str, ColumnValues], targets: np.ndarray | None) -> dict[str, np.ndarray]:
    """Rows that no split may use, by reason."""
    reasons = {}
    if targets is not None and entry.target is not None and entry.target.missing:
        missing = targets < 0 if entry.target.kind == "classes" else np.isnan(targets)
        reasons[f"{entry.target.column} is missing"] = missing
    for column, value in entry.split.only.items():
        reasons[f"{column} is not {value!r}"] = np.asarray(raw[column]) != value
    return reasons


def _leaked(entry: Entry, folder: Path, table: Table) -> dict[str, np.ndarray]:
    """Test rows that are known to be in the training part, by the column of the test file that marks them."""
    column = entry.split.leaked
    if column is None:
        return {}
    masks = []
    for item in entry.files:
        names, rows = names_and_rows(folder / item.file)
        marked = column in names
        masks.append(read_columns([folder / item.file], {column: "raw"})[column][0] if marked else np.zeros(rows, bool))
    mask = np.concatenate([np.asarray(part) for part in masks]).astype(bool)
    if mask.shape != (len(table),):
        raise DataError(f"{folder}: column {column!r} has {len(mask)} rows and the set {len(table)}.")
    return {f"{column}: the same as a training row": mask}


def _beside(folder: Path, item: PartFile) -> dict[str, ColumnValues]:
    """A further file of the set, column by column as it is."""
    names, rows = names_and_rows(folder / item.file)
    _check_rows(folder / item.file, rows, item.rows)
    return {name: pair[0] for name, pair in read_columns([folder / item.file], dict.fromkeys(names, "raw")).items()}
