"""The bridge to PennyLane: there and back, templates, and refusals."""

from dataclasses import replace

import numpy as np
import pennylane as qp
import pytest
from hypothesis import given, settings

from qml.base.errors import ProgramError
from qml.circuits import Gate, PauliSum, Probabilities, WeightBlock, basic, input_slot, iqp, sel, weight_slot
from qml.circuits.bridges.pennylane import from_pennylane, to_pennylane, to_qnode
from tests.programs import ALL_FEATURES, coverage, programs, random_programs, random_values


def flat(program):
    """The Program with its weights in one block, as a bridge leaves it."""
    blocks = (WeightBlock("weights", (program.n_weights,)),) if program.n_weights else ()
    return replace(program, blocks=blocks)


def back(program):
    shapes = {"weights": (program.n_weights,)} if program.n_weights else {}
    return from_pennylane(to_pennylane(program), shapes, n_inputs=program.n_inputs, n_qubits=program.n_qubits)


def test_there_and_back_is_the_same_program_over_the_whole_table():
    chosen = random_programs(3, 120, max_qubits=5)
    assert ALL_FEATURES - coverage(chosen) == set()
    for program in chosen:
        assert back(program) == flat(program)


@settings(max_examples=30, deadline=None)
@given(programs())
def test_there_and_back_is_the_same_program(program):
    assert back(program) == flat(program)


@pytest.mark.parametrize("interface", ["numpy", "torch", "jax", "autograd"])
def test_qnode_gives_rows_of_values_for_any_batch(interface):
    import jax
    import torch

    make = {"numpy": np.asarray, "torch": torch.tensor, "jax": jax.numpy.asarray, "autograd": qp.numpy.array}[interface]
    program = random_programs(4, 2, max_qubits=2, max_gates=4)[1]
    inputs, weights = random_values(np.random.default_rng(1), program, 3)
    with jax.enable_x64(True):
        for batch in (0, 1, 3):
            values = np.asarray(to_qnode(program, interface)(make(inputs[:batch]), make(weights)))
            assert values.shape == (batch, program.n_values)
            np.testing.assert_allclose(values, to_qnode(program)(inputs, weights)[:batch], atol=1e-12)


def test_templates_and_a_qnode():
    device = qp.device("default.qubit", wires=3)

    @qp.qnode(device)
    def circuit(inputs, weights):
        qp.AngleEmbedding(inputs, wires=range(3), rotation="Y")
        qp.StronglyEntanglingLayers(weights, wires=range(3))
        return [qp.expval(qp.Z(wire)) for wire in range(3)]

    from qml.circuits import angle

    expected = angle(3) + sel(3, depth=2)
    assert from_pennylane(circuit, {"weights": (2, 3, 3)}) == expected


def test_more_templates():
    def circuit(inputs, weights, bias):
        qp.IQPEmbedding(inputs, wires=range(3), n_repeats=2)
        qp.BasicEntanglerLayers(weights, wires=range(3), rotation=qp.RZ)
        qp.RX(2 * inputs[0] * bias + 0.5, wires=1)
        return qp.probs(wires=[2, 0])

    program = from_pennylane(circuit, {"weights": (2, 3), "bias": 1})
    assert program.gates[: len(iqp(3).gates)] == iqp(3).gates
    ansatz = basic(3, 2, axis="Z").gates
    assert program.gates[len(iqp(3).gates) : -1] == ansatz
    assert program.gates[-1] == Gate("RX", (1,), (2 * input_slot(0) * weight_slot(6) + 0.5,))
    assert program.readout == Probabilities((2, 0))
    assert [block.shape for block in program.blocks] == [(2, 3), ()]
    assert program.n_inputs == 3


@pytest.mark.parametrize("template", [qp.AmplitudeEmbedding, qp.StatePrep])
def test_amplitudes_of_the_inputs(template):
    def circuit(inputs):
        template(inputs, wires=[1, 0], normalize=True)
        return qp.expval(qp.Z(0))

    program = from_pennylane(circuit, {})
    assert program.gates == (Gate("Amplitudes", (1, 0), tuple(map(input_slot, range(4)))),)


def test_padded_amplitudes_take_the_most_inputs():
    def circuit(inputs):
        qp.AmplitudeEmbedding(inputs, wires=range(2), pad_with=0.5)
        return qp.expval(qp.Z(0))

    assert from_pennylane(circuit).n_inputs == 4
    assert from_pennylane(circuit, n_inputs=3).gates[0].angles[3].constant == 0.5


def numeric(function, inputs, *weights, n_qubits):
    """The value of a PennyLane function by PennyLane alone."""
    node = qp.QNode(function, qp.device("default.qubit", wires=n_qubits))
    return np.stack([np.asarray(node(row, *weights)).ravel() for row in inputs])


def test_operations_outside_the_table_are_taken_apart():
    def circuit(inputs, weights):
        qp.BasisState(np.array([1, 0, 1]), wires=[0, 1, 2])
        qp.QFT(wires=range(3))
        qp.adjoint(qp.RX(inputs[0], wires=0))
        qp.ctrl(qp.RX(weights[0] - 0.5 * inputs[1], wires=2), control=[0, 1])
        qp.ctrl(qp.Rot(inputs[0], weights[0], 0.3, wires=3), control=[0, 1], control_values=[0, 1])
        qp.DoubleExcitation(weights[1] * inputs[0], wires=[0, 1, 2, 3])
        qp.MultiControlledX(wires=[0, 1, 2, 3], control_values=[1, 0, 1])
        qp.pow(qp.T(1), 3)
        qp.ctrl(qp.Hadamard(1), control=3)
        qp.QubitUnitary(np.array([[0, 1j], [1j, 0]]), wires=2)
        qp.GroverOperator(wires=range(3))
        qp.DiagonalQubitUnitary(np.exp(1j * np.arange(4)), wires=[1, 2])
        qp.ApproxTimeEvolution(qp.X(0) @ qp.Z(1) + 0.5 * qp.Y(2), weights[0], 1)
        return qp.expval(qp.Z(0)), qp.expval(qp.X(1) @ qp.Y(2) - 0.3 * qp.Z(3))

    program = from_pennylane(circuit, {"weights": 2})
    assert (program.n_inputs, program.n_weights, program.n_qubits) == (2, 2, 4)
    rng = np.random.default_rng(0)
    inputs, weights = rng.normal(size=(3, 2)), rng.normal(size=2)
    expected = numeric(circuit, inputs, weights, n_qubits=4)
    np.testing.assert_allclose(to_qnode(program)(inputs, weights), expected, atol=1e-10)


def test_hermitian_and_projector_observables():
    def circuit(inputs):
        qp.RY(inputs[0], wires=0)
        qp.CNOT(wires=[0, 1])
        matrix = np.array([[1, 0.5j], [-0.5j, 2]])
        return qp.expval(qp.Hermitian(matrix, wires=1)), qp.expval(qp.Projector([0, 1], wires=[0, 1]))

    program = from_pennylane(circuit)
    inputs = np.array([[0.3], [1.2]])
    np.testing.assert_allclose(to_qnode(program)(inputs, np.zeros(0)), numeric(circuit, inputs, n_qubits=2), atol=1e-12)


def test_linear_algebra_on_traced_arrays():
    def circuit(inputs, weights):
        mixed = np.array([[1.0, 2.0], [0.5, -1.0]]) @ inputs + weights
        mixed = qp.math.stack([mixed[1], mixed[0] / 2, qp.math.sum(inputs**2)])
        for wire, value in enumerate(mixed):
            qp.RX(value, wires=wire)
        qp.RY(np.array(0.5) * inputs[0] * np.pi, wires=0)
        return qp.expval(qp.sum(qp.Z(0), qp.Z(1)))

    program = from_pennylane(circuit, {"weights": (2,)}, n_inputs=2)
    x0, x1, w0, w1 = input_slot(0), input_slot(1), weight_slot(0), weight_slot(1)
    wanted = [0.5 * x0 - x1 + w1, 0.5 * x0 + x1 + 0.5 * w0, x0 * x0 + x1 * x1, 0.5 * np.pi * x0]
    assert [gate.angles[0] for gate in program.gates] == wanted
    assert program.readout.observables == (PauliSum(((1.0, ((0, "Z"),)), (1.0, ((1, "Z"),)))),)


def test_any_number_of_batch_dimensions_is_written_with_an_ellipsis():
    def circuit(inputs):
        qp.RX(inputs[..., 1], wires=0)
        return qp.expval(qp.Z(0))

    program = from_pennylane(circuit)
    assert program.gates[0].angles[0] == input_slot(1)
    assert program.n_inputs == 2


def test_functions_that_index_a_batch():
    def circuit(inputs, weights):
        qp.RX(inputs[:, 1] * weights[0], wires=0)
        qp.AngleEmbedding(inputs, wires=range(2))
        return qp.expval(qp.Z(0))

    def amplitudes(inputs):
        qp.AmplitudeEmbedding(inputs[:, :2], wires=0, normalize=True)
        return qp.expval(qp.Z(0))

    program = from_pennylane(circuit, {"weights": (1,)})
    assert program.n_inputs == 2
    assert program.gates[0].angles[0] == input_slot(1) * weight_slot(0)
    assert from_pennylane(amplitudes).gates[0].angles == (input_slot(0), input_slot(1))


def test_tape_with_and_without_weights():
    tape = qp.tape.QuantumScript(
        [qp.RX(0.1, 0), qp.CRY(0.2, [0, 1]), qp.Rot(0.3, 0.4, 0.5, 1)], [qp.expval(qp.Z(0))], trainable_params=[1, 3]
    )
    constant = from_pennylane(tape)
    assert constant.n_weights == 0
    assert constant.gates[1].angles[0].constant == 0.2
    trained = from_pennylane(tape, {"weights": 2})
    assert [a.weights for gate in trained.gates for a in gate.angles] == [(), (0,), (), (1,), ()]
    with pytest.raises(ProgramError, match="2 trainable parameters"):
        from_pennylane(tape, {"weights": 3})


def test_labels_of_wires():
    def circuit():
        qp.CNOT(wires=["b", "a"])
        return qp.expval(qp.Z("a"))

    assert from_pennylane(circuit).gates[0].wires == (0, 1)
    node = qp.QNode(circuit, qp.device("default.qubit", wires=["a", "b", "c"]))
    program = from_pennylane(node)
    assert (program.gates[0].wires, program.n_qubits) == ((1, 0), 3)


def nonlinear(inputs):
    qp.RX(np.sin(inputs[0]), wires=0)
    return qp.expval(qp.Z(0))


def branching(inputs):
    if inputs[0] > 0:
        qp.RX(inputs[0], wires=0)
    return qp.expval(qp.Z(0))


def dividing(inputs):
    qp.RX(1 / inputs[0], wires=0)
    return qp.expval(qp.Z(0))


def converting(inputs):
    import math

    qp.RX(math.sin(inputs[0]), wires=0)
    return qp.expval(qp.Z(0))


def using_torch(inputs):
    import torch

    qp.RX(torch.sin(inputs[0]), wires=0)
    return qp.expval(qp.Z(0))


def nonlinear_gate(inputs):
    qp.QubitUnitary(np.array([[1, 0], [0, 1]]) * inputs[0], wires=0)
    return qp.expval(qp.Z(0))


def not_normalised(inputs):
    qp.StatePrep(inputs, wires=0)
    return qp.expval(qp.Z(0))


def variance(inputs):
    qp.RX(inputs[0], wires=0)
    return qp.var(qp.Z(0))


def two_kinds(inputs):
    return qp.expval(qp.Z(0)), qp.probs(wires=0)


def measuring(inputs):
    qp.measure(0)
    qp.RX(inputs[0], wires=0)
    return qp.expval(qp.Z(0))


def late(inputs):
    qp.RX(inputs[0], wires=0)
    qp.BasisState([1], wires=0)
    return qp.expval(qp.Z(0))


def nothing(inputs):
    qp.RX(inputs[0], wires=0)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (nonlinear, "'sin'"),
        (branching, "'greater'"),
        (dividing, "'divide'"),
        (converting, "'float'"),
        (using_torch, "angles in place of numbers"),
        (nonlinear_gate, "QubitUnitary"),
        (not_normalised, "normalize=True"),
        (variance, "VarianceMP"),
        (two_kinds, "single qp.probs"),
        (measuring, "middle of the circuit"),
        (late, "earlier gates"),
        (nothing, "must return"),
    ],
)
def test_what_a_program_cannot_hold_is_refused(function, message):
    with pytest.raises(ProgramError, match=message):
        from_pennylane(function, n_inputs=2)


def test_arguments_are_checked():
    def circuit(inputs, theta):
        qp.RX(theta[0], wires=0)
        return qp.expval(qp.Z(0))

    with pytest.raises(ProgramError, match=r"Give shapes for \['theta'\]"):
        from_pennylane(circuit, {}, n_inputs=1)
    with pytest.raises(ProgramError, match="must be called `inputs`; rename `x`"):
        from_pennylane(lambda x, weights: None, {"weights": 2})
    with pytest.raises(ProgramError, match=r"Leave out \['phi'\]"):
        from_pennylane(circuit, {"theta": 2, "phi": 3}, n_inputs=1)
    with pytest.raises(ProgramError, match="takes a function"):
        from_pennylane(3)


def test_a_length_that_cannot_be_found_out_is_asked_for():
    def circuit(inputs):
        for wire in range(len(inputs)):
            qp.RX(inputs[wire], wires=wire)
        return qp.expval(qp.Z(0))

    with pytest.raises(ProgramError, match="Pass n_inputs"):
        from_pennylane(circuit)
    assert from_pennylane(circuit, n_inputs=3).n_qubits == 3
    node = qp.QNode(circuit, qp.device("default.qubit", wires=4))
    assert from_pennylane(node).n_inputs == 4


def test_transforms_on_a_qnode_are_refused():
    node = qp.QNode(nonlinear, qp.device("default.qubit", wires=1))
    with pytest.raises(ProgramError, match="merge_rotations"):
        from_pennylane(qp.transforms.merge_rotations(node))
