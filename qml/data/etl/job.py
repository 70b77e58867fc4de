"""One ETL run: raw files in, a prepared folder with its manifest out; whole or not at all."""

from __future__ import annotations

import errno
import logging
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qml.base.addresses import shown
from qml.base.digest import digest
from qml.base.errors import ConfigError, DataError
from qml.data.etl.beside import temporary_beside
from qml.data.etl.places import HadoopFolder, Listed, fingerprint, is_local, local_files
from qml.data.etl.preparation import Preparation, Reading
from qml.data.manifest import MANIFEST, Manifest, parse_manifest, write_manifest

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_logger = logging.getLogger(__name__)
_MEMORY = re.compile(r"[1-9]\d*[kmgt]b?", re.IGNORECASE)


@dataclass
class Stages:
    """Wall seconds of each stage, told as they go by."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time the block under a name."""
        _logger.info("%s ...", name)
        start = time.perf_counter()
        yield
        self.seconds[name] = round(time.perf_counter() - start, 3)
        _logger.info("%s: %.1f s", name, self.seconds[name])


@dataclass(frozen=True)
class EtlOutcome:
    """A prepared folder.

    Args:
        folder: where it is.
        manifest: of it.
        kept: it was there already, made by the same job of the same files.
    """

    folder: str
    manifest: Manifest
    kept: bool = False

    def __str__(self) -> str:
        rows = self.manifest.made["rows"]
        parts = ", ".join(f"{part} {self.manifest.rows(part):,}" for part in self.manifest.parts)
        said = [f"{self.folder}: {self.manifest.name}, {len(self.manifest.features)} features; rows: {parts}"]
        said.append(f"read {rows['read']:,} = written {rows['written']:,} + quarantined {rows['quarantined']:,}")
        said.extend(f"  {count:,} x {reason}" for reason, count in self.manifest.made["quarantine"]["reasons"].items())
        if self.kept:
            said.append("It was there already, made by the same job of the same files, and is kept.")
        else:
            said.append("; ".join(f"{name} {seconds:.1f} s" for name, seconds in self.manifest.made["stages"].items()))
        return "\n".join(said)


@dataclass(frozen=True)
class EtlJob:
    """Prepares a folder of Parquet files from raw ones, on Spark.

    Args:
        etl: what to read, check, divide and make of it.
        out: the folder that is made: a path of this machine, or a URL that Spark knows.
        master: "local[*]", or the address of a cluster; a session that is open already is used as it is.
        memory: of the Java side of Spark, a number with its unit: "512m", "4g".
        spark: further settings of Spark.
        rows_per_group: rows of a Parquet row group, the piece that is read at once.
        rows_per_file: rows of a file.
        plugins: packages of yours that a configuration may name.

    Raises:
        ConfigError: sizes below 1, or memory without a unit.

    Example:
        ```python
        columns = [ColumnRule(["size", "age"], "float"), ColumnRule(["open"], "string", role="target")]
        job = EtlJob(Preparation("shops", Reading("raw/*.csv"), columns, TargetPlan()), out="prepared/shops")
        print(job.run())
        ```
    """

    etl: Preparation
    out: str
    master: str = "local[*]"
    memory: str = "2g"
    spark: Mapping[str, Any] = field(default_factory=dict)
    rows_per_group: int = 65_536
    rows_per_file: int = 1_000_000
    plugins: list[str] = field(default_factory=list)

    def __post_init__(self):
        if not _MEMORY.fullmatch(str(self.memory)):
            raise ConfigError(
                f"memory={self.memory} was asked for; Java takes a whole number with its unit, k, m, g or t. Say "
                "memory=4g."
            )
        for name in ("rows_per_group", "rows_per_file"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name}={getattr(self, name)} was asked for; give 1 or more.")

    def run(self) -> EtlOutcome:
        """The prepared folder; an earlier one of the same job and the same raw files is kept as it is.

        Raises:
            ConfigError: a column that is not there, or an `out` that holds something else.
            DataError: files that cannot be read, too many broken rows, an empty part, a column without values.
            CapabilityError: no Java, or Spark does not start.
            OSError: the disk of `out` is full, which it then names; nothing half-written is left.
        """
        with _full_disk_named(shown(self.out)):
            return self._local() if is_local(self.out) else self._remote()

    @property
    def digest(self) -> str:
        """Equal for jobs that make the same folder of the same raw files, on whatever machine."""
        return digest([self.etl.digest, self.rows_per_group, self.rows_per_file])

    def _local(self) -> EtlOutcome:
        """Into a folder of this machine."""
        out = Path(self.out).expanduser()
        raw = None
        if is_local(self.etl.read.path):
            raw = self._local_fingerprint()
        if raw is not None and (found := self._found(out, raw)) is not None:
            return found
        with temporary_beside(out) as temporary:
            made, scratch = temporary / "made", temporary / "spark"
            made.mkdir()
            scratch.mkdir()
            stages = Stages()
            with self._session(stages, scratch) as session:
                if raw is None:
                    raw = self._fingerprint(session)
                    if (found := self._found(out, raw)) is not None:
                        return found
                manifest = self._prepared(session, str(made), raw, stages)
            write_manifest(made, manifest)
            if out.is_dir():
                out.rmdir()  # empty, or `_found` would have refused
            os.replace(made, out)
        return EtlOutcome(self.out, manifest)

    def _remote(self) -> EtlOutcome:
        """Into a folder that only Spark reaches; the manifest is written last and vouches for the rest."""
        parent, _, name = self.out.rstrip("/").rpartition("/")
        temporary, goal = f"{parent}/.{name}.etl-{self.digest[:8]}", f"{parent}/{name}"
        scratch = Path(tempfile.mkdtemp(prefix="qml-etl-"))
        stages = Stages()
        try:
            with self._session(stages, scratch) as session, _told(f"the work in {shown(goal)}", goal):
                folder = HadoopFolder(session, temporary)
                raw = self._fingerprint(session)
                if folder.exists(goal):
                    text = folder.read(f"{goal}/{MANIFEST}") if folder.exists(f"{goal}/{MANIFEST}") else None
                    return self._same(text, raw, folder.listed(goal))
                try:
                    folder.remove(temporary)
                    manifest = self._prepared(session, temporary, raw, stages)
                    folder.move(temporary, goal)
                finally:
                    folder.remove(temporary)
                written = write_manifest(scratch, manifest).read_text()
                folder.write(f"{goal}/{MANIFEST}", written)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        return EtlOutcome(shown(self.out), manifest)

    @contextmanager
    def _session(self, stages: Stages, scratch: Path) -> Iterator[SparkSession]:
        """Spark, started as a stage."""
        from qml.data.etl.session import ends_quietly, spark_session

        with ExitStack() as stack:
            stack.enter_context(ends_quietly())
            with stages.stage("start Spark"):
                session = stack.enter_context(spark_session(self.master, self.memory, self.spark, scratch))
            yield session

    def _prepared(self, session: SparkSession, folder: str, raw: Mapping[str, Any], stages: Stages) -> Manifest:
        """The work on Spark."""
        from qml.data.etl.run import prepare
        from qml.data.etl.writing import Builder, Layout

        layout = Layout(self.rows_per_group, self.rows_per_file)
        facts = {"job": self.digest, "input": dict(raw), "layout": asdict(layout)}
        return prepare(Builder(session, folder), self.etl, layout, stages, facts)

    def _fingerprint(self, session: SparkSession) -> dict[str, Any]:
        """Of raw files that only Spark reaches, or of this machine."""
        path = self.etl.read.path
        if is_local(path):
            return self._local_fingerprint()
        with _told(f"the listing of {shown(path)}", path):
            listed = HadoopFolder(session, path).listed(path)
        check_not_empty(self.etl.read, listed)
        return fingerprint(listed)

    def _local_fingerprint(self) -> dict[str, Any]:
        """Of raw files of this machine."""
        listed = [item for _, item in local_files(self.etl.read.path)]
        check_not_empty(self.etl.read, listed)
        return fingerprint(listed)

    def _found(self, out: Path, raw: Mapping[str, Any]) -> EtlOutcome | None:
        """What lies in `out` already; None where there is nothing."""
        if not out.exists() or (out.is_dir() and not any(out.iterdir())):
            return None
        file = out / MANIFEST
        if not file.is_file():
            return self._same(None, raw, [])
        return self._same(file.read_text(), raw, [listed for _, listed in local_files(str(out))])

    def _same(self, text: str | None, raw: Mapping[str, Any], there: Iterable[Listed]) -> EtlOutcome:
        """An earlier result, if it is of this job and of these files, and whole by the sizes of its files.

        Raises:
            ConfigError: it is something else, which is never overwritten.
            DataError: files of it are gone or cut off.
        """
        out = shown(self.out)
        remedy = "Nothing is overwritten: name another folder, or remove that one."
        if text is None:
            raise ConfigError(f"out={out} was asked for; it is there, and is no prepared folder. {remedy}")
        manifest = parse_manifest(text, f"{out}/{MANIFEST}")
        if manifest.made.get("job") != self.digest:
            raise ConfigError(
                f"out={out} was asked for; it was prepared by another job (another schema, split or features). {remedy}"
            )
        if manifest.made.get("input", {}).get("digest") != raw["digest"]:
            raise ConfigError(
                f"out={out} was prepared by this job, of other raw files: names, sizes or times of change "
                f"differ. {remedy}"
            )
        sizes = {name: size for name, size, _ in there}
        for name, wanted in _sizes(manifest):
            if sizes.get(name) != wanted:
                raise DataError(
                    f"out={out} was prepared by this job; its file {name} "
                    f"{f'has {sizes[name]:,} bytes where {wanted:,} were written' if name in sizes else 'is gone'}. "
                    "Remove that folder, and run it again."
                )
        _logger.info("%s is there already, made by this job of these files; it is kept.", out)
        return EtlOutcome(out, manifest, kept=True)


def check_not_empty(read: Reading, listed: Iterable[Listed]) -> None:
    """Refuse files of 0 bytes, or say that they give no row where the format lets a file be empty.

    Args:
        read: how the files are written.
        listed: the files.

    Raises:
        DataError: a file is empty that has a header, or is Parquet; the message names it.

    Example:
        >>> check_not_empty(Reading("raw"), [("a.csv", 10, 5), ("b.csv", 0, 5)])
        Traceback (most recent call last):
        ...
        qml.base.errors.DataError: etl.read.path=raw was to be read; b.csv of it has 0 bytes, where each file has ...
    """
    empty = sorted(name for name, size, _ in listed if not size)
    if not empty:
        return
    path, more = shown(read.path), f" ({len(empty) - 1} others too)" if len(empty) > 1 else ""
    if read.format == "parquet" or (read.format == "csv" and read.header):
        wanted = "a Parquet file has an end that tells of it" if read.format == "parquet" else "each file has a header"
        raise DataError(
            f"etl.read.path={path} was to be read; {empty[0]} of it has 0 bytes{more}, where {wanted}. Write or copy "
            "it again, or take it away."
        )
    _logger.warning("%s: %s has 0 bytes%s and gives no row.", path, empty[0], more)


@contextmanager
def _full_disk_named(out: str) -> Iterator[None]:
    """Say of a full disk that it is that of `out`: whatever was at work, all that is written lies beside it."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise OSError(error.errno, error.strerror, out) from error


def _sizes(manifest: Manifest) -> Iterator[tuple[str, int]]:
    """Name and bytes of each file that was written."""
    for items in manifest.parts.values():
        yield from ((item.path, item.nbytes) for item in items)
    yield from ((item["path"], item["nbytes"]) for item in manifest.made["quarantine"]["files"])


def _told(doing: str, where: str) -> AbstractContextManager[None]:
    """What Spark raises, in our words; imported when Spark is there."""
    from qml.data.etl.trouble import told

    return told(doing, where)
