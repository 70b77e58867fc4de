"""The seam between circuits and everything that runs and differentiates them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from qml.circuits.program import Program


@dataclass(frozen=True)
class Capabilities:
    """What an Executor can do; asking for more is a `CapabilityError` before anything runs.

    `second_order` says that values are exact functions of inputs and weights, so that the traced form may
    serve as the derivative of the derivative. `max_error` bounds what an exact (not sampled) Executor may leave out of
    a value, and of its derivative by an angle.
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
    measured: bool = True
    max_error: float = 0.0


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
