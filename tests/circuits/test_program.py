"""Programs as values: equality, digests, pickles, joining, inverses, renaming, binding."""

import copy
import pickle
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qml.base.errors import ProgramError
from qml.circuits import (
    Angle,
    Circuit,
    Expectations,
    Gate,
    PauliSum,
    Probabilities,
    Program,
    Slot,
    WeightBlock,
    angle,
    basic,
    input_slot,
    mirrored,
    pauli_word,
    reupload,
    sel,
    weight_slot,
    z_each,
)
from qml.circuits.bridges.pennylane import to_qnode
from qml.circuits.wires import bind, rename
from tests.circuits.matrices import gates_matrix
from tests.programs import programs, random_program, random_programs, random_values


def test_angles_are_in_normal_form():
    x, w = input_slot(0), weight_slot(1)
    assert 2 * x * w + 0.5 == 0.5 + w * (x + x)
    assert x - x == Angle(0.0)
    assert hash(x + w) == hash(w + x)
    assert (x + 1) ** 2 == x * x + 2 * x + 1
    assert -Angle(0.0) == Angle(0.0)
    assert str(1 - 2 * x * w) == "1 - 2*x0*w1"
    for bad in (lambda: x + "a", lambda: x * float("nan"), lambda: x**-1, lambda: x**0.5):
        with pytest.raises(ProgramError):
            bad()


def test_equal_programs_have_equal_digests_in_every_process():
    minus_zero = Program(1, (Gate("RX", (0,), (-0.0,)), Gate("Unitary", (0,), matrix=((1, -0.0), (0, 1)))))
    zero = Program(1, (Gate("RX", (0,), (0,)), Gate("Unitary", (0,), matrix=((1, 0j), (complex(-0.0, -0.0), 1)))))
    assert minus_zero == zero
    assert minus_zero.digest == zero.digest
    assert hash(minus_zero) == hash(zero)
    assert Program(True).digest == Program(1).digest
    lists = Program(2, readout=Probabilities([0, np.int64(1)]))
    assert lists == Program(2, readout=Probabilities((0, 1)))
    assert lists == Program(2, readout=Probabilities(range(2)))
    command = "from qml.circuits import angle, sel; print((angle(3) + sel(3, 2)).digest)"
    digests = {
        subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, check=True).stdout.strip()
        for _ in range(2)
    }
    assert digests == {(angle(3) + sel(3, 2)).digest}


def test_a_name_is_no_part_of_the_value():
    assert Program(2, name="a") == Program(2, name="b")
    assert Program(2, name="a").digest == Program(2, name="b").digest


@settings(max_examples=40, deadline=None)
@given(programs())
def test_pickle_copy_and_digest(program):
    for other in (pickle.loads(pickle.dumps(program)), copy.deepcopy(program)):  # noqa: S301
        assert other == program
        assert other.digest == program.digest
        assert hash(other) == hash(program)
    assert len({program, copy.copy(program)}) == 1


def test_what_is_cached_is_not_pickled():
    program = sel(3, depth=2)
    size = len(pickle.dumps(program))
    assert program.inverse.inverse == program
    assert len(pickle.dumps(program)) == size


def test_different_programs_have_different_digests():
    chosen = random_programs(9, 100)
    assert len({program.digest for program in chosen}) == len(set(chosen)) == 100


def test_joining_shares_inputs_and_appends_weights():
    program = angle(4) + sel(4) + angle(4) + sel(4)
    assert (program.n_inputs, program.n_weights) == (4, 24)
    assert [block.name for block in program.blocks] == ["weights", "weights_1"]
    assert program.readout == z_each(range(4))
    tied = sel(4).tied(sel(4))
    assert tied.n_weights == 12
    assert (sel(2) ** 3).n_weights == 18
    with pytest.raises(ProgramError, match="same n_qubits"):
        angle(2) + sel(3)
    with pytest.raises(ProgramError, match="1 or more times"):
        sel(2) ** 0


def test_the_right_hand_readout_wins():
    read = sel(2).with_readout(Probabilities((1,)))
    assert (angle(2) + read).readout == Probabilities((1,))
    assert (read + angle(2)).readout == z_each(range(2))


@settings(max_examples=40, deadline=None)
@given(programs(max_qubits=3, preparation="none"), st.integers(0, 1000))
def test_a_program_and_its_inverse_is_the_identity(program, seed):
    inputs, weights = random_values(np.random.default_rng(seed), program, 1)
    both = program.tied(program.inverse)
    matrix = gates_matrix(both.gates, program.n_qubits, inputs[0], weights)
    np.testing.assert_allclose(matrix, np.eye(len(matrix)), atol=1e-10)


def test_a_preparation_has_no_inverse():
    with pytest.raises(ProgramError, match="no inverse"):
        _ = Circuit(1).state(0, (0, 1)).build().inverse


@settings(max_examples=15, deadline=None)
@given(programs(max_qubits=4), st.integers(0, 1000))
def test_renaming_wires_keeps_the_values(program, seed):
    rng = np.random.default_rng(seed)
    wires = tuple(rng.permutation(program.n_qubits + 1)[: program.n_qubits])
    inputs, weights = random_values(rng, program, 2)
    renamed = program.renamed_wires(wires, program.n_qubits + 1)
    assert renamed.n_qubits == program.n_qubits + 1
    np.testing.assert_allclose(to_qnode(renamed)(inputs, weights), to_qnode(program)(inputs, weights), atol=1e-12)


def test_renaming_errors():
    for wires, n_qubits in (((0,), None), ((0, 0), None), ((0, 5), 4), ((-1, 0), None)):
        with pytest.raises(ProgramError, match="2 distinct numbers"):
            rename(angle(2), wires, n_qubits)


@settings(max_examples=15, deadline=None)
@given(programs(max_qubits=3), st.integers(0, 1000))
def test_binding_some_slots_keeps_the_values(program, seed):
    rng = np.random.default_rng(seed)
    inputs, weights = random_values(rng, program, 1)
    slots = {Slot("input", 1): inputs[0, 1], Slot("weight", 0): weights[0], Slot("weight", 3): weights[3]}
    bound = program.bind(slots)
    assert (bound.n_inputs, bound.n_weights) == (program.n_inputs, program.n_weights)
    used = {i for gate in bound.gates for a in gate.angles for i in a.weights}
    assert not used & {0, 3}
    expected = to_qnode(program)(inputs, weights)
    inputs[0, 1], weights[0], weights[3] = 9.0, 9.0, 9.0
    np.testing.assert_allclose(to_qnode(bound)(inputs, weights), expected, atol=1e-12)


def test_binding_errors():
    for slot, value in ((Slot("input", 2), 1.0), (Slot("weight", 0), 1.0), (Slot("input", 0), float("inf"))):
        with pytest.raises(ProgramError, match="Cannot bind"):
            bind(angle(2), {slot: value})


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Program(0), "at least one qubit"),
        (lambda: Program(2.0), "whole number; got 2.0"),
        (lambda: Program(1, n_inputs=-1), "n_inputs of a Program must be 0 or more"),
        (lambda: input_slot(-1), "input slot must be 0 or more; got -1"),
        (lambda: input_slot(0.5), "whole number; got 0.5"),
        (lambda: Angle(0.0, ((1.0, (("inputs", 0),)),)), "got 'inputs'"),
        (lambda: Gate("RX", (0,), (float("nan"),)), "must be finite"),
        (lambda: Gate("RX", (0.5,), (1.0,)), "A wire of RX must be a whole number; got 0.5"),
        (lambda: Probabilities((0.5,)), "A wire of Probabilities"),
        (lambda: Program(1, (Gate("RX", (0,), (input_slot(2),)),), n_inputs=2), "n_inputs=3"),
        (lambda: Program(1, (Gate("RX", (0,), (weight_slot(0),)),)), "n_weights=1"),
        (lambda: Program(1, readout=Probabilities((1,))), "does not fit 1 qubits"),
        (lambda: Program(2, readout=Probabilities((1, 1))), "does not fit"),
        (lambda: Program(2, readout=Expectations(())), "at least one"),
        (lambda: pauli_word({0: "Q"}), "one of I, X, Y, Z"),
        (lambda: pauli_word([(0, "X"), (0, "Y")]), "names a wire twice"),
        (lambda: PauliSum(((float("nan"), ()),)), "finite"),
        (lambda: WeightBlock("a.b", (1,)), "identifier"),
        (lambda: WeightBlock("a", (1,), role="scales"), "angle, scale, mirrored"),
        (lambda: WeightBlock("a", (-1,)), "0 or more"),
        (lambda: Program(1, n_weights=2, blocks=(WeightBlock("a", (1,)),)), "hold 2 weights"),
        (lambda: mirrored(angle(2)), "without inputs"),
    ],
)
def test_errors(make, message):
    with pytest.raises(ProgramError, match=message):
        make()


def test_deep_programs_are_made_quickly_and_hash_once():
    program = random_program(np.random.default_rng(0), 10, 300)
    assert hash(program) == hash(program)
    assert program.digest is program.digest
    assert reupload(6, n_inputs=20, depth=4).n_weights == 4 * 20 + 16 * 6 * 3
    assert basic(3).n_weights == 3
