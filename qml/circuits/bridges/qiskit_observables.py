"""Qiskit's observables as Pauli sums and back: the letters of a label are turned round here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from typing import Any

from qml.base.errors import ProgramError
from qml.base.extras import require
from qml.circuits.readout import Expectations, PauliSum, PauliWord, Probabilities, Readout, z_each

require("qiskit", extra="qiskit", purpose="The bridge to Qiskit")
from qiskit.quantum_info import Operator, Pauli, SparseObservable, SparsePauliOp

_REAL = 1e-12
_WIDEST_PROJECTOR = 8


def readout_from_qiskit(observables: Any, n_qubits: int) -> Readout:
    """The readout that `observables` are: <Z> of each qubit for None, else one value an observable, in order.

    Args:
        observables: None, one observable or a sequence of them, each as for `pauli_sum_from_qiskit`.
        n_qubits: qubits of the circuit.

    Raises:
        ProgramError: an observable without a Hermitian Pauli form, or on another number of qubits.
    """
    if observables is None:
        return z_each(range(n_qubits))
    if isinstance(observables, (str, Mapping)) or not isinstance(observables, Iterable) or _is_operator(observables):
        observables = [observables]
    return Expectations(tuple(pauli_sum_from_qiskit(observable, n_qubits) for observable in observables))


def pauli_sum_from_qiskit(observable: Any, n_qubits: int) -> PauliSum:
    """The Pauli sum of a label such as `"ZI"` (its last letter is qubit 0), or of a Qiskit operator.

    Args:
        observable: a label, a mapping from labels to coefficients, a `Pauli`, `SparsePauliOp`, `SparseObservable`
            (projectors such as `"01+-rl"` included) or a dense `Operator`.
        n_qubits: qubits of the circuit.

    Raises:
        ProgramError: no Pauli form, a coefficient that is not a real number, or another number of qubits.

    Example:
        >>> print(pauli_sum_from_qiskit("IZ", 2))
        Z0
    """
    operator = _as_paulis(observable)
    if operator.num_qubits != n_qubits:
        raise ProgramError(
            f"An observable acts on {operator.num_qubits} qubits and the circuit has {n_qubits}. Pad it with "
            f"identities, or, for a circuit that was transpiled, call `observable.apply_layout(circuit.layout)`."
        )
    terms = []
    for letters, qubits, coefficient in operator.to_sparse_list():
        number = complex(coefficient)
        if abs(number.imag) > _REAL * max(1.0, abs(number)):
            raise ProgramError(
                f"An observable has the coefficient {coefficient} for {letters or 'I'} on qubits {list(qubits)}; a "
                f"Program reads Hermitian observables, with real coefficients."
            )
        terms.append((number.real, tuple(zip(map(int, qubits), letters, strict=True))))
    return PauliSum(tuple(terms))


def observables_to_qiskit(readout: Readout, n_qubits: int) -> tuple[SparsePauliOp, ...]:
    """One operator a value: Pauli sums as they are, probabilities as projectors on the outcomes.

    Raises:
        ProgramError: probabilities of more than 8 wires, which would be projectors of as many terms as outcomes.

    Example:
        >>> [operator.paulis.to_labels() for operator in observables_to_qiskit(z_each(range(2)), 2)]
        [['IZ'], ['ZI']]
    """
    if isinstance(readout, Probabilities):
        return tuple(SparsePauliOp.from_sparse_list(terms, n_qubits) for terms in _projectors(readout.wires))
    return tuple(
        SparsePauliOp.from_sparse_list([_sparse(word, c) for c, word in observable.terms], n_qubits)
        for observable in readout.observables
    )


def label_of(letters: str) -> str:
    """Letters one a wire, first wire first, as a label: last qubit first."""
    return letters[::-1]


def _is_operator(value: Any) -> bool:
    return isinstance(value, (Pauli, SparsePauliOp, SparseObservable, Operator))


def _as_paulis(observable: Any) -> SparseObservable:
    """The observable by Pauli letters; a projector letter is (I +- P)/2."""
    if isinstance(observable, Operator):
        observable = SparsePauliOp.from_operator(observable)
    if isinstance(observable, Mapping):
        observable = SparseObservable.from_list([(str(label), value) for label, value in observable.items()])
    if not isinstance(observable, (str, Pauli, SparsePauliOp, SparseObservable)):
        raise ProgramError(
            f"An observable is {observable!r}; it must be a label such as 'ZI', a Pauli, a SparsePauliOp, a "
            f"SparseObservable or an Operator: something with a Pauli form."
        )
    try:
        return SparseObservable(observable).as_paulis()
    except (ValueError, TypeError) as error:
        raise ProgramError(
            f"The observable {observable!r} has no Pauli form with constant numbers: {error}."
        ) from error


def _sparse(word: PauliWord, coefficient: float) -> tuple[str, list[int], float]:
    return "".join(letter for _, letter in word), [wire for wire, _ in word], coefficient


def _projectors(wires: Sequence[int]) -> list[list[tuple[str, list[int], float]]]:
    """For each outcome of `wires`, the terms of prod (1 +- Z)/2."""
    if len(wires) > _WIDEST_PROJECTOR:
        raise ProgramError(
            f"Probabilities of {len(wires)} wires are {2 ** len(wires)} observables of as many terms; up to "
            f"{_WIDEST_PROJECTOR} wires are written out. Measure the circuit with a sampler instead."
        )
    subsets = list(product((0, 1), repeat=len(wires)))
    return [
        [
            (
                "Z" * sum(chosen),
                [wire for wire, on in zip(wires, chosen, strict=True) if on],
                (-1) ** sum(a * b for a, b in zip(outcome, chosen, strict=True)) / len(subsets),
            )
            for chosen in subsets
        ]
        for outcome in subsets
    ]
