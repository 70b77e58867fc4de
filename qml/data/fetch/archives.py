"""Files inside a download: members of a zip archive, of an archive within it, and what is compressed with gzip."""

from __future__ import annotations

import fnmatch
import gzip
import io
import lzma
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from qml.base.errors import DataError

NESTED = 2
"""Archives within archives are opened so many times."""
MOST_BYTES = 2**30
"""A file that unpacks to more is refused; the largest of a catalogued set is 75 MB."""
UNSOUND = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, gzip.BadGzipFile, EOFError, RuntimeError)
"""What reading an archive raises that is damaged, encrypted or packed in an unknown way (the last)."""


def members(path: Path, wanted: Sequence[str]) -> list[tuple[str, bytes]]:
    """The named files of an archive, with their checksums verified and gzip taken off.

    Args:
        path: a zip archive, or the file itself where `wanted` is empty.
        wanted: names without their folders, or patterns such as `PRSA_Data_*.csv`; the first file of a name is taken,
            and every file of a pattern, in the order of their names.

    Returns:
        (name, bytes) of each.

    Raises:
        DataError: no sound archive, a file unpacks to more than a GiB, or is not in it; the message lists what is.

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
    except UNSOUND as error:
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
                found.append((name, _plain(name, _read(holder, info))))
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
        yield from _listed(zipfile.ZipFile(io.BytesIO(_read(archive, info))), deeper - 1)


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """The bytes of a member; `zipfile` unpacks no more of it than it says to hold."""
    _check_size(info.filename, info.file_size)
    return archive.read(info)


def _plain(name: str, data: bytes) -> bytes:
    """The bytes without gzip."""
    if not name.endswith(".gz") or data[:2] != b"\x1f\x8b":
        return data
    with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
        plain = file.read(MOST_BYTES + 1)
    _check_size(name, len(plain))
    return plain


def _check_size(name: str, size: int) -> None:
    """Refuse what no set of the catalogue holds.

    Raises:
        DataError: it is too large.
    """
    if size > MOST_BYTES:
        raise DataError(f"{name} unpacks to more than {MOST_BYTES:,} bytes, which no set does. Nothing was kept.")
