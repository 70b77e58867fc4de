"""The engine with amplitudes in its lanes against the dense oracle: every kind of block, word and start."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qml.base.errors import ShapeError
from qml.circuits import angle, sel
from qml.engine.compile import compile_program
from qml.engine.plan import Block, Plan, Turn
from qml.engine.runtime import Run
from qml.engine.verify import plan_states
from qml.engine.wide import runner as wide_runner
from qml.engine.wide.pack import PAIR, TILE_BYTES
from qml.engine.wide.runner import WideRunner
from tests.engine.plans import COMPLEX, Case, arrays, assert_close, assert_same_bits, random_case

TOLERANCE = {"float64": 1e-10, "float32": 3e-5}
SMALL_TILE = 16 * PAIR  # many tiles and sweeps, with few qubits
BUDGET = 64 << 20


def runner_of(case: Case, dtype: str, tile_bytes: int = TILE_BYTES) -> WideRunner:
    return WideRunner(case.plan, dtype, BUDGET, tile_bytes=tile_bytes)


def given_arrays(case: Case, dtype: str):
    rows, shared, cotangent = (np.ascontiguousarray(a, dtype) for a in (case.rows_BM, case.shared_S, case.cotangent_BW))
    return rows, shared, cotangent, None if case.initial is None else case.initial.astype(COMPLEX[dtype])


def fused(case: Case, runner: WideRunner, **options) -> Run:
    rows, shared, cotangent, initial = given_arrays(case, runner.dtype.name)
    slopes = runner.gradients(rows, shared, cotangent, initial, want_words=True, **options)
    return Run(slopes.words_BW, slopes.rows_BM, slopes.shared_S, slopes.initial_BA)


def assert_right(case: Case, dtype: str, tile_bytes: int) -> None:
    """Values, gradients, gradients from a residual, and kets."""
    runner, expected = runner_of(case, dtype, tile_bytes), case.expected()
    rows, shared, _, initial = given_arrays(case, dtype)
    batch, tolerance = len(rows), TOLERANCE[dtype]
    result = fused(case, runner)
    assert_close(result, expected, tolerance, batch)
    forward = runner.forward(rows, shared, initial, keep=True)
    assert_close(Run(forward.words_BW), expected, tolerance, batch)
    assert_same_bits(Run(forward.words_BW), Run(result.words_BW))
    assert forward.residual is not None
    for _ in range(2):  # a residual serves more than once
        assert_same_bits(fused(case, runner, residual=forward.residual), result)
    kets = runner.kets(rows, shared, initial)
    wanted = plan_states(case.plan, case.rows_BM, case.shared_S, case.initial)
    assert np.abs(kets - wanted).max() <= tolerance
    assert {a.dtype for a in (result.words_BW, result.rows_BM, result.shared_S)} == {np.dtype(dtype)}
    assert kets.dtype == COMPLEX[dtype]


@pytest.mark.parametrize("seed", range(40))
def test_random_plans_agree_with_the_oracle(seed):
    rng = np.random.default_rng(seed)
    n_qubits, batch = seed % 8 + 1, (1, 2, 3)[seed % 3]
    initial = (None, None, batch, 1)[seed % 4]
    sizes = {"n_shared": seed % 5, "n_rows": seed // 5 % 4, "n_blocks": seed % 8}
    case = random_case(rng, n_qubits, batch, initial=initial, **sizes)
    assert_right(case, ("float64", "float32")[seed // 2 % 2], TILE_BYTES)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(8, 11), st.sampled_from(["float32", "float64"]), st.booleans())
def test_many_sweeps_over_many_tiles_agree_with_the_oracle(seed, n_qubits, dtype, starts):
    rng = np.random.default_rng(seed)
    case = random_case(rng, n_qubits, 2, initial=2 if starts else None, n_blocks=6)
    assert_right(case, dtype, SMALL_TILE)


def test_a_layered_circuit_takes_about_one_sweep_a_layer():
    plan = compile_program(angle(12) + sel(12, depth=4)).plan
    rng = np.random.default_rng(0)
    case = Case(plan, rng.normal(size=(1, plan.n_rows)), rng.normal(size=plan.n_shared), rng.normal(size=(1, 12)))
    runner = runner_of(case, "float64", 64 * PAIR)
    assert 2 <= len(runner.packed.sweeps) <= 6
    assert_close(fused(case, runner), case.expected(), 1e-10)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("rows_beside", [0, 1 << 30])
def test_threads_change_no_bit(dtype, rows_beside, monkeypatch):
    monkeypatch.setattr(wide_runner, "ROWS_BESIDE", rows_beside)
    words = ((0, 5), (0, 1 << 10), (3, 9), (1 << 10, 0))
    case = random_case(np.random.default_rng(5), 11, 5, words=words, n_blocks=7)
    results = [fused(case, runner_of(case, dtype, SMALL_TILE), threads=threads) for threads in (1, 2, 3)]
    assert_same_bits(results[1], results[0])
    assert_same_bits(results[2], results[0])
    assert_close(results[0], case.expected(), TOLERANCE[dtype], 5)


def test_a_batch_is_its_rows():
    case = random_case(np.random.default_rng(6), 9, 4)
    runner = runner_of(case, "float32", SMALL_TILE)
    rows, shared, _, _ = given_arrays(case, "float32")
    together = runner.forward(rows, shared).words_BW
    for row in range(4):
        np.testing.assert_array_equal(runner.forward(rows[row : row + 1], shared).words_BW, together[row : row + 1])


@pytest.mark.parametrize("n_words", [127, 400])
def test_many_words_of_z(n_words):
    rng = np.random.default_rng(n_words)
    words = (*((0, int(z)) for z in rng.integers(0, 2**9, n_words)), (5, 3))
    case = random_case(rng, 9, 2, words=words)
    for dtype in TOLERANCE:
        assert_right(case, dtype, SMALL_TILE)


def test_many_diagonal_turns():
    rng = np.random.default_rng(8)
    diagonal = tuple(Turn(0, int(z), "shared", k % 3, rng.normal()) for k, z in enumerate(rng.integers(0, 2**9, 600)))
    mixing = tuple(Turn(1 << bit, 0, "row", bit % 2, 1.0) for bit in range(9))
    blocks = (Block("mixing", mixing), Block("shared_diagonal", diagonal), Block("mixing", mixing))
    plan = Plan(9, ((),) * 9, blocks, ((0, 3), (0, 1 << 8)), n_shared=3, n_rows=2)
    case = Case(plan, rng.normal(size=(2, 2)), rng.normal(size=3), rng.normal(size=(2, 2)))
    for dtype in TOLERANCE:
        assert_right(case, dtype, SMALL_TILE)


@pytest.mark.parametrize("angle_", [np.pi, 2 * np.pi, 3 * np.pi, 1e6, -7e4])
def test_half_turns_and_large_angles(angle_):
    turns = tuple(Turn(1 << bit, 1 << bit, "shared", bit, 1.0) for bit in range(8))
    phases = tuple(Turn(0, 3 << bit, "shared", bit, 1.0) for bit in range(7))
    blocks = (Block("mixing", turns), Block("shared_diagonal", phases), Block("mixing", turns))
    plan = Plan(8, ((),) * 8, blocks, tuple((0, 1 << bit) for bit in range(8)), n_shared=8, n_rows=0)
    shared = np.full(8, np.float32(angle_), float)
    shared[3] = 0.3
    case = Case(plan, np.zeros((1, 0)), shared, np.ones((1, 8)))
    for dtype in TOLERANCE:
        assert_right(case, dtype, TILE_BYTES)


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e16])
def test_a_row_without_finite_angles_is_nan_alone(value):
    case = random_case(np.random.default_rng(2), 6, 3, words=((0, 1), (4, 2)))
    runner, clean = runner_of(case, "float64"), case.expected()
    column = next(turn.column for turn in case.plan.turns if turn.kind == "row" and abs(turn.coefficient) > 0.1)
    case.rows_BM[1, column] = value
    result = fused(case, runner)
    assert np.isnan(result.words_BW[1]).all()
    assert np.isnan(result.shared_S).any()
    assert np.isnan(result.rows_BM[1, column])
    for row in (0, 2):
        np.testing.assert_allclose(result.words_BW[row], clean.words_BW[row], atol=1e-10)
        np.testing.assert_allclose(result.rows_BM[row], clean.rows_BM[row], atol=1e-10)
    assert np.isnan(runner.kets(case.rows_BM, case.shared_S)[1]).all()


@pytest.mark.parametrize("initial", [None, 0, 1])
def test_an_empty_batch_gives_empty_values_and_zero_gradients(initial):
    case = random_case(np.random.default_rng(0), 3, 0, initial=initial)
    result = fused(case, runner_of(case, "float32"))
    assert result.words_BW.shape == (0, case.plan.n_words)
    assert result.rows_BM.shape == (0, 3)
    assert not result.shared_S.any()
    if initial is not None:
        assert result.initial_BA.shape == (initial, 8)


def test_a_residual_of_another_batch_is_refused():
    case = random_case(np.random.default_rng(0), 5, 2)
    runner = runner_of(case, "float64")
    rows, shared, cotangent, _ = given_arrays(case, "float64")
    residual = runner.forward(rows, shared, keep=True).residual
    with pytest.raises(ShapeError, match="2 rows"):
        runner.gradients(rows[:1], shared, cotangent[:1], residual=residual)


def test_a_residual_stays_within_the_budget():
    case = random_case(np.random.default_rng(0), 10, 3)
    runner = WideRunner(case.plan, "float64", 2 * 3 * 16 * 2**10 - 1)
    rows, shared, _, _ = given_arrays(case, "float64")
    assert runner.forward(rows, shared, keep=True).residual is None


def test_the_oracle_notices_a_wrong_gradient():
    case = random_case(np.random.default_rng(1), 9, 2)
    result = fused(case, runner_of(case, "float64", SMALL_TILE))
    for name, values in arrays(result).items():
        values[..., -1] += 1e-6
        with pytest.raises(AssertionError):
            assert_close(result, case.expected(), TOLERANCE["float64"], 1)
        values[..., -1] -= 1e-6
        assert np.isfinite(values).all(), name
