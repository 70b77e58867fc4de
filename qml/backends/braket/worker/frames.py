"""Messages over a pipe: a mark, two lengths, JSON, and the bytes of arrays; nothing is ever unpickled.

This file is read by both sides, so it needs the standard library and numpy only.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from typing import Any, BinaryIO

import numpy as np

MARK = b"QMLB1"
HEAD = struct.Struct(">IQ")
LONGEST_TEXT = 1 << 28
LONGEST_ARRAYS = 1 << 36
KINDS = "biuf"  # booleans, integers and floats: plain numbers


class FrameError(ValueError):
    """What came is no message: something else wrote into the pipe, or it ended within one."""


def write(pipe: BinaryIO, message: Mapping[str, Any], arrays: Mapping[str, np.ndarray] | None = None) -> None:
    """Send plain JSON data and arrays of numbers, of any shape.

    Raises:
        FrameError: an array of something else than numbers.

    Example:
        >>> import io
        >>> pipe = io.BytesIO()
        >>> write(pipe, {"do": "add"}, {"a": np.arange(3)})
        >>> _ = pipe.seek(0)
        >>> read(pipe)
        ({'do': 'add'}, {'a': array([0, 1, 2])})
    """
    shapes, blobs = [], []
    for name, array in (arrays or {}).items():
        plain = np.ascontiguousarray(array).reshape(np.shape(array))
        if plain.dtype.kind not in KINDS:
            raise FrameError(f"array {name!r} has dtype {plain.dtype}; numbers only")
        plain = plain.astype(plain.dtype.newbyteorder("<"), copy=False)
        shapes.append([name, plain.dtype.str, list(plain.shape)])
        blobs.append(plain.tobytes())
    text = json.dumps({"message": message, "arrays": shapes}).encode()
    body = b"".join(blobs)
    pipe.write(MARK + HEAD.pack(len(text), len(body)) + text + body)
    pipe.flush()


def read(pipe: BinaryIO) -> tuple[dict[str, Any], dict[str, np.ndarray]] | None:
    """The next message with its arrays; None where the pipe has ended between two messages.

    Raises:
        FrameError: what came is no message.
    """
    start = _exactly(pipe, len(MARK), ending=True)
    if start is None:
        return None
    if start != MARK:
        raise FrameError(f"a message begins with {MARK!r}; got {start!r}")
    n_text, n_arrays = HEAD.unpack(_exactly(pipe, HEAD.size) or b"")
    if n_text > LONGEST_TEXT or n_arrays > LONGEST_ARRAYS:
        raise FrameError(f"a message of {n_text} and {n_arrays} bytes is too long")
    try:
        whole = json.loads(_exactly(pipe, n_text) or b"")
        return whole["message"], _arrays(whole["arrays"], _exactly(pipe, n_arrays) or b"")
    except (ValueError, KeyError, TypeError) as error:
        raise FrameError(f"a message cannot be read: {error}") from error


def _arrays(shapes: list, body: bytes) -> dict[str, np.ndarray]:
    found, start = {}, 0
    for name, kind, shape in shapes:
        dtype = np.dtype(kind)
        if dtype.kind not in KINDS:
            raise FrameError(f"array {name!r} has dtype {dtype}; numbers only")
        count = int(np.prod(shape, dtype=np.int64))
        found[name] = np.frombuffer(body, dtype, count, start).reshape(shape).astype(dtype.newbyteorder("="))
        start += count * dtype.itemsize
    return found


def _exactly(pipe: BinaryIO, size: int, *, ending: bool = False) -> bytes | None:
    """`size` bytes; None at the very end where that is allowed."""
    parts, left = [], size
    while left:
        part = pipe.read(min(left, 1 << 20))
        if not part:
            if ending and left == size:
                return None
            raise FrameError("the pipe ended within a message")
        parts.append(part)
        left -= len(part)
    return b"".join(parts)
