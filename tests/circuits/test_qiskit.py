"""The bridge to Qiskit: there and back, every standard gate, random circuits, OpenQASM, and refusals."""

from dataclasses import replace
from importlib.util import find_spec

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit import QuantumCircuit
from qiskit.circuit import Gate as QiskitGate
from qiskit.circuit import Parameter, ParameterVector
from qiskit.circuit import library as standard
from qiskit.circuit.annotated_operation import AnnotatedOperation, ControlModifier
from qiskit.circuit.random import random_circuit
from qiskit.quantum_info import Operator, Pauli, SparseObservable, SparsePauliOp, Statevector, random_clifford

from qml.base.errors import ProgramError
from qml.circuits import GATES, Circuit, Gate, Probabilities, Program, WeightBlock, basic, input_slot, sel, weight_slot
from qml.circuits.bridges.qiskit import from_openqasm, from_qiskit, to_openqasm, to_qiskit
from qml.circuits.bridges.qiskit_gates import ALIKE, COMPOSED
from qml.engine import reference
from tests.circuits.matrices import gates_matrix
from tests.programs import ALL_FEATURES, coverage, programs, random_programs, random_values

pytestmark = pytest.mark.filterwarnings("ignore::scipy.sparse.SparseEfficiencyWarning")  # Qiskit's own matrices

UNLIKE = {*COMPOSED, "MultiRZ"}  # rows that come back as other rows, as `to_qiskit` says


def matrix_of(circuit):
    """Qiskit's own matrix, qubit 0 most significant."""
    return Operator(circuit.reverse_bits()).data


def bound(converted, inputs, weights):
    """The circuit with numbers."""
    values = dict(zip(converted.inputs, inputs, strict=True)) | dict(zip(converted.weights, weights, strict=True))
    used = set(converted.circuit.parameters)
    return converted.circuit.assign_parameters({p: v for p, v in values.items() if p in used})


def prepares_data(program):
    return any(gate.name == "Amplitudes" and any(angle.terms for angle in gate.angles) for gate in program.gates)


def faithful(program):
    """Whether the way back gives the very same Program."""
    identities = [gate for gate in program.gates if gate.name == "PauliRot" and set(gate.word) == {"I"}]
    return not identities and not UNLIKE & {gate.name for gate in program.gates}


def flat(program):
    blocks = (WeightBlock("weights", (program.n_weights,)),) if program.n_weights else ()
    return replace(program, blocks=blocks)


def check_there_and_back(program):
    inputs, weights = random_values(np.random.default_rng(1), program, 1)
    converted = to_qiskit(program)
    circuit, x, w, observables = converted
    expected = reference.state(program, inputs[0], weights)
    state = Statevector(bound(converted, inputs[0], weights).reverse_bits()).data
    np.testing.assert_allclose(state, expected, atol=1e-12)  # the global phase included
    back = from_qiskit(circuit, x, w, observables=observables)
    np.testing.assert_allclose(reference.state(back, inputs[0], weights), expected, atol=1e-12)
    values = reference.values(program, inputs, weights)
    np.testing.assert_allclose(reference.values(back, inputs, weights), values, atol=1e-12)
    if faithful(program) and not any(gate.name == "Amplitudes" for gate in program.gates):
        assert back.gates == program.gates
        if not isinstance(program.readout, Probabilities):
            assert back == flat(program)


def test_there_and_back_over_the_whole_table():
    chosen = [program for program in random_programs(3, 120, max_qubits=4) if not prepares_data(program)]
    assert ALL_FEATURES - coverage(chosen) <= {"Amplitudes"}
    assert sum(map(faithful, chosen)) > 10
    for program in chosen:
        check_there_and_back(program)


@settings(max_examples=20, deadline=None)
@given(programs(max_qubits=3, preparation="none"))
def test_there_and_back(program):
    check_there_and_back(program)


@pytest.mark.parametrize("name", sorted({*ALIKE, *COMPOSED}))
def test_each_row_has_the_matrix_of_its_qiskit_gates(name):
    row = GATES[name]
    wires = tuple(np.random.default_rng(0).permutation(row.n_wires).tolist())
    gate = Gate(name, wires, tuple(np.linspace(0.3, 1.7, row.n_angles)))
    circuit = to_qiskit(Program(row.n_wires, (gate,))).circuit
    np.testing.assert_allclose(matrix_of(circuit), gates_matrix((gate,), row.n_wires), atol=1e-12)


def test_the_comparison_can_fail():
    program = Program(2, (Gate("CRX", (0, 1), (0.4,)),))
    turned = Program(2, (Gate("CRX", (1, 0), (0.4,)),))
    assert np.abs(matrix_of(to_qiskit(program).circuit) - gates_matrix(turned.gates, 2)).max() > 0.1


@pytest.mark.parametrize("name", sorted(standard.get_standard_gate_name_mapping()))
def test_every_standard_gate_of_qiskit(name):
    kind = standard.get_standard_gate_name_mapping()[name]
    if name in ("measure", "reset", "delay"):
        return
    symbols = [Parameter(f"p{n}") for n in range(len(kind.params))]
    circuit = QuantumCircuit(kind.num_qubits + 1)
    circuit.append(kind.base_class(*symbols), list(range(kind.num_qubits, 0, -1)))
    values = np.linspace(0.4, 2.1, len(symbols))
    program = from_qiskit(circuit, weight_params=symbols)
    matrix = matrix_of(circuit.assign_parameters(dict(zip(symbols, values, strict=True))))
    np.testing.assert_allclose(gates_matrix(program.gates, program.n_qubits, (), values), matrix, atol=1e-12)


@pytest.mark.parametrize("seed", range(12))
def test_random_circuits(seed):
    circuit = random_circuit(1 + seed % 5, 8, max_operands=4, seed=seed)
    program = from_qiskit(circuit)
    np.testing.assert_allclose(gates_matrix(program.gates, program.n_qubits), matrix_of(circuit), atol=1e-9)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_random_symbolic_circuits(seed):
    rng = np.random.default_rng(seed)
    x, w = ParameterVector("x", 2), ParameterVector("w", 2)
    circuit = QuantumCircuit(4, global_phase=x[0] * w[1] + 0.2)
    kinds = list(standard.get_standard_gate_name_mapping().values())
    chosen = [kinds[n] for n in rng.permutation(len(kinds)) if kinds[n].name not in ("measure", "reset", "delay")]
    for kind in chosen[:12]:
        angles = [random_expression(rng, [*x, *w]) for _ in kind.params]
        circuit.append(kind.base_class(*angles), rng.permutation(4)[: kind.num_qubits].tolist())
    program = from_qiskit(circuit, x, w)
    inputs, weights = rng.normal(size=2), rng.normal(size=2)
    values = dict(zip([*x, *w], [*inputs, *weights], strict=True))
    matrix = matrix_of(circuit.assign_parameters({p: values[p] for p in circuit.parameters}))
    np.testing.assert_allclose(gates_matrix(program.gates, 4, inputs, weights), matrix, atol=1e-11)


def random_expression(rng, symbols):
    a, b, c = (symbols[n] for n in rng.integers(len(symbols), size=3))
    forms = [a, 2.5 * a - 1, a + b * 0.3, -a * b, (1.5 - a) * (b + 2), a**2 * c / 4, (a - b) ** 3, 0.7]
    return forms[rng.integers(len(forms))]


def wide_gates():
    """Circuits of what is no standard gate, each with the parameter `a` or none."""
    a = Parameter("a")
    yield "custom", [(custom_gate(a), [2, 0])], True
    yield "open control", [(standard.RXGate(a).control(2, ctrl_state=1, annotated=False), [0, 2, 1])], True
    yield "annotated", [(AnnotatedOperation(standard.RYGate(a), ControlModifier(1)), [2, 0])], True
    yield "evolution of one word", [(evolution(["XYZ"], [0.7], a), [1, 2, 0])], True
    yield "evolution of commuting words", [(evolution(["XXI", "YYI", "IZZ"], [0.7, 0.1, 0], a), [1, 2, 0])], True
    yield "evolution with the identity", [(evolution(["II", "XY"], [0.7, 0.1], a), [2, 0])], True
    yield "evolution of the identity", [(evolution(["II"], [0.7], a), [2, 0])], True
    yield "clifford", [(random_clifford(3, seed=5), [2, 0, 1])], False
    yield "permutation", [(standard.PermutationGate([2, 0, 1]), [0, 1, 2])], False
    yield "unitary", [(standard.UnitaryGate(Operator(random_clifford(3, seed=7)).data), [2, 0, 1])], False
    yield "several controls", [(standard.MCXGate(2), [2, 0, 1]), (standard.MCPhaseGate(a, 2), [1, 2, 0])], True
    yield "fourier", [(standard.QFTGate(3), [0, 1, 2])], False
    yield "words", [(standard.PauliGate("XZY"), [2, 1, 0])], False
    yield "diagonal", [(standard.DiagonalGate([1, 1j, -1, -1j]), [2, 0])], False


def custom_gate(parameter):
    inside = QuantumCircuit(2, name="h", global_phase=parameter / 3)  # a name that says nothing
    inside.rx(2 * parameter, 0)
    inside.cx(0, 1)
    return inside.to_gate()


def evolution(labels, coefficients, time):
    return standard.PauliEvolutionGate(SparsePauliOp(labels, coefficients), time=time)


@pytest.mark.parametrize(("placed", "symbolic"), [item[1:] for item in wide_gates()], ids=[i[0] for i in wide_gates()])
def test_what_is_no_standard_gate(placed, symbolic):
    circuit = QuantumCircuit(3)
    for operation, qubits in placed:
        circuit.append(operation, qubits)
    assert bool(circuit.parameters) == symbolic
    program = from_qiskit(circuit, circuit.parameters)
    matrix = matrix_of(circuit.assign_parameters([0.37] if symbolic else []))
    np.testing.assert_allclose(gates_matrix(program.gates, 3, [0.37]), matrix, atol=1e-9)


def test_expressions_are_taken_apart():
    a, b, c = map(Parameter, "abc")
    slots = {a: input_slot(0), b: input_slot(1), c: weight_slot(0)}
    x, y, w = slots.values()
    cases = {
        a * 2 - b / 4 + 1: 2 * x - y / 4 + 1,
        (np.pi - a) * (np.pi - b): (np.pi - x) * (np.pi - y),
        (a + b * c) ** 3: (x + y * w) ** 3,
        -(a**2) * c + a * b - a * b: -1 * x**2 * w,
        a * 0 + 1: 1.0 + 0 * x,
    }
    for expression, expected in cases.items():
        circuit = QuantumCircuit(1)
        circuit.rz(expression, 0)
        found = from_qiskit(circuit, [a, b], [c]).gates[0].angles[0]
        assert [term.slots for term in found.terms] == [term.slots for term in expected.terms]
        ours = [found.constant, *(term.coefficient for term in found.terms)]
        theirs = [expected.constant, *(term.coefficient for term in expected.terms)]
        np.testing.assert_allclose(ours, theirs, rtol=1e-14)


def test_vectors_keep_their_order():
    x, w = ParameterVector("x", 12), ParameterVector("w", 11)
    circuit = QuantumCircuit(12)
    for n in range(12):
        circuit.rx(x[n], n)
    for n in range(11):
        circuit.ry(w[n], n)
    program = from_qiskit(circuit, x, w)
    assert [gate.angles[0].inputs for gate in program.gates[:12]] == [(n,) for n in range(12)]
    assert [gate.angles[0].weights for gate in program.gates[12:]] == [(n,) for n in range(11)]
    assert (program.n_inputs, program.n_weights) == (12, 11)


def test_library_circuits_and_observables_have_qiskit_values():
    features, ansatz = standard.zz_feature_map(3), standard.real_amplitudes(3, reps=1)
    circuit = features.compose(ansatz)
    circuit.barrier()
    circuit.delay(10, 0)
    observables = [
        "ZIX",
        Pauli("XYI"),
        SparsePauliOp(["IZZ", "XII", "III"], [0.5, -1.0, 2.0]),
        SparseObservable("0+r"),
        {"01I": 2.0, "ZZZ": 1.0},
        Operator(SparsePauliOp(["XIZ", "IYI"], [1.0, 3.0])),
    ]
    program = from_qiskit(circuit, features.parameters, ansatz.parameters, observables=observables)
    inputs, weights = random_values(np.random.default_rng(2), program, 2)
    values = reference.values(program, inputs, weights)
    for row in range(2):
        values_of = dict(zip([*features.parameters, *ansatz.parameters], [*inputs[row], *weights], strict=True))
        state = Statevector(circuit.assign_parameters(values_of))
        dense = [SparsePauliOp("ZIX"), SparsePauliOp("XYI"), observables[2], projector("0+r"), None, observables[5]]
        dense[4] = 2.0 * projector("01I") + SparsePauliOp("ZZZ")
        expected = [state.expectation_value(observable).real for observable in dense]
        np.testing.assert_allclose(values[row], expected, atol=1e-12)


def projector(label):
    return SparsePauliOp.from_sparse_observable(SparseObservable(label))


def test_global_phase_is_kept_and_costs_no_rotation():
    circuit = QuantumCircuit(1, global_phase=0.3 + Parameter("a"))
    circuit.h(0)
    program = from_qiskit(circuit, circuit.parameters)
    assert program.gates[-1] == Gate("PauliRot", (0,), (-2 * input_slot(0) - 0.6,), "I")
    matrix = gates_matrix(program.gates, 1, [0.5])
    np.testing.assert_allclose(matrix, matrix_of(circuit.assign_parameters([0.5])), atol=1e-15)
    assert from_qiskit(QuantumCircuit(1, global_phase=2 * np.pi)).gates == ()


def test_states_are_prepared_in_their_bit_order():
    amplitudes = np.array([0.1, 0.5j, 0.3, -0.8]) / np.linalg.norm([0.1, 0.5, 0.3, 0.8])
    for prepare in (standard.StatePreparation, standard.Initialize):
        circuit = QuantumCircuit(3)
        circuit.append(prepare(list(amplitudes)), [2, 0])
        circuit.ry(0.3, 0)
        program = from_qiskit(circuit)
        assert program.gates[0].name == "State"
        expected = Statevector(circuit.reverse_bits()).data
        np.testing.assert_allclose(reference.state(program, np.zeros(0), np.zeros(0)), expected, atol=1e-12)
    later = QuantumCircuit(1)
    later.h(0)
    later.append(standard.StatePreparation([0.6, 0.8]), [0])  # a unitary like any other
    np.testing.assert_allclose(
        reference.state(from_qiskit(later), np.zeros(0), np.zeros(0)), Statevector(later).data, atol=1e-12
    )


def test_measurements_at_the_end_are_dropped():
    circuit = QuantumCircuit(2, 2)
    circuit.reset(0)
    circuit.h(0)
    circuit.measure(0, 0)
    circuit.x(1)
    circuit.barrier()
    circuit.measure(1, 1)
    assert [gate.name for gate in from_qiskit(circuit).gates] == ["Hadamard", "PauliX"]


def refusals():
    a, b = Parameter("a"), Parameter("b")
    middle = QuantumCircuit(1, 1)
    middle.measure(0, 0)
    middle.h(0)
    again = QuantumCircuit(1)
    again.h(0)
    again.reset(0)
    branch = QuantumCircuit(1, 1)
    with branch.if_test((branch.clbits[0], 1)):
        branch.x(0)
    opaque = QuantumCircuit(2)
    opaque.append(QiskitGate("teleporter", 2, []), [0, 1])
    yield "measurement", middle, [], r"'h' on qubit 0 follows a measurement of qubit 0.*Move the measurement"
    yield "reset", again, [], r"'reset' on qubit 0 follows other gates"
    yield "branch", branch, [], r"'if_else' on qubit 0 branches"
    yield "unknown", opaque, [], r"'teleporter' on qubits 0, 1 \(Gate\) is an unknown instruction"
    for expression, message in (
        (a.sin() + b, r"'rx' on qubit 0 turns by .*sin\(a\)"),
        (a / b, "sums of products"),
        (a.sign(), "sums of products"),
        (a.abs(), "sums of products"),
        (a**9, "powers up to 8"),
        (a**b, "sums of products"),
        (1j * a, "complex"),
    ):
        circuit = QuantumCircuit(1)
        circuit.rx(expression, 0)
        yield str(expression), circuit, [a, b], message
    unbound = QuantumCircuit(2)
    unbound.rxx(a + b, 0, 1)
    yield (
        "unbound",
        unbound,
        [a],
        r"'rxx' on qubits 0, 1 turns by a \+ b.*'b' is neither an input nor a weight \(known: a\)",
    )
    yield "another of that name", unbound, [a, Parameter("b")], r"Qiskit tells parameters of one name apart"
    yield "twice", unbound, [a, a, b], "'a' is named twice"
    yield "a name", unbound, ["a", "b"], r"input_params\[0\] is 'a'"
    yield "no list", unbound, a, "must be a list of parameters"


@pytest.mark.parametrize(("circuit", "inputs", "message"), [r[1:] for r in refusals()], ids=[r[0] for r in refusals()])
def test_refusals_name_what_is_wrong(circuit, inputs, message):
    with pytest.raises(ProgramError, match=message):
        from_qiskit(circuit, inputs)


def test_refused_observables_and_programs():
    circuit = QuantumCircuit(2)
    for observable, message in (
        ("ZZZ", "acts on 3 qubits and the circuit has 2"),
        (SparsePauliOp(["ZZ"], [1j]), "real coefficients"),
        ("QQ", "has no Pauli form"),
        (object(), "it must be a label"),
    ):
        with pytest.raises(ProgramError, match=message):
            from_qiskit(circuit, observables=[observable])
    with pytest.raises(ProgramError, match=r"takes a qiskit.QuantumCircuit; got str"):
        from_qiskit("h q[0];")
    data = Program(1, (Gate("Amplitudes", (0,), (input_slot(0), input_slot(1))),), n_inputs=2)
    with pytest.raises(ProgramError, match="depend on inputs or weights"):
        to_qiskit(data)
    with pytest.raises(ProgramError, match="Measure the circuit with a sampler"):
        to_qiskit(Program(9, readout=Probabilities(tuple(range(9)))))


def test_openqasm_2_there_and_back():
    program = (
        Circuit(3).rx(0, 0.3).add("ECR", [0, 2]).add("PauliRot", [0, 1, 2], 0.4, word="XYZ").add("CRZ", [1, 0], -0.2)
    ).build()
    text = to_openqasm(program, version=2)
    back = from_openqasm(text)
    ours, theirs = gates_matrix(program.gates, 3), gates_matrix(back.gates, 3)
    assert abs(abs(np.vdot(ours, theirs)) / 8 - 1) < 1e-12
    inputs, weights = np.linspace(0, 1, 2), np.linspace(-1, 1, 6)
    numbers = from_openqasm(to_openqasm(sel(2), version=2, weights=weights, inputs=[]))
    expected = np.abs(reference.state(sel(2), np.zeros(0), weights))
    np.testing.assert_allclose(np.abs(reference.state(numbers, np.zeros(0), np.zeros(0))), expected, atol=1e-9)
    with pytest.raises(ProgramError, match="OpenQASM 2 has no parameters"):
        to_openqasm(sel(2), version=2)
    with pytest.raises(ProgramError, match="Got 2 weights; this Program has 6"):
        to_openqasm(sel(2), weights=inputs)


def test_openqasm_refusals():
    with pytest.raises(ProgramError, match="begins with"):
        from_openqasm("qreg q[2];")
    with pytest.raises(ProgramError, match="cannot be read"):
        from_openqasm("OPENQASM 2.0; qreg q[2]; nonsense q[0];")
    with pytest.raises(ProgramError, match="versions 2 and 3"):
        to_openqasm(sel(2), version=4)


@pytest.mark.skipif(find_spec("qiskit_qasm3_import") is None, reason="reading OpenQASM 3 needs qiskit-qasm3-import")
def test_openqasm_3_keeps_slots_in_order():
    program = replace(basic(12, depth=1), n_inputs=11)
    program = replace(program, gates=(*program.gates, Gate("RX", (0,), (2 * input_slot(10) * weight_slot(3),))))
    back = from_openqasm(to_openqasm(program))
    assert sorted(back.gates, key=str) == sorted(program.gates, key=str)  # Qiskit orders gates on other wires anew
    assert (back.n_inputs, back.n_weights) == (11, 12)
    inputs, weights = random_values(np.random.default_rng(0), program, 1)
    expected = reference.state(program, inputs[0], weights)
    np.testing.assert_allclose(reference.state(back, inputs[0], weights), expected, atol=1e-12)
    start = 'OPENQASM 3.0; include "stdgates.inc"; '
    named = start + "input float[64] alpha; input float[64] beta; qubit[1] q; rx(2*alpha) q[0];"
    found = from_openqasm(named, ["alpha"], ["beta"])
    assert found.gates == (Gate("RX", (0,), (2 * input_slot(0),)),)
    assert found.n_weights == 1
    with pytest.raises(ProgramError, match="does not declare"):
        from_openqasm(named, ["gamma"])
    for broken in ("qubit[1] q; nonsense q[0];", "qubit[1 q"):
        with pytest.raises(ProgramError, match="OpenQASM 3 text cannot be read"):
            from_openqasm(start + broken)
