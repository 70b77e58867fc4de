"""The signed-rank test against all sign changes, Holm by its definition, BCa by coverage."""

import math
from itertools import product

import numpy as np
import pytest
from scipy import stats

from qml.base.errors import ShapeError
from qml.bench.paired import bca, holm, signed_rank, standardised


def by_all_signs(differences, zeros):
    """Exact p of the smaller rank sum over all sign changes; zeros keep theirs split."""
    d = np.asarray(differences, float)
    d = d[d != 0] if zeros == "drop" else d
    ranks = stats.rankdata(np.abs(d))
    free = ranks[d != 0]
    seen = abs(ranks[d > 0].sum() - ranks[d < 0].sum())
    gaps = [abs(np.dot(signs, free)) for signs in product((-1, 1), repeat=len(free))]
    return np.mean(np.array(gaps) >= seen - 1e-9)


@pytest.mark.parametrize("zeros", ["split", "drop"])
@pytest.mark.parametrize("case", range(6))
def test_small_samples_are_exact(case, zeros):
    rng = np.random.default_rng(case)
    d = np.round(rng.normal(0.3, 1, 9), 1 if case % 2 else 6)  # odd cases have ties
    if case in (3, 5):
        d[0] = 0.0
    assert signed_rank(d, zeros).p == pytest.approx(by_all_signs(d, zeros), abs=1e-12)


def test_sums_and_effect():
    found = signed_rank([1.0, -2.0, 3.0, 0.0])
    assert (found.plus, found.minus) == (6.5, 3.5)
    assert found.plus + found.minus == 10
    assert (found.wins, found.ties, found.losses) == (2, 1, 1)
    assert found.rank_biserial == pytest.approx(0.3)
    assert found.statistic == 3.5


def test_no_difference_is_no_evidence():
    found = signed_rank([0.0, 0.0, 0.0])
    assert (found.p, found.rank_biserial) == (1.0, 0.0)


def test_five_data_sets_never_reach_five_per_cent():
    assert signed_rank([1, 2, 3, 4, 5]).p == pytest.approx(2 / 2**5)
    assert signed_rank([1, 2, 3, 4, 5, 6]).p == pytest.approx(2 / 2**6)


@pytest.mark.parametrize("bad", [[], [np.nan, 1.0], [[1.0]]])
def test_bad_differences_are_refused(bad):
    for function in (signed_rank, bca, standardised):
        with pytest.raises(ShapeError, match="finite number a data set"):
            function(bad)


def test_holm_by_stepping_down():
    p = [0.04, 0.001, 0.03, 0.5]
    assert holm(p) == pytest.approx((0.09, 0.004, 0.09, 0.5))
    assert holm([]) == ()
    assert holm([0.9, 0.9]) == (1.0, 1.0)
    with pytest.raises(ShapeError, match="probabilities"):
        holm([1.2])


def test_holm_keeps_the_chance_of_any_false_claim():
    rng = np.random.default_rng(0)
    claims = [min(holm(rng.random(5))) < 0.05 for _ in range(2000)]
    plain = [min(rng.random(5)) < 0.05 for _ in range(2000)]
    assert np.mean(claims) <= 0.065
    assert np.mean(plain) > 0.15  # the check can fail


def test_bca_covers_a_skewed_mean():
    rng = np.random.default_rng(1)
    ends = [bca(rng.exponential(1, 30), resamples=999, seed=i) for i in range(200)]
    assert 0.87 <= np.mean([lo <= 1 <= hi for lo, hi in ends]) <= 0.98
    above, below = np.mean([lo > 1 for lo, _ in ends]), np.mean([hi < 1 for _, hi in ends])
    assert below < 0.12
    assert above < 0.06


def test_bca_is_a_function_of_its_arguments():
    d = np.random.default_rng(2).normal(size=20)
    assert bca(d) == bca(list(d))
    assert bca(d) != bca(d, seed=1)
    lo, hi = bca(d, np.median)
    assert lo < np.median(d) < hi


@pytest.mark.parametrize("values", [[0.1], [0.2, 0.2, 0.2], [0.3, 0.3 * (1 + 1e-15)]])
def test_no_interval_where_nothing_is_known_of_the_spread(values):
    assert bca(values) == (-math.inf, math.inf)
    assert math.isnan(standardised(values))


@pytest.mark.parametrize("zeros", ["split", "drop"])
@pytest.mark.parametrize("n", [5, 12, 16, 40, 53])
def test_p_is_scipys(n, zeros):
    rng = np.random.default_rng(n)
    method = {"split": "zsplit", "drop": "wilcox"}[zeros]
    for decimals in (1, 8):
        d = np.round(rng.normal(0.3, 1, n), decimals)
        if decimals == 1:
            d[:2] = 0.0
        if n > 10 or decimals == 8:
            assert signed_rank(d, zeros).p == pytest.approx(stats.wilcoxon(d, zero_method=method).pvalue, abs=1e-12)
