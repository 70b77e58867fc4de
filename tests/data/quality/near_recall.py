"""How many changed images near_copies finds again: `python -m tests.data.quality.near_recall`.

Of 400 images of fashion_mnist, which the data root has, each changed in one way and put into a test part, so many are
found to be copies or near-copies of training images. Prints a line for each way.
"""

import argparse
import io

import numpy as np
from PIL import Image

from qml.data import open_table
from qml.data.images import image_array
from qml.data.quality import inspect_data
from tests.data.quality.planted import images

N = 400


def jpeg(quality):
    """Each image as a JPEG file and back."""

    def written(pixels):
        found = []
        for image in pixels:
            file = io.BytesIO()
            Image.fromarray(image).save(file, "JPEG", quality=quality)
            found.append(np.asarray(Image.open(file)))
        return np.array(found)

    return written


def resized(pixels):
    """Each image at 64 x 64 pixels and back."""
    large = (Image.fromarray(image).resize((64, 64), Image.Resampling.BICUBIC) for image in pixels)
    return np.array([np.asarray(image.resize((28, 28), Image.Resampling.BICUBIC)) for image in large])


def grey(change):
    """Each grey level changed, within 0 .. 255."""
    return lambda pixels: np.clip(np.rint(change(pixels.astype(float))), 0, 255).astype(np.uint8)


WAYS = {
    "brightness +10": grey(lambda x: x + 10),
    "brightness +30": grey(lambda x: x + 30),
    "contrast x 0.9": grey(lambda x: 0.9 * x),
    "contrast x 0.7": grey(lambda x: 0.7 * x),
    "noise of 2 grey levels": grey(lambda x: x + np.random.default_rng(0).normal(0, 2, x.shape)),
    "noise of 5 grey levels": grey(lambda x: x + np.random.default_rng(0).normal(0, 5, x.shape)),
    **{f"JPEG of quality {quality}": jpeg(quality) for quality in (95, 75, 50, 30)},
    "64 x 64 pixels and back": resized,
    "one pixel to the right": lambda x: np.roll(x, 1, 2),
    "mirrored": lambda x: x[..., ::-1],
}


def recall(pixels, way):
    """How many of `(N, H, W)` training images are found again in a test part that holds them changed."""
    found = inspect_data(images(np.concatenate([pixels, WAYS[way](pixels)])), ["copies", "near_copies"])
    counts = {key: count for finding in found.findings for key, count in finding.counts.items()}
    return counts.get("test in train", 0) + counts.get("test near train", 0)


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__).parse_args()
    table = open_table("fashion_mnist")
    (column,) = table.of_kind("image")
    pixels = image_array(np.asarray(table[column.name])[:N], column.shape, column.name)[:, 0]
    for way in WAYS:
        print(f"{way}: {recall(pixels, way)} of {N}", flush=True)
