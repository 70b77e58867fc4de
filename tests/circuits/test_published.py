"""The study's circuits against PennyLane, written out as the study defines them, at random weights and rows."""

import numpy as np
import pennylane as qp
import pytest

from qml.backends import executor_named
from qml.circuits import published
from qml.circuits.published import overlap
from qml.circuits.resources import resources

RNG = np.random.default_rng(7)
ROWS = 3


def ours(program, rows, weights, executor="engine_cpu"):
    return executor_named(executor).forward(program, rows, weights).values_BK


def theirs(n_qubits, circuit, rows):
    """Values `(B, K)` of a PennyLane function of one row."""
    node = qp.QNode(circuit, qp.device("default.qubit", wires=n_qubits))
    return np.array([np.ravel(node(row)) for row in rows])


def drawn(program, n_features):
    return RNG.uniform(-1.5, 1.5, (ROWS, n_features)), RNG.uniform(0, 2 * np.pi, program.n_weights)


def z(wires):
    return [qp.expval(qp.PauliZ(wire)) for wire in wires]


@pytest.mark.parametrize(("n_features", "depth", "n_read"), [(4, 1, 1), (10, 5, 4), (2, 2, 1)])
@pytest.mark.parametrize("separable", [False, True])
def test_reuploading(n_features, depth, n_read, separable):
    n_qubits = -(-n_features // 3)
    program = published.reuploading(n_features, depth, n_read=n_read, separable=separable)
    rows, weights = drawn(program, 3 * n_qubits)
    rows[:, n_features:] = 0.0
    thetas, omegas = weights.reshape(2, depth + 1, n_qubits, 3)

    def circuit(x):
        for layer in range(depth):
            for wire in range(n_qubits):
                part = x[3 * wire : 3 * wire + 3] * omegas[layer, wire]
                if separable:
                    qp.Rot(*(part + thetas[layer, wire]), wires=wire)
                else:
                    qp.Rot(*part, wires=wire)
                    qp.Rot(*thetas[layer, wire], wires=wire)
            for wire in range(layer % 2, n_qubits - 1, 2) if not separable else ():
                qp.CZ([wire, wire + 1])
        for wire in range(n_qubits):
            qp.Rot(*(x[3 * wire : 3 * wire + 3] * omegas[depth, wire] + thetas[depth, wire]), wires=wire)
        return z(range(n_read))

    np.testing.assert_allclose(ours(program, rows, weights), theirs(n_qubits, circuit, rows), atol=1e-10)


@pytest.mark.parametrize("n_qubits", [2, 4])
@pytest.mark.parametrize("separable", [False, True])
def test_dressed(n_qubits, separable):
    program = published.dressed(n_qubits, 3, separable=separable)
    rows, weights = drawn(program, n_qubits)
    ring = [[0, 1]] if n_qubits == 2 else [[i, (i + 1) % n_qubits] for i in range(n_qubits)]

    def circuit(x):
        for wire in range(n_qubits):
            qp.Hadamard(wire)
            qp.RY(x[wire], wires=wire)
        for layer in weights.reshape(3, n_qubits):
            for wire in range(n_qubits):
                qp.RY(layer[wire], wires=wire)
            for pair in ring if not separable else ():
                qp.CNOT(pair)
        return z(range(n_qubits))

    np.testing.assert_allclose(ours(program, rows, weights), theirs(n_qubits, circuit, rows), atol=1e-10)


@pytest.mark.parametrize(("n_features", "copies"), [(10, 2), (4, 3), (3, 1)])
def test_circuit_centric(n_features, copies):
    program = published.circuit_centric(n_features, 2, copies=copies)
    rows, weights = drawn(program, n_features)
    size = 2 ** int(np.ceil(np.log2(n_features)))

    def circuit(x):
        padded = np.concatenate([x, np.full(size - n_features, 1 / size)])
        padded = padded / np.linalg.norm(padded)
        state = padded
        for _ in range(copies - 1):
            state = np.kron(state, padded)
        qp.AmplitudeEmbedding(state, wires=range(program.n_qubits))
        qp.StronglyEntanglingLayers(weights.reshape(2, -1, 3), wires=range(program.n_qubits))
        return z([0])

    np.testing.assert_allclose(ours(program, rows, weights), theirs(program.n_qubits, circuit, rows), atol=1e-10)


@pytest.mark.parametrize("repeats", [1, 3])
@pytest.mark.parametrize("pairs_in", ["every", "first"])
def test_iqp_variational(repeats, pairs_in):
    program = published.iqp_variational(4, 2, repeats=repeats, pairs_in=pairs_in)
    rows, weights = drawn(program, 4)

    def circuit(x):
        for repeat in range(repeats):
            pattern = None if repeat == 0 or pairs_in == "every" else []
            qp.IQPEmbedding(x, wires=range(4), n_repeats=1, pattern=pattern)
        qp.StronglyEntanglingLayers(weights.reshape(2, 4, 3), wires=range(4), imprimitive=qp.CZ)
        return qp.expval(qp.PauliZ(0) @ qp.PauliZ(1))

    np.testing.assert_allclose(ours(program, rows, weights), theirs(4, circuit, rows), atol=1e-10)


def test_pairs_in_the_first_repeat_alone_are_another_circuit():
    every, first = (published.iqp_variational(3, 1, repeats=2, pairs_in=how) for how in ("every", "first"))
    rows, weights = drawn(every, 3)
    assert np.abs(ours(every, rows, weights) - ours(first, rows, weights)).max() > 1e-3


@pytest.mark.parametrize("n_features", [1, 3])
def test_metric_overlap(n_features):
    embedding = published.metric_embedding(n_features, 2)
    program, n_qubits = overlap(embedding), n_features + 1
    pairs, weights = drawn(program, 2 * n_features)
    shaped = weights.reshape(qp.QAOAEmbedding.shape(2, n_qubits))

    def circuit(x):
        first, second = np.split(x, 2)
        qp.QAOAEmbedding(features=first, weights=shaped, wires=range(n_qubits))
        qp.adjoint(qp.QAOAEmbedding)(features=second, weights=shaped, wires=range(n_qubits))
        return qp.probs(range(n_qubits))

    values = ours(program, pairs, weights)
    np.testing.assert_allclose(values, theirs(n_qubits, circuit, pairs), atol=1e-10)
    same = np.concatenate([pairs[:, :n_features], pairs[:, :n_features]], axis=1)
    np.testing.assert_allclose(ours(program, same, weights)[:, 0], 1.0, atol=1e-10)


@pytest.mark.parametrize("n_features", [2, 4, 10])
def test_tree_tensor(n_features):
    program = published.tree_tensor(n_features)
    rows, weights = drawn(program, n_features)
    n_qubits = program.n_qubits
    assert n_qubits == {2: 1, 4: 2, 10: 4}[n_features]
    assert program.n_weights == 2 * n_qubits - 1

    def circuit(x):
        padded = np.concatenate([x, np.full(2**n_qubits - n_features, 1 / 2**n_qubits)])
        qp.AmplitudeEmbedding(padded, wires=range(n_qubits), normalize=True)
        count = 0
        for layer in range(int(np.log2(n_qubits))):
            for wire in range(0, n_qubits, 2**layer):
                qp.RY(weights[count], wires=wire)
                count += 1
            for wire in range(0, n_qubits, 2 ** (layer + 1)):
                qp.CNOT([wire + 2**layer, wire])
        qp.RY(weights[count], wires=0)
        return z([0])

    np.testing.assert_allclose(ours(program, rows, weights), theirs(n_qubits, circuit, rows), atol=1e-10)


def test_separable_variational():
    program = published.separable_variational(3, 2)
    rows, weights = drawn(program, 3)

    def circuit(x):
        for wire, own in enumerate(weights.reshape(3, 3, 3)):
            for layer in range(2):
                qp.Rot(*own[layer], wires=wire)
                qp.RY(x[wire], wires=wire)
            qp.Rot(*own[2], wires=wire)
        return z(range(3))

    expected = theirs(3, circuit, rows).mean(axis=1, keepdims=True)
    np.testing.assert_allclose(ours(program, rows, weights), expected, atol=1e-10)


@pytest.mark.parametrize("move", [(1, 1), (-1, 0), (0, 0)])
def test_shifted_image(move):
    program = published.shifted_image(4, *move)
    rows = RNG.uniform(-1, 1, (ROWS, 16))
    shifts = [np.roll(np.eye(4), step, axis=1) for step in move]  # entry (i, i + step) is one

    def circuit(x):
        qp.AmplitudeEmbedding(x, wires=range(4), normalize=True)
        qp.QubitUnitary(np.kron(*shifts), wires=range(4))
        return [*z([0]), qp.expval(qp.PauliZ(0) @ qp.PauliZ(2)), *z([2])]

    np.testing.assert_allclose(ours(program, rows, np.zeros(0)), theirs(4, circuit, rows), atol=1e-10)


def test_random_filter():
    program = published.random_filter(2)
    bits = RNG.integers(0, 2, (ROWS, 4)).astype(float)
    weights = RNG.uniform(0, 2 * np.pi, program.n_weights)

    def circuit(x):
        for wire in range(4):
            qp.RY(np.pi * x[wire], wires=wire)
        qp.RandomLayers(weights.reshape(10, 20), wires=range(4), seed=42)
        return qp.probs(range(4))

    np.testing.assert_allclose(ours(program, bits, weights), theirs(4, circuit, bits), atol=1e-10)


SEPARABLE = {
    "reuploading": published.reuploading(10, 5, n_read=4, separable=True),
    "dressed": published.dressed(4, 3, separable=True),
    "circuit_centric": published.circuit_centric(10, 3, copies=2, separable=True),
    "iqp_variational": published.iqp_variational(4, 3, repeats=2, separable=True),
    "metric_embedding": published.metric_embedding(4, 3, separable=True),
    "tree_tensor": published.tree_tensor(10, separable=True),
    "random_filter": published.random_filter(2, separable=True),
    "separable_variational": published.separable_variational(4, 3),
}


@pytest.mark.parametrize("name", SEPARABLE)
def test_separable_versions_have_no_gate_on_two_wires(name):
    gates = [gate for gate in SEPARABLE[name].gates if gate.name != "Amplitudes"]
    assert gates
    assert all(len(gate.wires) == 1 for gate in gates)


@pytest.mark.parametrize("name", [name for name in SEPARABLE if name not in ("circuit_centric", "tree_tensor")])
def test_separable_states_are_products(name):
    program = SEPARABLE[name]
    rows = RNG.uniform(-1, 1, (1, program.n_inputs))
    weights = RNG.uniform(0, 2 * np.pi, program.n_weights)
    (state,) = executor_named("engine_cpu").states(program, rows, weights)
    for wire in range(program.n_qubits):
        halves = np.moveaxis(state.reshape((2,) * program.n_qubits), wire, 0).reshape(2, -1)
        assert np.linalg.svd(halves, compute_uv=False)[1] < 1e-7


def test_the_whole_versions_do_entangle():
    assert any(len(gate.wires) > 1 for gate in published.reuploading(10, 5).gates)
    assert resources(published.dressed(4, 3)).n_qubits == 4
