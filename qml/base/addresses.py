"""URLs as messages, logs and records may show them: user, password and signature stay where they were given."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote

from qml.base.errors import ConfigError
from qml.base.nested import nodes

_URL = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://[^\s'\"<>]*")
_PORT = re.compile(r"^[^:]+:\d{2,5}$")
_NAMED_SECRET = re.compile(r"(\b\w*(?:secret|password|token|key)=)[^\s&,;)]+", re.IGNORECASE)
_SIGNED = re.compile(r"(?:^|&)[^=&]*(?:sig|secret|token|password|credential|key)[^=&]*=", re.IGNORECASE)
_CONTAINERS = ("abfs", "abfss", "wasb", "wasbs")  # Azure: container@account, where others have user@host


def shown(url: str) -> str:
    """A URL without its credentials: no user, no password, no query. A path without `://` is given back as it is.

    What stands before the last `@` of the host is left out, also where a secret holds a `/` that is not escaped, as
    keys of S3 may.

    Example:
        >>> shown("s3://AKIA:ab/cd@bucket/rows"), shown("https://host:8080/a.zip?X-Amz-Signature=1f")
        ('s3://bucket/rows', 'https://host:8080/a.zip')
        >>> shown("abfs://container@account/rows"), shown("hdfs://node:8020/home/me@there")
        ('abfs://container@account/rows', 'hdfs://node:8020/home/me@there')
    """
    scheme, mark, rest = url.partition("://")
    if not mark:
        return url
    user = _user(scheme, rest)
    rest = rest[len(user) + 1 :] if user else rest
    head, _, query = rest.partition("?")
    asks = "=" in query or scheme.lower().startswith("http")  # elsewhere `?` may be a letter of a pattern
    return f"{scheme}://{head if asks else rest}"


def masked(text: str) -> str:
    """A text of somebody else with every URL as `shown`, and `secret=...` and the like without their values.

    Example:
        >>> masked("no access to s3://me:word@bucket/a with fs.secret=word")
        'no access to s3://bucket/a with fs.secret=***'
    """
    return _NAMED_SECRET.sub(r"\1***", _URL.sub(lambda found: shown(found.group()), text))


def secrets_of(url: str) -> tuple[str, ...]:
    """User, password and query of a URL, as they stand there and without escapes; longest first.

    Example:
        >>> secrets_of("s3://AKIA:a%2Fb@bucket/rows")
        ('AKIA:a%2Fb', 'AKIA:a/b', 'a%2Fb', 'AKIA', 'a/b')
    """
    scheme, mark, rest = url.partition("://")
    if not mark:
        return ()
    user = _user(scheme, rest)
    query = rest.rpartition("?")[2] if "?" in rest and shown(url).find("?") < 0 else ""
    pieces = [user, *user.split(":"), query, *(item.partition("=")[2] for item in query.split("&"))]
    found = {text for piece in pieces for text in (piece, unquote(piece)) if len(text) > 2}
    return tuple(sorted(found, key=lambda text: (-len(text), text)))


def holds_credentials(url: str) -> bool:
    """Whether a URL names a user, or is signed.

    Example:
        >>> holds_credentials("s3://me:word@bucket"), holds_credentials("https://host/a?sig=1f")
        (True, True)
        >>> holds_credentials("s3://bucket/rows"), holds_credentials("https://host/a?version=2")
        (False, False)
    """
    _, mark, rest = url.partition("://")
    return bool(mark) and (names_user(url) or bool(_SIGNED.search(rest.partition("?")[2])))


def names_user(url: str) -> bool:
    """Whether a URL names a user, with or without a password.

    Example:
        >>> names_user("s3://me:word@bucket/rows"), names_user("abfs://container@account/rows")
        (True, False)
    """
    scheme, mark, rest = url.partition("://")
    return bool(mark) and bool(_user(scheme, rest))


def addresses_in(value: object, path: str = "") -> Iterator[tuple[str, str]]:
    """Every URL among nested plain values, with the dotted path of its value.

    Example:
        >>> list(addresses_in({"out": "here", "read": {"paths": ["s3://a/b", 3]}}))
        [('read.paths.0', 's3://a/b')]
    """
    for here, item in ((path, value), *nodes(value, path)):
        if isinstance(item, str):
            yield from ((here, url) for url in _URL.findall(item))


def refuse_credentials(value: object, path: str, remedy: str) -> None:
    """Raise where a URL among nested plain values names a user or is signed.

    Args:
        value: plain data.
        path: under which the message names it.
        remedy: what to do instead, in whole sentences.

    Raises:
        ConfigError: it does; the message shows the URL without them.

    Example:
        >>> refuse_credentials({"path": "s3://me:word@bucket/rows"}, "data.options", "Use the environment.")
        Traceback (most recent call last):
        ...
        qml.base.errors.ConfigError: data.options.path=s3://bucket/rows was given with credentials in the URL. ...
    """
    for key, url in addresses_in(value, path):
        if holds_credentials(url):
            raise ConfigError(f"{key}={shown(url)} was given with credentials in the URL. {remedy}")


def _user(scheme: str, rest: str) -> str:
    """User and password of what follows `://`, without the `@` behind them."""
    authority = rest.partition("/")[0]
    if "@" in authority:
        user = authority.rpartition("@")[0]
        return "" if scheme.lower() in _CONTAINERS and ":" not in user else user
    if ":" not in authority or _PORT.match(authority):
        return ""
    return rest.rpartition("@")[0]
