"""Very many words of Z read from a whole ket by one Walsh-Hadamard transform, as probabilities ask for them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from qml.engine.plan import Word

MOST_IN_TILES = 128  # words of Z up to which sums tile by tile are cheaper than a transform of the whole state


class Dense:
    """Words of Z of a plan, in float64.

    Args:
        words: all words of a plan.
        z_words: the numbers of those of Z alone.
    """

    def __init__(self, words: Sequence[Word], z_words: Sequence[int]):
        self._masks = np.array([words[number][1] for number in z_words], np.int64)
        self._numbers = np.array(z_words, np.int64)

    def values(self, ket: np.ndarray) -> np.ndarray:
        """Their expectation values `(K,)` in a ket of `(vectors, 2, lanes)` numbers."""
        return walsh((ket.astype(np.float64) ** 2).sum(axis=1).ravel())[self._masks]

    def start_bra(self, ket: np.ndarray, bra: np.ndarray, cotangent_W: np.ndarray) -> None:
        """Write the ket times the sum of all words, each times its cotangent."""
        weights = np.zeros(ket.size // 2)
        np.add.at(weights, self._masks, cotangent_W[self._numbers])
        np.multiply(ket, walsh(weights).astype(ket.dtype).reshape(len(ket), 1, -1), out=bra)


def walsh(values: np.ndarray) -> np.ndarray:
    """Walsh-Hadamard transform `(A,)` of `(A,)` numbers, `A = 2**n`: entry `z` sums `(-1)**popcount(i & z) values[i]`.

    Example:
        >>> walsh(np.array([1.0, 2.0, 3.0, 4.0]))
        array([10., -2., -4.,  0.])
    """
    half = 1
    while half < len(values):
        pairs = values.reshape(-1, 2, half)
        values = np.stack([pairs[:, 0] + pairs[:, 1], pairs[:, 0] - pairs[:, 1]], axis=1).ravel()
        half *= 2
    return values
