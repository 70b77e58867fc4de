"""What Spark and the systems below it complain of, as what was asked, what was found and what to do."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager

from qml.base.addresses import masked, shown
from qml.base.errors import CapabilityError, DataError, QmlError
from qml.base.extras import require

require("pyspark", extra="spark", purpose="qml.data.etl")
from py4j.protocol import Py4JError, Py4JJavaError, Py4JNetworkError
from pyspark.errors import PySparkException

FILE = re.compile(r"(?:[a-z0-9]+:/|/)[^\s'\"),]+\.(?:csv|json|jsonl|parquet|gz|txt)[^\s'\"),]*")
ENDED = "Java has ended, most often because it had too little memory. Give it more: memory=4g."


@contextmanager
def told(doing: str, where: str) -> Iterator[None]:
    """Turn what Spark raises within the block into one of our errors.

    Args:
        doing: what was being done, as in "the reading of raw.csv".
        where: the place that it was done with; the full disk is that of this place.

    Raises:
        OSError: the disk is full.
        DataError: something cannot be read.
        CapabilityError: Spark lacks something: memory, a file system, our package.
    """
    try:
        yield
    except (ConnectionError, EOFError, Py4JNetworkError) as error:
        raise CapabilityError(f"In {doing}: {ENDED}") from error
    except (Py4JError, PySparkException) as error:
        raise translated(_text(error), doing, where) from error


def _text(error: Exception) -> str:
    """All that an error says, the causes on the Java side too."""
    java = error.java_exception if isinstance(error, Py4JJavaError) else getattr(error, "_origin", None)
    return f"{error}\n{java}\n{getattr(error, '_stackTrace', '') or ''}"


def translated(text: str, doing: str, where: str) -> QmlError | OSError:
    """The error of a text of Spark.

    Args:
        text: all that Spark said.
        doing: what was being done.
        where: the place that it was done with.

    Example:
        >>> print(translated("java.io.IOException: No space left on device", "the writing", "out"))
        [Errno 28] No space left on device: 'out'
        >>> print(translated("x.parquet is not a Parquet file", "the reading of raw", "raw"))
        In the reading of raw: x.parquet is not a Parquet file. Repair the file, or leave it out.
    """
    if "No space left on device" in text or "Disk quota exceeded" in text:
        return OSError(errno.ENOSPC, "No space left on device", shown(where))
    file = next(iter(re.findall(FILE, text)), None)
    named = f" of {masked(file.rstrip('.'))}" if file else ""
    if "header does not conform" in text:
        return DataError(
            f"In {doing}: the header{named} names other columns than the first file. All files of one input have the "
            "same columns in the same order; give the others a preparation of their own."
        )
    if "COLUMN_ALREADY_EXISTS" in text:
        return DataError(
            f"In {doing}: {masked(_first_cause(text))}. A JSON object, or a file, has it twice. Leave one."
        )
    if "Answer from Java side is empty" in text:
        return CapabilityError(f"In {doing}: {ENDED}")
    if "OutOfMemoryError" in text or "heap space" in text:
        return CapabilityError(f"In {doing}: Java has too little memory. Give it more: memory=4g.")
    if re.search("No module named '?qml", text):
        return CapabilityError(
            f"In {doing}: the workers of Spark lack this package. Install qml-hybrid[spark] where they run."
        )
    if "No FileSystem for scheme" in text or ("ClassNotFoundException" in text and "fs." in text):
        return CapabilityError(
            f"In {doing}: Spark knows no file system for {shown(where)}. Give it the package of that file system: "
            "+spark={spark.jars.packages: org.apache.hadoop:hadoop-aws:3.4.2} for s3a://."
        )
    if "AccessDenied" in text or "Forbidden" in text or "Permission denied" in text or "Unauthorized" in text:
        return DataError(f"In {doing}: access to {shown(where)} is denied. Give Spark the credentials of that place.")
    return DataError(f"In {doing}: {masked(_first_cause(text))}. Repair the file, or leave it out.")


def _first_cause(text: str) -> str:
    """The line that says most."""
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.strip().startswith("at ")]
    found = [line for line in lines if re.search(r"not a Parquet file|Error|Exception|\[[A-Z_.]+\]", line)]
    chosen = next((line for line in found if "not a Parquet file" in line), (found or lines or ["Spark failed"])[0])
    return chosen.removeprefix("Caused by: ").rstrip(". ")[:400]
