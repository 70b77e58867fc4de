"""Raw files as a frame of Spark: every declared column, the file of each row, and the text of a line that is broken."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from pathlib import Path

from qml.base.addresses import shown
from qml.base.errors import DataError
from qml.base.extras import require
from qml.base.registry import unknown
from qml.data.etl.places import is_local, local_files, spark_path
from qml.data.etl.preparation import Preparation, Reading
from qml.data.parquet import parquet_types

require("pyspark", extra="spark", purpose="qml.data.etl")
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as T

BROKEN, FILE, PART = "__broken", "__file", "__part"
"""Columns of a frame: the text of a line that does not parse, the file of a row, its part where files are parts."""
UNREADABLE = "the line does not parse"


def named(name: str):
    """The column of that very name, dots and all."""
    return F.col("`" + name.replace("`", "``") + "`")


def raw_frame(session: SparkSession, preparation: Preparation) -> DataFrame:
    """All raw rows, with the declared columns as the file spells them (CSV, JSON: text; Parquet: typed).

    Args:
        session: of Spark.
        preparation: what to read.

    Returns:
        The declared columns, `__broken`, `__file`, and `__part` where the files are the parts.

    Raises:
        ConfigError: a column that is declared and not there, or there and not declared.
        DataError: no file.
    """
    read, files = preparation.read, preparation.split.files
    if not files:
        return _frame(session, preparation, read.path, read.path)
    frames = [
        _frame(session, preparation, f"{read.path.rstrip('/')}/{file}", read.path).withColumn(PART, F.lit(part))
        for part, found in files.items()
        for file in found
    ]
    return reduce(DataFrame.unionByName, frames)


def _frame(session: SparkSession, preparation: Preparation, path: str, root: str) -> DataFrame:
    """The rows below one path."""
    read = preparation.read
    paths = _paths(path)
    if read.format == "csv":
        frame = _csv(session, read, paths)
    elif read.format == "json":
        names = session.read.option("recursiveFileLookup", True).json(paths).columns
        known = [name for name in names if name != "_corrupt_record"]
        reader = session.read.schema(_texts(known)).option("recursiveFileLookup", True)
        frame = reader.option("mode", "PERMISSIVE").option("columnNameOfCorruptRecord", BROKEN).json(paths)
    else:
        frame = _parquet(session, path).withColumn(BROKEN, F.lit(None).cast("string"))
    declared = _declared(preparation, [name for name in frame.columns if name != BROKEN], path)
    file = _below(F.col("_metadata.file_path"), root)
    return frame.select(*(named(name) for name in declared), named(BROKEN), file.alias(FILE))


def _paths(path: str) -> list[str]:
    """What Spark is handed: each file of this machine by name, so that it reads what was listed."""
    if not is_local(path):
        return [path]
    if not Path(path).expanduser().is_dir():
        return [spark_path(file) for file, _ in local_files(path)]
    local_files(path)  # says what is wrong with it
    return [spark_path(Path(path).expanduser())]


def _parquet(session: SparkSession, path: str) -> DataFrame:
    """Parquet files with one schema; sub-folders called key=value give a column of that key.

    Raises:
        DataError: a file has other columns than the first, or other types.
    """
    if not is_local(path):
        return session.read.parquet(path)
    root, listed = Path(path).expanduser(), local_files(path)
    _check_one_schema([file for file, _ in listed])
    reader = session.read
    if root.is_dir() and any("=" in str(file.parent.relative_to(root)) for file, _ in listed):
        reader = reader.option("basePath", spark_path(root))
    return reader.parquet(*(spark_path(file) for file, _ in listed))


def _check_one_schema(files: Sequence[Path]) -> None:
    """Spark would take the schema of one file, and fill what another one lacks with nulls."""
    first = parquet_types(files[0])
    for file in files[1:]:
        found = parquet_types(file)
        for name in dict.fromkeys((*first, *found)):
            if first.get(name) != found.get(name):
                raise DataError(
                    f"{file} was to be read beside {files[0]}; column {name!r} is {found.get(name, 'not there')} in it "
                    f"and {first.get(name, 'not there')} in the other. Write them with one schema."
                )


def _csv(session: SparkSession, read: Reading, paths: Sequence[str]) -> DataFrame:
    """CSV as text columns."""
    options = {
        "sep": read.separator,
        "quote": read.quote,
        "escape": read.quote,
        "header": read.header,
        "multiLine": read.multiline,
        "ignoreLeadingWhiteSpace": read.trim,
        "ignoreTrailingWhiteSpace": read.trim,
        "recursiveFileLookup": True,
    }
    names = list(read.names)
    if read.header:
        names = session.read.options(**options, inferSchema=False).csv(list(paths)).columns
    reader = session.read.schema(_texts(names)).options(
        **options, mode="PERMISSIVE", columnNameOfCorruptRecord=BROKEN, enforceSchema=False, columnPruning=False
    )
    return reader.csv(list(paths))


def _texts(names: Sequence[str]) -> T.StructType:
    """A schema of texts, and of the line that is broken."""
    return T.StructType([T.StructField(name, T.StringType()) for name in (*names, BROKEN)])


def _declared(preparation: Preparation, found: Sequence[str], path: str) -> list[str]:
    """The declared columns, each of which must be there; others must have been allowed."""
    declared = [name for rule in preparation.columns for name in rule.names]
    for name in declared:
        if name not in found:
            raise unknown(f"column of {shown(path)}", name, list(found))
    extra = [name for name in found if name not in declared]
    if extra and preparation.read.others == "refuse":
        raise DataError(
            f"{shown(path)} has columns that etl.columns does not name: {', '.join(extra[:5])}. Declare them (role: "
            "drop leaves one out), or say etl.read.others=drop."
        )
    return declared


def _below(path, root: str):
    """The name of a file below the path that is read, without the place of that path."""
    if not is_local(root):
        return F.regexp_extract(path, "([^/]+)$", 1)
    folder = Path(root).expanduser().resolve()
    start = (folder if folder.is_dir() else folder.parent).as_uri().replace("file://", "") + "/"
    return F.when(path.contains(start), F.substring_index(path, start, -1)).otherwise(
        F.regexp_extract(path, "([^/]+)$", 1)
    )
