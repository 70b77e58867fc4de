"""Qiskit circuits as Programs, made once for each circuit and set of observables."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from qml.base.extras import require
from qml.circuits.bridges.qiskit_from import from_qiskit
from qml.circuits.bridges.qiskit_observables import pauli_sum_from_qiskit
from qml.circuits.program import Program
from qml.circuits.readout import Expectations, PauliSum

require("qiskit", extra="qiskit", purpose="Primitives for Qiskit")
from qiskit import QuantumCircuit
from qiskit.quantum_info import SparseObservable

CIRCUITS_KEPT = 64
READOUTS_KEPT = 64
OBSERVABLES_KEPT = 4096

Observables = tuple[PauliSum, ...]


@dataclass
class KnownCircuit:
    """A circuit as it was when it was read; its parameters, in Qiskit's order, are the inputs of the Program.

    Args:
        circuit: a copy, to be compared with: circuits can be changed in place.
        program: its gates.
    """

    circuit: QuantumCircuit
    program: Program
    _read: OrderedDict[Observables, Program] = field(default_factory=OrderedDict, repr=False)

    def is_(self, circuit: QuantumCircuit) -> bool:
        """Whether `circuit` has the same gates, parameters and numbers."""
        mine = self.circuit
        return (
            len(mine.data) == len(circuit.data)
            and mine.num_qubits == circuit.num_qubits
            and mine.data == circuit.data
            and mine.parameters == circuit.parameters
        )

    def reading(self, observables: Observables) -> Program:
        """The Program with `observables` as its readout, on the wires that gates or observables act on."""
        program = self._read.get(observables)
        if program is None:
            program = _on_used_wires(self.program, observables)
            _keep(self._read, observables, program, READOUTS_KEPT)
        return program


@dataclass
class KnownCircuits:
    """The circuits, and the observables, that were met lately."""

    _circuits: OrderedDict[int, KnownCircuit] = field(default_factory=OrderedDict, repr=False)
    _observables: OrderedDict[tuple, PauliSum] = field(default_factory=OrderedDict, repr=False)

    def circuit(self, circuit: QuantumCircuit) -> KnownCircuit:
        """The entry of `circuit`, found by identity or by equal gates, or made.

        Raises:
            ProgramError: as `qml.circuits.bridges.qiskit.from_qiskit`.
        """
        found = self._circuits.get(id(circuit))
        if found is None or not found.is_(circuit):
            found = next((known for known in self._circuits.values() if known.is_(circuit)), None)
        if found is None:
            found = KnownCircuit(circuit.copy(), from_qiskit(circuit, circuit.parameters))
        _keep(self._circuits, id(circuit), found, CIRCUITS_KEPT)
        return found

    def observables(self, observables: Iterable[SparseObservable]) -> Observables:
        """Each observable as a Pauli sum, in order.

        Raises:
            ProgramError: one without a Hermitian Pauli form.
        """
        return tuple(map(self._observable, observables))

    def _observable(self, observable: SparseObservable) -> PauliSum:
        parts = (observable.coeffs, observable.bit_terms, observable.indices, observable.boundaries)
        key = (observable.num_qubits, *(np.asarray(part).tobytes() for part in parts))
        found = self._observables.get(key)
        if found is None:
            found = pauli_sum_from_qiskit(observable, observable.num_qubits)
            _keep(self._observables, key, found, OBSERVABLES_KEPT)
        return found


def _keep(table: OrderedDict, key: Any, value: Any, most: int) -> None:
    """Enter `value` as the latest; the oldest goes when there are more than `most`."""
    table[key] = value
    table.move_to_end(key)
    if len(table) > most:
        table.popitem(last=False)


def _on_used_wires(program: Program, observables: Observables) -> Program:
    """Without idle wires: a circuit that was transpiled to a large machine leaves most of it alone."""
    used = {wire for gate in program.gates for wire in gate.wires}
    used |= {wire for observable in observables for wire in observable.wires}
    readout = Expectations(observables)
    if len(used) == program.n_qubits or not used:
        return program.with_readout(readout)
    place = {wire: number for number, wire in enumerate(sorted(used))}
    gates = tuple(replace(gate, wires=tuple(place[wire] for wire in gate.wires)) for gate in program.gates)
    moved = tuple(
        PauliSum(tuple((c, tuple((place[wire], letter) for wire, letter in word)) for c, word in observable.terms))
        for observable in observables
    )
    return replace(program, n_qubits=len(used), gates=gates, readout=Expectations(moved))


def unique(values: Iterable[Any]) -> tuple[tuple, np.ndarray]:
    """The distinct `values` in the order of their first use, and the place of each value among them."""
    places: dict[Any, int] = {}
    where = np.array([places.setdefault(value, len(places)) for value in values], dtype=np.intp)
    return tuple(places), where
