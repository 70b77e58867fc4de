"""From expectation values of Pauli words to what a Program returns, and back."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from qml.engine.lower import Reading
from qml.engine.sums import segment_sums

TRANSFORMED_AT_ONCE = 2**16  # numbers: two copies of them stay in the cache of one core


class WordMap:
    """The linear map from the values of words `(B, W)` to the values of a Program `(B, K)`, and its transpose.

    Expectations are sums of words with real coefficients; probabilities are the Walsh-Hadamard transform of all
    products of Z words of their wires, divided by their number. Dtypes are kept. When every value is one word, in
    order, the very array that was handed in is returned.

    Args:
        reading: which words make which value.
        signs: +1 or -1, the sign with which each word is read.

    Example:
        >>> minus_and_sum = WordMap(Reading((((0, -1.0),), ((0, 1.0), (1, 0.5)))), signs=(1, 1))
        >>> minus_and_sum.values(np.array([[0.5, 1.0]]))
        array([[-0.5,  1. ]])
    """

    def __init__(self, reading: Reading, signs: Sequence[int]):
        self.n_words, self.probabilities = len(signs), reading.probabilities
        self.n_values = self.n_words if self.probabilities else len(reading.terms)
        self._weights = np.array(signs, dtype=float) / max(self.n_words, 1)  # of a word in every probability
        # A sum without terms reads word 0 with coefficient 0, so that no segment is empty.
        lists = [terms or ((0, 0.0),) for terms in reading.terms]
        words = np.array([word for terms in lists for word, _ in terms], dtype=int)
        self._words = words
        self._coefficients = np.array([c * signs[w] if signs else 0.0 for terms in lists for w, c in terms])
        self._starts = np.cumsum([0, *(len(terms) for terms in lists)])[:-1]
        self._value_of_term = np.repeat(np.arange(len(lists)), [len(terms) for terms in lists])
        self._order = np.argsort(words, kind="stable")
        self._targets, self._word_starts = np.unique(words[self._order], return_index=True)
        one_each = not self.probabilities and np.array_equal(words, np.arange(self.n_words))
        self._in_order = one_each and len(words) == self.n_values
        self.is_identity = self._in_order and bool((self._coefficients == 1).all())

    @property
    def word_weights(self) -> np.ndarray:
        """`(W,)`: what each word is multiplied by before the transform that makes probabilities."""
        return self._weights

    def padded_terms(self) -> tuple[np.ndarray, np.ndarray]:
        """Words and coefficients of each value, both `(K, T)`; a value of fewer terms is filled with coefficient 0."""
        counts = np.diff([*self._starts, len(self._words)])
        shape = (self.n_values, max(counts, default=0))
        index, coefficients = np.zeros(shape, int), np.zeros(shape)
        place = np.arange(len(self._words)) - np.repeat(self._starts, counts)
        index[self._value_of_term, place], coefficients[self._value_of_term, place] = self._words, self._coefficients
        return index, coefficients

    def values(self, words_BW: np.ndarray) -> np.ndarray:
        """Values of the Program, `(B, K)`, from expectation values of words, `(B, W)`."""
        if self.is_identity:
            return words_BW
        if self.probabilities:
            return _transformed(words_BW * self._weights.astype(words_BW.dtype))
        if self.n_words == 0:
            return np.zeros((len(words_BW), self.n_values), words_BW.dtype)
        terms = words_BW if self._in_order else np.take(words_BW, self._words, axis=1)
        return segment_sums(terms * self._coefficients.astype(words_BW.dtype), self._starts)

    def pull_back(self, cotangent_BK: np.ndarray) -> np.ndarray:
        """Cotangents of the words, `(B, W)`, from those of the values, `(B, K)`."""
        if self.is_identity:
            return cotangent_BK
        dtype = cotangent_BK.dtype
        if self.probabilities:
            return _transformed(cotangent_BK) * self._weights.astype(dtype)
        terms = cotangent_BK if self._in_order else np.take(cotangent_BK, self._value_of_term, axis=1)
        terms = terms * self._coefficients.astype(dtype)
        if self._in_order:
            return terms
        result = np.zeros((len(cotangent_BK), self.n_words), dtype)
        if self.n_words:
            result[:, self._targets] = segment_sums(np.take(terms, self._order, axis=1), self._word_starts)
        return result


def _transformed(values_BW: np.ndarray) -> np.ndarray:
    """The Walsh-Hadamard transform of each row, not normalised; a new array."""
    n_rows, n_columns = values_BW.shape
    result = np.empty((n_rows, n_columns), values_BW.dtype)
    step = max(1, TRANSFORMED_AT_ONCE // n_columns)
    for start in range(0, n_rows, step):
        result[start : start + step] = _transformed_chunk(values_BW[start : start + step])
    return result


def _transformed_chunk(values_BW: np.ndarray) -> np.ndarray:
    """The rows lie side by side while this runs, so that every butterfly is a long stretch of memory."""
    n_rows, n_columns = values_BW.shape
    here, half = np.array(values_BW.T, order="C"), n_columns // 2
    there = np.empty_like(here)
    while half:
        pairs, result = (a.reshape(n_columns // (2 * half), 2, half * n_rows) for a in (here, there))
        np.add(pairs[:, 0], pairs[:, 1], out=result[:, 0])
        np.subtract(pairs[:, 0], pairs[:, 1], out=result[:, 1])
        here, there, half = there, here, half // 2
    return here.T
