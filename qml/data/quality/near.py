"""Images that are nearly equal: found by a perceptual hash, then compared pixel by pixel."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.fft import dctn

from qml.data.quality.checks import CHECKS, Check
from qml.data.quality.examined import Examined
from qml.data.quality.finding import Finding
from qml.data.quality.limits import Limits

SIDE, BITS = 12, 128
CHUNK = 4096
WORDS = 4
"""Parts of a hash; images that share one of them, bit for bit, are compared: so all that differ in at most 3 bits."""


def near_copies(examined: Examined, limits: Limits) -> Iterator[Finding]:
    """Images that are nearly those of an earlier part, beyond those that are equal."""
    if examined.pictures is None:
        return
    rows = examined.rows
    images = examined.pictures[rows].mean(axis=1, dtype=np.float32)
    first, second = candidates(image_hashes(images))
    alike = _alike(images, first, second, limits)
    keys = examined.keys[rows]
    alike &= keys[first] != keys[second]
    if not alike.any():
        return
    pairs = np.stack([rows[first[alike]], rows[second[alike]]], axis=1)
    yield from _across(examined, pairs, limits)


def _across(examined: Examined, pairs: np.ndarray, limits: Limits) -> Iterator[Finding]:
    """A finding for each two parts, and one for all pairs."""
    part_of = np.full(len(examined.table), -1)
    names = list(examined.split.parts)
    for place, name in enumerate(names):
        part_of[examined.split[name]] = place
    found = part_of[pairs]
    for place, later in enumerate(names):
        for before in range(place):
            here = (found.min(axis=1) == before) & (found.max(axis=1) == place)
            if here.any():
                yield _between(examined, pairs[here], part_of, names[before], later, limits)
    yield Finding(
        "near_copies",
        "note",
        f"{len(pairs)} pairs of images are nearly equal",
        f"{len(pairs)} pairs of images correlate by {limits.near_correlation} or more and differ by "
        f"{limits.near_grey:g} grey levels or less; {len(np.unique(pairs))} images are in some pair.",
        {"pairs": len(pairs), "images": len(np.unique(pairs))},
        "Keep each such pair in one part.",
        pairs=tuple((int(a), int(b)) for a, b in pairs[: limits.shown]),
    )


def _between(
    examined: Examined, pairs: np.ndarray, part_of: np.ndarray, earlier: str, later: str, limits: Limits
) -> Finding:
    """Near-copies of an earlier part in a later one."""
    ordered = np.where((part_of[pairs[:, 0]] > part_of[pairs[:, 1]])[:, None], pairs, pairs[:, ::-1])
    rows, place = np.unique(ordered[:, 0], return_index=True)
    size = len(examined.split[later])
    share = len(rows) / size
    shown = tuple((int(a), int(b)) for a, b in ordered[place[: limits.shown]])
    return Finding(
        "near_copies",
        "suspect" if share >= limits.copies else "warn",
        f"{len(rows)} {later} images are nearly those of {earlier}",
        f"{len(rows)} of {size} images of {later} ({share:.2%}) are nearly equal to an image of {earlier}, and not "
        f"equal to it: frames of one scan, or one picture stored twice.",
        {f"{later} near {earlier}": len(rows), "share": share},
        "Look at the pairs; what shows one patient or one scene belongs into one part.",
        rows=tuple(rows[: limits.listed].tolist()),
        examples=tuple(f"row {a} of {later} and row {b} of {earlier}" for a, b in shown),
        pairs=shown,
    )


def image_hashes(images: np.ndarray) -> np.ndarray:
    """`(N, WORDS)` uint32 perceptual hashes of `(N, H, W)` grey images.

    The signs, about their median, of the 128 lowest coefficients of the cosine transform, the mean left out: small
    changes of brightness, contrast, size or compression leave most of them as they are.

    References:
        Zauner, Implementation and Benchmarking of Perceptual Image Hash Functions, 2010. This form has 128 bits.

    Example:
        >>> image = np.random.default_rng(0).random((1, 28, 28), np.float32)
        >>> bool((image_hashes(image) == image_hashes(image * 0.5 + 3)).all())
        True
    """
    side = min(SIDE, *images.shape[1:])
    order = np.argsort(np.add.outer(np.arange(side), np.arange(side)).ravel(), kind="stable")[1 : BITS + 1]
    found = []
    for first in range(0, len(images), CHUNK):
        waves = np.asarray(dctn(images[first : first + CHUNK].astype(np.float32), axes=(1, 2), norm="ortho"))
        low = waves[:, :side, :side].reshape(len(waves), -1)[:, order]
        bits = np.zeros((len(low), BITS), bool)
        bits[:, : low.shape[1]] = low > np.median(low, axis=1, keepdims=True)
        found.append(np.packbits(bits, axis=1))
    return np.ascontiguousarray(np.concatenate(found)).view(np.uint32)


def candidates(hashes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Two `(P,)` arrays of row numbers, first below second: the pairs that share a word of `(N, WORDS)` hashes."""
    found = [np.zeros(0, np.int64)]
    n = len(hashes)
    for word in range(hashes.shape[1]):
        order = np.argsort(hashes[:, word], kind="stable")
        value = hashes[order, word]
        offset, same = 1, np.flatnonzero(value[1:] == value[:-1])
        while len(same):
            a, b = order[same], order[same + offset]
            found.append(np.minimum(a, b) * n + np.maximum(a, b))
            offset += 1
            same = same[same + offset < n]
            same = same[value[same] == value[same + offset]]
    pairs = np.unique(np.concatenate(found))
    return pairs // n, pairs % n


def _alike(images: np.ndarray, first: np.ndarray, second: np.ndarray, limits: Limits) -> np.ndarray:
    """`(P,)` bool: pairs whose pixels correlate and hardly differ."""
    flat = images.reshape(len(images), -1)
    mean, spread = flat.mean(axis=1), flat.std(axis=1)
    out = np.zeros(len(first), bool)
    for start in range(0, len(first), CHUNK):
        a, b = first[start : start + CHUNK], second[start : start + CHUNK]
        product = np.einsum("pd,pd->p", flat[a], flat[b]) / flat.shape[1] - mean[a] * mean[b]
        away = np.sqrt(np.square(flat[a] - flat[b]).mean(axis=1))
        correlation = product / np.maximum(spread[a] * spread[b], 1e-12)
        out[start : start + CHUNK] = (correlation >= limits.near_correlation) & (away <= limits.near_grey)
    return out


def _without_images(examined: Examined) -> str:
    return "" if any(column.kind == "image" for column in examined.inputs) else "the inputs hold no image"


CHECKS.add("near_copies", Check("images that are nearly equal", near_copies, _without_images))
