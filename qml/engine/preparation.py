"""The state a run starts from when a Program prepares one: amplitudes from data, and the way back to the data."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from qml.base.errors import DataError
from qml.base.lazy import cached_property
from qml.circuits.angle import Slot
from qml.circuits.gate import Gate
from qml.engine.slot_map import Place, SlotMap
from qml.engine.sums import batch_sum


class Preparation:
    """The initial state of a Program with preparations on disjoint wires; all other wires are |0>.

    The amplitudes of an `Amplitudes` gate are real and divided by their norm; those of a `State` are constant.

    Args:
        gates: the preparations.
        n_qubits: wires of the Program.
        n_row: number of row slots.
        n_shared: number of shared slots.
        place: where each slot is.
    """

    def __init__(
        self, gates: tuple[Gate, ...], n_qubits: int, n_row: int, n_shared: int, place: Callable[[Slot], Place]
    ):
        self.n_amplitudes = 2**n_qubits
        self._support, self._parts = np.zeros(1, dtype=int), []
        for gate in gates:
            bits = [1 << n_qubits - 1 - wire for wire in gate.wires]
            local = _sums_of_bits(bits)
            previous = len(self._support)
            self._support = (self._support[:, None] + local).ravel()
            for part in self._parts:
                part.local = np.repeat(part.local, len(local))
            part_local = np.tile(np.arange(len(local)), previous)
            self._parts.append(_Part(gate, part_local, SlotMap(gate.angles, n_row, n_shared, place)))

    @cached_property
    def reads_rows(self) -> bool:
        """Whether the state differs by row; otherwise one row serves the whole batch."""
        return any(part.map.reads_rows for part in self._parts)

    @cached_property
    def reads_shared(self) -> bool:
        """Whether the state depends on a shared slot."""
        return any(part.map.reads_shared for part in self._parts)

    def amplitudes(self, row_BN: np.ndarray, shared_P: np.ndarray) -> np.ndarray:
        """The initial states, `(B or 1, A)` complex64 or complex128.

        Raises:
            DataError: amplitudes of a row are all zero, or not finite.
        """
        row_BN = self._rows(row_BN)
        complex_dtype = np.result_type(row_BN.dtype, np.complex64)
        first, *others = self._parts
        product = first.spread(first.state(row_BN, shared_P)[0])
        for part in others:
            product = product * part.spread(part.state(row_BN, shared_P)[0])
        if _in_order(self._support, self.n_amplitudes):
            return product.astype(complex_dtype)
        initial = np.zeros((len(row_BN), self.n_amplitudes), complex_dtype)
        initial[:, self._support] = product
        return initial

    def pull_back(
        self, row_BN: np.ndarray, shared_P: np.ndarray, grad_initial_BA: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Gradients of the row slots and the shared slots from `grad_initial_BA`.

        `d loss = sum_i Re(conj(grad_i) d amplitude_i)`. A gradient of `B` rows for a state that all rows share is
        summed over the rows in a fixed order.
        """
        grad_row, grad_shared = np.zeros_like(row_BN), np.zeros_like(shared_P)
        if len(row_BN) == 0:
            return grad_row, grad_shared
        rows = self._rows(row_BN)
        if len(grad_initial_BA) != len(rows):
            grad_initial_BA = batch_sum(grad_initial_BA)[None]
        whole = _in_order(self._support, self.n_amplitudes)
        pulled = grad_initial_BA if whole else np.take(grad_initial_BA, self._support, axis=1)
        states = [part.state(rows, shared_P) for part in self._parts]
        for number, part in enumerate(self._parts):
            if part.gate.name != "Amplitudes":
                continue
            slopes = pulled
            for other, (state, _) in zip(self._parts, states, strict=True):
                if other is not part:
                    slopes = slopes * other.spread(state).conj()
            row, shared = part.pull_back(rows, shared_P, np.real(slopes), *states[number])
            if self.reads_rows:
                grad_row += row
            grad_shared += shared
        return grad_row, grad_shared

    def tangents(self, row_BN: np.ndarray) -> np.ndarray:
        """Derivatives of the initial states by every row slot, `(B, N, A)` complex; nothing may be shared."""
        n_rows, n_slots = row_BN.shape
        result = np.zeros((n_rows, n_slots, self.n_amplitudes), np.result_type(row_BN.dtype, np.complex64))
        nothing = row_BN[0, :0] if n_rows else np.zeros(0, row_BN.dtype)
        spread = [part.spread(part.state(row_BN, nothing)[0]) for part in self._parts]
        for number, part in enumerate(self._parts):
            if part.map.reads_rows:
                change = np.take(part.tangents(row_BN), part.local, axis=2)
                for other, state in enumerate(spread):
                    change = change if other == number else change * state[:, None]
                result[:, :, self._support] += change
        return result

    def _rows(self, row_BN: np.ndarray) -> np.ndarray:
        """The row slots, or a single row of zeros where nothing reads them."""
        return row_BN if self.reads_rows else np.zeros((1, row_BN.shape[1]), row_BN.dtype)


class _Part:
    """One preparation: `local[j]` is the amplitude of its own that stands in place `j` of the support."""

    def __init__(self, gate: Gate, local: np.ndarray, slot_map: SlotMap):
        self.gate, self.local, self.map = gate, local, slot_map

    def spread(self, unit: np.ndarray) -> np.ndarray:
        """Its amplitudes in the places of the support, `(B or 1, support)`."""
        return unit if _in_order(self.local, unit.shape[1]) else np.take(unit, self.local, axis=1)

    def state(self, row_BN: np.ndarray, shared_P: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Unit amplitudes `(B or 1, 2**k)` of its wires, and the norms `(B, 1)` that they were divided by."""
        if self.gate.name == "State":
            constant = np.array(self.gate.matrix, dtype=np.result_type(row_BN.dtype, np.complex64))
            return constant, np.ones((1, 1), row_BN.dtype)
        values = self.map.values(row_BN, shared_P)
        largest = np.abs(values).max(axis=1, keepdims=True)
        bad = np.flatnonzero(~((largest > 0) & (largest < np.inf)))
        if len(bad):
            found = "all zero" if largest[bad[0], 0] == 0 else "not finite"
            raise DataError(
                f"Amplitudes on wires {self.gate.wires}: those of row {bad[0]} are {found} ({len(bad)} of "
                f"{len(values)} such rows). A state needs a finite norm above zero: drop such rows, or add a "
                f"constant feature."
            )
        scaled = values / largest  # neither very large nor very small numbers lose their norm
        norms = np.sqrt(np.sum(scaled * scaled, axis=1, keepdims=True))
        return scaled / norms, norms * largest

    def tangents(self, row_BN: np.ndarray) -> np.ndarray:
        """Derivatives of its unit amplitudes by every row slot, `(B, N, 2**k)`."""
        slopes = self.map.slopes(row_BN)
        unit, norms = self.state(row_BN, row_BN[0, :0])
        along = np.einsum("bm,bmn->bn", unit, slopes)
        return np.swapaxes(slopes - unit[:, :, None] * along[:, None], 1, 2) / norms[:, :, None]

    def pull_back(self, row_BN, shared_P, slopes_BJ, unit, norms) -> tuple[np.ndarray, np.ndarray]:
        """Gradients of row and shared slots from slopes `(B, support)` in the unit amplitudes."""
        slopes = slopes_BJ
        if not _in_order(self.local, unit.shape[1]):
            order = np.argsort(self.local, kind="stable")
            slopes = np.take(slopes_BJ, order, axis=1).reshape(len(slopes_BJ), unit.shape[1], -1).sum(axis=2)
        along = np.sum(unit * slopes, axis=1, keepdims=True)
        return self.map.pull_back(row_BN, shared_P, (slopes - unit * along) / norms)


def _in_order(index: np.ndarray, size: int) -> bool:
    """Whether `index` is 0, 1, ..., size - 1."""
    return len(index) == size and bool((index[1:] > index[:-1]).all())


def _sums_of_bits(bits: list[int]) -> np.ndarray:
    """The index that each combination of `bits` gives, the first bit most significant in the combination."""
    result = np.zeros(1, dtype=int)
    for bit in bits:
        result = (result[:, None] + np.array([0, bit])).ravel()
    return result
