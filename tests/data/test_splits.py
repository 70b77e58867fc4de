"""Parts never overlap, and respect classes, groups and time."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qml.base.errors import ConfigError, DataError
from qml.data import Split, at_random, by_group, by_time, folds, nested_subset, one_fold, stratified


def covers_once(split, n_rows):
    rows = np.concatenate(list(split.parts.values()))
    return sorted(rows.tolist()) == list(range(n_rows))


shares = st.sampled_from([(0.2, 0.2), (0.3, 0.1), (0.5, 0.25), (0.2, 0.0), (0.0, 0.2)])
counts = st.lists(st.integers(3, 40), min_size=1, max_size=6)


@settings(max_examples=80, deadline=None)
@given(counts, shares, st.integers(0, 3))
def test_stratified_covers_and_keeps_shares(counts, pair, seed):
    targets = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(counts)), counts))
    test, validation = pair
    split = stratified(targets, test=test, validation=validation, seed=seed)
    assert covers_once(split, len(targets))
    for part, wanted in (("test", test), ("validation", validation)):
        assert (part in split.parts) == (wanted > 0)
        if wanted:
            found = np.bincount(targets[split[part]], minlength=len(counts))
            assert (found >= 1).all()
            assert (np.abs(found - wanted * np.array(counts)) <= 1).all()
    assert set(targets[split["train"]]) == set(range(len(counts)))


@settings(max_examples=60, deadline=None)
@given(st.integers(10, 200), shares, st.integers(0, 3))
def test_random_covers(n_rows, pair, seed):
    assert covers_once(at_random(n_rows, test=pair[0], validation=pair[1], seed=seed), n_rows)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 12), min_size=3, max_size=40), shares, st.integers(0, 3))
def test_groups_stay_together(sizes, pair, seed):
    rng = np.random.default_rng(seed)
    groups = rng.permutation(np.repeat(np.arange(len(sizes)), sizes))
    targets = rng.integers(0, 2, len(groups))
    split = by_group(groups, targets, test=pair[0], validation=pair[1], seed=seed)
    assert covers_once(split, len(groups))
    seen = [set(groups[rows]) for rows in split.parts.values()]
    assert sum(map(len, seen)) == len(set.union(*seen))


@settings(max_examples=60, deadline=None)
@given(st.integers(6, 60), st.integers(1, 5), shares, st.integers(0, 3))
def test_time_only_looks_back(n_moments, together, pair, seed):
    time = np.random.default_rng(seed).permutation(np.repeat(np.arange(n_moments), together))
    split = by_time(time, test=pair[0], validation=pair[1])
    assert covers_once(split, len(time))
    order = [part for part in ("train", "validation", "test") if part in split.parts]
    for earlier, later in pairwise(order):
        assert time[split[earlier]].max() < time[split[later]].min()


def test_time_with_a_fixed_cut():
    split = by_time(np.arange(100), validation=0.25, cut=60)
    assert split.sizes() == {"train": 45, "validation": 15, "test": 40}


def test_overlap_is_impossible():
    with pytest.raises(DataError, match="row 3"):
        Split({"train": np.arange(4), "test": np.arange(3, 6)}, "by hand")
    with pytest.raises(DataError, match="twice"):
        Split({"train": np.array([0, 0, 1])}, "by hand")
    with pytest.raises(DataError, match=r"the test part .* has no row"):
        Split({"train": np.arange(4), "test": np.arange(0)}, "by hand")


@pytest.mark.parametrize("split", [stratified, at_random, by_group, by_time])
def test_shares_are_checked(split):
    rows = 50 if split is at_random else np.arange(50) % 5
    with pytest.raises(DataError, match="nothing to train on"):
        split(rows, test=0.6, validation=0.4)
    with pytest.raises(ConfigError, match=r"test=1\.5"):
        split(rows, test=1.5)


def test_same_seed_same_split():
    targets = np.arange(60) % 3
    for split in (stratified, lambda rows, seed: by_group(np.arange(60) // 2, seed=seed)):
        first, again, other = split(targets, seed=1), split(targets, seed=1), split(np.arange(60) % 3, seed=2)
        assert np.array_equal(first["train"], again["train"])
        assert not np.array_equal(first["train"], other["train"])


def test_one_group_that_swallows_everything():
    groups = np.array([0] * 90 + [1, 2])
    split = by_group(groups, test=0.4, validation=0.4)
    assert sorted(split.sizes().values()) == [1, 1, 90]


def test_too_few_groups():
    with pytest.raises(DataError, match="needs 3 groups; there are 2"):
        by_group(np.array([0, 0, 1, 1]))


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 6), st.integers(1, 3), st.integers(0, 3))
def test_folds_test_each_row_once_a_repeat(k, repeats, seed):
    targets = np.arange(50) % 3
    splits = list(folds(targets, k, repeats, seed))
    assert len(splits) == k * repeats
    for repeat in range(repeats):
        tested = np.concatenate([split["test"] for split in splits[repeat * k : (repeat + 1) * k]])
        assert sorted(tested.tolist()) == list(range(50))
    sizes = [len(split["test"]) for split in splits]
    assert max(sizes) - min(sizes) <= 1
    assert all(covers_once(split, 50) for split in splits)


def test_folds_refuse():
    with pytest.raises(DataError, match="class 1 has 2"):
        list(folds(np.array([0] * 8 + [1] * 2), 5))
    with pytest.raises(DataError, match="k >= 2"):
        list(folds(np.zeros(8), 1))


@pytest.mark.parametrize(("k", "validation", "classes"), [(5, 0.2, 3), (3, 0.0, 2), (10, 0.1, None)])
def test_k_seeds_test_each_row_once(k, validation, classes):
    targets = None if classes is None else np.arange(60) % classes
    for deal in range(3):
        splits = [one_fold(targets, 60, k=k, seed=deal * k + fold, validation=validation) for fold in range(k)]
        assert sorted(np.concatenate([split["test"] for split in splits]).tolist()) == list(range(60))
        assert all(covers_once(split, 60) for split in splits)
        assert all(abs(split.sizes().get("validation", 0) - validation * 60) <= 2 for split in splits)
        if classes is not None:
            assert all(np.ptp(np.bincount(targets[split["test"]])) <= 1 for split in splits)
    first, second = one_fold(targets, 60, k=k, seed=0), one_fold(targets, 60, k=k, seed=k)
    assert not np.array_equal(first["test"], second["test"])


def test_one_fold_refuses():
    with pytest.raises(DataError, match="class 1 has 2"):
        one_fold(np.array([0] * 8 + [1] * 2), 10, k=5, seed=0)
    with pytest.raises(DataError, match="at least 12 rows; there are 10"):
        one_fold(None, 10, k=12, seed=0)
    with pytest.raises(DataError, match="nothing to train on"):
        one_fold(np.arange(20) % 2, 20, k=2, seed=0, validation=0.5)


@settings(max_examples=60, deadline=None)
@given(counts, st.integers(0, 3), st.data())
def test_subsets_are_nested_and_stratified(counts, seed, data):
    targets = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(counts)), counts))
    rows = np.arange(100, 100 + len(targets))
    small = data.draw(st.integers(len(counts), len(targets)))
    large = data.draw(st.integers(small, len(targets)))
    first, second = nested_subset(rows, targets, small, seed), nested_subset(rows, targets, large, seed)
    assert len(first) == small
    assert set(first) <= set(second) <= set(rows)
    found = np.bincount(targets[first - 100], minlength=len(counts))
    assert (found >= 1).all()
    assert (np.abs(found - small * np.array(counts) / len(targets)) <= len(counts)).all()


def test_subsets_refuse():
    with pytest.raises(DataError, match="rows=11 was asked of a training part of 10"):
        nested_subset(np.arange(10), None, 11)
    with pytest.raises(DataError, match="cannot hold the 5 classes"):
        nested_subset(np.arange(10), np.arange(10) % 5, 4)
    assert len(nested_subset(np.arange(10), None, 4)) == 4
