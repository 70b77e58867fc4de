"""Neighbours are those that all distances, computed plainly, give; the vote is scikit-learn's."""

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

from qml.base.errors import ConfigError, DataError, ShapeError
from qml.data import ArraySource, make_source, whole
from qml.data.bank import FeatureBank, Nearest


@pytest.fixture
def digits():
    return make_source("digits", seed=1)


def test_exact_search_is_the_plain_one(digits):
    train, test = whole(digits, "train").inputs, whole(digits, "test")
    found = Nearest(digits).search(test.inputs, k=7)
    all_distances = np.sqrt(((test.inputs[:, None].astype(np.float64) - train[None]) ** 2).sum(-1))
    assert np.allclose(found.distances, np.sort(all_distances, axis=1)[:, :7], atol=1e-3)
    assert np.allclose(np.take_along_axis(all_distances, found.rows, axis=1), found.distances, atol=1e-3)
    assert all(len(set(rows)) == 7 for rows in found.rows)
    assert np.array_equal(found.targets, whole(digits, "train").targets[found.rows])


def test_cosine_is_the_angle(digits):
    train, test = whole(digits, "train").inputs, whole(digits, "test").inputs[:50]
    found = Nearest(digits, metric="cosine").search(test, k=3)
    unit = [rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in (test.astype(float), train.astype(float))]
    assert np.allclose(found.distances, np.sort(1 - unit[0] @ unit[1].T, axis=1)[:, :3], atol=1e-5)


def test_the_vote_and_the_score_are_those_of_scikit_learn(digits):
    train, test = whole(digits, "train"), whole(digits, "test")
    theirs = KNeighborsClassifier(5).fit(train.inputs, train.targets)
    nearest = Nearest(digits)
    assert np.abs(nearest.vote(test.inputs) - theirs.predict_proba(test.inputs)).max(axis=1).mean() < 1e-3
    assert abs(nearest.score(digits) - theirs.score(test.inputs, test.targets)) < 0.003
    assert nearest.score(digits) > 0.95


def test_a_number_is_the_mean_of_the_nearest():
    source = make_source("diabetes", seed=1)
    train, test = whole(source, "train"), whole(source, "test")
    theirs = KNeighborsRegressor(9).fit(train.inputs, train.targets)
    nearest = Nearest(source)
    assert np.allclose(nearest.vote(test.inputs, 9), theirs.predict(test.inputs), atol=1e-2)
    assert abs(nearest.score(source, k=9) - theirs.score(test.inputs, test.targets)) < 1e-3


def test_lists_find_most_of_them(digits):
    test = whole(digits, "test").inputs
    exact = Nearest(digits).search(test, 5).rows
    by_lists = Nearest(digits, n_lists=16, n_probes=4)
    found = by_lists.search(test, 5).rows
    shared = np.mean([len(set(a) & set(b)) / 5 for a, b in zip(exact, found, strict=True)])
    assert shared > 0.9
    assert np.array_equal(found, Nearest(digits, n_lists=16, n_probes=4).search(test, 5).rows)  # seeded
    every = Nearest(digits, n_lists=16, n_probes=16).search(test, 5).rows
    assert (every == exact).mean() > 0.999
    few = Nearest(digits, n_lists=25, n_probes=1)
    assert (few.search(test, 200).rows == -1).any()
    assert np.allclose(few.vote(test, 200).sum(axis=1), 1)


def test_rows_that_were_not_found_have_no_target():
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(400, 2)) + 50 * np.arange(400)[:, None] // 80
    for targets, none in ((rng.integers(0, 3, 400), -1), (rng.normal(size=400).astype(np.float32), np.nan)):
        source = ArraySource.from_arrays(inputs, targets, split="random", test=0.2)
        few = Nearest(source, n_lists=5, n_probes=1)
        found = few.search(whole(source, "test").inputs, 150)
        lacking = found.rows < 0
        assert lacking.any()
        assert np.array_equal(found.targets[lacking], np.full(lacking.sum(), none), equal_nan=True)
        assert np.isinf(found.distances[lacking]).all()
        assert np.isfinite(few.vote(whole(source, "test").inputs, 150)).all()


def test_a_row_of_zeros_has_no_angle_and_is_at_right_angles(digits):
    found = Nearest(digits, metric="cosine").search(np.zeros((1, 64), np.float32), k=3)
    assert np.array_equal(found.distances, [[1, 1, 1]])


def test_over_a_bank(digits, tmp_path):
    bank = FeatureBank(tmp_path)
    halves = bank.source(digits, lambda x: x.reshape(len(x), 32, 2).mean(axis=2), "halves")
    assert Nearest(halves).score(halves) > 0.9
    assert len(Nearest(halves)) == digits.schema.sizes["train"]


def test_what_is_refused(digits):
    nearest = Nearest(digits)
    with pytest.raises(ShapeError, match=r"\(M, 64\)"):
        nearest.search(np.zeros((2, 3), np.float32))
    for k in (0, 10_000):
        with pytest.raises(ConfigError, match=f"k={k} neighbours"):
            nearest.search(np.zeros((2, 64), np.float32), k)
    with pytest.raises(ConfigError, match="Did you mean 'cosine'"):
        Nearest(digits, metric="cosin")
    with pytest.raises(ConfigError, match="n_lists=900"):
        Nearest(digits, n_lists=900)
    with pytest.raises(ConfigError, match="n_probes=0"):
        Nearest(digits, n_lists=4, n_probes=0)
    rng = np.random.default_rng(0)
    images = ArraySource.from_arrays(rng.normal(size=(50, 3, 4, 4)), split="random")
    with pytest.raises(ShapeError, match="takes flat features"):
        Nearest(images)
    bare = ArraySource.from_arrays(rng.normal(size=(50, 3)), split="random")
    with pytest.raises(DataError, match="no labels"):
        Nearest(bare).vote(np.zeros((1, 3), np.float32), 2)
    with pytest.raises(DataError, match="no labels"):
        Nearest(bare).score(bare)
