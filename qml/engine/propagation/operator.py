"""An observable on its way back through a circuit: its terms, the room they take, and what was left out of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from qml.base.errors import CapabilityError
from qml.engine.plan import Turn, Word
from qml.engine.propagation import terms

START = 256  # terms that there is room for at first


def mask_of(x: int, z: int, n_qubits: int) -> np.ndarray:
    """The masks of a word as 64-bit numbers: those of `x`, then those of `z`, low bits first."""
    parts, low = -(-n_qubits // 64), (1 << 64) - 1
    return np.array([mask >> 64 * part & low for mask in (x, z) for part in range(parts)], np.uint64)


class Operator:
    """A real sum of Pauli words and the derivatives of its coefficients, truncated within an allowance.

    Args:
        n_qubits: wires.
        words: `(x, z)` masks.
        coefficients: one a word.
        max_bytes: memory that the terms may take.
    """

    def __init__(self, n_qubits: int, words: Sequence[Word], coefficients: Sequence[float], max_bytes: int):
        self.n_qubits, self.max_bytes = n_qubits, max_bytes
        self.count = len(words)
        self.columns = 1
        self._make_room(max(START, 2 * self.count), 1)
        for number, (x, z) in enumerate(words):
            self._masks[number] = mask_of(x, z, n_qubits)
        self._numbers[: self.count, 0] = coefficients
        terms.index(self._masks, self.count, self._slots)
        self.left_out = np.zeros(1)  # bound on the error of the value, then of each derivative
        self.largest_count = self.count

    def turn_back(self, turn: Turn, angle: float, slope: bool) -> bool:
        """Carry the sum back through one turn; whether the turn acts on it at all.

        With `slope` the derivative by the turn's angle becomes the last column.

        Raises:
            CapabilityError: the terms need more memory than there may be.
        """
        mask = mask_of(turn.x, turn.z, self.n_qubits)
        partners = np.empty(self.count, np.int64)
        alone, moved = terms.pair(self._masks, self.count, self._slots, mask, partners)
        if moved == 0:
            return False
        self._reserve(self.count + alone, self.columns + slope)
        column = self.columns if slope else -1
        self.count = terms.rotate(
            self._masks,
            self._numbers,
            self.count,
            self.columns,
            self._slots,
            mask,
            partners,
            np.cos(angle),
            np.sin(angle),
            column,
        )
        if slope:
            self.columns += 1
            # What is left out already could turn by at most itself: |d<Q>/d angle| <= 1 for every word Q.
            self.left_out = np.append(self.left_out, self.left_out[0])
        self.largest_count = max(self.largest_count, self.count)
        return True

    def truncate(self, allowance: float) -> None:
        """Leave out the smallest terms while the bounds stay within `allowance`; exact zeros always go."""
        largest = np.empty(self.count)
        terms.sizes(self._numbers, self.count, self.columns, largest)
        room = allowance - self.left_out.max()
        small = np.sort(largest[largest <= room]) if room > 0 else largest[largest == 0]
        n_dropped = int(np.searchsorted(np.cumsum(small), room, side="right")) if room > 0 else len(small)
        if n_dropped == 0:
            return
        threshold = small[n_dropped - 1]
        if n_dropped < len(small) and small[n_dropped] == threshold:  # equal sizes go together, or not at all
            below = small[small < threshold]
            if not len(below):
                return
            threshold = below[-1]
        self.count = terms.drop(self._masks, self._numbers, self.count, self.columns, largest, threshold, self.left_out)
        terms.index(self._masks, self.count, self._slots)

    def at_zero(self) -> np.ndarray:
        """The expectation value in |0...0>, then its derivatives."""
        totals = np.zeros(self.columns)
        terms.at_zero(self._masks, self._numbers, self.count, self.columns, totals)
        return totals

    def _reserve(self, count: int, columns: int) -> None:
        """Room for so many terms and columns; grows by more than is asked for."""
        capacity, width = self._numbers.shape
        if count <= capacity and columns <= width:
            return
        capacity = capacity if count <= capacity else max(count, capacity * 3 // 2)
        width = width if columns <= width else max(columns, width * 3 // 2, 8)
        masks, numbers = self._masks, self._numbers
        self._make_room(capacity, width)
        self._masks[: self.count] = masks[: self.count]
        self._numbers[: self.count, : self.columns] = numbers[: self.count, : self.columns]
        terms.index(self._masks, self.count, self._slots)

    def _make_room(self, capacity: int, width: int) -> None:
        parts = 2 * -(-self.n_qubits // 64)
        slots = 1 << (2 * capacity - 1).bit_length()
        nbytes = 8 * capacity * (parts + width + 2) + 8 * slots
        if nbytes > self.max_bytes:
            raise CapabilityError(
                f"Pauli propagation needs {nbytes / 2**20:,.0f} MiB for {self.count:,} terms of {width} numbers and "
                f"more to come; it may take {self.max_bytes / 2**20:,.0f} MiB."
            )
        self._masks = np.empty((capacity, parts), np.uint64)
        self._numbers = np.empty((capacity, width))
        self._slots = np.empty(slots, np.int64)
