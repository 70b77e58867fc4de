"""Friedman and Nemenyi against SciPy and scikit-posthocs, cliques by hand."""

import numpy as np
import pytest
from scipy import stats

from qml.base.errors import ShapeError
from qml.bench.ranks import Ranking, critical_value, rank
from qml.bench.scores import Scores


def table(seed, n=12, k=5, decimals=2, spread=0.05):
    rng = np.random.default_rng(seed)
    values = np.round(rng.normal(0.8, spread, (n, k)) + 0.02 * np.arange(k), decimals)
    return Scores(tuple("abcdefghij"[:k]), tuple(map(str, range(n))), values)


@pytest.mark.parametrize("decimals", [1, 2, 8])
@pytest.mark.parametrize("seed", range(3))
def test_friedman_is_scipys_also_with_ties(seed, decimals):
    scores = table(seed, decimals=decimals)
    found = rank(scores)
    theirs = stats.friedmanchisquare(*scores.values.T)
    assert (found.chi2, found.p) == (pytest.approx(theirs.statistic), pytest.approx(theirs.pvalue))


def test_nemenyi_is_scikit_posthocs():
    posthocs = pytest.importorskip("scikit_posthocs", reason="the oracle is scikit-posthocs, an extra of development")
    scores = table(1)
    found = rank(scores)
    theirs = posthocs.posthoc_nemenyi_friedman(scores.values).to_numpy()
    order = [scores.arms.index(arm) for arm in found.arms]
    assert found.nemenyi == pytest.approx(theirs[np.ix_(order, order)], abs=1e-9)


def test_critical_difference_and_p_agree():
    found = rank(table(2, n=30))
    gaps = np.abs(np.subtract.outer(found.mean_ranks, found.mean_ranks))
    assert ((gaps >= found.critical_difference) == (found.nemenyi <= 0.05)).all()


def test_all_arms_equal_everywhere():
    found = rank(Scores(("a", "b", "c"), ("x", "y"), np.ones((2, 3))))
    assert (found.chi2, found.p) == (0.0, 1.0)
    assert found.cliques == (("a", "b", "c"),)


def test_one_order_everywhere_is_the_largest_statistic():
    found = rank(Scores(("a", "b", "c"), tuple("uvwxyz"), np.tile([3.0, 2.0, 1.0], (6, 1))))
    assert found.chi2 == pytest.approx(6 * 2)
    assert found.f == np.inf
    assert found.f_p == 0.0


def ranking(means, cd):
    k = len(means)
    n = k * (k + 1) / 6 * (critical_value(k) / cd) ** 2  # as many data sets as give that critical difference
    return Ranking(tuple("abcdef"[:k]), tuple(means), n, 1.0)


def test_cliques_are_the_largest_groups_within_the_critical_difference():
    assert ranking([1.0, 1.5, 2.6, 4.9], 1.5).cliques == (("a", "b"), ("b", "c"))
    assert ranking([1.0, 2.0, 3.0], 10.0).cliques == (("a", "b", "c"),)
    assert ranking([1.0, 2.0, 3.0], 0.2).cliques == ()
    assert ranking([1.0, 1.2, 1.4, 4.4, 4.6], 0.9).cliques == (("a", "b", "c"), ("d", "e"))


def test_a_diagram_needs_five_data_sets():
    assert not rank(table(0, n=4)).shown
    assert rank(table(0, n=5)).shown


def test_too_little_is_refused():
    with pytest.raises(ShapeError, match="at least 3 arms"):
        rank(table(0, k=2))
    with pytest.raises(ShapeError, match="level"):
        rank(table(0), level=5)
