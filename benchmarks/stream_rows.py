"""Rows for the streaming benchmark: drawn by seed, written as a prepared folder, and summed: none can be lost."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from qml.data import Column, Target
from qml.data.manifest import MANIFEST, Manifest, PreparedFile, parse_manifest, write_manifest

COLUMNS = 30
ROWS_PER_GROUP = 65_536
ROWS_PER_FILE = 1_000_000
NAMES = tuple(f"x{place:02d}" for place in range(COLUMNS))
TARGET = Target("label", "classes", ("0", "1"))


@dataclass
class RowSum:
    """Sum modulo 2**64 of a mixed hash of each row, and how many rows: the same in any order, changed by any loss.

    A row that comes twice while another is lost changes the sum, since equal hashes of different rows are one in
    2**64.
    """

    rows: int = 0
    total: int = 0

    def add(self, inputs_BD: np.ndarray, targets_B: np.ndarray) -> None:
        """Count rows of float32 inputs and their classes."""
        with np.errstate(over="ignore"):
            words = np.ascontiguousarray(inputs_BD, np.float32).view(np.uint32).astype(np.uint64)
            keys = words @ _multipliers(words.shape[1]) + targets_B.astype(np.uint64)
            keys = (keys ^ (keys >> np.uint64(32))) * np.uint64(0xD6E8FEB86659FD93)
            keys = (keys ^ (keys >> np.uint64(32))) * np.uint64(0xD6E8FEB86659FD93)
            self.total = (self.total + int((keys ^ (keys >> np.uint64(32))).sum(dtype=np.uint64))) % 2**64
        self.rows += len(targets_B)

    def __str__(self) -> str:
        return f"{self.rows}:{self.total:016x}"


def _multipliers(width: int) -> np.ndarray:
    return np.random.default_rng(7).integers(1, 2**63, width, dtype=np.uint64) * np.uint64(2) + np.uint64(1)


def drawn(rows: int, seed: int = 0) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Chunks of normal float32 inputs `(n, 30)`, which do not compress, and classes `(n,)` by a noisy rule."""
    for first in range(0, rows, ROWS_PER_FILE):
        rng = np.random.default_rng([seed, first])
        inputs = rng.standard_normal((min(ROWS_PER_FILE, rows - first), COLUMNS), np.float32)
        rule = inputs[:, 0] * inputs[:, 1] + inputs[:, 2] + 0.5 * rng.standard_normal(len(inputs), np.float32)
        yield inputs, (rule > 0).astype(np.int64)


def written(folder: Path, rows: int, how: str = "etl") -> Manifest:
    """A prepared folder of `rows` drawn training rows; one that is there already is kept.

    Args:
        folder: of the manifest.
        rows: to draw.
        how: "etl" writes raw Parquet and lets the ETL on Spark prepare it; "arrow" writes the same rows directly.
    """
    path = folder / MANIFEST
    if path.exists():
        found = parse_manifest(path.read_text(), str(path))
        if found.rows("train") == rows:
            return found
        shutil.rmtree(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    if how == "arrow":
        return _by_arrow(folder, rows)
    with tempfile.TemporaryDirectory(dir=folder.parent) as raw:
        total = _raw(Path(raw), rows)
        _by_etl(Path(raw), folder)
    found = parse_manifest(path.read_text(), str(path))
    (folder / "rows.sum").write_text(total)
    return found


def expected_sum(folder: Path) -> str:
    """The sum of the rows as they were drawn."""
    return (folder / "rows.sum").read_text()


def _tables(rows: int, total: RowSum) -> Iterator[pa.Table]:
    for inputs, targets in drawn(rows):
        total.add(inputs, targets)
        columns: dict[str, Any] = {name: np.ascontiguousarray(inputs[:, place]) for place, name in enumerate(NAMES)}
        yield pa.table({**columns, TARGET.name: targets})


def _raw(folder: Path, rows: int) -> str:
    """Raw files, as they come from elsewhere; the sum of their rows."""
    total = RowSum()
    for number, table in enumerate(_tables(rows, total)):
        pq.write_table(table, folder / f"raw-{number:05d}.parquet", use_dictionary=False)
    return str(total)


def _by_etl(raw: Path, folder: Path) -> None:
    from qml.data.etl import ColumnRule, Division, EtlJob, FeaturePlan, Preparation, Reading, TargetPlan

    rules = [ColumnRule(list(NAMES), "float"), ColumnRule([TARGET.name], "int", role="target")]
    plan = FeaturePlan(scale="none", flags=False)
    division = Division(test=0.0, validation=0.0)
    asked = Preparation("stream", Reading(str(raw), "parquet"), rules, TargetPlan(), division, plan)
    EtlJob(asked, out=str(folder), rows_per_group=ROWS_PER_GROUP, rows_per_file=ROWS_PER_FILE).run()


def _by_arrow(folder: Path, rows: int) -> Manifest:
    """The same rows without Spark, in files of the same sizes."""
    total, files = RowSum(), []
    (folder / "train").mkdir(parents=True)
    for number, table in enumerate(_tables(rows, total)):
        name = f"train/part-{number:05d}.parquet"
        pq.write_table(table, folder / name, row_group_size=ROWS_PER_GROUP, use_dictionary=False)
        with open(folder / name, "rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        files.append(PreparedFile(name, table.num_rows, (folder / name).stat().st_size, found))
    columns = tuple(Column(name, "number") for name in NAMES)
    made = Manifest("stream", NAMES, columns, TARGET, {"train": tuple(files)})
    (folder / "rows.sum").write_text(str(total))
    write_manifest(folder, made)
    return made
