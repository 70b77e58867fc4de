"""Outcomes of measured shots, row by row, each different outcome of a row kept once with how often it was seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qml.base.errors import ShapeError

DENSE = 20  # bits: a table of all outcomes of more would not fit


@dataclass(frozen=True, eq=False)
class Counts:
    """Outcomes of one measurement setting over `R` bindings; `N` lines, one a binding and different outcome.

    Args:
        n_rows: bindings `R`; one without a shot has no line.
        row_N: binding of each line, ascending.
        bits_NM: 0 or 1 of each measured qubit, in the order of the setting's wires, uint8.
        times_N: how often it was seen; weights, and then not whole numbers, behind readout mitigation.

    Raises:
        ShapeError: lines of different number, or a binding outside `0..R-1`.
    """

    n_rows: int
    row_N: np.ndarray
    bits_NM: np.ndarray
    times_N: np.ndarray

    def __post_init__(self):
        lines = {len(self.row_N), len(self.bits_NM), len(self.times_N)}
        if len(lines) != 1 or self.bits_NM.ndim != 2:
            raise ShapeError(
                f"Counts need rows (N,), bits (N, M) and times (N,); got {np.shape(self.row_N)}, "
                f"{np.shape(self.bits_NM)} and {np.shape(self.times_N)}."
            )
        if len(self.row_N) and not 0 <= self.row_N.min() <= self.row_N.max() < self.n_rows:
            raise ShapeError(f"Counts of {self.n_rows} bindings name the bindings {set(self.row_N.tolist())}.")

    @classmethod
    def of_samples(cls, bits_RSM: np.ndarray) -> Counts:
        """Counts of `S` shots a binding, `(R, S, M)` zeros and ones.

        Example:
            >>> counts = Counts.of_samples(np.array([[[0, 1], [0, 1], [1, 1]]], np.uint8))
            >>> counts.bits_NM.tolist(), counts.times_N.tolist()
            ([[0, 1], [1, 1]], [2, 1])
        """
        n_rows, n_shots, n_bits = bits_RSM.shape
        row = np.repeat(np.arange(n_rows), n_shots)
        return cls._merged(n_rows, row, bits_RSM.reshape(-1, n_bits), np.ones(len(row), np.int64))

    @classmethod
    def of_table(cls, times_RO: np.ndarray) -> Counts:
        """Counts of how often each outcome was seen, `(R, 2**M)`, the first measured qubit most significant.

        Example:
            >>> counts = Counts.of_table(np.array([[0, 2, 0, 1]]))
            >>> counts.bits_NM.tolist(), counts.times_N.tolist()
            ([[0, 1], [1, 1]], [2, 1])
        """
        n_rows, n_outcomes = times_RO.shape
        row_N, outcome_N = np.nonzero(times_RO)
        places = np.arange(n_outcomes.bit_length() - 1)[::-1]
        bits_NM = (outcome_N[:, None] >> places & 1).astype(np.uint8)
        return cls(n_rows, row_N, bits_NM, times_RO[row_N, outcome_N])

    @classmethod
    def joined(cls, parts: Sequence[Counts]) -> Counts:
        """The bindings of all `parts` one behind another."""
        starts = np.cumsum([0, *(part.n_rows for part in parts)])
        return cls(
            int(starts[-1]),
            np.concatenate([part.row_N + start for part, start in zip(parts, starts, strict=False)]),
            np.concatenate([part.bits_NM for part in parts]),
            np.concatenate([part.times_N for part in parts]),
        )

    @classmethod
    def _merged(cls, n_rows: int, row_N: np.ndarray, bits_NM: np.ndarray, times_N: np.ndarray) -> Counts:
        """Equal outcomes of a binding as one line."""
        packed = np.packbits(np.asarray(bits_NM, np.uint8), axis=1)
        keys = np.concatenate([row_N.astype(">u4")[:, None].view(np.uint8), packed], axis=1)
        _, first, inverse = np.unique(keys, axis=0, return_index=True, return_inverse=True)
        times = np.bincount(inverse.ravel(), weights=times_N, minlength=len(first))
        whole = times.astype(np.int64) if np.issubdtype(times_N.dtype, np.integer) else times
        return cls(n_rows, row_N[first].astype(np.int64), np.asarray(bits_NM, np.uint8)[first], whole)

    @property
    def shots_R(self) -> np.ndarray:
        """`(R,)` shots of each binding."""
        return np.bincount(self.row_N, weights=self.times_N, minlength=self.n_rows)

    def of_bits(self, columns: Sequence[int]) -> Counts:
        """The outcomes of some of the measured qubits, by their places in the setting."""
        return self._merged(self.n_rows, self.row_N, self.bits_NM[:, list(columns)], self.times_N)

    def of_rows(self, start: int, stop: int) -> Counts:
        """The bindings `start..stop-1`, numbered from 0."""
        lines = slice(*np.searchsorted(self.row_N, [start, stop]))
        return Counts(stop - start, self.row_N[lines] - start, self.bits_NM[lines], self.times_N[lines])

    def added(self, other: Counts) -> Counts:
        """Shots of both, binding by binding.

        Raises:
            ShapeError: they are of different numbers of bindings or qubits.
        """
        if (self.n_rows, self.bits_NM.shape[1]) != (other.n_rows, other.bits_NM.shape[1]):
            raise ShapeError(f"Counts of {self.n_rows} and of {other.n_rows} bindings cannot be added.")
        both = [np.concatenate(pair) for pair in zip(self._lines, other._lines, strict=True)]
        return self._merged(self.n_rows, *both)

    @property
    def _lines(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return self.row_N, self.bits_NM, self.times_N

    def frequencies_RO(self) -> np.ndarray:
        """`(R, 2**M)` shares of all outcomes, the first qubit of the setting most significant.

        Raises:
            ShapeError: more than 20 measured qubits; take `of_bits`.
        """
        n_bits = self.bits_NM.shape[1]
        if n_bits > DENSE:
            raise ShapeError(f"A table of the outcomes of {n_bits} qubits has 2**{n_bits} columns; at most {DENSE}.")
        outcome = self.bits_NM.astype(np.int64) @ (1 << np.arange(n_bits)[::-1])
        flat = np.bincount(self.row_N * 2**n_bits + outcome, self.times_N, self.n_rows * 2**n_bits)
        return flat.reshape(self.n_rows, 2**n_bits) / np.maximum(self.shots_R, 1)[:, None]
