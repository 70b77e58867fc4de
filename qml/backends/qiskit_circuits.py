"""Qiskit circuits as Programs, made once for each circuit and set of observables."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from qml.base.extras import require
from qml.circuits.bridges.qiskit_from import from_qiskit
from qml.circuits.bridges.qiskit_observables import pauli_sum_from_qiskit
from qml.circuits.program import Program
from qml.circuits.readout import Expectations, PauliSum

require("qiskit", extra="qiskit", purpose="Primitives for Qiskit")
from qiskit import QuantumCircuit
from qiskit.quantum_info import SparseObservable, SparsePauliOp

CIRCUITS_KEPT = 64
READOUTS_KEPT = 64
OBSERVABLES_KEPT = 4096

Observables = tuple[PauliSum, ...]


class Compact(NamedTuple):
    """A Program without the idle wires of its circuit; wire n of `program` is qubit `qubits[n]`."""

    program: Program
    qubits: tuple[int, ...]


@dataclass
class KnownCircuit:
    """A circuit as it was when it was read; its parameters, in Qiskit's order, are the inputs of the Program.

    Args:
        circuit: a copy, to be compared with: circuits can be changed in place.
        program: its gates.
    """

    circuit: QuantumCircuit
    program: Program
    _read: OrderedDict[Observables, Compact] = field(default_factory=OrderedDict, repr=False)

    def is_(self, circuit: QuantumCircuit) -> bool:
        """Whether `circuit` has the same gates, parameters and numbers."""
        mine = self.circuit
        return (
            len(mine.data) == len(circuit.data)
            and mine.num_qubits == circuit.num_qubits
            and mine.data == circuit.data
            and mine.parameters == circuit.parameters
        )

    def reading(self, observables: Observables) -> Compact:
        """The Program with `observables` as its readout, on the wires that gates or observables act on."""
        compact = self._read.get(observables)
        if compact is None:
            compact = _on_used_wires(self.program, observables)
            _keep(self._read, observables, compact, READOUTS_KEPT)
        return compact


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

    def observables(self, observables: Iterable[Any], n_qubits: int) -> Observables:
        """Each observable of `n_qubits` qubits as a Pauli sum, in order.

        Raises:
            ProgramError: one without a Hermitian Pauli form, or on another number of qubits.
        """
        return tuple(self._observable(observable, n_qubits) for observable in observables)

    def _observable(self, observable: Any, n_qubits: int) -> PauliSum:
        if isinstance(observable, SparsePauliOp):
            parts = (observable.coeffs, observable.paulis.x, observable.paulis.z, observable.paulis.phase)
        elif isinstance(observable, SparseObservable):
            parts = (observable.coeffs, observable.bit_terms, observable.indices, observable.boundaries)
        else:
            return pauli_sum_from_qiskit(observable, n_qubits)
        numbers = (np.asarray(part).tobytes() for part in parts)
        key = (type(observable), observable.num_qubits, n_qubits, *numbers)
        found = self._observables.get(key)
        if found is None:
            found = pauli_sum_from_qiskit(observable, n_qubits)
            _keep(self._observables, key, found, OBSERVABLES_KEPT)
        return found


def _keep(table: OrderedDict, key: Any, value: Any, most: int) -> None:
    """Enter `value` as the latest; the oldest goes when there are more than `most`."""
    table[key] = value
    table.move_to_end(key)
    if len(table) > most:
        table.popitem(last=False)


def _on_used_wires(program: Program, observables: Observables) -> Compact:
    """Without idle wires: a circuit that was transpiled to a large machine leaves most of it alone."""
    wires = {wire for gate in program.gates for wire in gate.wires}
    wires |= {wire for observable in observables for wire in observable.wires}
    used = tuple(sorted(wires or {0}))
    if len(used) == program.n_qubits:
        return Compact(program.with_readout(Expectations(observables)), used)
    place = {wire: number for number, wire in enumerate(used)}
    gates = tuple(replace(gate, wires=tuple(place[wire] for wire in gate.wires)) for gate in program.gates)
    moved = tuple(
        PauliSum(tuple((c, tuple((place[wire], letter) for wire, letter in word)) for c, word in observable.terms))
        for observable in observables
    )
    return Compact(replace(program, n_qubits=len(used), gates=gates, readout=Expectations(moved)), used)


def unique(values: Iterable[Any]) -> tuple[tuple, np.ndarray]:
    """The distinct `values` in the order of their first use, and the place of each value among them."""
    places: dict[Any, int] = {}
    where = np.array([places.setdefault(value, len(places)) for value in values], dtype=np.intp)
    return tuple(places), where


def rows_of(values: np.ndarray) -> np.ndarray:
    """Bindings `(..., D)` one below the other, `(R, D)`, also where a circuit has no parameters."""
    return np.ascontiguousarray(values.reshape(int(np.prod(values.shape[:-1])), values.shape[-1]), dtype=np.float64)
