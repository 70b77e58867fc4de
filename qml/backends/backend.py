"""The seam to machines that only run circuits: no gradient, bindings of rotation angles in, outcomes out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np


@dataclass(frozen=True)
class Target:
    """What a machine offers; part of the content key of every job."""

    name: str
    n_qubits: int
    gate_set: tuple[str, ...] = ()
    coupling: tuple[tuple[int, int], ...] | None = None


@dataclass(frozen=True)
class Outcome:
    """What a run brought back: `values_RK`, with `variance_RK` where they are estimates from shots."""

    values_RK: np.ndarray
    variance_RK: np.ndarray | None = None


class Backend(Protocol):
    """Runs `R` bindings of a Program's `S` rotation angles as one job; it never sees inputs or weights."""

    @property
    def target(self) -> Target:
        """The machine."""
        ...

    def run(self, program, slots_RS: np.ndarray, *, shots: int | None, seed: int | None) -> Outcome:
        """Values of `R` rows of rotation angles, in radians; `shots=None` is exact where the machine can be."""
        ...
