"""Files as the job sees them: a folder of this machine, or one that only Spark reaches."""

from __future__ import annotations

import glob
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from qml.base.addresses import shown
from qml.base.digest import digest
from qml.base.errors import DataError
from qml.base.files import file_digest
from qml.data.manifest import PreparedFile

Listed = tuple[str, int, int]
"""A file: its name below what was listed, bytes, and when it was changed, in milliseconds."""


def is_local(path: str) -> bool:
    """Whether this process reaches a path by itself; one with a scheme goes through Spark.

    Example:
        >>> is_local("raw/a.csv"), is_local("hdfs://there/a.csv")
        (True, False)
    """
    return "://" not in path


def spark_path(path: Path) -> str:
    """A path of this machine as Spark takes it: with its scheme, and unlike a URL with nothing escaped.

    Example:
        >>> spark_path(Path("/a b/split=train"))
        'file:///a b/split=train'
    """
    return f"file://{path.resolve()}"


def spark_pattern(path: Path) -> str:
    r"""A path of this machine as Spark takes it where it looks for patterns: its signs stand for themselves.

    Example:
        >>> print(spark_pattern(Path("/run[1]/a.csv")))
        file:///run\[1\]/a.csv
    """
    return re.sub(r"([\[\]{}*?\\])", r"\\\1", spark_path(path))


def hidden(name: str) -> bool:
    """Whether Spark looks past a file: those that begin with a dot or an underscore."""
    return any(part[:1] in "._" for part in name.split("/"))


def local_files(path: str) -> list[tuple[Path, Listed]]:
    """The files of a path of this machine, sorted by name: a file, all below a folder, or a pattern.

    Links to folders are followed, as Spark follows them.

    Raises:
        DataError: there is none, or one cannot be read.
    """
    root = Path(path).expanduser()
    if root.is_dir():
        found = [(file, file.relative_to(root).as_posix()) for file in _walked(root)]
    elif root.is_file():
        found = [(root, root.name)]
    else:
        matches = [Path(name) for name in glob.glob(str(root), recursive=True)]
        found = [(file, file.name) for file in matches if file.is_file()]
    files = sorted((name, file) for file, name in found if not hidden(name))
    if not files:
        raise DataError(f"etl.read.path={path} was to be read; there is no file. Check the path.")
    for _, file in files:
        if not os.access(file, os.R_OK):
            raise DataError(f"{file} was to be read; it cannot be opened. Make it readable.")
    return [(file, (name, file.stat().st_size, file.stat().st_mtime_ns // 1_000_000)) for name, file in files]


def _walked(root: Path) -> Iterator[Path]:
    """All files below a folder, through links too; a link to a folder that it lies in is passed by."""
    for folder, folders, names in os.walk(root, followlinks=True):
        inside = Path(folder).resolve()
        folders[:] = [name for name in folders if not inside.is_relative_to((inside / name).resolve())]
        yield from (Path(folder, name) for name in names if Path(folder, name).is_file())


def fingerprint(listed: Iterable[Listed]) -> dict[str, Any]:
    """Numbers by which it is noticed that the raw files have changed; no path is in it.

    Example:
        >>> fingerprint([("a.csv", 10, 5)])["bytes"]
        10
    """
    files = sorted(listed)
    return {"files": len(files), "bytes": sum(size for _, size, _ in files), "digest": digest(files)}


@dataclass(frozen=True)
class HadoopFolder:
    """What Hadoop's file system does with a path that has a scheme; by way of the Java side of a session.

    Args:
        session: of Spark.
        path: with its scheme.
    """

    session: Any
    path: str

    def _system(self, path: str) -> tuple[Any, Any]:
        jvm = self.session.sparkContext._jvm
        where = jvm.org.apache.hadoop.fs.Path(path)
        return where.getFileSystem(self.session.sparkContext._jsc.hadoopConfiguration()), where

    def exists(self, path: str) -> bool:
        """Whether there is something."""
        system, where = self._system(path)
        return bool(system.exists(where))

    def files(self, path: str) -> list[tuple[str, Listed]]:
        """All files below a path, with their whole names, sorted by those below the path."""
        system, where = self._system(path)
        found: list[tuple[str, Listed]] = []
        for status in system.globStatus(where) or []:
            if status.isFile():
                found.append(_listed(status, status.getPath().getParent().toString()))
                continue
            files, root = system.listFiles(status.getPath(), True), status.getPath().toString()
            while files.hasNext():
                found.append(_listed(files.next(), root))
        return sorted((item for item in found if not hidden(item[1][0])), key=lambda item: item[1])

    def listed(self, path: str) -> list[Listed]:
        """All files below a path by their names below it."""
        return [listed for _, listed in self.files(path)]

    def move(self, source: str, target: str) -> None:
        """Give a file or folder another name.

        Raises:
            DataError: the file system refused.
        """
        system, where = self._system(source)
        goal = self._system(target)[1]
        system.mkdirs(goal.getParent())
        if not system.rename(where, goal):
            raise DataError(
                f"{shown(source)} was to be renamed to {shown(target)}; the file system refused. See whether it is "
                "there."
            )

    def remove(self, path: str) -> None:
        """Remove a file or folder if it is there."""
        system, where = self._system(path)
        system.delete(where, True)

    def read(self, path: str) -> str:
        """A small text file."""
        return self.session.read.text(path, wholetext=True).first()[0]

    def write(self, path: str, text: str) -> None:
        """A small text file, whole under its name when it is closed."""
        system, where = self._system(path)
        stream = system.create(where, True)
        try:
            stream.write(bytearray(text.encode()))
        finally:
            stream.close()


def _listed(status: Any, root: str) -> tuple[str, Listed]:
    """A file of Hadoop by its whole name, and as it is listed below a folder."""
    name = status.getPath().toString()
    below = name.removeprefix(root).lstrip("/")
    return name, (below, status.getLen(), status.getModificationTime())


def remove_local(paths: Iterable[Path]) -> None:
    """Remove folders of this machine, also one to which a dying process still writes."""
    for path in paths:
        shutil.rmtree(path, ignore_errors=True)


def prepared_local(folder: Path, names: Sequence[str], rows: Sequence[int]) -> tuple[PreparedFile, ...]:
    """Files of a folder of this machine with their sizes and checksums, several hashed at once.

    Args:
        folder: of the manifest.
        names: below it.
        rows: of each.
    """
    with ThreadPoolExecutor(min(8, max(1, len(names)))) as pool:
        sums = list(pool.map(lambda name: file_digest(folder / name), names))
    sizes = [(folder / name).stat().st_size for name in names]
    return tuple(PreparedFile(*item) for item in zip(names, map(int, np.asarray(rows)), sizes, sums, strict=True))
