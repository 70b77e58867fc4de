"""Prepared files: Spark writes them beside the folder, they get plain names, and their rows and checksums are taken."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qml.base.extras import require
from qml.data.etl.checking import RAW, REASON
from qml.data.etl.places import HadoopFolder, is_local, prepared_local, remove_local, spark_path, spark_pattern
from qml.data.etl.reading import FILE, named
from qml.data.etl.rows import Applied
from qml.data.etl.session import mapped
from qml.data.manifest import PreparedFile

require("pyspark", extra="spark", purpose="qml.data.etl")
import pyarrow.parquet as pq
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as T

QUARANTINE = "quarantine"
WRITTEN = re.compile(r"part-(\d+)-.*-c(\d+)")


@dataclass(frozen=True)
class Layout:
    """How large the pieces are.

    Args:
        rows_per_group: of a row group, the piece that is read at once.
        rows_per_file: of a file.
    """

    rows_per_group: int = 65_536
    rows_per_file: int = 1_000_000


@dataclass(frozen=True)
class Builder:
    """The temporary folder in which a prepared folder comes to be.

    Args:
        session: of Spark.
        folder: the temporary folder, a path or a URL.
    """

    session: SparkSession
    folder: str

    @property
    def local(self) -> bool:
        """Whether this process reaches it."""
        return is_local(self.folder)

    @property
    def hadoop(self) -> HadoopFolder:
        """The folder by way of Spark."""
        return HadoopFolder(self.session, self.folder)

    def path(self, *names: str) -> str:
        """A place below the folder, as Spark is told it."""
        if self.local:
            return spark_path(Path(self.folder, *names))
        return "/".join([self.folder.rstrip("/"), *names])

    def frame(self, *names: str) -> DataFrame:
        """The Parquet rows of a file or folder below."""
        path = spark_pattern(Path(self.folder, *names)) if self.local else self.path(*names)
        return self.session.read.parquet(path)

    def has(self, *names: str) -> bool:
        """Whether there is something."""
        return Path(self.folder, *names).exists() if self.local else self.hadoop.exists(self.path(*names))

    def names(self, *below: str) -> list[str]:
        """Names of the files that Spark has written to a folder below, in the order of their rows."""
        if self.local:
            found = [file.name for file in Path(self.folder, *below).iterdir()]
        else:
            found = [name for name, _, _ in self.hadoop.listed(self.path(*below))]
        return sorted(name for name in found if WRITTEN.match(name))

    def move(self, source: Sequence[str], target: Sequence[str]) -> None:
        """Give a file below another name below."""
        if not self.local:
            self.hadoop.move(self.path(*source), self.path(*target))
            return
        goal = Path(self.folder, *target)
        goal.parent.mkdir(exist_ok=True)
        os.replace(Path(self.folder, *source), goal)

    def remove(self, *names: str) -> None:
        """Remove what is below."""
        if self.local:
            remove_local([Path(self.folder, *names)])
        else:
            self.hadoop.remove(self.path(*names))


def write_part(
    build: Builder, frame: DataFrame, part: str, rows: int, applied: Applied, layout: Layout
) -> tuple[PreparedFile, ...]:
    """The features, target and kept columns of a part as Parquet files of plain names.

    Args:
        build: where.
        frame: checked rows of the part.
        part: its name.
        rows: how many there are.
        applied: makes the rows of the files.
        layout: sizes of the pieces.
    """
    made = mapped(frame, applied, _schema(frame, applied))
    _write(made, build, part, rows, layout)
    names = _renamed(build, part, "parquet")
    return prepared(build, names, _rows_of(build, names))


def _write(frame: DataFrame, build: Builder, part: str, rows: int, layout: Layout) -> None:
    """Spark's own writer, into a folder of which only the files are kept."""
    files = max(1, math.ceil(rows / layout.rows_per_file))
    if frame.rdd.getNumPartitions() > files:
        frame = frame.coalesce(files)
    writer = frame.write.option("parquet.block.row.count.limit", str(layout.rows_per_group))
    writer = writer.option("parquet.block.size", str(2**30)).option("maxRecordsPerFile", layout.rows_per_file)
    writer.option("compression", "snappy").parquet(build.path("written", part))


def _schema(frame: DataFrame, applied: Applied) -> T.StructType:
    """Types of the columns of the files."""
    fields = [T.StructField(name, T.FloatType(), False) for name in applied.features]
    if applied.target is not None:
        _, name, coding = applied.target
        fields.append(T.StructField(name, T.FloatType() if coding is None else T.LongType(), False))
    fields.extend(T.StructField(name, frame.schema[name].dataType) for name in applied.kept)
    return T.StructType(fields)


def _renamed(build: Builder, part: str, ending: str) -> list[str]:
    """Plain names for what Spark has written, in the order of the rows."""
    names = []
    for number, found in enumerate(build.names("written", part)):
        name = f"part-{number:05d}.{ending}"
        build.move(("written", part, found), (part, name))
        names.append(f"{part}/{name}")
    build.remove("written", part)
    return names


def write_quarantine(build: Builder, frame: DataFrame, rows: int, layout: Layout) -> tuple[PreparedFile, ...]:
    """The rows that break the schema, one JSON object a line: `file`, `reason`, and `raw`, their values or their line.

    Args:
        build: where.
        frame: checked rows.
        rows: how many.
        layout: rows of a file.
    """
    told = frame.select(named(FILE).alias("file"), named(REASON).alias("reason"), named(RAW).alias("raw"))
    files = max(1, math.ceil(rows / layout.rows_per_file))
    told.coalesce(files).write.option("maxRecordsPerFile", layout.rows_per_file).json(build.path("written", QUARANTINE))
    names = _renamed(build, QUARANTINE, "jsonl")
    if build.local:
        counts = []
        for name in names:
            with Path(build.folder, name).open("rb") as file:
                counts.append(sum(1 for _ in file))
    else:
        counts = [build.session.read.text(build.path(name)).count() for name in names]
    return prepared(build, names, counts)


def _rows_of(build: Builder, names: Sequence[str]) -> list[int]:
    """Rows of Parquet files, by their footers where this process reaches them."""
    if build.local:
        return [pq.read_metadata(Path(build.folder, name)).num_rows for name in names]
    return [build.frame(name).count() for name in names]


def prepared(build: Builder, names: Sequence[str], rows: Sequence[int]) -> tuple[PreparedFile, ...]:
    """Files with sizes and checksums; those that only Spark reaches are hashed by its workers.

    Args:
        build: where.
        names: below the folder.
        rows: of each.
    """
    if build.local:
        return prepared_local(Path(build.folder), names, rows)
    if not names:
        return ()
    paths = [build.path(name) for name in names]
    content: Any = F.sha2(F.col("content"), 256).alias("sha256")
    found = build.session.read.format("binaryFile").load(paths).select("path", "length", content).collect()
    known = {"/".join(row["path"].rsplit("/", 2)[-2:]): row for row in found}
    return tuple(
        PreparedFile(name, int(count), known[name]["length"], known[name]["sha256"])
        for name, count in zip(names, rows, strict=True)
    )
