"""Many angles at once: numbers a row as sums of products of slots, and the exact way back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from qml.circuits.angle import Angle, Slot, Term
from qml.engine.sums import batch_sum, segment_sums


class Place(NamedTuple):
    """Where the number of a slot is found: a column of the row slots, or an entry of the shared slots."""

    shared: bool
    index: int


class SlotMap:
    """Values `(B, M)`, one a row and angle, from slots that differ by row and slots that all rows share.

    Arrays are taken and returned in one dtype, which is kept. When the angles are just the row slots in order,
    nothing is computed and the very array that was handed in is returned.

    Args:
        angles: what to compute, constants included.
        n_row: number `N` of row slots.
        n_shared: number `P` of shared slots.
        place: where each slot is.

    Example:
        >>> from qml.circuits.angle import input_slot, weight_slot
        >>> place = lambda slot: Place(slot.kind == "weight", slot.index)
        >>> products = SlotMap([input_slot(0) * weight_slot(0) + 1], 1, 1, place)
        >>> products.values(np.array([[2.0], [3.0]]), np.array([10.0]))
        array([[21.],
               [31.]])
    """

    def __init__(self, angles: Sequence[Angle], n_row: int, n_shared: int, place: Callable[[Slot], Place]):
        self.n_columns, self.n_row, self.n_shared = len(angles), n_row, n_shared
        terms, self._starts = _flattened(angles)
        row = [[place(s).index for s in term.slots if not place(s).shared] for term in terms]
        shared = [[place(s).index for s in term.slots if place(s).shared] for term in terms]
        self._row = _Factors(row, n_row)
        self._shared = _Factors(shared, n_shared)
        self._coefficients = np.array([term.coefficient for term in terms])
        self._columns = np.repeat(np.arange(len(angles)), np.diff(np.append(self._starts, len(terms))))
        self._constants = np.array([angle.constant for angle in angles])
        self._one_to_one = len(terms) == len(angles)
        self._shifted = bool(self._constants.any())
        bare = self._one_to_one and not (self._shared.depth or self._shifted or np.any(self._coefficients != 1))
        self.is_gather = bare and self._row.is_gather
        self.is_identity = self.is_gather and np.array_equal(self._row.index[:, 0], np.arange(n_row))

    @property
    def reads_rows(self) -> bool:
        """Whether any value differs by row."""
        return self._row.depth > 0

    @property
    def reads_shared(self) -> bool:
        """Whether any value depends on a shared slot."""
        return self._shared.depth > 0

    def values(self, row_BN: np.ndarray, shared_P: np.ndarray) -> np.ndarray:
        """The values, `(B, M)`, of row slots `(B, N)` and shared slots `(P,)`."""
        if self.is_identity:
            return row_BN
        if self.is_gather:
            return np.take(row_BN, self._row.index[:, 0], axis=1)
        terms_BT = self._row.products(row_BN) * self._factors(shared_P)
        values_BM = terms_BT if self._one_to_one else segment_sums(terms_BT, self._starts)
        return values_BM + self._constants.astype(row_BN.dtype) if self._shifted else values_BM

    def pull_back(
        self, row_BN: np.ndarray, shared_P: np.ndarray, cotangent_BM: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Gradients `(B, N)` and `(P,)` of `sum(values * cotangent_BM)`; rows are summed in a fixed order."""
        if self.is_identity:
            return cotangent_BM, np.zeros_like(shared_P)
        slopes_BT = cotangent_BM if self._one_to_one else np.take(cotangent_BM, self._columns, axis=1)
        grad_row = self._row.pull_back(row_BN, slopes_BT if self.is_gather else slopes_BT * self._factors(shared_P))
        if not self._shared.depth:
            return grad_row, np.zeros_like(shared_P)
        slopes_T = batch_sum(slopes_BT * self._row.products(row_BN)) * self._coefficients.astype(shared_P.dtype)
        return grad_row, self._shared.pull_back(shared_P[None], slopes_T[None])[0]

    def slopes(self, row_BN: np.ndarray) -> np.ndarray:
        """Derivative of every value by every row slot, `(B, M, N)`; nothing may be shared."""
        n_rows, n_values = len(row_BN), self.n_columns
        units = np.tile(np.eye(n_values, dtype=row_BN.dtype), (n_rows, 1))
        rows = np.repeat(row_BN, n_values, axis=0)
        return self.pull_back(rows, rows[0, :0] if len(rows) else row_BN.ravel()[:0], units)[0].reshape(
            n_rows, n_values, self.n_row
        )

    def _factors(self, shared_P: np.ndarray) -> np.ndarray:
        """What each term multiplies the row slots by, `(T,)`."""
        coefficients = self._coefficients.astype(shared_P.dtype)
        return coefficients * self._shared.products(shared_P[None])[0] if self._shared.depth else coefficients


class _Factors:
    """Products of up to `depth` of `N` columns, one product a term; a term may have fewer factors, or none."""

    def __init__(self, lists: list[list[int]], n_columns: int):
        self.n_columns = n_columns
        self.depth = max(map(len, lists), default=0)
        self.index = np.full((len(lists), self.depth), n_columns)  # column N is the number one
        for term, columns in enumerate(lists):
            self.index[term, : len(columns)] = columns
        self._padded = bool((self.index == n_columns).any())
        self.is_gather = self.depth == 1 and not self._padded
        term, position = np.nonzero(self.index != n_columns)
        order = np.argsort(self.index[term, position], kind="stable")
        self._term, position = term[order], position[order]
        self._targets, self._starts = np.unique(self.index[self._term, position], return_index=True)
        in_order = len(lists) == n_columns and np.array_equal(self._term, np.arange(n_columns))
        self._each_once = in_order and np.array_equal(self._targets, np.arange(n_columns))
        others = [np.delete(self.index[t], p) for t, p in zip(self._term, position, strict=True)]
        self._others = np.array(others).reshape(len(others), max(self.depth - 1, 0))

    def products(self, columns_BN: np.ndarray) -> np.ndarray:
        """The product of each term, `(B, T)`."""
        if self.depth == 0:
            return np.ones((len(columns_BN), len(self.index)), columns_BN.dtype)
        return self._product(self._extended(columns_BN), self.index)

    def pull_back(self, columns_BN: np.ndarray, slopes_BT: np.ndarray) -> np.ndarray:
        """Gradient `(B, N)` of `sum(products * slopes_BT)`."""
        gradient = np.zeros(columns_BN.shape, columns_BN.dtype)
        if self.depth == 0 or len(columns_BN) == 0:
            return gradient
        parts = slopes_BT if self._each_once else np.take(slopes_BT, self._term, axis=1)
        if self.depth > 1:
            parts = parts * self._product(self._extended(columns_BN), self._others)
        if self._each_once:
            return parts
        gradient[:, self._targets] = segment_sums(parts, self._starts)
        return gradient

    def _extended(self, columns_BN: np.ndarray) -> np.ndarray:
        if not self._padded and not (self._others == self.n_columns).any():
            return columns_BN
        return np.concatenate([columns_BN, np.ones((len(columns_BN), 1), columns_BN.dtype)], axis=1)

    @staticmethod
    def _product(columns_BN: np.ndarray, index: np.ndarray) -> np.ndarray:
        result = np.take(columns_BN, index[:, 0], axis=1)
        for position in range(1, index.shape[1]):
            result *= np.take(columns_BN, index[:, position], axis=1)
        return result


def _flattened(angles: Sequence[Angle]) -> tuple[list[Term], np.ndarray]:
    """All terms in order, and where those of each angle begin; a constant angle gets a term of coefficient 0."""
    terms: list[Term] = []
    starts = []
    for angle in angles:
        starts.append(len(terms))
        terms.extend(angle.terms or (Term(0.0, ()),))
    return terms, np.array(starts, dtype=int)
