"""What Aer is handed: a native Program with what is to be saved or measured, one parameter a slot."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from qml.backends.measuring import Setting, basis_gates
from qml.backends.qiskit_transpiling import symbols
from qml.base.extras import require
from qml.circuits.bridges.qiskit_observables import label_of
from qml.circuits.bridges.qiskit_to import circuit_of
from qml.circuits.gates import GATES
from qml.circuits.program import Program
from qml.circuits.readout import PauliWord, Probabilities

require("qiskit_aer", extra="qiskit", purpose="AerBackend")
from qiskit import ClassicalRegister, QuantumCircuit
from qiskit.circuit import ParameterExpression
from qiskit.circuit.library import UnitaryGate
from qiskit.quantum_info import SparsePauliOp
from qiskit_aer.library import SaveExpectationValue, SaveProbabilities

TABLE = "table"
BOUND_BY_AER = frozenset({"rx", "ry", "rz", "p", "u", "u1", "u2", "u3", "rxx", "ryy", "rzz", "rzx"})
"""Gates in which Aer binds parameters rightly; in others (cp, crx, cry, crz in 0.18.2) they become other angles."""


@dataclass(frozen=True, eq=False)
class Ready:
    """A circuit with its parameters; `symbols[n]` is bound to column `columns[n]` of the slots."""

    circuit: QuantumCircuit
    symbols: tuple
    columns: tuple[int, ...]

    @property
    def bound_by_aer(self) -> bool:
        """Whether Aer is trusted to bind every parameter; otherwise it is handed a circuit of numbers for each row."""
        return all(
            each.operation.name in BOUND_BY_AER
            for each in self.circuit.data
            if any(isinstance(value, ParameterExpression) for value in each.operation.params)
        )

    def bound(self, slots_RS: np.ndarray) -> list[QuantumCircuit]:
        """One circuit of numbers a row."""
        columns = list(self.columns)
        return [
            self.circuit.assign_parameters(dict(zip(self.symbols, row, strict=True)))
            for row in slots_RS[:, columns].tolist()
        ]

    def binds(self, slots_RS: np.ndarray) -> dict:
        """Values of each parameter that the circuit has, one a binding, by the parameter itself."""
        return {symbol: slots_RS[:, column].tolist() for symbol, column in zip(self.symbols, self.columns, strict=True)}


@lru_cache(maxsize=64)
def saving(native: Program) -> Ready:
    """The circuit that saves the table of a distribution, or the expectation of each word under `name_of(n)`."""
    circuit, parameters = _gates(native)
    readout = native.readout
    if isinstance(readout, Probabilities):
        circuit.append(SaveProbabilities(len(readout.wires), label=TABLE), list(readout.wires))
        return _ready(circuit, parameters)
    for place, word in enumerate(words_of(native)):
        wires, letters = zip(*word, strict=True)
        operator = SparsePauliOp([label_of("".join(letters))])
        circuit.append(SaveExpectationValue(operator, label=name_of(place)), list(wires))
    return _ready(circuit, parameters)


@lru_cache(maxsize=64)
def measuring(native: Program, setting: Setting) -> Ready:
    """The circuit that measures the wires of `setting` into classical bits of the same order.

    The change of basis is a labelled matrix, which no noise follows: readout errors stand for the measurement.
    """
    circuit, parameters = _gates(native)
    circuit.add_register(ClassicalRegister(len(setting.wires)))
    for wire in setting.wires:
        turns = [gate for gate in basis_gates(setting) if gate.wires == (wire,)]
        if turns:
            matrix = np.eye(2)
            for gate in turns:
                matrix = GATES[gate.name].matrix(gate, np.zeros(0)) @ matrix
            circuit.append(UnitaryGate(matrix, label="basis"), [wire])
    circuit.measure(list(setting.wires), range(len(setting.wires)))
    return _ready(circuit, parameters)


def words_of(program: Program) -> tuple[PauliWord, ...]:
    """The different words of a readout of expectations, but for the identity, in order."""
    readout = program.readout
    if isinstance(readout, Probabilities):
        return ()
    return tuple(sorted({word for observable in readout.observables for _, word in observable.terms if word}))


def name_of(place: int) -> str:
    """Under which name the expectation of word number `place` is saved."""
    return f"w{place}"


def _gates(native: Program) -> tuple[QuantumCircuit, list]:
    parameters = symbols(native.n_inputs)
    return circuit_of(native, parameters, ()), parameters


def _ready(circuit: QuantumCircuit, parameters: list) -> Ready:
    used = set(circuit.parameters)
    columns = tuple(column for column, symbol in enumerate(parameters) if symbol in used)
    return Ready(circuit, tuple(parameters[column] for column in columns), columns)
