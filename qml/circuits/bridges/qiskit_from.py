"""Qiskit circuits as Programs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from qml.base.errors import ProgramError
from qml.base.extras import require
from qml.circuits.bridges.qiskit_expressions import Symbol, parameter_slots
from qml.circuits.bridges.qiskit_observables import readout_from_qiskit
from qml.circuits.bridges.qiskit_operations import Reading
from qml.circuits.program import Program

require("qiskit", extra="qiskit", purpose="The bridge to Qiskit")
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter


def from_qiskit(
    circuit: QuantumCircuit,
    input_params: Iterable[Symbol] = (),
    weight_params: Iterable[Symbol] = (),
    *,
    observables: Any = None,
) -> Program:
    """The Program that a Qiskit circuit is; wire n is qubit n, and parameters stay symbolic.

    Gates of the table are taken as they are, others by Qiskit's definition or synthesis, a constant without
    one by its matrix. Barriers and delays are left out, and so are measurements at the end. The global phase becomes a
    rotation about the identity, which costs an executor nothing.

    Args:
        circuit: any circuit without control flow, mid-circuit measurements and resets.
        input_params: parameters, or a `ParameterVector`, that are data: the n-th is input n.
        weight_params: those that are trained: the n-th is weight n. A parameter that the circuit does not use is an
            unused slot.
        observables: what to read: None for <Z> of each qubit, a label such as `"ZI"` (its last letter is qubit
            0), a mapping from labels to coefficients, a Pauli, SparsePauliOp, SparseObservable or Operator, or a
            sequence of these.

    Returns:
        A Program with one block `weights` of shape `(P,)`.

    Raises:
        ProgramError: a parameter that is neither input nor weight; an expression that is no polynomial of its
            parameters (the message names gate and expression); a measurement followed by gates, a reset, control
            flow; an instruction that is not known; an observable without a Pauli form.

    Example:
        >>> from qiskit.circuit import ParameterVector
        >>> x, w = ParameterVector("x", 2), ParameterVector("w", 2)
        >>> circuit = QuantumCircuit(2)
        >>> for n in range(2):
        ...     _ = circuit.ry(x[n], n), circuit.rz(2 * x[n] * w[n], n)
        >>> _ = circuit.cx(0, 1)
        >>> program = from_qiskit(circuit, x, w, observables=["IZ", "ZZ"])
        >>> program.n_qubits, program.n_inputs, program.n_weights, program.n_values
        (2, 2, 2, 2)
        >>> print(program.gates[1].angles[0])
        2*x0*w0
    """
    if not isinstance(circuit, QuantumCircuit):
        raise ProgramError(
            f"from_qiskit takes a qiskit.QuantumCircuit; got {type(circuit).__name__}. Text in OpenQASM is read by "
            f"`from_openqasm`."
        )
    inputs, weights = _listed("input_params", input_params), _listed("weight_params", weight_params)
    reading = Reading(parameter_slots(inputs, weights))
    reading.read(circuit, range(circuit.num_qubits))
    return Program(
        circuit.num_qubits,
        (*reading.gates, *reading.phase_gate()),
        readout_from_qiskit(observables, circuit.num_qubits),
        len(inputs),
        len(weights),
        name=circuit.name or "",
    )


def _listed(what: str, parameters: Any) -> list[Symbol]:
    if isinstance(parameters, Parameter) or not isinstance(parameters, Iterable):
        raise ProgramError(f"{what} must be a list of parameters or a ParameterVector; got {parameters!r}.")
    return list(parameters)
