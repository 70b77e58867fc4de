"""Transpiled Programs against what they came from: values, gates, wires, slots, and what is refused."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from qml.backends.backend import Target
from qml.backends.qiskit_transpiling import symbols
from qml.backends.reference import ReferenceExecutor
from qml.backends.transpiling import compact, is_native, transpilations, transpile
from qml.base.errors import CapabilityError, ConfigError
from qml.circuits import (
    Circuit,
    Expectations,
    PauliSum,
    Probabilities,
    Program,
    amplitude,
    angle,
    basic,
    input_slot,
    sel,
)
from qml.circuits.gate import Gate
from qml.circuits.slots import slots
from tests.programs import random_program, random_values

LINE = tuple((wire, wire + 1) for wire in range(4))
TARGETS = {
    "cnot": Target("cnot", 5, ("RZ", "SX", "PauliX", "CNOT"), LINE),
    "ecr": Target("ecr", 5, ("RZ", "SX", "PauliX", "ECR"), LINE),
    "cz": Target("cz", 5, ("RX", "RZ", "CZ"), LINE),
    "u3": Target("u3", 5, ("U3", "CNOT"), LINE),
    "line": Target("line", 5, (), LINE),
    "gates": Target("gates", 6, ("RZ", "SX", "CNOT")),
}
EXACT = ReferenceExecutor()
NONE = np.zeros(0)
ONE_WAY = ((1, 0), (1, 2), (3, 2), (3, 4))
DIRECTED = {
    "cnot": ("RZ", "SX", "PauliX", "CNOT"),
    "ecr": ("RZ", "SX", "PauliX", "ECR"),
    "zz": ("RZ", "SX", "IsingZZ"),
    "all": (),
    "more than can be turned": ("RZ", "SX", "CNOT", "CRX", "CY", "CH"),
}


@pytest.mark.parametrize("level", [0, 1, 3])
@pytest.mark.parametrize("name", TARGETS)
def test_values_gates_and_slots(name, level):
    target = TARGETS[name]
    for seed in range(3):
        rng = np.random.default_rng(seed)
        program = random_program(rng, n_qubits=4, n_gates=8, preparation=("none", "State")[seed % 2])
        inputs, weights = random_values(rng, program, batch=2)
        angles = slots(program, inputs, weights)
        native = transpile(program, target, level=level)
        assert is_native(native, target)
        assert (native.n_qubits, native.n_inputs, native.n_weights) == (target.n_qubits, angles.shape[1], 0)
        assert all(len(a.terms) <= 1 for gate in native.gates for a in gate.angles)
        expected = EXACT.forward(program, inputs, weights).values_BK
        np.testing.assert_allclose(EXACT.forward(native, angles, NONE).values_BK, expected, atol=1e-9)
        small, wires = compact(native)
        assert small.n_qubits == len(wires) <= native.n_qubits
        np.testing.assert_allclose(EXACT.forward(small, angles, NONE).values_BK, expected, atol=1e-9)


def in_order(program, target):
    """Whether each gate that is not the same with its wires exchanged stands on a listed pair, in its order."""
    alike = {"CZ", "SWAP", "IsingXX", "IsingYY", "IsingZZ", "ISWAP"}
    pairs = {*target.coupling} | {pair[::-1] for pair in target.coupling}
    return all(
        gate.wires in (pairs if gate.name in alike else target.coupling)
        for gate in program.gates
        if len(gate.wires) > 1
    )


@pytest.mark.parametrize("level", [1, *(pytest.param(level, marks=pytest.mark.slow) for level in (0, 2, 3))])
@pytest.mark.parametrize("name", DIRECTED)
def test_gates_stand_in_the_order_of_a_directed_target(name, level):
    """The unitary that a random circuit is, up to its phase and where its wires stand; by values of random readouts."""
    target = Target(name, 5, DIRECTED[name], ONE_WAY, directed=True)
    there = Circuit(4).ry(0, 0.3).cnot([0, 1]).cnot([1, 0]).cnot([1, 2]).cnot([2, 1]).build(Probabilities((1, 2, 0)))
    rng = np.random.default_rng(level)
    for program in (there, random_program(rng, 4, 8, names=["CRX", "CY", "CH", "ECR"], preparation="none")):
        inputs, weights = random_values(rng, program, batch=2)
        angles = slots(program, inputs, weights)
        native = transpile(program, target, level=level)
        assert is_native(native, target)
        assert in_order(native, target)
        expected = EXACT.forward(program, inputs, weights).values_BK
        np.testing.assert_allclose(EXACT.forward(native, angles, NONE).values_BK, expected, atol=1e-9)
        again = transpile(native, target)
        assert [(gate.name, gate.wires) for gate in again.gates] == [(g.name, g.wires) for g in native.gates]


def test_the_order_is_seen():
    one_way = Target("one way", 2, ("RZ", "SX", "CNOT", "CZ"), ((0, 1),), directed=True)
    both = Target("both", 2, one_way.gate_set, ((0, 1),))
    back = Circuit(2).cnot([1, 0]).build()
    assert not in_order(back, one_way)
    assert (is_native(back, one_way), is_native(back, both)) == (False, True)
    assert is_native(Circuit(2).cz([1, 0]).build(), one_way)  # the same gate in both orders
    assert one_way.digest != both.digest
    turned = transpile(back, one_way)
    assert [gate.wires for gate in turned.gates if gate.name == "CNOT"] == [(0, 1)]
    assert transpile(back, both).gates == back.gates


def test_gates_that_see_no_order_have_none():
    target = Target("swaps", 3, ("RX", "RZ", "ISWAP"), ((1, 0), (1, 2)), directed=True)
    native = transpile(Circuit(3).rx(0, 0.3).add("ISWAP", [0, 1]).build(), target)
    assert [gate.name for gate in native.gates if len(gate.wires) > 1] == ["ISWAP"]


def test_a_gate_that_cannot_be_turned_is_refused():
    target = Target("odd", 2, ("RZ", "SX", "CRY"), ((0, 1),), directed=True)
    with pytest.raises(CapabilityError, match=r"odd .* cannot run"):
        transpile(Circuit(2).h(0).cry([1, 0], 0.4).build(), target)


@pytest.mark.parametrize("name", TARGETS)
def test_a_native_program_keeps_its_gates(name):
    target = TARGETS[name]
    native = transpile(angle(4) + sel(4), target)
    there_and_back = Program(
        native.n_qubits, (*native.gates, *native.inverse.gates, *native.gates), native.readout, native.n_inputs
    )
    if not is_native(there_and_back, target):  # the inverse of SX is SXdg
        there_and_back = Program(native.n_qubits, native.gates * 2, native.readout, native.n_inputs)
    before = transpilations()
    again = transpile(there_and_back, target, level=3)
    assert transpilations() == before
    assert [(gate.name, gate.wires) for gate in again.gates] == [(g.name, g.wires) for g in there_and_back.gates]
    values = np.random.default_rng(1).normal(size=(2, native.n_inputs))
    turned = slots(there_and_back, values, NONE)
    assert again.n_inputs == turned.shape[1]
    np.testing.assert_allclose(
        EXACT.forward(again, turned, NONE).values_BK, EXACT.forward(there_and_back, values, NONE).values_BK, atol=1e-9
    )


def test_each_pair_of_program_and_target_is_transpiled_once():
    target = Target("once", 3, ("RZ", "SX", "CNOT"), ((0, 1), (1, 2)))
    program = angle(3) + basic(3, depth=1)
    before = transpilations()
    first = transpile(program, target)
    assert transpile(angle(3) + basic(3, depth=1), target) is first
    assert transpilations() == before + 1
    transpile(program, target, seed=2)
    transpile(program, Target("other", 3, target.gate_set, target.coupling))
    assert transpilations() == before + 3


def test_a_native_program_that_keeps_its_gates_is_not_counted():
    line = Target("line", 2, ("RZ", "CNOT"), ((0, 1),))
    program = Program(2, (Gate("RZ", (0,), (input_slot(0) + 0.123,)), Gate("CNOT", (1, 0))), n_inputs=1)
    before = transpilations()
    assert transpile(program, line) is transpile(program, line)
    assert transpilations() == before


def test_threads_that_ask_at_once_are_one_transpilation():
    line = Target("a line for threads", 3, ("RZ", "SX", "CNOT"), ((0, 1), (1, 2)))
    program, before = angle(3) + sel(3, depth=1), transpilations()
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: transpile(program, line), range(4)))
    assert transpilations() == before + 1
    assert all(one is made[0] for one in made)


def test_names_sort_as_slots_do():
    names = [symbol.name for symbol in symbols(1200)]
    assert names == sorted(names)


def test_many_slots_stay_in_order():
    """More than ten slots: sorted as text without zeros in front, s10 would stand before s2."""
    program = Program(2, tuple(Gate("RY", (n % 2,), (input_slot(n),)) for n in range(24)), n_inputs=24)
    native = transpile(program, Target("two", 2, ("RZ", "SX", "CNOT"), ((0, 1),)))
    values = np.random.default_rng(0).normal(size=(1, 24))
    expected = np.cos([[values[0, ::2].sum(), values[0, 1::2].sum()]])
    np.testing.assert_allclose(EXACT.forward(native, values, NONE).values_BK, expected, atol=1e-9)


@pytest.mark.parametrize(
    "readout", [Probabilities((2, 0)), Expectations((PauliSum(((0.5, ((0, "X"), (2, "Y"))), (2.0, ()))),))]
)
def test_the_readout_goes_where_the_wires_go(readout):
    """A ring on a star moves wires; an unsymmetrical state shows where they went."""
    star = Target("star", 5, ("RZ", "SX", "CNOT"), ((0, 4), (1, 4), (2, 4), (3, 4)))
    circuit = Circuit(3).rx(0, 0.3).ry(1, 1.1).rx(2, 2.0).cnot([0, 1]).cnot([1, 2]).cnot([2, 0])
    program = circuit.build().with_readout(readout)
    expected = EXACT.forward(program, np.zeros((1, 0)), NONE).values_BK
    constants = np.zeros((1, 3))  # not read
    for level in (0, 1, 2, 3):
        native = transpile(program, star, level=level)
        np.testing.assert_allclose(EXACT.forward(native, constants, NONE).values_BK, expected, atol=1e-9)


def test_all_gates_and_pairs_need_no_transpiler():
    program = angle(3) + sel(3)
    before = transpilations()
    assert transpile(program, Target("all", 20)).n_qubits == 3
    assert transpilations() == before


@pytest.mark.parametrize(
    ("program", "target", "words"),
    [
        (angle(6), Target("five", 5), r"five was asked for a Program of 6 qubits; it has 5"),
        (sel(2), Target("turns", 2, ("RX", "RZ")), r"turns .* cannot run .* Take another target"),
        (sel(3), Target("apart", 4, ("RZ", "SX", "CNOT"), ((0, 1), (2, 3))), r"apart .* 2 pairs joined"),
        (sel(2), Target("none", 2, ("RZ", "SX", "CNOT"), ()), r"it joins no two qubits"),
        (amplitude(2), Target("all", 2), r"rotation angles only"),
        (amplitude(2), TARGETS["cnot"], r"rotation angles only"),
    ],
)
def test_refused(program, target, words):
    with pytest.raises(CapabilityError, match=words):
        transpile(program, target)


@pytest.mark.parametrize(
    ("target", "options"),
    [
        (Target("odd", 2, ("RZ", "Magic")), {}),
        (Target("odd", 2, ("RZ", "CNOT"), ((0, 7),)), {}),
        (TARGETS["cnot"], {"seed": 0}),
        (TARGETS["cnot"], {"level": 4}),
    ],
)
def test_bad_words(target, options):
    with pytest.raises(ConfigError):
        transpile(angle(2), target, **options)


def test_merged_rotations_are_refused_or_kept_apart():
    program = Program(1, (Gate("RZ", (0,), (input_slot(0),)), Gate("RZ", (0,), (input_slot(1),))), n_inputs=2)
    for level in (0, 1):
        assert transpile(program, Target("z", 1, ("RZ", "SX"), ()), level=level).n_inputs == 2
