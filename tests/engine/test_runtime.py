"""The kernels against the dense oracle: every kind of block and word, both precisions, every way of keeping kets."""

import numpy as np
import pytest

from qml.base.errors import CapabilityError, DataError, ShapeError
from qml.engine.plan import Block, Plan, Turn
from qml.engine.runtime import run
from tests.engine.plans import Case, assert_close, assert_same_bits, random_case

TOLERANCE = {"float64": 1e-10, "float32": 1e-5}
UNCOMPUTE = {"budget": 0}


def resumed(case: Case, dtype: str):
    """Forward with a residual, then the gradient from it."""
    forward = case.run(dtype, gradient=False, keep=True)
    gradient = case.run(dtype, residual=forward.residual, want_words=False)
    return forward, gradient


@pytest.mark.parametrize("seed", range(60))
def test_random_plans_agree_with_the_oracle(seed):
    rng = np.random.default_rng(seed)
    n_qubits, batch = seed % 6 + 1, (1, 3, 16, 33)[seed % 4]
    initial = (None, None, batch, 1)[seed % 4]
    sizes = {"n_shared": seed % 5, "n_rows": seed // 5 % 4, "n_blocks": seed % 8}
    case = random_case(rng, n_qubits, batch, initial=initial, **sizes)
    expected = case.expected()
    for dtype, tolerance in TOLERANCE.items():
        fused = case.run(dtype)
        assert_close(fused, expected, tolerance, batch)
        assert_close(case.run(dtype, **UNCOMPUTE), expected, tolerance, batch)
        forward, gradient = resumed(case, dtype)
        assert_same_bits(forward, fused)
        assert_same_bits(gradient, fused)
        assert {a.dtype for a in (fused.words_BW, fused.rows_BM, fused.shared_S)} == {np.dtype(dtype)}


@pytest.mark.parametrize("n_qubits", [7, 8, 9, 10])
def test_wide_plans_agree_with_the_oracle(n_qubits):
    case = random_case(np.random.default_rng(n_qubits), n_qubits, 3)
    for dtype, tolerance in TOLERANCE.items():
        assert_close(case.run(dtype), case.expected(), tolerance, 3)


@pytest.mark.parametrize("n_qubits", [1, 4, 8])
def test_many_rows_agree_with_the_oracle(n_qubits):
    case = random_case(np.random.default_rng(n_qubits), n_qubits, 1025, n_blocks=4)
    for dtype, tolerance in TOLERANCE.items():
        assert_close(case.run(dtype), case.expected(), tolerance, 1025)


@pytest.mark.parametrize("initial", [None, 0, 1])
def test_an_empty_batch_gives_empty_values_and_zero_gradients(initial):
    case = random_case(np.random.default_rng(0), 3, 0, initial=initial)
    result = case.run("float32")
    assert result.words_BW.shape == (0, case.plan.n_words)
    assert result.rows_BM.shape == (0, 3)
    assert not result.shared_S.any()
    assert result.shared_S.shape == (4,)
    if initial is not None:
        assert not result.initial_BA.any()


def test_a_plan_of_nothing_reads_the_ground_state():
    words = ((0, 0), (0, 0b01), (0b01, 0), (0b01, 0b01), (0b10, 0b11))
    plan = Plan(2, ((), ()), (), words, n_shared=0, n_rows=0)
    result = run(plan, np.zeros((3, 0)), np.zeros(0), cotangent_BW=np.ones((3, 5)))
    np.testing.assert_allclose(result.words_BW, [[1, 1, 0, 0, 0]] * 3)
    assert result.rows_BM.shape == (3, 0)


def test_a_plan_without_words_has_no_values_and_zero_gradients():
    plan = Plan(1, ((Turn(1, 1, "shared", 0, 1.0),),), (), (), n_shared=1, n_rows=0)
    result = run(plan, np.zeros((2, 0)), np.ones(1), cotangent_BW=np.zeros((2, 0)))
    assert result.words_BW.shape == (2, 0)
    np.testing.assert_array_equal(result.shared_S, [0.0])


def test_the_first_derivative_of_a_cosine():
    plan = Plan(1, ((Turn(1, 1, "row", 0, 2.0, 0.25),),), (), ((0, 1),), n_shared=0, n_rows=1)
    x = np.linspace(-1, 1, 9)[:, None]
    result = run(plan, x, np.zeros(0), cotangent_BW=np.ones_like(x))
    np.testing.assert_allclose(result.words_BW, np.cos(2 * x + 0.25), atol=1e-14)
    np.testing.assert_allclose(result.rows_BM, -2 * np.sin(2 * x + 0.25), atol=1e-14)


# ------------------------------------------------------------------------------------------------- extreme angles
@pytest.mark.parametrize("angle", [np.pi, -np.pi, np.pi - 1e-4, 3 * np.pi, 0.0])
def test_turns_without_a_tangent_leave_a_pauli_behind(angle):
    """cos(angle / 2) is zero: the tangent form holds for what is left after a word has moved to the end."""
    case = random_case(np.random.default_rng(5), 4, 5, n_blocks=8)
    case = Case(case.plan, case.rows_BM, np.full(4, angle), case.cotangent_BW)
    for dtype, tolerance in TOLERANCE.items():
        assert_close(case.run(dtype), case.expected(), tolerance, 5)
        assert_close(case.run(dtype, **UNCOMPUTE), case.expected(), tolerance, 5)


def test_many_small_cosines_keep_float32_in_range():
    """Forty turns with cosine 0.2 would leave 1e-28 of the state in the tangent form."""
    turns = tuple(Turn(1 << k % 4, 0, "shared", 0, 1.0) for k in range(40))
    case = Case(
        Plan(4, ((),) * 4, (Block("mixing", turns),), ((0, 1), (0, 6)), n_shared=1, n_rows=0),
        np.zeros((3, 0)),
        np.array([2 * np.arccos(0.2)]),
        np.ones((3, 2)),
    )
    assert_close(case.run("float32"), case.expected(), 2e-5, 3)


def test_long_circuits_without_tables_keep_float32_in_range():
    """Three hundred quarter turns without a table between would make kets 2 ** 150 times too long."""
    blocks = tuple(
        Block("mixing", tuple(Turn(1 << bit, (k & 1) << bit, "shared", 0, 1.0, 0.1 * bit) for bit in range(3)))
        for k in range(100)
    )
    plan = Plan(3, ((),) * 3, blocks, ((0, 1), (3, 6)), n_shared=1, n_rows=0)
    case = Case(plan, np.zeros((3, 0)), np.array([1.5]), np.ones((3, 2)))
    for options in ({}, UNCOMPUTE):
        assert_close(case.run("float32", **options), case.expected(), 1e-3, 3)
        assert_close(case.run("float64", **options), case.expected(), 1e-10, 3)


@pytest.mark.parametrize("kind", ["row", "shared"])
@pytest.mark.parametrize("block", ["prefix", "diagonal", "mixing"])
def test_angles_of_ten_thousand_radians_are_exact_in_float32(kind, block):
    plan = _one_turn(kind, block)
    values = np.float32(np.linspace(-1e4, 1e4, 41))[:, None]
    for value in values if kind == "shared" else [None]:
        rows = values if value is None else np.zeros((1, 0), np.float32)
        shared = np.zeros(0, np.float32) if value is None else value
        result = run(plan, rows, shared, cotangent_BW=np.ones((len(rows), 2), np.float32))
        exact = Case(plan, rows.astype(float), shared.astype(float), np.ones((len(rows), 2))).expected()
        assert_close(result, exact, 1e-5, 1)


def _one_turn(kind: str, block: str) -> Plan:
    """H, then one turn by 1.7 value + 0.3."""
    turn = Turn(0, 1, kind, 0, 1.7, 0.3)
    half = Turn(1, 1, "constant", constant=np.pi / 2)
    counts = {"n_shared": int(kind == "shared"), "n_rows": int(kind == "row")}
    words = ((1, 0), (1, 1))
    if block == "prefix":
        return Plan(1, ((half, turn),), (), words, **counts)
    if block == "diagonal":
        return Plan(1, ((half,),), (Block(f"{kind}_diagonal", (turn,)),), words, **counts)
    around = Turn(1, 1, kind, 0, 1.7, 0.3)
    return Plan(1, ((),), (Block("mixing", (around,)),), ((0, 1), (1, 0)), **counts)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("kind", ["row", "shared"])
@pytest.mark.parametrize("block", ["prefix", "diagonal", "mixing"])
@pytest.mark.parametrize("size", [1e8, 1e12, 1e18, 1e30])
def test_absurd_angles_give_values_in_range_or_nan(kind, block, size, dtype):
    plan = _one_turn(kind, block)
    values = np.array([size], dtype)
    rows = values[:, None] if kind == "row" else np.zeros((1, 0), dtype)
    shared = values if kind == "shared" else np.zeros(0, dtype)
    result = run(plan, rows, shared, cotangent_BW=np.ones((1, 2), dtype))
    assert (np.isnan(result.words_BW) | (np.abs(result.words_BW) <= 1 + 1e-5)).all()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_bad_row_spoils_its_own_values_only(bad, dtype):
    case = random_case(np.random.default_rng(12), 4, 20, n_blocks=6, words=((0, 1), (3, 5), (0, 0)))
    rows = case.rows_BM.copy()
    rows[7] = bad
    result = Case(case.plan, rows, case.shared_S, case.cotangent_BW).run(dtype)
    clean = case.run(dtype)
    others = np.arange(20) != 7
    assert np.isnan(result.words_BW[7]).all()
    assert np.isnan(result.rows_BM[7]).all()
    np.testing.assert_array_equal(result.words_BW[others], clean.words_BW[others])
    np.testing.assert_array_equal(result.rows_BM[others], clean.rows_BM[others])


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_bad_shared_value_is_refused(bad, threads):
    case = random_case(np.random.default_rng(12), 4, 2000, n_blocks=6)
    shared = case.shared_S.copy()
    shared[2:] = bad
    spoilt = Case(case.plan, case.rows_BM, shared, case.cotangent_BW)
    for gradient in (False, True):
        with pytest.raises(DataError, match=r"2 of the 4 .*shared value 2 = "):
            spoilt.run("float32", gradient=gradient, threads=threads)
    np.testing.assert_array_equal(case.run("float32").words_BW, case.run("float32", threads=threads).words_BW)


# ------------------------------------------------------------------------------------------------- depth and memory
def test_deep_plans_are_uncomputed_to_the_same_answer():
    case = random_case(np.random.default_rng(3), 4, 18, n_blocks=120)
    for dtype, tolerance in (("float64", 1e-10), ("float32", 1e-4)):
        assert_close(case.run(dtype, **UNCOMPUTE), case.expected(), tolerance, 18)


def test_no_residual_beyond_the_budget():
    case = random_case(np.random.default_rng(3), 6, 64)
    assert case.run(gradient=False, keep=True, budget=64 << 20).residual is not None
    assert case.run(gradient=False, keep=True, budget=1 << 10).residual is None
    assert case.run(gradient=False).residual is None


def test_a_residual_serves_twice_and_only_its_own_batch():
    case = random_case(np.random.default_rng(3), 4, 20)
    residual = case.run(gradient=False, keep=True).residual
    first = case.run(residual=residual)
    assert_same_bits(case.run(residual=residual), first)
    other = random_case(np.random.default_rng(3), 4, 21)
    smaller = Case(case.plan, other.rows_BM, case.shared_S, np.ones((21, case.plan.n_words)))
    with pytest.raises(ShapeError, match="forward run of 20 rows"):
        smaller.run(residual=residual)


# ------------------------------------------------------------------------------------------------- refusals
def test_arrays_that_do_not_fit_are_refused():
    plan = Plan(1, ((Turn(1, 1, "row", 0, 1.0),),), (), ((0, 1),), n_shared=0, n_rows=1)
    with pytest.raises(ShapeError, match=r"rows of shape \(B, 1\)"):
        run(plan, np.zeros((2, 3)), np.zeros(0))
    with pytest.raises(ShapeError, match="share one dtype"):
        run(plan, np.zeros((2, 1)), np.zeros(0, np.float32))
    with pytest.raises(ShapeError, match="cotangent must have shape"):
        run(plan, np.zeros((2, 1)), np.zeros(0), cotangent_BW=np.zeros((2, 2)))
    with pytest.raises(ShapeError, match="own product state"):
        run(plan, np.zeros((2, 1)), np.zeros(0), initial=np.ones((1, 2), complex))
    with pytest.raises(CapabilityError, match="float32 and float64"):
        run(plan, np.zeros((2, 1), np.float16), np.zeros(0, np.float16))


def test_amplitudes_of_another_precision_are_refused():
    plan = Plan(1, ((),), (), ((0, 1),), n_shared=0, n_rows=0, initial=True)
    with pytest.raises(ShapeError, match="complex64"):
        run(plan, np.zeros((2, 0), np.float32), np.zeros(0, np.float32), initial=np.ones((1, 2), complex))


def test_the_oracle_notices_a_wrong_gradient():
    case = random_case(np.random.default_rng(1), 3, 5)
    result = case.run()
    result.rows_BM[2, 1] += 1e-6
    with pytest.raises(AssertionError):
        assert_close(result, case.expected(), TOLERANCE["float64"], 5)
