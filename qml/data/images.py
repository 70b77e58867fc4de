"""Image columns as uint8 arrays; JPEG and PNG are decoded by Pillow."""

from __future__ import annotations

import io

import numpy as np

from qml.base.errors import DataError
from qml.base.extras import require


def image_array(values: np.ndarray, shape: tuple[int, ...], what: str) -> np.ndarray:
    """Images as `(N, C, H, W)` uint8.

    Args:
        values: `(N, H * W * C)` uint8 raw pixels, row by row, or `(N,)` encoded bytes.
        shape: (H, W) or (H, W, C).
        what: name for errors.

    Raises:
        DataError: an image cannot be decoded, or has another size.

    Example:
        >>> image_array(np.zeros((2, 12), np.uint8), (3, 4), "digits").shape
        (2, 1, 3, 4)
    """
    height, width, *rest = shape
    channels = rest[0] if rest else 1
    if values.dtype != np.uint8:
        values = _decoded(values, (height, width), channels, what)
    if values.size != len(values) * height * width * channels:
        raise DataError(f"{what}: images of {values.shape[1:]} bytes; {height} x {width} x {channels} was expected.")
    return np.ascontiguousarray(values.reshape(len(values), height, width, channels).transpose(0, 3, 1, 2))


def _decoded(values: np.ndarray, size: tuple[int, int], channels: int, what: str) -> np.ndarray:
    """`(N, H, W, C)` uint8 of encoded images."""
    require("PIL", extra="data", purpose=f"decoding the images of {what}")
    from PIL import Image, UnidentifiedImageError

    if channels not in (1, 3):
        raise DataError(f"{what}: images of {channels} channels cannot be decoded; 1 (grey) and 3 (RGB) can.")
    mode = "L" if channels == 1 else "RGB"
    out = np.empty((len(values), *size, channels), np.uint8)
    for row, data in enumerate(values):
        try:
            with Image.open(io.BytesIO(data)) as image:
                pixels = np.asarray(image if image.mode == mode else image.convert(mode))
        except (UnidentifiedImageError, OSError, TypeError) as error:
            raise DataError(f"{what}: image of row {row} cannot be decoded ({error}). Get the file again.") from error
        if pixels.shape[:2] != size:
            raise DataError(f"{what}: image of row {row} has {pixels.shape[:2]} pixels; {size} was expected.")
        out[row] = pixels.reshape(*size, channels)
    return out
