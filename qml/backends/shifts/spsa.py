"""Gradients from two runs a row, however many angles: simultaneous perturbation of everything at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from qml.backends.backend import Backend, Outcome
from qml.backends.check import check_call
from qml.backends.executor import Capabilities, Gradients, Values
from qml.backends.reference import ReferenceBackend
from qml.backends.shifts.bindings import Bindings, send_weighted
from qml.backends.shifts.executor import check_preparations
from qml.backends.shifts.sending import check_draws, check_machine, checked_plan, is_eager, send
from qml.base.bounds import check_number, check_whole
from qml.base.errors import ShapeError
from qml.base.seeds import derive, generator
from qml.circuits.program import Program
from qml.circuits.slots import angle_table, columns_of, split_columns


@dataclass(frozen=True, eq=False)
class Differences:
    """What an eager run keeps: signs of each repeat, and the difference quotients along them.

    Args:
        signs_BMN: -1, 0 or 1 for each of the `N` inputs and weights, `M` repeats.
        slopes_BMK: `(value(+) - value(-)) / (2 step)`.
        inputs: whether inputs were moved.
    """

    signs_BMN: np.ndarray
    slopes_BMK: np.ndarray
    inputs: bool


@dataclass(frozen=True)
class SpsaExecutor:
    """Values of a Backend, and gradients by simultaneous perturbation of inputs and weights `z` with random signs `d`.

        gradient_n = mean over repeats of d_n (value(z + step d) - value(z - step d)) / (2 step)

    Each row draws signs of its own, so that the gradient of shared weights, a sum over rows, averages over the batch.
    `2 repeats` circuits a row for any number of angles, with a variance that grows with their number: take it where a
    step must be cheap, and `ShiftedExecutor(subset=...)` where shots are what counts. The mean over draws is the
    gradient up to terms of `step^2`; the shots' part of the variance grows as `1 / step^2`.

    Args:
        backend: what runs the circuits; the exact simulator for tests when left out.
        shots: a binding; None is exact where the backend can be. The gradient is an estimate in both cases.
        repeats: pairs of runs a row, `M`.
        step: by which inputs and weights move, in their units.
        plan: "eager" (values and pairs in one job), "weighted" (pairs in a second job, shots by the weight of the
            cotangent); None is eager where the target is queued.
        units: into which the shots of a binding are cut where a weighted plan distributes them.

    Raises:
        ConfigError: a number below its range, or no such plan.
        CapabilityError: no seed, or the Program prepares amplitudes that depend on a slot.

    References:
        Spall, IEEE Trans. Autom. Control 37, 332 (1992); here each row of a batch has signs of its own.

    Example:
        >>> from qml.circuits import angle, sel
        >>> program, executor = angle(2) + sel(2, depth=1), SpsaExecutor(repeats=3)
        >>> executor.vjp(program, np.zeros((4, 2)), np.zeros(6), np.ones((4, 2)), seed=1).weights.shape
        (6,)
    """

    backend: Backend = field(default_factory=ReferenceBackend)
    shots: int | None = None
    repeats: int = 1
    step: float = 0.1
    plan: str | None = None
    units: int = 4

    def __post_init__(self):
        check_machine("SpsaExecutor", self.backend)
        object.__setattr__(self, "shots", checked_plan("SpsaExecutor", self.plan, self.shots))
        check_whole("SpsaExecutor", 1, repeats=self.repeats, units=self.units)
        check_number("SpsaExecutor", above=0, step=self.step)

    @property
    def capabilities(self) -> Capabilities:
        """Gradients are estimates, and so nothing here is exact."""
        target = self.backend.target
        return Capabilities(
            f"spsa({target.name})",
            exact=False,
            max_qubits=target.n_qubits,
            second_order=False,
            spares_inputs=True,
            price=target.price,
            measured=target.measured,
        )

    @property
    def eager(self) -> bool:
        """Whether values and pairs go out as one job."""
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
        """Values of `B` rows, `(B, K)`, and their variance; arguments as for `ShiftedExecutor.forward`."""
        columns_BN = self._columns(program, inputs_BD, weights)
        check_draws("SpsaExecutor", self.backend, self.shots, seed, True)
        if keep and self.eager:
            out, kept = self._at_once(program, columns_BN, seed, want_inputs)
        else:
            slots_BS = _angles(program, columns_BN)
            out, kept = send(self.backend, program, slots_BS, self.shots, derive(seed or 0, "values")), None
        values_BK = out.values_RK[: len(columns_BN)]
        variance = np.zeros_like(values_BK) if out.variance_RK is None else out.variance_RK[: len(columns_BN)]
        return Values(values_BK.astype(inputs_BD.dtype), variance.astype(inputs_BD.dtype), kept)

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
        """Gradients from the residual of an eager run, or else from one job of `2 repeats` bindings a row.

        Gradients come without a variance. Arguments as for `ShiftedExecutor.vjp`.
        """
        n_rows = len(inputs_BD)
        if cotangent_BK.shape != (n_rows, program.n_values):
            raise ShapeError(
                f"SpsaExecutor.vjp got a cotangent of shape {cotangent_BK.shape}; values of these inputs are "
                f"{(n_rows, program.n_values)}."
            )
        columns_BN = self._columns(program, inputs_BD, weights)
        cotangent = cotangent_BK.astype(np.float64)
        kept = residual if isinstance(residual, Differences) and (residual.inputs or not want_inputs) else None
        if kept is None or len(kept.signs_BMN) != n_rows:
            check_draws("SpsaExecutor", self.backend, self.shots, seed, True)
            if self.eager:
                kept = self._at_once(program, columns_BN, seed, want_inputs)[1]
            else:
                kept = self._weighted(program, columns_BN, cotangent, seed, want_inputs)
        by_columns = np.einsum("bmn,bmk,bk->bn", kept.signs_BMN, kept.slopes_BMK, cotangent) / self.repeats
        found = np.concatenate([np.zeros((n_rows, 1)), by_columns], axis=1)
        back = split_columns(found, program.n_inputs, shared=weights.ndim == 1)
        return Gradients(*(one.astype(inputs_BD.dtype) for one in back))

    def _columns(self, program: Program, inputs_BD: np.ndarray, weights: np.ndarray) -> np.ndarray:
        check_call(self, program, inputs_BD, weights)
        check_preparations("SpsaExecutor", program)
        return columns_of(program, inputs_BD.astype(np.float64), weights.astype(np.float64))

    def _at_once(
        self, program: Program, columns_BN: np.ndarray, seed: int | None, want_inputs: bool
    ) -> tuple[Outcome, Differences]:
        """Values and difference quotients from one job, the same at every call."""
        signs_BMN, n_rows = self._signs(program, len(columns_BN), seed, want_inputs), len(columns_BN)
        pairs = self._pairs(program, columns_BN, signs_BMN)
        both_RS = np.concatenate([_angles(program, columns_BN), pairs.slots_RS])
        out = send(self.backend, program, both_RS, self.shots, derive(seed or 0, "values and pairs"))
        slopes_BMK = pairs.derivatives(Outcome(out.values_RK[n_rows:]))[0]
        return out, Differences(signs_BMN, slopes_BMK, want_inputs)

    def _weighted(
        self, program: Program, columns_BN: np.ndarray, cotangent_BK: np.ndarray, seed: int | None, want_inputs: bool
    ) -> Differences:
        """Difference quotients with shots where the cotangent is large."""
        signs_BMN = self._signs(program, len(columns_BN), seed, want_inputs)
        pairs = self._pairs(program, columns_BN, signs_BMN)
        weight_R = np.linalg.norm(cotangent_BK, axis=1)[pairs.row_R]
        drawn = derive(seed or 0, "pairs")
        sent, out = send_weighted(self.backend, program, pairs, weight_R, self.shots, self.units, drawn)
        return Differences(signs_BMN, sent.derivatives(out)[0], want_inputs)

    def _signs(self, program: Program, n_rows: int, seed: int | None, want_inputs: bool) -> np.ndarray:
        """Random signs `(B, M, N)`; zero for what no angle depends on, and for inputs that need no gradient."""
        table = angle_table(program)
        read_N = np.zeros(1 + program.n_inputs + program.n_weights)
        read_N[table.factor[table.coefficient != 0].ravel()] = 1
        if not want_inputs:
            read_N[: 1 + program.n_inputs] = 0
        shape = (n_rows, self.repeats, program.n_inputs + program.n_weights)
        return (2.0 * generator(seed or 0, "signs").integers(0, 2, shape) - 1) * read_N[1:]

    def _pairs(self, program: Program, columns_BN: np.ndarray, signs_BMN: np.ndarray) -> Bindings:
        """Both runs of each repeat of each row; a repeat is a direction."""
        n_rows, repeats, _ = signs_BMN.shape
        moves = np.zeros((n_rows, repeats, columns_BN.shape[1]))
        moves[:, :, 1:] = self.step * signs_BMN
        both = np.stack([columns_BN[:, None] + moves, columns_BN[:, None] - moves], axis=2)
        slots_RS = _angles(program, both.reshape(-1, both.shape[-1]))
        row, repeat, side = (axis.ravel() for axis in np.indices((n_rows, repeats, 2)))
        return Bindings(slots_RS, row, repeat, (1 - 2 * side) / (2 * self.step), n_rows, repeats)


def _angles(program: Program, columns_RN: np.ndarray) -> np.ndarray:
    table = angle_table(program)
    return table.evaluate(columns_RN, table.constant, table.coefficient)
