"""OpenQASM 2 and 3 in and out, through Qiskit."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from qml.base.errors import ProgramError
from qml.base.extras import require
from qml.circuits.bridges.qiskit_expressions import Symbol
from qml.circuits.bridges.qiskit_from import from_qiskit
from qml.circuits.bridges.qiskit_to import circuit_of
from qml.circuits.program import Program

require("qiskit", extra="qiskit", purpose="The bridge to OpenQASM")
from qiskit import QuantumCircuit, qasm2, qasm3
from qiskit.circuit import Parameter
from qiskit.qasm2 import QASM2Error
from qiskit.qasm3 import QASM3ImporterError

_VERSION = re.compile(r"OPENQASM\s+(\d)")
_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
_INPUT = re.compile(r"input\s+(?:float|angle)\s*(?:\[[^\]]*\])?\s+(\w+)")


def to_openqasm(
    program: Program,
    *,
    version: int = 3,
    inputs: Sequence[float] | np.ndarray | None = None,
    weights: Sequence[float] | np.ndarray | None = None,
) -> str:
    """The gates of a Program as OpenQASM; readout and global phase are left out.

    Slots are declared as `input float[64] x_007` and `w_012` in OpenQASM 3, with as many digits as the largest
    needs, so that their order is that of their names. OpenQASM 2 has no parameters.

    Args:
        program: any Program that `to_qiskit` takes.
        version: 3 or 2.
        inputs: numbers `(D,)` for the input slots; left out, they stay symbolic.
        weights: numbers `(P,)` for the weight slots; left out, they stay symbolic.

    Raises:
        ProgramError: another version, the wrong count of numbers, or slots without numbers in version 2.

    Example:
        >>> from qml.circuits import angle
        >>> print(to_openqasm(angle(1)).strip())
        OPENQASM 3.0;
        include "stdgates.inc";
        input float[64] x_0;
        qubit[1] q;
        ry(x_0) q[0];
    """
    if version not in (2, 3):
        raise ProgramError(f"OpenQASM has versions 2 and 3; got version={version!r}.")
    values = [
        _numbers_or_names("inputs", "x", inputs, program.n_inputs),
        _numbers_or_names("weights", "w", weights, program.n_weights),
    ]
    if version == 2 and any(isinstance(value, Parameter) for group in values for value in group):
        raise ProgramError(
            f"OpenQASM 2 has no parameters, and this Program has {program.n_inputs} inputs and {program.n_weights} "
            f"weights. Give numbers as `inputs` and `weights`, or use version=3."
        )
    circuit = circuit_of(program, *values).decompose(gates_to_decompose="PauliEvolution")
    return qasm3.dumps(circuit) if version == 3 else qasm2.dumps(circuit)


def from_openqasm(
    text: str,
    input_params: Iterable[str] | None = None,
    weight_params: Iterable[str] | None = None,
    *,
    observables: Any = None,
) -> Program:
    """The Program of OpenQASM 2 or 3 text.

    Args:
        text: the program text, with its `OPENQASM` line.
        input_params: names of the `input` declarations that are data, in order. Left out: those called `x_<number>`, in
            the slot of that number, as `to_openqasm` writes them.
        weight_params: names of those that are trained, in order. Left out: those called `w_<number>`.
        observables: as for `from_qiskit`.

    Raises:
        ProgramError: no version line, text that Qiskit cannot read, a name that is not declared, or what
            `from_qiskit` refuses.
        MissingExtraError: OpenQASM 3 is read by the package qiskit_qasm3_import.

    Example:
        >>> program = from_openqasm('OPENQASM 2.0; include "qelib1.inc"; qreg q[2]; h q[0]; cx q[0],q[1];')
        >>> [gate.name for gate in program.gates]
        ['Hadamard', 'CNOT']
    """
    circuit = _loaded(text)
    declared = {parameter.name: parameter for parameter in circuit.parameters}
    unused = set(_INPUT.findall(_COMMENT.sub(" ", text))) - set(declared)
    declared |= {name: Parameter(name) for name in unused}
    inputs = _chosen("input_params", input_params, "x", declared)
    weights = _chosen("weight_params", weight_params, "w", declared)
    return from_qiskit(circuit, inputs, weights, observables=observables)


def _loaded(text: str) -> QuantumCircuit:
    version = _VERSION.search(_COMMENT.sub(" ", text))
    if version is None or version.group(1) not in "23":
        raise ProgramError(f"OpenQASM text begins with 'OPENQASM 2.0;' or 'OPENQASM 3.0;'; got {text.strip()[:40]!r}.")
    if version.group(1) == "2":
        try:
            return qasm2.loads(text, custom_instructions=qasm2.LEGACY_CUSTOM_INSTRUCTIONS)
        except QASM2Error as error:
            raise ProgramError(f"The OpenQASM 2 text cannot be read: {error}") from error
    require("qiskit_qasm3_import", extra="qiskit", purpose="Reading OpenQASM 3")
    parser = require("openqasm3.parser", extra="qiskit", purpose="Reading OpenQASM 3")
    try:
        return qasm3.loads(text)
    except (QASM3ImporterError, parser.QASM3ParsingError) as error:
        raise ProgramError(f"The OpenQASM 3 text cannot be read: {error or 'its syntax is wrong'}.") from error


def _numbers_or_names(what: str, letter: str, values: Any, count: int) -> list[Any]:
    """One Parameter a slot, or the numbers that were given."""
    if values is None:
        digits = len(str(max(count - 1, 0)))
        return [Parameter(f"{letter}_{index:0{digits}d}") for index in range(count)]
    numbers = [float(value) for value in values]
    if len(numbers) != count:
        raise ProgramError(f"Got {len(numbers)} {what}; this Program has {count}.")
    return numbers


def _chosen(what: str, names: Iterable[str] | None, letter: str, declared: dict[str, Symbol]) -> list[Symbol]:
    """Parameters by name in the order given, or those called `<letter>_<number>` each in its place."""
    if names is not None:
        names = list(names)
        missing = [name for name in names if name not in declared]
        if missing:
            raise ProgramError(
                f"{what} names {missing}, which the text does not declare; it declares {sorted(declared)}."
            )
        return [declared[name] for name in names]
    numbered = {
        int(match.group(1)): parameter
        for name, parameter in declared.items()
        if (match := re.fullmatch(rf"{letter}_(\d+)", name))
    }
    return [numbered.get(place) or Parameter(f"{letter}_{place}") for place in range(max(numbered, default=-1) + 1)]
