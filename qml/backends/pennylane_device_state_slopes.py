"""Derivatives of the state of a tape: for what PennyLane makes of the state, and differentiates in the framework."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from qml.backends.executor import Gradients
from qml.backends.pennylane_device_states import turned_by_phases
from qml.backends.pennylane_device_tapes import TapeProgram
from qml.base.errors import CapabilityError
from qml.base.extras import require

require("pennylane", extra="pennylane", purpose="The PennyLane device")
from pennylane.measurements import StateMP
from pennylane.tape import QuantumScript

BLOCK_BYTES = 64 << 20
"""Bytes of tangents that are held at once; rows go in blocks of as many, at least one."""


def measures_the_state(tape: QuantumScript, compiled: TapeProgram) -> bool:
    """Whether a tape returns exactly the state of all its wires, which is what is differentiated here."""
    if tape.shots or len(tape.measurements) != 1 or type(tape.measurements[0]) is not StateMP:
        return False
    wires = tuple(tape.measurements[0].wires)
    return not wires or wires == compiled.wires


class StateSlopes:
    """Derivatives of the states of some rows by their slots and by the global phases of their tapes.

    Args:
        executor: one that gives tangents.
        compiled: the circuit of all rows.
        tapes: one with a batch, or a tape a row.
        inputs_BD: `(B, D)`.
        weights: `(P,)` or `(B, P)`.

    Raises:
        CapabilityError: the executor gives no tangents.
    """

    def __init__(
        self,
        executor: Any,
        compiled: TapeProgram,
        tapes: Sequence[QuantumScript],
        inputs_BD: np.ndarray,
        weights: np.ndarray,
    ):
        if not executor.capabilities.tangents:
            raise CapabilityError(
                f"Device 'qml.engine' was asked for derivatives of a state, or of a measurement that is made of it; "
                f"the executor {executor.capabilities.name!r} gives no tangents of states. Choose one that does, "
                f"such as 'engine_cpu'."
            )
        self.executor, self.compiled = executor, compiled
        self.inputs_BD, self.weights = inputs_BD, weights
        turned = [turned_by_phases(tape, compiled, inputs_BD.dtype) for tape in tapes]
        self.turned_B = np.broadcast_to(np.concatenate(turned), len(inputs_BD))
        self.phases = [number for number, p in enumerate(compiled.parameters) if p.kind == "phase"]

    def pulled_back(self, cotangent_BA: np.ndarray) -> tuple[Gradients, dict[int, np.ndarray]]:
        """Gradients of `Re sum(state * cotangent)`: of all slots, and for each global phase one number a row.

        Args:
            cotangent_BA: complex; a derivative by a state, not by its conjugate.
        """
        by_slot_BN = np.empty((len(self.inputs_BD), self.compiled.program.n_inputs + self.weights.shape[-1]))
        by_phase_B = np.empty(len(self.inputs_BD))
        for rows in self._blocks():
            tangents = self._tangents(rows)
            along_BC = np.einsum("bca,ba->bc", tangents.along_BCA, cotangent_BA[rows] * self.turned_B[rows, None])
            by_slot_BN[rows] = np.einsum("bc,bcn->bn", along_BC.real, tangents.slopes_BCN)
            pulled_B = (cotangent_BA[rows] * self.turned_B[rows, None] * tangents.states_BA).sum(1)
            by_phase_B[rows] = pulled_B.imag  # Re(-i z)
            self._add_lengths(rows, by_slot_BN[rows, :, None], pulled_B.real[:, None])
        return self._gradients(by_slot_BN, shared=True), dict.fromkeys(self.phases, by_phase_B)

    def forward(self) -> tuple[Gradients, dict[int, np.ndarray]]:
        """Derivatives of every amplitude, `B x A` rows of `pulled_back`'s results; complex."""
        n_rows, n_amplitudes = len(self.inputs_BD), 1 << self.compiled.program.n_qubits
        n_slots = self.compiled.program.n_inputs + self.weights.shape[-1]
        dtype = np.result_type(self.inputs_BD.dtype, np.complex64)
        by_slot_BNA = np.empty((n_rows, n_slots, n_amplitudes), dtype)
        by_phase_BA = np.empty((n_rows, n_amplitudes), dtype)
        for rows in self._blocks():
            tangents = self._tangents(rows)
            turned_B1 = self.turned_B[rows, None]
            by_slot_BNA[rows] = tangents.by_slot() * turned_B1[..., None]
            by_phase_BA[rows] = -1j * tangents.states_BA * turned_B1
            self._add_lengths(rows, by_slot_BNA[rows], tangents.states_BA * turned_B1)
        by_row = np.swapaxes(by_slot_BNA, 1, 2).reshape(n_rows * n_amplitudes, n_slots)
        return self._gradients(by_row, shared=False), dict.fromkeys(self.phases, by_phase_BA.reshape(-1))

    def _blocks(self) -> Iterator[slice]:
        """Rows whose tangents are held at once."""
        n_slots = 1 + self.compiled.program.n_inputs + self.weights.shape[-1]
        row_bytes = n_slots * 2 * self.inputs_BD.itemsize << self.compiled.program.n_qubits
        step = max(1, BLOCK_BYTES // row_bytes)
        for start in range(0, len(self.inputs_BD), step):
            yield slice(start, min(start + step, len(self.inputs_BD)))

    def _tangents(self, rows: slice) -> Any:
        weights = self.weights if self.weights.ndim == 1 else self.weights[rows]
        return self.executor.tangents(self.compiled.program, self.inputs_BD[rows], weights)

    def _add_lengths(self, rows: slice, by_slot_BNO: np.ndarray, states_BO: np.ndarray) -> None:
        """Prepared amplitudes are taken as they are: a Program divides by their length, PennyLane does not."""
        for parameter in self.compiled.prepares:
            mine = slice(parameter.start, parameter.start + parameter.size)
            of_input = parameter.kind == "input"
            values = (
                self.inputs_BD[rows] if of_input else self.weights if self.weights.ndim == 1 else self.weights[rows]
            )
            first = 0 if of_input else self.compiled.program.n_inputs
            by_slot_BNO[:, first + mine.start : first + mine.stop] += values[..., mine, None] * states_BO[:, None]

    def _gradients(self, by_slot_RN: np.ndarray, shared: bool) -> Gradients:
        """Inputs and weights apart; with `shared`, those of weights that all rows share are sums."""
        inputs, weights = np.split(by_slot_RN, [self.compiled.program.n_inputs], axis=1)
        return Gradients(inputs, weights.sum(0) if shared and self.weights.ndim == 1 else weights)
