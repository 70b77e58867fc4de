"""EngineExecutor against the dense reference executor, over the whole gate table."""

import copy
import pickle

import numpy as np
import pytest
import torch

from qml.backends import executor_named
from qml.backends.engine import EngineExecutor
from qml.backends.propagation import PropagationExecutor
from qml.backends.reference import ReferenceExecutor
from qml.base.errors import CapabilityError, ConfigError, DataError, ProgramError, ShapeError
from qml.circuits import Gate, Program, angle, basic, input_slot, sel, weight_slot
from qml.circuits.readout import Probabilities
from tests.programs import ALL_FEATURES, coverage, random_program, random_programs, random_values

BOUNDS = {"float64": 1e-10, "float32": 1e-5}


def answers(executor, program, inputs, weights, cotangent, keep=False):
    """Values and both gradients."""
    values = executor.forward(program, inputs, weights, keep=keep)
    gradients = executor.vjp(program, inputs, weights, cotangent, residual=values.residual)
    return values.values_BK, gradients.inputs_BD, gradients.weights


def check(program, batch, rng, row_weights=False):
    """Both precisions against the reference in float64."""
    inputs, weights = random_values(rng, program, batch=batch)
    if row_weights:
        weights = rng.uniform(-3, 3, (batch, program.n_weights))
    cotangent = rng.normal(size=(batch, program.n_values))
    for dtype, bound in BOUNDS.items():
        given = [a.astype(dtype) for a in (inputs, weights, cotangent)]
        expected = answers(ReferenceExecutor(), program, *(a.astype(float) for a in given))
        for keep in (False, True):
            found = answers(EngineExecutor(), program, *given, keep=keep)
            for place, (got, wanted) in enumerate(zip(found, expected, strict=True)):
                assert got.shape == wanted.shape
                assert got.dtype == dtype
                floor = np.sqrt(max(batch, 1)) if place == 2 and not row_weights else 1.0
                error = np.abs(got - wanted) / np.maximum(floor, np.abs(wanted))
                assert error.max(initial=0) <= bound, (place, dtype, error.max())
            spared = EngineExecutor().vjp(program, *given, want_inputs=False).weights
            np.testing.assert_array_equal(spared, found[2])


PROGRAMS = random_programs(seed=11, count=120, max_qubits=5)


def test_the_programs_cover_everything():
    assert not ALL_FEATURES - coverage(PROGRAMS)


@pytest.mark.parametrize("number", range(len(PROGRAMS)))
def test_random_programs_agree_with_the_reference(number):
    check(PROGRAMS[number], (1, 3, 17)[number % 3], np.random.default_rng(number))


@pytest.mark.parametrize("number", range(0, 40, 4))
def test_weights_of_each_row_have_gradients_of_each_row(number):
    check(PROGRAMS[number], 5, np.random.default_rng(number), row_weights=True)


@pytest.mark.parametrize("n_qubits", [6, 8, 10])
def test_wider_programs_agree_with_the_reference(n_qubits):
    rng = np.random.default_rng(n_qubits)
    check(random_program(rng, n_qubits, 14), 3, rng)


@pytest.mark.parametrize("slot", [input_slot, weight_slot])
def test_an_angle_that_is_a_plain_sum_of_slots(slot):
    program = Program(1, (Gate("RX", (0,), (slot(0) + slot(1),)),), n_inputs=2, n_weights=2)
    for row_weights in (False, True):
        check(program, 3, np.random.default_rng(0), row_weights)


@pytest.mark.parametrize("cotangent", [np.ones((4, 1)), np.ones((1, 3)), np.ones(3), np.ones((4, 3), np.float32)])
def test_a_cotangent_of_another_shape_or_dtype_is_refused(cotangent):
    program = angle(3) + sel(3, depth=1)
    with pytest.raises(ShapeError, match=r"\(4, 3\) float64"):
        EngineExecutor().vjp(program, np.zeros((4, 3)), np.zeros(9), cotangent)


@pytest.mark.slow
def test_many_rows():
    check(angle(4) + sel(4, depth=2), 1025, np.random.default_rng(0))


def test_an_empty_batch():
    program = angle(3) + sel(3, depth=1)
    given = np.zeros((0, 3)), np.ones(program.n_weights), np.zeros((0, 3))
    values, inputs, weights = answers(EngineExecutor(), program, *given)
    assert values.shape == inputs.shape == (0, 3)
    np.testing.assert_array_equal(weights, np.zeros(program.n_weights))


def test_probabilities_add_up_to_one():
    program = (angle(4) + sel(4, depth=2)).with_readout(Probabilities((2, 0)))
    rng = np.random.default_rng(0)
    values = EngineExecutor().forward(program, *random_values(rng, program, batch=7)).values_BK
    np.testing.assert_allclose(values.sum(axis=1), 1, atol=1e-12)


def test_inputs_that_may_not_be_written_or_do_not_lie_in_one_piece():
    program = angle(3) + sel(3, depth=1)
    rng = np.random.default_rng(0)
    wide = rng.normal(size=(9, 6))
    weights, cotangent = rng.normal(size=program.n_weights), rng.normal(size=(9, 3))
    sealed = wide[:, ::2].copy()
    sealed.flags.writeable = False
    first = answers(EngineExecutor(), program, sealed, weights, cotangent)
    second = answers(EngineExecutor(), program, wide[:, ::2], weights, cotangent[:, ::1])
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)


def test_arguments_are_not_changed():
    program = angle(3) + sel(3, depth=1)
    given = [np.random.default_rng(0).normal(size=s) for s in ((9, 3), (program.n_weights,), (9, 3))]
    before = copy.deepcopy(given)
    answers(EngineExecutor(), program, *given)
    for a, b in zip(given, before, strict=True):
        np.testing.assert_array_equal(a, b)


def test_it_pickles_and_is_known_by_name():
    executor = EngineExecutor(threads=2, checkpoint_mib=8)
    assert pickle.dumps(executor)
    assert copy.deepcopy(executor) == executor  # by the same protocol
    assert executor_named("engine_cpu") == EngineExecutor()
    assert EngineExecutor().capabilities.name == "engine_cpu"


def test_what_it_cannot_do_is_refused():
    wide = Program(60, (Gate("Hadamard", (0,)),))
    with pytest.raises(CapabilityError, match="60 qubits"):
        EngineExecutor().forward(wide, np.zeros((1, 0)), np.zeros(0))
    with pytest.raises(ConfigError, match="threads"):
        EngineExecutor(threads=0)
    with pytest.raises(ConfigError, match="MiB"):
        EngineExecutor(checkpoint_mib=-1)


@pytest.mark.parametrize("executor", [EngineExecutor(), ReferenceExecutor(), PropagationExecutor()])
def test_what_is_no_program_or_no_array_is_refused(executor):
    program = angle(2) + basic(2, depth=1)
    inputs, weights = np.ones((1, 2)), np.ones(program.n_weights)
    with pytest.raises(ProgramError, match="which is no Program"):
        executor.forward("basic", inputs, weights)
    with pytest.raises(ShapeError, match="inputs that are a list"):
        executor.forward(program, inputs.tolist(), weights)
    with pytest.raises(ShapeError, match="weights that are a torch"):
        executor.vjp(program, inputs, torch.ones(program.n_weights), np.ones((1, 2)))


def test_threads_that_are_no_number_are_refused():
    with pytest.raises(ConfigError, match="whole number of threads"):
        EngineExecutor(threads="2")  # pyright: ignore[reportArgumentType]


def test_amplitudes_without_a_length_are_refused():
    from qml.circuits import amplitude

    program = amplitude(2)
    with pytest.raises(DataError):
        EngineExecutor().forward(program, np.zeros((2, 4)), np.zeros(0))
