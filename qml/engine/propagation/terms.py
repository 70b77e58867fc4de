"""A sum of Pauli words in flat arrays and the two moves made on it, compiled.

Term `k` is the word `i^popcount(x & z) X^x Z^z` with masks `masks[k] = (x words..., z words...)`, 64 bits a number, and
row `k` of `numbers`: its coefficient, then the coefficient's derivative by each turn that has passed. `slots` is an
open-addressing hash table of term numbers, -1 where empty; its length is a power of two.
"""

from __future__ import annotations

import numpy as np
from numba import njit

COMMUTES, ALONE = -2, -1


@njit(cache=True, nogil=True)
def _popcount(bits):
    bits = bits - ((bits >> np.uint64(1)) & np.uint64(0x5555555555555555))
    bits = (bits & np.uint64(0x3333333333333333)) + ((bits >> np.uint64(2)) & np.uint64(0x3333333333333333))
    bits = (bits + (bits >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.int64((bits * np.uint64(0x0101010101010101)) >> np.uint64(56))


@njit(cache=True, nogil=True)
def _hash(mask):
    """A well mixed number of one word's masks (the finaliser of SplitMix64 over each part)."""
    mixed = np.uint64(0x9E3779B97F4A7C15)
    for part in mask:
        mixed = (mixed ^ part) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        mixed ^= mixed >> np.uint64(31)
    return mixed


@njit(cache=True, nogil=True)
def _find(mask, masks, slots):
    """The slot where the word with `mask` stands, or the empty one where it would."""
    last = np.uint64(len(slots) - 1)
    place = _hash(mask) & last
    while True:
        term = slots[place]
        if term < 0:
            return place
        same = True
        for part in range(len(mask)):
            if masks[term, part] != mask[part]:
                same = False
                break
        if same:
            return place
        place = (place + np.uint64(1)) & last


@njit(cache=True, nogil=True)
def index(masks, count, slots):
    """Fill the hash table anew with the first `count` terms."""
    slots[:] = -1
    for term in range(count):
        slots[_find(masks[term], masks, slots)] = term


@njit(cache=True, nogil=True)
def pair(masks, count, slots, turn, partners):
    """For each term its partner under a turn about the word with masks `turn`.

    `partners[k]` is `COMMUTES`, the number of the term whose word is the product, or `ALONE`; returns how many are
    alone, and how many anticommute.
    """
    parts = len(turn) // 2
    mask = np.empty(2 * parts, np.uint64)
    alone = moved = 0
    for term in range(count):
        crossings = 0
        for part in range(parts):
            crossings += _popcount(masks[term, part] & turn[parts + part])
            crossings += _popcount(masks[term, parts + part] & turn[part])
        if crossings & 1 == 0:
            partners[term] = COMMUTES
            continue
        for part in range(2 * parts):
            mask[part] = masks[term, part] ^ turn[part]
        found = slots[_find(mask, masks, slots)]
        partners[term] = found
        moved += 1
        alone += found < 0
    return alone, moved


@njit(cache=True, nogil=True)
def _product_sign(turn, mask):
    """The sign `s` of `i P Q = s R`, with P, Q, R Hermitian words and P, Q anticommuting."""
    parts = len(turn) // 2
    power = 1
    for part in range(parts):
        x1, z1, x2, z2 = turn[part], turn[parts + part], mask[part], mask[parts + part]
        power += _popcount(x1 & z1) + _popcount(x2 & z2) + 2 * _popcount(z1 & x2)
        power -= _popcount((x1 ^ x2) & (z1 ^ z2))
    return 1.0 if power % 4 == 0 else -1.0


@njit(cache=True, nogil=True)
def rotate(masks, numbers, count, columns, slots, turn, partners, cosine, sine, slope_column):
    """Carry the sum back through `exp(-i angle/2 P)`: `Q -> cos Q + sin i P Q` for each Q that anticommutes with P.

    There must be room for the terms that are new. `slope_column` is the column that takes the derivative by this angle,
    -1 for none; the first `columns` columns are carried along. Returns the number of terms.
    """
    total = count
    for term in range(count):
        partner = partners[term]
        if partner == COMMUTES:
            if slope_column >= 0:
                numbers[term, slope_column] = 0.0
            continue
        if 0 <= partner < term:
            continue
        sign = _product_sign(turn, masks[term])
        if partner < 0:
            partner = total
            for part in range(len(turn)):
                masks[partner, part] = masks[term, part] ^ turn[part]
            numbers[partner, :] = 0.0
            slots[_find(masks[partner], masks, slots)] = partner
            total += 1
        a, b = numbers[term, 0], sign * numbers[partner, 0]
        for column in range(columns):
            p, q = numbers[term, column], sign * numbers[partner, column]
            numbers[term, column] = cosine * p - sine * q
            numbers[partner, column] = sign * (sine * p + cosine * q)
        if slope_column >= 0:
            numbers[term, slope_column] = -sine * a - cosine * b
            numbers[partner, slope_column] = sign * (cosine * a - sine * b)
    return total


@njit(cache=True, nogil=True)
def sizes(numbers, count, columns, largest):
    """What leaving out each term could change: the largest magnitude among its coefficient and its derivatives."""
    for term in range(count):
        size = 0.0
        for column in range(columns):
            size = max(size, abs(numbers[term, column]))
        largest[term] = size


@njit(cache=True, nogil=True)
def drop(masks, numbers, count, columns, largest, threshold, left_out):
    """Leave out the terms of size up to `threshold`, adding their magnitudes to `left_out`; returns how many stay."""
    kept = 0
    for term in range(count):
        if largest[term] <= threshold:
            for column in range(columns):
                left_out[column] += abs(numbers[term, column])
            continue
        if kept != term:
            masks[kept] = masks[term]
            numbers[kept, :columns] = numbers[term, :columns]
        kept += 1
    return kept


@njit(cache=True, nogil=True)
def at_zero(masks, numbers, count, columns, totals):
    """Add up the terms that the state |0...0> sees: those that flip no bit."""
    parts = masks.shape[1] // 2
    for term in range(count):
        flips = False
        for part in range(parts):
            flips = flips or masks[term, part] != 0
        if not flips:
            for column in range(columns):
                totals[column] += numbers[term, column]
