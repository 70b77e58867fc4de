"""An Executor made of a Backend: derivatives by shifting each rotation angle, which a real machine can run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from qml.backends.backend import Backend
from qml.backends.check import check_call
from qml.backends.executor import Capabilities, Gradients, Values
from qml.backends.reference import ReferenceBackend
from qml.base.errors import CapabilityError, ConfigError
from qml.base.seeds import derive
from qml.circuits.program import Program
from qml.circuits.slots import amplitude_tables, angle_table, slots, slots_vjp


@dataclass(frozen=True)
class ShiftedExecutor:
    """Values and gradients of a Backend by the two-term shift rule.

        d value / d angle = (value(angle + pi/2) - value(angle - pi/2)) / 2

    Every step that turns is a Pauli rotation, so the rule is exact, whatever gate it came from; the chain rule takes
    it on to inputs and weights. A gradient of `B` rows runs `2 B S` bindings, with `S` rotations that depend on a
    slot, as one job: for a simulator the adjoint sweep of the engine is far cheaper.

    Args:
        backend: what runs the circuits; the exact simulator for tests when left out.
        shots: a binding; None is exact where the backend can be.

    Raises:
        ConfigError: fewer than one shot.
        CapabilityError: the Program prepares amplitudes that depend on a slot; a machine sees only angles.
    """

    backend: Backend = field(default_factory=ReferenceBackend)
    shots: int | None = None

    def __post_init__(self):
        if self.shots is not None and self.shots < 1:
            raise ConfigError(f"ShiftedExecutor needs shots >= 1, or None for exact values; got {self.shots}.")

    @property
    def capabilities(self) -> Capabilities:
        """Exact when there are no shots; the derivative of a derivative estimated from shots is refused."""
        target = self.backend.target
        return Capabilities(
            f"shifted({target.name})",
            exact=self.shots is None,
            max_qubits=target.n_qubits,
            second_order=self.shots is None,
        )

    def forward(
        self,
        program: Program,
        inputs_BD: np.ndarray,
        weights: np.ndarray,
        *,
        seed: int | None = None,
        keep: bool = False,
    ) -> Values:
        """Values of `B` rows, `(B, K)`, as one job; `variance_BK` where they are estimates."""
        check_call(self, program, inputs_BD, weights)
        _check_preparations(program)
        slots_BS = slots(program, inputs_BD, weights)
        outcome = self.backend.run(program, slots_BS, shots=self.shots, seed=_drawn(seed, "values"))
        variance = None if outcome.variance_RK is None else outcome.variance_RK.astype(inputs_BD.dtype)
        return Values(outcome.values_RK.astype(inputs_BD.dtype), variance)

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
        """Gradients from one job of all shifted bindings."""
        check_call(self, program, inputs_BD, weights)
        _check_preparations(program)
        slots_BS = slots(program, inputs_BD, weights)
        varying = np.flatnonzero(angle_table(program).varies)
        by_slot = np.zeros_like(slots_BS)
        if varying.size and len(slots_BS):
            bindings = _shifted(slots_BS, varying)
            outcome = self.backend.run(program, bindings, shots=self.shots, seed=_drawn(seed, "shifts"))
            values = outcome.values_RK.reshape(2, varying.size, len(slots_BS), -1)
            by_slot[:, varying] = np.einsum("sbk,bk->bs", (values[0] - values[1]) / 2, cotangent_BK)
        return Gradients(*slots_vjp(program, inputs_BD, weights, by_slot))


def _shifted(slots_BS: np.ndarray, varying: np.ndarray) -> np.ndarray:
    """All bindings of one gradient, `(2 * len(varying) * B, S)`: upward shifts first."""
    bindings = np.broadcast_to(slots_BS, (2, varying.size, *slots_BS.shape)).copy()
    for place, column in enumerate(varying):
        bindings[0, place, :, column] += np.pi / 2
        bindings[1, place, :, column] -= np.pi / 2
    return bindings.reshape(-1, slots_BS.shape[1])


def _drawn(seed: int | None, purpose: str) -> int | None:
    return None if seed is None else derive(seed, purpose)


def _check_preparations(program: Program) -> None:
    if any(table.varies.any() for table in amplitude_tables(program)):
        raise CapabilityError(
            "ShiftedExecutor was asked for a Program whose prepared amplitudes depend on inputs or weights; a machine "
            "is handed rotation angles only. Encode with rotations, such as `angle`, or use an exact simulator."
        )
