"""A noise model in Aer's terms: the same channel behind each gate, by Kraus matrices in Qiskit's order of qubits."""

from __future__ import annotations

from typing import Any

import numpy as np

from qml.backends.noise.channel import Channel
from qml.backends.noise.model import GateNoise, NoiseModel
from qml.base.extras import require
from qml.circuits.gates import GATES

require("qiskit", extra="qiskit", purpose="Noise in Aer")
require("qiskit_aer", extra="qiskit", purpose="Noise in Aer")
from qiskit.circuit.library import get_standard_gate_name_mapping
from qiskit.quantum_info import Kraus
from qiskit_aer import noise as aer

from qml.circuits.bridges.qiskit_gates import ROW_OF


def aer_noise(noise: NoiseModel) -> aer.NoiseModel:
    """`noise` for circuits that `qml.circuits.bridges.qiskit_to` makes, or of the target's own gates.

    An entry for all gates stands behind every gate of Qiskit on as many qubits. Where a row of the gate table is
    several gates of Qiskit, each of them has noise.
    """
    names = _names()
    made: Any = aer.NoiseModel(basis_gates=sorted({name for found in names.values() for name in found}))
    for n_wires in sorted({entry.channel.n_wires for entry in noise.gates}):
        mine = [entry for entry in noise.gates if entry.channel.n_wires == n_wires]
        rows = [row for row in names if GATES[row].n_wires == n_wires]
        for wires in sorted({entry.wires for entry in mine}, key=lambda wires: (wires is not None, wires or ())):
            for row in rows:
                channel = noise._found(row, wires, n_wires)
                if channel is not None and _decides(mine, row, wires):
                    turned: Any = [_turned(matrix) for matrix in channel.kraus()]
                    error = aer.QuantumError(Kraus(turned))
                    if wires is None:
                        made.add_all_qubit_quantum_error(error, names[row], warnings=False)
                    else:
                        made.add_quantum_error(error, names[row], list(wires), warnings=False)
    for entry in noise.readout:
        error = aer.ReadoutError(entry.confusion.T)
        if entry.wire is None:
            made.add_all_qubit_readout_error(error)
        else:
            made.add_readout_error(error, [entry.wire], warnings=False)
    return made


def _decides(entries: list[GateNoise], row: str, wires: tuple[int, ...] | None) -> bool:
    """Whether an entry speaks of this gate on these wires; the general ones are Aer's default already."""
    if any(entry.wires == wires and entry.gate == row for entry in entries):
        return True
    general = any(entry.gate == row and entry.wires is None for entry in entries)
    return not general and any(entry.wires == wires and entry.gate is None for entry in entries)


def _names() -> dict[str, list[str]]:
    """Names in Qiskit of each row of the gate table that is a gate there."""
    names: dict[str, list[str]] = {}
    for name, gate in get_standard_gate_name_mapping().items():
        row = ROW_OF.get(getattr(gate, "base_class", None))  # pyright: ignore[reportArgumentType]
        if row is not None:
            names.setdefault(row, []).append(name)
    return names


def _turned(matrix: np.ndarray) -> np.ndarray:
    """A matrix `(2**n, 2**n)` whose first wire is most significant, with that wire least significant, and back."""
    n_wires = len(matrix).bit_length() - 1
    back = list(reversed(range(n_wires)))
    axes = [*back, *(n_wires + axis for axis in back)]
    return matrix.reshape([2] * 2 * n_wires).transpose(axes).reshape(matrix.shape)


def channel_of_aer(error: aer.QuantumError) -> Channel:
    """The channel of one of Aer's errors, first wire of the gate first: how other models are compared with ours."""
    superoperator: Any = error.to_quantumchannel()
    return Channel.of_kraus([_turned(np.asarray(matrix)) for matrix in Kraus(superoperator).data])
