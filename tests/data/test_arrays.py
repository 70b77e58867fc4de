"""Batches are pure in their arguments, and cover every row once."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qml.base.errors import ConfigError, DataError
from qml.data import ArraySource, Split, whole


def make(n_rows=50, dtype=np.float32):
    inputs = np.arange(n_rows * 3).reshape(n_rows, 3).astype(dtype)
    return ArraySource.from_arrays(inputs, np.arange(n_rows) % 2, test=0.2, validation=0.2)


def same(first, second):
    return (
        np.array_equal(first.inputs, second.inputs)
        and np.array_equal(first.targets, second.targets)
        and np.array_equal(first.rows, second.rows)
    )


arguments = {
    "n_rows": st.integers(10, 60),
    "size": st.integers(1, 70),
    "seed": st.one_of(st.none(), st.integers(0, 5)),
    "epoch": st.integers(0, 3),
}


@settings(max_examples=60, deadline=None)
@given(**arguments)
def test_an_epoch_covers_every_row_once(n_rows, size, seed, epoch):
    source = make(n_rows)
    batches = list(source.batches("train", size, seed, epoch=epoch))
    rows = np.concatenate([batch.rows for batch in batches])
    assert sorted(rows) == list(range(source.schema.sizes["train"]))
    assert all(len(batch) == size for batch in batches[:-1])
    everything = whole(source, "train")
    for batch in batches:
        assert np.array_equal(batch.inputs, everything.inputs[batch.rows])
        assert np.array_equal(batch.targets, everything.targets[batch.rows])


@settings(max_examples=60, deadline=None)
@given(**arguments, start=st.integers(0, 8))
def test_start_continues_at_the_very_next_batch(n_rows, size, seed, epoch, start):
    source = make(n_rows)
    all_batches = list(source.batches("train", size, seed, epoch=epoch))
    rest = list(source.batches("train", size, seed, epoch=epoch, start=start))
    assert len(rest) == len(all_batches[start:])
    assert all(same(a, b) for a, b in zip(rest, all_batches[start:], strict=True))


@settings(max_examples=60, deadline=None)
@given(**arguments, world=st.integers(1, 4))
def test_ranks_together_see_the_batches_of_one(n_rows, size, seed, epoch, world):
    source = make(n_rows)
    whole_batches = list(source.batches("train", size, seed, epoch=epoch))
    shards = [list(source.batches("train", size, seed, epoch=epoch, shard=(r, world))) for r in range(world)]
    for place, batch in enumerate(whole_batches):
        parts = [shard[place].rows for shard in shards]
        assert sorted(np.concatenate(parts)) == sorted(batch.rows)


def test_seed_and_epoch_shuffle_and_no_seed_is_file_order():
    source = make()
    orders = [
        next(source.batches("train", 30, seed, epoch=epoch)).rows.tolist() for seed, epoch in ((0, 0), (0, 1), (1, 0))
    ]
    assert len({tuple(order) for order in orders}) == 3
    assert next(source.batches("train", 30)).rows.tolist() == list(range(30))


def test_iterators_do_not_disturb_one_another():
    source = make()
    first, second = source.batches("train", 7, 0), source.batches("train", 7, 0)
    for _ in range(4):
        assert same(next(first), next(second))


def test_bytes_leave_as_float32_and_batches_are_fresh():
    source = make(dtype=np.uint8)
    batch = next(source.batches("train", 5))
    assert batch.inputs.dtype == np.float32
    assert batch.rows.dtype == batch.targets.dtype == np.int64
    batch.inputs[:] = -1
    assert next(source.batches("train", 5)).inputs.min() >= 0


def test_digest_tells_contents_and_splits_apart():
    keys = {make(50).schema.digest, make(51).schema.digest}
    inputs, targets = np.arange(150.0).reshape(50, 3), np.arange(50) % 2
    keys.add(ArraySource.from_arrays(inputs, targets, seed=1).schema.digest)
    assert len(keys) == 3
    assert make(50).schema.digest in keys


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"size": 0}, "size >= 1"),
        ({"size": 4, "start": -1}, "start >= 0"),
        ({"size": 4, "shard": (2, 2)}, "rank must lie"),
    ],
)
def test_wrong_arguments(options, match):
    with pytest.raises(ConfigError, match=match):
        make().batches("train", **options)


def test_unknown_split_names_the_near_one():
    with pytest.raises(ConfigError, match="Did you mean 'train'"):
        make().batches("trian", 4)
    with pytest.raises(ConfigError, match="validation"):
        whole(make(), "valid")


def test_a_split_of_rows_that_are_not_there():
    with pytest.raises(DataError, match=r"0 \.\. 50; there are 50"):
        ArraySource.from_arrays(np.ones((50, 2)), split=Split({"train": np.array([0, 50])}, "by hand"))


def test_without_targets():
    source = ArraySource.from_arrays(np.ones((20, 2)))
    assert source.schema.target is None
    assert next(source.batches("train", 4)).targets is None
