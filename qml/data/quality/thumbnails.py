"""Small images as PNG bytes, so that a report can show a copy beside its original."""

from __future__ import annotations

import struct
import zlib

import numpy as np

from qml.base.errors import ShapeError


def png(image_CHW: np.ndarray) -> bytes:
    r"""One image as the bytes of a PNG file.

    Args:
        image_CHW: `(1, H, W)` grey or `(3, H, W)` RGB, uint8.

    Raises:
        ShapeError: another number of channels.

    Example:
        >>> png(np.zeros((1, 2, 2), np.uint8))[:4]
        b'\x89PNG'
    """
    channels, height, width = image_CHW.shape
    if channels not in (1, 3):
        raise ShapeError(f"an image of {channels} channels was to be a PNG; 1 (grey) and 3 (RGB) can be.")
    rows = image_CHW.transpose(1, 2, 0).astype(np.uint8).reshape(height, width * channels)
    raw = np.concatenate([np.zeros((height, 1), np.uint8), rows], axis=1).tobytes()
    header = struct.pack(">IIBBBBB", width, height, 8, 0 if channels == 1 else 2, 0, 0, 0)
    parts = _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(raw, 9)) + _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def _chunk(kind: bytes, data: bytes) -> bytes:
    """One chunk: length, kind, data, checksum."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
