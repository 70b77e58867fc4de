"""From inputs and weights to the angle of every rotation, and back: all that a machine needs to know of a row."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from qml.base.errors import ShapeError
from qml.circuits.angle import Angle, Slot
from qml.circuits.gate import Rotation
from qml.circuits.program import Program
from qml.circuits.steps import preparations, steps


@dataclass(frozen=True)
class AngleTable:
    """Angles as sums of products of columns, padded to one shape, so that any array package can evaluate them.

        angle_s = constant_s + sum_t coefficient_st * prod_f columns[..., factor_stf]

    Column 0 is the number one, then come the `D` inputs and the `P` weights of a row.

    Args:
        constant: `(S,)` radians.
        coefficient: `(S, T)`; 0 where an angle has fewer terms.
        factor: `(S, T, F)` integers; 0 where a term has fewer factors.
    """

    constant: np.ndarray
    coefficient: np.ndarray
    factor: np.ndarray

    @classmethod
    def of(cls, angles: tuple[Angle, ...], n_inputs: int) -> AngleTable:
        """The table of `angles` of a Program with `n_inputs` input slots."""
        n_terms = max((len(angle.terms) for angle in angles), default=0)
        n_factors = max((len(term.slots) for angle in angles for term in angle.terms), default=0)
        coefficient = np.zeros((len(angles), n_terms))
        factor = np.zeros((len(angles), n_terms, n_factors), np.int64)
        for s, angle in enumerate(angles):
            for t, term in enumerate(angle.terms):
                coefficient[s, t] = term.coefficient
                factor[s, t, : len(term.slots)] = [_column(slot, n_inputs) for slot in term.slots]
        return cls(np.array([angle.constant for angle in angles]), coefficient, factor)

    @property
    def varies(self) -> np.ndarray:
        """`(S,)` booleans: whether the angle depends on any slot."""
        return (self.coefficient != 0).any(axis=1)

    def evaluate(self, columns: Any, constant: Any, coefficient: Any) -> Any:
        """Angles `(..., S)` of `columns` `(..., 1 + D + P)`.

        Works on arrays of any package; `constant` and `coefficient` are the table's own, as arrays of that package.
        """
        terms = coefficient
        for f in range(self.factor.shape[2]):
            terms = terms * columns[..., self.factor[:, :, f]]
        if not self.factor.shape[2]:
            terms = terms + 0 * columns[..., :1, None]
        return constant + terms.sum(-1)

    def pull_back(self, columns: np.ndarray, cotangent: np.ndarray) -> np.ndarray:
        """Gradient `(B, 1 + D + P)` of `sum(angles * cotangent)` with respect to `columns`."""
        gradient = np.zeros_like(columns)
        rows = np.arange(len(columns))[:, None, None]
        n_factors = self.factor.shape[2]
        for f in range(n_factors):
            partial = cotangent[:, :, None] * self.coefficient.astype(columns.dtype)
            for other in range(n_factors):
                if other != f:
                    partial = partial * columns[:, self.factor[:, :, other]]
            np.add.at(gradient, (rows, self.factor[None, :, :, f]), partial)
        return gradient


def _column(slot: Slot, n_inputs: int) -> int:
    return 1 + slot.index + (n_inputs if slot.kind == "weight" else 0)


@lru_cache(maxsize=256)
def angle_table(program: Program) -> AngleTable:
    """The table of the `S` rotations of `steps(program)`, in their order."""
    angles = tuple(step.angle for step in steps(program) if isinstance(step, Rotation))
    return AngleTable.of(angles, program.n_inputs)


@lru_cache(maxsize=256)
def amplitude_tables(program: Program) -> tuple[AngleTable, ...]:
    """One table a preparation, in order: the amplitudes of `Amplitudes`; no rows for the constant `State`."""
    return tuple(AngleTable.of(gate.angles, program.n_inputs) for gate in preparations(program))


def columns_of(program: Program, inputs_BD: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """`(B, 1 + D + P)`: the number one, the inputs and the weights of each row.

    Raises:
        ShapeError: the inputs are not `(B, D)`, or the weights are neither `(P,)` nor one set a row.
    """
    n_inputs, n_weights, n_rows = program.n_inputs, program.n_weights, len(inputs_BD)
    fits = inputs_BD.shape == (n_rows, n_inputs) and weights.shape in ((n_weights,), (n_rows, n_weights))
    if not fits:
        raise ShapeError(
            f"Got inputs of shape {inputs_BD.shape} and weights of shape {weights.shape}. This Program needs inputs "
            f"(B, {n_inputs}), and weights (P,) = ({n_weights},) shared by the rows or (B, P), one set a row."
        )
    size = len(inputs_BD)
    shared = np.broadcast_to(weights, (size, weights.shape[-1]))
    return np.concatenate([np.ones((size, 1), inputs_BD.dtype), inputs_BD, shared], axis=1)


def slots(program: Program, inputs_BD: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Angles of all rotations of `steps(program)`, row by row.

    Args:
        program: the circuit.
        inputs_BD: `(B, D)` data.
        weights: `(P,)` shared by the rows, or `(B, P)`.

    Returns:
        `(B, S)` radians, in the dtype of the inputs; constant angles included.

    Raises:
        ShapeError: inputs or weights do not fit.

    Example:
        >>> import numpy as np
        >>> from qml.circuits import Gate, Program, input_slot, weight_slot
        >>> turn = Gate("RX", (0,), (2 * input_slot(0) * weight_slot(0) + 1.0,))
        >>> slots(Program(1, (turn,), n_inputs=1, n_weights=1), np.array([[3.0]]), np.array([0.5]))
        array([[4.]])
    """
    table = angle_table(program)
    columns = columns_of(program, inputs_BD, weights)
    return table.evaluate(columns, table.constant.astype(columns.dtype), table.coefficient.astype(columns.dtype))


def slots_vjp(
    program: Program, inputs_BD: np.ndarray, weights: np.ndarray, cotangent_BS: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Gradients of `sum(slots * cotangent_BS)` with respect to inputs `(B, D)` and weights, in their shapes.

    Raises:
        ShapeError: inputs or weights do not fit.
    """
    gradient = angle_table(program).pull_back(columns_of(program, inputs_BD, weights), cotangent_BS)
    return split_columns(gradient, inputs_BD.shape[1], shared=weights.ndim == 1)


def split_columns(gradient: np.ndarray, n_inputs: int, shared: bool) -> tuple[np.ndarray, np.ndarray]:
    """The parts of a gradient of `columns_of`: `(B, D)`, and `(P,)` summed over rows if `shared`, else `(B, P)`."""
    of_weights = gradient[:, 1 + n_inputs :]
    return np.ascontiguousarray(gradient[:, 1 : 1 + n_inputs]), of_weights.sum(0) if shared else of_weights.copy()
