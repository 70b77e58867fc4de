"""The kernels' own source, run on the CPU, against the dense oracle of Plans."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qml.circuits import angle, sel
from qml.engine.compile import compile_program
from qml.engine.gpu.instance import Instance
from tests.engine.gpu.emulated import emulated_driver
from tests.engine.gpu.runs import run_case
from tests.engine.plans import Case, assert_close, assert_same_bits, random_case

TOLERANCE = {"float32": 2e-5, "float64": 2e-12}
TILE = (1, 5)  # a tile of six bits: eight qubits are four tiles


@pytest.fixture
def driver(monkeypatch):
    return emulated_driver(monkeypatch)


def layers(n_qubits, depth, batch, seed=0):
    """The benchmark's circuit with angles of every size."""
    plan, rng = compile_program(angle(n_qubits) + sel(n_qubits, depth=depth)).plan, np.random.default_rng(seed)
    rows, shared = rng.uniform(-3, 3, (batch, plan.n_rows)), rng.uniform(-7, 7, plan.n_shared)
    return Case(plan, rows, shared, rng.normal(size=(batch, plan.n_words)))


def check(driver, case, dtype, **options):
    result = run_case(driver, case, dtype, **options)
    assert_close(result, case.expected(), TOLERANCE[dtype], len(case.rows_BM))
    return result


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("n_qubits", "depth", "batch"), [(4, 2, 70), (8, 4, 5)])
def test_layers(driver, n_qubits, depth, batch, dtype):
    check(driver, layers(n_qubits, depth, batch), dtype)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("n_qubits", "depth"), [(5, 3), (6, 3), (7, 3), (9, 3), (10, 6), (11, 3), (12, 4), (13, 2)])
def test_layers_of_every_size(driver, n_qubits, depth, dtype):
    check(driver, layers(n_qubits, depth, 3), dtype)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_layers_in_global_memory(driver, dtype):
    check(driver, layers(14, 2, 2), dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_state_of_many_tiles(driver, dtype):
    check(driver, layers(8, 2, 3), dtype, tile=TILE)


@pytest.mark.parametrize("tile", [None, TILE])
@pytest.mark.parametrize("n_initial", [None, 1, 4])
def test_random_plans(driver, tile, n_initial):
    rng = np.random.default_rng(3)
    for _ in range(6):
        n_qubits = 4 if tile is None else 7
        check(driver, random_case(rng, n_qubits, 4, initial=n_initial), "float64", tile=tile)


@pytest.mark.parametrize("tile", [None, TILE])
def test_gradients_from_kept_kets(driver, tile):
    rng = np.random.default_rng(4)
    for n_initial in (None, 3):
        case = random_case(rng, 4 if tile is None else 7, 3, initial=n_initial)
        kept = check(driver, case, "float64", tile=tile, keep=True)
        assert_close(run_case(driver, case, "float64", tile=tile), kept, 1e-13)


@pytest.mark.slow
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32 - 1), n_qubits=st.integers(1, 8), dtype=st.sampled_from(["float32", "float64"]))
def test_random_plans_of_every_form(driver, seed, n_qubits, dtype):
    rng = np.random.default_rng(seed)
    batch = int(rng.integers(1, 6))
    options = {
        "n_shared": int(rng.integers(0, 5)),
        "n_rows": int(rng.integers(0, 4)),
        "n_blocks": int(rng.integers(0, 7)),
    }
    n_initial = int(rng.choice([1, batch])) if rng.random() < 0.4 else None
    case = random_case(rng, n_qubits, batch, initial=n_initial, **options)
    check(
        driver, case, dtype, keep=bool(rng.random() < 0.5), tile=TILE if n_qubits >= 6 and rng.random() < 0.5 else None
    )


@pytest.mark.parametrize("tile", [None, TILE])
def test_same_bits_in_any_order_of_threads(driver, tile):
    case = layers(8, 2, 3) if tile is None else random_case(np.random.default_rng(6), 7, 2)
    first = run_case(driver, case, "float32", tile=tile)
    for order in (1, 2):
        assert_same_bits(run_case(driver, case, "float32", tile=tile, order=order), first)


def test_values_alone(driver):
    case = layers(4, 2, 33)
    assert_close(run_case(driver, case, "float64", gradient=False), case.expected(), 1e-12)


def test_a_row_that_is_not_finite_stays_alone(driver):
    case = layers(4, 2, 5)
    case.rows_BM[2, 1] = np.nan
    result = run_case(driver, case, "float32")
    spoilt = np.isnan(result.words_BW).any(axis=1)
    assert spoilt.tolist() == [False, False, True, False, False]
    assert np.isnan(result.rows_BM).any(axis=1).tolist() == spoilt.tolist()


def test_a_wrong_value_is_seen(driver):
    case = layers(4, 2, 3)
    other = Case(case.plan, case.rows_BM, case.shared_S + 1e-3, case.cotangent_BW)
    with pytest.raises(AssertionError):
        assert_close(run_case(driver, case, "float64"), other.expected(), TOLERANCE["float64"])


def test_waves_add_up(driver, monkeypatch):
    """A batch that does not fit the memory of one wave gives the values of one that does."""
    case = random_case(np.random.default_rng(8), 7, 5)
    whole = run_case(driver, case, "float64", tile=TILE)
    monkeypatch.setattr("qml.engine.gpu.runner.STATE_BYTES", 2 * 2 * 16 * 2**7)
    assert_close(run_case(driver, case, "float64", tile=TILE), whole, 1e-13)


def test_sums_of_many_turns_move_to_global_memory(driver, monkeypatch):
    case = random_case(np.random.default_rng(9), 4, 40)
    near = run_case(driver, case, "float64")
    monkeypatch.setattr(Instance, "team_memory", lambda self, n, words, limit: (self.shared_bytes(n), False))
    assert_close(run_case(driver, case, "float64"), near, 1e-13)
