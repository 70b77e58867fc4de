"""The seam between circuits and everything that runs and differentiates them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from qml.circuits.program import Program


@dataclass(frozen=True)
class Capabilities:
    """What an Executor can do; asking for more is a `CapabilityError` before anything runs.

    `spares_inputs` says that `vjp`, and `forward` with `keep=True`, take `want_inputs=False`: then the gradient of the
    inputs may be left at zero, where that spares circuits. `second_order` says that values are exact functions of
    inputs and weights, so that the traced form may serve as the derivative of the derivative. `max_error` bounds what
    an exact (not sampled) Executor may leave out of a value, and of its derivative by an angle. `memory` is the bytes
    that `max_qubits` follows from, where it does: one float32 state must fit. `price` is what a run is paid by, empty
    where it costs nothing, and `measured` says whether it ever ran where this toolkit is tested. `larger` names, with
    their sizes, what may take its place where it has too few qubits; None where it has not the size of a device.
    """

    name: str
    exact: bool
    max_qubits: int
    readouts: tuple[str, ...] = ("Expectations", "Probabilities")
    device: str = "cpu"
    dtypes: tuple[str, ...] = ("float32", "float64")
    row_weights: bool = True
    second_order: bool = True
    states: bool = False
    samples: bool = False
    tangents: bool = False
    measured: bool = True
    price: str = ""
    max_error: float = 0.0
    spares_inputs: bool = False
    memory: int | None = None
    larger: tuple[tuple[str, int], ...] | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Values:
    """What a run returns: `values_BK`, their variance where they are estimates, and what `vjp` may reuse."""

    values_BK: np.ndarray
    variance_BK: np.ndarray | None = None
    residual: Any = None


@dataclass(frozen=True)
class Gradients:
    """Vector-Jacobian products in the shapes of the inputs `(B, D)` and the weights `(P,)` or `(B, P)`."""

    inputs_BD: np.ndarray
    weights: np.ndarray


@dataclass(frozen=True)
class Tangents:
    """States and their derivatives by every input and weight, in factors.

        d state / d slot_n = sum_c slopes_BCN[:, c, n] along_BCA[:, c],        slots: the inputs, then the weights

    `C` counts the distinct numbers that turn something; products and sums of slots enter by their slopes alone, so
    that a quadratic form of the derivatives is a small one between slopes.

    Args:
        states_BA: complex, as `states` returns them.
        along_BCA: complex, unnormalised.
        slopes_BCN: real, `N = D + P`.
    """

    states_BA: np.ndarray
    along_BCA: np.ndarray
    slopes_BCN: np.ndarray

    def by_slot(self) -> np.ndarray:
        """`d state / d slot`, `(B, N, A)` complex."""
        return np.swapaxes(self.slopes_BCN, 1, 2).astype(self.along_BCA.dtype) @ self.along_BCA


class Executor(Protocol):
    """Runs Programs and differentiates them.

    All arrays of one call share one dtype, float32 or float64, and are C-contiguous NumPy arrays on the
    host (or the device that `capabilities.device` names). `weights` is `(P,)`, shared by the rows, or
    `(B, P)`, one set a row. An empty batch is legal. Executors are picklable and keep no state that a
    result depends on.
    """

    @property
    def capabilities(self) -> Capabilities:
        """What this Executor can do."""
        ...

    def forward(
        self,
        program: Program,
        inputs_BD: np.ndarray,
        weights: np.ndarray,
        *,
        seed: int | None = None,
        keep: bool = False,
    ) -> Values:
        """Values of `B` rows; `keep=True` may leave a residual that makes the following `vjp` cheaper."""
        ...

    def vjp(
        self,
        program: Program,
        inputs_BD: np.ndarray,
        weights: np.ndarray,
        cotangent_BK: np.ndarray,
        *,
        seed: int | None = None,
        residual: Any = None,
    ) -> Gradients:
        """Gradients of `sum(values_BK * cotangent_BK)` with respect to inputs and weights."""
        ...


class StateExecutor(Executor, Protocol):
    """An Executor whose `capabilities.states` is true: it gives the states themselves."""

    def states(self, program: Program, inputs_BD: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """States behind the last gate, `(B, A)` with `A = 2**n_qubits`; qubit 0 most significant.

        complex64 for float32 inputs, complex128 for float64. The global phase is the one that the matrices of the
        gate table define. The readout plays no part.
        """
        ...


class TangentExecutor(StateExecutor, Protocol):
    """An Executor whose `capabilities.tangents` is true: it differentiates the states themselves, all at once."""

    def tangents(self, program: Program, inputs_BD: np.ndarray, weights: np.ndarray) -> Tangents:
        """States and their derivatives by every slot, global phase included; arguments as for `states`."""
        ...


class SamplingExecutor(Executor, Protocol):
    """An Executor whose `capabilities.samples` is true: it measures every qubit in the computational basis."""

    def sample(
        self, program: Program, inputs_BD: np.ndarray, weights: np.ndarray, shots: int, *, seed: int
    ) -> np.ndarray:
        """Bits of every qubit, `(B, S, Q)` uint8; those of row `b` depend on its state, the seed and `b` alone."""
        ...
