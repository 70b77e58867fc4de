"""Gates as turns in the frame of their Cliffords: masks, signs and columns by hand, values against the reference."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qml.base.errors import ProgramError
from qml.circuits.angle import Angle, input_slot, weight_slot
from qml.circuits.gate import Gate
from qml.circuits.gates import GATES
from qml.circuits.program import Program
from qml.circuits.readout import Expectations, PauliSum, Probabilities
from qml.engine import reference
from qml.engine.columns import Columns
from qml.engine.frame import Frame, Pauli, Span, anticommute, multiply
from qml.engine.lower import lower
from qml.engine.plan import Turn
from qml.engine.verify import run_plan
from qml.engine.words import WordMap
from tests.programs import programs, random_values

X, Y, Z = Pauli(1, 0, 0), Pauli(1, 1, 1), Pauli(0, 1, 0)


def dense(word: Pauli) -> np.ndarray:
    """`i^phase X^x Z^z` of up to two bits as a matrix."""
    flip = np.eye(4)[np.arange(4) ^ word.x]
    signs = np.diag([(-1.0) ** (i & word.z).bit_count() for i in range(4)])
    return 1j**word.phase * flip @ signs


words = st.builds(Pauli, st.integers(0, 3), st.integers(0, 3), st.integers(0, 3))


@given(words, words)
def test_products_and_commutation(left, right):
    np.testing.assert_allclose(dense(multiply(left, right)), dense(left) @ dense(right))
    sign = -1 if anticommute(left.x, left.z, right.x, right.z) else 1
    np.testing.assert_allclose(dense(left) @ dense(right), sign * dense(right) @ dense(left))


def test_signs_of_letters():
    assert [word.sign for word in (X, Y, Z)] == [1, 1, 1]
    assert Pauli(1, 1, 3).sign == -1


@given(st.lists(st.tuples(st.integers(0, 15), st.integers(0, 15)), max_size=12), st.integers(0, 15), st.integers(0, 15))
def test_a_span_answers_for_all_its_members(members, x, z):
    assert Span(4, members).clashes(x, z) == any(anticommute(x, z, *member) for member in members)


CLIFFORDS = {
    "X": "PauliX", "Y": "PauliY", "Z": "PauliZ", "S": "S", "Sdg": "Sdg", "CX": "CNOT", "CZ": "CZ", "SWAP": "SWAP",
}  # fmt: skip


@pytest.mark.parametrize("name", CLIFFORDS)
@pytest.mark.parametrize("letters", ["XI", "IX", "ZI", "IZ", "YX", "ZY", "YY", "XZ"])
def test_the_image_is_the_conjugated_word(name, letters):
    row = GATES[CLIFFORDS[name]]
    wires = (0, 1)[: row.n_wires]
    matrix = row.matrix(Gate(row.name, wires), np.zeros(0))
    matrix = matrix if len(wires) == 2 else np.kron(matrix, np.eye(2))
    frame = Frame(2)
    word = tuple((wire, letter) for wire, letter in enumerate(letters) if letter != "I")
    before = dense(frame.image(word))
    frame.absorb(name, wires)
    np.testing.assert_allclose(dense(frame.image(word)), matrix.conj().T @ before @ matrix, atol=1e-12)


@pytest.mark.parametrize("axis", [X, Y, Z, Pauli(2, 1, 0), Pauli(3, 3, 2)])
@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_absorbing_a_quarter_turn(axis, quarters):
    turn = math.cos(quarters * math.pi / 4) * np.eye(4) - 1j * math.sin(quarters * math.pi / 4) * dense(axis)
    frame = Frame(2)
    frame.absorb("CX", (0, 1))
    word = ((0, "X"), (1, "Y"))
    before = dense(frame.image(word))
    frame.absorb_turn(axis, quarters)
    np.testing.assert_allclose(dense(frame.image(word)), turn.conj().T @ before @ turn, atol=1e-12)


def test_a_hadamard_is_not_for_the_frame():
    with pytest.raises(ProgramError, match="'H'"):
        Frame(1).absorb("H", (0,))


def turns_of(*gates, row_weights=False, n_qubits=2):
    lowered = lower(Program(n_qubits, gates, None, 3, 3), row_weights)
    return lowered, lowered.draft.plan.turns


def test_wire_zero_is_the_highest_bit():
    _, turns = turns_of(Gate("RX", (0,), (0.25,)))
    assert turns == (Turn(2, 0, "constant", -1, 0.0, 0.25),)


def test_a_hadamard_is_z_and_a_quarter_turn():
    _, turns = turns_of(Gate("Hadamard", (1,)), Gate("RZ", (1,), (0.5,)))
    assert turns[0] == Turn(1, 1, "constant", -1, 0.0, -math.pi / 2)  # Z Y Z = -Y
    lowered, _ = turns_of(Gate("Hadamard", (1,)), Gate("RX", (1,), (0.5,)))
    assert lowered.draft.plan.turns[1] == Turn(1, 0, "constant", -1, 0.0, -0.5)


def test_signs_go_into_coefficient_and_constant():
    _, turns = turns_of(Gate("PauliX", (0,)), Gate("RZ", (0,), (2.0 * weight_slot(1) + 0.5,)))
    assert turns == (Turn(0, 2, "shared", 0, -2.0, -0.5),)


def test_equal_angles_up_to_a_factor_share_a_column():
    product = input_slot(0) * weight_slot(0)
    lowered, turns = turns_of(
        Gate("CRX", (0, 1), (product,)), Gate("RY", (0,), (3 * weight_slot(2),)), Gate("RY", (1,), (-weight_slot(2),))
    )
    assert [(t.kind, t.column, t.coefficient) for t in turns] == [
        ("row", 0, 0.5), ("row", 0, -0.5), ("shared", 0, 3.0), ("shared", 0, -1.0),
    ]  # fmt: skip
    assert len(lowered.rows) == len(lowered.shared) == 1


def test_with_row_weights_every_column_is_a_row_column():
    lowered, turns = turns_of(Gate("RX", (0,), (weight_slot(0),)), Gate("RX", (1,), (input_slot(0),)), row_weights=True)
    assert [turn.kind for turn in turns] == ["row", "row"]
    assert lowered.shared == ()


def test_a_rotation_about_the_identity_is_left_out():
    _, turns = turns_of(Gate("PauliRot", (0, 1), (0.3,), word="II"))
    assert turns == ()


def test_z_words_stay_z_words():
    gates = (Gate("S", (0,)), Gate("CNOT", (0, 1)), Gate("CZ", (1, 0)), Gate("SWAP", (0, 1)), Gate("PauliY", (1,)))
    plan = lower(Program(2, gates, Probabilities((1, 0)))).draft.plan
    assert all(x == 0 for x, _ in plan.words)
    assert len(set(plan.words)) == 4


def test_a_word_read_twice_is_one_word():
    word = ((0, "X"),)
    readout = Expectations((PauliSum(((1.0, word),)), PauliSum(((2.0, word), (1.0, ())))))
    lowered = lower(Program(1, (), readout))
    assert lowered.draft.plan.words in (((1, 0), (0, 0)), ((0, 0), (1, 0)))
    assert sorted(lowered.reading.terms[1], key=lambda term: term[1])[1][1] == 2.0


@settings(max_examples=60, deadline=None)
@given(programs(max_qubits=4, max_gates=10), st.booleans(), st.integers(0, 1000))
def test_lowering_keeps_the_values(program, row_weights, seed):
    inputs_BD, weights = random_values(np.random.default_rng(seed), program, 2, row_weights=row_weights)
    lowered = lower(program, row_weights)
    columns = Columns(program, *_angles(lowered), row_weights)
    values = columns.values(inputs_BD, weights)
    initial = columns.initial_amplitudes(inputs_BD, weights)
    words_BW = run_plan(lowered.draft.plan, values.rows_BM, values.shared_S, initial)
    found = WordMap(lowered.reading, lowered.draft.signs).values(words_BW)
    np.testing.assert_allclose(found, reference.values(program, inputs_BD, weights), atol=1e-12)


def _angles(lowered):
    return [[Angle(0.0, column) for column in columns] for columns in (lowered.shared, lowered.rows)]
