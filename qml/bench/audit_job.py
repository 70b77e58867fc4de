"""An audit as a value, ready to run: of a table of results, of a store of records, of the files of a data set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from qml.base.errors import ConfigError
from qml.base.words import plural
from qml.bench.audit import findings
from qml.bench.audit_report import AuditOutcome, AuditSection
from qml.bench.checks.cells import recorded_circuits
from qml.bench.checks.provenance import circuit_findings, table_circuit_findings
from qml.bench.checks.samples import read_samples, sample_findings
from qml.bench.checks.tables import COPIES, table_findings
from qml.bench.finding import by_level
from qml.bench.results_row import ResultTable
from qml.bench.results_store import tables_of
from qml.bench.results_table import read_results
from qml.bench.store import Store
from qml.bench.summary import summarise


@dataclass(frozen=True)
class AuditJob:
    """What is looked at, and how it is read.

    Args:
        path: a CSV table of results, a folder of them, or a store of our own records.
        preset: layout of a table, a name of `PRESETS`; None takes columns that are called as the fields are.
        columns: field of `ResultRow` -> column, or several; an empty list leaves a field out.
        metric: what the scores of a table are; None as the preset says.
        train_rows, test_rows: CSV or Parquet files of samples to compare; both or none.
        circuits: arm -> digest of its circuit as it is built now, against what was recorded: the column
            `circuit` of a table, or the details of a cell's arm.
        out: folder of `audit.md` and `audit.json`; None writes none.
        plugins: packages that were imported for this job.

    Raises:
        ConfigError: only one of the two files of samples.

    Example:
        ```python
        outcome = AuditJob("published/", preset="bowles").run()
        print(outcome)
        ```
    """

    path: str
    preset: str | None = None
    columns: Mapping[str, Any] = field(default_factory=dict)
    metric: str | None = None
    train_rows: str | None = None
    test_rows: str | None = None
    circuits: Mapping[str, str] = field(default_factory=dict)
    out: str | None = None
    plugins: tuple[str, ...] = ()

    def __post_init__(self):
        if (self.train_rows is None) != (self.test_rows is None):
            raise ConfigError(
                f"Samples are compared between two files; got train_rows={self.train_rows}, test_rows={self.test_rows}."
                " Give both, or none."
            )

    def run(self) -> AuditOutcome:
        """Look, and write the files where `out` names a folder.

        Raises:
            ConfigError, DataError: what was named cannot be read; the message says what was found there.
        """
        sections = self._records() if (Path(self.path) / "cells").is_dir() else self._table()
        outcome = AuditOutcome(self.path, (*sections, *self._samples()))
        return outcome if self.out is None else replace(outcome, files=outcome.write(Path(self.out)))

    def _table(self) -> tuple[AuditSection, ...]:
        """What a table of results shows."""
        table = read_results(self.path, self.preset, self.columns, self.metric)
        found = by_level([*table_findings(table), *table_circuit_findings(table, self.circuits)])
        subject = f"{plural(len(table.rows), 'row')} of {plural(len(table.files), 'file')}"
        return (AuditSection(subject, found, _labels(table)),)

    def _records(self) -> tuple[AuditSection, ...]:
        """What our own records show, one section a protocol."""
        if self.preset or any(value is not None for value in self.columns.values()):
            raise ConfigError(f"{self.path} is a store of records; preset and columns are for tables. Leave them out.")
        store = Store(self.path)
        cells = tuple(store)
        hashes = dict.fromkeys(cell.cell.protocol_hash for cell in cells)
        summaries = [summarise(cells, key, store.damaged(), store.unfinished()) for key in hashes or (None,)]
        across = tables_of(cells) if len(hashes) > 1 else ()
        sections = [_across(table) for table in across]
        return *sections, *(
            AuditSection(
                f"{s.protocol.name} on {s.protocol.data}, protocol {s.protocol.hash[:12]}",
                by_level([*findings(s), *circuit_findings(recorded_circuits(s), self.circuits)]),
            )
            for s in summaries
        )

    def _samples(self) -> tuple[AuditSection, ...]:
        """What the files of a data set show."""
        if self.train_rows is None or self.test_rows is None:
            return ()
        found = sample_findings(read_samples(self.train_rows), read_samples(self.test_rows))
        return (AuditSection(f"{self.train_rows} against {self.test_rows}", by_level(list(found))),)


def _across(table: ResultTable) -> AuditSection:
    """Whether cells of one protocol stand again under another; all else is asked within each protocol."""
    subject = f"All protocols as one table of {plural(len(table.rows), 'row')} ({table.metric})"
    return AuditSection(subject, table_findings(table, COPIES), _labels(table))


def _labels(table: ResultTable) -> dict[int, str]:
    return {row.number: f"{row.place} ({row.label})" for row in table.rows}
