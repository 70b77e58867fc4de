"""The surrogate's frequencies are those of the circuit: least squares on them leaves nothing."""

import numpy as np
import pytest

from qml.backends import executor_named
from qml.base.errors import CapabilityError
from qml.circuits import amplitude, angle, basic, iqp, reupload, sel
from qml.models.fourier import random_spectrum, spectrum

RNG = np.random.default_rng(2)


def design(frequencies, rows):
    phases = rows @ frequencies.T
    return np.concatenate([np.ones((len(rows), 1)), np.cos(phases), np.sin(phases)], axis=1)


def left_over(frequencies, rows, values):
    features = design(frequencies, rows)
    solved = np.linalg.lstsq(features, values, rcond=None)[0]
    return np.abs(features @ solved - values).max()


PROGRAMS = {
    "sel": angle(3) + sel(3, 2),
    "twice": angle(2) + sel(2, 1) + angle(2) + sel(2, 1),
    "scaled": angle(2, scale=0.5) + basic(2, 2) + angle(2),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_circuit_is_a_sum_of_its_frequencies_and_not_of_fewer(name):
    program = PROGRAMS[name]
    rows = RNG.uniform(-6, 6, (600, program.n_inputs))
    values = executor_named("engine_cpu").forward(program, rows, RNG.uniform(0, 6, program.n_weights)).values_BK
    own = spectrum(program)
    assert left_over(own, rows, values) < 1e-9
    assert left_over(own[: len(own) // 2], rows, values) > 1e-3


def test_vectors_are_distinct_and_none_is_opposite_or_zero():
    own = spectrum(angle(3) + sel(3, 2) + angle(3))
    both = {tuple(row) for row in own} | {tuple(-row + 0.0) for row in own}
    assert len(both) == 2 * len(own) == 5**3 - 1


def test_of_many_so_many_are_drawn():
    program = angle(8) + sel(8, 1)
    drawn = spectrum(program, widest=50, seed=1)
    assert drawn.shape == (50, 8)
    assert np.array_equal(drawn, spectrum(program, widest=50, seed=1))
    both = {tuple(row) for row in drawn} | {tuple(-row + 0.0) for row in drawn}
    assert len(both) == 100


def test_trained_frequencies_are_taken_where_they_start():
    assert np.array_equal(spectrum(reupload(2, depth=1)), spectrum(reupload(2, depth=1, trainable=False)))


@pytest.mark.parametrize("program", [iqp(3) + sel(3), amplitude(2) + sel(2), sel(2)])
def test_circuits_without_frequencies_are_refused(program):
    with pytest.raises(CapabilityError, match="Leave the arm"):
        spectrum(program)


def test_random_features_approach_a_gaussian_kernel():
    frequencies = random_spectrum(3, 20_000, 0.7, seed=0)
    rows = RNG.normal(size=(5, 3))
    cosines, sines = np.cos(rows @ frequencies.T), np.sin(rows @ frequencies.T)
    kernel = (cosines @ cosines.T + sines @ sines.T) / 20_000
    distance = np.square(rows[:, None] - rows[None]).sum(-1)
    np.testing.assert_allclose(kernel, np.exp(-0.5 * 0.7**2 * distance), atol=0.03)
