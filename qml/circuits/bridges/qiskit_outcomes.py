"""Outcomes as Qiskit numbers them, bit 0 least significant, as arrays whose first column is qubit 0, and back."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def bits_from_qiskit(outcomes: Sequence[int], n_bits: int) -> np.ndarray:
    """`(N, M)` uint8: bit m of each outcome in column m, as classical bit m of a circuit was measured.

    Args:
        outcomes: whole numbers of any size, such as the keys of `result.data(0)["counts"]` by `int(key, 16)`.
        n_bits: classical bits `M`.

    Example:
        >>> bits_from_qiskit([1, 6], 3)
        array([[1, 0, 0],
               [0, 1, 1]], dtype=uint8)
    """
    width = (n_bits + 7) // 8
    packed = b"".join(outcome.to_bytes(width, "little") for outcome in outcomes)
    bytes_NB = np.frombuffer(packed, np.uint8).reshape(len(outcomes), width)
    return np.unpackbits(bytes_NB, axis=1, bitorder="little")[:, :n_bits]


def table_from_qiskit(table_RO: np.ndarray) -> np.ndarray:
    """`(R, 2**M)` numbers of each outcome with the first qubit most significant, from Qiskit's with it least.

    Example:
        >>> table_from_qiskit(np.array([[0, 1, 2, 3]]))
        array([[0, 2, 1, 3]])
    """
    n_rows, n_outcomes = table_RO.shape
    n_bits = n_outcomes.bit_length() - 1
    axes = [0, *range(n_bits, 0, -1)]
    return np.ascontiguousarray(table_RO.reshape(n_rows, *[2] * n_bits).transpose(axes).reshape(n_rows, n_outcomes))
