"""Samples against closed forms, and what they may depend on: state, seed and row."""

import tracemalloc

import numpy as np
import pytest
from scipy.stats import chisquare

from qml.backends import executor_named
from qml.base.errors import ConfigError, DataError, ShapeError
from qml.circuits import Circuit, angle, input_slot, sel
from qml.engine import sampling
from qml.engine.sampling import draw_bits
from tests.programs import random_values

SHOTS = 20_000


def counts(bits_SQ: np.ndarray) -> np.ndarray:
    """How often each outcome came."""
    n_qubits = bits_SQ.shape[1]
    return np.bincount(bits_SQ @ (1 << np.arange(n_qubits)[::-1]), minlength=2**n_qubits)


def product_program(n_qubits: int = 3):
    """One RY a wire: P(bit w = 1) = sin^2(x_w / 2)."""
    circuit = Circuit(n_qubits)
    for wire in range(n_qubits):
        circuit.ry(wire, input_slot(wire))
    return circuit.build(n_inputs=n_qubits)


def product_probabilities(inputs_D: np.ndarray) -> np.ndarray:
    chances = np.ones(1)
    for x in inputs_D.astype(float):
        chances = np.outer(chances, [np.cos(x / 2) ** 2, np.sin(x / 2) ** 2]).ravel()
    return chances


@pytest.mark.parametrize("name", ["engine_cpu", "reference"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_frequencies_fit_the_closed_form(name, dtype):
    inputs = np.array([[0.7, 2.0, 1.2], [1.5, 0.9, 2.6]], dtype)
    bits = executor_named(name).sample(product_program(), inputs, np.zeros(0, dtype), SHOTS, seed=11)
    assert bits.shape == (2, SHOTS, 3)
    assert bits.dtype == np.uint8
    for row in range(2):
        found = counts(bits[row])
        assert chisquare(found, SHOTS * product_probabilities(inputs[row])).pvalue > 1e-3
        wrong = product_probabilities(inputs[row] + 0.1)
        assert chisquare(found, SHOTS * wrong).pvalue < 1e-6


def test_the_first_bit_is_that_of_qubit_0():
    program = Circuit(3).x(0).build()
    bits = executor_named("engine_cpu").sample(program, np.zeros((1, 0)), np.zeros(0), 5, seed=1)
    np.testing.assert_array_equal(bits[0], [[1, 0, 0]] * 5)


def entangled(batch: int = 23):
    program = angle(5) + sel(5, depth=2)
    return (program, *random_values(np.random.default_rng(0), program, batch))


def test_the_same_seed_gives_the_same_bits_and_another_seed_others():
    executor, arguments = executor_named("engine_cpu"), entangled()
    first = executor.sample(*arguments, 50, seed=3)
    np.testing.assert_array_equal(first, executor.sample(*arguments, 50, seed=3))
    assert (first != executor.sample(*arguments, 50, seed=4)).any()
    assert (first[0] != first[1]).any()


def test_executors_draw_the_same():
    arguments = entangled()
    found, wanted = (executor_named(n).sample(*arguments, 200, seed=5) for n in ("engine_cpu", "reference"))
    np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("block", [1, 3 * 16 * 32, 1 << 30])
def test_a_batch_may_be_split_anywhere(monkeypatch, block):
    executor, (program, inputs, weights) = executor_named("engine_cpu"), entangled()
    whole = executor.sample(program, inputs, weights, 40, seed=9)
    monkeypatch.setattr(sampling, "BLOCK_BYTES", block)
    np.testing.assert_array_equal(executor.sample(program, inputs, weights, 40, seed=9), whole)
    states = executor.states(program, inputs, weights)
    parts = [draw_bits(states[:10], 40, seed=9), draw_bits(states[10:], 40, seed=9, first_row=10)]
    np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_weights_of_each_row():
    program, inputs, _ = entangled(4)
    weights = np.random.default_rng(1).normal(size=(4, program.n_weights))
    found, wanted = (executor_named(n).sample(program, inputs, weights, 9, seed=2) for n in ("engine_cpu", "reference"))
    np.testing.assert_array_equal(found, wanted)


def test_a_short_run_is_the_beginning_of_a_long_one():
    executor, arguments = executor_named("engine_cpu"), entangled(3)
    np.testing.assert_array_equal(
        executor.sample(*arguments, 10, seed=1), executor.sample(*arguments, 100, seed=1)[:, :10]
    )


def test_outcomes_without_weight_never_come():
    state = np.zeros((1, 16), complex)
    state[0, [3, 9]] = 0.6, 0.8j
    assert set(np.flatnonzero(counts(draw_bits(state, 5000, seed=1)[0]))) == {3, 9}


def test_norms_need_not_be_one():
    state = np.array([[1, 2, 0, 1j]], np.complex64)
    np.testing.assert_array_equal(draw_bits(state, 99, seed=1), draw_bits(state / 8, 99, seed=1))


def test_memory_does_not_grow_with_the_batch():
    program = angle(12)
    inputs = np.zeros((2000, 12), np.float32)
    executor = executor_named("engine_cpu")
    executor.sample(program, inputs[:20], np.zeros(0, np.float32), 4, seed=1)
    tracemalloc.start()
    bits = executor.sample(program, inputs, np.zeros(0, np.float32), 4, seed=1)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < bits.nbytes + 1.2 * sampling.BLOCK_BYTES  # all states together would take 62 MiB


@pytest.mark.parametrize(("shots", "seed"), [(0, 1), (2.5, 1), (True, 1), (3, -1), (3, 2**64), (3, "1")])
def test_bad_numbers_are_told(shots, seed):
    with pytest.raises(ConfigError, match="whole number"):
        draw_bits(np.ones((1, 2), complex), shots, seed=seed)


@pytest.mark.parametrize("bad", [np.nan, np.inf, 0.0])
def test_a_broken_state_is_named(bad):
    states = np.ones((3, 4), complex)
    states[2] = bad
    with pytest.raises(DataError, match="row 12"):
        draw_bits(states, 3, seed=1, first_row=10)


def test_a_state_of_no_qubits_is_told():
    for width in (1, 6):
        with pytest.raises(ShapeError, match=r"2\*\*Q"):
            draw_bits(np.ones((1, width), complex), 3, seed=1)
