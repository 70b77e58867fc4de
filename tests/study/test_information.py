"""Fisher information and Jacobians against PennyLane, finite differences and closed forms."""

import numpy as np
import pennylane as qp
import pytest

from qml.base.errors import ConfigError, ShapeError
from qml.circuits import Circuit, Gate, Program, amplitude, angle, input_slot, sel, weight_slot
from qml.circuits.readouts import READOUTS
from qml.engine import reference
from qml.study import fisher_information, jacobian, natural_gradient, quantum_fisher
from tests.programs import random_programs, random_values
from tests.study.oracle import operations

TURNING = ("RX", "RY", "RZ", "PhaseShift", "IsingXX", "IsingZZ", "IsingYY", "CRX", "CRY", "CRZ", "PauliRot", "MultiRZ")
STILL = ("Hadamard", "CNOT", "S", "T", "CZ", "SX", "Toffoli", "ISWAP")


def single_parameter_program(seed: int, n_qubits: int = 3, n_weights: int = 6) -> Program:
    """Gates that PennyLane's metric tensors take: each weight turns one gate."""
    rng = np.random.default_rng(seed)
    widths = {"CNOT": 2, "CZ": 2, "ISWAP": 2, "Toffoli": 3, "PauliRot": 2, "MultiRZ": 3}
    widths |= {name: 2 for name in TURNING if name.startswith(("Ising", "CR"))}
    gates = [Gate("RY", (wire,), (input_slot(wire),)) for wire in range(n_qubits)]
    for number in range(n_weights):
        for name in (str(rng.choice(STILL)), str(rng.choice(TURNING))):
            wires = tuple(map(int, rng.permutation(n_qubits)[: widths.get(name, 1)]))
            turning = name in TURNING
            word = "".join(rng.choice(list("XYZ"), 2)) if name == "PauliRot" else ""
            gates.append(Gate(name, wires, (weight_slot(number),) if turning else (), word))
    return Program(n_qubits, tuple(gates), n_inputs=n_qubits, n_weights=n_weights)


def pennylane_node(program: Program, inputs_D, measure):
    @qp.qnode(
        qp.device("default.qubit", wires=program.n_qubits + 1), interface="autograd", diff_method="parameter-shift"
    )
    def node(weights):
        for gate in operations(program, inputs_D, weights):
            qp.apply(gate)
        return measure()

    return node


@pytest.mark.parametrize("seed", range(6))
def test_quantum_fisher_is_pennylanes(seed):
    program = single_parameter_program(seed)
    inputs, weights = random_values(np.random.default_rng(seed), program, 2)
    found = quantum_fisher(program, inputs, weights)
    for row, matrix in zip(inputs, found, strict=True):
        node = pennylane_node(program, row, lambda: qp.expval(qp.Z(0)))
        trained = qp.numpy.array(weights, requires_grad=True)
        np.testing.assert_allclose(matrix, 4 * qp.adjoint_metric_tensor(node)(trained), atol=1e-8)
        if seed < 2:
            np.testing.assert_allclose(matrix, qp.gradients.quantum_fisher(node)(trained), atol=1e-8)
        assert np.abs(matrix - 4 * qp.adjoint_metric_tensor(node)(trained + 0.01)).max() > 1e-5


@pytest.mark.parametrize("seed", range(4))
def test_classical_fisher_is_pennylanes(seed):
    program = single_parameter_program(seed + 20)
    inputs, weights = random_values(np.random.default_rng(seed), program, 1)
    trained = qp.numpy.array(weights, requires_grad=True)
    node = pennylane_node(program, inputs[0], lambda: qp.probs(wires=[0, 1, 2]))
    found = fisher_information(program, inputs, weights)
    np.testing.assert_allclose(found[0], qp.gradients.classical_fisher(node)(trained), atol=1e-8)
    np.testing.assert_allclose(fisher_information(program, inputs, weights, wires=[1, 0, 2]), found, atol=1e-12)
    part = pennylane_node(program, inputs[0], lambda: qp.probs(wires=[2, 0]))  # classical_fisher reads all wires
    slopes, chances = qp.jacobian(part)(trained), part(trained)
    found = fisher_information(program, inputs, weights, wires=[2, 0])[0]
    np.testing.assert_allclose(found, np.einsum("oi,oj,o->ij", slopes, slopes, 1 / chances), atol=1e-8)


def fidelity_curvature(program: Program, inputs_D, weights_P) -> np.ndarray:
    """`-2` times the second derivative of the fidelity with a moved state, by inputs and weights."""
    slots = np.concatenate([inputs_D, weights_P])
    size, step = len(slots), 2e-3

    def state(moved):
        return reference.state(program, moved[: program.n_inputs], moved[program.n_inputs :])

    here, result = state(slots), np.zeros((size, size))
    stencil = ((-2, 1 / 12), (-1, -8 / 12), (1, 8 / 12), (2, -1 / 12))
    for i in range(size):
        for j in range(i + 1):
            for a, left in stencil:
                for b, right in stencil:
                    moved = slots.copy()
                    moved[i] += a * step
                    moved[j] += b * step
                    result[i, j] += left * right / step**2 * abs(np.vdot(here, state(moved))) ** 2
            result[j, i] = result[i, j]
    return -2 * result


@pytest.mark.parametrize("number", range(0, 60, 6))
def test_quantum_fisher_is_the_curvature_of_the_fidelity(number):
    program = random_programs(seed=3, count=60, max_qubits=3, max_gates=8)[number]
    inputs, weights = random_values(np.random.default_rng(number), program, 1)
    found = quantum_fisher(program, inputs, weights, by="both")[0]
    wanted = fidelity_curvature(program, inputs[0], weights)
    np.testing.assert_allclose(found, wanted, atol=2e-6 * max(1, np.abs(wanted).max()))
    n_inputs = program.n_inputs
    np.testing.assert_allclose(quantum_fisher(program, inputs, weights)[0], found[n_inputs:, n_inputs:], atol=1e-12)
    by_inputs = quantum_fisher(program, inputs, weights, by="inputs")[0]
    np.testing.assert_allclose(by_inputs, found[:n_inputs, :n_inputs], atol=1e-12)


def test_fisher_of_one_qubit_in_closed_form():
    circuit = Circuit(1)
    theta = circuit.weights("theta", 2)
    program = circuit.ry(0, theta[0]).rz(0, theta[1]).build()
    weights = np.array([[0.7, 0.3], [2.0, -1.0]])
    quantum = quantum_fisher(program, np.zeros((2, 0)), weights)
    np.testing.assert_allclose(quantum, [np.diag([1, np.sin(t) ** 2]) for t in weights[:, 0]], atol=1e-14)
    classical = fisher_information(program, np.zeros((2, 0)), weights)
    np.testing.assert_allclose(classical, [np.diag([1, 0])] * 2, atol=1e-14)


def test_classical_information_is_at_most_the_quantum():
    program = angle(3) + sel(3, depth=2)
    inputs, weights = random_values(np.random.default_rng(5), program, 6)
    gap = quantum_fisher(program, inputs, weights) - fisher_information(program, inputs, weights)
    assert np.linalg.eigvalsh(gap).min() > -1e-12


def test_blocks_and_executors_do_not_show(monkeypatch):
    program = angle(3) + sel(3, depth=2)
    inputs, weights = random_values(np.random.default_rng(6), program, 9)
    whole = quantum_fisher(program, inputs, weights)
    np.testing.assert_allclose(quantum_fisher(program, inputs, weights, executor="reference"), whole, atol=1e-12)
    monkeypatch.setattr("qml.study.rows.WORK_BYTES", 1)
    np.testing.assert_allclose(quantum_fisher(program, inputs, weights), whole, atol=1e-13)
    rows = np.repeat(weights[None], 9, axis=0)
    np.testing.assert_allclose(quantum_fisher(program, inputs, rows), whole, atol=1e-13)


def test_amplitudes_that_are_data():
    program = amplitude(2) + sel(2, depth=1)
    inputs, weights = random_values(np.random.default_rng(7), program, 1)
    found = quantum_fisher(program, inputs, weights, by="inputs")[0]
    np.testing.assert_allclose(found @ inputs[0], 0, atol=1e-12)  # a state does not know its length
    np.testing.assert_allclose(found, fidelity_curvature(program, inputs[0], weights)[:4, :4], atol=1e-6)


def test_natural_gradient():
    rng = np.random.default_rng(8)
    half = rng.normal(size=(4, 4))
    fisher, gradient = half @ half.T, rng.normal(size=4)
    np.testing.assert_allclose(
        natural_gradient(gradient, fisher, damping=0.1), np.linalg.solve(fisher + 0.1 * np.eye(4), gradient)
    )
    singular = half[:, :2] @ half[:, :2].T
    np.testing.assert_allclose(natural_gradient(gradient, singular, damping=0.0), np.linalg.pinv(singular) @ gradient)
    assert not natural_gradient(gradient, np.zeros((4, 4)), damping=0.0).any()
    with pytest.raises(ConfigError, match="damping"):
        natural_gradient(gradient, fisher, damping=-1.0)
    with pytest.raises(ShapeError, match="natural_gradient"):
        natural_gradient(gradient, fisher[:3])


def test_it_is_pennylanes_natural_step():
    program = single_parameter_program(3)
    inputs, weights = random_values(np.random.default_rng(3), program, 1)
    node = pennylane_node(program, inputs[0], lambda: qp.expval(qp.Z(0)))
    metric_of = qp.adjoint_metric_tensor(node)
    metric = metric_of(qp.numpy.array(weights, requires_grad=True)) + 0.01 * np.eye(6)
    optimiser = qp.QNGOptimizer(stepsize=0.1)
    moved = optimiser.step(node, qp.numpy.array(weights, requires_grad=True), metric_tensor_fn=lambda w: metric)
    gradient = jacobian(program, inputs, weights).weights_BKP[0, 0]
    metric = quantum_fisher(program, inputs, weights)[0] / 4
    np.testing.assert_allclose(weights - 0.1 * natural_gradient(gradient, metric, damping=0.01), moved, atol=1e-8)


# ------------------------------------------------------------------------------------------------ Jacobians


@pytest.mark.parametrize("number", range(0, 60, 5))
def test_a_jacobian_is_the_gradients_of_all_values(number):
    program = random_programs(seed=9, count=60, max_qubits=4)[number]
    inputs, weights = random_values(np.random.default_rng(number), program, 3, row_weights=number % 2 == 0)
    found = jacobian(program, inputs, weights)
    rows = np.broadcast_to(weights, (3, program.n_weights))
    for value in range(program.n_values):
        picked = np.zeros((3, program.n_values))
        picked[:, value] = 1
        wanted = reference.gradients(program, inputs, rows, picked)
        np.testing.assert_allclose(found.inputs_BKD[:, value], wanted.inputs_BD, atol=1e-10)
        np.testing.assert_allclose(found.weights_BKP[:, value], wanted.weights, atol=1e-10)


def test_a_jacobian_is_pennylanes():
    program = single_parameter_program(1)
    inputs, weights = random_values(np.random.default_rng(1), program, 1)
    node = pennylane_node(program, inputs[0], lambda: qp.probs(wires=[0, 1, 2]))
    wanted = qp.jacobian(node)(qp.numpy.array(weights, requires_grad=True))
    program = program.with_readout(READOUTS["probabilities"](3))
    np.testing.assert_allclose(jacobian(program, inputs, weights).weights_BKP[0], wanted, atol=1e-10)


def test_a_jacobian_in_blocks(monkeypatch):
    program = angle(3) + sel(3, depth=2)
    inputs, weights = random_values(np.random.default_rng(6), program, 9)
    whole = jacobian(program, inputs, weights)
    monkeypatch.setattr("qml.study.rows.WORK_BYTES", 1)
    np.testing.assert_allclose(jacobian(program, inputs, weights).weights_BKP, whole.weights_BKP, atol=1e-14)
    assert jacobian(program, inputs[:0], weights).inputs_BKD.shape == (0, 3, 3)


def test_wrong_words_are_told():
    with pytest.raises(ConfigError, match="'weights', 'inputs' or 'both'; got 'slots'"):
        quantum_fisher(angle(2), np.zeros((1, 2)), by="slots")
    with pytest.raises(ShapeError, match="Wires"):
        fisher_information(angle(2), np.zeros((1, 2)), by="inputs", wires=[0, 2])
    with pytest.raises(ShapeError, match="jacobian got inputs"):
        jacobian(angle(2), np.zeros((1, 3)))
