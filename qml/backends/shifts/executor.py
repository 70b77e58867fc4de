"""An Executor made of a Backend: derivatives by shifting rotation angles, which a real machine can run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from qml.backends.backend import Backend, Outcome
from qml.backends.check import check_call
from qml.backends.draws import checked_shots
from qml.backends.executor import Capabilities, Gradients, Values
from qml.backends.reference import ReferenceBackend
from qml.backends.shifts.bindings import Bindings, drawn_directions, send_weighted, shifted_bindings
from qml.backends.shifts.directions import RULES, directions
from qml.backends.shifts.sampling import gives_samples, sampled_bits
from qml.backends.shifts.sending import check_draws, check_machine, checked_plan, is_eager, send
from qml.backends.shifts.slopes import Slopes
from qml.base.bounds import check_whole
from qml.base.errors import CapabilityError, ShapeError
from qml.base.registry import unknown
from qml.base.seeds import derive
from qml.circuits.program import Program
from qml.circuits.slots import amplitude_tables, slots, slots_vjp


@dataclass(frozen=True)
class ShiftedExecutor:
    """Values and gradients of a Backend by shift rules.

        d value / d angle = (value(angle + pi/2) - value(angle - pi/2)) / 2

    Every step that turns is a Pauli rotation, so this two-term rule is exact, whatever gate the step came from; the
    chain rule takes it on to inputs and weights, shared by the rows or one set a row. `B` rows with `V` angles that
    depend on a slot are `B` bindings for the values and `2 B V` for the gradient. For an exact simulator the adjoint
    sweep of the engine is far cheaper.

    Two plans. "eager" sends values and all shifts as one job, since values do not decide what is shifted: one wait in
    a queue for each step, every binding with `shots` shots. It costs the shifts also where no gradient is asked for
    afterwards; evaluate under `torch.no_grad()`. "weighted" sends the values, and after them a second job whose shots
    go where the cotangent is large, and none where it is zero; as many for each binding sent, on average. Both are
    without bias. A machine with limits gets as many jobs as these ask for.

    `subset=k` draws `k` of the angles of each row at every gradient and scales them by `V / k`: without bias, `k / V`
    of the circuits, and more variance.

    Args:
        backend: what runs the circuits; the exact simulator for tests when left out.
        shots: a binding; None is exact where the backend can be.
        plan: "eager" or "weighted"; None is eager where the target is queued.
        rule: "two_term", "four_term" (the rotations of a gate together) or "general" (also those of several gates that
            share a weight), see `qml.backends.shifts.directions.directions`.
        subset: angles drawn for a row; None takes all.
        units: into which the shots of a binding are cut where a weighted plan distributes them.

    Raises:
        ConfigError: fewer than one shot, unit or angle, or a plan or rule that there is not.
        CapabilityError: the Program prepares amplitudes that depend on a slot (a machine sees only angles); shots or a
            subset without a seed; shots of a backend that has none; a gradient where the machine's values are an
            exponential fit, whose derivative no shift rule gives.

    References:
        Schuld, Bergholm, Gogolin, Izaac and Killoran, Phys. Rev. A 99, 032331 (2019). Wierichs, Izaac, Wang and Lin,
        Quantum 6, 677 (2022). Sweke et al., Quantum 4, 314 (2020), sampled angles.

    Example:
        >>> from qml.circuits import angle, sel
        >>> program = angle(2) + sel(2, depth=1)
        >>> executor = ShiftedExecutor(shots=100, plan="eager")
        >>> out = executor.forward(program, np.zeros((3, 2)), np.zeros(6), seed=1, keep=True)
        >>> gradients = executor.vjp(program, np.zeros((3, 2)), np.zeros(6), np.ones((3, 2)), residual=out.residual)
        >>> out.residual.slopes_BVK.shape, gradients.weights.shape
        ((3, 8, 2), (6,))
    """

    backend: Backend = field(default_factory=ReferenceBackend)
    shots: int | None = None
    plan: str | None = None
    rule: str = "two_term"
    subset: int | None = None
    units: int = 4

    def __post_init__(self):
        check_machine("ShiftedExecutor", self.backend)
        object.__setattr__(self, "shots", checked_plan("ShiftedExecutor", self.plan, self.shots))
        if self.rule not in RULES:
            raise unknown("rule", self.rule, [*RULES])
        subset = {} if self.subset is None else {"subset": self.subset}
        check_whole("ShiftedExecutor", 1, units=self.units, **subset)

    @property
    def capabilities(self) -> Capabilities:
        """Exact when nothing is drawn; the derivative of a derivative is that of the ideal circuit, or refused."""
        target = self.backend.target
        exact = self.shots is None and self.subset is None
        return Capabilities(
            f"shifted({target.name})",
            exact=exact,
            max_qubits=target.n_qubits,
            second_order=exact and target.ideal,
            samples=gives_samples(self.backend),
            spares_inputs=True,
            price=target.price,
            measured=target.measured,
        )

    @property
    def eager(self) -> bool:
        """Whether values and shifts go out as one job."""
        return is_eager(self.plan, self.backend)

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
        """Values of `B` rows, `(B, K)`, as one job; `variance_BK` where they are estimates.

        Args:
            program: what to run.
            inputs_BD: `(B, D)`.
            weights: `(P,)` or `(B, P)`.
            seed: of the shots and of the angles drawn.
            keep: with the eager plan, the job holds all shifts, and the residual is their `Slopes`.
            want_inputs: without it, angles that depend on inputs alone are not shifted.
        """
        if keep:
            self._check_linear()
        slots_BS = self._slots(program, inputs_BD, weights, seed)
        dtype = inputs_BD.dtype
        if keep and self.eager:
            outcome, kept = self._at_once(program, slots_BS, seed, want_inputs)
        else:
            outcome, kept = send(self.backend, program, slots_BS, self.shots, _drawn(seed, "values")), None
        variance = outcome.variance_RK
        return Values(outcome.values_RK.astype(dtype), None if variance is None else variance.astype(dtype), kept)

    def slopes(
        self,
        program: Program,
        inputs_BD: np.ndarray,
        weights: np.ndarray,
        *,
        seed: int | None = None,
        want_inputs: bool = True,
    ) -> Slopes:
        """Derivatives of every value by every angle with their variances, `(B, V, K)`: the job of an eager run."""
        return self._at_once(program, self._slots(program, inputs_BD, weights, seed), seed, want_inputs)[1]

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
        """Gradients from the residual of an eager run, or else from one job.

        Without the residual, an eager plan sends the very job that would have left it. Gradients come without a
        variance, since values of one row share their shots; `slopes` has those of its parts.

        Args:
            program: what to run.
            inputs_BD: `(B, D)`.
            weights: `(P,)` or `(B, P)`.
            cotangent_BK: `(B, K)`.
            seed: of the shots and of the angles drawn.
            residual: of the `forward` of the same program, inputs and weights.
            want_inputs: without it, the gradient of the inputs may be left at zero.
        """
        if cotangent_BK.shape != (len(inputs_BD), program.n_values):
            raise ShapeError(
                f"ShiftedExecutor.vjp got a cotangent of shape {cotangent_BK.shape}; values of these inputs are "
                f"{(len(inputs_BD), program.n_values)}."
            )
        cotangent = cotangent_BK.astype(np.float64)
        kept = residual if isinstance(residual, Slopes) and (residual.inputs or not want_inputs) else None
        if kept is not None and len(kept.slopes_BVK) == len(inputs_BD):
            check_call(self, program, inputs_BD, weights)
        elif self.eager:
            kept = self.slopes(program, inputs_BD, weights, seed=seed, want_inputs=want_inputs)
        else:
            kept = self._weighted(program, inputs_BD, weights, cotangent, seed, want_inputs)
        back = slots_vjp(program, *_float64(inputs_BD, weights), kept.by_slot(cotangent))
        return Gradients(*(one.astype(inputs_BD.dtype) for one in back))

    def sample(
        self, program: Program, inputs_BD: np.ndarray, weights: np.ndarray, shots: int, *, seed: int
    ) -> np.ndarray:
        """Bits of every qubit, `(B, shots, Q)` uint8, as one job; `shots` are those of this call.

        Raises:
            CapabilityError: the machine brings no raw outcomes, or mitigates them.
        """
        shots = checked_shots("ShiftedExecutor.sample", shots)
        check_draws("ShiftedExecutor", self.backend, shots, seed, True)
        return sampled_bits(self.backend, program, self._angles(program, inputs_BD, weights), shots, seed)

    def _at_once(
        self, program: Program, slots_BS: np.ndarray, seed: int | None, want_inputs: bool
    ) -> tuple[Outcome, Slopes]:
        """Values and slopes from one job, the same at every call: a store of jobs knows it again."""
        shifts, n_rows = self._bindings(program, slots_BS, seed, want_inputs), len(slots_BS)
        both_RS = np.concatenate([slots_BS, shifts.slots_RS])
        out = send(self.backend, program, both_RS, self.shots, _drawn(seed, "values and shifts"))
        first, behind = (_part(out, rows) for rows in (slice(n_rows), slice(n_rows, None)))
        return first, self._slopes(program, shifts.derivatives(behind), want_inputs)

    def _weighted(self, program, inputs_BD, weights, cotangent_BK, seed, want_inputs) -> Slopes:
        """Slopes with shots where the cotangent is large."""
        shifts = self._bindings(program, self._slots(program, inputs_BD, weights, seed), seed, want_inputs)
        weight_R = np.linalg.norm(cotangent_BK, axis=1)[shifts.row_R] * np.abs(shifts.factor_R)
        drawn = _drawn(seed, "shifts")
        sent, outcome = send_weighted(self.backend, program, shifts, weight_R, self.shots, self.units, drawn)
        return self._slopes(program, sent.derivatives(outcome), want_inputs)

    def _slots(self, program: Program, inputs_BD: np.ndarray, weights: np.ndarray, seed: int | None) -> np.ndarray:
        """All that is asked before anything runs, and the angles in float64."""
        check_draws("ShiftedExecutor", self.backend, self.shots, seed, self.subset is not None)
        return self._angles(program, inputs_BD, weights)

    def _angles(self, program: Program, inputs_BD: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """`(B, S)` radians, of a Program that a machine can be handed."""
        check_call(self, program, inputs_BD, weights)
        check_preparations("ShiftedExecutor", program)
        return slots(program, *_float64(inputs_BD, weights))

    def _check_linear(self) -> None:
        """Refuse a gradient of values that shift rules do not differentiate."""
        target = self.backend.target
        if not target.linear:
            raise CapabilityError(
                f"A gradient by shift rules was asked of {target.name!r}, whose values are an exponential fit of what "
                "it measures; shift rules hold for what is linear in that. Extrapolate by method=linear, quadratic or "
                "richardson, take `SpsaExecutor`, or evaluate only (`torch.no_grad()`)."
            )

    def _bindings(self, program: Program, slots_BS: np.ndarray, seed: int | None, want_inputs: bool) -> Bindings:
        self._check_linear()
        ways = directions(program, self.rule)
        able_V = ways.trained_V | want_inputs
        chosen_BV, scale = drawn_directions(able_V, len(slots_BS), self.subset, seed)
        return shifted_bindings(slots_BS, ways, chosen_BV, scale)

    def _slopes(self, program: Program, found: tuple[np.ndarray, np.ndarray | None], want_inputs: bool) -> Slopes:
        ways = directions(program, self.rule)
        return Slopes(*found, ways.leader_V, ways.along_VS.shape[1], want_inputs)


def check_preparations(who: str, program: Program) -> None:
    """Raise `CapabilityError` where prepared amplitudes depend on a slot: a machine is handed angles only."""
    if any(table.varies.any() for table in amplitude_tables(program)):
        raise CapabilityError(
            f"{who} was asked for a Program whose prepared amplitudes depend on inputs or weights; a machine is handed "
            "rotation angles only. Encode with rotations, such as `angle`, or use an exact simulator."
        )


def _part(outcome: Outcome, rows: slice) -> Outcome:
    """Values of some of the bindings."""
    variance = outcome.variance_RK
    return Outcome(outcome.values_RK[rows], None if variance is None else variance[rows])


def _float64(inputs_BD: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return inputs_BD.astype(np.float64), weights.astype(np.float64)


def _drawn(seed: int | None, purpose: str) -> int | None:
    return None if seed is None else derive(seed, purpose)
