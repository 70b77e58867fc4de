"""The unfinished file of a download: what is there of it, and of which version of the remote file it is."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

from qml.base.errors import DataError
from qml.base.files import file_digest, write_json


@dataclass(frozen=True)
class Version:
    """By what a server tells versions of a file apart.

    Args:
        validator: a strong ETag, else the moment of its last change; empty where the server says neither.
        total: bytes of the whole file, or None where the server does not say.
    """

    validator: str = ""
    total: int | None = None


class Partial:
    """`<name>.part` beside a file that is being downloaded, with `<name>.part.json` that says what it is of.

    Args:
        target: the file as it will be called.
        url: where it comes from; a part of another address is thrown away.
    """

    def __init__(self, target: Path, url: str):
        self.target, self.url = target, url
        self.path = target.with_name(f"{target.name}.part")
        self._about = target.with_name(f"{target.name}.part.json")
        self._whole = target.with_name(f"{target.name}.whole.json")

    def finished(self) -> str | None:
        """SHA-256 of the target that an earlier call has finished from the same address; None if there is none."""
        try:
            said = json.loads(self._whole.read_text(encoding="utf-8"))
            found = file_digest(self.target)
        except (OSError, ValueError):
            return None
        return found if said == {"url": self.url, "sha256": found} else None

    def resumable(self) -> tuple[int, Version]:
        """Bytes that are there and can be continued, and their version; 0 where it must begin anew."""
        try:
            about = json.loads(self._about.read_text(encoding="utf-8"))
            version = Version(about["validator"], about["total"])
            size = self.path.stat().st_size
        except (OSError, ValueError, KeyError, TypeError):
            return 0, Version()
        return (size, version) if about.get("url") == self.url and version.validator else (0, Version())

    @contextmanager
    def writing(self, version: Version, offset: int) -> Iterator[BinaryIO]:
        """The file, open for the bytes from `offset` on.

        Raises:
            DataError: the disk is full; the message says how much is needed, and nothing is left behind.
        """
        self.target.parent.mkdir(parents=True, exist_ok=True)
        self.check_space(version, offset)
        try:
            write_json(self._about, {"url": self.url, **asdict(version)})
            with open(self.path, "r+b" if offset else "wb") as file:
                file.truncate(offset)
                file.seek(offset)
                yield file
        except OSError as error:
            self.remove()
            raise DataError(
                f"{self.target} was being downloaded; writing it failed: {error.strerror or error}. Nothing of it was "
                f"kept. Free some space, or see to that folder, and ask again."
            ) from error

    def check_space(self, version: Version, offset: int) -> None:
        """Refuse before the first byte where the disk cannot hold the rest.

        Raises:
            DataError: there is less room than the file needs.
        """
        if version.total is None:
            return
        needed, free = version.total - offset, shutil.disk_usage(self.target.parent).free
        if needed > free:
            self.remove()
            raise DataError(
                f"{self.target} needs {needed / 1e6:,.1f} MB more; the disk has {free / 1e6:,.1f} MB free. Nothing was "
                f"downloaded. Free some space, or name another data root."
            )

    def finish(self) -> str:
        """Give the file its name, once it is whole and checked; its SHA-256."""
        with open(self.path, "rb+") as file:
            os.fsync(file.fileno())
        found = file_digest(self.path)
        os.replace(self.path, self.target)
        self._about.unlink(missing_ok=True)
        write_json(self._whole, {"url": self.url, "sha256": found})
        return found

    def remove(self) -> None:
        """Throw away what is there of it."""
        self.path.unlink(missing_ok=True)
        self._about.unlink(missing_ok=True)
