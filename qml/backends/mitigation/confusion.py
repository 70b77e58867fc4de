"""How often each wire is read wrong, estimated from prepared basis states."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qml.backends.counts import Counts
from qml.base.errors import CapabilityError

LEAST = 0.05  # of 1 - e0 - e1: a wire below reads next to nothing, and its inverse would only multiply noise


@dataclass(frozen=True, eq=False)
class Confusion:
    """Readout errors of each wire by itself.

    Args:
        wires: whose they are.
        e0_Q: chance to read 1 where 0 was prepared.
        e1_Q: chance to read 0 where 1 was prepared.
        variance0_Q: of `e0_Q`, as an estimate.
        variance1_Q: of `e1_Q`.

    Raises:
        CapabilityError: a wire is read so badly that its outcome says next to nothing.
    """

    wires: tuple[int, ...]
    e0_Q: np.ndarray
    e1_Q: np.ndarray
    variance0_Q: np.ndarray
    variance1_Q: np.ndarray

    def __post_init__(self):
        weak = [wire for wire, kept in zip(self.wires, 1 - self.e0_Q - self.e1_Q, strict=True) if kept < LEAST]
        if weak:
            raise CapabilityError(
                f"Readout mitigation calibrated wires {self.wires}; of {weak} the outcome says next to nothing "
                f"(errors {self.e0_Q.round(3).tolist()} and {self.e1_Q.round(3).tolist()}). Measure other wires."
            )

    @classmethod
    def of_counts(cls, wires: Sequence[int], words_TM: np.ndarray, counts: Counts, *, exact: bool) -> Confusion:
        """From counts of `T` prepared words, `(T, M)` zeros and ones; each wire is prepared as both at least once.

        Args:
            wires: the `M` wires, in the order of the bits.
            words_TM: what was prepared in each binding.
            counts: what was read.
            exact: whether `times_N` are exact probabilities; then the variances are zero.

        Example:
            >>> words = np.array([[0], [1]], np.uint8)
            >>> read = Counts(2, np.array([0, 0, 1]), np.array([[0], [1], [1]], np.uint8), np.array([98, 2, 100]))
            >>> Confusion.of_counts([0], words, read, exact=False).e0_Q
            array([0.02])
        """
        wrong_NM = counts.bits_NM != words_TM[counts.row_N]
        errors, variances = [], []
        for prepared in (0, 1):
            seen_NM = counts.times_N[:, None] * (words_TM[counts.row_N] == prepared)
            shots = seen_NM.sum(axis=0)
            errors.append((seen_NM * wrong_NM).sum(axis=0) / shots)
            likely = (errors[-1] * shots + 0.5) / (shots + 1)  # never exactly 0: none seen is not none there
            variances.append(np.zeros(len(shots)) if exact else likely * (1 - likely) / shots)
        return cls(tuple(wires), *errors, *variances)

    def of_wires(self, wires: Sequence[int]) -> Confusion:
        """The same of some of the wires, in the order given."""
        places = [self.wires.index(wire) for wire in wires]
        fields = (self.e0_Q, self.e1_Q, self.variance0_Q, self.variance1_Q)
        return Confusion(tuple(wires), *(field[places] for field in fields))

    def matrices_Q22(self) -> np.ndarray:
        """`(Q, 2, 2)` chances to read the row where the column was prepared."""
        return np.stack([np.array([[1 - e0, e1], [e0, 1 - e1]]) for e0, e1 in zip(self.e0_Q, self.e1_Q, strict=True)])

    def inverses_Q22(self) -> np.ndarray:
        """`(Q, 2, 2)` inverses of `matrices_Q22`."""
        return np.linalg.inv(self.matrices_Q22())


def words_to_prepare(n_wires: int) -> np.ndarray:
    """`(T, M)` basis states to calibrate with: each wire as often 0 as 1, beside neighbours of both kinds.

    All zeros, then the bits of the wires' numbers, each word followed by its complement: `2 (1 + ceil(log2 M))`.

    Example:
        >>> words_to_prepare(3).tolist()
        [[0, 0, 0], [1, 1, 1], [0, 1, 0], [1, 0, 1], [0, 0, 1], [1, 1, 0]]
    """
    numbers = np.arange(n_wires)
    words = [np.zeros(n_wires, np.uint8)]
    words += [(numbers >> bit & 1).astype(np.uint8) for bit in range((n_wires - 1).bit_length())]
    return np.stack([word for half in words for word in (half, 1 - half)])
