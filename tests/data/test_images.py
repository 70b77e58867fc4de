"""Image columns: raw pixels and encoded ones, grey and in colour."""

import io

import numpy as np
import pytest
from PIL import Image

from qml.base.errors import DataError
from qml.data.images import image_array

RNG = np.random.default_rng(0)


def encoded(pixels, form="PNG"):
    out = np.empty(len(pixels), object)
    for place, image in enumerate(pixels):
        file = io.BytesIO()
        Image.fromarray(image).save(file, form)
        out[place] = file.getvalue()
    return out


@pytest.mark.parametrize("shape", [(6, 5), (6, 5, 3)])
def test_raw_and_encoded_agree(shape):
    pixels = RNG.integers(0, 256, (4, *shape), dtype=np.uint8)
    wanted = pixels.reshape(4, 6, 5, -1).transpose(0, 3, 1, 2)
    for values in (pixels.reshape(4, -1), encoded(pixels)):
        made = image_array(values, shape, "toy")
        assert made.dtype == np.uint8
        assert np.array_equal(made, wanted)


def test_jpeg_is_near():
    pixels = np.full((1, 8, 8), 100, np.uint8)
    assert np.abs(image_array(encoded(pixels, "JPEG"), (8, 8), "toy").astype(int) - 100).max() <= 2


def test_bad_images_are_named():
    values = encoded(np.zeros((3, 6, 5), np.uint8))
    values[1] = b"no image"
    with pytest.raises(DataError, match="image of row 1 cannot be decoded"):
        image_array(values, (6, 5), "toy")
    values[1] = None
    with pytest.raises(DataError, match="image of row 1"):
        image_array(values, (6, 5), "toy")
    with pytest.raises(DataError, match=r"image of row 0 has \(6, 5\) pixels; \(7, 5\)"):
        image_array(values, (7, 5), "toy")
    with pytest.raises(DataError, match="was expected"):
        image_array(np.zeros((3, 30), np.uint8), (7, 5), "toy")
    with pytest.raises(DataError, match="2 channels"):
        image_array(values, (6, 5, 2), "toy")
