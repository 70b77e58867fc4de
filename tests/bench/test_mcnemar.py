"""McNemar against the binomial, a published table, and the danger of pooling answers to the same rows."""

from itertools import product

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
    one = mcnemar(a, b)
    assert (one.only_first, one.only_second, one.answers, one.rows) == (86, 150, 1600, 1600)
    assert one.p == pytest.approx(stats.binomtest(86, 236).pvalue)
    assert one.difference == pytest.approx(-64 / 1600)


def test_many_rows_by_the_normal_approximation():
    """The same table three times over, and one row of two answers, so that the binomial does not hold."""
    a, b = (np.tile(side, 3) for side in answers(794, 86, 150, 570))
    rows = np.append(np.arange(4800), 0)  # row 0 is right in both, and is answered once more
    found = mcnemar(np.append(a, 1), np.append(b, 0), rows)
    apart = np.append(np.arange(4800), np.flatnonzero(a > b)[0])
    double = mcnemar(np.append(a, 1), np.append(b, 0), apart)  # one row that differs by two
    assert found.p == pytest.approx(stats.binomtest(259, 709).pvalue)
    assert stats.norm.isf(double.p / 2) == pytest.approx((450 - 259) / np.sqrt(707 + 4))


def test_a_fit_written_down_again_is_no_new_evidence():
    a, b = answers(0, 5, 0, 95)
    for times in (1, 2, 5):
        assert mcnemar(np.stack([a] * times), np.stack([b] * times)).p == 0.0625
    rng = np.random.default_rng(0)
    a, b = rng.random((3, 200)) < 0.85, rng.random((3, 200)) < 0.8
    assert mcnemar(np.tile(a, (4, 1)), np.tile(b, (4, 1))).p == mcnemar(a, b).p
    pooled = mcnemar(np.concatenate([a[0]] * 5), np.concatenate([b[0]] * 5))  # as if they were a thousand rows
    assert pooled.p < mcnemar(a[0], b[0]).p


def test_all_changes_of_sign_by_brute_force():
    """Row sums 2, 1, -1, 3, -2: every one of 32 signs, one by one."""
    sums = np.array([2, 1, -1, 3, -2])
    first = np.array([[sum_ > k for sum_ in sums] for k in range(3)])
    second = np.array([[-sum_ > k for sum_ in sums] for k in range(3)])
    signs = np.array(list(product((-1, 1), repeat=5)))
    wanted = np.mean(np.abs(signs @ np.abs(sums)) >= abs(sums.sum()))
    assert mcnemar(first, second).p == pytest.approx(wanted)


def test_the_approximation_takes_over_smoothly(monkeypatch):
    rng = np.random.default_rng(3)
    a, b = rng.random((3, 500)) < 0.85, rng.random((3, 500)) < 0.83
    exact = mcnemar(a, b).p
    monkeypatch.setattr("qml.bench.mcnemar.EXACT", 10)
    assert mcnemar(a, b).p == pytest.approx(exact, rel=0.1)
    assert mcnemar(a, b).p != exact


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
