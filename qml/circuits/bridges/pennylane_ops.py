"""PennyLane operations and measurements as gates and readouts of a Program."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from math import prod
from typing import Any

import numpy as np

from qml.base.errors import ProgramError
from qml.base.extras import require
from qml.circuits.bridges.tracing import amplitudes_of, angle_of, is_traced
from qml.circuits.gate import Gate
from qml.circuits.gates import GATES
from qml.circuits.readout import Expectations, PauliSum, Probabilities, Readout

require("pennylane", extra="pennylane", purpose="The bridge to PennyLane")
import pennylane as qp
from pennylane.measurements import MeasurementProcess
from pennylane.ops import Controlled

WireNumber = Callable[[Any], int]

_SPECIAL = ("Unitary", "State", "Amplitudes", "PauliRot")
_DIRECT = frozenset(name for name in GATES if name not in _SPECIAL and not name.endswith("dg"))
_ADJOINT = {f"Adjoint({name[:-2]})": name for name in GATES if name.endswith("dg")}
_NOTHING = ("GlobalPhase", "Barrier", "Snapshot")
_WIDEST_MATRIX = 5
ROWS_BY_NAME = _DIRECT | frozenset(_ADJOINT) | {"PauliRot"}
"""PennyLane's names of the operations that are rows of the gate table as they stand, whatever they turn by."""
_UNTRACEABLE = (TypeError, ValueError, AttributeError, IndexError, NotImplementedError)


def gates_of(operation: Any, number: WireNumber) -> list[Gate]:
    """The gates that `operation` is, up to a global phase.

    A row of the table is taken as it is, anything else by its PennyLane decomposition, a constant without one
    by its matrix.

    Raises:
        ProgramError: it measures, or turns by something that is not a sum of products of slots.
    """
    wires = tuple(number(wire) for wire in operation.wires)
    name = operation.name
    if name in _NOTHING or (name == "Identity" and len(wires) != 1):
        return []
    if name in _DIRECT and GATES[name].n_wires in (None, len(wires)):
        return [Gate(name, wires, tuple(map(angle_of, operation.data)))]
    if name in _ADJOINT:
        return [Gate(_ADJOINT[name], wires)]
    if name == "PauliRot":
        return [Gate(name, wires, (angle_of(operation.data[0]),), operation.hyperparameters["pauli_word"])]
    if name in ("StatePrep", "AmplitudeEmbedding"):
        return [_preparation(operation, wires)]
    if name == "QubitUnitary" and not is_traced(operation.data[0]):
        return [Gate("Unitary", wires, matrix=_rows(operation.matrix()))]
    return _taken_apart(operation, wires, number)


def _taken_apart(operation: Any, wires: tuple[int, ...], number: WireNumber) -> list[Gate]:
    kind = type(operation).__name__
    if isinstance(operation, MeasurementProcess) or "MidMeasure" in kind:
        raise ProgramError(f"{kind} measures in the middle of the circuit; a Program reads at the end only.")
    word = _controlled_word(operation)
    if word:
        return _controlled_rotation(operation, word, number)
    try:
        if operation.has_decomposition:
            return [gate for part in _parts(operation) for gate in gates_of(part, number)]
        constant = not any(is_traced(value) for value in operation.data)
        if constant and operation.has_matrix and len(wires) <= _WIDEST_MATRIX:
            return [Gate("Unitary", wires, matrix=_rows(operation.matrix()))]
    except _UNTRACEABLE as error:
        raise ProgramError(f"{operation.name} on wires {wires} cannot be taken apart: {error}") from error
    raise ProgramError(
        f"{operation.name} on wires {wires} is no row of the gate table and has no decomposition that PennyLane knows. "
        f"Write it with the gates {', '.join(sorted(_DIRECT)[:6])}, ..."
    )


def _parts(operation: Any) -> list:
    """The decomposition; of a controlled gate whose angles are traced, the base's, each part controlled."""
    with qp.QueuingManager.stop_recording():
        controlled = isinstance(operation, Controlled) and any(map(is_traced, operation.data))
        if not controlled or not operation.base.has_decomposition:
            return operation.decomposition()
        wires, values = operation.control_wires, operation.control_values
        return [qp.ctrl(part, wires, values) for part in operation.base.decomposition()]


def _controlled_word(operation: Any) -> str:
    """The letters of the rotation that several wires control, one a target; none for other operations."""
    if not isinstance(operation, Controlled):
        return ""
    base = operation.base
    words = {"RX": "X", "RY": "Y", "RZ": "Z", "IsingXX": "XX", "IsingYY": "YY", "IsingZZ": "ZZ"}
    words |= {"MultiRZ": "Z" * len(base.wires), "PauliRot": base.hyperparameters.get("pauli_word", "")}
    return words.get(base.name, "")


def _controlled_rotation(operation: Any, word: str, number: WireNumber) -> list[Gate]:
    """Rotations about the word times every product of Z on the controls: (1 -+ Z)/2 for each of them."""
    controls, targets = operation.control_wires, operation.base.wires
    wires = tuple(number(wire) for wire in (*controls, *targets))
    angle = angle_of(operation.data[0]) / 2 ** len(controls)
    gates = []
    for letters in product("IZ", repeat=len(controls)):
        signs = [-1 for letter, on in zip(letters, operation.control_values, strict=True) if letter == "Z" and on]
        gates.append(Gate("PauliRot", wires, (angle * prod(signs),), "".join(letters) + word))
    return gates


def _preparation(operation: Any, wires: tuple[int, ...]) -> Gate:
    values = operation.data[0]
    if is_traced(values):
        return Gate("Amplitudes", wires, amplitudes_of(values))
    state = np.asarray(values, dtype=complex)
    if state.ndim != 1:
        raise ProgramError(
            f"{operation.name} got a state of shape {state.shape}; a Program prepares one, of shape (A,)."
        )
    return Gate("State", wires, matrix=_rows(state[None, :]))


def _rows(matrix: Any) -> tuple[tuple[complex, ...], ...]:
    return tuple(map(tuple, np.asarray(matrix, dtype=complex).tolist()))


def readout_of(measurements: Sequence[Any], number: WireNumber, n_qubits: int) -> Readout:
    """The readout that a function returned.

    Raises:
        ProgramError: a measurement that is not `expval` of a Pauli observable or one `probs(wires=...)`.
    """
    kinds = [type(measurement).__name__ for measurement in measurements]
    if kinds == ["ProbabilityMP"] and measurements[0].obs is None:
        wires = tuple(number(wire) for wire in measurements[0].wires)
        return Probabilities(wires or tuple(range(n_qubits)))
    if kinds and set(kinds) == {"ExpectationMP"}:
        return Expectations(tuple(_pauli_sum(measurement.obs, number) for measurement in measurements))
    raise ProgramError(
        f"The function returns {kinds or 'no measurement'}; a Program returns one or more qp.expval(...), "
        f"or a single qp.probs(wires=...)."
    )


def _pauli_sum(observable: Any, number: WireNumber) -> PauliSum:
    return pauli_sum(sentence_of(observable), number)


def sentence_of(observable: Any) -> Any:
    """The `PauliSentence` of an observable: its own where it has one, else that of its matrix.

    Raises:
        ProgramError: it has neither, or a matrix that is not Hermitian.
    """
    sentence: Any = None if observable is None else observable.pauli_rep
    if sentence is None and observable is not None and observable.has_matrix:
        matrix = observable.matrix()
        if not np.any(matrix):
            return qp.pauli.PauliSentence()
        try:
            sentence = qp.pauli_decompose(matrix, wire_order=observable.wires, pauli=True)
        except ValueError as error:
            raise ProgramError(f"The observable {observable} cannot be written with Pauli words: {error}") from error
    if sentence is None:
        raise ProgramError(
            f"The observable {observable} cannot be written with Pauli words, so a Program cannot read it."
        )
    return sentence


def pauli_sum(sentence: Any, number: WireNumber) -> PauliSum:
    """A `PauliSentence` on numbered wires.

    Raises:
        ProgramError: a coefficient that is not a real constant.
    """
    terms = []
    for word, coefficient in sentence.items():
        if is_traced(coefficient) or abs(complex(coefficient).imag) > 1e-12:
            raise ProgramError(
                f"The observable {sentence} has the coefficient {coefficient}; it must be a real constant."
            )
        terms.append((complex(coefficient).real, tuple((number(wire), letter) for wire, letter in word.items())))
    return PauliSum(tuple(terms))
