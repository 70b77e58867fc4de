"""Where the files of a data set lie: a path of this machine, or a URL of another one, read through fsspec."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import IO, Any

from qml.base.addresses import masked, names_user, secrets_of, shown
from qml.base.errors import ConfigError, DataError
from qml.base.extras import require

_SCHEME = re.compile(r"^([a-zA-Z][a-zA-Z0-9+.-]+)://")
_REFUSED = ("credential", "access denied", "forbidden", "unauthorized", "anonymous", "accesskey", "access key", "403")
FOREIGN = {"botocore.exceptions": "BotoCoreError", "google.auth.exceptions": "GoogleAuthError"}
"""Module -> class of errors that storage packages raise beside those of the system."""

_S3, _GS = 'storage_options={"key": ..., "secret": ...}', 'storage_options={"token": ...}'
BUCKETS = {"s3": _S3, "s3a": _S3, "gs": _GS, "gcs": _GS}
"""Scheme of a storage whose URLs begin with a bucket and name no user -> how credentials are given instead."""


@dataclass(frozen=True)
class Place:
    """A file or a folder, here or behind a URL that fsspec knows.

    Args:
        root: a path, or a URL such as `s3://bucket/folder`.
        options: what the file system is opened with; never printed, and no part of any digest.

    Example:
        >>> place = Place("s3://someone:secret@bucket/rows")
        >>> place, place.shown("train/part-0.parquet"), place.is_remote
        (Place('s3://bucket/rows'), 's3://bucket/rows/train/part-0.parquet', True)
    """

    root: str
    options: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    def __repr__(self) -> str:
        return f"Place({self.shown()!r})"

    @property
    def is_remote(self) -> bool:
        """Whether fsspec reads it."""
        found = _SCHEME.match(self.root)
        return bool(found) and (found is not None and found.group(1).lower() != "file")

    @property
    def is_in_this_process(self) -> bool:
        """Whether the files lie in the memory of this process, as those of `memory://` do."""
        return self.root.lower().startswith("memory://")

    def check_user(self) -> None:
        """Raise where the URL names a user and its storage takes none: it would be read as part of the bucket.

        Raises:
            ConfigError: it does; the message shows the URL without it.

        Example:
            >>> Place("s3://me:word@bucket/rows").check_user()
            Traceback (most recent call last):
            ...
            qml.base.errors.ConfigError: s3://bucket/rows was given with a user in the URL, where s3:// takes none. ...
        """
        found = _SCHEME.match(self.root)
        scheme = found.group(1) if found else ""
        secrets = BUCKETS.get(scheme.lower())
        if secrets and names_user(self.root):
            raise ConfigError(
                f"{self.shown()} was given with a user in the URL, where {scheme}:// takes none. Give {secrets}, or "
                "leave it to the environment or a profile, as the storage expects it."
            )

    @property
    def name(self) -> str:
        """The last word of the root, without `.parquet`."""
        return shown(self.root).rstrip("/").rpartition("/")[2].removesuffix(".parquet") or "parquet"

    def path(self, name: str = "") -> str:
        """The whole path of a file below the root; the root itself without a name."""
        root = self.root if self.is_remote else os.path.expanduser(self.root.removeprefix("file://"))
        return f"{root.rstrip('/')}/{name}" if name else root

    def shown(self, name: str = "") -> str:
        """`path` as a message may show it: without the credentials of a URL."""
        return Place(shown(self.root)).path(name)

    def files(self) -> dict[str, int]:
        """Parquet files -> bytes, sorted by their path below the root; "" is the root itself, where it is a file.

        Files and folders whose names begin with `.` or `_` are left out, as Spark and Hive mean it.

        Raises:
            DataError: there is nothing, or it cannot be reached.
        """
        found = self._remote_files() if self.is_remote else self._local_files()
        if not found:
            raise DataError(f"{self.shown()} was to be read as Parquet; no .parquet file is there. Check the path.")
        return dict(sorted(found.items()))

    def is_file(self) -> bool:
        """Whether the root itself is a Parquet file; a folder may be called like one.

        Raises:
            DataError: it cannot be reached.
        """
        if not self.is_remote:
            return os.path.isfile(self.path())
        if not shown(self.root).endswith(".parquet"):
            return False
        with self.reaching():
            return bool(_system(self)[0].isfile(self._inside("")))

    def text(self, name: str) -> str | None:
        """The text of a small file; None where there is none.

        Raises:
            DataError: it is there and cannot be read, or is no text in UTF-8.
        """
        try:
            with self.opened(name) as file:
                return file.read().decode("utf-8")
        except (FileNotFoundError, NotADirectoryError):
            return None
        except UnicodeDecodeError as error:
            raise DataError(
                f"{self.shown(name)} was to be a text in UTF-8; byte {error.start} of it is none. Prepare the folder "
                "again."
            ) from error

    @contextmanager
    def opened(self, name: str) -> Iterator[IO[bytes]]:
        """A file opened for reading bytes.

        Raises:
            FileNotFoundError: it is not there.
            DataError: it cannot be reached.
        """
        if not self.is_remote:
            with open(self.path(name), "rb") as file:
                yield file
            return
        system, _ = _system(self)
        with self.reaching(name), system.open(self._inside(name), "rb") as file:
            yield file

    def parquet(self, name: str) -> Any:
        """The `pyarrow.parquet.ParquetFile` of a file.

        Raises:
            DataError: it cannot be reached, or is no sound Parquet file.
        """
        require("pyarrow", extra="data", purpose="reading Parquet files")
        import pyarrow.parquet as pq

        with self.sound(name):
            if not self.is_remote:
                return pq.ParquetFile(self.path(name))
            return pq.ParquetFile(self._inside(name), filesystem=_system(self)[1], pre_buffer=True)

    @contextmanager
    def sound(self, name: str) -> Iterator[None]:
        """Turns whatever is raised while a Parquet file is read into a DataError that names it."""
        import pyarrow as pa

        with self.reaching(name):
            try:
                yield
            except (pa.ArrowException, FileNotFoundError, ValueError) as error:
                if isinstance(error, DataError):
                    raise
                raise DataError(
                    f"{self.shown(name)} is not a sound Parquet file ({self._told(error)}). It may be cut off or "
                    "damaged; write or copy it again."
                ) from None

    @contextmanager
    def reaching(self, name: str = "") -> Iterator[None]:
        """Turns errors of a file system into a DataError that says what it needs, without any of its secrets."""
        try:
            yield
        except FileNotFoundError:
            raise
        except (OSError, *_foreign()) as error:
            told = self._told(error)
            kind = type(error).__name__
            if isinstance(error, PermissionError) or any(
                word in f"{kind} {error}".lower().replace("_", " ") for word in _REFUSED
            ):
                raise DataError(
                    f"{self.shown(name)} was asked for; it cannot be read with the credentials at hand ({kind}). "
                    "Give them as the storage expects them: for s3:// AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in "
                    "the environment or a profile, or storage_options= from Python."
                    if self.is_remote
                    else f"{self.shown(name)} was asked for; this user may not read it. Change its permissions."
                ) from None
            raise DataError(f"{self.shown(name)} cannot be read ({kind}: {told}). Check the path and retry.") from None

    def _told(self, error: BaseException) -> str:
        """The first line of an error, without user, password or options."""
        text = str(error).partition("\n")[0]
        for secret in (*secrets_of(self.root), *_leaves(self.options)):
            text = text.replace(secret, "***")
        return masked(text)

    def _inside(self, name: str) -> str:
        """The path as its file system knows it."""
        system, _ = _system(self)
        return str(system._strip_protocol(self.path(name)))

    def _local_files(self) -> dict[str, int]:
        root = Path(self.path())
        if root.is_file():
            return {"": root.stat().st_size}
        if not root.is_dir():
            raise DataError(f"{root} was to be read as Parquet; there is no such file or folder. Check the path.")
        with self.reaching():
            files = [path for path in _walked(root) if path.name.endswith(".parquet")]
        for path in files:
            if not path.exists():
                raise DataError(f"{path} is a link to a file that is not there. Copy that file, or take the link away.")
        return {path.relative_to(root).as_posix(): path.stat().st_size for path in files}

    def _remote_files(self) -> dict[str, int]:
        with self.reaching():
            system, _ = _system(self)
            root = self._inside("").rstrip("/")
            try:
                found = system.find(root, detail=True)
            except FileNotFoundError:
                found = {}
        sizes = {}
        for path, facts in found.items():
            name = path.removeprefix(root).lstrip("/")
            if path.endswith(".parquet") and _is_data(tuple(name.split("/"))):
                sizes[name] = int(facts["size"])
        return sizes


def _is_data(parts: Sequence[str]) -> bool:
    return not any(part.startswith((".", "_")) for part in parts)


def _walked(root: Path) -> Iterator[Path]:
    """Every file of data below a folder, also through folders that are links.

    Raises:
        DataError: a folder is reached twice.
        OSError: one cannot be listed.
    """

    def refuse(error: OSError) -> None:  # os.walk would leave its rows out without a word
        raise error

    reached: dict[str, str] = {}
    for folder, folders, names in os.walk(root, onerror=refuse, followlinks=True):
        real = os.path.realpath(folder)
        if real in reached:
            raise DataError(
                f"{folder} is a link to what is read as {reached[real]} already: its rows would come twice. Take the "
                "link away."
            )
        reached[real] = folder
        folders[:] = [name for name in folders if _is_data([name])]
        yield from (Path(folder, name) for name in names if _is_data([name]))


def _leaves(options: Any) -> list[str]:
    """Texts among nested options that are long enough to be secrets."""
    if isinstance(options, Mapping):
        return [text for value in options.values() for text in _leaves(value)]
    return [options] if isinstance(options, str) and len(options) > 3 else []


def _foreign() -> tuple[type[BaseException], ...]:
    """Error classes of the storage packages that are loaded."""
    return tuple(getattr(sys.modules[module], name) for module, name in FOREIGN.items() if module in sys.modules)


def _system(place: Place) -> tuple[Any, Any]:
    """The fsspec file system of a place, and the same for Arrow."""
    found = _SCHEME.match(place.root)
    scheme = found.group(1) if found else "file"
    return _systems(scheme, place.root if "@" in place.root else "", _Options(place.options))


class _Options:
    """Options as a key: compared by their contents, printed by nothing."""

    def __init__(self, options: Mapping[str, Any]):
        self.options = dict(options)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Options) and self.options == other.options

    def __hash__(self) -> int:
        return hash(tuple(sorted(self.options)))


@lru_cache(maxsize=8)
def _systems(scheme: str, url: str, options: _Options) -> tuple[Any, Any]:
    require("fsspec", extra="data", purpose=f"reading {scheme}:// URLs")
    import fsspec
    from pyarrow.fs import FSSpecHandler, PyFileSystem

    try:
        made = fsspec.get_filesystem_class(scheme)
    except ImportError as error:
        hint = ' Install it with: pip install "qml-hybrid[s3]"' if scheme in ("s3", "s3a") else ""
        raise DataError(f"{scheme}:// needs a package that is not installed ({error}).{hint}") from None
    except ValueError as error:
        raise DataError(f"{scheme}:// is no file system that fsspec knows ({error}). Check the URL.") from None
    given = made._get_kwargs_from_urls(url) if url else {}
    system = made(**{**given, **options.options})
    return system, PyFileSystem(FSSpecHandler(system))
