"""The builder, encodings, ansatze, readouts and whole circuits: against PennyLane's templates and by their promises."""

import numpy as np
import pennylane as qp
import pytest

from qml.base.errors import ConfigError, ProgramError
from qml.circuits import (
    ANSATZE,
    CIRCUITS,
    ENCODINGS,
    ENTANGLING,
    INITIALISERS,
    READOUTS,
    Circuit,
    Gate,
    PauliSum,
    Probabilities,
    amplitude,
    angle,
    basic,
    hardware_efficient,
    initialise,
    input_slot,
    iqp,
    mirrored,
    pauli_sum,
    reupload,
    sel,
    tree,
    weight_slot,
    z_each,
)
from qml.circuits.bridges.pennylane import from_pennylane, to_qnode
from qml.circuits.entangling import entangling_pairs
from tests.circuits.matrices import gates_matrix


def test_the_builder_counts_slots_and_blocks():
    circuit = Circuit(3)
    theta, phi = circuit.weights("theta", (2, 2)), circuit.weights("phi", 1)
    circuit.ry(0, circuit.input(4)).crx([0, 2], theta[1, 0] + phi[0]).toffoli([2, 1, 0]).h(1)
    circuit.pauli_rot([0, 2], "XZ", input_slot(6)).unitary(1, [[0, 1], [1, 0]]).add("S", 2)
    program = circuit.build(Probabilities((2,)), name="mine")
    assert (program.n_inputs, program.n_weights, program.n_values) == (7, 5, 2)
    assert [(block.name, block.shape) for block in program.blocks] == [("theta", (2, 2)), ("phi", (1,))]
    assert program.gates[1] == Gate("CRX", (0, 2), (weight_slot(2) + weight_slot(4),))
    assert program.name == "mine"
    assert circuit.build(n_inputs=9).n_inputs == 9


def test_every_method_of_the_builder_adds_its_gate():
    x = input_slot(0)
    circuit = Circuit(3).x(0).y(1).z(2).rx(0, x).rz(1, x).rot(0, x, 1, 2).cz([0, 1]).swap([1, 2]).cry([0, 1], x)
    circuit.crz([0, 1], x).zz([0, 2], x).multi_rz([0, 1, 2], x).cnot((0, 1))
    names = "PauliX PauliY PauliZ RX RZ Rot CZ SWAP CRY CRZ IsingZZ MultiRZ CNOT"
    assert [gate.name for gate in circuit.build().gates] == names.split()
    prepared = Circuit(2).amplitudes(0, [x, 1.0]).state(1, [0, 1j]).build()
    assert [gate.name for gate in prepared.gates] == ["Amplitudes", "State"]


def test_appending_a_program():
    circuit = Circuit(2).h(0).append(angle(2) + basic(2)).append(basic(2))
    assert circuit.build() == Circuit(2).h(0).build() + angle(2) + basic(2) + basic(2)
    with pytest.raises(ProgramError, match="Cannot append 3 qubits"):
        circuit.append(angle(3))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda c: c.add("RQ", 0, 1.0), "Gate 1: gate 'RQ' is not known"),
        (lambda c: c.rx(2, 1.0), r"within 0\.\.1"),
        (lambda c: c.rx(0, "a"), "must be a number"),
        (lambda c: c.weights("theta", 3), "there already"),
        (lambda c: c.input(-1), "count from 0"),
    ],
)
def test_the_builder_refuses_at_once(make, message):
    circuit = Circuit(2).h(0)
    circuit.weights("theta", 2)
    with pytest.raises(ProgramError, match=message):
        make(circuit)


@pytest.mark.parametrize("n_qubits", [1, 2, 3, 5])
@pytest.mark.parametrize("depth", [1, 3])
def test_ansatze_are_pennylanes_templates(n_qubits, depth):
    wires = range(n_qubits)

    def basic_template(weights):
        qp.BasicEntanglerLayers(weights, wires=wires)
        return [qp.expval(qp.Z(wire)) for wire in wires]

    def sel_template(weights):
        qp.StronglyEntanglingLayers(weights, wires=wires)
        return [qp.expval(qp.Z(wire)) for wire in wires]

    assert from_pennylane(basic_template, {"weights": (depth, n_qubits)}) == basic(n_qubits, depth)
    shape = qp.StronglyEntanglingLayers.shape(n_layers=depth, n_wires=n_qubits)
    assert from_pennylane(sel_template, {"weights": shape}) == sel(n_qubits, depth)


@pytest.mark.parametrize("axis", ["X", "Y", "Z"])
def test_encodings_are_pennylanes_templates(axis):
    def angle_template(inputs):
        qp.AngleEmbedding(inputs, wires=range(3), rotation=axis)
        return [qp.expval(qp.Z(wire)) for wire in range(3)]

    def iqp_template(inputs):
        qp.IQPEmbedding(inputs, wires=range(3), n_repeats=2)
        return [qp.expval(qp.Z(wire)) for wire in range(3)]

    def amplitude_template(inputs):
        qp.AmplitudeEmbedding(inputs, wires=range(3), normalize=True)
        return [qp.expval(qp.Z(wire)) for wire in range(3)]

    assert from_pennylane(angle_template, n_inputs=3) == angle(3, axis=axis)
    assert from_pennylane(iqp_template, n_inputs=3) == iqp(3, repeats=2)
    assert from_pennylane(amplitude_template, n_inputs=8) == amplitude(3)


def test_reupload_spreads_many_inputs_and_repeats_few():
    program = reupload(n_inputs=20, n_qubits=6, depth=2)
    data = [gate for gate in program.gates if any(angle.inputs for angle in gate.angles)]
    assert len(data) == 40
    assert {i for gate in data[:20] for a in gate.angles for i in a.inputs} == set(range(20))
    assert len({gate.angles[0].weights for gate in data}) == 40
    assert max(gate.wires[0] for gate in data) == 5
    few = reupload(4, n_inputs=3)
    assert [gate.angles[0].inputs for gate in few.gates[:4]] == [(0,), (1,), (2,), (0,)]
    assert [block.role for block in few.blocks] == ["scale", "angle"]
    fixed = reupload(4, trainable=False, axis="X")
    assert [block.name for block in fixed.blocks] == ["weights"]
    assert fixed.gates[0] == Gate("RX", (0,), (input_slot(0),))


def test_entangling_maps():
    assert entangling_pairs(4, "linear") == [(0, 1), (1, 2), (2, 3)]
    assert entangling_pairs(4, "ring")[-1] == (3, 0)
    assert entangling_pairs(2, "ring") == [(0, 1)]
    assert len(entangling_pairs(5, "full")) == 10
    assert entangling_pairs(5, "pairs") == [(0, 1), (2, 3), (1, 2), (3, 4)]
    for name in ENTANGLING:
        assert entangling_pairs(1, name) == []
    with pytest.raises(ConfigError, match="Did you mean 'linear'"):
        hardware_efficient(3, entangle="liner")
    for bad in ([(0, 3)], [(1, 1)], [(0, 1, 2)]):
        with pytest.raises(ProgramError, match="entangling pair"):
            hardware_efficient(3, entangle=bad)


def test_hardware_efficient_choices():
    program = hardware_efficient(3, 2, rotations="XZ", entangle=[(2, 0)], gate="CNOT")
    assert program.blocks[0].shape == (3, 3, 2)
    assert [gate.wires for gate in program.gates if gate.name == "CNOT"] == [(2, 0)] * 2
    assert program.gates[-1] == Gate("RZ", (2,), (weight_slot(17),))
    for options in ({"rotations": ""}, {"rotations": "Q"}, {"gate": "RX"}, {"depth": 0}):
        with pytest.raises(ProgramError):
            hardware_efficient(3, **options)


@pytest.mark.parametrize("n_qubits", [2, 3, 4, 7, 8])
def test_tree_joins_every_wire_to_the_root(n_qubits):
    program = tree(n_qubits)
    seen = {wire: {wire} for wire in range(n_qubits)}
    for gate in program.gates:
        if gate.name == "CNOT":
            first, second = gate.wires
            seen[second] |= seen[first]
    assert seen[n_qubits - 1] == set(range(n_qubits))
    assert program.n_weights == 2 * (n_qubits - 1)
    with pytest.raises(ProgramError, match="2 or more"):
        tree(1)


def test_sel_ranges():
    assert [gate.wires for gate in sel(4, 1, ranges=[3]).gates[4:]] == [(0, 3), (1, 0), (2, 1), (3, 2)]
    for ranges in ([4], [0], [1, 1]):
        with pytest.raises(ProgramError, match="needs 1 ranges"):
            sel(4, 1, ranges=ranges)


def test_readouts():
    assert READOUTS["z"](3) == z_each(range(3))
    assert READOUTS["probabilities"](3, wires=[2, 0]) == Probabilities((2, 0))
    assert READOUTS["zz"](3).n_values == 6
    assert READOUTS["xyz"](2).n_values == 6
    assert READOUTS["mean_z"](4).observables[0].terms[0][0] == 0.25
    chosen = READOUTS["pauli"](3, sums=["Z0 Z1 - 0.5*X2", "2 I + .5e-1 Y1"]).observables
    assert chosen[0] == PauliSum(((1.0, ((0, "Z"), (1, "Z"))), (-0.5, ((2, "X"),))))
    assert chosen[1] == PauliSum(((2.0, ()), (0.05, ((1, "Y"),))))
    for observable in chosen:
        assert pauli_sum(str(observable)) == observable


@pytest.mark.parametrize("text", ["", "Z", "Q0", "Z0 X", "Z0 - ", "Z0 2", "Z0 + + Z1", "0.5.5 Z0", "Z0 Z0"])
def test_pauli_sums_that_cannot_be_read(text):
    with pytest.raises(ProgramError):
        pauli_sum(text)


@pytest.mark.parametrize("name", CIRCUITS)
def test_whole_circuits(name):
    for n_qubits, depth in ((2, 1), (5, 3)):
        program = CIRCUITS[name](n_qubits, depth)
        assert program.n_qubits == n_qubits
        assert program.n_values == n_qubits
        assert program.n_inputs >= n_qubits
        used = {i for gate in program.gates for a in gate.angles for i in a.weights}
        assert used == set(range(program.n_weights))
        assert program.name == name
    assert CIRCUITS[name](3, 1, readout="probabilities").n_values == 8
    assert CIRCUITS[name](3, 1, readout=z_each([1])).n_values == 1


def test_registered_names():
    assert set(CIRCUITS) >= {"angle", "iqp", "reupload", "sel", "tree", "basic", "hardware_efficient"}
    assert set(ENCODINGS) == {"angle", "amplitude", "iqp", "reupload"}
    assert set(ANSATZE) == {"basic", "sel", "hardware_efficient", "tree"}
    with pytest.raises(ConfigError, match="Did you mean 'sel'"):
        CIRCUITS["sell"](4, 2)


def test_the_angle_circuit_uploads_before_every_layer():
    program = CIRCUITS["angle"](3, 2)
    joined = angle(3) + sel(3, ranges=[1]) + angle(3) + sel(3, ranges=[2])
    assert program.gates == joined.gates
    assert [block.shape for block in program.blocks] == [(2, 3, 3)]


def test_initialisations_are_functions_of_the_seed():
    program = CIRCUITS["sel"](4, 2, mirrored=True)
    for how in INITIALISERS:
        first, again, other = (initialise(program, how, seed) for seed in (1, 1, 2))
        assert first.shape == (program.n_weights,)
        assert first.dtype == np.float64
        np.testing.assert_array_equal(first, again)
        assert not np.array_equal(first, other)
    uniform, small = initialise(sel(8, 8)), initialise(sel(8, 8), "small_angle")
    assert 0 <= uniform.min() < 0.3
    assert 6.0 < uniform.max() < 2 * np.pi
    assert small.std() == pytest.approx(0.1, rel=0.2)
    assert initialise(angle(2)).shape == (0,)
    assert initialise(angle(2), "identity_block").shape == (0,)


def test_frequencies_start_at_one():
    program = reupload(3, depth=2)
    for how in ("uniform", "small_angle"):
        np.testing.assert_array_equal(initialise(program, how)[:6], np.ones(6))


@pytest.mark.parametrize("make", [basic, sel, hardware_efficient, tree])
def test_identity_blocks_are_the_identity_and_can_leave_it(make):
    program = mirrored(make(3, 2)) + mirrored(make(3, 1))
    assert [block.name for block in program.blocks] == ["weights", "weights_1"]
    weights = initialise(program, "identity_block", seed=3)
    np.testing.assert_allclose(gates_matrix(program.gates, 3, (), weights), np.eye(8), atol=1e-12)
    weights[0] += 0.5
    assert np.abs(gates_matrix(program.gates, 3, (), weights) - np.eye(8)).max() > 0.1
    assert {i for gate in program.gates for a in gate.angles for i in a.weights} == set(range(program.n_weights))


def test_identity_block_keeps_the_values_of_the_encoding():
    program, inputs = CIRCUITS["sel"](3, 2, mirrored=True), np.random.default_rng(0).normal(size=(4, 3))
    values = to_qnode(program)(inputs, initialise(program, "identity_block"))
    np.testing.assert_allclose(values, np.cos(inputs), atol=1e-12)


def test_identity_block_needs_mirrored_blocks():
    with pytest.raises(ProgramError, match="mirrored"):
        initialise(sel(3), "identity_block")
    with pytest.raises(ConfigError, match="Did you mean 'uniform'"):
        initialise(sel(3), "unifrom")


@pytest.mark.parametrize("make", [angle, amplitude, iqp, reupload, basic, sel, hardware_efficient, tree])
def test_a_number_of_qubits_that_is_no_number_is_refused(make):
    for n_qubits in ("4", 4.0, None):
        with pytest.raises(ProgramError, match="n_qubits must be a whole number"):
            make(n_qubits)


def test_a_depth_that_is_no_number_is_refused():
    for make in (sel, tree):
        with pytest.raises(ProgramError, match="depth must be a whole number; got '2'"):
            make(4, "2")
    with pytest.raises(ProgramError, match="depth must be 1 or more; got 0"):
        sel(4, 0)
