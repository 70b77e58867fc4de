"""Aer against the reference: values, shots, machines, matrix product states, and what it refuses."""

import numpy as np
import pytest
from qiskit.circuit import ParameterExpression
from qiskit_aer import AerSimulator

from qml.backends.aer import METHODS, AerBackend, circuits
from qml.backends.aer import backend as module
from qml.backends.aer.backend import GATES
from qml.backends.backend import Target
from qml.backends.reference import ReferenceBackend, ReferenceExecutor
from qml.backends.shifts import ShiftedExecutor
from qml.backends.transpiling import transpilations, transpile
from qml.base.errors import CapabilityError, ConfigError, JobError
from qml.circuits import Circuit, Expectations, PauliSum, Probabilities, Program, angle, basic, input_slot, sel, z_each
from qml.circuits.bridges.qiskit_gates import ALIKE
from qml.circuits.bridges.qiskit_outcomes import bits_from_qiskit, table_from_qiskit
from qml.circuits.gate import Gate
from qml.circuits.gates import GATES as TABLE
from qml.circuits.gates import PREPARATIONS
from qml.circuits.slots import slots
from tests.programs import random_program, random_values

REFERENCE = ReferenceBackend()
LINE = Target("line", 5, ("RZ", "SX", "PauliX", "CNOT"), ((0, 1), (1, 2), (2, 3), (3, 4)))
NONE = np.zeros(0)


def case(seed, n_gates=8, **options):
    rng = np.random.default_rng(seed)
    program = random_program(rng, n_qubits=4, n_gates=n_gates, **options)
    return program, slots(program, *random_values(rng, program, batch=3))


@pytest.mark.parametrize("method", METHODS)
def test_exact_values_are_those_of_the_reference(method):
    for seed in range(4):
        program, turns = case(seed, preparation=("none", "State")[seed % 2])
        expected = REFERENCE.run(program, turns, shots=None, seed=None).values_RK
        found = AerBackend(method).run(program, turns, shots=None, seed=None)
        np.testing.assert_allclose(found.values_RK, expected, atol=1e-9)
        assert found.variance_RK is None


@pytest.mark.parametrize("name", METHODS)
def test_the_gates_of_a_method_are_what_aer_runs(name):
    runs = set(AerSimulator(method=name).configuration().basis_gates)
    named = {row: kind(*[0.0] * (TABLE[row].n_angles or 0)).name for row, kind in ALIKE.items()}
    assert set(GATES[name]) == {row for row, known in named.items() if known in runs}


def test_a_machine_is_transpiled_for_once_and_only_its_active_qubits_are_simulated():
    wide = Target("wide", 90, LINE.gate_set, tuple((n, n + 1) for n in range(89)))
    backend = AerBackend(machine=wide)
    program = angle(3) + basic(3, depth=1)
    turns = np.random.default_rng(1).normal(size=(4, len(slots(program, np.zeros((1, 3)), np.zeros(3))[0])))
    before = transpilations()
    for _ in range(3):
        found = backend.run(program, turns, shots=None, seed=None).values_RK
    assert transpilations() == before + 1
    np.testing.assert_allclose(found, REFERENCE.run(program, turns, shots=None, seed=None).values_RK, atol=1e-9)


def test_one_run_for_all_bindings_and_settings(monkeypatch):
    """One call of Aer with parameters, whatever the number of rows."""
    calls = []
    run = AerSimulator.run

    def counted(self, circuits, *arguments, **options):
        calls.append(len(circuits))
        return run(self, circuits, *arguments, **options)

    monkeypatch.setattr(AerSimulator, "run", counted)
    readout = Expectations((PauliSum(((1.0, ((0, "X"),)),)), PauliSum(((1.0, ((0, "Z"),)),))))
    program = (angle(2) + sel(2)).with_readout(readout)
    turns = np.random.default_rng(0).normal(size=(50, 8))
    AerBackend().run(program, turns, shots=20, seed=1)
    AerBackend().run(program, turns, shots=None, seed=None)
    assert calls == [2, 1]


def test_shots_lie_within_their_variance_in_every_basis():
    word = Expectations((PauliSum(((0.5, ((0, "X"), (2, "Y"))), (1.0, ((1, "Z"),)), (2.0, ()))),))
    for readout in (word, Probabilities((2, 0)), z_each(range(3))):
        program = (angle(3) + sel(3)).with_readout(readout)
        turns = np.random.default_rng(3).normal(size=(3, 12))
        found = AerBackend().run(program, turns, shots=20_000, seed=4)
        exact = REFERENCE.run(program, turns, shots=None, seed=None).values_RK
        assert (np.abs(found.values_RK - exact) < 5 * np.sqrt(found.variance_RK) + 1e-4).all()
        assert all((part.shots_R == 20_000).all() for part in found.counts)


def test_no_bindings_are_no_values():
    for readout in (Probabilities((2, 0)), z_each(range(3))):
        program = (angle(3) + sel(3, depth=1)).with_readout(readout)
        for shots in (None, 10):
            found = AerBackend().run(program, np.zeros((0, 12)), shots=shots, seed=1)
            assert found.values_RK.shape == (0, program.n_values)


def test_bits_stand_in_the_order_of_wires():
    """Qiskit's order is turned round in the bridge alone: an X on wire 0 of three is 100."""
    program = Circuit(3).x(0).build(Probabilities((0, 1, 2)))
    for shots in (None, 10):
        found = AerBackend().run(program, np.zeros((2, 0)), shots=shots, seed=1).values_RK
        np.testing.assert_allclose(found, np.tile(np.eye(8)[0b100], (2, 1)))
    assert bits_from_qiskit([0b001, 1 << 70], 71)[:, [0, 70]].tolist() == [[1, 0], [0, 1]]
    assert table_from_qiskit(np.arange(8)[None]).tolist() == [[0, 4, 2, 6, 1, 5, 3, 7]]


def test_idle_qubits_change_nothing():
    """Where Aer leaves idle qubits out by itself, expectations on some of the others are wrong without a word."""
    program = Circuit(4).x(2).y(3).build(z_each([2, 3, 0]))
    for method in METHODS:
        found = AerBackend(method).run(program, np.zeros((2, 0)), shots=None, seed=None).values_RK
        np.testing.assert_allclose(found, [[-1, -1, 1]] * 2, atol=1e-12)


@pytest.mark.parametrize(
    "name",
    [
        "RX",
        "RY",
        "RZ",
        "PhaseShift",
        "U1",
        "U2",
        "U3",
        "IsingXX",
        "IsingYY",
        "IsingZZ",
        "ControlledPhaseShift",
        "CRX",
        "CRY",
        "CRZ",
    ],
)
def test_parameters_are_bound_rightly_in_every_gate(name):
    """Aer binds those of cp, crx, cry and crz wrongly, without a word: their circuits are handed over with numbers."""
    n_wires, n_angles = TABLE[name].n_wires, TABLE[name].n_angles
    native = Circuit(2).h(0).h(1).build(Probabilities((0, 1)))
    angles = tuple(0.5 * input_slot(n) + 0.1 for n in range(n_angles))
    turn = Gate(name, tuple(range(n_wires)), angles)
    last = (Gate("Hadamard", (0,)), Gate("RX", (1,), (0.4,)))
    program = Program(2, (*native.gates, turn, *last), native.readout, n_angles)
    inputs = np.random.default_rng(2).normal(size=(3, n_angles))
    found = run_circuit(program, inputs)
    np.testing.assert_allclose(found, ReferenceExecutor().forward(program, inputs, NONE).values_BK, atol=1e-9)


SEVERAL_WIRES = [
    name for name, row in TABLE.items() if row.n_wires != 1 and row.n_angles != 0 and name not in PREPARATIONS
]


def statevector(program, inputs_D):
    """Its final state by the matrices of the gate table, one row, written out with nothing of a simulator."""
    state = np.eye(1, 2**program.n_qubits)[0].reshape([2] * program.n_qubits).astype(complex)
    for gate in program.gates:
        values = [inputs_D[angle.inputs[0]] if angle.inputs else angle.constant for angle in gate.angles]
        matrix, k = TABLE[gate.name].matrix(gate, np.array(values)), len(gate.wires)
        state = np.tensordot(matrix.reshape([2] * 2 * k), state, axes=(range(k, 2 * k), gate.wires))
        state = np.moveaxis(state, range(k), gate.wires)
    return state.ravel()


def turned(name):
    """A gate by inputs between states that show every phase of it, and what it takes."""
    row = TABLE[name]
    n_angles = 1 if row.n_angles is None else row.n_angles
    angles = tuple(input_slot(n) for n in range(n_angles))
    wires = tuple(range(row.n_wires or 3))
    gate = Gate(name, wires[::-1], angles, word="XZY" if name == "PauliRot" else "")
    first = [Gate("RY", (wire,), (0.4 + 0.3 * wire,)) for wire in wires]
    last = [Gate("RX", (wire,), (1.1 - 0.2 * wire,)) for wire in wires]
    return Program(len(wires), (*first, gate, *last), Probabilities(wires), n_angles)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", SEVERAL_WIRES)
def test_gates_on_several_wires_turn_by_their_angles(name, method, monkeypatch):
    """And no gate whose parameters Aer binds wrongly is ever handed to it with parameters."""
    program, inputs = turned(name), np.random.default_rng(3).normal(size=(2, turned(name).n_inputs))
    seen = []
    run = AerSimulator.run

    def spied(self, circuits, **options):
        parts = [each.operation for one in circuits for each in one.data]
        seen.extend(one.name for one in parts if any(isinstance(p, ParameterExpression) for p in one.params))
        return run(self, circuits, **options)

    monkeypatch.setattr(AerSimulator, "run", spied)
    found = AerBackend(method).run(program, slots(program, inputs, NONE), shots=None, seed=None).values_RK
    expected = [np.abs(statevector(program, row)) ** 2 for row in inputs]
    assert seen  # one run for all rows, with parameters
    np.testing.assert_allclose(found, expected, atol=1e-7 if method == "matrix_product_state" else 1e-12)
    assert not {"cp", "crx", "cry", "crz"} & {*seen}


@pytest.mark.parametrize("name", ["CRX", "CRY", "CRZ", "ControlledPhaseShift"])
def test_the_comparison_sees_what_aer_makes_of_parameters(name, monkeypatch):
    monkeypatch.setattr(circuits, "BOUND_BY_AER", circuits.BOUND_BY_AER | {"cp", "crx", "cry", "crz"})
    program, inputs = turned(name), np.array([[0.7], [-1.9]])
    expected = [np.abs(statevector(program, row)) ** 2 for row in inputs]
    assert np.abs(run_circuit(program, inputs) - expected).max() > 1e-3


def run_circuit(program, inputs):
    """As the machine hands a native Program over, whatever its gates."""
    simulator = module._simulator(AerBackend(), tuple(range(program.n_qubits)))
    result = module._run(simulator, [circuits.saving(program)], inputs)
    return table_from_qiskit(np.array([data[circuits.TABLE] for data in module._each(result)]))


def test_more_than_ten_slots_are_bound_in_their_order():
    program = Circuit(2)
    for n in range(24):
        program.ry(n % 2, program.input(n))
    turns = np.random.default_rng(0).normal(size=(2, 24))
    expected = np.cos(np.stack([turns[:, ::2].sum(1), turns[:, 1::2].sum(1)], axis=1))
    for machine in (None, LINE):
        found = AerBackend(machine=machine).run(program.build(), turns, shots=None, seed=None).values_RK
        np.testing.assert_allclose(found, expected, atol=1e-9)


def test_constants_and_identities():
    fixed = Circuit(1).ry(0, 0.3).build(Expectations((PauliSum(((2.0, ()),)), PauliSum(((1.0, ((0, "Z"),)),)))))
    found = AerBackend().run(fixed, np.zeros((3, 1)), shots=None, seed=None).values_RK
    np.testing.assert_allclose(found, [[2.0, np.cos(0.3)]] * 3, atol=1e-12)
    drawn = AerBackend().run(fixed, np.zeros((40, 1)), shots=100, seed=3)
    assert len(np.unique(drawn.values_RK[:, 1])) > 3  # rows of equal circuits are draws of their own
    assert (drawn.values_RK[:, 0] == 2).all()
    only = fixed.with_readout(Expectations((PauliSum(((2.0, ()),)),)))
    assert AerBackend().run(only, np.zeros((2, 1)), shots=5, seed=1).values_RK.tolist() == [[2.0], [2.0]]


def test_fifty_qubits_by_matrix_product_states(caplog):
    caplog.set_level("WARNING", "qml")
    ladder = Circuit(50)
    for wire in range(49):
        ladder.cnot([wire, wire + 1])
    program = angle(50) + ladder.build()
    turns = np.random.default_rng(1).uniform(-0.6, 0.6, size=(2, 50))
    backend = AerBackend("matrix_product_state")
    found = backend.run(program.with_readout(z_each([0, 24, 49])), turns, shots=None, seed=None).values_RK
    expected = np.stack([np.cos(turns[:, : wire + 1]).prod(axis=1) for wire in (0, 24, 49)], axis=1)
    np.testing.assert_allclose(found, expected, atol=1e-9)
    drawn = backend.run(program, turns[:1], shots=30, seed=2)
    assert drawn.counts[0].bits_NM.shape[1] == 50
    assert not caplog.records


def test_gates_between_far_wires_are_warned_of_once(caplog):
    caplog.set_level("WARNING", "qml")
    program = Circuit(4).ry(0, 0.3).cnot([0, 3]).build()
    for _ in range(2):
        AerBackend("matrix_product_state").run(program, np.zeros((1, 1)), shots=None, seed=None)
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "CNOT on wires (0, 3)" in caplog.text


def test_a_bond_dimension_cuts():
    program = angle(6) + sel(6, depth=3)
    turns = np.random.default_rng(2).normal(size=(1, 60))
    exact = AerBackend().run(program, turns, shots=None, seed=None).values_RK
    for bond, near in ((1, False), (8, True)):
        found = AerBackend("matrix_product_state", max_bond=bond).run(program, turns, shots=None, seed=None).values_RK
        assert np.allclose(found, exact, atol=1e-8) is near


def test_single_precision():
    program, turns = case(3, readout="z_each")
    found = AerBackend(precision="single").run(program, turns, shots=None, seed=None).values_RK
    exact = AerBackend().run(program, turns, shots=None, seed=None).values_RK
    assert 0 < np.abs(found - exact).max() < 1e-5


def test_gradients_through_the_shift_rule():
    program = angle(2) + basic(2, depth=1)
    inputs, weights = np.array([[0.3, -0.4], [1.0, 0.2]]), np.array([0.5, 0.6])
    cotangent = np.ones((2, 2))
    found = ShiftedExecutor(AerBackend(machine=LINE)).vjp(program, inputs, weights, cotangent)
    expected = ShiftedExecutor(REFERENCE).vjp(program, inputs, weights, cotangent)
    np.testing.assert_allclose(found.inputs_BD, expected.inputs_BD, atol=1e-9)
    np.testing.assert_allclose(found.weights, expected.weights, atol=1e-9)


def test_targets_tell_what_answers_depend_on():
    digests = {
        AerBackend(*options).target.digest
        for options in ((), ("density_matrix",), ("matrix_product_state",), (None, "CPU", None, LINE))
    }
    digests.add(AerBackend(precision="single").target.digest)
    assert len(digests) == 5
    assert AerBackend().target == AerBackend().target
    assert AerBackend(machine=LINE).target.coupling == LINE.coupling


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"method": "automatic"}, "Known: density_matrix, matrix_product_state, statevector"),
        ({"method": "matrix_product"}, "Did you mean 'matrix_product_state'"),
        ({"device": "TPU"}, "CPU, GPU"),
        ({"precision": "half"}, "double"),
        ({"max_bond": 0}, "max_bond=0; give a whole number of at least 1"),
        ({"truncation": 1.0}, "truncation"),
    ],
)
def test_bad_words(options, words):
    with pytest.raises(ConfigError, match=words):
        AerBackend(**options)


def test_what_cannot_run(monkeypatch):
    turns = np.zeros((1, 0))
    with pytest.raises(CapabilityError, match="this Aer has CPU"):
        AerBackend(device="GPU").run(Program(1), turns, shots=None, seed=None)
    with pytest.raises(CapabilityError, match="31 qubits; it has 30"):
        AerBackend().run(Program(31), turns, shots=None, seed=None)
    many = Target("many", 60)
    with pytest.raises(CapabilityError, match="60 active qubits by statevector"):
        AerBackend(machine=many).run(Program(60), turns, shots=None, seed=None)
    monkeypatch.setenv("QML_MEMORY_GIB", "0.001")
    with pytest.raises(CapabilityError, match="of memory"):
        AerBackend().run(Program(20), turns, shots=None, seed=None)


def test_a_failure_of_aer_is_told(monkeypatch):
    class Failed:
        success, status, results = False, "ERROR", []

        def result(self):
            return self

    monkeypatch.setattr(module.AerSimulator, "run", lambda *arguments, **options: Failed())
    with pytest.raises(JobError, match="Aer failed: ERROR"):
        AerBackend().run(angle(1), np.zeros((1, 1)), shots=None, seed=None)


def test_a_native_program_is_run_gate_by_gate(monkeypatch):
    """Folded gates that undo each other are not cancelled."""
    native = transpile(angle(2) + basic(2, depth=1), LINE)
    folded = Program(native.n_qubits, native.gates * 3, native.readout, native.n_inputs)
    seen = []
    run = AerSimulator.run

    def noted(self, circuits, *arguments, **options):
        seen.append(circuits[0].count_ops())
        return run(self, circuits, *arguments, **options)

    monkeypatch.setattr(AerSimulator, "run", noted)
    turns = slots(folded, np.random.default_rng(0).normal(size=(2, native.n_inputs)), NONE)
    found = AerBackend(machine=LINE).run(folded, turns, shots=None, seed=None).values_RK
    assert seen[0]["cx"] == 3 * sum(gate.name == "CNOT" for gate in native.gates)
    np.testing.assert_allclose(found, REFERENCE.run(folded, turns, shots=None, seed=None).values_RK, atol=1e-9)
