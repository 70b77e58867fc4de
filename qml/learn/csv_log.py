"""Records as a CSV file that grows with the run and survives a resume without double rows."""

from __future__ import annotations

import csv
import dataclasses
from collections.abc import Sequence
from pathlib import Path

from qml.base.errors import ConfigError
from qml.base.files import replacing
from qml.learn.hooks import Hook, Run
from qml.learn.record import Record

COLUMNS = tuple(field.name for field in dataclasses.fields(Record))


class CsvLog(Hook):
    """Writes one row a Record: metric, value, split, step, epoch, cpu_s, wall_s.

    At the start of a run the file is written afresh from the records of the checkpoint, so rows of passes that
    a killed run had logged but not saved do not appear twice.

    Args:
        path: the file; None is `log.csv` in the folder of the run.

    Raises:
        ConfigError: neither `path` nor the run names a place.
    """

    def __init__(self, path: str | Path | None = None):
        self.path = Path(path) if path is not None else None
        self._file: Path | None = None

    def on_start(self, run: Run) -> None:
        """Write the records that the checkpoint holds."""
        if run.rank:
            return
        if self.path is None and run.folder is None:
            raise ConfigError("CsvLog has no file to write: give CsvLog(path), or a folder to the fit.")
        self._file = self.path or Path(run.folder or ".") / "log.csv"
        with replacing(self._file) as temporary, open(temporary, "w", newline="") as file:
            csv.writer(file).writerow(COLUMNS)
            _write(file, run.counters.records)

    def on_epoch(self, run: Run, records: Sequence[Record]) -> None:
        """Append the new records."""
        if self._file is not None:
            with open(self._file, "a", newline="") as file:
                _write(file, records)


def _write(file, records: Sequence[Record]) -> None:
    csv.writer(file).writerows([getattr(record, name) for name in COLUMNS] for record in records)
