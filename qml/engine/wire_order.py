"""Orders of wires as permutations of amplitude indices; qubit 0 is the most significant bit."""

from __future__ import annotations

from functools import lru_cache

import numpy as np


@lru_cache(maxsize=256)
def wire_order(n_qubits: int, first: tuple[int, ...]) -> np.ndarray:
    """`(A,)`: where amplitude `a` stands in a product whose wires come in the order `first`, then the rest.

    Example:
        >>> wire_order(2, (1, 0))
        array([0, 2, 1, 3])
    """
    order = [*first, *(wire for wire in range(n_qubits) if wire not in first)]
    index = np.arange(2**n_qubits).reshape((2,) * n_qubits)
    return index.transpose([order.index(wire) for wire in range(n_qubits)]).reshape(-1)


@lru_cache(maxsize=256)
def wire_first(n_qubits: int, wires: tuple[int, ...]) -> np.ndarray:
    """`(A,)`: amplitude indices ordered so that `wires` are the most significant bits, in their order."""
    order = [*wires, *(wire for wire in range(n_qubits) if wire not in wires)]
    return np.arange(2**n_qubits).reshape((2,) * n_qubits).transpose(order).reshape(-1)
