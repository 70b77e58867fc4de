"""Outcomes of a measurement in the computational basis, drawn from states: a pure function of seed and row."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from qml.base.errors import ConfigError, DataError, ShapeError

KEYS = 2**64  # seeds, and rows
BLOCK_BYTES = 32 << 20  # states that are alive at once


def check_shots(shots: int, seed: int) -> None:
    """Refuse numbers of shots and seeds that nothing can be drawn with.

    Raises:
        ConfigError: fewer than one shot, or a seed outside 0 .. 2**64 - 1; both must be whole numbers.
    """
    for name, number, first in (("shots", shots, 1), ("seed", seed, 0)):
        if isinstance(number, bool) or not isinstance(number, (int, np.integer)) or not first <= number < KEYS:
            raise ConfigError(f"Samples need a whole number {name} of at least {first}, below 2**64; got {number!r}.")


def draw_bits(states_BA: np.ndarray, shots: int, *, seed: int, first_row: int = 0) -> np.ndarray:
    """Bits of every qubit, drawn from `|amplitude|^2`.

    Each row cuts [0, its norm) by cumulative sums in float64 and looks up `shots` uniform numbers. Those are the
    stream of a counter-based generator (Philox) with the key `(seed, first_row + b)`: samples of a row depend on its
    state, the seed and its number alone, not on the batch it is in, and the first shots of a long run are those of a
    short one.

    Args:
        states_BA: `(B, A)` complex with `A = 2**Q`; qubit 0 most significant. Norms need not be exactly one.
        shots: samples `S` a row.
        seed: 0 .. 2**64 - 1.
        first_row: number of the first row, for a batch that is drawn in parts.

    Returns:
        `(B, S, Q)` uint8, zeros and ones.

    Raises:
        ConfigError: shots or seed out of range.
        ShapeError: `A` is not a power of two.
        DataError: a state that is not finite or zero; the message names the row.

    References:
        Salmon, Moraes, Dror and Shaw, Parallel random numbers: as easy as 1, 2, 3, SC '11.

    Example:
        >>> draw_bits(np.array([[0, 0, 1j, 0]]), 2, seed=7)
        array([[[1, 0],
                [1, 0]]], dtype=uint8)
    """
    check_shots(shots, seed)
    n_rows, n_amplitudes = states_BA.shape
    n_qubits = n_amplitudes.bit_length() - 1
    if n_amplitudes != 1 << n_qubits or n_qubits == 0:
        raise ShapeError(f"Samples need states of shape (B, 2**Q) with Q >= 1; got {states_BA.shape}.")
    bits_BSQ = np.empty((n_rows, shots, n_qubits), np.uint8)
    random = _Streams(seed)
    for row, state_A in enumerate(states_BA):
        edges_A = np.cumsum(_weights(state_A))
        total = edges_A[-1]
        if not 0 < total < np.inf:
            raise DataError(
                f"Samples were asked of row {first_row + row}, whose state has the squared norm {total}; it must be "
                "finite and above zero. Look for NaN or infinite inputs and weights."
            )
        places_S = np.searchsorted(edges_A, random.uniform(first_row + row, shots) * total, side="right")
        last = np.searchsorted(edges_A, total)  # a product that rounds up to the total belongs to the last outcome
        bits_BSQ[row] = _bits(np.minimum(places_S, last), n_qubits)
    return bits_BSQ


def sample_in_blocks(
    states_of: Callable[[slice], np.ndarray], n_rows: int, n_qubits: int, shots: int, *, seed: int
) -> np.ndarray:
    """Samples of many rows whose states are never all in memory.

    Args:
        states_of: states `(b, A)` of a slice of the rows.
        n_rows: rows `B`.
        n_qubits: qubits `Q`.
        shots: as for `draw_bits`.
        seed: as for `draw_bits`.

    Returns:
        `(B, S, Q)` uint8, the same for any size of block; errors as for `draw_bits`.
    """
    check_shots(shots, seed)
    bits_BSQ = np.empty((n_rows, shots, n_qubits), np.uint8)
    step = max(1, BLOCK_BYTES >> n_qubits + 4)
    for start in range(0, n_rows, step):
        rows = slice(start, min(start + step, n_rows))
        bits_BSQ[rows] = draw_bits(states_of(rows), shots, seed=seed, first_row=start)
    return bits_BSQ


class _Streams:
    """One stream of uniform numbers for each row; setting a key costs less than making a generator."""

    def __init__(self, seed: int):
        self._bits = np.random.Philox(key=np.array([seed, 0], np.uint64))
        self._start = self._bits.state
        self._generator = np.random.Generator(self._bits)

    def uniform(self, row: int, count: int) -> np.ndarray:
        """`(count,)` numbers of [0, 1) from the beginning of the stream of `row`."""
        self._start["state"]["key"][1] = row
        self._bits.state = self._start
        return self._generator.random(count)


def _weights(state_A: np.ndarray) -> np.ndarray:
    """Squared moduli in float64."""
    return np.square(np.real(state_A), dtype=np.float64) + np.square(np.imag(state_A), dtype=np.float64)


def _bits(places_S: np.ndarray, n_qubits: int) -> np.ndarray:
    """Bits of each number, `(S, Q)`, the most significant first."""
    octets = places_S.astype(">u8").view(np.uint8).reshape(len(places_S), 8)
    first = 8 - -(-n_qubits // 8)
    return np.unpackbits(octets[:, first:], axis=1)[:, -n_qubits:]
