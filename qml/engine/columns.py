"""What a run is handed beside its Plan: shared values, row values and initial amplitudes, and the way back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from qml.base.errors import ShapeError
from qml.base.lazy import cached_property
from qml.circuits.angle import Angle, Slot
from qml.circuits.program import Program
from qml.circuits.steps import preparations
from qml.engine.preparation import Preparation
from qml.engine.slot_map import Place, SlotMap


class ColumnValues(NamedTuple):
    """What the turns of a Plan read: row values `(B, M)` and shared values `(S,)`."""

    rows_BM: np.ndarray
    shared_S: np.ndarray


class SlotGradients(NamedTuple):
    """Gradients in the shapes of the inputs `(B, D)` and of the weights, `(P,)` or `(B, P)`."""

    inputs_BD: np.ndarray
    weights: np.ndarray


class Columns:
    """Derives the columns of a Plan from inputs and weights, and pulls gradients back to them.

    With shared weights an angle of weights alone is a shared value, and any other angle a row value. With
    `row_weights` every angle is a row value, and there are no shared values. All arrays of a call are of one
    dtype, float32 or float64, which is kept; no array is copied where the rows are just the inputs and the shared
    values just the weights. All sums over rows have a fixed, pairwise order.

    Convention for initial amplitudes: a run returns `grad_initial_BA`, complex, such that
    `d loss = sum_i Re(conj(grad_initial_i) d amplitude_i)`. It has one row for each row that
    `initial_amplitudes` returned; a single row that serves the whole batch collects the sum over the batch (and
    `pull_back` takes one row for each row of the batch as well, and sums them).

    Args:
        program: whose slots and preparations these are.
        shared: the shared values as sums of products of slots.
        rows: the row values.
        row_weights: whether weights are `(B, P)`.

    Example:
        >>> from qml.circuits.angle import input_slot, weight_slot
        >>> program = Program(1, n_inputs=1, n_weights=1)
        >>> columns = Columns(program, [weight_slot(0)], [input_slot(0) * input_slot(0)], row_weights=False)
        >>> inputs_BD, weights_P = np.array([[3.0], [4.0]]), np.array([0.5])
        >>> columns.values(inputs_BD, weights_P).rows_BM.ravel()
        array([ 9., 16.])
        >>> columns.pull_back(inputs_BD, weights_P, np.ones((2, 1)), np.ones(1)).inputs_BD.ravel()
        array([6., 8.])
    """

    def __init__(self, program: Program, shared: Sequence[Angle], rows: Sequence[Angle], row_weights: bool):
        self.program, self.shared_angles, self.row_angles = program, tuple(shared), tuple(rows)
        self.n_inputs, self.n_weights, self.row_weights = program.n_inputs, program.n_weights, row_weights
        n_row = self.n_inputs + (self.n_weights if row_weights else 0)
        n_shared = 0 if row_weights else self.n_weights
        self._rows = SlotMap(rows, n_row, n_shared, self._place)
        self._shared = SlotMap(shared, n_shared, 0, lambda slot: Place(False, slot.index))
        gates = preparations(program)
        self._preparation = Preparation(gates, program.n_qubits, n_row, n_shared, self._place) if gates else None

    @property
    def n_rows(self) -> int:
        """Row columns `M`."""
        return self._rows.n_columns

    @property
    def n_shared(self) -> int:
        """Shared columns `S`."""
        return self._shared.n_columns

    @property
    def rows_are_slots(self) -> bool:
        """Whether the row values are just the row slots: the inputs, then the weights where rows bring their own."""
        return self._rows.is_identity

    @property
    def shared_are_slots(self) -> bool:
        """Whether the shared values are just the shared weights."""
        return self._shared.is_identity

    @property
    def initial(self) -> bool:
        """Whether a run starts from `initial_amplitudes`."""
        return self._preparation is not None

    @property
    def initial_differs(self) -> bool:
        """Whether the initial amplitudes differ by row; otherwise a single row serves the whole batch."""
        return self._preparation is not None and self._preparation.reads_rows

    def values(self, inputs_BD: np.ndarray, weights: np.ndarray) -> ColumnValues:
        """The columns of each row.

        Args:
            inputs_BD: `(B, D)`; `B` may be 0, and `D` too.
            weights: `(P,)`, or `(B, P)` when compiled for weights of each row.

        Returns:
            `rows_BM` and `shared_S` in the dtype of the inputs.

        Raises:
            ShapeError: a shape or dtype does not fit.
        """
        row_BN, shared_P = self._slots(inputs_BD, weights)
        return ColumnValues(self._rows.values(row_BN, shared_P), self._shared_values(shared_P))

    def pull_back(
        self,
        inputs_BD: np.ndarray,
        weights: np.ndarray,
        grad_rows_BM: np.ndarray,
        grad_shared_S: np.ndarray,
        grad_initial_BA: np.ndarray | None = None,
        *,
        want_inputs: bool = True,
    ) -> SlotGradients:
        """Gradients of inputs and weights from those of the columns, and of the initial amplitudes where given.

        Args:
            inputs_BD: as handed to `values`.
            weights: as handed to `values`.
            grad_rows_BM: `(B, M)`.
            grad_shared_S: `(S,)`.
            grad_initial_BA: complex, `(B or 1, A)`, in the convention of this class; None for none.
            want_inputs: whether the gradient of the inputs is asked for; else it may be left at zero.

        Returns:
            Gradients in the shapes and dtype of inputs and weights; zero for unused slots. They may be the very
            arrays that were handed in.
        """
        row_BN, shared_P = self._slots(inputs_BD, weights)
        if not (want_inputs or self.row_weights or self._mixes):
            return SlotGradients(np.zeros_like(row_BN), self._shared_pulled(shared_P, grad_shared_S))
        grad_row, grad_shared = self._rows.pull_back(row_BN, shared_P, grad_rows_BM)
        if not self.row_weights:
            direct = self._shared_pulled(shared_P, grad_shared_S)
            grad_shared = grad_shared + direct if self._rows.reads_shared else direct
        if grad_initial_BA is not None and self._preparation is not None:
            more_row, more_shared = self._preparation.pull_back(row_BN, shared_P, grad_initial_BA)
            grad_row, grad_shared = grad_row + more_row, grad_shared + more_shared
        if self.row_weights:
            parts = grad_row[:, : self.n_inputs], grad_row[:, self.n_inputs :]
            return SlotGradients(*map(np.ascontiguousarray, parts))
        return SlotGradients(grad_row, grad_shared)

    def initial_amplitudes(self, inputs_BD: np.ndarray, weights: np.ndarray) -> np.ndarray | None:
        """The states that the rows start from, `(B or 1, 2**n_qubits)` complex64 or complex128, or None.

        One row serves the whole batch where the state depends on no row. None when the Program prepares nothing.

        Raises:
            DataError: the amplitudes of a row are all zero or not finite; the message names the row.
        """
        if self._preparation is None:
            return None
        return self._preparation.amplitudes(*self._slots(inputs_BD, weights))

    def slopes(self, inputs_BD: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Derivatives of the row values by every input and then every weight, `(B, M, N)`; needs weights `(B, P)`."""
        return self._rows.slopes(self._slots(inputs_BD, weights)[0])

    def initial_tangents(self, inputs_BD: np.ndarray, weights: np.ndarray) -> np.ndarray | None:
        """Derivatives of the initial amplitudes by every slot, `(B, N, A)` complex; needs weights `(B, P)`.

        None where no amplitude depends on a slot.
        """
        if self._preparation is None or not self._preparation.reads_rows:
            return None
        return self._preparation.tangents(self._slots(inputs_BD, weights)[0])

    def _place(self, slot: Slot) -> Place:
        if slot.kind == "input":
            return Place(False, slot.index)
        return Place(False, self.n_inputs + slot.index) if self.row_weights else Place(True, slot.index)

    def _slots(self, inputs_BD: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Row slots `(B, N)` and shared slots `(P,)`, none of them copied unless both stand in one row."""
        shape = (len(inputs_BD), self.n_weights) if self.row_weights else (self.n_weights,)
        if inputs_BD.ndim != 2 or inputs_BD.shape[1] != self.n_inputs or weights.shape != shape:
            raise ShapeError(
                f"Got inputs of shape {inputs_BD.shape} and weights of shape {weights.shape}; this Program needs "
                f"inputs (B, {self.n_inputs}) and weights {shape}."
            )
        if inputs_BD.dtype != weights.dtype or inputs_BD.dtype not in (np.float32, np.float64):
            raise ShapeError(
                f"Got inputs of dtype {inputs_BD.dtype} and weights of dtype {weights.dtype}; both must be float32, "
                f"or both float64."
            )
        if not self.row_weights:
            return inputs_BD, weights
        if not self.n_inputs or not self.n_weights:
            return (weights if self.n_weights else inputs_BD), np.zeros(0, inputs_BD.dtype)
        return np.concatenate([inputs_BD, weights], axis=1), np.zeros(0, inputs_BD.dtype)

    @cached_property
    def _mixes(self) -> bool:
        """Whether a number of a row depends on a shared slot as well."""
        return self._rows.reads_shared or (self._preparation is not None and self._preparation.reads_shared)

    def _shared_pulled(self, shared_P: np.ndarray, grad_shared_S: np.ndarray) -> np.ndarray:
        """Gradient of the shared slots from that of the shared values."""
        return self._shared.pull_back(shared_P[None], shared_P[:0], grad_shared_S[None])[0][0]

    def _shared_values(self, shared_P: np.ndarray) -> np.ndarray:
        return self._shared.values(shared_P[None], shared_P[:0])[0] if not self.row_weights else shared_P[:0]
