"""Batches drawn with replacement are pure in their arguments, pairs keep to classes, shuffled labels are chance."""

import numpy as np
import pytest

from qml.base.errors import ConfigError, DataError
from qml.contracts import check_source
from qml.data import ArraySource
from qml.data.resampled import ResampledSource, ShuffledLabels


@pytest.fixture
def source():
    rng = np.random.default_rng(0)
    return ArraySource.from_arrays(rng.normal(size=(100, 3)), (np.arange(100) % 3 == 0).astype(int))


def rows_of(source, **options):
    return [batch.rows.tolist() for batch in source.batches("train", 16, seed=3, **options)]


def test_batches_are_full_drawn_anew_and_pure(source):
    drawn = ResampledSource(source)
    whole = rows_of(drawn)
    assert [len(rows) for rows in whole] == [16] * 4
    assert len({row for rows in whole for row in rows}) < 60
    assert whole == rows_of(ResampledSource(source))
    assert whole[2:] == rows_of(drawn, start=2)
    assert whole != rows_of(drawn, epoch=1)
    halves = [rows_of(drawn, shard=(rank, 2)) for rank in (0, 1)]
    assert [sorted(a + b) for a, b in zip(*halves, strict=True)] == [sorted(rows) for rows in whole]


def test_rows_carry_their_own_inputs_and_labels(source):
    plain = {
        int(row): (x, y)
        for b in source.batches("train", 60)
        for row, x, y in zip(b.rows, b.inputs, b.targets, strict=True)
    }
    for batch in ResampledSource(source, pairs=True).batches("train", 16, seed=1):
        assert batch.targets.tolist() == [0] * 8 + [1] * 8
        for row, inputs, label in zip(batch.rows, batch.inputs, batch.targets, strict=True):
            assert np.array_equal(inputs, plain[int(row)][0])
            assert label == plain[int(row)][1]


def test_partners_stay_and_the_last_row_stands_in(source):
    first, second = (np.flatnonzero(next(source.batches("train", 100)).targets == label) for label in (0, 1))
    assert len(first) > len(second)
    for batch in ResampledSource(source, pairs=True).batches("train", 16, seed=1):
        for a, b in zip(*np.split(batch.rows, 2), strict=True):
            place = int(np.flatnonzero(first == a)[0])
            assert b == second[min(place, len(second) - 1)]


def test_every_row_is_as_likely(source):
    counts = np.zeros(60)
    for epoch in range(500):
        for rows in rows_of(ResampledSource(source), epoch=epoch):
            counts += np.bincount(rows, minlength=60)
    expected = counts.sum() / 60
    assert abs(counts - expected).max() < 5 * np.sqrt(expected)


def test_other_splits_and_file_order_are_the_source(source):
    drawn = ResampledSource(source)
    for split, seed in (("train", None), ("test", 5), ("validation", None)):
        pairs = zip(drawn.batches(split, 8, seed), source.batches(split, 8, seed), strict=True)
        assert all(np.array_equal(a.inputs, b.inputs) for a, b in pairs)


def test_odd_pairs_and_absent_classes_are_refused(source):
    with pytest.raises(ConfigError, match="even number"):
        next(ResampledSource(source, pairs=True).batches("train", 15, seed=0))
    split = next(source.batches("train", 100))
    one = ArraySource.from_arrays(split.inputs, np.zeros(60, int), labels=["a", "b"], split="random")
    with pytest.raises(DataError, match="0 of class 1"):
        next(ResampledSource(one, pairs=True).batches("train", 8, seed=0))


def test_shuffled_labels_keep_their_counts_and_leave_test_rows_alone(source):
    shuffled = ShuffledLabels(source, seed=2)
    plain, mixed = (next(s.batches("train", 100)).targets for s in (source, shuffled))
    assert plain.sum() == mixed.sum()
    assert not np.array_equal(plain, mixed)
    in_batches = np.concatenate([b.targets[np.argsort(b.rows)] for b in shuffled.batches("train", 60, seed=4)])
    assert np.array_equal(in_batches, mixed)
    assert np.array_equal(next(source.batches("test", 100)).targets, next(shuffled.batches("test", 100)).targets)
    check_source(shuffled).raise_if_failed()
