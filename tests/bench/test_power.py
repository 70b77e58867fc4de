"""Power by simulation against SciPy's test on new data, and what few data sets cannot see."""

import math

import numpy as np
import pytest
from scipy import stats

from qml.base.errors import ShapeError
from qml.bench.power import critical_sum, power, visible


@pytest.mark.parametrize(
    ("count", "worst"), [(6, 0), (7, 2), (8, 3), (9, 5), (10, 8), (14, 21), (20, 52), (25, 89), (30, 137)]
)
def test_critical_sums_of_the_published_table(count, worst):
    assert critical_sum(count, 0.05) == worst


@pytest.mark.parametrize("count", [1, 3, 5])
def test_few_data_sets_can_show_nothing(count):
    d = np.linspace(0.5, 1, count)
    assert critical_sum(count, 0.05) is None
    assert power(d, 1e9) == 0
    assert visible(d) == math.inf


def test_power_is_that_of_new_data():
    rng = np.random.default_rng(0)
    d = rng.normal(0, 0.03, 200)[:20]
    d = (d - np.median(d)) / d.std() * 0.03
    shift = 0.02
    found = []
    for _ in range(600):
        fresh = rng.choice((-1, 1), 20) * rng.choice(d, 20) + shift + 1e-9 * rng.normal(size=20)
        test = stats.wilcoxon(fresh)
        found.append(test.pvalue <= 0.05 and np.median(fresh) > 0)
    assert power(d, shift)[0] == pytest.approx(np.mean(found), abs=0.06)


def test_without_a_difference_it_is_half_the_level():
    d = np.random.default_rng(1).normal(size=30)
    assert power(d, 0.0)[0] == pytest.approx(0.025, abs=0.01)


def test_power_rises_and_visible_is_where_it_crosses():
    d = np.random.default_rng(2).normal(0.01, 0.03, 15)
    chances = power(d, [0.0, 0.01, 0.02, 0.04, 0.2])
    assert (np.diff(chances) >= 0).all()
    assert chances[-1] == 1
    seen = visible(d)
    assert power(d, seen)[0] == pytest.approx(0.8, abs=0.01)
    assert power(d, 0.9 * seen)[0] < 0.8
    assert visible(d, level=0.01) > seen


def test_visible_does_not_depend_on_where_the_differences_lie():
    d = np.random.default_rng(3).normal(0, 0.03, 15)
    assert visible(d) == pytest.approx(visible(d + 5.0), rel=1e-6)
    assert visible(10 * d) == pytest.approx(10 * visible(d), rel=1e-6)


def test_equal_differences_tell_nothing_of_their_spread():
    assert visible([0.1] * 12) == math.inf


def test_bad_levels_are_refused():
    with pytest.raises(ShapeError, match="level"):
        power([0.1, 0.2], 0.1, level=0)
