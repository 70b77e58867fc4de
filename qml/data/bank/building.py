"""Computing the features of a source into Parquet files, so that a killed run goes on at the file it was at."""

from __future__ import annotations

import itertools
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from qml.base.errors import DataError
from qml.base.files import file_digest, write_json
from qml.data.manifest import MANIFEST, Manifest, PreparedFile, write_manifest
from qml.data.parquet import names_and_rows, write_columns
from qml.data.progress import progress_bar
from qml.data.source import Column, Source, row_numbers

ROWS_A_FILE = 16_384
ROW = "table_row"
"""Column that keeps which row of its table a row was, where the source tells."""
PLAN = "plan.json"
"""What an unfinished folder is of; it goes once the folder has its name, so that a run can go on until then."""


@dataclass(frozen=True)
class Building:
    """The features of one source, being computed.

    Args:
        folder: of what is finished; a manifest is written last.
        key: of the pair of backbone and data.
        source: with known sizes.
        extract: the backbone.
        batch_size: rows that it is handed at once.
        rows_a_file: rows of a file, rounded down to whole batches.
    """

    folder: Path
    key: str
    source: Source
    extract: Callable[[np.ndarray], np.ndarray]
    batch_size: int
    rows_a_file: int

    @property
    def step(self) -> int:
        """Rows of a file: whole batches, at least one."""
        return max(self.rows_a_file // self.batch_size, 1) * self.batch_size

    def run(self) -> None:
        """Compute what is not there yet, then write the manifest; a folder without a finished file does not stay.

        Raises:
            DataError: as of `FeatureBank.source`.
        """
        try:
            self._run()
        finally:
            if not any(self.folder.glob("*/*.parquet")) and not (self.folder / MANIFEST).exists():
                shutil.rmtree(self.folder, ignore_errors=True)

    def _run(self) -> None:
        """The work itself."""
        self._begin()
        sizes = {part: size or 0 for part, size in self.source.schema.sizes.items()}
        files: dict[str, list[Path]] = {part: [] for part in sizes}
        widths: dict[int, Path] = {}
        with progress_bar(f"features of {self.source.schema.name}", sum(sizes.values()), unit="row") as bar:
            for part, size in sizes.items():
                for number, first in enumerate(range(0, size, self.step)):
                    path = self.folder / part / f"part-{number:05d}.parquet"
                    rows = min(self.step, size - first)
                    if not _is_whole(path, rows):
                        self._write(path, part, first, rows)
                    files[part].append(path)
                    widths.setdefault(_width(path), path)
                    bar.update(rows)
        if len(widths) > 1:
            shutil.rmtree(self.folder)  # whichever of them is wrong, the next run must not go on from here
            found = ", ".join(f"{width} in {path.name}" for width, path in widths.items())
            raise self._unfit(f"gave {found} numbers a row, where all must have as many")
        self._finish(files, next(iter(widths), 0))

    def _begin(self) -> None:
        """The folder, with what an equal run has left in it; anything else in it is thrown away."""
        sizes = dict(self.source.schema.sizes)
        plan = {"key": self.key, "batch_size": self.batch_size, "step": self.step, "sizes": sizes}
        try:
            known = json.loads((self.folder / PLAN).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            known = None
        if known != plan:
            shutil.rmtree(self.folder, ignore_errors=True)
            with _said_if_full(self.folder / PLAN):
                write_json(self.folder / PLAN, plan)

    def _write(self, path: Path, part: str, first: int, rows: int) -> None:
        """One file, whole or not at all."""
        features, targets, table_rows = self._computed(part, first, rows)
        columns: dict[str, np.ndarray] = {f"f{place}": features[:, place] for place in range(features.shape[1])}
        target = self.source.schema.target
        if targets is not None and target is not None:
            columns[_target_column(target.name, features.shape[1])] = targets
        if table_rows is not None:
            columns[ROW] = table_rows
        free = shutil.disk_usage(self.folder).free
        with _said_if_full(path, f" with features of {rows} rows"):
            if free < features.nbytes:
                raise OSError(28, f"{free / 1e6:,.1f} MB are free and {features.nbytes / 1e6:,.1f} MB are needed")
            write_columns(path, columns)

    def _computed(self, part: str, first: int, rows: int) -> tuple[np.ndarray, np.ndarray | None, np.ndarray | None]:
        """`(rows, F)` features of the rows from `first` on, their targets and their rows in the table."""
        found, targets = [], []
        for batch in itertools.islice(self._batches(part, first), -(-rows // self.batch_size)):
            found.append(self._checked(self.extract(batch.inputs), part, batch.rows))
            targets.append(batch.targets)
        features = np.concatenate(found)
        if len(features) != rows:
            raise self._unfit(f"was handed {len(features)} rows of {part!r}, of which {rows} were to come")
        table_rows = row_numbers(self.source, part)
        return (
            features,
            None if targets[0] is None else np.concatenate(targets),
            None if table_rows is None else np.asarray(table_rows[first : first + rows], np.int64),
        )

    def _batches(self, part: str, first: int) -> Iterator[Any]:
        """Batches in file order, from a row that begins one."""
        return self.source.batches(part, self.batch_size, None, start=first // self.batch_size)

    def _checked(self, features: Any, part: str, rows: np.ndarray) -> np.ndarray:
        """What the backbone gave for a batch, as `(B, F)` float32."""
        array = np.asarray(features)
        if array.ndim != 2 or len(array) != len(rows) or not array.shape[1] or array.dtype.kind not in "fiu":
            raise self._unfit(f"gave {array.dtype} {array.shape} for {len(rows)} rows of {part!r}; it must give (B, F)")
        array = array.astype(np.float32, copy=False)
        wrong = np.flatnonzero(~np.isfinite(array).all(axis=1))
        if len(wrong):
            raise self._unfit(f"gave missing or infinite numbers for row {rows[wrong[0]]} of {part!r}")
        return array

    def _unfit(self, what: str) -> DataError:
        """An error about the backbone."""
        return DataError(f"The backbone for features of {self.source.schema.name!r} {what}. Mend it, or take another.")

    def _finish(self, files: dict[str, list[Path]], width: int) -> None:
        """The manifest, which vouches for the files."""
        schema = self.source.schema
        names = tuple(f"f{place}" for place in range(width))
        has_rows = any(row_numbers(self.source, part) is not None for part in schema.sizes)
        manifest = Manifest(
            name=schema.name,
            features=names,
            columns=tuple(Column(name, "number") for name in names),
            target=schema.target,
            parts={
                part: tuple(
                    PreparedFile(
                        path.relative_to(self.folder).as_posix(),
                        names_and_rows(path)[1],
                        path.stat().st_size,
                        file_digest(path),
                    )
                    for path in paths
                )
                for part, paths in files.items()
            },
            kept=(ROW,) if has_rows else (),
            made={"by": "qml.data.bank", "key": self.key, "data": schema.digest, "batch_size": self.batch_size},
        )
        with _said_if_full(self.folder / MANIFEST):
            write_manifest(self.folder, manifest)


@contextmanager
def _said_if_full(path: Path, what: str = "") -> Iterator[None]:
    """Say what was being written where the system refuses.

    Raises:
        DataError: it does.
    """
    try:
        yield
    except OSError as error:
        raise DataError(
            f"{path} was being written{what}; the system said: {error.strerror or error}. No half a file is left; the "
            f"finished ones are kept, and the next run goes on there. Free some space."
        ) from error


def _is_whole(path: Path, rows: int) -> bool:
    """Whether a file of an earlier run is there with its rows; files are renamed into place when they are whole."""
    try:
        return path.is_file() and names_and_rows(path)[1] == rows
    except DataError:
        return False


def _width(path: Path) -> int:
    """Features a row in a file."""
    names, _ = names_and_rows(path)
    return sum(1 for name in names if name[:1] == "f" and name[1:].isdigit())


def _target_column(name: str, width: int) -> str:
    """The name of the target, unless a feature or the row bears it.

    Raises:
        DataError: it does.
    """
    if name == ROW or (name[:1] == "f" and name[1:].isdigit() and int(name[1:]) < width):
        raise DataError(f"The target is called {name!r}, as a column of the bank is. Give the target another name.")
    return name
