"""A Program as plain array operations of torch or JAX: slow, but differentiable in every mode, to every order."""

from __future__ import annotations

import itertools
from functools import lru_cache
from typing import Any

import numpy as np

from qml.base.errors import CapabilityError, ShapeError
from qml.circuits.gate import Clifford
from qml.circuits.program import Program
from qml.circuits.readout import PauliWord, Probabilities
from qml.circuits.slots import angle_table
from qml.circuits.steps import steps
from qml.engine.array_ops import operations
from qml.engine.evolve import Action, Course
from qml.engine.mapped import start_amplitudes
from qml.engine.wire_order import wire_first

MAX_QUBITS = 12

_HALF = 0.5**0.5
CLIFFORD_WORDS: dict[str, tuple[tuple[complex, str], ...]] = {
    "H": ((_HALF, "X"), (_HALF, "Z")),
    "X": ((1, "X"),),
    "Y": ((1, "Y"),),
    "Z": ((1, "Z"),),
    "S": (((1 + 1j) / 2, "I"), ((1 - 1j) / 2, "Z")),
    "Sdg": (((1 - 1j) / 2, "I"), ((1 + 1j) / 2, "Z")),
    "CX": ((0.5, "II"), (0.5, "ZI"), (0.5, "IX"), (-0.5, "ZX")),
    "CZ": ((0.5, "II"), (0.5, "ZI"), (0.5, "IZ"), (-0.5, "ZZ")),
    "SWAP": ((0.5, "II"), (0.5, "XX"), (0.5, "YY"), (0.5, "ZZ")),
}
"""Each Clifford as a sum of Pauli words."""


@lru_cache(maxsize=2048)
def pauli_action(n_qubits: int, word: PauliWord) -> Action:
    """The action of `word` on `2**n_qubits` amplitudes; qubit 0 is the most significant bit.

    Example:
        >>> pauli_action(1, ((0, "X"),)).source_A
        array([1, 0])
    """
    source = np.arange(2**n_qubits)
    flips = sum(1 << (n_qubits - 1 - wire) for wire, letter in word if letter in "XY")
    signs = sum(1 << (n_qubits - 1 - wire) for wire, letter in word if letter in "YZ")
    source = source ^ flips
    phase = 1j ** (flips & signs).bit_count() * (1.0 - 2.0 * (np.bitwise_count(source & signs) & 1))
    return Action(source, phase)


def traced(program: Program, xp: Any, inputs_BD: Any, weights: Any) -> Any:
    """Values of a Program as differentiable array operations, one a Pauli rotation.

    It keeps every intermediate state for the derivative: do not train with it beyond toy sizes; it is there for
    higher derivatives, forward mode and devices that no executor serves.

    Args:
        program: at most `MAX_QUBITS` qubits.
        xp: the array package, `torch` or `jax.numpy`.
        inputs_BD: `(B, D)` real array of that package.
        weights: `(P,)` shared by the rows, or `(B, P)`; the dtype of the inputs.

    Returns:
        `values_BK` in the dtype of the inputs.

    Raises:
        CapabilityError: the Program has more than `MAX_QUBITS` qubits.
        ConfigError: `xp` is another package.
        ShapeError: inputs or weights do not fit the Program.
    """
    if program.n_qubits > MAX_QUBITS:
        raise CapabilityError(
            f"The traced form was asked for a Program of {program.n_qubits} qubits; it holds every intermediate state "
            f"and stops at {MAX_QUBITS}. Higher derivatives and forward mode end there; first derivatives do not."
        )
    fits = inputs_BD.ndim == 2 and inputs_BD.shape[1] == program.n_inputs and weights.shape[-1] == program.n_weights
    if not fits or weights.ndim not in (1, 2):
        raise ShapeError(
            f"The traced form got inputs of shape {tuple(inputs_BD.shape)} and weights of {tuple(weights.shape)}; "
            f"this Program needs (B, {program.n_inputs}) and ({program.n_weights},) or (B, {program.n_weights})."
        )
    ops = operations(xp, inputs_BD)
    size = inputs_BD.shape[0]
    ones = ops.real(np.ones((size, 1)))
    columns = ops.join([ones, inputs_BD, ops.rows(weights, size)])
    return _read(program, ops, _evolve(program, ops, columns, start_amplitudes(program, ops, columns)))


def _evolve(program: Program, ops: Any, columns: Any, state: Any) -> Any:
    """The state after all steps, `(B, A)`."""
    table = angle_table(program)
    half = 0.5 * table.evaluate(columns, ops.real(table.constant), ops.real(table.coefficient))
    return _course(program).run(ops, state, half)


@lru_cache(maxsize=64)
def _course(program: Program) -> Course:
    """Each rotation, `cos(t/2) - i sin(t/2) P`, and each Clifford as a move."""
    identity = pauli_action(program.n_qubits, ())
    angles = itertools.count()
    moves = []
    for step in steps(program):
        if isinstance(step, Clifford):
            moves.append((clifford_actions(program.n_qubits, step), -1))
            continue
        source, phase = pauli_action(program.n_qubits, step.word)
        moves.append(((identity, Action(source, -1j * phase)), next(angles)))
    return Course(program.n_qubits, moves)


def clifford_actions(n_qubits: int, step: Clifford) -> list[Action]:
    """A Clifford as the sum of one monomial action, or of two for a Hadamard gate."""
    sums: dict[bytes, Action] = {}
    for factor, letters in CLIFFORD_WORDS[step.name]:
        source, phase = pauli_action(n_qubits, clifford_word(step, letters))
        before = sums.get(source.tobytes())
        sums[source.tobytes()] = Action(source, factor * phase + (0 if before is None else before.phase_A))
    first, *others = sums.values()
    if others and not (first.phase_A * others[0].phase_A).any():
        from_first = first.phase_A != 0
        return [Action(np.where(from_first, first.source_A, others[0].source_A), first.phase_A + others[0].phase_A)]
    return [first, *others]


def _pauli(n_qubits: int, ops: Any, word: PauliWord, state: Any, factor: complex = 1) -> Any:
    """`factor` times the Pauli word applied to each row."""
    source, phase = pauli_action(n_qubits, word)
    return ops.constant(factor * phase) * ops.take(state, source)


def clifford_word(step: Clifford, letters: str) -> PauliWord:
    """The Pauli word with `letters` on the wires of a Clifford, identities left out."""
    return tuple(sorted((wire, letter) for wire, letter in zip(step.wires, letters, strict=True) if letter != "I"))


def _read(program: Program, ops: Any, state: Any) -> Any:
    """The readout of each row, `(B, K)`."""
    if isinstance(program.readout, Probabilities):
        weights = state.real * state.real + state.imag * state.imag
        ordered = ops.take(weights, wire_first(program.n_qubits, program.readout.wires))
        rest = 2**program.n_qubits // program.n_values
        return ordered.reshape(state.shape[0], program.n_values, rest).sum(-1)
    cache: dict[PauliWord, Any] = {}
    values = []
    for observable in program.readout.observables:
        value = ops.real(np.zeros(1)) * state.real.sum(-1)
        for coefficient, word in observable.terms:
            if word not in cache:
                flipped = _pauli(program.n_qubits, ops, word, state)
                cache[word] = (state.real * flipped.real + state.imag * flipped.imag).sum(-1)
            value = value + coefficient * cache[word]
        values.append(value)
    return ops.xp.stack(values, 1)
