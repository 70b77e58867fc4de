"""Settings, basis changes and counts against the exact values of the reference."""

import numpy as np
import pytest

from qml.backends.counts import Counts
from qml.backends.measuring import Setting, basis_gates, outcome_of, settings_of
from qml.backends.reference import ReferenceExecutor
from qml.base.errors import CapabilityError, ShapeError
from qml.circuits import READOUTS, Probabilities, Program, angle, sel
from qml.circuits.readout import Expectations, PauliSum

PROGRAM = angle(3) + sel(3, depth=2)
SUMS = READOUTS["pauli"](3, ["Z0 Z1 - 0.5 X2", "2 I + Y0 X1 Z2", "X0 X2 + X0", "3 I", "Z1"])


@pytest.fixture
def arrays():
    rng = np.random.default_rng(3)
    return rng.normal(size=(2, 3)), rng.normal(size=PROGRAM.n_weights)


def measured(program, arrays, shots):
    """Counts of `shots` shots in each setting, drawn by the reference from the circuit with its basis gates."""
    counts = []
    for place, setting in enumerate(settings_of(program.readout)):
        turned = Program(3, (*program.gates, *basis_gates(setting)), Probabilities((0,)), 3, program.n_weights)
        bits = ReferenceExecutor().sample(turned, *arrays, shots, seed=place + 1)
        counts.append(Counts.of_samples(bits[:, :, list(setting.wires)]))
    return counts


@pytest.mark.parametrize("readout", [SUMS, READOUTS["xyz"](3), Probabilities((2, 0)), READOUTS["z"](3)])
def test_values_from_counts_are_the_exact_ones_within_their_variance(readout, arrays):
    program = PROGRAM.with_readout(readout)
    exact = ReferenceExecutor().forward(program, *arrays).values_BK
    outcome = outcome_of(readout, measured(program, arrays, 40_000), 2)
    spread = np.sqrt(outcome.variance_RK)
    np.testing.assert_array_less(np.abs(outcome.values_RK - exact), 4.5 * spread + 1e-12)
    assert spread.max() < 0.02


def test_the_variance_is_that_of_repeated_runs(arrays):
    program = PROGRAM.with_readout(Expectations((PauliSum(((1.0, ((0, "Z"),)), (1.0, ((0, "Z"), (1, "Z"))))),)))
    bits = ReferenceExecutor().sample(program, *arrays, 400 * 50, seed=5).reshape(2, 400, 50, 3)
    runs = [outcome_of(program.readout, [Counts.of_samples(bits[:, n, :, :2])], 2) for n in range(400)]
    seen = np.var([run.values_RK for run in runs], axis=0, ddof=1)
    told = np.mean([run.variance_RK for run in runs], axis=0)
    np.testing.assert_allclose(seen, told, rtol=0.35)  # 400 runs: a standard error of 7 %


def test_settings_cover_every_word():
    settings = settings_of(SUMS)
    words = [word for observable in SUMS.observables for _, word in observable.terms if word]
    assert all(any(setting.covers(word) for setting in settings) for word in words)
    assert len(settings) == 3
    assert settings_of(Expectations((PauliSum(((3.0, ()),)),))) == ()
    assert Setting(((0, "X"),)).joined(((0, "Z"),)) is None


def test_counts_can_be_cut_joined_and_added():
    bits = np.random.default_rng(0).integers(0, 2, (5, 30, 4)).astype(np.uint8)
    counts = Counts.of_samples(bits)
    np.testing.assert_array_equal(counts.shots_R, [30] * 5)
    again = Counts.joined([counts.of_rows(0, 2), counts.of_rows(2, 5)])
    for left, right in ((again, counts), (counts.added(counts), Counts.of_samples(np.concatenate([bits, bits], 1)))):
        np.testing.assert_array_equal(left.frequencies_RO(), right.frequencies_RO())
        np.testing.assert_array_equal(left.times_N, right.times_N)
    one = counts.of_bits([2]).frequencies_RO()[:, 1]
    np.testing.assert_allclose(one, bits[:, :, 2].mean(1))
    wide = Counts.of_samples(np.ones((1, 2, 60), np.uint8))
    assert wide.times_N.tolist() == [2]
    with pytest.raises(ShapeError, match="at most 20"):
        wide.frequencies_RO()


def test_what_does_not_fit_is_refused():
    one = Counts.of_samples(np.zeros((1, 3, 3), np.uint8))
    with pytest.raises(CapabilityError, match="3 measurement settings got counts of 1"):
        outcome_of(SUMS, [one], 1)
    with pytest.raises(CapabilityError, match="at least one shot"):
        outcome_of(READOUTS["z"](3), [one], 2)
    with pytest.raises(ShapeError, match="name the bindings"):
        Counts(1, np.array([1]), np.zeros((1, 2), np.uint8), np.ones(1))
    with pytest.raises(ShapeError, match="got \\(2,\\)"):
        Counts(3, np.array([1, 2]), np.zeros((1, 2), np.uint8), np.ones(1))
