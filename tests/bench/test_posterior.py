"""The Bayesian signed-rank test against its authors' own code, and by its limits."""

import numpy as np
import pytest

from qml.base.errors import ShapeError
from qml.bench.posterior import bayesian_signed_rank


@pytest.mark.parametrize(("mean", "rope"), [(0.0, 0.01), (0.01, 0.01), (0.03, 0.01), (0.002, 0.02), (-0.012, 0.005)])
def test_equals_baycomp(mean, rope):
    baycomp = pytest.importorskip("baycomp", reason="the oracle is baycomp, an extra of development")
    d = np.random.default_rng(5).normal(mean, 0.03, 25)
    theirs = baycomp.SignedRankTest.probs(np.zeros(25), d, rope=rope, nsamples=20_000, random_state=1)
    assert tuple(bayesian_signed_rank(d, rope)) == pytest.approx(theirs, abs=0.015)


def test_probabilities_add_up_and_turn_round():
    d = np.random.default_rng(0).normal(0.01, 0.03, 15)
    one, other = bayesian_signed_rank(d, 0.01), bayesian_signed_rank(-d, 0.01)
    assert sum(one) == pytest.approx(1)
    assert (one.below, one.inside, one.above) == pytest.approx((other.above, other.inside, other.below), abs=1e-12)


def test_limits():
    assert bayesian_signed_rank(np.full(10, 0.5), 0.01).above > 0.99
    assert bayesian_signed_rank(np.full(10, 0.001), 0.01).inside > 0.99
    assert bayesian_signed_rank(np.full(10, -0.5), 0.01).below > 0.99


def test_two_halves_by_hand():
    """One difference beyond the band and a prior of equal weight: w ~ Beta(1, 1), above = w^2 + 0 or w(2 - w)."""
    edge = bayesian_signed_rank([0.015], 0.01, prior=1.0)  # 0.015 / 2 lies inside: above = w^2, inside = 1 - w^2
    assert edge.above == pytest.approx(1 - np.sqrt(0.5), abs=0.01)
    far = bayesian_signed_rank([0.05], 0.01, prior=1.0)  # 0.025 lies beyond: above = 1 - (1 - w)^2
    assert far.above == pytest.approx(np.sqrt(0.5), abs=0.01)


def test_same_arguments_same_numbers():
    d = [0.01, 0.02, -0.01]
    assert bayesian_signed_rank(d, 0.01) == bayesian_signed_rank(d, 0.01)


@pytest.mark.parametrize("bad", [{"rope": 0.0}, {"rope": 0.01, "draws": 0}, {"rope": 0.01, "prior": 0.0}])
def test_bad_arguments_are_refused(bad):
    with pytest.raises(ShapeError, match="above 0"):
        bayesian_signed_rank([0.1], **bad)
