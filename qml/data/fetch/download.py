"""A file from the web, whole or not at all: resumed where it broke off, checked, and only then given its name."""

from __future__ import annotations

import hashlib
import http.client
import logging
import time
from dataclasses import dataclass, replace
from pathlib import Path

from qml.base.addresses import shown
from qml.base.errors import DataError
from qml.data.fetch.asking import NETWORK, Answer, Refusal, ask
from qml.data.fetch.partial import Partial, Version
from qml.data.progress import progress_bar

log = logging.getLogger(__name__)
CHUNK = 1 << 18


@dataclass(frozen=True)
class Patience:
    """How long a download tries.

    Args:
        timeout_s: seconds without a byte after which a connection counts as broken.
        attempts: connections in a row that bring nothing new before it gives up.
        pause_s: seconds before the second attempt; each further pause is twice as long.
        longest_s: of any pause, also one that the server asks for.
    """

    timeout_s: float = 30.0
    attempts: int = 5
    pause_s: float = 0.5
    longest_s: float = 60.0


@dataclass(frozen=True)
class Downloaded:
    """A file that was downloaded.

    Args:
        path: where it lies.
        url: where it came from, without credentials.
        nbytes: its size.
        sha256: of its bytes.
    """

    path: Path
    url: str
    nbytes: int
    sha256: str


class DownloadError(DataError):
    """A download broke off and may be continued; what is there of it was kept."""


def download(
    url: str,
    path: Path,
    *,
    sha256: str | None = None,
    md5: str | None = None,
    patience: Patience | None = None,
    title: str = "",
) -> Downloaded:
    """The file at `url` as `path`; what an earlier attempt left is continued, if the remote file is still the same.

    A connection that breaks is opened again for the rest (HTTP Range with If-Range). Killed, it leaves a `.part` file
    that the next call continues. Where the server says no length and no checksum is known, only whoever reads the file
    can tell that it is whole.

    Args:
        url: http or https; proxies are those of the environment.
        path: of the file; one that an earlier call has finished from the same address is taken as it is.
        sha256: that it must have; of the hub, where None is given, the one that the server says.
        md5: that it must have.
        patience: timeouts and attempts.
        title: of the bar; by default the name of the file.

    Raises:
        DownloadError: every attempt failed; the next call continues.
        DataError: the address is not served or needs credentials, the checksum is another also after a second
            download, or the disk is full. The message never holds credentials.
    """
    patience = patience or Patience()
    part = Partial(path, url)
    there = part.finished()
    if there and not _fault(path, sha256, md5):
        return Downloaded(path, shown(url), path.stat().st_size, there)
    for again in (False, True):
        told = _received(url, part, patience, title or path.name)
        fault = _fault(part.path, sha256 or told, md5)
        if not fault:
            return Downloaded(path, shown(url), part.path.stat().st_size, part.finish())
        part.remove()
        if not again:
            log.info("%s: %s; downloading it anew", shown(url), fault)
    raise DataError(
        f"{shown(url)} was downloaded twice, and {fault}. Nothing was kept. The file was changed there or "
        f"on its way: try later, or get it by hand."
    )


def _received(url: str, part: Partial, patience: Patience, title: str) -> str | None:
    """Bring the part to its whole length; the SHA-256 that the server says, if any."""
    failures, most = 0, 0
    while True:
        answer = _asked(url, part, patience.timeout_s)
        outcome = answer if isinstance(answer, Refusal) else _copied(answer, part, title)
        if not isinstance(outcome, Refusal):
            return outcome
        there = part.resumable()[0]
        failures = 1 if there > most else failures + 1
        most = max(most, there)
        if failures >= patience.attempts:
            kept = f"{there:,} bytes are kept and continued the next time" if there else "Nothing had come"
            raise DownloadError(
                f"{shown(url)} could not be downloaded: {outcome.reason} ({failures} attempts in a row). {kept}. "
                "Check the connection and the proxy settings."
            )
        pause = outcome.wait_s if outcome.wait_s is not None else patience.pause_s * 2 ** (failures - 1)
        log.info("%s: %s; %s bytes are here; asking again", shown(url), outcome.reason, f"{there:,}")
        time.sleep(min(pause, patience.longest_s))


def _asked(url: str, part: Partial, timeout_s: float) -> Answer | Refusal:
    """Ask for what is not there yet; a part that the server cannot continue is thrown away."""
    offset, version = part.resumable()
    answer = ask(url, offset, version, timeout_s)
    if isinstance(answer, Answer) and answer.offset:
        if answer.offset == offset and _same(answer.version, version):
            return replace(answer, version=version)
        answer.body.close()
        answer = Refusal("the server sent another piece than was asked for", stale=True)
    if isinstance(answer, Refusal) and answer.stale:
        part.remove()
    return answer


def _same(piece: Version, version: Version) -> bool:
    """Whether a piece says that it is of this version; one that does not say so may be of another."""
    return piece.validator == version.validator and (None in (piece.total, version.total) or piece == version)


def _copied(answer: Answer, part: Partial, title: str) -> Refusal | str | None:
    """Write what the server sends; if it came whole, the SHA-256 that the server says, or None."""
    total = answer.version.total
    with (
        answer.body as body,
        progress_bar(title, total, done=answer.offset) as bar,
        part.writing(answer.version, answer.offset) as file,
    ):
        done = answer.offset
        while True:
            chunk, trouble = _chunk(body)
            if trouble:
                return Refusal(trouble)
            if not chunk:
                break
            file.write(chunk)
            done += len(chunk)
            bar.update(len(chunk))
    if total is not None and done != total:
        return Refusal(f"the connection ended after {done:,} of {total:,} bytes")
    return answer.sha256


def _chunk(body: http.client.HTTPResponse) -> tuple[bytes, str]:
    """The next bytes, or why there are none: a broken connection is told apart from a full disk."""
    try:
        return body.read1(CHUNK), ""  # as much as came: a silence then loses nothing
    except NETWORK as error:
        return b"", f"the connection broke ({error or type(error).__name__})"


def _fault(path: Path, sha256: str | None, md5: str | None) -> str:
    """What is wrong with the bytes of a file; empty if nothing is."""
    for name, wanted in (("sha256", sha256), ("md5", md5)):
        if wanted and (found := _hash(path, name)) != wanted.lower():
            return f"its {name} is {found}, not {wanted}"
    return ""


def _hash(path: Path, name: str) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, name).hexdigest()
