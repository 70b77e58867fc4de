"""Derivatives of states by every slot: engine, reference and finite differences."""

import tracemalloc

import numpy as np
import pytest

from qml.backends import executor_named
from qml.backends.engine import EngineExecutor
from qml.backends.reference import ReferenceExecutor
from qml.base.errors import CapabilityError
from qml.circuits import Circuit, Program, angle, input_slot, iqp, sel, weight_slot
from qml.engine.tangents import compile_tangents
from tests.programs import ALL_FEATURES, coverage, random_programs, random_values

PROGRAMS = random_programs(seed=21, count=120, max_qubits=4)
BOUNDS = {"float64": 1e-11, "float32": 1e-4}


def test_the_programs_cover_everything():
    assert not ALL_FEATURES - coverage(PROGRAMS)


@pytest.mark.parametrize("number", range(len(PROGRAMS)))
def test_the_engine_is_the_reference(number):
    program, rng = PROGRAMS[number], np.random.default_rng(number)
    inputs, weights = random_values(rng, program, batch=(1, 3, 17)[number % 3], row_weights=number % 4 == 0)
    for dtype, bound in BOUNDS.items():
        given = inputs.astype(dtype), weights.astype(dtype)
        found = EngineExecutor().tangents(program, *given)
        wanted = ReferenceExecutor().tangents(program, *(array.astype(float) for array in given))
        assert found.by_slot().dtype == np.result_type(dtype, np.complex64)
        assert found.by_slot().shape == (len(inputs), program.n_inputs + program.n_weights, 2**program.n_qubits)
        scale = np.abs(wanted.by_slot()).max(initial=1)
        assert np.abs(found.states_BA - wanted.states_BA).max() < bound
        assert np.abs(found.by_slot() - wanted.by_slot()).max(initial=0) < bound * scale


@pytest.mark.parametrize("number", range(0, 120, 10))
def test_the_reference_is_finite_differences(number):
    program = PROGRAMS[number]
    inputs, weights = random_values(np.random.default_rng(number), program, batch=1)
    slots, step = np.concatenate([inputs[0], weights]), 1e-3
    found = ReferenceExecutor().tangents(program, inputs, weights).by_slot()[0]
    for slot in range(len(slots)):
        wanted = np.zeros(found.shape[1], complex)
        for offset, factor in ((-2, 1 / 12), (-1, -8 / 12), (1, 8 / 12), (2, -1 / 12)):
            moved = slots.copy()
            moved[slot] += offset * step
            there = moved[None, : program.n_inputs], moved[program.n_inputs :]
            wanted += factor / step * ReferenceExecutor().states(program, *there)[0]
        size = np.abs(wanted).max()
        np.testing.assert_allclose(found[slot], wanted, atol=1e-8 * max(1, size))
        assert size < 1e-4 or np.abs(found[slot] - 1.001 * wanted).max() > 1e-8


def test_a_wide_enough_circuit_by_products_of_inputs():
    program = iqp(6)
    inputs, weights = random_values(np.random.default_rng(0), program, batch=5)
    found, wanted = (executor_named(name).tangents(program, inputs, weights) for name in ("engine_cpu", "reference"))
    np.testing.assert_allclose(found.by_slot(), wanted.by_slot(), atol=1e-12)


def test_one_tangent_serves_all_turns_of_a_number():
    x, w = input_slot(0), weight_slot(0)
    circuit = Circuit(3)
    circuit.weights("w")
    for wire in range(3):
        circuit.rx(wire, x).rz(wire, w)
    assert compile_tangents(circuit.build()).n_along == 2


def test_rows_do_not_know_one_another():
    program = angle(5) + sel(5, depth=2)
    inputs, weights = random_values(np.random.default_rng(1), program, batch=19)
    whole = EngineExecutor(threads=1).tangents(program, inputs, weights).by_slot()
    for row in (0, 7, 18):
        alone = EngineExecutor(threads=2).tangents(program, inputs[row : row + 1], weights).by_slot()[0]
        np.testing.assert_allclose(alone, whole[row], atol=1e-14)


def test_nothing_to_turn():
    found = EngineExecutor().tangents(Program(2), np.zeros((3, 0)), np.zeros(0))
    assert found.by_slot().shape == (3, 0, 4)
    np.testing.assert_array_equal(found.states_BA, np.eye(4)[[0, 0, 0]])


def test_no_rows():
    program = angle(3) + sel(3)
    assert EngineExecutor().tangents(program, np.zeros((0, 3)), np.zeros(9)).by_slot().shape == (0, 12, 8)


def test_more_than_memory_is_refused_before_it_is_allocated(monkeypatch):
    program = angle(12) + sel(12, depth=3)
    monkeypatch.setenv("QML_MEMORY_GIB", "1")
    compile_tangents(program)
    inputs, weights = np.zeros((200, 12)), np.zeros(program.n_weights)
    tracemalloc.start()
    with pytest.raises(CapabilityError, match=r"120 derivatives of 200 states of 12 qubits .* 1\.0 GiB can be had"):
        EngineExecutor().tangents(program, inputs, weights)
    assert tracemalloc.get_traced_memory()[1] < 1e6
    tracemalloc.stop()
