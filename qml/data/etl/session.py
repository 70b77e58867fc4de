"""A Spark session: the one that is open already, or one of our own that is quiet and ends with the work."""

from __future__ import annotations

import logging
import os
import shutil
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from qml.base.addresses import masked
from qml.base.errors import CapabilityError
from qml.base.extras import require

require("pyspark", extra="spark", purpose="qml.data.etl")


@contextmanager
def hushed() -> Iterator[None]:
    """Without the warning that pandas 3 is not wholly supported: no frame of pandas is made here."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="PySpark does not yet fully support pandas", category=FutureWarning)
        yield


@contextmanager
def ends_quietly() -> Iterator[None]:
    """Without what py4j writes to the root of all logs before it raises: a traceback, at Ctrl-C and SIGTERM too."""

    def is_of_another(record: logging.LogRecord) -> bool:
        return record.module != "java_gateway"

    root = logging.getLogger()
    root.addFilter(is_of_another)
    try:
        yield
    finally:
        root.removeFilter(is_of_another)


with hushed():
    from pyspark import SparkConf, SparkContext
    from pyspark.errors import PySparkException
    from pyspark.java_gateway import launch_gateway
    from pyspark.sql import DataFrame, SparkSession

_logger = logging.getLogger(__name__)
ALWAYS = {  # what the answers rest on; set in every session, also in one that was open
    "spark.sql.caseSensitive": "true",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.codegen.wholeStage": "false",  # a check of many columns is one method too long for Java's compiler
    "spark.sql.files.ignoreCorruptFiles": "false",  # a damaged file is an error, and no smaller number of rows
    "spark.sql.files.ignoreMissingFiles": "false",
    "spark.sql.maxConcurrentOutputFileWriters": "16",  # else rows are sorted by part before they are written
}


def java() -> str:
    """The Java program that Spark will run on.

    Raises:
        CapabilityError: there is none.
    """
    home = os.environ.get("JAVA_HOME")
    found = shutil.which("java", path=str(Path(home) / "bin")) if home else shutil.which("java")
    if found is None:
        where = f"JAVA_HOME={home}" if home else "the PATH"
        raise CapabilityError(
            f"qml.data.etl runs on Spark, which needs Java 17 or later; there is no java in {where}. Install one (for "
            "instance openjdk-17-jre-headless), or set JAVA_HOME."
        )
    return found


@contextmanager
def spark_session(master: str, memory: str, further: Mapping[str, Any], scratch: Path) -> Iterator[SparkSession]:
    """A session for the block.

    A session that is open already, such as that of a notebook on a cluster, is used, stays open, and gets its settings
    back.

    Args:
        master: "local[*]" or the address of a cluster.
        memory: of the Java side, such as "2g".
        further: settings of Spark that count more than ours.
        scratch: an existing folder of this machine for the log of Spark, and for what it spills if the work is local.

    Raises:
        CapabilityError: no Java, or Spark does not start; its last words are given.
    """
    active = SparkSession.getActiveSession()
    if active is not None:
        _logger.info("Spark %s is open already (%s) and is used.", active.version, active.sparkContext.master)
        before = {key: active.conf.get(key, None) for key in ALWAYS}
        for key, value in ALWAYS.items():
            active.conf.set(key, value)
        try:
            yield active
        finally:
            for key, value in before.items():
                if value is None:
                    active.conf.unset(key)
                else:
                    active.conf.set(key, value)
        return
    conf = _settings(master, memory, further, scratch)
    java()
    log = scratch / "spark.log"
    with log.open("ab") as stream:
        try:
            with warnings.catch_warnings():  # JAX warns of every fork; this one runs another program at once
                warnings.filterwarnings("ignore", message=r"os\.fork\(\) was called", category=RuntimeWarning)
                gateway = launch_gateway(conf, {"stdout": stream, "stderr": stream})
        except PySparkException as error:
            raise CapabilityError(f"Spark did not start with master={master}. {last_words(log)}") from error
    try:
        session = _started(conf, gateway, master, log)
        try:
            _logger.info("Spark %s has started (%s, %s of memory).", session.version, master, memory)
            yield session
        finally:
            _stop(session, log)
    finally:
        gateway.shutdown()
        if gateway.proc is not None and gateway.proc.stdin is not None:
            gateway.proc.stdin.close()  # Java ends when its input ends
            gateway.proc.wait()
        SparkContext._gateway = SparkContext._jvm = None  # else the next session would speak to a Java that is gone


def _stop(session: SparkSession, log: Path) -> None:
    """End a session; where Java has ended already, its last words are told, and the error of the work goes on."""
    from py4j.protocol import Py4JError

    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Unable to cleanly shutdown Spark JVM", category=RuntimeWarning)
            session.stop()
    except (ConnectionError, Py4JError):
        _logger.error("Java has ended before its time. %s", last_words(log))
        session.sparkContext.stop()  # the half of it that is Python, now that there is no Java to tell
        SparkSession._instantiatedSession = SparkSession._activeSession = None


def _started(conf: SparkConf, gateway: Any, master: str, log: Path) -> SparkSession:
    """The session on a Java that runs."""
    from py4j.protocol import Py4JError

    try:
        with hushed():
            context = SparkContext(conf=conf, gateway=gateway)
            if master.startswith("local") and "PYSPARK_PYTHON" not in os.environ:
                context.pythonExec = sys.executable  # else whatever is called python3
            return SparkSession(context)
    except (Py4JError, PySparkException) as error:
        raise CapabilityError(f"Spark did not start with master={master}. {last_words(log)}") from error


def mapped(frame: DataFrame, function: Any, schema: Any) -> DataFrame:
    """`frame` through a function of Arrow record batches, `schema` being that of what comes out."""
    with hushed():
        return frame.mapInArrow(function, schema)


def last_words(log: Path, lines: int = 3) -> str:
    r"""What the log of Spark ends with, without the noise of its start.

    Example:
        >>> import tempfile
        >>> log = Path(tempfile.mkdtemp()) / "spark.log"
        >>> _ = log.write_text("WARN a\nException: bad address\n\tat somewhere\n")
        >>> last_words(log)
        'Spark said: Exception: bad address'
    """
    text = log.read_text(errors="replace").splitlines() if log.exists() else []
    said = [line.strip() for line in text if line.strip() and not line.startswith("\t") and "WARN" not in line]
    return f"Spark said: {masked(' / '.join(said[-lines:]))}" if said else "Spark said nothing."


def _settings(master: str, memory: str, further: Mapping[str, Any], scratch: Path) -> SparkConf:
    """What a session of our own is started with."""
    python_path = [str(Path(__file__).resolve().parents[3]), os.environ.get("PYTHONPATH", "")]
    settings = {
        **ALWAYS,
        "spark.driver.memory": memory,
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.execution.arrow.maxRecordsPerBatch": "16384",
    }
    if master.startswith("local"):
        settings |= {
            "spark.driver.host": "127.0.0.1",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.local.dir": str(scratch),
            "spark.sql.shuffle.partitions": "8",
            "spark.executorEnv.PYTHONPATH": os.pathsep.join(filter(None, python_path)),
        }
    conf = SparkConf().setMaster(master).setAppName("qml.data.etl")
    for key, value in {**settings, **further}.items():
        conf.set(key, str(value))
    return conf
