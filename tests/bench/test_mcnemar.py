"""McNemar against the binomial, a published table, and the danger of pooling answers to the same rows."""

import numpy as np
import pytest
from scipy import stats

from qml.base.errors import ShapeError
from qml.bench.mcnemar import mcnemar


def answers(both, first, second, neither):
    a = [1] * both + [1] * first + [0] * second + [0] * neither
    b = [1] * both + [0] * first + [1] * second + [0] * neither
    return np.array(a), np.array(b)


def test_approval_of_the_prime_minister():
    """Agresti, Categorical Data Analysis, table 10.1: 794, 150, 86, 570 of 1600; z = -4.17 (z^2 = 17.36)."""
    a, b = answers(794, 86, 150, 570)
    twice = np.stack([a, a]), np.stack([b, b])
    found = mcnemar(*twice)  # the statistic of clusters of two equal answers is that of one answer each
    assert round(stats.norm.isf(found.p / 2) ** 2, 2) == 17.36
    one = mcnemar(a, b)
    assert (one.only_first, one.only_second, one.answers, one.rows) == (86, 150, 1600, 1600)
    assert one.p == pytest.approx(stats.binomtest(86, 236).pvalue)
    assert one.difference == pytest.approx(-64 / 1600)
    assert one.discordant == pytest.approx(236 / 1600)


def test_rows_answered_again_are_no_new_evidence():
    rng = np.random.default_rng(0)
    a, b = rng.random(200) < 0.85, rng.random(200) < 0.8
    once, five = mcnemar(np.stack([a] * 2), np.stack([b] * 2)), mcnemar(np.stack([a] * 5), np.stack([b] * 5))
    assert five.p == pytest.approx(once.p)
    pooled = mcnemar(np.concatenate([a] * 5), np.concatenate([b] * 5))  # as if they were a thousand rows
    assert pooled.p < five.p


def test_rows_by_number_are_rows_by_place():
    rng = np.random.default_rng(1)
    a, b = rng.random((3, 50)) < 0.8, rng.random((3, 50)) < 0.8
    rows = np.arange(50) + 100
    assert mcnemar(a, b).p == mcnemar(a.ravel(), b.ravel(), np.tile(rows, 3)).p


def test_level_with_fits_that_share_rows():
    """Hard rows are hard for every fit: clusters keep the level, pooling does not."""
    rng = np.random.default_rng(2)
    clustered, pooled = 0, 0
    for _ in range(400):
        hard = rng.random(60) < 0.3
        own = [rng.random(60) < 0.5 for _ in range(2)]  # which hard rows each arm happens to get right, in every fit
        a, b = (np.stack([np.where(hard, right, True)] * 8) for right in own)
        clustered += mcnemar(a, b).p < 0.05
        pooled += mcnemar(a.ravel(), b.ravel(), np.arange(480)).p < 0.05
    assert clustered / 400 <= 0.08
    assert pooled / 400 > 0.2


def test_no_difference():
    assert mcnemar(np.ones(5), np.ones(5)).p == 1.0
    a, b = np.array([[1, 0], [0, 1]]), np.array([[0, 1], [1, 0]])  # each row once this way, once that
    assert mcnemar(a, b).p == 1.0


def test_bad_answers_are_refused():
    with pytest.raises(ShapeError, match="shapes"):
        mcnemar(np.ones(3), np.ones(4))
    with pytest.raises(ShapeError, match="true or false"):
        mcnemar(np.array([0.4]), np.array([1.0]))
    with pytest.raises(ShapeError, match="rows of shape"):
        mcnemar(np.ones(3), np.ones(3), np.arange(4))
