"""Text as a row of numbers without a vocabulary: words hashed into a fixed number of places."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from qml.base.extras import require


@dataclass(frozen=True)
class HashedWords:
    """Words of a text, and runs of up to `ngrams` of them, hashed into `width` places and scaled to length one.

    Nothing is learnt from the rows, so any row can be decoded by any process at any time. Two words may share a place;
    more places make that rarer. A missing text is an empty one.

    Args:
        width: numbers a row.
        ngrams: longest run of words that counts as one.

    Example:
        >>> rows = HashedWords(16)(["the cat sat", None])
        >>> rows.shape, rows.dtype, bool(rows[1].any())
        ((2, 16), dtype('float32'), False)
    """

    width: int = 1024
    ngrams: int = 1

    def __call__(self, values: list[Any]) -> np.ndarray:
        """Texts to `(n, width)` float32, by scikit-learn's HashingVectorizer."""
        require("sklearn", extra="data", purpose="decoding text columns")
        from sklearn.feature_extraction.text import HashingVectorizer

        hashing = HashingVectorizer(n_features=self.width, ngram_range=(1, self.ngrams))
        found: Any = hashing.transform(["" if value is None else str(value) for value in values])
        return found.astype(np.float32).toarray()
