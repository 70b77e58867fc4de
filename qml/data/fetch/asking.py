"""One HTTP request: its headers, what its answer says of the file, and which answers are worth asking again."""

from __future__ import annotations

import http.client
import re
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from typing import Any

from qml.base.addresses import shown
from qml.base.errors import DataError
from qml.data.fetch.partial import Version

AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Statuses of a server that may answer better a little later."""
NETWORK = (urllib.error.URLError, TimeoutError, ConnectionError, http.client.HTTPException)
"""What a broken connection raises."""
AGENT = "Mozilla/5.0 (compatible; qml-hybrid; data sets by name)"


class _Noting(urllib.request.HTTPRedirectHandler):
    """Follows redirects as ever, and notes the checksum that the Hugging Face hub gives on the way to its storage."""

    def __init__(self):
        self.linked = ""

    def redirect_request(self, req: Any, fp: Any, code: Any, msg: Any, headers: Any, newurl: Any) -> Any:
        """As in the base class."""
        self.linked = headers.get("X-Linked-Etag", self.linked)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


@dataclass(frozen=True)
class Answer:
    """What a server sends.

    Args:
        body: to be read.
        offset: the first byte of `body` within the file.
        version: of the file.
        sha256: of the file where the server says it.
    """

    body: http.client.HTTPResponse
    offset: int
    version: Version
    sha256: str | None


@dataclass(frozen=True)
class Refusal:
    """Why there is no answer for now.

    Args:
        reason: in words.
        wait_s: seconds that the server asks to wait, or None.
        stale: whether the part that is there cannot be continued.
    """

    reason: str
    wait_s: float | None = None
    stale: bool = False


def ask(url: str, offset: int, version: Version, timeout_s: float) -> Answer | Refusal:
    """Ask for the bytes of `url` from `offset` on, if it still is of that version, else for all of them.

    Proxies are those of the environment (`https_proxy`, `no_proxy`).

    Raises:
        DataError: the address is not served, or needs credentials: asking again is of no use.
    """
    if urllib.parse.urlsplit(url).scheme not in ("http", "https"):
        raise DataError(f"{shown(url)} was to be downloaded; only http and https addresses are.")
    headers = {"User-Agent": AGENT, "Accept-Encoding": "identity"}  # bytes as they lie there: ranges count those
    if offset:
        headers |= {"Range": f"bytes={offset}-", "If-Range": version.validator}
    noting = _Noting()
    opener = urllib.request.build_opener(noting)
    try:
        body = opener.open(urllib.request.Request(url, headers=headers), timeout=timeout_s)
    except urllib.error.HTTPError as error:
        with error:
            return _refused(url, error)
    except NETWORK as error:
        return Refusal(_words(error))
    given = body.headers
    first, total = _place(body.status, given)
    linked = re.fullmatch(r'"?([0-9a-f]{64})"?', noting.linked or given.get("X-Linked-Etag", ""))
    return Answer(body, first, Version(_validator(given), total), linked.group(1) if linked else None)


def _refused(url: str, error: urllib.error.HTTPError) -> Refusal:
    """What a status that is no success means."""
    if error.code == 416:
        return Refusal("the server has no bytes after those that are here", stale=True)
    if error.code in AGAIN:
        wait = error.headers.get("Retry-After", "")
        return Refusal(f"the server answered {error.code}", float(wait) if wait.isdigit() else None)
    remedy = "Check whether the set has moved"
    if error.code in (401, 403, 407):
        remedy = "It needs credentials, or keeps programs out: get it by hand"
    raise DataError(f"{shown(url)} was asked for; the server answered {error.code} {error.reason}. {remedy}.")


def _place(status: int, headers: Any) -> tuple[int, int | None]:
    """The first byte of an answer and the bytes of the whole file."""
    found = re.match(r"bytes (\d+)-\d+/(\d+|\*)", headers.get("Content-Range", "")) if status == 206 else None
    if found:
        return int(found.group(1)), None if found.group(2) == "*" else int(found.group(2))
    length = headers.get("Content-Length", "")
    return 0, int(length) if length.isdigit() else None


def _validator(headers: Any) -> str:
    """What If-Range takes: a strong ETag, else the moment of the last change."""
    etag = headers.get("ETag", "")
    return etag if etag and not etag.startswith("W/") else headers.get("Last-Modified", "")


def _words(error: BaseException) -> str:
    """A broken connection in words."""
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    return str(reason) or type(reason).__name__
