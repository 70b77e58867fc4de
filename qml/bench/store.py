"""Finished cells on disk: each a folder that is whole or absent, written once, by any number of processes."""

from __future__ import annotations

import csv
import itertools
import json
import logging
import os
import shutil
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import asdict, fields
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from qml.base.errors import ConfigError, DataError
from qml.base.files import write_json
from qml.bench.cell import Cell, CellResult
from qml.bench.claims import claim
from qml.bench.working import sha_of_data, sha_of_file
from qml.learn.record import Record

SCHEMA_VERSION = 1
CELL, RECORDS, ARRAYS = "cell.json", "records.csv", "predictions.npz"
_RECORD_FIELDS = tuple(f.name for f in fields(Record))
_logger = logging.getLogger(__name__)


class DamagedCellError(DataError):
    """A cell's folder is incomplete or was changed after it was written; it counts as not finished."""


class Store:
    """A folder of finished cells that several processes and machines may fill at once.

    `cells/<digest>/` holds `cell.json` (schema version, contestant, settings, metrics, cost, provenance),
    `records.csv` and `predictions.npz`; `claims/` the lock files; `work/` what is not finished. A cell appears
    in `cells/` by one rename, so a reader never sees half of one.

    Args:
        folder: where; made when it is not there.

    Raises:
        ConfigError: `folder` is a file, or cannot be made.

    Example:
        >>> import tempfile
        >>> store = Store(tempfile.mkdtemp())
        >>> list(store), store.damaged()
        ([], ())
    """

    def __init__(self, folder: str | os.PathLike[str]):
        self.folder = Path(folder)
        if self.folder.exists() and not self.folder.is_dir():
            raise ConfigError(f"The store {str(self.folder)!r} is a file. Name a folder, or one that is to be made.")
        try:
            for name in ("cells", "claims", "work"):
                (self.folder / name).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(
                f"The store {str(self.folder)!r} was to be made; it failed: {error}. Name a folder that can be written."
            ) from error

    def __repr__(self) -> str:
        return f"Store({str(self.folder)!r})"

    def path(self, cell: Cell) -> Path:
        """Where the finished cell lies, or will lie."""
        return self.folder / "cells" / cell.digest

    def work(self, cell: Cell) -> Path:
        """Where the unfinished cell keeps its trials; made when it is not there."""
        folder = self.folder / "work" / cell.digest
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def claim(self, cell: Cell) -> AbstractContextManager[bool]:
        """Hold the cell for the length of a `with` block; False when another process holds it."""
        return claim(self.folder / "claims" / f"{cell.digest}.lock")

    def is_finished(self, cell: Cell) -> bool:
        """Whether the cell is there, whole and unchanged; a damaged one is said in the log and counts as missing.

        Raises:
            DataError: the cell was written under another schema version.
        """
        return self.find(cell) is not None

    def find(self, cell: Cell) -> CellResult | None:
        """The cell if it is there, whole and unchanged, else None; as `is_finished`, and read once.

        Raises:
            DataError: the cell was written under another schema version.
        """
        folder = self.path(cell)
        if not folder.exists():
            return None
        try:
            return read_cell(folder)
        except DamagedCellError as error:
            _say_once(folder, f"{error} It counts as not finished and will be run again.")
            return None

    def get(self, cell: Cell) -> CellResult:
        """The finished cell.

        Raises:
            DataError: it is not there, damaged, or of another schema version.
        """
        if not self.path(cell).exists():
            raise DataError(f"{self!r} has no finished cell {cell.digest} ({cell.arm.name}, seed {cell.seed}). Run it.")
        return read_cell(self.path(cell))

    def missing(self, cells: Iterable[Cell]) -> tuple[Cell, ...]:
        """Those of `cells` that are not finished, in their order."""
        return tuple(cell for cell in cells if not self.is_finished(cell))

    def finished(self) -> tuple[CellResult, ...]:
        """Every whole cell, ordered by protocol, arm, seed and digest; damaged ones are left out (see `damaged`)."""
        return tuple(self)

    def __iter__(self) -> Iterator[CellResult]:
        found = []
        for folder in self._folders():
            try:
                found.append(read_cell(folder))
            except DamagedCellError as error:
                _say_once(folder, f"{error} It is left out; the same words of experiments.benchmark run it again.")
        yield from sorted(found, key=_order)

    def damaged(self) -> tuple[tuple[str, str], ...]:
        """Folders under `cells/` that cannot be used: (digest, what is wrong)."""
        found = []
        for folder in self._folders():
            try:
                read_cell(folder)
            except DamagedCellError as error:
                found.append((folder.name, str(error)))
        return tuple(found)

    def unfinished(self) -> tuple[str, ...]:
        """Digests of cells that were begun and have not ended."""
        begun = {p.name for p in (self.folder / "work").iterdir() if p.is_dir()}
        return tuple(sorted(begun - {p.name for p in self._folders()}))

    def finish(self, result: CellResult) -> Path:
        """Write a cell and put it in its place by one rename; its working folder goes.

        The caller holds the claim. A damaged folder in the place is moved to `damaged/` first.
        """
        work, target = self.work(result.cell), self.path(result.cell)
        draft = work / "done"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir()
        _write(draft, result)
        if target.exists():
            self._set_aside(target)
        os.rename(draft, target)
        _sync(target.parent)
        shutil.rmtree(work, ignore_errors=True)
        return target

    def discard(self, cell: Cell) -> None:
        """Move a finished cell away, so that it will be run again from the start; it is kept under `damaged/`."""
        shutil.rmtree(self.folder / "work" / cell.digest, ignore_errors=True)
        self._set_aside(self.path(cell))

    def _set_aside(self, folder: Path) -> None:
        """Move a cell's folder to the first free number under `damaged/`; the caller holds its claim."""
        damaged = self.folder / "damaged"
        damaged.mkdir(exist_ok=True)
        free = (damaged / f"{folder.name}.{number}" for number in itertools.count())
        os.rename(folder, next(place for place in free if not place.exists()))

    def tidy(self, cell: Cell) -> None:
        """Remove the working folder of a finished cell, which a process killed at the very end of it has left."""
        work = self.folder / "work" / cell.digest
        if not work.exists():
            return
        with self.claim(cell) as mine:
            if mine and self.path(cell).exists():
                shutil.rmtree(work, ignore_errors=True)

    def _folders(self) -> list[Path]:
        return sorted(p for p in (self.folder / "cells").iterdir() if p.is_dir() and not p.name.startswith("."))


@lru_cache
def _say_once(folder: Path, text: str) -> None:
    """Log what is wrong with a cell, once in a process: a job reads its store several times."""
    _logger.warning("%s", text)


def read_cell(folder: Path) -> CellResult:
    """The result in one cell's folder.

    Raises:
        DamagedCellError: a file is missing, changed or unreadable.
        DataError: it was written under another schema version.
    """
    data = _checked(folder)
    try:
        return CellResult.from_json(data, records=_read_records(folder / RECORDS), arrays=_read_arrays(folder / ARRAYS))
    except (KeyError, TypeError, ConfigError) as error:
        raise DamagedCellError(f"Cell {folder.name} does not read as a cell ({error}).") from error


def _order(result: CellResult) -> tuple[str, str, int, str]:
    cell = result.cell
    return cell.protocol_hash, cell.arm.name, cell.seed, cell.digest


def _write(folder: Path, result: CellResult) -> None:
    """The three files of a cell, `cell.json` last; its "files" are the digests of the others and of all else in it."""
    with open(folder / RECORDS, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["trial", *_RECORD_FIELDS])
        for number, record in result.records:
            writer.writerow([number, *asdict(record).values()])
    with open(folder / ARRAYS, "wb") as file:
        arrays: Any = {key: _numeric(key, value) for key, value in result.arrays.items()}
        np.savez_compressed(file, **arrays)
    for name in (RECORDS, ARRAYS):
        _sync(folder / name)
    data = {"schema": SCHEMA_VERSION, **result.to_json()}
    files = {CELL: sha_of_data(data), **{name: sha_of_file(folder / name) for name in (RECORDS, ARRAYS)}}
    write_json(folder / CELL, {**data, "files": files})
    _sync(folder)


def _numeric(key: str, value: Any) -> np.ndarray:
    """An array that can be written without pickling."""
    array = np.asarray(value)
    if array.dtype.hasobject:
        raise DataError(f"The array {key!r} of a cell has dtype {array.dtype}; only numbers can be stored.")
    return array


def _checked(folder: Path) -> dict[str, Any]:
    """The content of `cell.json` once the schema and the other files are seen to be right."""
    if not folder.exists():
        raise DamagedCellError(f"There is no cell in {str(folder)!r}.")
    try:
        data = json.loads((folder / CELL).read_text())
    except (OSError, ValueError) as error:
        raise DamagedCellError(f"Cell {folder.name} has no readable {CELL} ({error}).") from error
    if not isinstance(data, dict) or not {"schema", "files"} <= data.keys():
        raise DamagedCellError(f"Cell {folder.name} has a {CELL} without a schema version or without digests.")
    if data["schema"] != SCHEMA_VERSION:
        raise DataError(
            f"Cell {folder.name} was written with schema {data['schema']}; this version reads schema {SCHEMA_VERSION}. "
            "Use the version that wrote it, or start a new store."
        )
    if data.get("digest") != folder.name:
        raise DamagedCellError(f"Cell {folder.name} holds the results of cell {data.get('digest')}.")
    for name, wanted in data["files"].items():
        if not (folder / name).is_file():
            raise DamagedCellError(f"Cell {folder.name} lacks its file {name}.")
        rest = {key: value for key, value in data.items() if key != "files"}
        found = sha_of_data(rest) if name == CELL else sha_of_file(folder / name)
        if found != wanted:
            raise DamagedCellError(f"Cell {folder.name}: its file {name} was changed after it was written.")
    return data


def _read_records(path: Path) -> tuple[tuple[int, Record], ...]:
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    return tuple(
        (
            int(row["trial"]),
            Record(
                metric=row["metric"],
                value=float(row["value"]),
                split=row["split"],
                step=int(row["step"]),
                epoch=float(row["epoch"]),
                cpu_s=float(row["cpu_s"]),
                wall_s=float(row["wall_s"]),
            ),
        )
        for row in rows
    )


def _read_arrays(path: Path) -> dict[str, np.ndarray]:
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except (ValueError, zipfile.BadZipFile) as error:
        raise DamagedCellError(f"Cell {path.parent.name}: its file {path.name} cannot be read ({error}).") from error


def _sync(path: Path) -> None:
    """Have the operating system write a file or folder to disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
