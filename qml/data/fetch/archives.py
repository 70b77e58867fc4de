"""Files inside a download: members of a zip archive, of an archive within it, and what is compressed with gzip."""

from __future__ import annotations

import fnmatch
import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from qml.base.errors import DataError

NESTED = 2
"""Archives within archives are opened so many times."""


def members(path: Path, wanted: Sequence[str]) -> list[tuple[str, bytes]]:
    """The named files of an archive, with their checksums verified and gzip taken off.

    Args:
        path: a zip archive, or the file itself where `wanted` is empty.
        wanted: names without their folders, or patterns such as `PRSA_Data_*.csv`; the first file of a name is taken,
            and every file of a pattern, in the order of their names.

    Returns:
        (name, bytes) of each.

    Raises:
        DataError: no sound archive, or a file is not in it; the message lists what is.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "toy.zip"
        >>> with zipfile.ZipFile(path, "w") as archive:
        ...     archive.writestr("folder/a.csv", "1,2")
        >>> members(path, ["a.csv"])
        [('a.csv', b'1,2')]
    """
    try:
        if not wanted:
            return [(path.name, _plain(path.name, path.read_bytes()))]
        with zipfile.ZipFile(path) as archive:
            return _chosen(path, archive, wanted)
    except (zipfile.BadZipFile, zlib.error, gzip.BadGzipFile, EOFError, NotImplementedError) as error:
        raise DataError(f"{path.name} was downloaded; it is no sound archive ({error}). Nothing was kept.") from error


def _chosen(path: Path, archive: zipfile.ZipFile, wanted: Sequence[str]) -> list[tuple[str, bytes]]:
    """The members that are wanted, in the order of `wanted`."""
    listed = list(_listed(archive, NESTED))
    found: list[tuple[str, bytes]] = []
    for pattern in wanted:
        fitting = sorted(
            ((name, holder, info) for name, holder, info in listed if fnmatch.fnmatchcase(name, pattern)),
            key=lambda item: item[0],
        )
        if not fitting:
            names = ", ".join(dict.fromkeys(name for name, _, _ in listed))
            raise DataError(f"{path.name} was downloaded; it holds no {pattern!r}, but {names or 'nothing'}.")
        seen: set[str] = set()
        for name, holder, info in fitting:
            if name not in seen:
                seen.add(name)
                found.append((name, _plain(name, holder.read(info))))
    return found


def _listed(archive: zipfile.ZipFile, deeper: int) -> Iterator[tuple[str, zipfile.ZipFile, zipfile.ZipInfo]]:
    """Every file with the archive that holds it, outer ones first."""
    inner = []
    for info in archive.infolist():
        if info.is_dir():
            continue
        name = PurePosixPath(info.filename).name
        if name.endswith(".zip") and deeper:
            inner.append(info)
        yield name, archive, info
    for info in inner:
        yield from _listed(zipfile.ZipFile(io.BytesIO(archive.read(info))), deeper - 1)


def _plain(name: str, data: bytes) -> bytes:
    """The bytes without gzip."""
    return gzip.decompress(data) if name.endswith(".gz") and data[:2] == b"\x1f\x8b" else data
