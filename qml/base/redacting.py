"""Texts of somebody else without the keys that they may show: before they are stored, logged or raised."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Mapping

from qml.base.addresses import masked

HIDDEN = "***"
_NAMES = (
    r"(?:[\w-]*(?:api[_-]?key|secret|password|passwd|token|credential|access[_-]?key(?:[_-]?id)?|signature)"
    r"|authorization|x-amz-[\w-]+)"
)
_SECRET_NAME = re.compile(rf"^{_NAMES}$", re.IGNORECASE)
_QUOTE = r"(?:\\*['\"]|%2[27])?"  # also of JSON within a text, and of an encoded URL
_IS = rf"{_QUOTE}\s*(?:[:=]|%3[ad])\s*(?:b(?=['\"]))?{_QUOTE}"
_KEY = r"(?P<keep>)(?<![\w/+=.-])(?=[\w/+-]*[a-z])(?=[\w/+-]*[A-Z])(?=[\w/+-]*\d)"  # upper, lower and digits, whole
_PATTERNS = (
    re.compile(rf"(?P<keep>\bauthorization\b{_IS})(?:(?:bearer|basic|apikey)\s+)?[^'\"\r\n]+", re.I),
    re.compile(r"(?P<keep>\b(?:bearer|apikey)(?:\s|%20)+)[\w.~+/=-]{6,}", re.I),
    re.compile(r"(?P<keep>\bbasic\s+)(?=[a-z]*[\d+/=])[\w+/=]{6,}", re.I),
    re.compile(rf"(?P<keep>\b{_NAMES}{_IS})(?!\*\*\*)[^\s'\",;&)}}\]]+", re.I),
    re.compile(r"(?P<keep>)\b(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{16}\b"),
    re.compile(rf"{_KEY}[\w-]{{44}}(?![\w/+=.-])"),  # a key of IBM's cloud, by its length
    re.compile(rf"{_KEY}[A-Za-z0-9+][A-Za-z0-9/+]{{39}}(?![\w/+=-])"),  # a secret of AWS
    re.compile(r"(?P<keep>)\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"),  # a JSON web token
)
_SHORTEST = 8  # letters of a value of the environment that is looked for: shorter ones stand in any text


def is_secret_name(name: str) -> bool:
    """Whether a field, header or variable of this name holds a key.

    Example:
        >>> is_secret_name("api_key"), is_secret_name("QISKIT_IBM_TOKEN"), is_secret_name("shots")
        (True, True, False)
    """
    return bool(_SECRET_NAME.match(name))


def redacted(text: str, environment: Mapping[str, str] | None = None) -> str:
    """`text` without tokens, keys and passwords; everything else stays.

    Hidden are headers of authorisation, values behind names such as `apikey` and `token`, users and signatures in
    URLs, also where quotes and signs are escaped or encoded; access keys and secrets of AWS, keys of IBM's cloud and
    web tokens by their form; and whatever the environment holds under the name of a secret.

    Args:
        text: such as the message of a vendor's client.
        environment: names and values; those of this process where left out.

    Example:
        >>> redacted("401 for Authorization: Bearer abc123def456")
        '401 for Authorization: ***'
        >>> redacted('{"apikey": "s3cr3t", "shots": 100}')
        '{"apikey": "***", "shots": 100}'
        >>> redacted("s3://me:word@bucket is closed to AKIAABCDEFGHIJKLMNOP")
        's3://bucket is closed to ***'
    """
    for value in _held(os.environ if environment is None else environment):
        text = text.replace(value, HIDDEN)
    for pattern in _PATTERNS:
        text = pattern.sub(lambda found: f"{found['keep']}{HIDDEN}", text)
    return masked(text)


def holds_secret(text: str, environment: Mapping[str, str] | None = None) -> bool:
    """Whether a value that the environment holds under the name of a secret stands in `text`.

    Args:
        text: such as a word of a command line.
        environment: names and values; those of this process where left out.

    Example:
        >>> holds_secret("account=abcdefgh12345", {"QISKIT_IBM_TOKEN": "abcdefgh12345"})
        True
    """
    return any(value in text for value in _held(os.environ if environment is None else environment))


def _held(environment: Mapping[str, str]) -> list[str]:
    """Values under the names of secrets, the longest first."""
    held = [value for name, value in environment.items() if is_secret_name(name) and len(value) >= _SHORTEST]
    return sorted(held, key=len, reverse=True)


def redact_error(error: BaseException) -> None:
    """Take keys out of the message of an error, in place; where a cause shows one, the chain of causes is cut.

    Example:
        >>> error = ValueError("apikey=abc123def456 is refused")
        >>> redact_error(error)
        >>> str(error)
        'apikey=*** is refused'
    """
    if redacted(str(error)) != str(error):
        error.args = tuple(redacted(part) if isinstance(part, str) else part for part in error.args)
        if redacted(str(error)) != str(error):  # it tells more than its arguments
            error.args = (redacted(str(error)),)
    before = error.__cause__ or error.__context__
    while before is not None:
        if redacted(str(before)) != str(before):
            error.__cause__ = error.__context__ = None
            error.__suppress_context__ = True
            return
        before = before.__cause__ or before.__context__


class RedactingFilter(logging.Filter):
    """Takes keys out of the records that pass, with their tracebacks.

    A filter of a handler sees all that it writes; one of a logger only what is logged under that very name.

    Example:
        ```python
        handler.addFilter(RedactingFilter())
        ```
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Let it pass, changed where it shows a key."""
        said = record.getMessage()
        safe = redacted(said)
        if safe != said:
            record.msg, record.args = safe, ()
        if record.exc_info:
            record.exc_text = redacted(record.exc_text or logging.Formatter().formatException(record.exc_info))
        return True


def redact_logging(logger: str = "") -> None:
    """From now on the handlers of `logger` write no keys; of the root logger where none is named.

    Example:
        >>> redact_logging("qml.example")
    """
    for handler in logging.getLogger(logger or None).handlers:
        if not any(isinstance(one, RedactingFilter) for one in handler.filters):
            handler.addFilter(RedactingFilter())
