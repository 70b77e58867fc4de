"""A transpiled Program as OpenQASM texts, one a measurement setting, and the numbers that its inputs take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from qml.backends.counts import Counts
from qml.backends.measuring import Setting, basis_gates, settings_of
from qml.circuits.angle import Angle, input_slot
from qml.circuits.bridges.braket_to import line_of, matrix_text, slot_names, to_braket_qasm
from qml.circuits.gate import Gate
from qml.circuits.gates import PREPARATIONS
from qml.circuits.program import Program
from qml.circuits.slots import AngleTable

if TYPE_CHECKING:
    from qml.backends.noise.model import NoiseModel


@dataclass(frozen=True, eq=False)
class Texts:
    """What is handed to Braket.

    Args:
        sources: one text a measurement setting.
        settings: in their order.
        names: of the inputs, in the order of the columns of `values`.
        angles: of the inputs, from the slots of the Program.
    """

    sources: tuple[str, ...]
    settings: tuple[Setting, ...]
    names: tuple[str, ...]
    angles: AngleTable

    def values(self, slots_RS: np.ndarray) -> np.ndarray:
        """`(R, N)` numbers of the inputs, from the slots `(R, S)` of the Program."""
        columns = np.concatenate([np.ones((len(slots_RS), 1)), np.asarray(slots_RS, float)], axis=1)
        return self.angles.evaluate(columns, self.angles.constant, self.angles.coefficient)


@lru_cache(maxsize=256)
def texts_of(
    native: Program,
    *,
    exact: bool,
    wires: tuple[int, ...] | None = None,
    noise: NoiseModel | None = None,
    whole: bool = False,
) -> Texts:
    """The texts of a Program whose inputs are its slots; each is made once.

    Args:
        native: gates that Braket runs, without weights.
        exact: ask for probabilities; else measure.
        wires: what its wires are called on the machine of which `noise` speaks.
        noise: channels behind the gates, and readout errors.
        whole: measure all qubits.
    """
    wires = tuple(range(native.n_qubits)) if wires is None else wires
    separate, table = _separated(native)
    settings = settings_of(native.readout)
    head, lines = _circuit(separate, wires, noise)
    sources = tuple(
        "\n".join([*head, *lines, *_basis(setting), *_ending(setting, wires, noise, exact, whole), ""])
        for setting in settings
    )
    return Texts(sources, settings, tuple(slot_names(separate).values()), table)


def _separated(native: Program) -> tuple[Program, AngleTable]:
    """Each angle that varies reads an input of its own."""
    angles: list[Angle] = []
    gates = []
    for gate in native.gates:
        mine = []
        for angle in gate.angles:
            if angle.terms and gate.name not in PREPARATIONS:
                angles.append(angle)
                angle = input_slot(len(angles) - 1)
            mine.append(angle)
        gates.append(replace(gate, angles=tuple(mine)))
    separate = Program(native.n_qubits, tuple(gates), native.readout, len(angles))
    return separate, AngleTable.of(tuple(angles), native.n_inputs)


def _circuit(program: Program, wires: tuple[int, ...], noise: NoiseModel | None) -> tuple[list[str], list[str]]:
    """Declarations, and statements of the gates."""
    head = to_braket_qasm(replace(program, gates=())).splitlines()
    definitions = [line for line in to_braket_qasm(program).splitlines() if line.startswith("gate ")]
    head[-1:] = [*definitions, head[-1]]
    names = slot_names(program)
    touched = {wire for gate in program.gates for wire in gate.wires}
    lines = [f"i q[{wire}];" for wire in range(program.n_qubits) if wire not in touched]
    for gate in program.gates:
        lines.append(line_of(gate, names))
        if noise is not None and gate.name not in PREPARATIONS:
            lines += _noisy(gate, wires, noise)
    return head, lines


def _noisy(gate: Gate, wires: tuple[int, ...], noise: NoiseModel) -> list[str]:
    """The channel that follows a gate."""
    channel = noise.channel_of(replace(gate, wires=tuple(wires[wire] for wire in gate.wires)))
    if channel is None or channel.is_identity:
        return []
    return [_kraus(channel.kraus(), gate.wires)]


def _kraus(matrices: Sequence[np.ndarray], wires: Sequence[int]) -> str:
    at = [f"q[{wire}]" for wire in wires]
    return f"#pragma braket noise kraus({', '.join(matrix_text(m.tolist()) for m in matrices)}) {', '.join(at)}"


def _basis(setting: Setting) -> list[str]:
    return [line_of(gate, {}) for gate in basis_gates(setting)]


def _ending(setting: Setting, wires: tuple[int, ...], noise: NoiseModel | None, exact: bool, whole: bool) -> list[str]:
    """Readout errors, and how the qubits are read."""
    lines = []
    for wire in setting.wires:
        error = None if noise is None else noise.readout_of(wires[wire])
        if error is not None and (error.one_given_zero or error.zero_given_one):
            lines.append(_kraus(_misread(error.confusion), [wire]))
    if exact:
        return [*lines, f"#pragma braket result probability {', '.join(f'q[{wire}]' for wire in setting.wires)}"]
    read = range(len(wires)) if whole else setting.wires
    lines.append(f"bit[{len(read)}] b;")
    return [*lines, *(f"b[{place}] = measure q[{wire}];" for place, wire in enumerate(read))]


def _misread(confusion: np.ndarray) -> list[np.ndarray]:
    """A bit that is read wrong, as a channel in front of its measurement."""
    found = []
    for read, was in np.ndindex(2, 2):
        if confusion[read, was]:
            matrix = np.zeros((2, 2), complex)
            matrix[read, was] = np.sqrt(confusion[read, was])
            found.append(matrix)
    return found


def counts_of_bits(bits_RSM: np.ndarray, qubits: np.ndarray, setting: Setting) -> Counts:
    """Outcomes `(R, S, M)` of measured `qubits` in the order of the setting."""
    order = qubits.tolist()
    return Counts.of_samples(bits_RSM[:, :, [order.index(wire) for wire in setting.wires]])


def counts_of_shares(shares_RO: np.ndarray, n_bits: int) -> Counts:
    """Probabilities `(R, 2**n_bits)` as weights of all outcomes, the first bit most significant."""
    rows, outcomes = np.nonzero(shares_RO > 0)
    bits = (outcomes[:, None] >> np.arange(n_bits)[::-1]) & 1
    return Counts(len(shares_RO), rows, bits.astype(np.uint8), shares_RO[rows, outcomes])
