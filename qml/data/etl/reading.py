"""Raw files as a frame of Spark: every declared column, the file of each row, and the text of a line that is broken."""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Collection, Sequence
from contextlib import suppress
from functools import reduce
from pathlib import Path
from typing import Any

from qml.base.addresses import shown
from qml.base.errors import DataError
from qml.base.extras import require
from qml.base.registry import unknown
from qml.data.etl.places import HadoopFolder, is_local, local_files, spark_path, spark_pattern
from qml.data.etl.preparation import Preparation
from qml.data.parquet import parquet_types

require("pyspark", extra="spark", purpose="qml.data.etl")
from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as T

_logger = logging.getLogger(__name__)
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
        DataError: no file, or one in two parts.
    """
    read, files = preparation.read, preparation.split.files
    if not files:
        return _frame(session, preparation, read.path, read.path)
    pieces = [(part, f"{read.path.rstrip('/')}/{file}") for part, found in files.items() for file in found]
    _check_parts(session, read.path, pieces)
    frames = [_frame(session, preparation, path, read.path).withColumn(PART, F.lit(part)) for part, path in pieces]
    return reduce(DataFrame.unionByName, frames)


def _check_parts(session: SparkSession, root: str, pieces: Sequence[tuple[str, str]]) -> None:
    """Refuse a file that is named twice, by whatever patterns and links; tell those of no part."""
    owners: dict[str, str] = {}
    for part, path in pieces:
        for file in _files(session, path):
            if file in owners:
                raise DataError(
                    f"{shown(file)} is of the parts {owners[file]!r} and {part!r} by etl.split.files: "
                    "its rows would be read twice. Name each file once."
                )
            owners[file] = part
    left = [file for file in _files(session, root) if file not in owners]
    if left:
        _logger.warning(
            "%d files below %s are of no part by etl.split.files and are not read, such as %s.",
            len(left),
            shown(root),
            shown(left[0]),
        )


def _files(session: SparkSession, path: str) -> list[str]:
    """Whole names of the files of a path."""
    if is_local(path):
        return [str(file.resolve()) for file, _ in local_files(path)]
    return [file for file, _ in HadoopFolder(session, path).files(path)]


def _frame(session: SparkSession, preparation: Preparation, path: str, root: str) -> DataFrame:
    """The rows below one path."""
    read = preparation.read
    paths = _paths(path)
    if read.format == "csv":
        frame = _csv(session, preparation, paths)
    elif read.format == "json":
        frame = _json(session, path, paths)
    else:
        frame = _parquet(session, path).withColumn(BROKEN, F.lit(None).cast("string"))
    columns = [name for name in frame.columns if name != BROKEN]
    declared = _declared(preparation, columns, path)
    file = _below(F.col("_metadata.file_path"), root)
    return frame.select(*(named(name) for name in declared), named(BROKEN), file.alias(FILE))


def _paths(path: str) -> list[str]:
    """What Spark is handed: each file of this machine by name, so that it reads what was listed."""
    return [spark_pattern(file) for file, _ in local_files(path)] if is_local(path) else [path]


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
    return reader.parquet(*(spark_pattern(file) for file, _ in listed))


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


def _json(session: SparkSession, path: str, paths: Sequence[str]) -> DataFrame:
    """JSON objects, one a line, as text columns; their keys are found by reading the files once.

    Raises:
        DataError: an object has a key twice, of which Spark would take either.
    """
    try:
        names = session.read.option("recursiveFileLookup", True).json(list(paths)).columns
    except AnalysisException as error:
        if error.getCondition() == "COLUMN_ALREADY_EXISTS" and is_local(path):
            _check_keys([file for file, _ in local_files(path)])
        raise
    known = [name for name in names if name != "_corrupt_record"]
    reader = session.read.schema(_texts(known)).option("recursiveFileLookup", True)
    return reader.option("mode", "PERMISSIVE").option("columnNameOfCorruptRecord", BROKEN).json(list(paths))


def _check_keys(files: Sequence[Path]) -> None:
    """Name the first line whose object has a key twice."""
    doubled: list[str] = []

    def note(pairs: list[tuple[str, Any]]) -> None:
        doubled.extend(key for key, n in Counter(key for key, _ in pairs).items() if n > 1)

    for file in files:
        with file.open(encoding="utf-8", errors="replace") as lines:
            for number, line in enumerate(lines, start=1):
                with suppress(ValueError):  # a line that does not parse goes to quarantine
                    json.loads(line, object_pairs_hook=note)
                if doubled:
                    raise DataError(f"{file} has the key {doubled[0]!r} twice, in line {number}. Leave one of them.")


def _csv(session: SparkSession, preparation: Preparation, paths: Sequence[str]) -> DataFrame:
    """CSV as text columns.

    Raises:
        DataError: a header names a declared column twice.
    """
    read = preparation.read
    options = {
        "sep": read.separator,
        "quote": read.quote,
        "escape": read.quote,
        "multiLine": read.multiline,
        "encoding": read.encoding,
        "ignoreLeadingWhiteSpace": read.trim,
        "ignoreTrailingWhiteSpace": read.trim,
        "recursiveFileLookup": True,
        "inferSchema": False,
    }
    names = list(read.names)
    if read.header:
        names = session.read.options(**options, header=True).csv(list(paths)).columns
        declared = {name for rule in preparation.columns for name in rule.names}
        # Spark puts its place behind a name that stands there twice
        numbered = [(name, name.removesuffix(str(place))) for place, name in enumerate(names)]
        if any(name != plain and plain in declared for name, plain in numbered):
            first = session.read.options(**options, header=False).csv(list(paths[:1])).first()
            _check_header(declared, list(first or ()), paths[0])
    reader = session.read.schema(_texts(names)).options(
        **options,
        header=read.header,
        mode="PERMISSIVE",
        columnNameOfCorruptRecord=BROKEN,
        enforceSchema=False,
        columnPruning=False,
    )
    return reader.csv(list(paths))


def _check_header(declared: Collection[str], header: Sequence[str], path: str) -> None:
    """Refuse a declared name that stands twice."""
    for name in header:
        places = [place for place, found in enumerate(header, start=1) if found == name]
        if len(places) > 1 and name in declared:
            raise DataError(
                f"The header of {shown(path)} names the column {name!r} {len(places)} times, at places "
                f"{', '.join(map(str, places))}. Rename all but one."
            )


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
