"""The quality of the shuffling, against full permutations and against the batches themselves."""

import numpy as np
import pytest

from qml.base.errors import ConfigError
from qml.data import ParquetSource
from qml.data.stream.mixing import mixing, order_of
from qml.data.stream.order import pass_over
from tests.data.stream.conftest import numbers, write


def test_an_order_is_that_of_the_batches(raw):
    source = ParquetSource.open(str(raw), target="label", buffer_rows=120, transform=None)
    rows = np.concatenate([batch.rows for batch in source.batches("train", 32, seed=3, epoch=1)])
    assert np.array_equal(rows, order_of(source.reader.layouts["train"].rows_G, 120, 3, 1))


def test_a_buffer_of_everything_is_a_full_permutation():
    found = mixing(np.full(50, 100), 5000, 50)
    assert found.groups_a_batch == pytest.approx(found.groups_at_best, rel=0.02)
    assert found.groups_at_best == pytest.approx(50 * (1 - 0.98**50), rel=0.01)
    assert abs(found.rank_correlation) < 0.05
    assert found.neighbours == pytest.approx(found.neighbours_at_best, abs=0.004)
    assert found.label_spread == pytest.approx(found.label_spread_at_best, rel=0.25)


def test_a_larger_buffer_mixes_better():
    quality = [mixing(np.full(100, 100), rows, 50) for rows in (100, 500, 2500, 10_000)]
    assert [item.groups_a_batch for item in quality] == sorted(item.groups_a_batch for item in quality)
    assert quality[0].groups_a_batch == pytest.approx(1.0)
    spreads = [item.label_spread for item in quality]
    assert spreads == sorted(spreads, reverse=True)
    assert quality[0].label_spread == pytest.approx(0.5)


def test_row_groups_of_unequal_size():
    rows_G = np.array([1, 70, 3, 200, 26])
    once = pass_over(rows_G, 80, seed=0)
    seen = np.concatenate([once.numbers(window) for window in range(len(once))])
    assert np.array_equal(np.sort(seen), np.arange(300))
    assert all(len(once.numbers(window)) <= 80 or len(once.groups(window)) == 1 for window in range(len(once)))
    with pytest.raises(ConfigError, match="there are 300 rows"):
        mixing(rows_G, 80, 301)


def test_orders_differ_by_epoch_seed_and_part(tmp_path):
    write(tmp_path / "train" / "a.parquet", numbers(200))
    write(tmp_path / "test" / "a.parquet", numbers(200))
    source = ParquetSource.open(str(tmp_path), target="label", buffer_rows=100)

    def rows(split, seed, epoch):
        return next(source.batches(split, 100, seed, epoch=epoch)).rows.tolist()

    orders = [rows("train", 0, 0), rows("train", 0, 1), rows("train", 1, 0), rows("test", 0, 0)]
    assert len({tuple(order) for order in orders}) == 4
