"""Measured bits of every qubit from a machine that only runs circuits."""

from __future__ import annotations

import numpy as np

from qml.backends.backend import Backend
from qml.backends.counts import Counts
from qml.backends.shifts.sending import send
from qml.base.errors import CapabilityError
from qml.base.seeds import derive, generator
from qml.circuits.program import Program
from qml.circuits.readout import z_each


def gives_samples(backend: Backend) -> bool:
    """Whether a machine brings raw outcomes of shots."""
    return backend.target.sampled and backend.target.counts


def sampled_bits(backend: Backend, program: Program, slots_BS: np.ndarray, shots: int, seed: int) -> np.ndarray:
    """Bits of every qubit, `(B, shots, Q)` uint8, from one job; shots of a row stand in a random order.

    Args:
        backend: what runs the circuits.
        program: whose last state is measured in the computational basis.
        slots_BS: `(B, S)` radians.
        shots: of each row.
        seed: of the draw.

    Raises:
        CapabilityError: the machine gives values only, or mitigation leaves no outcomes.
    """
    name, n_qubits = backend.target.name, program.n_qubits
    if not gives_samples(backend):
        raise CapabilityError(
            f"Samples were asked of {name}, which gives values only, or whose mitigation leaves no outcomes of shots. "
            "Take values, or a machine without mitigation."
        )
    if not len(slots_BS):
        return np.zeros((0, shots, n_qubits), np.uint8)
    measured = program.with_readout(z_each(range(n_qubits)))
    (counts,) = send(backend, measured, slots_BS, shots, derive(seed, "samples")).counts
    return np.stack([_shuffled(counts, row, generator(seed, "order", row)) for row in range(len(slots_BS))])


def _shuffled(counts: Counts, row: int, order: np.random.Generator) -> np.ndarray:
    """Bits `(shots, Q)` of one row, which counts have sorted, as if they had been read one after another."""
    own = counts.of_rows(row, row + 1)
    bits = np.repeat(own.bits_NM, own.times_N, axis=0)
    return bits[order.permutation(len(bits))]
