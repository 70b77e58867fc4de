"""Training with finite shots, simulated: values and shift-rule gradients from outcomes drawn from exact states."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from qml.backends.draws import checked_shots
from qml.backends.executor import Capabilities, Executor, Gradients, Values
from qml.backends.shifts import ShiftedExecutor
from qml.backends.simulated import SimulatedBackend
from qml.circuits.program import Program


@dataclass(frozen=True)
class SampledExecutor:
    """What training on a machine without noise would see: `shots` outcomes of each setting and binding.

    Values are means over outcomes drawn from the multinomial distribution of the exact state, and gradients those of
    `ShiftedExecutor`, drawn too: `B (1 + 2 V)` bindings a step for `V` angles. `SurrogateExecutor` has values of
    equal means and covariances at the price of the exact run.

    Args:
        executor: the exact simulator, by name or itself.
        shots: of each binding and setting.
        plan: as for `ShiftedExecutor`.
        rule: as for `ShiftedExecutor`.
        subset: as for `ShiftedExecutor`.
        units: as for `ShiftedExecutor`.

    Raises:
        ConfigError: fewer than one shot, or what `ShiftedExecutor` and `SimulatedBackend` refuse.
        CapabilityError: no seed.

    Example:
        >>> from qml.circuits import angle, sel
        >>> out = SampledExecutor("reference", shots=100).forward(angle(2), np.ones((1, 2)), np.zeros(0), seed=1)
        >>> bool(np.all(np.abs(out.values_BK - np.cos(1)) < 6 * np.sqrt(out.variance_BK)))
        True
    """

    executor: str | Executor = "engine_cpu"
    shots: int = 1024
    plan: str | None = None
    rule: str = "two_term"
    subset: int | None = None
    units: int = 4

    def __post_init__(self):
        object.__setattr__(self, "shots", checked_shots("SampledExecutor", self.shots))
        _ = self.shifted  # what it refuses, it refuses now

    @property
    def shifted(self) -> ShiftedExecutor:
        """The shift rule that does the work."""
        backend = SimulatedBackend(self.executor)
        return ShiftedExecutor(backend, self.shots, self.plan, self.rule, self.subset, self.units)

    @property
    def capabilities(self) -> Capabilities:
        """Those of the shift rule over shots."""
        made = self.shifted
        inner = made.backend.target.name.removeprefix("simulated")
        return replace(made.capabilities, name=f"sampled{inner}")

    def forward(
        self,
        program: Program,
        inputs_BD: np.ndarray,
        weights: np.ndarray,
        *,
        seed: int | None = None,
        keep: bool = False,
        want_inputs: bool = True,
    ) -> Values:
        """Values `(B, K)` with their variances; arguments as for `ShiftedExecutor.forward`."""
        return self.shifted.forward(program, inputs_BD, weights, seed=seed, keep=keep, want_inputs=want_inputs)

    def vjp(
        self,
        program: Program,
        inputs_BD: np.ndarray,
        weights: np.ndarray,
        cotangent_BK: np.ndarray,
        *,
        seed: int | None = None,
        residual: Any = None,
        want_inputs: bool = True,
    ) -> Gradients:
        """Gradients from drawn outcomes; arguments as for `ShiftedExecutor.vjp`."""
        kept = {"seed": seed, "residual": residual, "want_inputs": want_inputs}
        return self.shifted.vjp(program, inputs_BD, weights, cotangent_BK, **kept)

    def sample(
        self, program: Program, inputs_BD: np.ndarray, weights: np.ndarray, shots: int, *, seed: int
    ) -> np.ndarray:
        """Bits of every qubit, `(B, shots, Q)` uint8, where `capabilities.samples` says so."""
        return self.shifted.sample(program, inputs_BD, weights, shots, seed=seed)
