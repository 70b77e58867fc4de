"""Derivatives of expectation values of Qiskit circuits, by one adjoint sweep for all samples and observables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from qml.backends import Executor, check_program
from qml.backends.qiskit_circuits import KnownCircuits, unique
from qml.base.errors import DataError, ShapeError
from qml.base.extras import require

require("qiskit", extra="qiskit", purpose="Gradients of Qiskit circuits")
from qiskit import QuantumCircuit


def gradients(
    executor: Executor,
    known: KnownCircuits,
    circuits: Sequence[QuantumCircuit],
    observables: Sequence[Any],
    parameter_values: Sequence[Sequence[float]] | np.ndarray,
    parameters: Sequence[Iterable[Any]],
) -> list[np.ndarray]:
    """d<observables[n]>/d(parameters[n]) of circuits[n] at parameter_values[n].

    All entries with the same circuit are rows of one call, with a one for their own observable as cotangent.

    Args:
        executor: who differentiates.
        known: circuits and observables met before.
        circuits: N circuits; the same object may come many times.
        observables: N observables, anything with a Pauli form.
        parameter_values: `(N, D)`, or N rows of other lengths, in the order of each circuit's `parameters`.
        parameters: N groups of parameters to differentiate by, in the order that is wanted.

    Returns:
        N arrays, one number a parameter of its group.

    Raises:
        ShapeError: the arguments are not of one length, a row of values does not fit its circuit, or a parameter is not
            one of its circuit.
        DataError: a value that is not finite.
        ProgramError: a circuit or an observable that is no Program.

    Example:
        >>> from qiskit.circuit import Parameter
        >>> from qml.backends import executor_named
        >>> a, circuit = Parameter("a"), QuantumCircuit(1)
        >>> _ = circuit.ry(a, 0)
        >>> gradients(executor_named("reference"), KnownCircuits(), [circuit], ["Z"], [[np.pi / 2]], [[a]])
        [array([-1.])]
    """
    lengths = {len(circuits), len(observables), len(parameter_values), len(parameters)}
    if len(lengths) != 1:
        raise ShapeError(
            f"Got {len(circuits)} circuits, {len(observables)} observables, {len(parameter_values)} rows of values and "
            f"{len(parameters)} groups of parameters; give as many of each."
        )
    members: dict[int, list[int]] = {}
    for number, circuit in enumerate(circuits):
        members.setdefault(id(circuit), []).append(number)
    results: list[Any] = [None] * len(circuits)
    for numbers in members.values():
        circuit = circuits[numbers[0]]
        place = {parameter: position for position, parameter in enumerate(circuit.parameters)}
        chosen = [_places(circuit, place, parameters[number]) for number in numbers]
        rows_BD = _rows(circuit, [parameter_values[number] for number in numbers])
        slopes_BD = _slopes(executor, known, circuit, [observables[number] for number in numbers], rows_BD)
        for number, places, slopes_D in zip(numbers, chosen, slopes_BD, strict=True):
            results[number] = slopes_D[places]
    return results


def _slopes(
    executor: Executor, known: KnownCircuits, circuit: QuantumCircuit, observables: list[Any], rows_BD: np.ndarray
) -> np.ndarray:
    """Row n differentiates observable n by every parameter, `(B, D)`."""
    distinct, which = unique(map(id, observables))
    first = {place: observable for place, observable in zip(which[::-1], observables[::-1], strict=True)}
    sums = known.observables((first[place] for place in range(len(distinct))), circuit.num_qubits)
    columns, where = unique(sums)
    program = known.circuit(circuit).reading(columns).program
    check_program(program, executor)
    cotangent_BK = (where[which][:, None] == np.arange(len(columns))).astype(rows_BD.dtype)
    return executor.vjp(program, rows_BD, np.zeros(0), cotangent_BK).inputs_BD


def _rows(circuit: QuantumCircuit, values: list[Any]) -> np.ndarray:
    n_parameters = circuit.num_parameters
    lengths = {len(row) for row in values}
    if lengths != {n_parameters}:
        raise ShapeError(
            f"Circuit {circuit.name!r} has {n_parameters} parameters; got rows of {sorted(lengths)} values. Give one "
            f"value a parameter, in the order of `circuit.parameters`."
        )
    rows_BD = np.ascontiguousarray(values, dtype=np.float64)
    if not np.isfinite(rows_BD).all():
        raise DataError(f"The parameter values of circuit {circuit.name!r} are not all finite. Look for NaN in them.")
    return rows_BD


def _places(circuit: QuantumCircuit, place: dict[Any, int], parameters: Iterable[Any]) -> list[int]:
    """The position of each parameter among those of the circuit."""
    try:
        return [place[parameter] for parameter in parameters]
    except KeyError as error:
        names = [parameter.name for parameter in place]
        raise ShapeError(f"Circuit {circuit.name!r} has no parameter {error.args[0]}; it has {names}.") from error
