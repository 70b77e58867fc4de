"""Random flips: even over any three bits, and undone setting by setting."""

import itertools
import math

import numpy as np
import pytest

from qml.backends.backend import Limits
from qml.backends.counts import Counts
from qml.backends.mitigation.flipping import Flips
from qml.backends.mitigation.twirled import flipped_back, limits_behind, masks
from qml.circuits import READOUTS


@pytest.mark.parametrize(("n_twirls", "n_columns"), [(2, 1), (8, 4), (16, 8), (32, 11)])
def test_any_three_bits_meet_all_flips_alike(n_twirls, n_columns):
    for seed in (1, 2):
        drawn = masks(n_twirls, n_columns, seed)
        for size in range(1, min(3, n_columns) + 1):
            for columns in itertools.combinations(range(n_columns), size):
                _, times = np.unique(drawn[:, columns], axis=0, return_counts=True)
                assert (times == n_twirls / 2**size).all()


def largest_excess(behind):
    """By how many executions a job of the most bindings that limits allow exceeds 1,000, over shots and flips."""
    excess = -(10**6)
    for n_twirls, circuits, shots in itertools.product((2, 4, 16), (None, 7, 64), (16, 17, 31, 50, 100)):
        limits = behind(Limits(circuits, None, 1000), n_twirls)
        rows = min(limits.executions // shots, limits.executions if circuits is None else limits.circuits)
        excess = max(excess, rows * n_twirls * math.ceil(shots / n_twirls) - 1000)
    return excess


def test_a_job_of_all_flips_is_within_the_limits():
    assert largest_excess(limits_behind) <= 0
    assert largest_excess(lambda limits, n_twirls: limits) > 0  # shots that are rounded up
    assert limits_behind(Limits(), 16) == Limits()


def test_more_bits_than_the_code_holds_are_even_one_by_one():
    drawn = masks(4, 40, 1)
    assert (drawn.sum(axis=0) == 2).all()
    assert np.abs(np.mean([masks(4, 40, seed) for seed in range(1, 201)]) - 0.5) < 0.02
    assert (masks(4, 40, 1) == masks(4, 40, 1)).all()
    assert (masks(4, 40, 1) != masks(4, 40, 2)).any()


def test_flips_are_undone_twirl_by_twirl():
    random = np.random.default_rng(0)
    drawn, there = masks(8, 3, 1), random.integers(0, 2, (4, 50, 3)).astype(np.uint8)
    read = np.concatenate([there ^ mask for mask in drawn])
    undone = flipped_back(Counts.of_samples(read), drawn)
    np.testing.assert_array_equal(undone.shots_R, [400] * 4)
    np.testing.assert_array_equal(undone.frequencies_RO(), Counts.of_samples(there).frequencies_RO())


def test_turns_are_as_few_as_the_letters_allow():
    flips = Flips.of(READOUTS["pauli"](4, ["Z0 Y1 X2", "Y0 X3", "Z3", "Y3"]))
    assert (flips.about_x, flips.about_z) == ((0, 1, 3), (2, 3))
    seen = flips.seen(np.eye(5, dtype=np.uint8), ((0, "Y"), (1, "Y"), (2, "X"), (3, "Y")))
    np.testing.assert_array_equal(seen.T, [[1, 0, 0, 0, 0], [0, 1, 0, 0, 0], [0, 0, 0, 1, 0], [0, 0, 1, 0, 1]])
