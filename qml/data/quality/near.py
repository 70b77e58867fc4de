"""Images that are nearly equal: found by a perceptual hash, then compared pixel by pixel."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.fft import dctn

from qml.base.words import plural
from qml.data.quality.checks import CHECKS, Check
from qml.data.quality.examined import Examined
from qml.data.quality.finding import Finding
from qml.data.quality.keys import joined_keys
from qml.data.quality.limits import Limits

SIDE, BITS = 12, 128
CHUNK = 4096
WORD = 32
"""Bits of a word of a hash; images that share a word are compared: of four words all that differ in at most 3 bits."""
MOST = 8_000_000
"""Pairs that are compared."""
CONTRAST = 0.5
"""Least spread of the grey levels of one image over that of another that it is nearly equal to."""


def near_copies(examined: Examined, limits: Limits) -> Iterator[Finding]:
    """Images that are nearly those of an earlier part, beyond those that are equal."""
    if examined.pictures is None:
        return
    part_of = np.full(len(examined.table), -1)
    for place, part in enumerate(examined.split.parts.values()):
        part_of[part] = place
    # equal images of one part are compared once: they are near the same others
    both = joined_keys([examined.keys[examined.rows], part_of[examined.rows].astype(np.int64)])
    rows = examined.rows[np.sort(np.unique(both, return_index=True)[1])]
    images = examined.pictures[rows].mean(axis=1, dtype=np.float32)
    first, second, whole = candidates(image_hashes(images))
    alike = _alike(images, first, second, limits)
    keys = examined.keys[rows]
    alike &= keys[first] != keys[second]
    if alike.any():
        pairs = np.stack([rows[first[alike]], rows[second[alike]]], axis=1)
        yield from _across(examined, pairs, part_of, limits)
    if not whole:
        yield Finding(
            "near_copies",
            "note",
            f"only {len(first)} pairs of images were compared",
            "So many images share a part of their hash that not all pairs were looked at: plain images, such as blank "
            "ones, do. There may be more near-copies than are told.",
            {"compared": len(first)},
            "Leave images without content out, and ask again.",
        )


def _across(examined: Examined, pairs: np.ndarray, part_of: np.ndarray, limits: Limits) -> Iterator[Finding]:
    """A finding for each two parts, and one for all pairs."""
    names = list(examined.split.parts)
    found = part_of[pairs]
    for later, earlier in examined.split.pairs:
        here = (found.min(axis=1) == names.index(earlier)) & (found.max(axis=1) == names.index(later))
        if here.any():
            yield _between(examined, pairs[here], part_of, earlier, later, limits)
    yield Finding(
        "near_copies",
        "note",
        f"{plural(len(pairs), 'pair')} of images {'is' if len(pairs) == 1 else 'are'} nearly equal",
        f"{plural(len(pairs), 'pair')} of images, equal ones taken once a part, correlate by "
        f"{limits.near_correlation} or more and differ by {limits.near_grey:g} grey levels or less, brightness and "
        f"contrast apart; {len(np.unique(pairs))} images are in some pair.",
        {"pairs": len(pairs), "images": len(np.unique(pairs))},
        "Keep each such pair in one part.",
        pairs=tuple((int(a), int(b)) for a, b in pairs[: limits.shown]),
    )


def _between(
    examined: Examined, pairs: np.ndarray, part_of: np.ndarray, earlier: str, later: str, limits: Limits
) -> Finding:
    """Near-copies of an earlier part in a later one."""
    ordered = np.where((part_of[pairs[:, 0]] > part_of[pairs[:, 1]])[:, None], pairs, pairs[:, ::-1])
    place = np.unique(ordered[:, 0], return_index=True)[1]
    part = np.sort(examined.split[later])
    rows = part[np.isin(examined.keys[part], examined.keys[ordered[:, 0]])]
    size = len(part)
    share = len(rows) / size
    shown = tuple((int(a), int(b)) for a, b in ordered[place[: limits.shown]])
    return Finding(
        "near_copies",
        "suspect" if share >= limits.copies else "warn",
        f"{plural(len(rows), f'{later} image is', f'{later} images are')} nearly equal to one of {earlier}",
        f"{len(rows)} of {size} images of {later} ({share:.2%}): nearly equal to an image of {earlier}, and not equal "
        f"to it: frames of one scan, or one picture stored twice.",
        {f"{later} near {earlier}": len(rows), "share": share},
        "Look at the pairs; what shows one patient or one scene belongs into one part.",
        rows=tuple(rows[: limits.listed].tolist()),
        examples=tuple(f"row {a} of {later} and row {b} of {earlier}" for a, b in shown),
        pairs=shown,
    )


def image_hashes(images: np.ndarray) -> np.ndarray:
    """`(N, W)` uint32 perceptual hashes of `(N, H, W)` grey images; images below 12 pixels have fewer words than 4.

    The signs, about their median, of the 128 lowest coefficients of the cosine transform, the mean left out: changes of
    brightness and contrast leave most of them as they are, and so does a little noise or compression. Of 400 images of
    fashion_mnist `near_copies` finds 395 with brightness +10, 400 with contrast x 0.9, 293 written as JPEG of quality
    75, but 35 of quality 50 and 41 resized to 64 x 64 pixels and back (docs/data_quality.md has the table).

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
        bits = np.zeros((len(low), -(-low.shape[1] // WORD) * WORD), bool)
        bits[:, : low.shape[1]] = low > np.median(low, axis=1, keepdims=True)
        found.append(np.packbits(bits, axis=1))
    return np.ascontiguousarray(np.concatenate(found)).view(np.uint32)


def candidates(hashes: np.ndarray, most: int = MOST) -> tuple[np.ndarray, np.ndarray, bool]:
    """The pairs that share a word of `(N, W)` hashes.

    Args:
        hashes: of images.
        most: pairs, about evenly from the words.

    Returns:
        Two `(P,)` arrays of row numbers, first below second, and whether these are all.
    """
    found, whole = [np.zeros(0, np.int64)], True
    n, words = hashes.shape
    for word in range(words):
        order = np.argsort(hashes[:, word], kind="stable")
        value, room = hashes[order, word], most // words
        offset, same = 1, np.flatnonzero(value[1:] == value[:-1])
        while len(same):
            whole &= len(same) <= room
            same = same[:room]
            a, b = order[same], order[same + offset]
            found.append(np.minimum(a, b) * n + np.maximum(a, b))
            room -= len(same)
            offset += 1
            same = same[same + offset < n]
            same = same[value[same] == value[same + offset]]
    pairs = np.unique(np.concatenate(found))
    return pairs // n, pairs % n, whole


def _alike(images: np.ndarray, first: np.ndarray, second: np.ndarray, limits: Limits) -> np.ndarray:
    """`(P,)` bool: pairs whose pixels correlate and hardly differ, brightness and contrast apart.

    With both means taken away and one spread s for both, pixels of correlation r differ by s sqrt(2 (1 - r)).
    """
    flat = images.reshape(len(images), -1)
    mean, spread = flat.mean(axis=1), flat.std(axis=1)
    out = np.zeros(len(first), bool)
    for start in range(0, len(first), CHUNK):
        a, b = first[start : start + CHUNK], second[start : start + CHUNK]
        product = np.einsum("pd,pd->p", flat[a], flat[b]) / flat.shape[1] - mean[a] * mean[b]
        correlation = product / np.maximum(spread[a] * spread[b], 1e-12)
        most, least = np.maximum(spread[a], spread[b]), np.minimum(spread[a], spread[b])
        away = most * np.sqrt(2 * np.maximum(1 - correlation, 0))
        near = (correlation >= limits.near_correlation) & (away <= limits.near_grey)
        out[start : start + CHUNK] = near & (least >= CONTRAST * most)
    return out


def _without_images(examined: Examined) -> str:
    return "" if any(column.kind == "image" for column in examined.inputs) else "the inputs hold no image"


CHECKS.add("near_copies", Check("images that are nearly equal", near_copies, _without_images))
