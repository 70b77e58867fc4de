"""The training step that every library is asked for: its sizes, what it is handed and what it brings back.

Only NumPy is imported here: the processes of peers, in environments of their own, read this module too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, order=True)
class Size:
    """A workload: RY(x_i) on each of `n_qubits` wires, then `depth` layers of RZ RY RZ and a ring of CNOT; <Z_i>.

    Example:
        >>> size = Size.parse("8,4,1024")
        >>> str(size), size.n_weights, size.n_amplitudes
        ('(8, 4, 1024)', 96, 262144)
    """

    n_qubits: int
    depth: int
    rows: int

    def __post_init__(self):
        if self.n_qubits < 2 or self.depth < 1 or self.rows < 1:
            raise ValueError(f"A workload needs two qubits, a layer and a row at least; got {self}.")

    def __str__(self) -> str:
        return f"({self.n_qubits}, {self.depth}, {self.rows})"

    @classmethod
    def parse(cls, text: str) -> Size:
        """`"qubits,layers,rows"`."""
        parts = text.split(",")
        if len(parts) != 3 or not all(part.strip().isdigit() for part in parts):
            raise ValueError(f"A size is `qubits,layers,rows`, such as 8,4,1024; got {text!r}.")
        return cls(*(int(part) for part in parts))

    @property
    def n_weights(self) -> int:
        """Three angles a wire and layer."""
        return 3 * self.n_qubits * self.depth

    @property
    def n_gates(self) -> int:
        """Gates as written down: the encoding, the rotations and the rings."""
        return self.n_qubits * (1 + 4 * self.depth)

    @property
    def n_amplitudes(self) -> int:
        """Amplitudes of all rows."""
        return self.rows * 2**self.n_qubits


@dataclass(frozen=True)
class Numbers:
    """What one step is handed; float32."""

    inputs_BD: np.ndarray
    weights_P: np.ndarray
    cotangent_BK: np.ndarray


@dataclass(frozen=True)
class Answer:
    """What one step brings back, as NumPy arrays; `loss` is the sum of values times cotangent.

    `values_BK` is None from a peer that is handed the loss as its one observable.
    """

    loss: float
    values_BK: np.ndarray | None
    inputs_BD: np.ndarray
    weights_P: np.ndarray


def numbers(size: Size, seed: int = 0) -> Numbers:
    """Random inputs, weights and cotangents of a workload."""
    random = np.random.default_rng(seed)
    inputs = random.uniform(-3, 3, (size.rows, size.n_qubits))
    weights = random.uniform(-3, 3, size.n_weights)
    cotangent = random.normal(size=(size.rows, size.n_qubits))
    return Numbers(*(a.astype(np.float32) for a in (inputs, weights, cotangent)))


def ring_sources(n_qubits: int) -> np.ndarray:
    """The ring of CNOT as a permutation: amplitude `a` behind it is amplitude `ring_sources(n)[a]` in front.

    Example:
        >>> ring_sources(2).tolist()
        [0, 3, 1, 2]
    """
    behind = np.arange(2**n_qubits)
    for control in range(n_qubits):
        bit = (behind >> (n_qubits - 1 - control)) & 1
        behind = behind ^ (bit << (n_qubits - 1 - (control + 1) % n_qubits))
    sources = np.empty_like(behind)
    sources[behind] = np.arange(2**n_qubits)
    return sources


def signs(n_qubits: int) -> np.ndarray:
    """Diagonals of Z on each wire, `(A, Q)`: +1 and -1."""
    bits = (np.arange(2**n_qubits)[:, None] >> np.arange(n_qubits - 1, -1, -1)) & 1
    return 1.0 - 2.0 * bits
