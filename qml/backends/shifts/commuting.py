"""Rotations that commute and turn by one number, as one turn about the sum of their words: its frequencies."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from qml.backends.shifts.rules import DIGITS
from qml.circuits.readout import PauliWord

FREE = 12  # independent words whose signs are all tried
BITS = {"X": (1, 0), "Y": (1, 1), "Z": (0, 1)}


def commute(one: PauliWord, other: PauliWord) -> bool:
    """Whether two Pauli words commute: they differ on an even number of the wires they share.

    Example:
        >>> commute(((0, "X"), (1, "X")), ((0, "Z"), (1, "Z"))), commute(((0, "X"),), ((0, "Z"),))
        (True, False)
    """
    letters = dict(one)
    return sum(letters.get(wire, letter) != letter for wire, letter in other) % 2 == 0


def frequencies(words: Sequence[PauliWord], factors: Sequence[float]) -> tuple[float, ...] | None:
    """Frequencies of expectation values in the number `t` of exp(-i t/2 sum_j factor_j word_j), ascending.

    They are the differences of the eigenvalues of `sum_j factor_j word_j / 2`, whose words commute.

    Returns:
        None where more than 12 of the words are independent of each other.

    Example:
        >>> frequencies([((1, "X"),), ((0, "Z"), (1, "X"))], [1.0, -1.0])  # a controlled rotation by 2 t
        (1.0, 2.0)
    """
    signs_PJ = _signs(words)
    if signs_PJ is None:
        return None
    values = np.unique((signs_PJ @ np.asarray(factors, float) / 2).round(DIGITS))
    gaps = np.unique(np.abs(values[:, None] - values).round(DIGITS))
    return tuple(gaps[gaps > 0].tolist())


def _signs(words: Sequence[PauliWord]) -> np.ndarray | None:
    """`(patterns, words)`: the signs that commuting words can have together."""
    wires = sorted({wire for word in words for wire, _ in word})
    basis: list[tuple[int, int, int]] = []  # bits and phase of a product of independent words, and which words
    members: list[tuple[int, int]] = []  # of each word: its sign, and which independent words make it
    free = 0
    for word in words:
        (bits, phase), made = _element(word, wires), 0
        for other_bits, other_phase, of in basis:
            if bits ^ other_bits < bits:
                phase += other_phase + 2 * _swaps(bits, other_bits, len(wires))
                bits, made = bits ^ other_bits, made ^ of
        if bits:
            own = 1 << free
            basis = sorted([*basis, (bits, phase % 4, own ^ made)], reverse=True)
            members.append((1, own))
            free += 1
        else:
            members.append((1 - phase % 4, made))
    if free > FREE:
        return None
    patterns = 1 - 2 * (np.arange(2**free)[:, None] >> np.arange(free) & 1)
    columns = [sign * patterns[:, [f for f in range(free) if made >> f & 1]].prod(1) for sign, made in members]
    return np.stack(columns, axis=1)


def _element(word: PauliWord, wires: list[int]) -> tuple[int, int]:
    """A word as i^k X^x Z^z: the bits of x and z as one number, and k."""
    x = sum(BITS[letter][0] << wires.index(wire) for wire, letter in word)
    z = sum(BITS[letter][1] << wires.index(wire) for wire, letter in word)
    return x << len(wires) | z, sum(letter == "Y" for _, letter in word)


def _swaps(left: int, right: int, n_wires: int) -> int:
    """Signs from moving the Z of the left factor behind the X of the right one."""
    return (left & right >> n_wires & (1 << n_wires) - 1).bit_count()
