"""What the rows of one call read and write; rows are independent of one another, whoever runs them."""

from __future__ import annotations

import numpy as np

from qml.engine.finite import check_shared
from qml.engine.plan import Plan
from qml.engine.turn_angles import Reader
from qml.engine.wide import layout as L
from qml.engine.wide.angles import Angles
from qml.engine.wide.pack import Packed
from qml.engine.wide.product import Prefix, Product


class Sides:
    """What of a plan the interpreter itself works with, made once: how angles are read, and the prefix.

    Args:
        plan: any plan.
        packed: the same plan in tables.
    """

    def __init__(self, plan: Plan, packed: Packed):
        self.plan, self.packed = plan, packed
        self.reader = Reader(plan.turns, plan.n_rows, plan.n_shared)
        self.prefix = Prefix(packed.plan)


class Rows:
    """One call: the numbers of every row, and what comes back; a row whose angles are not finite keeps its NaN.

    Args:
        sides: of the plan.
        rows_BM: row values.
        shared_S: shared values.
        initial: `(B or 1, A)` amplitudes, or None.
        cotangent_BW: derivative of the loss by each value; None runs forward only.

    Raises:
        DataError: a shared value is NaN or infinite.
    """

    def __init__(self, sides: Sides, rows_BM, shared_S, initial=None, cotangent_BW=None):
        self._sides, self._initial = sides, initial
        packed, plan, batch = sides.packed, sides.plan, len(rows_BM)
        check_shared(shared_S)
        self.gradient = cotangent_BW is not None
        self.angles = Angles(sides.reader.half_angles(rows_BM, shared_S), packed.factors, packed.real)
        self.product = None if plan.initial else Product(sides.prefix, self.angles.half_BT, packed.low_bits)
        self.words_BW = np.full((batch, plan.n_words), np.nan)
        self.cotangent_BW = np.zeros((batch, 0))
        if cotangent_BW is not None:
            self.cotangent_BW = np.ascontiguousarray(cotangent_BW, np.float64)
            self.slopes_BT = np.full((batch, len(plan.turns)), np.nan)
            self.low_bras = np.zeros((batch, 1 << packed.low_bits), complex)
            self.high_bras = np.zeros((batch, 1 << packed.plan.n_qubits - packed.low_bits), complex)
            if initial is not None:
                self.states_BA = np.full((batch, 1 << plan.n_qubits), np.nan, initial.dtype)
        arrays = {
            L.FRAME_TANGENTS: self.angles.tangents_BT,
            L.FRAME_FACTORS: self.angles.factors_BF,
            L.FRAME_PHASES: self.angles.phases_BT,
            L.FRAME_COTANGENT: self.cotangent_BW,
        }
        self._arrays = {place: (array.ctypes.data, array.strides[0]) for place, array in arrays.items()}

    def __len__(self) -> int:
        return len(self.words_BW)

    def addresses(self, row: int) -> dict[int, int]:
        """Where compiled code finds the numbers of a row; they stay there as long as this object lives."""
        return {place: first + row * stride for place, (first, stride) in self._arrays.items()}

    def initial_of(self, row: int) -> np.ndarray | None:
        """The amplitudes that a row starts from, None for the product state."""
        return None if self._initial is None else self._initial[row if len(self._initial) > 1 else 0]

    def gradients(self) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
        """Gradients of row values, shared values and initial amplitudes, once all rows are done."""
        prefix, real = self._sides.prefix, self._sides.packed.real
        if self.product is not None and prefix.n_turns:
            slopes = self.product.slopes(self.low_bras, self.high_bras) if prefix.differs else 0.0
            self.slopes_BT[:, : prefix.n_turns] = np.where(self.angles.finite_B[:, None], slopes, np.nan)
        by_rows, by_shared = self._sides.reader.pull_back(self.slopes_BT)
        states = None
        if self._initial is not None:
            one = len(self._initial) == 1 and len(self) != 1
            states = self.states_BA.sum(axis=0, keepdims=True, dtype=np.complex128) if one else self.states_BA
            states = states.astype(self._initial.dtype, copy=False)
        return by_rows.astype(real), by_shared.astype(real), states
