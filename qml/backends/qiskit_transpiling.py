"""Qiskit's transpiler on Programs: layout, routing and translation, with one parameter for each rotation."""

from __future__ import annotations

from dataclasses import replace

from qml.backends.backend import Target
from qml.backends.exchange import is_exchangeable
from qml.base.errors import CapabilityError
from qml.base.extras import require
from qml.circuits.angle import Angle
from qml.circuits.bridges.qiskit_from import from_qiskit
from qml.circuits.bridges.qiskit_gates import ALIKE
from qml.circuits.bridges.qiskit_to import circuit_of
from qml.circuits.gate import Gate
from qml.circuits.gates import GATES
from qml.circuits.program import Program

require("qiskit", extra="qiskit", purpose="Transpiling for a machine")
from qiskit import QuantumCircuit
from qiskit import transpile as qiskit_transpile
from qiskit.circuit import Parameter
from qiskit.exceptions import QiskitError
from qiskit.transpiler import CouplingMap

TURNED = ("CNOT", "CZ", "ECR", "IsingXX", "IsingYY", "IsingZZ")
"""Gates that entangle and that Qiskit writes in the other order by gates on one wire, or as they are."""


def symbols(count: int) -> list:
    """One parameter a slot, named so that the order of names is the order of slots, whatever a service sorts by.

    Example:
        >>> [symbol.name for symbol in symbols(3)]
        ['s000000', 's000001', 's000002']
    """
    return [Parameter(f"s{index:06d}") for index in range(count)]


def transpiled(program: Program, target: Target, seed: int, level: int) -> Program:
    """`program`, which reads inputs only, in the target's gates on its wires.

    Raises:
        CapabilityError: Qiskit finds no way.
    """
    parameters = symbols(program.n_inputs)
    pairs = None if target.coupling is None else _pairs(target)
    if pairs == [] and any(len(gate.wires) > 1 for gate in program.gates):
        raise _refused(program, target, "it joins no two qubits")
    circuit = QuantumCircuit(program.n_qubits if pairs else target.n_qubits)
    circuit.compose(circuit_of(program, parameters, ()), range(program.n_qubits), inplace=True)
    try:
        made = qiskit_transpile(
            circuit,
            basis_gates=_basis(target),
            coupling_map=_map(target.n_qubits, pairs) if pairs else None,
            optimization_level=level,
            seed_transpiler=seed,
        )
        wires = _places(made, program.n_qubits)
    except QiskitError as error:
        raise _refused(program, target, str(error).strip("'\"")) from error
    native = from_qiskit(made, parameters)
    gates = tuple(gate for gate in native.gates if set(gate.word) != {"I"})  # the global phase
    readout = replace(program, gates=()).renamed_wires(wires, target.n_qubits).readout
    return Program(target.n_qubits, gates, readout, program.n_inputs, name=program.name)


def _places(made: QuantumCircuit, n_qubits: int) -> tuple[int, ...]:
    """Where each wire of the Program stands at the end."""
    if made.layout is None:
        return tuple(range(n_qubits))
    return tuple(made.layout.final_index_layout()[:n_qubits])


def _basis(target: Target) -> list[str]:
    """Qiskit's names of those of the target's gates that Qiskit has; of all gates on two wires at most for none.

    On a directed target those that Qiskit cannot turn round are left out, as long as one that entangles stays.
    """
    names = [name for name in target.gate_set or ALIKE if name in ALIKE]
    if not target.gate_set:
        names = [name for name in names if (GATES[name].n_wires or 1) <= 2]
    if target.directed and set(TURNED) & set(names):
        names = [name for name in names if name in (*TURNED, "SWAP") or GATES[name].n_wires == 1]
    return [ALIKE[name](*[0.0] * (GATES[name].n_angles or 0)).name for name in names]


def _pairs(target: Target) -> list[tuple[int, int]]:
    """Ordered pairs that a gate may join; both orders unless the target is directed."""
    listed = set(target.coupling or ())
    pairs = [name for name in target.gate_set if GATES[name].n_wires == 2]
    ordered = target.directed and not (pairs and all(is_exchangeable(_gate(name)) for name in pairs))
    return sorted(listed if ordered else listed | {(second, first) for first, second in listed})


def _gate(name: str) -> Gate:
    return Gate(name, (0, 1), (Angle(),) * (GATES[name].n_angles or 0))


def _map(n_qubits: int, pairs: list[tuple[int, int]]) -> CouplingMap:
    joined = CouplingMap()
    for qubit in range(n_qubits):
        joined.add_physical_qubit(qubit)
    for one, other in pairs:
        joined.add_edge(one, other)
    return joined


def _refused(program: Program, target: Target, reason: str) -> CapabilityError:
    gates = ", ".join(target.gate_set) or "all gates"
    joined = "all pairs" if target.coupling is None else f"{len(target.coupling)} pairs"
    return CapabilityError(
        f"{target.name} ({target.n_qubits} qubits, {joined} joined, {gates}) cannot run a Program of "
        f"{program.n_qubits} qubits with {', '.join(sorted({gate.name for gate in program.gates}))}: {reason}. Take "
        "another target, or write the Program in gates that it has."
    )
