"""Whole Programs through the compiler against the reference; one compilation a Program, in every thread and process."""

import multiprocessing
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from qml.circuits.angle import input_slot, weight_slot
from qml.circuits.gate import Gate
from qml.circuits.program import Program
from qml.circuits.readout import Expectations, PauliSum, Probabilities
from qml.engine import compile as compiling
from qml.engine import reference
from qml.engine.compile import Compiled, compile_fresh, compile_program
from qml.engine.verify import plan_gradients, run_plan
from tests.programs import ALL_FEATURES, coverage, random_programs, random_values

PROGRAMS = random_programs(seed=11, count=150, max_qubits=5, max_gates=14)


def run(compiled: Compiled, inputs_BD, weights, cotangent_BK):
    """Values and gradients by the dense interpreter of Plans."""
    columns, plan = compiled.columns, compiled.plan
    rows_BM, shared_S = columns.values(inputs_BD, weights)
    initial = columns.initial_amplitudes(inputs_BD, weights)
    values = compiled.word_map.values(run_plan(plan, rows_BM, shared_S, initial))
    cotangent_BW = compiled.word_map.pull_back(cotangent_BK)
    found = plan_gradients(plan, rows_BM, shared_S, cotangent_BW, initial)
    return values, columns.pull_back(inputs_BD, weights, found.rows_BM, found.shared_S, found.initial_BA)


def test_the_programs_cover_everything():
    assert not ALL_FEATURES - coverage(PROGRAMS)


@pytest.mark.parametrize("row_weights", [False, True])
@pytest.mark.parametrize("batch", [0, 1, 3])
def test_values_and_gradients(row_weights, batch):
    for number, program in enumerate(PROGRAMS):
        rng = np.random.default_rng(number)
        inputs_BD, weights = random_values(rng, program, batch, row_weights=row_weights)
        cotangent_BK = rng.normal(size=(batch, program.n_values))
        compiled = compile_fresh(program, row_weights, verify=True)
        values, found = run(compiled, inputs_BD, weights, cotangent_BK)
        wanted = reference.gradients(program, inputs_BD, weights, cotangent_BK)
        np.testing.assert_allclose(values, reference.values(program, inputs_BD, weights), atol=1e-12)
        np.testing.assert_allclose(found.inputs_BD, wanted.inputs_BD, atol=1e-11)
        np.testing.assert_allclose(found.weights, wanted.weights, atol=1e-11)
        assert (compiled.plan.n_rows, compiled.plan.n_shared) == (compiled.columns.n_rows, compiled.columns.n_shared)
        assert compiled.plan.initial == compiled.columns.initial


def test_a_wrong_plan_does_not_agree():
    program = Program(1, (Gate("RX", (0,), (weight_slot(0),)),), None, 0, 1)
    other = Program(1, (Gate("RX", (0,), (2 * weight_slot(0),)),), None, 0, 1)
    values, _ = run(compile_fresh(other), np.zeros((1, 0)), np.array([0.7]), np.ones((1, 1)))
    assert np.abs(values - reference.values(program, np.zeros((1, 0)), np.array([0.7]))).max() > 0.1


def columns_read(program, row_weights=False):
    compiled = compile_fresh(program, row_weights)
    return compiled.plan.n_shared, compiled.plan.n_rows


def test_slots_are_columns_where_nothing_is_derived():
    gates = [Gate("RY", (k,), (input_slot(k),)) for k in range(2)] + [
        Gate("RX", (k,), (weight_slot(k),)) for k in (0, 1)
    ]
    program = Program(2, tuple(gates), None, 3, 2)
    compiled = compile_fresh(program)
    inputs_BD, weights_P = np.zeros((4, 3)), np.zeros(2)
    assert compiled.columns.values(inputs_BD, weights_P).rows_BM is inputs_BD
    assert columns_read(program) == (2, 3)


def test_columns_outside_the_light_cone_are_not_computed():
    gates = (Gate("RX", (0,), (input_slot(0) * weight_slot(0),)), Gate("RX", (1,), (input_slot(1) * weight_slot(1),)))
    readout = Expectations((PauliSum(((1.0, ((0, "Z"),)),)),))
    assert columns_read(Program(2, gates, readout, 2, 2)) == (0, 1)


def test_a_program_that_reads_no_row():
    program = Program(1, (Gate("RX", (0,), (weight_slot(0),)),), None, 0, 1)
    values, found = run(compile_fresh(program), np.zeros((3, 0)), np.array([0.4]), np.ones((3, 1)))
    np.testing.assert_allclose(values, np.full((3, 1), np.cos(0.4)))
    np.testing.assert_allclose(found.weights, [-3 * np.sin(0.4)])


def test_only_the_identity_is_read():
    readout = Expectations((PauliSum(((2.0, ()),)),))
    compiled = compile_fresh(Program(2, (Gate("RX", (0,), (weight_slot(0),)),), readout, 0, 1))
    assert compiled.plan.words == ((0, 0),)
    assert compiled.plan.turns == ()


# ------------------------------------------------------------------------------------------------------ cache


def small(number: int) -> Program:
    return Program(1, (Gate("RX", (0,), (0.01 * number + weight_slot(0),)),), Probabilities((0,)), 0, 1)


def test_equal_programs_share_one_compilation():
    program = small(1)
    assert compile_program(program) is compile_program(small(1))
    assert compile_program(program) is not compile_program(program, row_weights=True)
    assert compile_program(program) is not compile_program(small(2))


def test_the_cache_is_bounded():
    for number in range(compiling.CACHED_PROGRAMS + 20):
        compile_program(small(number))
    assert compiling._compiled.cache_info().currsize <= compiling.CACHED_PROGRAMS


@pytest.mark.filterwarnings("ignore:.*os.fork:RuntimeWarning")  # JAX warns of any fork once it is loaded
def test_many_threads_and_a_fork():
    programs = [small(1000 + number) for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        plans = list(pool.map(lambda k: compile_program(programs[k % 8]).plan, range(64)))
    assert all(plan == compile_fresh(programs[k % 8]).plan for k, plan in enumerate(plans))
    if "fork" in multiprocessing.get_all_start_methods():
        process = multiprocessing.get_context("fork").Process(target=compile_program, args=(small(5000),))
        process.start()
        process.join(30)
        assert process.exitcode == 0
