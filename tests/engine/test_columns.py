"""Columns and initial amplitudes from slots, and gradients back to the slots: exact, in one dtype, in a fixed order."""

import numpy as np
import pytest

from qml.base.errors import DataError, ShapeError
from qml.circuits.angle import Angle, input_slot, weight_slot
from qml.circuits.gate import Gate
from qml.circuits.program import Program
from qml.engine import reference
from qml.engine.columns import Columns
from qml.engine.sums import batch_sum, segment_sums
from tests.programs import random_program, random_values

x, w = input_slot, weight_slot
ROWS = [
    x(1),
    x(0) * x(0),
    x(0) * w(1),
    x(2) * w(1) * w(1),
    0.5 * x(0) - 2 * x(1) * x(2) + w(0) * x(0) * 3,
    x(0) + w(3),
    x(1),
]
SHARED = [w(0) * w(0), w(1), 2 * w(0) * w(3) - w(1)]


def columns_of(shared, rows, row_weights=False, gates=(), n_qubits=3):
    return Columns(Program(n_qubits, gates, None, 4, 5), shared, rows, row_weights)


def slots(batch, dtype=np.float64, row_weights=False, seed=0):
    rng = np.random.default_rng(seed)
    shape = (batch, 5) if row_weights else (5,)
    return rng.normal(size=(batch, 4)).astype(dtype), rng.normal(size=shape).astype(dtype)


def value_of(angle: Angle, inputs_D, weights_P):
    """One angle of one row, in plain Python."""
    total = angle.constant
    for coefficient, factors in angle.terms:
        for kind, index in factors:
            coefficient *= (inputs_D if kind == "input" else weights_P)[index]
        total += coefficient
    return total


@pytest.mark.parametrize("batch", [0, 1, 3])
def test_values_with_shared_weights(batch):
    inputs_BD, weights_P = slots(batch)
    found = columns_of(SHARED, ROWS).values(inputs_BD, weights_P)
    wanted = np.array([[value_of(a, row, weights_P) for a in ROWS] for row in inputs_BD]).reshape(batch, len(ROWS))
    np.testing.assert_allclose(found.rows_BM, wanted, atol=1e-14)
    np.testing.assert_allclose(found.shared_S, [value_of(a, [], weights_P) for a in SHARED], atol=1e-14)


@pytest.mark.parametrize("batch", [0, 1, 3])
def test_values_with_row_weights(batch):
    inputs_BD, weights_BP = slots(batch, row_weights=True)
    found = columns_of([], ROWS + SHARED, row_weights=True).values(inputs_BD, weights_BP)
    pairs = zip(inputs_BD, weights_BP, strict=True)
    wanted = np.array([[value_of(a, *pair) for a in ROWS + SHARED] for pair in pairs])
    np.testing.assert_allclose(found.rows_BM, wanted.reshape(found.rows_BM.shape), atol=1e-14)
    assert found.shared_S.shape == (0,)
    assert found.rows_BM.shape == (batch, len(ROWS + SHARED))


@pytest.mark.parametrize("row_weights", [False, True])
def test_gradients_against_finite_differences(row_weights):
    columns = columns_of([] if row_weights else SHARED, ROWS, row_weights)
    inputs_BD, weights = slots(5, row_weights=row_weights)
    rng = np.random.default_rng(1)
    grad_rows, grad_shared = rng.normal(size=(5, columns.n_rows)), rng.normal(size=columns.n_shared)

    def loss(inputs_BD, weights):
        values = columns.values(inputs_BD, weights)
        return np.sum(values.rows_BM * grad_rows) + np.sum(values.shared_S * grad_shared)

    found = columns.pull_back(inputs_BD, weights, grad_rows, grad_shared)
    of_inputs = reference.finite_differences(lambda moved: loss(moved, weights), inputs_BD)
    of_weights = reference.finite_differences(lambda moved: loss(inputs_BD, moved), weights)
    np.testing.assert_allclose(found.inputs_BD, of_inputs, atol=1e-9)
    np.testing.assert_allclose(found.weights, of_weights, atol=1e-9)
    assert not found.inputs_BD[:, 3].any()
    assert not found.weights[..., [2, 4]].any()
    assert np.abs(found.inputs_BD - 2 * of_inputs).max() > 1e-2  # the comparison can fail


@pytest.mark.parametrize("row_weights", [False, True])
def test_an_empty_batch_has_zero_gradients(row_weights):
    columns = columns_of([] if row_weights else SHARED, ROWS, row_weights)
    inputs_BD, weights = slots(0, row_weights=row_weights)
    found = columns.pull_back(inputs_BD, weights, np.zeros((0, columns.n_rows)), np.zeros(columns.n_shared))
    assert found.inputs_BD.shape == inputs_BD.shape
    np.testing.assert_array_equal(found.weights, np.zeros_like(weights))


def test_nothing_is_copied_where_columns_are_slots():
    columns = columns_of([w(k) for k in range(5)], [x(k) for k in range(4)])
    inputs_BD, weights_P = slots(3)
    values = columns.values(inputs_BD, weights_P)
    assert values.rows_BM is inputs_BD
    assert np.shares_memory(values.shared_S, weights_P)
    grad_rows, grad_shared = np.ones((3, 4)), np.ones(5)
    found = columns.pull_back(inputs_BD, weights_P, grad_rows, grad_shared)
    assert found.inputs_BD is grad_rows
    assert np.shares_memory(found.weights, grad_shared)


def test_gathered_columns():
    columns = columns_of([w(4), w(1)], [x(3), x(0), x(3)])
    inputs_BD, weights_P = slots(2)
    values = columns.values(inputs_BD, weights_P)
    np.testing.assert_array_equal(values.rows_BM, inputs_BD[:, [3, 0, 3]])
    np.testing.assert_array_equal(values.shared_S, weights_P[[4, 1]])
    found = columns.pull_back(inputs_BD, weights_P, np.array([[1.0, 2, 4]] * 2), np.array([1.0, 2]))
    np.testing.assert_array_equal(found.inputs_BD, [[2, 0, 0, 5]] * 2)
    np.testing.assert_array_equal(found.weights, [0, 2, 0, 0, 1])


@pytest.mark.parametrize("row_weights", [False, True])
def test_a_plain_sum_of_slots_is_one_column(row_weights):
    program = Program(1, n_inputs=2, n_weights=2)
    sums = [x(0) + x(1)] + [w(0) + w(1)] * row_weights
    columns = Columns(program, [] if row_weights else [w(0) + w(1)], sums, row_weights)
    inputs_BD = np.array([[1.0, 2.0], [3.0, 4.0]])
    weights = np.array([[5.0, 6.0], [7.0, 8.0]]) if row_weights else np.array([5.0, 6.0])
    values = columns.values(inputs_BD, weights)
    np.testing.assert_array_equal(values.rows_BM, [[3, 11], [7, 15]] if row_weights else [[3], [7]])
    np.testing.assert_array_equal(values.shared_S, [] if row_weights else [11])
    found = columns.pull_back(inputs_BD, weights, np.ones_like(values.rows_BM), np.ones_like(values.shared_S))
    np.testing.assert_array_equal(found.inputs_BD, np.ones((2, 2)))
    np.testing.assert_array_equal(found.weights, np.ones_like(weights))


def test_a_program_without_slots_keeps_its_batch():
    columns = Columns(Program(1), [], [], row_weights=False)
    values = columns.values(np.zeros((3, 0)), np.zeros(0))
    assert values.rows_BM.shape == (3, 0)
    found = columns.pull_back(np.zeros((3, 0)), np.zeros(0), np.zeros((3, 0)), np.zeros(0))
    assert (found.inputs_BD.shape, found.weights.shape) == ((3, 0), (0,))


@pytest.mark.parametrize("row_weights", [False, True])
def test_float32_stays_float32(row_weights):
    amplitudes = Gate("Amplitudes", (0,), (x(0), w(0)))
    columns = columns_of([] if row_weights else SHARED, ROWS, row_weights, (amplitudes,))
    inputs_BD, weights = slots(3, np.float32, row_weights)
    values = columns.values(inputs_BD, weights)
    initial = columns.initial_amplitudes(inputs_BD, weights)
    found = columns.pull_back(inputs_BD, weights, *values, initial)
    dtypes = {a.dtype for a in (*values, *found)}
    assert dtypes == {np.dtype(np.float32)}
    assert initial.dtype == np.complex64


def test_shapes_and_dtypes_are_checked():
    columns = columns_of(SHARED, ROWS)
    inputs_BD, weights_P = slots(2)
    for wrong in (
        (inputs_BD[:, :3], weights_P),
        (inputs_BD, weights_P[:4]),
        (inputs_BD, np.zeros((2, 5))),
        (inputs_BD.astype(np.float32), weights_P),
        (inputs_BD.astype(int), weights_P.astype(int)),
    ):
        with pytest.raises(ShapeError, match=r"needs|both must be"):
            columns.values(*wrong)


# ------------------------------------------------------------------------------------------------- amplitudes


def test_amplitudes_are_normalised_and_placed():
    gate = Gate("Amplitudes", (2, 0), tuple(map(x, range(4))))
    inputs_BD, weights_P = slots(2)
    initial = columns_of([], [], gates=(gate,)).initial_amplitudes(inputs_BD, weights_P)
    unit = inputs_BD / np.linalg.norm(inputs_BD, axis=1, keepdims=True)
    wanted = np.zeros((2, 8))
    wanted[:, [0, 4, 1, 5]] = unit  # wire 2 (bit 0) is the first of the gate, wire 0 (bit 2) the second
    np.testing.assert_allclose(initial, wanted, atol=1e-15)


@pytest.mark.parametrize("preparation", ["Amplitudes", "State", "several"])
def test_amplitudes_against_the_reference(preparation):
    for seed in range(8):
        rng = np.random.default_rng(seed)
        program = random_program(rng, 1 + seed % 5, 0, preparation=preparation)
        inputs_BD, weights_P = random_values(rng, program, 3)
        initial = Columns(program, [], [], row_weights=False).initial_amplitudes(inputs_BD, weights_P)
        wanted = reference.states(program, inputs_BD, weights_P)
        np.testing.assert_allclose(np.broadcast_to(initial, wanted.shape), wanted, atol=1e-14)


@pytest.mark.parametrize("row_weights", [False, True])
def test_gradient_through_several_preparations(row_weights):
    state = tuple(np.array([0.6, 0.8j]))
    gates = (
        Gate("Amplitudes", (2,), (x(0) * w(0), 1.0)),
        Gate("State", (0,), matrix=(state,)),
        Gate("Amplitudes", (1,), (w(1), x(0) + x(1) * x(1))),
    )
    columns = columns_of([], [], row_weights, gates)
    inputs_BD, weights = slots(3, row_weights=row_weights)
    rng = np.random.default_rng(2)
    grad_BA = rng.normal(size=(3, 8)) + 1j * rng.normal(size=(3, 8))

    def loss(inputs_BD, weights):
        return np.sum(np.real(grad_BA.conj() * columns.initial_amplitudes(inputs_BD, weights)))

    found = columns.pull_back(inputs_BD, weights, np.zeros((3, 0)), np.zeros(0), grad_BA)
    of_inputs = reference.finite_differences(lambda moved: loss(moved, weights), inputs_BD, step=1e-3)
    of_weights = reference.finite_differences(lambda moved: loss(inputs_BD, moved), weights, step=1e-3)
    np.testing.assert_allclose(found.inputs_BD, of_inputs, atol=1e-7)
    np.testing.assert_allclose(found.weights, of_weights, atol=1e-7)


def test_one_row_serves_the_batch_where_no_row_is_read():
    gate = Gate("Amplitudes", (0,), (w(0), 0.5))
    columns = columns_of([], [], gates=(gate,), n_qubits=1)
    inputs_BD, weights_P = slots(3)
    assert columns.initial_amplitudes(inputs_BD, weights_P).shape == (1, 2)
    assert columns.initial
    assert not columns.initial_differs
    grad_BA = np.array([[1.0, 2], [3, 4], [5, 6]], dtype=complex)
    empty = np.zeros((3, 0)), np.zeros(0)
    one = columns.pull_back(inputs_BD, weights_P, *empty, grad_BA.sum(axis=0, keepdims=True))
    np.testing.assert_allclose(columns.pull_back(inputs_BD, weights_P, *empty, grad_BA).weights, one.weights)


@pytest.mark.parametrize(("bad", "word"), [(0.0, "all zero"), (np.nan, "not finite"), (np.inf, "not finite")])
def test_bad_amplitudes_name_their_row(bad, word):
    gate = Gate("Amplitudes", (0,), (x(0), x(1)))
    inputs_BD, weights_P = slots(5)
    inputs_BD[3, :2] = bad
    with pytest.raises(DataError, match=f"row 3 are {word}"):
        columns_of([], [], gates=(gate,)).initial_amplitudes(inputs_BD, weights_P)


@pytest.mark.parametrize("size", [1e-30, 1e30])
def test_amplitudes_of_any_size_keep_their_norm(size):
    gate = Gate("Amplitudes", (0,), (x(0), x(1)))
    inputs_BD, weights_P = slots(2, np.float32)
    initial = columns_of([], [], gates=(gate,)).initial_amplitudes(inputs_BD * np.float32(size), weights_P)
    np.testing.assert_allclose(np.linalg.norm(initial, axis=1), 1, rtol=1e-6)


# ------------------------------------------------------------------------------------------------------- sums


@pytest.mark.parametrize("batch", [0, 1, 2, 5, 64, 1025])
def test_batch_sums(batch):
    values_BT = np.random.default_rng(3).normal(size=(batch, 3))
    kept = values_BT.copy()
    np.testing.assert_allclose(batch_sum(values_BT), values_BT.sum(axis=0), atol=1e-12)
    np.testing.assert_array_equal(values_BT, kept)


def test_pairwise_sums_lose_little():
    values = np.full((100_003, 1), 0.1, np.float32)
    assert abs(float(batch_sum(values)[0]) / 10000.3 - 1) < 1e-6


def test_segment_sums():
    values_BT = np.arange(8.0).reshape(2, 4)
    np.testing.assert_array_equal(segment_sums(values_BT, np.array([0, 3])), [[3, 3], [15, 7]])
    assert segment_sums(values_BT[:0], np.array([0, 3])).shape == (0, 2)
